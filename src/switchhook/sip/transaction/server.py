"""The server transactions: received requests, and our responses to them (RFC 3261 §17.2, §9.2). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.sip.transaction.events import AckReceived, CancelReceived, RequestReceived
from switchhook.sip.transaction.matching import (
    TransactionKey,
    merge_key,
    server_key,
    stateless_tag,
)
from switchhook.sip.transaction.transaction import (
    INVITE_SERVER,
    OTHER_SERVER,
    Action,
    Signal,
    Transaction,
    classify,
)
from switchhook.sip.transaction.transactions import Entry, Transactions
from switchhook.sip.transaction.trust import TrustLevel
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.transport import Packet, response_peer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sized

    from switchhook.sip.transaction.deadlines import Deadlines
    from switchhook.sip.transaction.overload_control import OverloadControl
    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.transaction.transactions import Output
    from switchhook.sip.transaction.trust import TrustedPeers
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.transport import Peer


class _Server(Entry):
    """A received request; it is forgotten with its final response."""

    __slots__ = ("composed", "merge_key", "open", "origin", "source")

    def __init__(
        self,
        key: TransactionKey,
        transaction: Transaction,
        request: Request,
        peer: Peer,
    ) -> None:
        super().__init__(key, transaction, request, peer)
        self.composed: tuple[tuple[object, ...], Packet] | None = None
        """The last response, and of what it was made."""
        self.origin = peer
        """Where the request came from."""
        self.source = ""
        """The address that it counts against."""
        self.open = False
        """Whether it is outside of a dialog, and has no final response yet."""
        self.merge_key: TransactionKey | None = None


class ServerTransactions(Transactions[_Server, Request]):
    """The server transactions of one layer. `clients` are counted together with them."""

    def __init__(  # noqa: PLR0917 -- what one layer has
        self,
        output: Output,
        deadlines: Deadlines[TransactionKey],
        timing: Timing,
        trusted_peers: TrustedPeers,
        overload: OverloadControl,
        clients: Sized,
    ) -> None:
        super().__init__(output, deadlines, timing)
        self._trusted_peers = trusted_peers
        self._overload = overload
        self._clients = clients
        self._merges: dict[TransactionKey, TransactionKey] = {}

    def receive(self, request: Request, source: Peer, now: float) -> None:
        """Receive a request, whose top Via is complete (§17.2.3)."""
        key = server_key(request)
        entry = self.entries.get(key)
        if request.method == "ACK":
            self._receive_ack(entry, request, source, now)
        elif entry is not None:
            self._signal(entry, Signal.REQUEST, now)
        elif request.method == "CANCEL":
            self._receive_cancel(key, request, source, now)
        elif self._is_merged(request):
            self.respond_without_transaction(request, source, 482)
        elif self._overload.is_overloaded(
            request, source, len(self.entries) + len(self._clients), now
        ):
            self._overload.shed += 1
            self.respond_without_transaction(
                request, source, 503, headers=self._overload.retry_after(request)
            )
        else:
            self._start(key, request, source, now)
            self._output.events.append(RequestReceived(key, request, source))

    def set_owner(self, key: TransactionKey, owner: object) -> None:
        """Hang `owner` on a server transaction."""
        entry = self.entries.get(key)
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
        entry = self.entries.get(key)
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
        entry = self.entries.get(key)
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
        entry = self.entries.get(key)
        if entry is not None and entry.request is not None:
            tag = stateless_tag(entry.request)
            self.respond(key, status, now, reason=reason, to_tag=tag, headers=headers)
            self._forget(entry)

    def respond_without_transaction(
        self,
        request: Request,
        source: Peer,
        status: int,
        *,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Answer a request that gets no transaction."""
        tag = stateless_tag(request)
        response = request.response(status, reason, to_tag=tag, headers=headers)
        self._output.packets.append(Packet(bytes(response), response_peer(request, source)))

    def forget(self, key: TransactionKey) -> None:
        """Forget a received request that needs no answer of its own."""
        entry = self.entries.get(key)
        if entry is not None:
            self._forget(entry)

    def _receive_ack(
        self, entry: _Server | None, request: Request, source: Peer, now: float
    ) -> None:
        if entry is None:
            self._output.events.append(AckReceived(request, source))
        else:
            self._signal(entry, Signal.ACK, now, (request, source))

    def _receive_cancel(
        self, key: TransactionKey, request: Request, source: Peer, now: float
    ) -> None:
        invite = self.entries.get((*key[:-1], "INVITE")) or self._invite_of(request, source)
        if invite is None or not self._may_cancel(invite, request, source, now):
            self.respond_without_transaction(request, source, 481)
            return
        self._start(key, request, source, now)
        if invite.transaction.is_final:
            self.respond(key, 200, now)
        else:
            self._output.events.append(CancelReceived(key, request, source, invite.owner))

    def _invite_of(self, cancel: Request, source: Peer) -> _Server | None:
        """Find what is cancelled under another branch; it is believed from the same address alone."""
        key = self._merges.get(merge_key(cancel, "INVITE"))
        invite = None if key is None else self.entries.get(key)
        return invite if invite is not None and invite.origin.host == source.host else None

    def _may_cancel(self, invite: _Server, request: Request, source: Peer, now: float) -> bool:
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

    def _start(self, key: TransactionKey, request: Request, source: Peer, now: float) -> None:
        machine = INVITE_SERVER if request.method == "INVITE" else OTHER_SERVER
        transaction = Transaction(machine, reliable=source.reliable, timing=self._timing, now=now)
        entry = _Server(key, transaction, request, response_peer(request, source))
        self.entries[key] = entry
        entry.origin = source
        entry.source = self._overload.quota_key(source, now)
        if not request.is_within_dialog and request.method != "CANCEL":
            entry.merge_key = merge_key(request)
            entry.open = True
            self._merges[entry.merge_key] = key
        self._overload.counts.enter(entry.source, opens=entry.open)

    def _close(self, entry: _Server) -> None:
        """An open request got its final response: it no longer counts against its source."""
        if entry.open:
            entry.open = False
            self._overload.counts.close(entry.source)

    def _unmerge(self, entry: _Server) -> None:
        if entry.merge_key is not None:
            self._merges.pop(entry.merge_key, None)
            entry.merge_key = None

    def _is_merged(self, request: Request) -> bool:
        """Whether the same request came by another way already (§8.2.2.2)."""
        return not request.is_within_dialog and merge_key(request) in self._merges

    def _do(
        self,
        action: Action,
        entry: _Server,
        now: float,  # noqa: ARG002 -- for a client's CANCEL
        received: tuple[Request, Peer] | None,
    ) -> None:
        # A missing ACK emits no event here: a session looks after its 2xx by itself.
        if action is Action.SEND and entry.data:
            self._output.packets.append(Packet(entry.data, entry.peer, entry.key))
        elif action is Action.PASS_UP and received is not None:
            self._output.events.append(AckReceived(*received))

    def _forget(self, entry: _Server) -> None:
        self._deadlines.set(entry.key, None)
        self._close(entry)
        self._unmerge(entry)
        if self.entries.pop(entry.key, None) is entry:
            self._overload.counts.leave(entry.source)
