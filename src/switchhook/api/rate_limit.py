"""Limits how many wrong keys one address may send (T-38), and how many requests one token."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from switchhook.hostnames import network_of
from switchhook.operations.people.guessing import LeakyBuckets

if TYPE_CHECKING:
    from collections.abc import Callable

BURST: Final = 10
"""Wrong keys at once."""
REFILL_SECONDS: Final = 6.0
"""Seconds after which one more is allowed."""
MAX_TOKENS: Final = 10_000
"""Tokens whose requests are remembered."""


WINDOW: Final = 60.0
"""Seconds in which a token's allowance is full again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAllowance:
    """What a token may still send, after a request."""

    limit: int
    remaining: int
    reset: int
    """Seconds until all of `limit` is there again."""
    wait: int = 0
    """Seconds until the next request is accepted; 0: this one is."""

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that tell it."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }
        return told | ({"Retry-After": str(self.wait)} if self.wait else {})


class RequestLimit:
    """Counts the requests of each token, as a leaky bucket that a minute empties."""

    def __init__(self, ticks: Callable[[], float], *, per_minute: int) -> None:
        self._ticks = ticks
        self._limit = per_minute
        self._each = WINDOW / per_minute
        self._full_until: OrderedDict[str, float] = OrderedDict()
        """When each token has used up nothing any more."""

    def take(self, token: str) -> RequestAllowance:
        """Count a request, unless the token has used up what it may send: then say how long it has to wait."""
        now = self._ticks()
        until = max(now, self._full_until.pop(token, 0.0)) + self._each
        over = until - now - WINDOW
        is_over = over > self._each / 1000  # what floats leave over is no request
        until -= self._each * is_over
        self._full_until[token] = until
        if len(self._full_until) > MAX_TOKENS:
            self._full_until.popitem(last=False)
        return RequestAllowance(
            limit=self._limit,
            remaining=max(0, int((WINDOW - (until - now)) / self._each + 0.001)),
            reset=ceil(until - now),
            wait=max(1, ceil(over)) if is_over else 0,
        )


class WrongKeyLimit:
    """Counts wrong keys by source address, as a leaky bucket.

    Many programs may share an address, behind a proxy that is. So requests with a good key are not counted: a
    client with wrong keys must not keep out the others, after a restart neither. Litestar's own limiter counts
    every request, good or wrong, and by the wall clock.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._wrong = LeakyBuckets(ticks, burst=BURST, refill=REFILL_SECONDS)

    def seconds_to_wait(self, address: str) -> float:
        """Return how long an address has to wait before it may try another key; 0: not at all."""
        return self._wrong.seconds_to_wait(network_of(address))

    def note_wrong(self, address: str) -> None:
        """Count a wrong key."""
        self._wrong.add(network_of(address))
