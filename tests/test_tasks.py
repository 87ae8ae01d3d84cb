"""Work that is to run for ever survives a mistake."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from switchhook.tasks import keep_running
from tests.support.loop import run


def test_work_that_crashed_begins_anew_and_is_told_of() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("a mistake")
        done.set()
        await asyncio.Event().wait()

    async def scenario() -> list[dict[str, object]]:
        with capture_logs() as logs:
            task = keep_running(work, name="works", pause=0.0)
            await done.wait()
            task.cancel()
        return [dict(line) for line in logs]

    done = asyncio.Event()

    told = [(line["event"], line["task"]) for line in run(scenario())]

    assert told == [("task crashed", "works")] * 2
    assert begun == 3
