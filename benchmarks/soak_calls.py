"""Whether a server that runs for long holds more and more: many calls, and what is left of them.

    python -m benchmarks.soak_calls [--calls 100000] [--rate 50] [--trace]

From the project's root. A whole Switchhook runs in this process, with its database in a file; SIPp calls
and is called, and a webhook is asked and an event delivered for each call. One call in five hears a
prompt first, so that its sound is led through us.

Two things are judged, and the exit status is 1 where one of them is not as it should be. Memory: once
nobody calls, Python holds as many blocks as before the calls, but for what bounded caches hold and one in two calls; SQLite holds no
more than the caches that it was given; and over the last half of the calls, where those caches are full,
the process grows by less than 200 bytes a call. What is left: as many descriptors, threads, tasks,
dialogs, transactions and bridges as before, and of no class of ours more objects than one for a hundred
calls. `--trace` shows
where memory was taken that is still held; it makes everything several times slower.
"""

from __future__ import annotations

import _sqlite3
import argparse
import asyncio
import ctypes
import gc
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from tests.support.answering import answering
from tests.support.sipp import Sipp

from switchhook.app.application import open_application
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.sounds import SOUNDS
from switchhook.settings import Settings
from switchhook.sip.rtp.wav import write_wav
from switchhook.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchhook.app.application import Application

CALLERS: Final = 200
"""Numbers that call, in turns: of each caller a little is remembered."""
WARM_UP: Final = 400
"""Calls before anything is counted: each caller calls twice."""
PAUSE: Final = 2.0
"""Seconds between two looks."""
IDLE: Final = 120.0
"""Seconds until nothing may be left: transactions stay for half a minute after a call."""
CACHES: Final = 20_000
"""Blocks of Python's that bounded caches (of addresses, names, heads) hold once they are full."""
BLOCKS: Final = 0.5
"""Blocks of Python's a call: one of what every call leaves would be 1 at least."""
FULL: Final = 100.0
"""Bytes a call by which SQLite's memory grows at most when its caches are full."""
GROWTH: Final = 200.0
"""Bytes a call by which memory may seem to grow: what a page more or less makes of it."""
SQLITE: Final = 3 * (64 << 20) * 1.25
"""Bytes that SQLite may hold: the caches of three connections, and what manages them."""

PROJECT: Final = """
[project]
id = "soak"
name = "Soak"
country = "UA"
allowed_networks = ["127.0.0.0/8"]

[outside_calls]
concurrent_calls = 0
calls_per_day = 0
minutes_per_day = 0

[[sounds]]
name = "hello"
file = "hello.wav"

[[numbers]]
number = "380900000001"
scheme = 1

[[numbers]]
number = "380900000002"
scheme = 2

[[trunks]]
name = "carrier"
host = "127.0.0.1"
port = {trunk}
sources = ["127.0.0.1/32"]

[[forwarding_numbers]]
name = "crm"
url = "http://127.0.0.1:{web}/ask"

[[events]]
name = "told"
event = "incoming.after"

[[events.webhooks]]
url = "http://127.0.0.1:{web}/told"

[[schemes]]
id = 1
name = "asks"
steps = [{{ ask = "crm" }}]

[[schemes]]
id = 2
name = "says hello"
steps = [{{ play = ["hello"] }}, {{ ask = "crm" }}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the process held when so many calls had begun; bytes."""

    calls: int
    failed: int
    resident: int
    sqlite: int

    @property
    def rest(self) -> int:
        """Return what is not SQLite's."""
        return self.resident - self.sqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the process held while nobody called."""

    held: dict[str, int]
    """Descriptors, tasks, dialogs and what else a call needs."""
    objects: Counter[str]
    """Of our own classes."""
    blocks: int
    """Of Python's memory."""


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=50, help="calls a second")
    parser.add_argument("--trace", action="store_true", help="show where held memory was taken")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        faults = asyncio.run(
            soak(Path(directory), arguments.calls, arguments.rate, trace=arguments.trace)
        )
    for fault in faults:
        print(f"FAULT: {fault}")
    sys.exit(1 if faults else 0)


