"""A request of ours outside of any dialog, such as REGISTER (RFC 3261 §8.1, §10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.sip.auth.proof import prove
from switchhook.sip.ua.dialog import MAX_FORWARDS
from switchhook.sip.ua.events import FinalResponseReceived
from switchhook.sip.wire.header_values import CSeq
from switchhook.sip.wire.message import Headers, Request

if TYPE_CHECKING:
    from switchhook.sip.transaction.events import RequestFailed, ResponseReceived
    from switchhook.sip.ua.commands import SendOutOfDialog
    from switchhook.sip.ua.session import Session
    from switchhook.sip.ua.session_table import SessionTable
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Response


class OutOfDialogRequest:
    """Owns one request until its final response, over as many challenges as there are."""

    def __init__(self, table: SessionTable[Session], command: SendOutOfDialog, now: float) -> None:
        self._table = table
        self._command = command
        self._cseq = command.cseq
        self._from = command.from_.with_tag(table.token())
        self._proofs: tuple[HeaderFields, ...] = ()
        self._request = self._send(now)

    def _send(self, now: float) -> Request:
        """Send the request, with the latest credentials and a number of its own."""
        command = self._command
        pairs = [
            ("Max-Forwards", MAX_FORWARDS),
            ("From", str(self._from)),
            ("To", str(command.to)),
            ("Call-ID", command.call_id),
            ("CSeq", str(CSeq(number=self._cseq, method=command.method))),
            *command.headers,
            *(self._proofs[-1] if self._proofs else ()),
        ]
        request = Request(
            method=command.method, uri=command.uri, headers=Headers(pairs), body=command.body
        )
        _, sent = self._table.layer.client.request(request, command.peer, now, owner=self)
        return sent

    def handle_response(self, event: ResponseReceived, now: float) -> None:
        """Take a response; a challenge is answered where that may help."""
        response = event.response
        if response.status < 200:
            return
        proof = prove(
            self._request, response, self._command.credentials, self._proofs, self._table.nonces
        )
        if proof is None:
            self._report(response.status, response)
            return
        self._proofs += (proof,)
        self._cseq += 1
        self._request = self._send(now)

    def handle_failure(self, event: RequestFailed, _now: float) -> None:
        """Learn that no response came."""
        self._report(event.status, None)

    def _report(self, status: int, response: Response | None) -> None:
        ref = self._command.ref
        self._table.events.append(
            FinalResponseReceived(leg=ref, ref=ref, status=status, response=response)
        )
