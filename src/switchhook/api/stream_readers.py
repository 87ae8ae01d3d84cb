"""The open streams of server-sent events."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

MAX_READERS: Final = 10
"""Open streams of one project."""
MAX_ALL_READERS: Final = 100
"""Open streams of all projects: half of the connections."""


@dataclass(slots=True)
class StreamReaders:
    """Counts the open streams, and knows whether they are to end."""

    of_project: Counter[str] = field(default_factory=Counter)
    is_stopping: bool = False

    def stop(self) -> None:
        """End all of them within about a second."""
        self.is_stopping = True

    def has_room_for(self, project: str) -> bool:
        """Say whether a project may open another stream."""
        return self.of_project[project] < MAX_READERS and self.of_project.total() < MAX_ALL_READERS
