"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never waits: what a loop would have waited for is added to its clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen: no timer, no socket")
            self.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code that waits on timers alone; sockets and threads do not mix with it."""

    def __init__(self) -> None:
        self._selector_of_time = _Jumping()
        super().__init__(self._selector_of_time)

    def time(self) -> float:
        """Return the virtual time, which begins with 0."""
        return self._selector_of_time.now

    def stand_still(self, seconds: float) -> None:
        """Let time pass without a look at timers, as where the process is stopped."""
        self._selector_of_time.now += seconds


def run_virtually(scenario: Coroutine[Any, Any, T]) -> T:
    """Run `scenario` in virtual time and return its result. A standstill is an error."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario)
