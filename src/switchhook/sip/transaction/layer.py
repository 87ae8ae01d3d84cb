"""Transport and transaction layer in one object without I/O (RFC 3261 §17, §18).

The owner feeds packets (`receive`, `receive_message`, `reject_malformed`), time (`handle_timer` when `wake_at` has
come) and what the transaction user sends (`request`, `respond`, `cancel`, …), and after each of these
takes out what is to be sent (`take_packets`) and what happened (`take_events`), both in order.

A transaction is named by its key. The user can hang an *owner* on it, any object of its own; events
about the transaction bring it back, so that the user needs no index of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.sip.transaction.admission import Admission, AdmitAll
from switchhook.sip.transaction.deadlines import Deadlines
from switchhook.sip.transaction.events import (
    AckReceived,
    CancelReceived,
    Diagnostic,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    StrayResponse,
    TransactionEvent,
)
from switchhook.sip.transaction.matching import (
    TransactionKey,
    make_ack,
    make_cancel,
    merge_key,
    server_key,
    stateless_tag,
)
from switchhook.sip.transaction.overload import LoadLimits, TokenBuckets
from switchhook.sip.transaction.overload_control import OverloadControl
from switchhook.sip.transaction.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    Action,
    Signal,
    Timing,
    Transaction,
    classify,
)
from switchhook.sip.transaction.trust import TrustLevel
from switchhook.sip.wire.header_values import Via
from switchhook.sip.wire.message import MAX_MESSAGE, REASONS, Headers, Request, Response
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.parser import MessageError, parse_message
from switchhook.sip.wire.transport import Packet, Peer, complete_via, response_peer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from switchhook.sip.wire.headers import HeaderFields


MOST_ECHO: Final = 3
"""Bytes that are said of a datagram that cannot be read, for each byte of it."""
MOST_DIAGNOSTICS: Final = 100
"""Diagnostics that are kept until they are taken; older ones are forgotten."""

_Received = tuple[Request | Response, Peer]
"""A message and where it came from."""


class _Entry:
    """A transaction with the messages it needs."""

    __slots__ = (
        "cancel_headers",
        "composed",
        "data",
        "key",
        "merge_key",
        "open",
        "origin",
        "owner",
        "peer",
        "request",
        "source",
        "transaction",
    )

    def __init__(
        self, key: TransactionKey, transaction: Transaction, request: Request, peer: Peer
    ) -> None:
        self.key = key
        self.transaction = transaction
        self.request: Request | None = request  # a server forgets it with its final response
        self.peer = peer
        self.data = b""
        self.composed: tuple[tuple[object, ...], Packet] | None = (
            None  # the last, and of what it was made
        )
        self.owner: object = None
        self.origin = peer  # where a received request came from
        self.source = ""  # the address that a server transaction counts against
        self.open = False  # a request outside of a dialog that has no final response yet
        self.merge_key: TransactionKey | None = None
        self.cancel_headers: tuple[tuple[str, str], ...] = ()


class TransactionLayer:
    """All transactions of one element.

    `local` says for a peer which host and port of ours stand in the Via towards it, the host as it
    stands in a URI. `token` returns a new unguessable token at each call.
    """

    def __init__(
        self,
        *,
        local: Callable[[Peer], tuple[str, int]],
        token: Callable[[], str],
        timing: Timing | None = None,
        limits: LoadLimits | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.shed = 0
        """How many requests were turned away for load or for want of a turn, since the start."""
        self._local = local
        self._token = token
        self._timing = timing or Timing()
        limits = limits or LoadLimits()
        self._servers: dict[TransactionKey, _Entry] = {}
        self._clients: dict[TransactionKey, _Entry] = {}
        self._deadlines: Deadlines[TransactionKey] = Deadlines()
        self._merges: dict[TransactionKey, TransactionKey] = {}
        self._admission = admission or AdmitAll()
        self._trusted_peers = self._admission.trusted_peers
        self.overload = OverloadControl(limits, self._admission)
        self._counts = self.overload.counts
        self._turns = TokenBuckets(limits, self._trusted_peers)
        self._over_flows: dict[Hashable, set[TransactionKey]] = {}
        self._packets: list[Packet] = []
        self._events: list[TransactionEvent] = []
        self._diagnostics: deque[Diagnostic] = deque(maxlen=MOST_DIAGNOSTICS)

    # Output

    @property
    def wake_at(self) -> float | None:
        """When `handle_timer` is to be called next, or None."""
        return self._deadlines.next_at

    @property
    def transactions(self) -> int:
        """How many transactions are held."""
        return len(self._servers) + len(self._clients)

    def take_packets(self) -> list[Packet]:
        """Take out what is to be sent, in order."""
        packets, self._packets = self._packets, []
        return packets

    def take_events(self) -> list[TransactionEvent]:
        """Take out what happened, in order."""
        events, self._events = self._events, []
        return events

    def take_diagnostics(self) -> list[Diagnostic]:
        """Take out what there is to say of messages that do not keep to the grammar, in order."""
        if not self._diagnostics:
            return []
        diagnostics = list(self._diagnostics)
        self._diagnostics.clear()
        return diagnostics

    # Input from the network

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Receive a datagram, unless its source is over its share. Raises nothing, whatever it holds."""
        if not self._turns.take(source, now):
            self.shed += 1
            return
        try:
            message = parse_message(data)
        except MessageError as error:
            self.reject_malformed(error, source, most=MOST_ECHO * len(data))
        else:
            self._handle_message(message, source, now)

    def receive_message(self, message: Request | Response, source: Peer, now: float) -> None:
        """Receive a message that was cut out of a stream."""
        self._turns.charge(source, now)
        self._handle_message(message, source, now)

    def wait(self, source: Peer, now: float) -> float:
        """Return for how many seconds nothing more is to be read of a connection."""
        return self._turns.wait(source, now)

    def _handle_message(self, message: Request | Response, source: Peer, now: float) -> None:
        if message.dropped:
            self._diagnostics.append(Diagnostic(source, message.dropped))
        if isinstance(message, Request):
            self._receive_request(complete_via(message, source), source, now)
        else:
            self._receive_response(message, source, now)

    def reject_malformed(self, error: MessageError, source: Peer, most: int = MAX_MESSAGE) -> None:
        """Answer what could not be read, where it can be answered at all, with `most` bytes.

        What would be said of a mistake may be much longer than it is, and its address forged.
        """
        if not error.is_silence:
            self._diagnostics.append(Diagnostic(source, (str(error),), unread=True))
        partial = error.partial
        if partial is not None and partial.method != "ACK":
            reason = f"{REASONS.get(error.status, 'Bad Request')}: {error}"
            self._respond_statelessly(
                complete_via(partial, source), source, error.status, reason=reason
            )
            if len(self._packets[-1].data) > most:
                del self._packets[-1]

    def internal_error(self, message: Request | Response, source: Peer, now: float) -> None:
        """Answer 500 where handling `message` raised an error of ours, and leave nothing open."""
        if not isinstance(message, Request) or message.method == "ACK":
            return
        request = complete_via(message, source)
        key = server_key(request)
        tag = stateless_tag(request)
        if key not in self._servers:
            self._respond_statelessly(request, source, 500)
        else:
            self.respond(key, 500, now, to_tag=tag)

    def transport_error(self, key: object, now: float) -> None:
        """Learn that a packet of the transaction `key` could not be sent."""
        entry = self._clients.get(key) if isinstance(key, tuple) else None
        if entry is not None:
            self._signal(entry, Signal.TRANSPORT_ERROR, now)

    def flow_closed(self, peer: Peer, now: float) -> None:
        """Learn that the connection to `peer` is gone: its requests will not be answered."""
        self._trusted_peers.forget(peer)
        for flow in (peer.flow, (peer.host, peer.port)):
            for key in self._over_flows.pop(flow, set()):
                self.transport_error(key, now)

    def handle_timer(self, now: float) -> None:
        """Fire the timers that are due."""
        while (key := self._deadlines.take_due(now)) is not None:
            entry = self._entry(key)
            if entry is not None:
                self._carry_out(entry, entry.transaction.handle_timer(now), now)

    # Requests and responses to send

    def request(
        self, request: Request, peer: Peer, now: float, *, owner: object = None
    ) -> tuple[TransactionKey, Request]:
        """Send `request`, which has no Via yet, in a transaction of its own; not for ACK or CANCEL.

        Returns its key, and the request as it goes out.
        """
        branch = f"z9hG4bK{self._token()}"
        sent = _with_via(request, self._via(peer, branch))
        key = (branch, request.method)
        self._start_client(key, sent, peer, now, owner=owner)
        return key, sent

    def send_ack(self, ack: Request, peer: Peer) -> Packet:
        """Send the ACK to a 2xx, which is no transaction; return the packet, to send it again."""
        sent = _with_via(ack, self._via(peer, f"z9hG4bK{self._token()}"))
        packet = Packet(bytes(sent), peer)
        self._packets.append(packet)
        return packet

    def send(self, packet: Packet) -> None:
        """Send a packet once more."""
        self._packets.append(packet)

    def cancel(
        self, key: TransactionKey, now: float, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Cancel our INVITE as soon as that is allowed; after its final response this does nothing."""
        entry = self._clients.get(key)
        if entry is not None:
            entry.cancel_headers = tuple(headers)
            self._signal(entry, Signal.CANCEL, now)

    def set_owner(self, key: TransactionKey, owner: object) -> None:
        """Hang `owner` on a server transaction."""
        entry = self._servers.get(key)
        if entry is not None:
            entry.owner = owner

    def respond(
        self,
        key: TransactionKey,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Packet | None:
        """Answer a received request; return what was sent.

        None when the request has its final response or is gone.
        """
        entry = self._servers.get(key)
        packet = self.compose(key, status, reason=reason, to_tag=to_tag, headers=headers, body=body)
        if entry is None or packet is None:
            return None
        actions = entry.transaction.signal(classify(status), now)
        if actions is None:
            return None
        entry.data = packet.data
        if status >= 200:
            entry.request = entry.composed = None
            self._close(entry)
        if status >= 300:
            # Telephones that answer a challenge under the same number are many; a late fork is rare.
            self._unmerge(entry)
        self._carry_out(entry, actions, now)
        return packet

    def compose(
        self,
        key: TransactionKey,
        status: int,
        *,
        reason: str | None = None,
        to_tag: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Packet | None:
        """Return what `respond` will send, without sending it."""
        entry = self._servers.get(key)
        if entry is None or entry.request is None:
            return None
        if entry.request.method == "CANCEL":
            to_tag = stateless_tag(entry.request)
        wanted = status, reason, to_tag, tuple(headers), body
        if entry.composed is None or entry.composed[0] != wanted:
            response = entry.request.response(
                status, reason, to_tag=to_tag, headers=wanted[3], body=body
            )
            entry.composed = wanted, Packet(bytes(response), entry.peer, entry.key)
        return entry.composed[1]

    def respond_statelessly(
        self,
        key: TransactionKey,
        status: int,
        now: float,
        headers: HeaderFields = (),
        reason: str | None = None,
    ) -> None:
        """Refuse a received request and forget it: if it comes again, it will be refused again (§8.2.7).

        For what needs no memory, so that a flood of it takes none. The ACK to it will match nothing.
        """
        entry = self._servers.get(key)
        if entry is not None and entry.request is not None:
            tag = stateless_tag(entry.request)
            self.respond(key, status, now, reason=reason, to_tag=tag, headers=headers)
            self._forget(entry)

    def forget(self, key: TransactionKey) -> None:
        """Forget a received request that needs no answer of its own."""
        entry = self._servers.get(key)
        if entry is not None:
            self._forget(entry)

    # Server transactions

    def _receive_request(self, request: Request, source: Peer, now: float) -> None:
        key = server_key(request)
        entry = self._servers.get(key)
        if request.method == "ACK":
            self._receive_ack(entry, request, source, now)
        elif entry is not None:
            self._signal(entry, Signal.REQUEST, now)
        elif request.method == "CANCEL":
            self._receive_cancel(key, request, source, now)
        elif self._is_merged(request):
            self._respond_statelessly(request, source, 482)
        elif self.overload.is_overloaded(request, source, self.transactions, now):
            self.shed += 1
            self._respond_statelessly(
                request, source, 503, headers=self.overload.retry_after(request)
            )
        else:
            self._start_server(key, request, source, now)
            self._events.append(RequestReceived(key, request, source))

    def _receive_ack(
        self, entry: _Entry | None, request: Request, source: Peer, now: float
    ) -> None:
        if entry is None:
            self._events.append(AckReceived(request, source))
        else:
            self._signal(entry, Signal.ACK, now, (request, source))

    def _receive_cancel(
        self, key: TransactionKey, request: Request, source: Peer, now: float
    ) -> None:
        invite = self._servers.get((*key[:-1], "INVITE")) or self._invite_of(request, source)
        if invite is None or not self._may_cancel(invite, request, source, now):
            self._respond_statelessly(request, source, 481)
            return
        self._start_server(key, request, source, now)
        if invite.transaction.is_final:
            self.respond(key, 200, now)
        else:
            self._events.append(CancelReceived(key, request, source, invite.owner))

    def _invite_of(self, cancel: Request, source: Peer) -> _Entry | None:
        """Find what is cancelled under another branch; it is believed from the same address alone."""
        key = self._merges.get(merge_key(cancel, "INVITE"))
        invite = None if key is None else self._servers.get(key)
        return invite if invite is not None and invite.origin.host == source.host else None

    def _may_cancel(self, invite: _Entry, request: Request, source: Peer, now: float) -> bool:
        """Whether a CANCEL is by the sender of the INVITE, as it cannot be challenged (§9.1, §22.1).

        Its number does not matter: the call is meant.
        """
        asked, trusted_peers = invite.request, self._trusted_peers
        if asked is not None and (
            asked.call_id != request.call_id or request.from_.tag not in {asked.from_.tag, None}
        ):
            return False
        if source.host == invite.origin.host:
            return True
        if trusted_peers.level(source, now) is TrustLevel.NETWORK:
            return trusted_peers.level(invite.origin, now) is TrustLevel.NETWORK
        name = trusted_peers.name(source, now)
        return name != "" and name == trusted_peers.name(invite.origin, now)

    def _start_server(
        self, key: TransactionKey, request: Request, source: Peer, now: float
    ) -> None:
        machine = INVITE_SERVER if request.method == "INVITE" else OTHER_SERVER
        transaction = Transaction(machine, reliable=source.reliable, timing=self._timing, now=now)
        entry = _Entry(key, transaction, request, response_peer(request, source))
        self._servers[key] = entry
        entry.origin = source
        entry.source = self.overload.quota_key(source, now)
        if not request.is_within_dialog and request.method != "CANCEL":
            entry.merge_key = merge_key(request)
            entry.open = True
            self._merges[entry.merge_key] = key
        self._counts.enter(entry.source, opens=entry.open)

    def _close(self, entry: _Entry) -> None:
        """An open request got its final response: it no longer counts against its source."""
        if entry.open:
            entry.open = False
            self._counts.close(entry.source)

    def _unmerge(self, entry: _Entry) -> None:
        if entry.merge_key is not None:
            self._merges.pop(entry.merge_key, None)
            entry.merge_key = None

    def _is_merged(self, request: Request) -> bool:
        """Whether the same request came by another way already (§8.2.2.2)."""
        return not request.is_within_dialog and merge_key(request) in self._merges

    def _respond_statelessly(
        self,
        request: Request,
        source: Peer,
        status: int,
        *,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        tag = stateless_tag(request)
        response = request.response(status, reason, to_tag=tag, headers=headers)
        self._packets.append(Packet(bytes(response), response_peer(request, source)))

    # Client transactions

    def _start_client(
        self, key: TransactionKey, request: Request, peer: Peer, now: float, *, owner: object = None
    ) -> None:
        machine = INVITE_CLIENT if request.method == "INVITE" else OTHER_CLIENT
        transaction = Transaction(machine, reliable=peer.reliable, timing=self._timing, now=now)
        entry = _Entry(key, transaction, request, peer)
        entry.owner = owner
        entry.data = bytes(request)
        if request.method != "INVITE":
            entry.request = None  # only an INVITE has an ACK or CANCEL made of it
        self._clients[key] = entry
        self._trusted_peers.add(peer, "", now)
        if peer.reliable:
            self._over_flows.setdefault(_flow(peer), set()).add(key)
        self._packets.append(Packet(entry.data, peer, key))
        self._deadlines.set(key, _deadline(transaction))

    def _receive_response(self, response: Response, source: Peer, now: float) -> None:
        if (
            len(response.headers.values("Via")) != 1
        ):  # §8.1.3.3: it is not for us, who are never a proxy
            return
        entry = self._clients.get((response.via.branch or "", response.cseq.method))
        if entry is not None:
            self._signal(entry, classify(response.status), now, (response, source))
        elif response.cseq.method == "INVITE" and 200 <= response.status < 300:
            self._events.append(StrayResponse(response, source))

    def _send_cancel(self, entry: _Entry, now: float) -> None:
        if entry.request is not None:
            request = make_cancel(entry.request, entry.cancel_headers)
            key = (entry.key[0], "CANCEL")
            self._start_client(key, request, entry.peer, now)

    def _via(self, peer: Peer, branch: str) -> Via:
        host, port = self._local(peer)
        parameters = Parameters({"branch": branch, "rport": None}, verbatim=True)
        return Via(transport=peer.transport, host=host, port=port, parameters=parameters)

    # Both

    def _entry(self, key: TransactionKey) -> _Entry | None:
        return self._clients.get(key) or self._servers.get(key)

    def _signal(
        self, entry: _Entry, signal: Signal, now: float, received: _Received | None = None
    ) -> None:
        actions = entry.transaction.signal(signal, now)
        if actions is not None:
            self._carry_out(entry, actions, now, received)

    def _carry_out(
        self,
        entry: _Entry,
        actions: tuple[Action, ...],
        now: float,
        received: _Received | None = None,
    ) -> None:
        for action in actions:
            self._do(action, entry, now, received)
        if entry.transaction.is_over:
            self._forget(entry)
        else:
            self._deadlines.set(entry.key, _deadline(entry.transaction))

    def _do(self, action: Action, entry: _Entry, now: float, received: _Received | None) -> None:
        match action:
            case Action.SEND:
                if entry.data:
                    self._packets.append(Packet(entry.data, entry.peer, entry.key))
            case Action.PASS_UP:
                if received is not None:
                    self._tell(entry, *received)
            case Action.ACKNOWLEDGE:
                if received is not None and isinstance(received[0], Response):
                    self._acknowledge(entry, received[0])
            case Action.CANCEL:
                self._send_cancel(entry, now)
            case Action.TIME_OUT | Action.FAIL:
                status = 408 if action is Action.TIME_OUT else 503
                if entry.key in self._clients and entry.key[-1] != "CANCEL":
                    self._events.append(RequestFailed(entry.key, status, entry.owner))
            case _:
                assert_never(action)

    def _tell(self, entry: _Entry, message: Request | Response, source: Peer) -> None:
        if isinstance(message, Request):
            self._events.append(AckReceived(message, source))
        elif entry.key[-1] != "CANCEL":
            self._events.append(ResponseReceived(entry.key, message, source, entry.owner))

    def _acknowledge(self, entry: _Entry, response: Response) -> None:
        if entry.request is not None:
            self._packets.append(Packet(bytes(make_ack(entry.request, response)), entry.peer))

    def _forget(self, entry: _Entry) -> None:
        self._deadlines.set(entry.key, None)
        self._close(entry)
        self._unmerge(entry)
        if self._servers.pop(entry.key, None) is entry:
            self._counts.leave(entry.source)
            return
        self._clients.pop(entry.key, None)
        keys = self._over_flows.get(_flow(entry.peer))
        if keys is not None:
            keys.discard(entry.key)
            if not keys:
                del self._over_flows[_flow(entry.peer)]


def _with_via(request: Request, via: Via) -> Request:
    pairs = (("Via", str(via)), *request.headers)
    return replace(request, headers=Headers(pairs, verbatim=True))


def _flow(peer: Peer) -> Hashable:
    """Name the connection that a request goes over: itself, or any to this address."""
    return peer.flow or (peer.host, peer.port)


def _deadline(transaction: Transaction) -> float | None:
    retransmit_at, timeout_at = transaction.retransmit_at, transaction.timeout_at
    if retransmit_at is None or timeout_at is None:
        return timeout_at if retransmit_at is None else retransmit_at
    return min(retransmit_at, timeout_at)
