"""Overload control: each peer's turns by the second, and the state held for it. Untrusted sources are shed first.

Two measures. *Turns* bound how many messages of one source are looked at each second, before they are read:
what is over its share costs a few microseconds. The *crowd* bounds what is held for a source until its requests
are over. A source is what `TrustedPeers.quota_key` says: a telephone's flow, an address of a known network, or
an untrusted address, IPv6 by /64. So a flood uses up its own source's share only, whatever its method.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from switchhook.sip.transaction.trust import TrustLevel

if TYPE_CHECKING:
    from switchhook.sip.transaction.trust import TrustedPeers
    from switchhook.sip.wire.transport import Peer

MOST_SOURCES: Final = 20_000
MUCH: Final = 200
"""Transactions; a call leaves some five for half a minute."""


class Lag(IntEnum):
    """How far what comes in waits for us."""

    NONE = 0
    BEHIND = 1
    """Untrusted sources are refused, and from trusted ones the requests that clients repeat by themselves, such
    as REGISTER."""
    FAR_BEHIND = 2
    """New calls too. Calls that stand go on, and so do emergency calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRate:
    """Messages a second in the long run, and at once after a pause."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimits:
    """The bounds of one transaction layer. `open_requests` are those outside of dialogs without a final response."""

    open_requests: int = 5_000
    open_requests_per_source: int = 2_000
    transactions: int = 40_000
    """All transactions, those included that only absorb retransmissions, which is most of them: a call
    leaves four or five for half a minute. Beyond it, a source with less than its equal part goes on."""
    transactions_per_source: int = 20_000
    """As before, for one source: some three hundred calls a second."""
    retry_after: int = 5
    """Seconds, to which up to ten are added so that not all come again at once."""
    network: MessageRate = MessageRate(rate=4_000, burst=4_000)
    """An address of a known network: some five hundred calls a second."""
    called: MessageRate = MessageRate(rate=2_000, burst=2_000)
    """A peer that we called, such as a trunk without networks of its own."""
    authenticated: MessageRate = MessageRate(rate=600, burst=600)
    """An authenticated peer: some eighty calls a second."""
    untrusted: MessageRate = MessageRate(rate=100, burst=400)
    """An address: an office whose telephones all start again at once."""
    all_untrusted: MessageRate = MessageRate(rate=500, burst=2_000)
    """All untrusted sources together, except those at the address of a trusted peer."""


class TokenBuckets:
    """Token buckets: each source has turns, which refill by the second."""

    def __init__(self, limits: LoadLimits, trusted_peers: TrustedPeers) -> None:
        self._trusted_peers = trusted_peers
        self._shares = {
            TrustLevel.NETWORK: limits.network,
            TrustLevel.CALLED: limits.called,
            TrustLevel.AUTHENTICATED: limits.authenticated,
            TrustLevel.SAME_HOST: limits.untrusted,
            TrustLevel.UNTRUSTED: limits.untrusted,
        }
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._untrusted = _Bucket(limits.all_untrusted, 0.0)

    def take(self, source: Peer, now: float) -> bool:
        """Take a turn of `source`, if it has one."""
        level = self._trusted_peers.level(source, now)
        bucket = self._bucket(source, level, now)
        if bucket.left(now) < 1.0:
            return False
        if level is TrustLevel.UNTRUSTED:
            if self._untrusted.left(now) < 1.0:
                return False
            self._untrusted.tokens -= 1.0
        bucket.tokens -= 1.0
        return True

    def charge(self, source: Peer, now: float) -> None:
        """Take a turn in any case: what comes on a connection is not thrown away but slowed down."""
        self._bucket(source, self._trusted_peers.level(source, now), now).tokens -= 1.0

    def wait(self, source: Peer, now: float) -> float:
        """Return after how many seconds `source` has a turn; nothing is to be read of it until then."""
        bucket = self._bucket(source, self._trusted_peers.level(source, now), now)
        return max(0.0, (1.0 - bucket.left(now)) / bucket.share.rate)

    def _bucket(self, source: Peer, level: TrustLevel, now: float) -> _Bucket:
        quota_key = self._trusted_peers.quota_key(source, level)
        bucket = self._buckets.get(quota_key)
        if bucket is None:
            if len(self._buckets) >= MOST_SOURCES:
                self._buckets.popitem(last=False)
            bucket = self._buckets[quota_key] = _Bucket(self._shares[level], now)
        bucket.share = self._shares[level]  # whom we called may prove a password later
        return bucket


class _Bucket:
    __slots__ = ("at", "share", "tokens")

    def __init__(self, share: MessageRate, now: float) -> None:
        self.share = share
        self.tokens = share.burst
        self.at = now

    def left(self, now: float) -> float:
        """Return how many turns there are, after filling up."""
        if now > self.at:
            self.tokens = min(self.share.burst, self.tokens + (now - self.at) * self.share.rate)
            self.at = now
        return self.tokens


class TransactionCounts:
    """Counts the server transactions of each source."""

    def __init__(self, limits: LoadLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._all_open = 0
        self._all_held = 0

    def enter(self, source: str, *, opens: bool) -> None:
        """Count a new transaction; `opens`: a request outside of dialogs."""
        self._held[source] += 1
        self._all_held += 1
        if opens:
            self._open[source] += 1
            self._all_open += 1

    def close(self, source: str) -> None:
        """Note that an open request got its final response."""
        _count_down(self._open, source)
        self._all_open -= 1

    def leave(self, source: str) -> None:
        """Note that a transaction is over."""
        _count_down(self._held, source)
        self._all_held -= 1

    def is_full(self, source: str, transactions: int) -> bool:
        """Say whether a request outside of dialogs is one too many."""
        limits = self._limits
        held, opened = self._held[source], self._open[source]
        if held >= limits.transactions_per_source or opened >= limits.open_requests_per_source:
            return True
        if self.is_overflowing(transactions) or self._all_open >= 2 * limits.open_requests:
            return True
        return (
            transactions >= limits.transactions and held * len(self._held) >= self._all_held
        ) or (self._all_open >= limits.open_requests and opened * len(self._open) >= self._all_open)

    def is_above_others(self, source: str) -> bool:
        """Say whether a source holds much, and more than the average of all who hold anything."""
        held = self._held[source]
        return held >= MUCH and held * len(self._held) > self._all_held

    def is_overflowing(self, transactions: int) -> bool:
        """Say whether even a request within a dialog is one too many: calls that stand go on longer."""
        return transactions >= 2 * self._limits.transactions


def _count_down(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
