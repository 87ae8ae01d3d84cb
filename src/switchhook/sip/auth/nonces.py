"""The nonces of one digest realm: each is signed, and holds its time and address; its count must rise.

Only nonces that were used with the right password are stored. A nonce holds everything else itself, so an
unanswered challenge leaves no state.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MIN_KEY: Final = 16


@dataclass(frozen=True, slots=True)
class Nonce:
    """A nonce of ours that is not too old."""

    text: str
    issued: float
    asker: str
    """The address that it was sent to; its sender could read packets there."""


class Nonces:
    """`key` signs them; one of another key is unknown, so a new key at each start is fine.

    A nonce lives for `lifetime` seconds, and the latest `memory` that were used are held.
    """

    def __init__(self, realm: str, key: bytes, *, lifetime: float, memory: int) -> None:
        if len(key) < MIN_KEY:
            raise ValueError(f"a key of {len(key)} bytes can be guessed; give at least {MIN_KEY}")
        self._realm = realm
        self._key = key
        self._lifetime = lifetime
        self._memory = memory
        self._made = 0
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._forgotten = float("-inf")

    def __len__(self) -> int:
        """How many are held."""
        return len(self._counts)

    def make(self, asker: str, now: float) -> str:
        """Make a nonce for `asker`."""
        # The count keeps two clients from sharing a nonce, which would look like a replay.
        self._made += 1
        stamp = f"{int(now * 1000):x}.{self._made:x}.{asker.encode().hex()}"
        return f"{stamp}.{self._sign(stamp)}"

    def read(self, text: str, now: float) -> Nonce | None:
        """Return a nonce that is ours and fresh, None for any other."""
        stamp, _, signature = text.rpartition(".")
        if not is_equal(self._sign(stamp), signature):
            return None
        at, _, asker = stamp.split(".")
        issued = int(at, 16) / 1000
        if issued <= self._forgotten or now - issued > self._lifetime:
            return None
        return Nonce(text, issued, bytes.fromhex(asker).decode())

    def spend(self, nonce: Nonce, count: int, now: float) -> bool:
        """Take this use into account; False where it was used with this count or a higher one."""
        _, last = self._counts.get(nonce.text, (nonce.issued, -1))
        if count <= last:
            return False
        self._counts[nonce.text] = (nonce.issued, count)
        self._forget(now)
        return True

    def _sign(self, stamp: str) -> str:
        signed = f"{self._realm}\0{stamp}".encode("utf-8", "surrogateescape")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()[:32]

    def _forget(self, now: float) -> None:
        """Drop nonces that are too old, and the oldest where there are too many.

        What is dropped early is unknown from then on together with everything older, so that it cannot
        be replayed.
        """
        while self._counts:
            issued, _ = next(iter(self._counts.values()))
            if len(self._counts) > self._memory:
                self._forgotten = max(self._forgotten, issued)
            elif now - issued <= self._lifetime:
                return
            self._counts.popitem(last=False)


def is_equal(one: str, other: str) -> bool:
    """Compare without telling by the time taken how much was right."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape")
    )
