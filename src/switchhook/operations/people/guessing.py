"""Slows those who guess passwords, and locks nobody out: tries are counted by source and by account.

Whoever signed in before shows it by the key of an earlier session, and only their own tries count. Of others each source
has its tries, and each source at each account; once an account has seen many wrong ones, a source that tried it waits
until its own are forgotten, while a fresh one has a try. So a stranger with many addresses gets one try each, and the
user who types the password right gets in with the first.

One-time passwords have six digits, so they are counted by user: wrong ones that came with the right password, and apart
from them those by which somebody wants to wait no longer (RFC 6238 §5.1, RFC 4226 §7.3).
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

    def take_back(self, key: Hashable) -> None:
        """Count one less."""
        if key in self._empty_at:
            self._empty_at[key] -= self._refill


class GuessLimit:
    """Counts wrong passwords."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        """`ticks` are seconds that pass, such as `time.monotonic`."""
        self._sources = LeakyBuckets(ticks, burst=10, refill=6.0)
        self._pairs = LeakyBuckets(ticks, burst=5, refill=30.0)
        self._accounts = LeakyBuckets(ticks, burst=20, refill=30.0)
        self._devices = LeakyBuckets(ticks, burst=10, refill=30.0)
        self._codes = LeakyBuckets(ticks, burst=10, refill=300.0)
        self._way_out = LeakyBuckets(ticks, burst=10, refill=300.0)

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

    def note_try(self, login: str, source: str, *, device: str = "") -> None:
        """Count a try as wrong before it is looked at, so that tries at once are counted as tries in turn."""
        for buckets, key in self._counted(login, source, device):
            buckets.add(key)

    def forgive(self, login: str, source: str, *, device: str = "") -> None:
        """Count a try no longer: it was right, or could not be looked at."""
        for buckets, key in self._counted(login, source, device):
            buckets.take_back(key)

    def _counted(
        self, login: str, source: str, device: str
    ) -> tuple[tuple[LeakyBuckets, Hashable], ...]:
        if device:
            return ((self._devices, device),)
        network = network_of(source)
        return (
            (self._sources, network),
            (self._pairs, (login, network)),
            (self._accounts, login),
        )

    def seconds_to_code(self, login: str) -> float:
        """Return how long nobody's one-time password is looked at beside the right password; 0: it is now."""
        return self._codes.seconds_to_wait(login)

    def note_wrong_code(self, login: str) -> None:
        """Count a wrong one-time password that came with the right password."""
        self._codes.add(login)

    def may_leave_queue(self, login: str) -> bool:
        """Say whether a one-time password may end a wait: not after many that did not."""
        return not self._way_out.seconds_to_wait(login)

    def note_not_left(self, login: str) -> None:
        """Count a try to end a wait by a one-time password, which was wrong or came with a wrong password."""
        self._way_out.add(login)
