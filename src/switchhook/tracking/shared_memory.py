"""A bounded memory that projects share: the one that holds most makes room."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")


class SharedMemory(Generic[V]):
    """Values of projects by their names. What was put longest ago goes first, of the project that holds most.

    So one project that fills it takes nothing from another that holds less.
    """

    def __init__(self, most: int) -> None:
        """`most` are the values of all projects together."""
        self._most = most
        self._count = 0
        self._values: defaultdict[str, dict[str, V]] = defaultdict(dict)

    def get(self, project: str, name: str) -> V | None:
        """Return a value of a project, or None."""
        own = self._values.get(project)
        return None if own is None else own.get(name)

    def put(self, project: str, name: str, value: V) -> None:
        """Hold a value in place of the one of its name; it counts as the project's newest."""
        self.pop(project, name)
        self._values[project][name] = value
        self._count += 1
        while self._count > self._most:
            largest = max(self._values, key=lambda one: len(self._values[one]))
            self.pop(largest, next(iter(self._values[largest])))

    def pop(self, project: str, name: str) -> None:
        """Hold a value no longer, if there is one."""
        own = self._values.get(project, {})
        if own.pop(name, None) is None:
            return
        self._count -= 1
        if not own:
            del self._values[project]

    def keep(self, is_kept: Callable[[V], bool]) -> None:
        """Hold only the values of which this is true."""
        for project, own in list(self._values.items()):
            for name in [name for name, value in own.items() if not is_kept(value)]:
                self.pop(project, name)
