"""Slows those who guess passwords, and locks nobody out: tries are counted by source and by account.

Whoever signed in before shows it by the key of an earlier session, and only their own tries count. Of others each source
has its tries, and each source at each account; once an account has seen many wrong ones, a source that tried it waits
until its own are forgotten, while a fresh one has a try. So a stranger with many addresses gets one try each, and the
user who types the password right gets in with the first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from switchhook.hostnames import network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MAX_KEYS: Final = 10_000
"""Sources, accounts or pairs that are remembered."""


class LeakyBuckets:
    """Counts events by a key: `burst` at once, then one in `refill` seconds."""

    def __init__(self, ticks: Callable[[], float], *, burst: int, refill: float) -> None:
        self._ticks = ticks
        self._burst = burst
        self._refill = refill
        self._empty_at: OrderedDict[Hashable, float] = OrderedDict()

    def seconds_to_wait(self, key: Hashable) -> float:
        """Return how long it takes until one more is allowed; 0: it is now."""
        return max(0.0, self.seconds_to_empty(key) - (self._burst - 1) * self._refill)

    def seconds_to_empty(self, key: Hashable) -> float:
        """Return how long it takes until none is remembered."""
        return max(0.0, self._empty_at.get(key, 0.0) - self._ticks())

    def add(self, key: Hashable) -> None:
        """Count one."""
        until = max(self._ticks(), self._empty_at.pop(key, 0.0)) + self._refill
        self._empty_at[key] = until
        if len(self._empty_at) > MAX_KEYS:
            self._empty_at.popitem(last=False)


class GuessLimit:
    """Counts wrong passwords."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        """`ticks` are seconds that pass, such as `time.monotonic`."""
        self._sources = LeakyBuckets(ticks, burst=10, refill=6.0)
        self._pairs = LeakyBuckets(ticks, burst=5, refill=30.0)
        self._accounts = LeakyBuckets(ticks, burst=20, refill=30.0)
        self._devices = LeakyBuckets(ticks, burst=10, refill=30.0)

    def seconds_to_wait(self, login: str, source: str, *, device: str = "") -> float:
        """Return how long an address has to wait before its next try at an account; 0: not at all.

        `device` is the id of an earlier session of that user, whose key came along.
        """
        if device:
            return self._devices.seconds_to_wait(device)
        network = network_of(source)
        pair = (login, network)
        wait = max(self._sources.seconds_to_wait(network), self._pairs.seconds_to_wait(pair))
        is_attacked = self._accounts.seconds_to_wait(login) > 0
        return max(wait, self._pairs.seconds_to_empty(pair)) if is_attacked else wait

    def note_wrong(self, login: str, source: str, *, device: str = "") -> None:
        """Count a wrong try."""
        if device:
            self._devices.add(device)
            return
        network = network_of(source)
        self._sources.add(network)
        self._pairs.add((login, network))
        self._accounts.add(login)
