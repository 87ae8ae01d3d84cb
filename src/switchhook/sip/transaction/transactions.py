"""What client and server transactions share: messages, timers, and the actions of their state machines. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from switchhook.sip.transaction.deadlines import Deadlines
    from switchhook.sip.transaction.events import TransactionEvent
    from switchhook.sip.transaction.matching import TransactionKey
    from switchhook.sip.transaction.transaction import Action, Signal, Timing, Transaction
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.transport import Packet, Peer


class Output:
    """What is to be sent and what happened, in order, until the owner of the layer takes it."""

    __slots__ = ("events", "packets")

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.events: list[TransactionEvent] = []


class Entry:
    """A transaction with the messages that it needs."""

    __slots__ = ("data", "key", "owner", "peer", "request", "transaction")

    def __init__(
        self, key: TransactionKey, transaction: Transaction, request: Request, peer: Peer
    ) -> None:
        self.key = key
        self.transaction = transaction
        self.request: Request | None = request
        self.peer = peer
        self.data = b""
        """The request of a client, the latest response of a server."""
        self.owner: object = None


E = TypeVar("E", bound=Entry)
M = TypeVar("M")


class Transactions(ABC, Generic[E, M]):
    """The transactions of one side, by key. `M` is the kind of message that they receive."""

    def __init__(
        self, output: Output, deadlines: Deadlines[TransactionKey], timing: Timing
    ) -> None:
        self.entries: dict[TransactionKey, E] = {}
        self._output = output
        self._deadlines = deadlines
        self._timing = timing

    def handle_timer(self, entry: E, now: float) -> None:
        """Fire the timer of a transaction that is due."""
        self._carry_out(entry, entry.transaction.handle_timer(now), now)

    def _signal(
        self, entry: E, signal: Signal, now: float, received: tuple[M, Peer] | None = None
    ) -> None:
        actions = entry.transaction.signal(signal, now)
        if actions is not None:
            self._carry_out(entry, actions, now, received)

    def _carry_out(
        self,
        entry: E,
        actions: tuple[Action, ...],
        now: float,
        received: tuple[M, Peer] | None = None,
    ) -> None:
        for action in actions:
            self._do(action, entry, now, received)
        if entry.transaction.is_over:
            self._forget(entry)
        else:
            self._deadlines.set(entry.key, deadline_of(entry.transaction))

    @abstractmethod
    def _do(self, action: Action, entry: E, now: float, received: tuple[M, Peer] | None) -> None:
        """Carry one action out."""

    @abstractmethod
    def _forget(self, entry: E) -> None:
        """Forget a transaction."""


def deadline_of(transaction: Transaction) -> float | None:
    """Return when a transaction wants its timer to be handled."""
    retransmit_at, timeout_at = transaction.retransmit_at, transaction.timeout_at
    if retransmit_at is None or timeout_at is None:
        return timeout_at if retransmit_at is None else retransmit_at
    return min(retransmit_at, timeout_at)
