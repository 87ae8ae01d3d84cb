"""A user agent without I/O: many calls at once, made and received (RFC 3261 §8, §13 to §15).

Fed and drained like the transaction layer below it: packets and time in, commands in; after each, packets and
events out. It answers by itself what needs no decision: OPTIONS, requests out of order or out of any dialog,
overload. All else emits an event and waits for a command, a BYE or CANCEL too: its 200 promises that the call
is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.sip.transaction import events as transaction_events
from switchhook.sip.transaction.admission import Admission, AdmitAll, Admitted, Refusal
from switchhook.sip.transaction.deadlines import earliest
from switchhook.sip.transaction.layer import TransactionLayer
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.transaction.trust import TrustLevel
from switchhook.sip.ua.commands import (
    Acknowledge,
    Answer,
    EndSession,
    Invite,
    Respond,
    SendInDialog,
    SendOutOfDialog,
    UserAgentCommand,
)
from switchhook.sip.ua.dialog import Dialog
from switchhook.sip.ua.events import (
    FlowClosed,
    InviteReceived,
    OutOfDialogRequestReceived,
    UserAgentEvent,
)
from switchhook.sip.ua.inspection import ACCEPT, ALLOW, inspect_request
from switchhook.sip.ua.out_of_dialog import OutOfDialogRequest
from switchhook.sip.ua.session import CSEQ_GAP, Session
from switchhook.sip.ua.session_table import SessionTable
from switchhook.sip.ua.session_timer import SUPPORTED
from switchhook.sip.ua.stored_leg import StoredLeg
from switchhook.sip.ua.uac_session import UacSession
from switchhook.sip.ua.uas_session import UasSession
from switchhook.sip.wire.errors import ParseError, SipError
from switchhook.sip.wire.message import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.sip.auth.proof import DigestCredentials
    from switchhook.sip.transaction.matching import TransactionKey
    from switchhook.sip.transaction.overload import Lag, LoadLimits
    from switchhook.sip.transaction.trust import TrustedPeers
    from switchhook.sip.wire.message import Request, Response
    from switchhook.sip.wire.parser import MessageError
    from switchhook.sip.wire.transport import Packet, Peer

STRAY: Final = (("Reason", 'SIP;cause=481;text="this call was given up"'),)
"""The Reason of a BYE to the answer of an ended call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgentLoad:
    """Sizes of what is held; all return to zero without calls."""

    transactions: int
    sessions: int
    dialogs: int
    pending_requests: int


