"""Which trunks answer, as far as calls and probes have shown. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

TrunkKey = tuple[str, str]
"""Project and name of a trunk."""

DOWN_FOR: Final = 60.0
"""Seconds that a trunk is tried last after it gave no response, unless it gives one before."""


@dataclass(slots=True)
class TrunkStates:
    """Holds what is known of trunks. `clock` is the time of their states, in seconds."""

    clock: Callable[[], float]
    _down: dict[TrunkKey, float] = field(default_factory=dict)

    @property
    def down(self) -> frozenset[TrunkKey]:
        """The trunks that gave no response when they were asked last."""
        now = self.clock()
        return frozenset(key for key, until in self._down.items() if now < until)

    def called(self, project: str, trunk: str, *, answers: bool) -> None:
        """Learn whether anything came back from a trunk."""
        if answers:
            self._down.pop((project, trunk), None)
        else:
            self._down[project, trunk] = self.clock() + DOWN_FOR
