"""Named asyncio tasks whose crash is never silent, and threads that let calls have their turns."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
P = ParamSpec("P")

log = structlog.get_logger(__name__)

PAUSE: Final = 5.0
"""Seconds until work that crashed begins anew."""

SWITCH_INTERVAL: Final = 0.0006
"""Seconds after which a thread that computes hands over. With Python's own 5 ms, calls wait ten times as long
for their turns while a large file is read. It is not the interval of sound, to tell the two apart."""
FEW_ROWS: Final = 50
"""Rows of a list that are written on the loop: half a millisecond."""
_running: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Start `work` as a task called `name` on the running loop.

    A reference is kept until it ends, so that it cannot be collected half way, and an exception is logged as
    `task crashed` with the task's name.
    """
    task = asyncio.get_running_loop().create_task(work, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def keep_running(
    work: Callable[[], Coroutine[Any, Any, None]], *, name: str, pause: float = PAUSE
) -> asyncio.Task[None]:
    """Start work that never ends. After a crash it is logged as `task crashed`, and begins anew."""

    async def again() -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("task crashed", task=name, again_in=pause)
            await asyncio.sleep(pause)

    return spawn(again(), name=name)


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task crashed", task=task.get_name(), exc_info=error)


async def compute(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run what takes a processor in a thread that hands over to calls soon."""
    with short_turns:
        return await asyncio.to_thread(work, *args, **options)


async def compute_rows(rows: int, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run what goes through so many rows: at once where they are few, and in a thread where calls would wait for it."""
    if rows <= FEW_ROWS:
        return work(*args, **options)
    return await compute(work, *args, **options)


def in_own_thread(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> asyncio.Future[T]:
    """Run what may take long, or never end, in a thread of its own that nothing waits for when the process ends.

    The threads of `asyncio.to_thread` are few, and an exit waits for each of them.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(found: T | None, error: Exception | None) -> None:
        if result.done():
            return
        if error is None:
            result.set_result(cast("T", found))
        else:
            result.set_exception(error)

    def run() -> None:
        found, error = None, None
        try:
            found = work(*args, **options)
        except Exception as raised:  # noqa: BLE001 (who waits gets it)
            error = raised
        with suppress(RuntimeError):  # the loop is gone, and so is who waited
            loop.call_soon_threadsafe(settle, found, error)

    threading.Thread(target=run, name=getattr(work, "__name__", "work"), daemon=True).start()
    return result


class ShortTurns:
    """Holds the thread switch interval short as long as somebody computes. Sound that begins meanwhile keeps its own."""

    def __init__(self) -> None:
        self._computing = 0
        self._usual = 0.0
        self._short = 0.0

    def __enter__(self) -> None:
        self._computing += 1
        if self._computing == 1:
            self._usual = sys.getswitchinterval()
            sys.setswitchinterval(min(SWITCH_INTERVAL, self._usual))
            self._short = sys.getswitchinterval()

    def __exit__(self, *_: object) -> None:
        self._computing -= 1
        if not self._computing and sys.getswitchinterval() == self._short:
            sys.setswitchinterval(self._usual)


short_turns: Final = ShortTurns()
"""For the time in which a thread computes that others wait for."""
