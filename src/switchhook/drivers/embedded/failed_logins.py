"""The failed logins by user and address, against password guessing. Pure.

It counts by address and user, so that one telephone with an old password holds up no other, and a guesser
elsewhere no telephone. The address is the one that the nonce was sent to: the sender of a nonce could read our
answer there, so a forged source blocks no other address.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from switchhook.sip.transaction.trust import address_block

MOST_FAILURES: Final = 30
"""Wrong passwords for one user that one address may try in a window before it has to wait."""
WINDOW: Final = 60.0
"""Seconds."""
MOST_SUSPECTS: Final = 10_000


class FailedLogins:
    """Counts mistakes; the oldest suspects make room for new ones."""

    def __init__(self) -> None:
        self._mistakes: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        """How many suspects are remembered."""
        return len(self._mistakes)

    def is_blocked(self, user: str, address: str, now: float) -> bool:
        """Say whether this address has to wait before another password for `user` is looked at."""
        since, count = self._mistakes.get((address_block(address), user), (now, 0))
        return count >= MOST_FAILURES and now - since < WINDOW

    def note(self, user: str, address: str, now: float) -> None:
        """Count a wrong password."""
        key = address_block(address), user
        since, count = self._mistakes.pop(key, (now, 0))
        if now - since >= WINDOW:
            since, count = now, 0
        if len(self._mistakes) >= MOST_SUSPECTS:
            self._mistakes.popitem(last=False)
        self._mistakes[key] = since, count + 1
