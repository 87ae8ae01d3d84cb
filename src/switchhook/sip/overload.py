"""How much is held for strangers before they are told to come later (503 with Retry-After)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one stack. `open_requests` are those outside of dialogs without a final response."""

    open_requests: int = 5_000
    open_requests_per_source: int = 2_000
    transactions: int = 40_000
    """All transactions, those included that only absorb retransmissions, which is most of them: a call
    leaves four or five for half a minute."""
    transactions_per_source: int = 20_000
    """As before, for one address: some three hundred calls a second."""
    retry_after: int = 5
    """Seconds."""


class Crowd:
    """Counts the server transactions of each address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._held: Counter[str] = Counter()

    def enter(self, source: str, *, opens: bool) -> None:
        """Count a new transaction; `opens`: a request outside of dialogs."""
        self._held[source] += 1
        if opens:
            self._open[source] += 1

    def close(self, source: str) -> None:
        """Note that an open request got its final response."""
        _count_down(self._open, source)

    def leave(self, source: str) -> None:
        """Note that a transaction is over."""
        _count_down(self._held, source)

    def is_full(self, source: str, transactions: int) -> bool:
        """Say whether a request outside of dialogs is one too many."""
        limits = self._limits
        return (
            transactions >= limits.transactions
            or self._held[source] >= limits.transactions_per_source
            or self._open[source] >= limits.open_requests_per_source
            or self._open.total() >= limits.open_requests
        )

    def is_overflowing(self, transactions: int) -> bool:
        """Say whether even a request within a dialog is one too many: calls that stand go on longer."""
        return transactions >= 2 * self._limits.transactions


def _count_down(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
