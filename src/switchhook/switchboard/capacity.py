"""The capacity for concurrent calls, shared fairly: no project keeps out all others. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

UNRESERVED_PART: Final = 0.75
"""Part of the capacity that any project may use; the rest is for projects with fewer calls than others."""
MAX_EMERGENCY_CALLS: Final = 20
"""Emergency calls of one project beyond the capacity, since its file defines such numbers."""


class CallCapacity:
    """Counts the running calls of each project; `most` may run at once, all together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._running: dict[str, tuple[str, bool]] = {}
        self._of: Counter[str] = Counter()
        self._emergencies: Counter[str] = Counter()

    def add(self, call: str, project: str, *, is_emergency: bool = False) -> None:
        """Count a call that runs."""
        self._running[call] = project, is_emergency
        self._of[project] += 1
        self._emergencies[project] += is_emergency

    def remove(self, call: str) -> None:
        """Remove a call that ended."""
        project, is_emergency = self._running.pop(call)
        self._of[project] -= 1
        self._emergencies[project] -= is_emergency
        if not self._of[project]:
            del self._of[project], self._emergencies[project]

    def refusal(self, project: str, *, projects: int, is_emergency: bool = False) -> str:
        """Say why one more call of a project may not run; "" where it may. `projects` are there in all.

        When the last quarter of the capacity is used, a project gets no more than its equal part among those that
        have calls.
        """
        running, its = len(self._running), self._of[project]
        if is_emergency and self._emergencies[project] < MAX_EMERGENCY_CALLS:
            return ""
        if running >= self.most:
            return f"{self.most} calls are running, which is the limit"
        if projects < 2 or running < self.most * UNRESERVED_PART:
            return ""
        sharing = len(self._of) + (project not in self._of)
        if its < max(1, self.most // max(2, sharing)):
            return ""
        return f"project {project} has {its} calls running, and what room is left is for others"
