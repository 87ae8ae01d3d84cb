"""The client transactions: requests of ours, and the responses to them (RFC 3261 §17.1). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from switchhook.sip.transaction.events import RequestFailed, ResponseReceived, StrayResponse
from switchhook.sip.transaction.matching import TransactionKey, make_ack, make_cancel
from switchhook.sip.transaction.transaction import (
    INVITE_CLIENT,
    OTHER_CLIENT,
    Action,
    Signal,
    Transaction,
    classify,
)
from switchhook.sip.transaction.transactions import Entry, Transactions, deadline_of
from switchhook.sip.wire.header_values import Via
from switchhook.sip.wire.message import Headers, Request, Response
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.transport import Packet

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from switchhook.sip.transaction.deadlines import Deadlines
    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.transaction.transactions import Output
    from switchhook.sip.transaction.trust import TrustedPeers
    from switchhook.sip.wire.transport import Peer


class _Client(Entry):
    """A request of ours."""

    __slots__ = ("cancel_headers",)

    def __init__(
        self, key: TransactionKey, transaction: Transaction, request: Request, peer: Peer
    ) -> None:
        super().__init__(key, transaction, request, peer)
        self.cancel_headers: tuple[tuple[str, str], ...] = ()


class ClientTransactions(Transactions[_Client, Response]):
    """The client transactions of one layer; `local` and `token` are those of the layer."""

    def __init__(  # noqa: PLR0917 -- what one layer has
        self,
        output: Output,
        deadlines: Deadlines[TransactionKey],
        timing: Timing,
        trusted_peers: TrustedPeers,
        local: Callable[[Peer], tuple[str, int]],
        token: Callable[[], str],
    ) -> None:
        super().__init__(output, deadlines, timing)
        self._trusted_peers = trusted_peers
        self._local = local
        self._token = token
        self._over_flows: dict[Hashable, set[TransactionKey]] = {}

    def request(
        self, request: Request, peer: Peer, now: float, *, owner: object = None
    ) -> tuple[TransactionKey, Request]:
        """Send `request`, which has no Via yet, in a transaction of its own; not for ACK or CANCEL.

        Returns its key, and the request as it goes out.
        """
        branch = f"z9hG4bK{self._token()}"
        sent = _with_via(request, self._via(peer, branch))
        key = (branch, request.method)
        self._start(key, sent, peer, now, owner=owner)
        return key, sent

    def send_ack(self, ack: Request, peer: Peer) -> Packet:
        """Send the ACK to a 2xx, which is no transaction; return the packet, to send it again."""
        sent = _with_via(ack, self._via(peer, f"z9hG4bK{self._token()}"))
        packet = Packet(bytes(sent), peer)
        self._output.packets.append(packet)
        return packet

    def send(self, packet: Packet) -> None:
        """Send a packet once more."""
        self._output.packets.append(packet)

    def cancel(
        self, key: TransactionKey, now: float, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Cancel our INVITE as soon as that is allowed; after its final response this does nothing."""
        entry = self.entries.get(key)
        if entry is not None:
            entry.cancel_headers = tuple(headers)
            self._signal(entry, Signal.CANCEL, now)

    def receive(self, response: Response, source: Peer, now: float) -> None:
        """Receive a response (§17.1.3)."""
        if (
            len(response.headers.values("Via")) != 1
        ):  # §8.1.3.3: it is not for us, who are never a proxy
            return
        entry = self.entries.get((response.via.branch or "", response.cseq.method))
        if entry is not None:
            self._signal(entry, classify(response.status), now, (response, source))
        elif response.cseq.method == "INVITE" and 200 <= response.status < 300:
            self._output.events.append(StrayResponse(response, source))

    def transport_error(self, key: object, now: float) -> None:
        """Learn that a packet of the transaction `key` could not be sent."""
        entry = self.entries.get(key) if isinstance(key, tuple) else None
        if entry is not None:
            self._signal(entry, Signal.TRANSPORT_ERROR, now)

    def flow_closed(self, peer: Peer, now: float) -> None:
        """Learn that the connection to `peer` is gone: its requests will not be answered."""
        for flow in (peer.flow, (peer.host, peer.port)):
            for key in self._over_flows.pop(flow, set()):
                self.transport_error(key, now)

    def _start(
        self, key: TransactionKey, request: Request, peer: Peer, now: float, *, owner: object = None
    ) -> None:
        machine = INVITE_CLIENT if request.method == "INVITE" else OTHER_CLIENT
        transaction = Transaction(machine, reliable=peer.reliable, timing=self._timing, now=now)
        entry = _Client(key, transaction, request, peer)
        entry.owner = owner
        entry.data = bytes(request)
        if request.method != "INVITE":
            entry.request = None  # only an INVITE has an ACK or CANCEL made of it
        self.entries[key] = entry
        self._trusted_peers.add(peer, "", now)
        if peer.reliable:
            self._over_flows.setdefault(_flow(peer), set()).add(key)
        self._output.packets.append(Packet(entry.data, peer, key))
        self._deadlines.set(key, deadline_of(transaction))

    def _send_cancel(self, entry: _Client, now: float) -> None:
        if entry.request is not None:
            request = make_cancel(entry.request, entry.cancel_headers)
            key = (entry.key[0], "CANCEL")
            self._start(key, request, entry.peer, now)

    def _via(self, peer: Peer, branch: str) -> Via:
        host, port = self._local(peer)
        parameters = Parameters({"branch": branch, "rport": None}, verbatim=True)
        return Via(transport=peer.transport, host=host, port=port, parameters=parameters)

    def _do(
        self, action: Action, entry: _Client, now: float, received: tuple[Response, Peer] | None
    ) -> None:
        match action:
            case Action.SEND:
                self._output.packets.append(Packet(entry.data, entry.peer, entry.key))
            case Action.PASS_UP:
                if received is not None and entry.key[-1] != "CANCEL":
                    event = ResponseReceived(entry.key, *received, entry.owner)
                    self._output.events.append(event)
            case Action.ACKNOWLEDGE:
                if received is not None and entry.request is not None:
                    ack = make_ack(entry.request, received[0])
                    self._output.packets.append(Packet(bytes(ack), entry.peer))
            case Action.CANCEL:
                self._send_cancel(entry, now)
            case Action.TIME_OUT | Action.FAIL:
                status = 408 if action is Action.TIME_OUT else 503
                if entry.key[-1] != "CANCEL":
                    self._output.events.append(RequestFailed(entry.key, status, entry.owner))
            case _:
                assert_never(action)

    def _forget(self, entry: _Client) -> None:
        self._deadlines.set(entry.key, None)
        self.entries.pop(entry.key, None)
        keys = self._over_flows.get(_flow(entry.peer))
        if keys is not None:
            keys.discard(entry.key)
            if not keys:
                del self._over_flows[_flow(entry.peer)]


def _with_via(request: Request, via: Via) -> Request:
    pairs = (("Via", str(via)), *request.headers)
    return request.with_hops(Headers(pairs, verbatim=True), via)


def _flow(peer: Peer) -> Hashable:
    """Name the connection that a request goes over: itself, or any to this address."""
    return peer.flow or (peer.host, peer.port)