async def soak(directory: Path, calls: int, rate: int, *, trace: bool) -> list[str]:
    """Let the calls come and go; return what is not as it should be."""
    with ExitStack() as stack:
        web = stack.enter_context(answering('{"dst_phone":"380500000009"}'))
        words = {"ANSWERS": "[0-9]+", "BUSY": "none", "DELAY": "20", "HOLD": "60000"}
        callee = Sipp(directory, "e2e_callee", replace=words, trace=False)
        stack.enter_context(callee)
        settings = await _prepare(directory, trunk=callee.port, web=web)
        async with open_application(settings) as app:
            _, failed = await _make_calls(app, directory, calls=WARM_UP, rate=min(rate, 40))
            if failed:
                return [f"{failed} of the first {WARM_UP} calls failed"]
            await _idle(app)
            before = _kept(app)
            if trace:
                tracemalloc.start(8)
                taken = tracemalloc.take_snapshot()
            looks, failed = await _make_calls(app, directory, calls=calls, rate=rate)
            await _idle(app)
            await _no_more_than(app, before.held)
            after = _kept(app)
            if trace:
                _show_memory(tracemalloc.take_snapshot(), taken, calls)
    print(
        f"left: {after.held}; blocks of Python a call: {(after.blocks - before.blocks) / calls:.2f}"
    )
    return [
        *([f"{failed} calls failed"] if failed else []),
        *judge_memory(looks),
        *judge_rest(before, after, calls),
    ]


def judge_rest(before: Kept, after: Kept, calls: int) -> list[str]:
    """Return what is left of so many calls that should not be."""
    blocks = after.blocks - before.blocks
    return [
        *([f"Python holds {blocks} blocks more"] if blocks > CACHES + BLOCKS * calls else []),
        *(
            f"{name}: {before.held[name]} before, {n} after"
            for name, n in after.held.items()
            if n > before.held[name]
        ),
        *(
            f"{n - before.objects[kind]} objects more of {kind}"
            for kind, n in after.objects.items()
            if n - before.objects[kind] > calls // 100
        ),
    ]


