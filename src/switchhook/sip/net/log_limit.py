"""A limit on log lines that a remote peer can cause: one a minute for each address. Pure."""

from __future__ import annotations

from typing import Final

EVERY: Final = 60.0
"""Seconds."""
MOST: Final = 20
"""Addresses that are named in a minute; what others do is told of together, under "" as their name."""


class LogLimit:
    """Counts what happens for each name, and says when it is time to tell."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, int]] = {}

    def count(self, name: str, now: float) -> tuple[str, int] | None:
        """Note that it happened; return for whom and how often since it was told last, or None."""
        if name not in self._told and len(self._told) >= MOST:
            self._told = {n: told for n, told in self._told.items() if now - told[0] < EVERY}
        if name not in self._told and len(self._told) >= MOST:
            name = ""
        at, times = self._told.get(name, (float("-inf"), 0))
        if now - at < EVERY:
            self._told[name] = at, times + 1
            return None
        self._told[name] = now, 0
        return name, times + 1
