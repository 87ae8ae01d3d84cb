"""User agents on a network that exists in memory only: with its own clock, and as bad as one likes."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from switchhook.sip.ua.user_agent import UserAgent
from switchhook.sip.wire.transport import Packet, Peer

if TYPE_CHECKING:
    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.ua.commands import UserAgentCommand
    from switchhook.sip.ua.events import UserAgentEvent

Act = Callable[[], None]


class Network:
    """A clock and the packets under way. Equal seeds give equal runs."""

    def __init__(self, seed: int, *, loss: float = 0.0, twice: float = 0.0) -> None:
        self.now = 0.0
        self.chance = Random(seed)
        self.sent = 0
        self._loss = loss
        self._twice = twice
        self._nodes: dict[tuple[str, int], Node] = {}
        self._agenda: list[tuple[float, int, Act]] = []
        self._count = count()

    def node(
        self, host: str, handler: Callable[[UserAgentEvent], None], timing: Timing | None = None
    ) -> Node:
        """Put a user agent at `host`; `handler` hears its events."""
        node = Node(self, host, handler, timing)
        self._nodes[host, 5060] = node
        return node

    def unplug(self, node: Node) -> None:
        """Cut a node off for good: nothing reaches it, and nothing of it goes out."""
        del self._nodes[node.peer.host, node.peer.port]

    def later(self, delay: float, act: Act) -> None:
        """Do something after `delay` seconds."""
        heappush(self._agenda, (self.now + delay, next(self._count), act))

    def dispatch(self, packet: Packet, source: Node) -> None:
        """Carry a packet, or lose it, or carry it twice; later ones may overtake it."""
        self.sent += 1
        target = self._nodes.get((packet.peer.host, packet.peer.port))
        copies = 2 if self.chance.random() < self._twice else 1
        for _ in range(copies):
            if target is not None and self.chance.random() >= self._loss:
                delay = self.chance.uniform(0.001, 0.15)
                self.later(delay, lambda: target.hear(packet.data, source.peer))

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            timers = [(n.agent.wake_at, n) for n in self._nodes.values()]
            wake_at, node = min(
                ((at, n) for at, n in timers if at is not None),
                default=(until + 1, None),
                key=lambda pair: pair[0],
            )
            planned = self._agenda[0][0] if self._agenda else until + 1
            if min(wake_at, planned) > until:
                break
            if planned <= wake_at or node is None:
                self.now, _, act = heappop(self._agenda)
                act()
            else:
                self.now = max(self.now, wake_at)
                node.handle_timer()
        self.now = until


class Node:
    """One user agent and its handler."""

    def __init__(
        self,
        network: Network,
        host: str,
        handler: Callable[[UserAgentEvent], None],
        timing: Timing | None = None,
    ) -> None:
        self.peer = Peer("UDP", host, 5060)
        self._network = network
        self._handler = handler
        numbers = count(1)
        self.agent = UserAgent(
            local=lambda _peer: (host, 5060),
            token=lambda: f"{host}-{next(numbers)}",
            timing=timing,
            chance=network.chance.random,
        )

    def hear(self, data: bytes, source: Peer) -> None:
        self.agent.receive(data, source, self._network.now)
        self._drain()

    def handle_timer(self) -> None:
        self.agent.handle_timer(self._network.now)
        self._drain()

    def perform(self, command: UserAgentCommand) -> None:
        self.agent.perform(command, self._network.now)
        self._drain()

    def _drain(self) -> None:
        for packet in self.agent.take_packets():
            self._network.dispatch(packet, self)
        for event in self.agent.take_events():
            self._handler(event)