async def _prepare(directory: Path, *, trunk: int, web: int) -> Settings:
    settings = Settings(data_dir=directory / "data", sip_host="127.0.0.1", sip_port=0, web_port=0)
    folder = settings.data_dir / SOUNDS / "soak"
    folder.mkdir(parents=True)
    (folder / "hello.wav").write_bytes(write_wav(bytes(16_000 // 4)))
    store = await SqliteStore.open(settings.data_dir / DATABASE)
    await store.save_project("soak", PROJECT.format(trunk=trunk, web=web))
    await store.close()
    return settings


async def _make_calls(
    app: Application, directory: Path, *, calls: int, rate: int
) -> tuple[list[Look], int]:
    """Return a look every few seconds, and how many calls failed."""
    lines = "".join(
        f"38090000000{2 if place % 5 == 0 else 1};38067{place:07d};\n" for place in range(CALLERS)
    )
    arguments = (
        "-m",
        str(calls),
        "-r",
        str(rate),
        "-d",
        "50",
        "-l",
        "500",
        f"127.0.0.1:{app.sip_port}",
    )
    looks: list[Look] = []
    with Sipp(
        directory, "e2e_caller", *arguments, injection=f"SEQUENTIAL\n{lines}", trace=False
    ) as callers:
        while callers.is_running:
            await asyncio.sleep(PAUSE)
            looks.append(_look(callers.statistics()))
            _tell(looks)
        return looks, calls - int(callers.statistics()["SuccessfulCall(C)"])


def _look(calls: Mapping[str, str]) -> Look:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Look(
        calls=int(calls["TotalCallCreated"]),
        failed=int(calls["FailedCall(C)"]),
        resident=pages * os.sysconf("SC_PAGE_SIZE"),
        sqlite=_sqlite_memory_used(),
    )


_sqlite = ctypes.CDLL(_sqlite3.__file__)
_sqlite_memory_used = _sqlite.sqlite3_memory_used
_sqlite_memory_used.restype = ctypes.c_int64


def _tell(looks: Sequence[Look]) -> None:
    if len(looks) % 15 == 0:
        look = looks[-1]
        print(
            f"{look.calls} calls, {look.failed} failed: {look.resident / 2**20:.1f} MiB, {look.sqlite / 2**20:.1f} of SQLite,"
            f" {look.rest / 2**20:.1f} others",
            flush=True,
        )


def _driver(app: Application) -> EmbeddedDriver:
    assert isinstance(app.driver, EmbeddedDriver)
    return app.driver


async def _idle(app: Application) -> None:
    """Wait until the calls and what follows from them are over, if they ever are."""
    end = time.monotonic() + IDLE
    while time.monotonic() < end:
        load = _driver(app).endpoint.agent.load
        if not (_driver(app).calls or app.switchboard.calls or load.transactions or load.sessions):
            break
        await asyncio.sleep(0.2)
    await app.dispatcher.drain()
    await asyncio.sleep(1.0)


async def _no_more_than(app: Application, before: dict[str, int]) -> None:
    """Wait for what is kept a while: connections that nobody uses, and what answers a probe."""
    end = time.monotonic() + IDLE
    while time.monotonic() < end:
        if all(count <= before[name] for name, count in _held(app).items()):
            return
        await asyncio.sleep(0.5)


def _kept(app: Application) -> Kept:
    return Kept(held=_held(app), objects=_objects(), blocks=sys.getallocatedblocks())


def _held(app: Application) -> dict[str, int]:
    load = _driver(app).endpoint.agent.load
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "calls": len(app.switchboard.calls),
        "bridges": _driver(app).calls,
        "sessions": load.sessions,
        "dialogs": load.dialogs,
        "transactions": load.transactions,
        "exchanges": load.pending_requests,
    }


def _objects() -> Counter[str]:
    """Count the objects of our own classes."""
    gc.collect()
    kinds = (type(one) for one in gc.get_objects())
    return Counter(
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in kinds
        if str(kind.__module__).startswith("switchhook.")
    )


def judge_memory(looks: Sequence[Look]) -> list[str]:
    """Return what is wrong with the memory of the last half of the calls."""
    late = [look for look in looks if look.calls >= looks[-1].calls / 2]
    if len({look.calls for look in late}) < 5:
        return ["too few calls to judge the memory by"]
    calls = [look.calls for look in late]
    slopes = {
        name: statistics.linear_regression(calls, values).slope
        for name, values in (
            ("all", [look.resident for look in late]),
            ("SQLite", [look.sqlite for look in late]),
            ("others", [look.rest for look in late]),
        )
    }
    print(
        "bytes a call over the last half: " + ", ".join(f"{n} {s:.0f}" for n, s in slopes.items())
    )
    faults = []
    if slopes["SQLite"] > FULL:
        print("SQLite's caches are not full yet: the growth of all is not judged")
    elif slopes["others"] > GROWTH:
        faults.append(f"memory grows by {slopes['others']:.0f} bytes a call")
    if late[-1].sqlite > SQLITE:
        faults.append(f"SQLite holds {late[-1].sqlite / 2**20:.0f} MiB")
    return faults


def _show_memory(now: tracemalloc.Snapshot, before: tracemalloc.Snapshot, calls: int) -> None:
    for line in now.compare_to(before, "lineno")[:25]:
        print(
            f"{line.size_diff / calls:8.1f} bytes a call, {line.count_diff} blocks: {line.traceback}"
        )


if __name__ == "__main__":
    main()
