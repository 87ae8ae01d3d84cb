"""How many calls may run at once, and how many of them one project's: no project keeps out all others. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

FREE_FOR_ALL: Final = 0.75
"""Part of the room that is given without a look at whose calls run; the rest is for who has less than others."""
MOST_FOR_HELP: Final = 20
"""Calls for help of one project that run while there is no room: its file says what such a number is."""


class Room:
    """Counts the running calls of each project; `most` may run at once, all together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._running: dict[str, tuple[str, bool]] = {}
        self._of: Counter[str] = Counter()
        self._for_help: Counter[str] = Counter()

    def enter(self, call: str, project: str, *, for_help: bool = False) -> None:
        """Count a call that runs."""
        self._running[call] = project, for_help
        self._of[project] += 1
        self._for_help[project] += for_help

    def leave(self, call: str) -> None:
        """A call is over."""
        project, for_help = self._running.pop(call)
        self._of[project] -= 1
        self._for_help[project] -= for_help
        if not self._of[project]:
            del self._of[project], self._for_help[project]

    def why_not(self, project: str, *, projects: int, for_help: bool = False) -> str:
        """Say why one more call of a project may not run; "" where it may. `projects` are there in all.

        When the last quarter of the room is used, a project gets no more than its equal part among those that
        have calls.
        """
        running, its = len(self._running), self._of[project]
        if for_help and self._for_help[project] < MOST_FOR_HELP:
            return ""
        if running >= self.most:
            return f"{self.most} calls are running, which is the limit"
        if projects < 2 or running < self.most * FREE_FOR_ALL:
            return ""
        sharing = len(self._of) + (project not in self._of)
        if its < max(1, self.most // max(2, sharing)):
            return ""
        return f"project {project} has {its} calls running, and what room is left is for others"
