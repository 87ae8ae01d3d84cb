"""The UAS of an INVITE until its dialog is confirmed (RFC 3261 §13.3, §9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.sip.ua.dialog import Dialog
from switchhook.sip.ua.events import InviteCancelled, SipLegEnded
from switchhook.sip.ua.inspection import ALLOW
from switchhook.sip.ua.session import Session
from switchhook.sip.ua.session_timer import SUPPORTED, agreed_by_us
from switchhook.sip.ua.stored_leg import StoredAnswer, StoredLeg
from switchhook.sip.wire.transport import is_translated

if TYPE_CHECKING:
    from switchhook.sip.transaction.events import CancelReceived, RequestReceived
    from switchhook.sip.ua.commands import Answer
    from switchhook.sip.ua.session_table import SessionTable
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request

MOST_FORKS: Final = 20
"""Early dialogs that one INVITE may be answered with."""


class UasSession(Session):
    """The session of a received INVITE."""

    def __init__(self, table: SessionTable[Session], leg: str, event: RequestReceived) -> None:
        request = event.request
        direct = len(request.headers.values("Via")) == 1
        behind_nat = is_translated(request.via, event.source)
        super().__init__(table, leg, event.source, direct=direct, behind_nat=behind_nat)
        self._key = event.key
        self._invite: Request | None = request  # forgotten with our final response
        tag = table.token()
        self.dialog = Dialog.of_server(request, tag, event.source)
        self.state.learn(request)
        self._tags = {0: tag}
        table.add_dialog((request.call_id, tag), self)
        table.add_caller((request.call_id, request.from_.tag or ""), self)

    def answer(self, command: Answer, now: float) -> None:
        """Answer the INVITE."""
        invite = self._invite
        if invite is None or self._left or command.fork >= MOST_FORKS:
            return
        sent = self._table.layer.server.respond(
            self._key,
            command.status,
            now,
            reason=command.reason,
            to_tag=self._tag(command.fork),
            headers=self._headers(command, invite),
            body=command.body,
        )
        if sent is None or command.status < 200:
            return
        self._invite = None
        if command.status >= 300:
            self._finish()
        else:
            self.dialog = self._confirmed(command.fork)
            self.state.set_local_description(command.headers, command.body)
            self.supervise(agreed_by_us(invite), now)
            self._await_ack(sent, invite.cseq.number, now, first=True)

    def will_be_stored(self, command: Answer) -> StoredLeg | None:
        """Return the future value of `stored` after this 2xx; None if it cannot be stored."""
        invite, dialog = self._invite, self._confirmed(command.fork)
        if invite is None or dialog is None or self._left or command.fork >= MOST_FORKS:
            return None
        packet = self._table.layer.server.compose(
            self._key,
            command.status,
            reason=command.reason,
            to_tag=self._tag(command.fork),
            headers=self._headers(command, invite),
            body=command.body,
        )
        if packet is None:
            return None
        state = replace(self.state)
        state.set_local_description(command.headers, command.body)
        return StoredLeg(
            dialog=dialog,
            peer=self.peer,
            direct=self.direct,
            behind_nat=self.behind_nat,
            state=state,
            timer=agreed_by_us(invite),
            answered=StoredAnswer(packet=packet, cseq=invite.cseq.number),
        )

    def _headers(self, command: Answer, invite: Request) -> HeaderFields:
        if command.status >= 300:
            return command.headers
        timer = agreed_by_us(invite) if command.status >= 200 else None
        ours = (("Contact", self._contact()), ALLOW, SUPPORTED)
        return (*ours, *command.headers, *(() if timer is None else timer.answered))

    def _confirmed(self, fork: int) -> Dialog | None:
        """Return the dialog of this fork, with what its caller may have changed meanwhile."""
        if self.dialog is None:
            return None
        tag = self._tag(fork)
        if self.dialog.local.tag == tag:
            return self.dialog  # as that of the first fork
        return replace(self.dialog, local=self.dialog.local.with_tag(tag))

    def handle_request(self, event: RequestReceived, now: float) -> None:
        """Serve a request within the dialog; a BYE before our answer is a CANCEL (§15.1.2)."""
        if self._invite is not None and event.request.method == "BYE":
            self._handle_cancel(event, now)
        else:
            super().handle_request(event, now)

    def handle_cancel(self, event: CancelReceived, now: float) -> None:
        """The caller gave up."""
        if self._invite is None:
            super().handle_cancel(event, now)
        else:
            self._handle_cancel(event, now)

    def _handle_cancel(self, event: RequestReceived | CancelReceived, now: float) -> None:
        ref = self._handle_leaving(event, now)
        if ref:
            cancelled = InviteCancelled(leg=self.leg, request=event.request, ref=ref)
            self._table.events.append(cancelled)

    def _leave(self, now: float) -> None:
        if self._invite is None:
            super()._leave(now)
        else:
            self._refuse(487, (), now)

    def end(self, headers: HeaderFields, now: float, *, status: int = 480) -> None:
        """Refuse the call with `status`, or hang up."""
        if self._invite is None or self._left:
            super().end(headers, now)
        else:
            self._refuse(status, headers, now)

    def _refuse(self, status: int, headers: HeaderFields, now: float) -> None:
        self._invite = None
        self._received.answer(now)
        self._table.layer.server.respond(
            self._key, status, now, to_tag=self._tag(0), headers=headers
        )
        self._finish()

    def _lose(self, status: int, now: float, why: str = "") -> None:
        if self._invite is None:
            super()._lose(status, now, why)
            return
        self._refuse(status, (), now)
        self._table.events.append(SipLegEnded(leg=self.leg, status=status, why=why))

    def _tag(self, fork: int) -> str:
        """Return the To tag of this fork, and let its early dialog be found."""
        tag = self._tags.get(fork)
        if tag is None:
            tag = self._tags[fork] = self._table.token()
            if self.dialog is not None:
                self._table.add_dialog((self.dialog.call_id, tag), self)
        return tag
