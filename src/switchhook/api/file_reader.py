"""Reads project files that come over HTTP without blocking calls: long ones in a worker process.

Python runs one thread at a time, so a long file that is read in this process takes sound and signalling
their turns. What a file may hold is bounded before, by the size of a request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from anyio import CapacityLimiter, to_process

from switchhook.operations.projects import read_file
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes
from switchhook.tasks import compute, spawn

if TYPE_CHECKING:
    from switchhook.operations.projects import ReadFile

SHORT: Final = 16_384
"""Characters that are read within some 30 ms, which is less than a process takes to begin."""
TIMEOUT: Final = 30.0
"""Seconds for one file; then its process is ended."""


async def read_in_worker(text: str) -> ReadFile | Mistakes:
    """Read a project file and judge it by itself."""
    if len(text) <= SHORT:
        return await compute(read_file, text)
    # A process would be left behind if whoever waits for it went away while it begins (anyio 4).
    await asyncio.shield(spawn(_begin(), name="begin a process that reads files"))
    try:
        async with asyncio.timeout(TIMEOUT):
            return await to_process.run_sync(read_file, text, cancellable=True, limiter=_ONE)
    except TimeoutError:
        problem = f"reading the file took more than {TIMEOUT:.0f} seconds"
        return Mistakes((Mistake(line=0, path=(), problem=problem, advice="make it shorter"),))


async def _begin() -> None:
    """Have a worker process that waits for work."""
    await to_process.run_sync(bool, limiter=_ONE)


_ONE: Final = CapacityLimiter(1)
"""One process is enough: long files are few, and calls need the other processors."""
