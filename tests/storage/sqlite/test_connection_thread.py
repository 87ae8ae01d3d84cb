"""Questions to the database run beside the loop, in order, and their errors come back explained."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.connection_thread import ConnectionThread
from tests.support.loop import run

if TYPE_CHECKING:
    import sqlite3


def connection_thread() -> ConnectionThread:
    return ConnectionThread(open_to_write(None), database="the database", name="thread")


def test_a_job_runs_in_the_thread_of_its_connection() -> None:
    async def scenario() -> None:
        reading = connection_thread()
        names = [await reading.run(lambda _: threading.current_thread().name) for _ in range(2)]
        assert names == ["thread_0", "thread_0"]
        await reading.close()

    run(scenario())


def test_the_loop_turns_while_a_job_waits() -> None:
    async def scenario() -> None:
        reading, go = connection_thread(), threading.Event()

        def waiting(_connection: sqlite3.Connection) -> bool:
            return go.wait(20)

        async def release() -> None:
            go.set()

        waited, _ = await asyncio.gather(reading.run(waiting), release())
        assert waited
        await reading.close()

    run(scenario())


def test_errors_come_back_explained() -> None:
    async def scenario() -> None:
        reading = connection_thread()
        with pytest.raises(StoreError, match="no such table: nowhere"):
            await reading.run(lambda connection: connection.execute("SELECT * FROM nowhere"))
        await reading.close()
        await reading.close()
        with pytest.raises(StoreError, match="the database is closed"):
            await reading.run(lambda _: None)

    run(scenario())
