"""Named asyncio tasks whose crash is never silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

log = structlog.get_logger(__name__)

PAUSE: Final = 5.0
"""Seconds until work that crashed begins anew."""

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
