"""A session: one dialog of ours from its confirmation to its BYE (RFC 3261 §12.2, §13.3.1.4, §14, §15).

`uas_session.py` and `uac_session.py` build on this, and handle the time before the confirmation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.sip.auth.proof import prove
from switchhook.sip.transaction.deadlines import earliest
from switchhook.sip.ua.dialog import REFRESHING, Dialog
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    DialogChanged,
    FinalResponseReceived,
    InDialogRequestReceived,
    ReinviteCancelled,
    SipLegEnded,
)
from switchhook.sip.ua.inspection import ACCEPT, ALLOW
from switchhook.sip.ua.pending import (
    PostponedRequest,
    RequestDraft,
    SentRequest,
    UnacknowledgedAnswer,
)
from switchhook.sip.ua.received_requests import LEAVING, ReceivedRequests
from switchhook.sip.ua.session_state import SessionState
from switchhook.sip.ua.session_timer import (
    SUPPORTED,
    SessionTimer,
    agreed_by_them,
    agreed_by_us,
    shortest_of,
)
from switchhook.sip.ua.stored_leg import StoredAnswer, StoredLeg
from switchhook.sip.ua.supervision import SessionSupervision
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.transport import Packet, next_peer

if TYPE_CHECKING:
    from switchhook.sip.auth.proof import DigestCredentials
    from switchhook.sip.transaction.events import (
        CancelReceived,
        RequestFailed,
        RequestReceived,
        ResponseReceived,
    )
    from switchhook.sip.transaction.matching import TransactionKey
    from switchhook.sip.ua.commands import Acknowledge, Respond, SendInDialog
    from switchhook.sip.ua.session_table import DialogId, SessionTable
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response
    from switchhook.sip.wire.transport import Peer

MOST_OPEN: Final = 16
"""Requests of one dialog that may wait for an answer at a time."""
NO_ACK: Final = (("Reason", 'SIP;cause=408;text="ACK missing"'),)
LOST: Final = {
    408: "the other end no longer answers",
    481: "the other end knows nothing of the call",
}
"""Statuses that mean that the peer is gone (§12.2.1.2), and our words for it."""
NOT_REFRESHED: Final = "the session was not refreshed"
PROBE: Final = "OPTIONS"
CSEQ_GAP: Final = 1_000
"""How far our numbers jump when a stored dialog is taken up again: some may have been used since."""
MOST_PLACES: Final = 20
"""Addresses and ports that one end of a dialog may speak from."""
RETRY_SOON: Final = (("Retry-After", "2"),)
PAUSE: Final = 4
"""Of T1, and up to half as much more: until an offer is made again that the other end could not take (§14.1)."""
RETRIES: Final = 32
"""Of T1: for how long. Whoever waits for the ACK with the answer to it gives up after twice that time."""


class Session:
    """The confirmed dialog of one leg."""

    def __init__(
        self,
        table: SessionTable[Session],
        leg: str,
        peer: Peer,
        *,
        direct: bool,
        dialog: Dialog | None = None,
        credentials: DigestCredentials | None = None,
        unacknowledged: tuple[TransactionKey, int] | None = None,
        behind_nat: bool = False,
    ) -> None:
        self.leg = leg
        self.direct = direct
        self.behind_nat = behind_nat
        self.peer = peer
        self._sources = {(peer.transport, peer.host, peer.port)}
        self.dialog = dialog
        self._table = table
        self._credentials = credentials
        self.dialog_ids: list[DialogId] = []
        self.caller_id: DialogId | None = None
        self._received: ReceivedRequests[Session] = ReceivedRequests(table, self)
        self._over = False
        self._left = False  # the other end has left, and our user has yet to answer that
        self._bye_headers: HeaderFields | None = None  # set once the user wants an end
        self._answer: UnacknowledgedAnswer | None = None
        self._sent: dict[TransactionKey, SentRequest] = {}
        self._postponed: tuple[PostponedRequest, ...] = ()
        self._unacknowledged = unacknowledged
        self._was_acknowledged = dialog is not None  # whether an ACK to a 2xx of ours came
        self._last_ack: tuple[TransactionKey, Packet] | None = None
        self._supervision: SessionSupervision | None = None  # once the dialog is confirmed
        self._stored_cseq = 0 if dialog is None else dialog.local_cseq
        self.state = SessionState()
        self._offered = 0  # the number of our latest INVITE, if its 2xx brought an offer

    # Where the other end is

    def knows_source(self, source: Peer) -> bool:
        """Say whether something of this dialog came from there, or was sent to there by us."""
        return (source.transport, source.host, source.port) in self._sources

    def note_source(self, source: Peer) -> None:
        """Remember where an answer to us came from: its sender may go on from there."""
        if len(self._sources) < MOST_PLACES:
            self._sources.add((source.transport, source.host, source.port))

    def update_peer(self, source: Peer) -> None:
        """The other end showed that it is at `source` now: behind NAT its port may change."""
        self.note_source(source)
        if self.knows_source(source):
            self.peer = source

    # Requests received

    def handle_request(self, event: RequestReceived, now: float) -> None:
        """Serve a request within the dialog."""
        request = event.request
        if self.dialog is None or not self.dialog.belongs(request):
            self._table.layer.server.respond(event.key, 481, now)
            return
        try:
            self.dialog = self.dialog.with_request(request)
        except SipError as error:
            self._table.layer.server.respond(event.key, error.status, now, headers=RETRY_SOON)
            return
        if request.method == "BYE":
            self._handle_bye(event, now)
        elif request.method == "UPDATE" and not request.body and not self._is_ending:
            self._handle_refresh(event, now)
        elif (status := self._conflict(request.method)) is not None:
            self._table.layer.server.respond(event.key, status, now, headers=RETRY_SOON)
        else:
            self._pass_up(event, now)

    def _handle_bye(self, event: RequestReceived, now: float) -> None:
        if self._bye_headers is not None:  # our user wants the same, and waits for nothing
            self._table.layer.server.respond(event.key, 200, now)
            self._leave(now)
            return
        ref = self._handle_leaving(event, now)
        if ref:
            ended = SipLegEnded(leg=self.leg, status=200, request=event.request, ref=ref)
            self._table.events.append(ended)

    def _handle_leaving(self, event: RequestReceived | CancelReceived, now: float) -> str:
        """Keep the request with which the other end leaves until our user answers it.

        Returns its ref; empty when the other end has left already.
        """
        is_new = not self._left
        if is_new:
            self._left = True
            self._answer = self._supervision = None
            self._arm()
            self._received.refuse(now)
        ref = self._received.add(event)
        return ref if is_new else ""

    def _leave(self, now: float) -> None:
        """Answer all that waits; the leg is over."""
        self._received.answer(now)
        self._finish()

    def _handle_refresh(self, event: RequestReceived, now: float) -> None:
        """Answer an UPDATE without an offer: it concerns this leg alone, in any state."""
        request = event.request
        self.state.learn(request)
        before = self.dialog
        if before is not None:
            self.dialog = before.refreshed(request)
        timer = agreed_by_us(request)
        headers = (("Contact", self._contact()), ALLOW, SUPPORTED)
        self._table.layer.server.respond(
            event.key, 200, now, headers=(*headers, *(timer.answered if timer else ()))
        )
        target = None if before is None else before.target
        if self._agree(timer, now) or (self.dialog is not None and self.dialog.target != target):
            self._changed()

    def _conflict(self, method: str) -> int | None:
        """Return the status for a request that crosses another one (§14.2, RFC 3311 §5.2)."""
        if self._left or self._bye_headers is not None:
            return 481
        if len(self._received) >= MOST_OPEN:
            return 500
        if method not in REFRESHING:
            return None
        if self._received.has_offer:
            return 500
        if self._answer is not None and method == "INVITE":
            return 491
        return 491 if self._offers_out() else None

    def _offers_out(self) -> bool:
        """Whether an offer of ours is under way, or a 2xx to it not acknowledged yet."""
        return self._unacknowledged is not None or any(
            sent.draft.method == "INVITE" or (sent.draft.method == "UPDATE" and sent.draft.body)
            for sent in self._sent.values()
        )

    def _pass_up(self, event: RequestReceived, now: float) -> None:
        request = event.request
        self.state.learn(request)
        if self.dialog is not None:
            self.dialog = self.dialog.refreshed(request)
        ref = self._received.add(event)
        if request.method == "INVITE":
            self._table.layer.server.respond(event.key, 100, now)
        self._table.events.append(InDialogRequestReceived(leg=self.leg, ref=ref, request=request))

    def handle_ack(self, request: Request, now: float) -> None:
        """Take the ACK to a 2xx of ours.

        Some telephones number it wrongly. It acknowledges this 2xx if there was none before, or if its number
        is higher than that of any earlier INVITE.
        """
        answer = self._answer
        if answer is None or (request.cseq.number < answer.cseq and self._was_acknowledged):
            return
        self._answer = None
        self._was_acknowledged = True
        self._arm()
        if self._bye_headers is not None:
            self._send_bye(now)
        else:
            self._table.events.append(AnswerAcknowledged(leg=self.leg, request=request))

    def handle_cancel(self, event: CancelReceived, now: float) -> None:
        """The CANCEL of a later INVITE: it is refused, the dialog goes on (§9.2)."""
        self._table.layer.server.respond(event.key, 200, now)
        for ref in self._received.cancel(event.request.cseq.number, now):
            self._table.events.append(ReinviteCancelled(leg=self.leg, ref=ref))

    # Commands

    def respond(self, command: Respond, now: float) -> None:
        """Answer a request within the dialog. The answer to one that leaves ends the leg."""
        pending = self._received.get(command.ref)
        if pending is None:
            return
        if command.status >= 200:
            self._received.remove(command.ref)
        headers = command.headers
        success = 200 <= command.status < 300
        if pending.method in REFRESHING and 100 < command.status < 300:
            headers = (("Contact", self._contact()), ALLOW, SUPPORTED, *headers)
        if pending.method in REFRESHING and success:
            headers = (*headers, *(pending.timer.answered if pending.timer else ()))
            self.state.set_local_description(command.headers, command.body)
            self._agree(pending.timer, now)
        sent = self._table.layer.server.respond(
            pending.key,
            command.status,
            now,
            reason=command.reason,
            headers=headers,
            body=command.body,
        )
        if sent and success and pending.method == "INVITE":
            self._await_ack(sent, pending.cseq, now)
        if pending.method in LEAVING and command.status >= 200:
            self._leave(now)

    def send_request(self, command: SendInDialog, now: float) -> None:
        """Send a request within the dialog."""
        status = 481 if self._is_ending or self.dialog is None else 0
        method, headers = command.method, command.headers
        if method in REFRESHING and self._offers_out():
            status = status or 491
        if status and not (status == 491 and command.retries):
            replied = FinalResponseReceived(
                leg=self.leg, ref=command.ref, status=status, response=None
            )
            self._table.events.append(replied)
            return
        if method == "UPDATE" and command.body and not self.state.takes_update:
            method = "INVITE"  # it asks the same
        if method in REFRESHING:
            headers = (*self._refreshing, *headers)
        elif method == "NOTIFY":
            headers = (("Contact", self._contact()), *headers)
        retry_until = now + RETRIES * self._table.timing.t1 if command.retries else 0.0
        draft = RequestDraft(command.ref, method, headers, command.body, retry_until)
        if status:
            self._postpone(draft, now)
        else:
            self._send(draft, now)

    @property
    def _refreshing(self) -> HeaderFields:
        """Return what each INVITE and UPDATE of ours within the dialog carries."""
        timer = None if self._supervision is None else self._supervision.timer
        offered = timer.offered if timer else ()
        return (("Contact", self._contact()), ALLOW, SUPPORTED, *offered)

    def acknowledge(self, headers: HeaderFields = (), body: bytes = b"") -> None:
        """Send the ACK that a 2xx of the other end waits for."""
        if self._unacknowledged is None or self.dialog is None:
            return
        key, cseq = self._unacknowledged
        self._unacknowledged = None
        if self._offered == cseq and not body:
            # The offer needs an answer (RFC 3264 §4): the description in force.
            headers, body = (*headers, *self.state.headers), self.state.body
        self.state.set_local_description(headers, body)
        ack = self.dialog.ack(cseq, headers=headers, body=body)
        self._last_ack = key, self._table.layer.client.send_ack(ack, self._next_peer())

    def acknowledge_again(self, key: TransactionKey) -> None:
        """Send the ACK once more, as the 2xx came once more."""
        if self._last_ack is not None and self._last_ack[0] == key:
            self._table.layer.client.send(self._last_ack[1])

    def acknowledge_retransmission(self, response: Response) -> bool:
        """Acknowledge a 2xx of theirs that an earlier process had; False where it is not of this dialog."""
        if self.dialog is None or response.to.tag != self.dialog.remote.tag:
            return False
        if self._unacknowledged is None:  # else the ACK waits for our user
            cseq = response.cseq.number
            state = self.state if self._offered == cseq else SessionState()
            ack = self.dialog.ack(cseq, headers=state.headers, body=state.body)
            self._table.layer.client.send_ack(ack, self._next_peer())
        return True

    def was_acknowledged(self) -> None:
        """Take it that an earlier process sent the ACK; if not, the 2xx comes again."""
        self._unacknowledged = None

    def end(self, headers: HeaderFields, now: float) -> None:
        """Hang up. A 2xx of ours that waits for its ACK delays the BYE (§15)."""
        if self._over or self._bye_headers is not None:
            return
        if self._left:
            self._leave(now)
            return
        self._bye_headers = headers
        self._supervision = None
        self._received.refuse(now)
        if self._answer is None:
            self._send_bye(now)
        self._arm()

    # Responses received

    def handle_response(self, event: ResponseReceived, now: float) -> None:
        """Take a response to a request of ours."""
        response = event.response
        self.note_source(event.source)
        sent = self._sent.get(event.key)
        if response.status < 200:
            return
        if sent is None:
            self.acknowledge_again(event.key)
            return
        del self._sent[event.key]
        if self._retries(sent, response, now):
            return
        if _is_for_now(response) and self._postpone(sent.draft, now, _retry_after(response)):
            return
        if response.status < 300:
            self._handle_success(event, sent, now)
        self._conclude(sent, response.status, response, now)

    def _handle_success(self, event: ResponseReceived, sent: SentRequest, now: float) -> None:
        draft, response = sent.draft, event.response
        self.state.learn(response)
        if self.dialog is not None:
            self.dialog = self.dialog.refreshed(response)
        if draft.method in REFRESHING:
            self.state.set_local_description(draft.headers, draft.body)
            self._agree(agreed_by_them(response), now)
        if draft.method != "INVITE":
            return
        self._unacknowledged = event.key, sent.request.cseq.number
        self._offered = 0 if draft.body else sent.request.cseq.number
        if not draft.ref or self._is_ending:
            self.acknowledge()

    def handle_failure(self, event: RequestFailed, now: float) -> None:
        """Learn that a request of ours got no response."""
        sent = self._sent.pop(event.key, None)
        if sent is not None:
            self._conclude(sent, event.status, None, now)

    def _conclude(
        self, sent: SentRequest, status: int, response: Response | None, now: float
    ) -> None:
        """Tell the user, and end the dialog where the other end is not there (§12.2.1.2)."""
        if sent.draft.method == "BYE":
            self._finish()
        elif self._is_ending:
            return
        elif not sent.draft.ref and sent.draft.method == PROBE:
            self._handle_probe_response(status, response, now)
        elif not sent.draft.ref:
            self._handle_refresh_response(sent.draft.method, status, response, now)
        else:
            replied = FinalResponseReceived(
                leg=self.leg, ref=sent.draft.ref, status=status, response=response
            )
            self._table.events.append(replied)
            if status in LOST and sent.draft.method != "NOTIFY":
                self._lose(status, now)  # a 481 to NOTIFY is about the subscription (RFC 5057 §5.1)

    def _lose(self, status: int, now: float, why: str = "") -> None:
        self._table.events.append(SipLegEnded(leg=self.leg, status=status, why=why))
        reason = f'SIP;cause={status};text="{why or LOST[status]}"'
        self.end((("Reason", reason),), now)

    # Time

    def handle_timer(self, now: float) -> None:
        """Resend our 2xx, give up waiting for its ACK, or see whether the other end is there."""
        if self._answer is not None:
            self._check_ack(self._answer, now)
        if self._supervision is not None:
            self._supervise(self._supervision, now)
        self._send_postponed(now)
        self._arm()

    def _postpone(self, draft: RequestDraft, now: float, pause: float = 0.0) -> bool:
        """Send a request once more after a while; False where it has been tried for long enough."""
        chosen = PAUSE * self._table.timing.t1 * (1 + self._table.chance() / 2)
        at = now + max(chosen, pause)
        if self._is_ending or at > draft.retry_until:
            return False
        self._postponed += (PostponedRequest(draft, at),)
        self._arm()
        return True

    def _send_postponed(self, now: float) -> None:
        waiting, self._postponed = self._postponed, ()
        for one in waiting:
            if now < one.at:
                self._postponed += (one,)
            elif self._answer is None and self._conflict(one.draft.method) is None:
                self._send(one.draft, now)
            elif not self._is_ending and not self._postpone(one.draft, now):
                failed = FinalResponseReceived(
                    leg=self.leg, ref=one.draft.ref, status=491, response=None
                )
                self._table.events.append(failed)

    def _supervise(self, supervision: SessionSupervision, now: float) -> None:
        if supervision.lost_at is not None and now >= supervision.lost_at:
            self._lose(408, now)
            return
        if supervision.note_at is not None and now >= supervision.note_at:
            supervision.silence_stored()
            if not self.peer.reliable:  # else it is taken up anew, as its connection is
                self._changed()
        if supervision.probe_at is not None and now >= supervision.probe_at:
            supervision.probe_sent(now)
            self._send(RequestDraft("", PROBE, (ACCEPT, ALLOW, SUPPORTED)), now)
        if supervision.timer is None or supervision.timer_at is None or now < supervision.timer_at:
            return
        if not supervision.timer.is_ours:
            self._lose(408, now, NOT_REFRESHED)
            return
        method, headers, body = self.state.refresh
        if method == "INVITE" and (self._answer or self._conflict(method) is not None):
            supervision.refresh_refused(491, 0, now)
            return
        supervision.timer_at = None
        self._send(RequestDraft("", method, (*self._refreshing, *headers), body), now)

    def _check_ack(self, answer: UnacknowledgedAnswer, now: float) -> None:
        if now >= answer.give_up_at:
            self._answer = None
            if self._bye_headers is None:
                self._table.events.append(SipLegEnded(leg=self.leg, status=408))
                self._bye_headers = NO_ACK
                self._received.refuse(now)
            self._send_bye(now)
        elif now >= answer.retransmit_at:
            self._table.layer.client.send(answer.packet)
            answer.back_off(self._table.timing, now)

    def _handle_refresh_response(
        self, method: str, status: int, response: Response | None, now: float
    ) -> None:
        """Handle the outcome of a refresh; who refuses it is there, and is asked again (RFC 4028 §10)."""
        supervision = self._supervision
        if supervision is None or supervision.timer is None:
            return
        if status in LOST:
            self._lose(status, now)
            return
        if status >= 300 and method == "UPDATE" and status not in {422, 491, 500}:
            self.state.refuses_update()
            supervision.refresh_later(0.0, now)
        elif status >= 300:
            supervision.refresh_refused(0 if response is None else status, _shortest(response), now)
        self._arm()

    def _agree(self, timer: SessionTimer | None, now: float) -> bool:
        """Take what both ends agreed on; say whether it is new. Our promise to refresh is kept anyhow."""
        supervision = self._supervision
        if supervision is None:
            return False
        before = supervision.timer
        if timer is None and before is not None and before.is_ours:
            timer = before
        supervision.set_timer(timer, now)
        self._arm()
        return timer != before

    def supervise(self, timer: SessionTimer | None, now: float) -> None:
        """Supervise the session from now on, with the session timer that both ends agreed on."""
        if not self._is_ending:
            self._supervision = SessionSupervision(self._table.timing, self._table.chance, now)
            self._supervision.set_timer(timer, now)
            self._arm()

    def _handle_probe_response(self, status: int, response: Response | None, now: float) -> None:
        """Handle the outcome of a probe: any response, even a refusal, proves that the peer is there."""
        supervision = self._supervision
        if supervision is None:
            return
        if status in LOST:
            self._lose(status, now)
        elif response is None:
            supervision.probe_unsent(now)
        else:
            was_noted = supervision.probe_answered(now) and not self.peer.reliable
            self._note_numbers(anyhow=was_noted)
        self._arm()

    def resume(self, stored: StoredLeg, now: float, *, age: float) -> None:
        """Go on where an earlier process was, `age` seconds after it stored the leg.

        A peer may not know the dialog right after the answer. They are sent the answer, not a probe.
        """
        self.state, self._offered = stored.state, stored.offered
        if stored.owed is not None:
            self._unacknowledged = (self.leg, "INVITE"), stored.owed
        answered = stored.answered
        self._supervision = SessionSupervision(self._table.timing, self._table.chance, now)
        self._supervision.set_timer(stored.timer, now, resumed=True)
        if answered is None:
            silent = None if stored.silent is None else stored.silent + age
            self._supervision.resume(now, silent=silent, reconnects=self.peer.reliable)
            # The first answer shows that the numbers hold which we took up.
            self._stored_cseq -= CSEQ_GAP
        else:
            self._await_ack_again(answered, now, answered.waited + age)
        self._arm()

    def handle_invite_retransmission(self, request: Request) -> bool:
        """Resend our 2xx to an INVITE that an earlier process answered; False for another INVITE."""
        answer = self._answer
        if answer is None or not answer.is_first or request.cseq.number != answer.cseq:
            return False
        self._table.layer.client.send(answer.packet)
        return True

    def stored(self, now: float) -> StoredLeg | None:
        """Return what `resume` needs; None before there is a dialog."""
        if self.dialog is None:
            return None
        answer, owed = self._answer, self._unacknowledged
        silent_since = None if self._supervision is None else self._supervision.silent_since
        return StoredLeg(
            dialog=self.dialog,
            peer=self.peer,
            direct=self.direct,
            behind_nat=self.behind_nat,
            state=self.state,
            timer=None if self._supervision is None else self._supervision.timer,
            silent=None if silent_since is None else now - silent_since,
            answered=(
                StoredAnswer(packet=answer.packet, cseq=answer.cseq, waited=now - answer.began)
                if answer is not None and answer.is_first
                else None
            ),
            owed=None if owed is None else owed[1],
            offered=self._offered,
        )

    def will_be_acknowledged(self, command: Acknowledge, now: float) -> StoredLeg | None:
        """Return what `resume` needs once that ACK is sent."""
        stored = self.stored(now)
        if stored is not None:
            stored = replace(stored, state=replace(self.state))
            stored.state.set_local_description(command.headers, command.body)
        return stored

    def _note_numbers(self, *, anyhow: bool) -> None:
        """Have the dialog stored again before its numbers outrun those that a restart leaves out."""
        if self.dialog is None:
            return
        if anyhow or self.dialog.local_cseq - self._stored_cseq > CSEQ_GAP // 2:
            self._stored_cseq = self.dialog.local_cseq
            self._changed()

    def _changed(self) -> None:
        if self._supervision is not None:
            self._table.events.append(DialogChanged(leg=self.leg))

    # Common parts

    @property
    def _is_ending(self) -> bool:
        """Whether one of the two ends wants no more of this dialog."""
        return self._over or self._left or self._bye_headers is not None

    def _await_ack(
        self,
        packet: Packet,
        cseq: int,
        now: float,
        *,
        first: bool = False,
    ) -> None:
        timing = self._table.timing
        self._answer = UnacknowledgedAnswer.sent(packet, cseq, timing, now, is_first=first)
        self._arm()

    def _await_ack_again(self, answered: StoredAnswer, now: float, waited: float) -> None:
        """Send our 2xx of an earlier process again, and wait for its ACK for as long as is left."""
        self._answer = UnacknowledgedAnswer.resumed(answered, self._table.timing, now, waited)
        self._arm()

    def _arm(self) -> None:
        """Set the deadline to what comes first."""
        if self._over:
            return
        at = None if self._supervision is None else self._supervision.wake_at
        if self._answer is not None:
            at = earliest(at, self._answer.retransmit_at, self._answer.give_up_at)
        if not self._is_ending:
            at = earliest(at, *(one.at for one in self._postponed))
        self._table.deadlines.set(self.leg, at)

    def _send_bye(self, now: float) -> None:
        self.acknowledge()  # the peer must not wait for the ACK of a leg that is gone
        self._send(RequestDraft("", "BYE", self._bye_headers or ()), now)

    def _send(self, draft: RequestDraft, now: float, proofs: tuple[HeaderFields, ...] = ()) -> None:
        if self.dialog is None:
            return
        headers = (*draft.headers, *(proofs[-1] if proofs else ()))
        self.dialog, request = self.dialog.request(draft.method, headers=headers, body=draft.body)
        key, _ = self._table.layer.client.request(request, self._next_peer(), now, owner=self)
        self._sent[key] = SentRequest(draft, request, proofs)

    def _retries(self, sent: SentRequest, response: Response, now: float) -> bool:
        """Send a challenged request again with credentials, where they may help."""
        nonces = self._table.nonces
        proof = prove(sent.request, response, self._credentials, sent.proofs, nonces)
        if proof is None or self._over:
            return False
        self._send(sent.draft, now, (*sent.proofs, proof))
        return True

    def _finish(self) -> None:
        self._over = True
        self._answer = None
        self._supervision = None
        self._table.forget(self)

    def _next_peer(self) -> Peer:
        if self.dialog is None:
            return self.peer
        direct = self.direct and not self.dialog.routes
        hop = self.dialog.next_hop
        return next_peer(hop, self.peer, direct=direct, behind_nat=self.behind_nat)

    def _contact(self) -> str:
        ours = None if self.dialog is None else self.dialog.local.uri
        return self._table.contact(self.peer, ours)


def _is_for_now(response: Response) -> bool:
    """Say whether another offer stands in the way of ours (§14.1, §14.2)."""
    return response.status == 491 or (response.status == 500 and "Retry-After" in response.headers)


def _retry_after(response: Response) -> float:
    """Return the seconds of Retry-After; zero where none are told."""
    seconds = (
        (response.headers.get("Retry-After") or "").partition(";")[0].partition("(")[0].strip()
    )
    return float(seconds) if seconds.isascii() and seconds.isdecimal() else 0.0


def _shortest(response: Response | None) -> int:
    return 0 if response is None else shortest_of(response)
