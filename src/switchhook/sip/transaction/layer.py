"""Transport and transaction layer in one object without I/O (RFC 3261 §17, §18).

The owner feeds packets (`receive`, `receive_message`, `reject_malformed`) and time (`handle_timer` when `wake_at` has
come), the transaction user sends requests (`client.request`, `client.cancel`, …) and responses (`server.respond`, …);
after each of these the owner takes out what is to be sent (`take_packets`) and what happened (`take_events`), in order.

A transaction is named by its key. The user can hang an *owner* on it, any object of its own; events
about the transaction bring it back, so that the user needs no index of its own.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from switchhook.sip.transaction.admission import Admission, AdmitAll
from switchhook.sip.transaction.client import ClientTransactions
from switchhook.sip.transaction.deadlines import Deadlines
from switchhook.sip.transaction.events import Diagnostic, TransactionEvent
from switchhook.sip.transaction.matching import (
    TransactionKey,
    server_key,
    stateless_tag,
)
from switchhook.sip.transaction.overload import LoadLimits, TokenBuckets
from switchhook.sip.transaction.overload_control import OverloadControl
from switchhook.sip.transaction.server import ServerTransactions
from switchhook.sip.transaction.transaction import (
    Timing,
)
from switchhook.sip.transaction.transactions import Output
from switchhook.sip.wire.message import MAX_MESSAGE, REASONS, Request, Response
from switchhook.sip.wire.parser import MessageError, parse_message
from switchhook.sip.wire.transport import Packet, Peer, complete_via

if TYPE_CHECKING:
    from collections.abc import Callable


MOST_ECHO: Final = 3
"""Bytes that are said of a datagram that cannot be read, for each byte of it."""
MOST_DIAGNOSTICS: Final = 100
"""Diagnostics that are kept until they are taken; older ones are forgotten."""


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
        timing, limits = timing or Timing(), limits or LoadLimits()
        admission = admission or AdmitAll()
        self._trusted_peers = admission.trusted_peers
        self._deadlines: Deadlines[TransactionKey] = Deadlines()
        self._output = Output()
        self._turns = TokenBuckets(limits, self._trusted_peers)
        self._diagnostics: deque[Diagnostic] = deque(maxlen=MOST_DIAGNOSTICS)
        self.overload = OverloadControl(limits, admission)
        self.client = ClientTransactions(
            self._output, self._deadlines, timing, self._trusted_peers, local, token
        )
        self.server = ServerTransactions(
            self._output,
            self._deadlines,
            timing,
            self._trusted_peers,
            self.overload,
            self.client.entries,
        )

    # Output

    @property
    def wake_at(self) -> float | None:
        """When `handle_timer` is to be called next, or None."""
        return self._deadlines.next_at

    @property
    def transactions(self) -> int:
        """How many transactions are held."""
        return len(self.server.entries) + len(self.client.entries)

    def take_packets(self) -> list[Packet]:
        """Take out what is to be sent, in order."""
        packets, self._output.packets = self._output.packets, []
        return packets

    def take_events(self) -> list[TransactionEvent]:
        """Take out what happened, in order."""
        events, self._output.events = self._output.events, []
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
            self.overload.shed += 1
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
            self.server.receive(complete_via(message, source), source, now)
        else:
            self.client.receive(message, source, now)

    def reject_malformed(self, error: MessageError, source: Peer, most: int = MAX_MESSAGE) -> None:
        """Answer what could not be read, where it can be answered at all, with `most` bytes.

        What would be said of a mistake may be much longer than it is, and its address forged.
        """
        if not error.is_silence:
            self._diagnostics.append(Diagnostic(source, (str(error),), unread=True))
        partial = error.partial
        if partial is not None and partial.method != "ACK":
            reason = f"{REASONS.get(error.status, 'Bad Request')}: {error}"
            self.server.respond_without_transaction(
                complete_via(partial, source), source, error.status, reason=reason
            )
            if len(self._output.packets[-1].data) > most:
                del self._output.packets[-1]

    def internal_error(self, message: Request | Response, source: Peer, now: float) -> None:
        """Answer 500 where handling `message` raised an error of ours, and leave nothing open."""
        if not isinstance(message, Request) or message.method == "ACK":
            return
        request = complete_via(message, source)
        key = server_key(request)
        tag = stateless_tag(request)
        if key not in self.server.entries:
            self.server.respond_without_transaction(request, source, 500)
        else:
            self.server.respond(key, 500, now, to_tag=tag)

    def handle_timer(self, now: float) -> None:
        """Fire the timers that are due."""
        while (key := self._deadlines.take_due(now)) is not None:
            client = self.client.entries.get(key)
            if client is not None:
                self.client.handle_timer(client, now)
                continue
            server = self.server.entries.get(key)
            if server is not None:
                self.server.handle_timer(server, now)

    def transport_error(self, key: object, now: float) -> None:
        """Learn that a packet of the transaction `key` could not be sent."""
        self.client.transport_error(key, now)

    def flow_closed(self, peer: Peer, now: float) -> None:
        """Learn that the connection to `peer` is gone: its requests will not be answered."""
        self._trusted_peers.forget(peer)
        self.client.flow_closed(peer, now)
