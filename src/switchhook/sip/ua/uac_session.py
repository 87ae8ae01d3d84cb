"""The UAC of an INVITE until its dialog is confirmed (RFC 3261 §13.2, §9.1, §22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.sip.auth.proof import prove
from switchhook.sip.ua.dialog import MAX_FORWARDS, Dialog
from switchhook.sip.ua.events import AnswerReceived, InviteFailed, ProgressReceived
from switchhook.sip.ua.inspection import ALLOW
from switchhook.sip.ua.session import RETRY_SOON, Session
from switchhook.sip.ua.session_timer import SUPPORTED, TIMER, agreed_by_them, shortest_of
from switchhook.sip.wire.message import Headers, Request

if TYPE_CHECKING:
    from switchhook.sip.transaction.events import RequestFailed, RequestReceived, ResponseReceived
    from switchhook.sip.transaction.matching import TransactionKey
    from switchhook.sip.ua.commands import Invite
    from switchhook.sip.ua.session_table import SessionTable
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Response


MOST_TRIES: Final = 8
"""Most INVITEs for one call, each with what the one before lacked."""
MOST_FORKS: Final = 20
"""Telephones that may answer one INVITE."""
HUNG_UP_EARLY: Final = 603
"""The cause of a callee that hung up before its answer: declined."""
ELSEWHERE: Final = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)


class UacSession(Session):
    """The session of an INVITE of ours."""

    def __init__(self, table: SessionTable[Session], command: Invite, now: float) -> None:
        super().__init__(
            table,
            command.leg,
            command.peer,
            direct=command.direct,
            behind_nat=command.behind_nat,
            credentials=command.credentials,
        )
        self._command = command
        self._from = command.from_.with_tag(table.token())
        self._call_id = table.token()
        self._tries = 0
        self._proofs: tuple[HeaderFields, ...] = ()
        self._cancel_headers: HeaderFields | None = None  # set once the user wants out
        self._answered_by: str | None = None  # the tag of the fork that came first
        self._forks: dict[str, Session] = {}
        self._early: set[str] = set()  # the tags of those who may still answer
        self._hung_up: set[str] = set()  # of those who hung up before their answer reached us
        table.add_dialog((self._call_id, self._from.tag or ""), self)
        self._is_responded = False  # whether any response came to the latest INVITE
        self._interval = table.timing.session
        self._is_timer_demanded = False
        self._key, self._invite = self._call(now)

    def _call(self, now: float) -> tuple[TransactionKey, Request]:
        """Send the INVITE, with the latest credentials."""
        self._tries += 1
        self._is_responded = False
        self._table.deadlines.set(self.leg, now + self._table.timing.unheard)
        command = self._command
        pairs = [("Max-Forwards", MAX_FORWARDS)]
        if any(name.lower() == "max-forwards" for name, _ in command.headers):
            pairs = []
        pairs += [("From", str(self._from)), ("To", str(command.to)), ("Call-ID", self._call_id)]
        contact = self._table.contact(command.peer, command.from_.uri)
        pairs += [("CSeq", f"{self._tries} INVITE"), ("Contact", contact), ALLOW]
        pairs += [SUPPORTED, ("Session-Expires", str(self._interval))]
        if self._interval > self._table.timing.session:
            pairs.append(("Min-SE", str(self._interval)))
        if self._is_timer_demanded:
            pairs.append(("Require", TIMER))
        pairs += [*command.headers, *(self._proofs[-1] if self._proofs else ())]
        invite = Request(
            method="INVITE", uri=command.uri, headers=Headers(pairs), body=command.body
        )
        return self._table.layer.client.request(invite, self.peer, now, owner=self)

    def handle_request(self, event: RequestReceived, now: float) -> None:
        """Serve a request within the dialog, or within an early one."""
        if self._answered_by is not None:
            super().handle_request(event, now)
        elif event.request.method == "BYE":
            self._handle_early_bye(event, now)
        elif event.request.method == "UPDATE" and not event.request.body:
            contact = self._table.contact(self.peer, self._from.uri)
            headers = (("Contact", contact), ALLOW, SUPPORTED)
            self._table.layer.server.respond(event.key, 200, now, headers=headers)
        else:  # its answer, which this overtook, is still to come
            self._table.layer.server.respond(event.key, 500, now, headers=RETRY_SOON)

    def _handle_early_bye(self, event: RequestReceived, now: float) -> None:
        """Handle a BYE in an early dialog, or before the 2xx arrived (§15): the other dialogs ring on."""
        bye = event.request
        tag = bye.from_.tag or ""
        self._early.discard(tag)
        if len(self._hung_up) < MOST_FORKS:
            self._hung_up.add(tag)
        if self._early or self._cancel_headers is not None:
            self._table.layer.server.respond(event.key, 200, now)
            return
        failed = InviteFailed(
            leg=self.leg,
            status=HUNG_UP_EARLY,
            response=None,
            request=bye,
            ref=self._received.add(event),
        )
        self._table.events.append(failed)
        self.end((), now)

    def _leave(self, now: float) -> None:
        if self._answered_by is not None:  # else the INVITE goes on until it is answered
            super()._leave(now)

    def handle_response(self, event: ResponseReceived, now: float) -> None:
        """Take a response to the first INVITE, or to a later request."""
        response = event.response
        if event.key != self._key:
            super().handle_response(event, now)
            return
        self.note_source(event.source)
        if not self._is_responded:
            self._is_responded = True
            self._table.deadlines.set(self.leg, None)
        if response.status < 200:
            if response.status > 100 and self._cancel_headers is None:
                self._note_early(response)
                self._table.events.append(ProgressReceived(leg=self.leg, response=response))
        elif response.status < 300:
            self._handle_answer(response, now)
        elif not self._retries_invite(response, now):
            self._fail(response.status, response)

    def _note_early(self, response: Response) -> None:
        tag = response.to.tag
        if tag and tag not in self._hung_up and len(self._early) < MOST_FORKS:
            self._early.add(tag)

    def _retries_invite(self, response: Response, now: float) -> bool:
        """Send a refused INVITE again with what was missing: credentials, a longer session."""
        if self._cancel_headers is not None or not (
            self._proves(response) or self._agrees(response)
        ):
            return False
        self._key, self._invite = self._call(now)
        return True

    def _proves(self, response: Response) -> bool:
        nonces = self._table.nonces
        proof = prove(self._invite, response, self._credentials, self._proofs, nonces)
        if proof is None:
            return False
        self._proofs += (proof,)
        return True

    def _agrees(self, response: Response) -> bool:
        """Take the longer session that a 422 wants, or require the session timer for a 421 (RFC 4028 §7.3)."""
        if response.status == 422 and (shortest := shortest_of(response)) > self._interval:
            self._interval = shortest
            return self._tries < MOST_TRIES
        wanted = {tag.strip().lower() for tag in response.headers.values("Require")}
        if response.status != 421 or self._is_timer_demanded or wanted - {TIMER}:
            return False
        self._is_timer_demanded = True
        return True

    def handle_failure(self, event: RequestFailed, now: float) -> None:
        """Learn that a request of ours got no response."""
        if event.key == self._key:
            self._fail(event.status, None)
        else:
            super().handle_failure(event, now)

    def _fail(self, status: int, response: Response | None) -> None:
        if self._cancel_headers is None:
            failed = InviteFailed(leg=self.leg, status=status, response=response)
            self._table.events.append(failed)
        self._finish()

    def handle_timer(self, now: float) -> None:
        """Give up an INVITE without a response; a late response is cancelled or hung up."""
        if self._is_responded:
            super().handle_timer(now)
            return
        self._is_responded = True
        if self._cancel_headers is None:
            failed = InviteFailed(leg=self.leg, status=408, response=None)
            self._table.events.append(failed)
            self.end((), now)

    def _handle_answer(self, response: Response, now: float) -> None:
        """Take a 2xx: the first, the same again, or one of another fork (§13.2.2.4)."""
        tag = response.to.tag or ""
        if self._answered_by is None and (tag not in self._hung_up or not self._early):
            self._confirm(tag, response, now)
        elif tag == self._answered_by:
            self.acknowledge_again(self._key)
        elif tag in self._forks:
            self._forks[tag].acknowledge_again(self._key)
        elif len(self._forks) < MOST_FORKS:
            self._end_fork(tag, response, now)

    def _confirm(self, tag: str, response: Response, now: float) -> None:
        self._answered_by = tag
        self.dialog = Dialog.of_client(self._invite, response)
        self._unacknowledged = self._key, self._invite.cseq.number
        self._offered = 0 if self._command.body else self._invite.cseq.number
        if self._cancel_headers is None:
            self.supervise(agreed_by_them(response), now)
            self.state.learn(response)
            self.state.set_local_description(self._command.headers, self._command.body)
            self._table.events.append(AnswerReceived(leg=self.leg, response=response))
        else:  # the answer crossed our CANCEL: acknowledge it, then hang up
            super().end(self._cancel_headers, now)

    def _end_fork(self, tag: str, response: Response, now: float) -> None:
        """A proxy forked our INVITE and a second telephone answered: it gets ACK and BYE."""
        fork = Session(
            self._table,
            f"{self.leg} fork {tag}",
            self.peer,
            direct=self.direct,
            behind_nat=self.behind_nat,
            dialog=Dialog.of_client(self._invite, response),
            credentials=self._credentials,
            unacknowledged=(self._key, self._invite.cseq.number),
        )
        self._forks[tag] = fork
        fork.end(ELSEWHERE, now)

    def acknowledge(self, headers: HeaderFields = (), body: bytes = b"") -> None:
        """Send the ACK; that of a challenged INVITE carries the same credentials (§22.1)."""
        first = self._unacknowledged is not None and self._unacknowledged[0] == self._key
        proof = self._proofs[-1] if first and self._proofs else ()
        super().acknowledge((*headers, *proof), body)

    def end(self, headers: HeaderFields, now: float) -> None:
        """Cancel the call, or hang up."""
        if self._answered_by is not None:
            super().end(headers, now)
        elif self._cancel_headers is None:
            self._cancel_headers = headers
            self._table.layer.client.cancel(self._key, now, headers)
