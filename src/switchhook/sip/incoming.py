"""The receiving side of a call until it is confirmed (RFC 3261 §13.3, §9.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.sip.dialog import Dialog
from switchhook.sip.events import InviteCancelled, LegEnded
from switchhook.sip.screening import ALLOW
from switchhook.sip.session import Session
from switchhook.sip.session_timer import SUPPORTED, agreed_by_us
from switchhook.sip.transport import is_translated

if TYPE_CHECKING:
    from switchhook.sip.desk import Desk
    from switchhook.sip.heard import CancelReceived, RequestReceived
    from switchhook.sip.message import Request
    from switchhook.sip.orders import Answer, Pairs

MOST_FORKS: Final = 20
"""Early dialogs that one INVITE may be answered with."""


class Incoming(Session):
    """A call that somebody makes to us."""

    def __init__(self, desk: Desk[Session], leg: str, event: RequestReceived) -> None:
        request = event.request
        direct = len(request.headers.values("Via")) == 1
        behind_nat = is_translated(request.via, event.source)
        super().__init__(desk, leg, event.source, direct=direct, behind_nat=behind_nat)
        self._key = event.key
        self._invite: Request | None = request  # forgotten with our final response
        tag = desk.token()
        self.dialog = Dialog.of_server(request, tag, event.source)
        self.terms.heard(request)
        self._tags = {0: tag}
        desk.add_dialog((request.call_id, tag), self)
        desk.add_caller((request.call_id, request.from_.tag or ""), self)

    def answer(self, order: Answer, now: float) -> None:
        """Answer the INVITE."""
        invite = self._invite
        if invite is None or self._left or order.fork >= MOST_FORKS:
            return
        tag = self._tag(order.fork)
        headers: Pairs = order.headers
        if order.status < 300:
            headers = (("Contact", self._contact()), ALLOW, SUPPORTED, *headers)
        timer = agreed_by_us(invite) if 200 <= order.status < 300 else None
        if timer is not None:
            headers = (*headers, *timer.answered)
        sent = self._desk.stack.reply(
            self._key,
            order.status,
            now,
            reason=order.reason,
            to_tag=tag,
            headers=headers,
            body=order.body,
        )
        if not sent or order.status < 200:
            return
        self._invite = None
        if order.status >= 300:
            self._finish()
        else:
            self._confirm(tag)
            self.terms.described(order.headers, order.body)
            self.watch(now)
            self._agree(timer, now)
            self._await_ack(self._key, invite.cseq.number, now)

    def _confirm(self, tag: str) -> None:
        """Keep the dialog of this tag, with what its caller may have changed meanwhile."""
        if self.dialog is not None:
            self.dialog = replace(self.dialog, local=self.dialog.local.with_tag(tag))

    def hear_request(self, event: RequestReceived, now: float) -> None:
        """Serve a request within the dialog; a BYE before our answer is a CANCEL (§15.1.2)."""
        if self._invite is not None and event.request.method == "BYE":
            self._hear_cancel(event, now)
        else:
            super().hear_request(event, now)

    def hear_cancel(self, event: CancelReceived, now: float) -> None:
        """The caller gave up."""
        if self._invite is None:
            super().hear_cancel(event, now)
        else:
            self._hear_cancel(event, now)

    def _hear_cancel(self, event: RequestReceived | CancelReceived, now: float) -> None:
        ref = self._hear_leaving(event, now)
        if ref:
            cancelled = InviteCancelled(leg=self.leg, request=event.request, ref=ref)
            self._desk.events.append(cancelled)

    def _leave(self, now: float) -> None:
        if self._invite is None:
            super()._leave(now)
        else:
            self._refuse(487, (), now)

    def end(self, headers: Pairs, now: float, *, status: int = 480) -> None:
        """Refuse the call with `status`, or hang up."""
        if self._invite is None or self._left:
            super().end(headers, now)
        else:
            self._refuse(status, headers, now)

    def _refuse(self, status: int, headers: Pairs, now: float) -> None:
        self._invite = None
        self._answer_open(now)
        self._desk.stack.reply(self._key, status, now, to_tag=self._tag(0), headers=headers)
        self._finish()

    def _lose(self, status: int, now: float, why: str = "") -> None:
        if self._invite is None:
            super()._lose(status, now, why)
            return
        self._refuse(status, (), now)
        self._desk.events.append(LegEnded(leg=self.leg, status=status, why=why))

    def _tag(self, fork: int) -> str:
        """Return the To tag of this fork, and let its early dialog be found."""
        tag = self._tags.get(fork)
        if tag is None:
            tag = self._tags[fork] = self._desk.token()
            if self.dialog is not None:
                self._desk.add_dialog((self.dialog.call_id, tag), self)
        return tag