class UserAgent:
    """`local` and `token` are those of `TransactionLayer`; `most_sessions` bounds the calls received at a time.

    `chance` gives numbers from 0 to 1, by which the probes of many calls are spread.
    `admission` says who may speak; None lets everybody in.
    """

    def __init__(
        self,
        *,
        local: Callable[[Peer], tuple[str, int]],
        token: Callable[[], str],
        timing: Timing | None = None,
        limits: LoadLimits | None = None,
        most_sessions: int = 10_000,
        chance: Callable[[], float] = lambda: 0.0,
        admission: Admission | None = None,
    ) -> None:
        timing = timing or Timing()
        self._most_sessions = most_sessions
        self._admission = admission or AdmitAll()
        self._layer = TransactionLayer(
            local=local, token=token, timing=timing, limits=limits, admission=self._admission
        )
        self._table: SessionTable[Session] = SessionTable(
            layer=self._layer, local=local, token=token, timing=timing, chance=chance
        )

    # Output

    @property
    def wake_at(self) -> float | None:
        """When `handle_timer` is to be called next, or None."""
        return earliest(self._layer.wake_at, self._table.deadlines.next_at)

    @property
    def load(self) -> UserAgentLoad:
        """Sizes of what is held."""
        return UserAgentLoad(
            transactions=self._layer.transactions,
            sessions=len(self._table.sessions),
            dialogs=len(self._table.dialogs),
            pending_requests=len(self._table.pending_requests),
        )

    def take_packets(self) -> list[Packet]:
        """Take out what is to be sent, in order."""
        return self._layer.take_packets()

    def take_events(self) -> list[UserAgentEvent]:
        """Take out what happened, in order."""
        events, self._table.events = self._table.events, []
        return events

    def take_diagnostics(self) -> list[transaction_events.Diagnostic]:
        """Take out what there is to say of messages that do not keep to the grammar, in order."""
        return self._layer.take_diagnostics()

    # Input from the network

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Receive a datagram, whatever it holds."""
        self._layer.receive(data, source, now)
        self._handle_transaction_events(now)

    def receive_message(self, message: Request | Response, source: Peer, now: float) -> None:
        """Receive a message that was cut out of a stream."""
        self._layer.receive_message(message, source, now)
        self._handle_transaction_events(now)

    def reject_malformed(self, error: MessageError, source: Peer) -> None:
        """Answer what could not be read, where it can be answered."""
        self._layer.reject_malformed(error, source)

    def internal_error(self, message: Request | Response, source: Peer, now: float) -> None:
        """Answer 500, as handling `message` raised an error of ours."""
        self._layer.internal_error(message, source, now)

    def send_failed(self, packet: Packet, now: float) -> None:
        """Learn that a packet could not be sent."""
        self._layer.transport_error(packet.key, now)
        self._handle_transaction_events(now)

    def unreachable(self, key: TransactionKey | None, now: float) -> None:
        """Handle an ICMP error for the request of transaction `key`."""
        self._layer.transport_error(key, now)
        self._handle_transaction_events(now)

    def flow_closed(self, peer: Peer, now: float) -> None:
        """Learn that the connection to `peer` is gone."""
        self._layer.flow_closed(peer, now)
        self._handle_transaction_events(now)
        self._table.events.append(FlowClosed(peer=peer))

    def wait(self, source: Peer, now: float) -> float:
        """Return for how many seconds nothing more is to be read of a connection."""
        return self._layer.wait(source, now)

    def set_lag(self, lag: Lag) -> None:
        """Learn how far what comes in waits for us."""
        self._layer.overload.lag = lag

    @property
    def trusted_peers(self) -> TrustedPeers:
        """Who has proved what."""
        return self._admission.trusted_peers

    @property
    def shed(self) -> int:
        """How many requests were turned away for load or for want of a turn, since the start."""
        return self._layer.overload.shed

    def handle_timer(self, now: float) -> None:
        """Fire the timers that are due."""
        while (leg := self._table.deadlines.take_due(now)) is not None:
            session = self._table.sessions.get(leg)
            if session is not None:
                session.handle_timer(now)
        self._layer.handle_timer(now)
        self._handle_transaction_events(now)

    # Commands

    def perform(self, command: UserAgentCommand, now: float) -> None:
        """Carry a command out. One about a leg or ref that is gone does nothing.

        Raises ValueError for a header that could not stand in a message.
        """
        match command:
            case Invite():
                if command.leg not in self._table.sessions:
                    self._table.add(UacSession(self._table, command, now))
            case Respond():
                self._respond(command, now)
            case SendOutOfDialog():
                OutOfDialogRequest(self._table, command, now)
            case Answer() | Acknowledge() | SendInDialog() | EndSession():
                session = self._table.sessions.get(command.leg)
                if session is not None:
                    _command(session, command, now)
            case _:
                assert_never(command)

    def _respond(self, command: Respond, now: float) -> None:
        pending = self._table.pending_requests.get(command.ref)
        if pending is None:
            return
        if pending.session is not None:
            pending.session.respond(command, now)
            return
        if command.status >= 200:
            del self._table.pending_requests[command.ref]
        self._layer.server.respond(
            pending.key,
            command.status,
            now,
            reason=command.reason,
            to_tag=self._table.token(),
            headers=command.headers,
            body=command.body,
        )

    def call_id(self, leg: str) -> str:
        """Return the Call-ID of a leg's dialog; empty without the leg."""
        session = self._table.sessions.get(leg)
        return session.dialog_ids[0][0] if session is not None and session.dialog_ids else ""

    def has_leg(self, leg: str) -> bool:
        """Say whether a leg is there, or still ends."""
        return leg in self._table.sessions

    def follow_registration(self, leg: str, registered: Request, source: Peer) -> None:
        """Learn that a telephone of the leg's account registered from `source`.

        A telephone whose connection broke comes back over a new one. It is the leg's where it says that it can
        be reached where the dialog says so too.
        """
        session = self._table.sessions.get(leg)
        if session is None or session.dialog is None or not source.reliable:
            return
        target = session.dialog.target
        same = any(
            c.uri.user == target.user and c.uri.host == target.host for c in registered.contacts
        )
        if same and session.peer.reliable and session.peer.flow != source.flow:
            session.update_peer(source)

    # Stored calls

    def store(
        self, leg: str, answer: Answer | Acknowledge | None = None, *, now: float
    ) -> dict[str, object] | None:
        """Return what `restore` needs to take an answered leg up again, in types that JSON knows.

        `answer` is a 2xx or an ACK that is about to be sent: stored before it goes out, the process that
        resumes the leg sends it, the ACK once the 2xx comes again.
        """
        session = self._table.sessions.get(leg)
        if session is None:
            return None
        stored = None
        if isinstance(answer, Answer) and isinstance(session, UasSession):
            stored = session.will_be_stored(answer)
        elif isinstance(answer, Acknowledge):
            stored = session.will_be_acknowledged(answer, now)
        stored = stored or session.stored(now)
        return None if stored is None else stored.to_json()

    def restore(
        self,
        leg: str,
        stored: Mapping[str, object],
        credentials: DigestCredentials | None = None,
        *,
        now: float,
        age: float = 0.0,
    ) -> None:
        """Take up a leg that an earlier process stored `age` seconds ago.

        Its peer is probed soon, as it may be gone; a caller that was just answered gets the 2xx again. Raises
        ValueError or KeyError for a wrong document.
        """
        known = StoredLeg.from_json(stored)
        dialog = known.dialog.skip(CSEQ_GAP)
        session = Session(
            self._table,
            leg,
            known.peer,
            direct=known.direct,
            behind_nat=known.behind_nat,
            dialog=dialog,
            credentials=credentials,
        )
        self._table.add(session)
        self._table.add_dialog((dialog.call_id, dialog.local.tag or ""), session)
        if known.answered is not None:  # whose INVITE may come again
            self._table.add_caller((dialog.call_id, dialog.remote.tag or ""), session)
        session.resume(known, now, age=age)

    def knows_dialog(self, stored: Mapping[str, object]) -> bool:
        """Say whether the dialog of a stored leg is under way here.

        Raises ValueError or KeyError for a wrong document.
        """
        dialog = StoredLeg.from_json(stored).dialog
        return (dialog.call_id, dialog.local.tag or "") in self._table.dialogs

    def was_acknowledged(self, leg: str) -> None:
        """Leave the ACK out that a restored leg owes, unless its other end asks for it once more."""
        session = self._table.sessions.get(leg)
        if session is not None:
            session.was_acknowledged()

    # Events of the transaction layer

    def _handle_transaction_events(self, now: float) -> None:
        for event in self._layer.take_events():
            match event:
                case transaction_events.RequestReceived():
                    self._handle_request(event, now)
                case transaction_events.AckReceived():
                    self._handle_ack(event, now)
                case transaction_events.CancelReceived(owner=Session() as session):
                    session.handle_cancel(event, now)
                case transaction_events.CancelReceived(key=key):
                    self._layer.server.respond(key, 200, now)
                case transaction_events.ResponseReceived(
                    owner=Session() | OutOfDialogRequest() as owner
                ):
                    owner.handle_response(event, now)
                case transaction_events.RequestFailed(
                    owner=Session() | OutOfDialogRequest() as owner
                ):
                    owner.handle_failure(event, now)
                case transaction_events.ResponseReceived() | transaction_events.RequestFailed():
                    pass  # the dialog ended before the response arrived
                case transaction_events.StrayResponse():
                    self._handle_stray_response(event, now)
                case _:
                    assert_never(event)

    def _handle_stray_response(self, event: transaction_events.StrayResponse, now: float) -> None:
        """Send ACK for a resumed leg, and BYE for one that was not resumed.

        Without the BYE the peer would wait in silence. An untrusted peer gets nothing: only its own word says
        that we called it.
        """
        response, source = event.response, event.source
        try:
            dialog = Dialog.of_stray(response, source)
        except ParseError:
            return
        dialog_id = dialog.call_id, dialog.local.tag or ""
        session = self._table.dialogs.get(dialog_id)
        if session is not None and session.acknowledge_retransmission(response):
            return
        is_full = len(self._table.sessions) >= self._most_sessions
        if is_full or self._admission.trusted_peers.level(source, now) < TrustLevel.AUTHENTICATED:
            return
        stray = Session(
            self._table,
            f"stray {self._table.token()}",
            source,
            direct=not response.record_routes,
            dialog=dialog,
            unacknowledged=(("stray", "INVITE"), response.cseq.number),
        )
        self._table.add(stray)
        if session is None:
            self._table.add_dialog(dialog_id, stray)
        stray.end(STRAY, now)

    def _session_of(self, request: Request) -> Session | None:
        return self._table.dialogs.get((request.call_id, request.to.tag or ""))

    def _session_of_caller(self, event: transaction_events.RequestReceived) -> Session | None:
        """Find whose BYE this is that leaves our tag out; it is believed from their address alone."""
        request = event.request
        session = self._table.callers.get((request.call_id, request.from_.tag or ""))
        return session if session and session.peer.host == event.source.host else None

    def _handle_request(self, event: transaction_events.RequestReceived, now: float) -> None:
        request = event.request
        refusal = inspect_request(request)
        if refusal is not None:
            self._layer.server.respond_statelessly(event.key, refusal.status, now, refusal.headers)
        elif request.is_within_dialog or request.method == "BYE":
            tagged = request.is_within_dialog
            session = self._session_of(request) if tagged else self._session_of_caller(event)
            if session is None:
                self._layer.server.respond_statelessly(event.key, 481, now)
            elif request.method == "OPTIONS":
                self._layer.server.respond_statelessly(
                    event.key, 200, now, (ALLOW, ACCEPT, SUPPORTED)
                )
            elif (refusal := self._check_source(session, request, event.source, now)) is not None:
                self._refuse(event, refusal, now)
            else:
                session.handle_request(event, now)
        elif request.method == "INVITE":
            self._handle_invite(event, now)
        elif request.method == "OPTIONS":
            self._layer.server.respond_statelessly(event.key, 200, now, (ALLOW, ACCEPT, SUPPORTED))
        else:
            self._handle_register(event, now)

    def _admit(self, event: transaction_events.RequestReceived, now: float) -> Admitted | None:
        """Ask whether this may come in, refuse it if not, and remember who proved what."""
        verdict = self._admission.admit(event.request, event.source, now)
        if isinstance(verdict, Refusal):
            self._refuse(event, verdict, now)
            return None
        if verdict.name:
            self._admission.trusted_peers.add(event.source, verdict.name, now)
        return verdict

    def _refuse(
        self, event: transaction_events.RequestReceived, refusal: Refusal, now: float
    ) -> None:
        self._layer.server.respond_statelessly(
            event.key, refusal.status, now, refusal.headers, refusal.reason
        )

    def _check_source(
        self, session: Session, request: Request, source: Peer, now: float
    ) -> Refusal | None:
        """Return the refusal of an in-dialog request from a new source, or None."""
        if session.knows_source(source):
            return None
        refusal = self._admission.admit_within_dialog(session.leg, request, source, now)
        if refusal is None:
            session.update_peer(source)
        return refusal

    def _handle_ack(self, event: transaction_events.AckReceived, now: float) -> None:
        session = self._session_of(event.request)
        if session is None:
            return
        # An ACK without a description only confirms our answer, whoever sends it.
        if event.request.body and self._check_source(session, event.request, event.source, now):
            return
        session.handle_ack(event.request, now)

    def _handle_register(self, event: transaction_events.RequestReceived, now: float) -> None:
        admitted = self._admit(event, now)
        if admitted is not None:
            ref, request = self._table.add_request(event, None), event.request
            asked = OutOfDialogRequestReceived(
                ref=ref, request=request, source=event.source, who=admitted.who
            )
            self._table.events.append(asked)

    def _handle_invite(self, event: transaction_events.RequestReceived, now: float) -> None:
        known = self._session_of_caller(event)
        if known is not None and known.handle_invite_retransmission(event.request):
            self._layer.server.forget(event.key)
            return
        is_full = len(self._table.sessions) >= self._most_sessions
        if is_full and not self._admission.is_urgent(event.request):
            self._layer.server.respond_statelessly(
                event.key, 503, now, self._layer.overload.retry_after(event.request)
            )
            return
        admitted = self._admit(event, now)
        if admitted is None:
            return
        try:
            session = UasSession(self._table, self._table.token(), event)
        except SipError as error:
            self._layer.server.respond_statelessly(event.key, error.status, now)
            return
        self._table.add(session)
        self._layer.server.set_owner(event.key, session)
        self._layer.server.respond(event.key, 100, now)
        self._table.events.append(
            InviteReceived(
                leg=session.leg, request=event.request, source=event.source, who=admitted.who
            )
        )


def _command(
    session: Session, command: Answer | Acknowledge | SendInDialog | EndSession, now: float
) -> None:
    match command:
        case Answer():
            if isinstance(session, UasSession):
                session.answer(command, now)
        case Acknowledge():
            session.acknowledge(command.headers, command.body)
        case SendInDialog():
            session.send_request(command, now)
        case EndSession():
            Headers(command.headers)  # a wrong one must not leave the leg half ended
            if isinstance(session, UasSession):
                session.end(command.headers, now, status=command.status)
            else:
                session.end(command.headers, now)
        case _:
            assert_never(command)
