"""How much later a telephone rings while programs read lists from a store with very many calls.

    python -m benchmarks.beside_lists [--calls 100000] [--in FOLDER] [--rate 50] [--turns 30]

From the project's root. A server is started on the store that `benchmarks.lists` fills (`--in` takes one that is there). One
caller dials again and again; the time from the INVITE in to the INVITE out is taken at both ends by one clock. In turns of two
seconds nobody asks for anything, or another process asks for `--rate` lists a second over the HTTP API: calls and deliveries
by several filters, counts, the audit log. Printed are the delays with and without, their ratio within each pair of turns, and
how long the lists took.

A ratio of the means above 1.2, or a list's 90th percentile above 20 ms, ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.filled_store import PROJECT, SEED
from benchmarks.lists import GOAL as LIST_GOAL
from benchmarks.lists import filled
from rich.console import Console
from rich.table import Table
from tests.support.load import PROBED_DYNAMIC, PROBED_STATIC, open_bench
from tests.support.server import Server

from switchhook.logs import configure_logs
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.load import Bench

GOAL: Final = 1.2
TURN: Final = 2.0
"""Seconds."""
PAUSE: Final = 0.01
"""Seconds between two calls."""
CONNECTIONS: Final = 4
SETTINGS: Final = {"keep_days": "3650", "web_requests_per_minute": "1000000"}


def paths(chance: random.Random) -> Iterator[str]:
    """Yield what is asked for, one list after another, without end."""
    deliveries = f"/api/projects/{PROJECT}/deliveries"
    while True:
        yield "/api/calls?count=true"
        yield f"/api/calls?number=*{chance.randrange(10**4):04}&count=true"
        yield f"/api/calls?number=4930{chance.randrange(10**4):04}*&count=true"
        yield "/api/calls?outcome=missed&since=2026-06-01"
        yield "/api/calls?failed=true&count=true"
        yield f"/api/calls?account={100 + chance.randrange(300)}"
        yield deliveries
        yield f"{deliveries}?state=all&after={chance.randrange(1, 10**6)}"
        yield f"{deliveries}?state=all&event=incoming.transfer"
        yield f"{deliveries}?state=failed&since=2026-06-01"
        yield f"{deliveries}/count?state=failed"
        yield f"/api/projects/{PROJECT}/audit"


async def ask(port: int, key: str, rate: float) -> None:
    """Ask while standard input says so: a line begins, and the next one ends and prints the seconds of each."""
    reads = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reads), sys.stdin
    )
    made = paths(random.Random(SEED))
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def fetch(path: str, taken: list[float]) -> None:
        reader, writer = await free.get()
        began = time.perf_counter()
        head = f"GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert answer.startswith(b"http/1.1 200"), (path, answer)
        await reader.readexactly(int(answer.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        taken.append(time.perf_counter() - began)
        free.put_nowait((reader, writer))

    while await reads.readline():
        taken: list[float] = []
        ending = spawn(reads.readline(), name="the next word")
        async with asyncio.TaskGroup() as group:
            while not ending.done():
                group.create_task(fetch(next(made), taken))
                await asyncio.sleep(1 / rate)
        print(json.dumps(taken), flush=True)


@contextlib.contextmanager
def asking(port: int, key: str, rate: float) -> Iterator[subprocess.Popen[str]]:
    """Run another process that asks when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.beside_lists", "--ask", str(port), key, str(rate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def turn(bench: Bench, number: str) -> list[float]:
    """Dial for the time of a turn, and return the delays."""
    delays = []
    end = time.monotonic() + TURN
    while time.monotonic() < end:
        delays.append(bench.measure(number))
        time.sleep(PAUSE)
    return delays


def measure(
    bench: Bench, key: str, rate: float, turns: int
) -> tuple[dict[str, list[list[float]]], list[float]]:
    """Return the delays of each turn, alone and beside lists, and the seconds that the lists took."""
    found: dict[str, list[list[float]]] = {}
    taken: list[float] = []
    with asking(bench.house.server.web_port, key, rate) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(-1, turns):
            for name, dialled in (("static", PROBED_STATIC), ("asks", PROBED_DYNAMIC)):
                alone = turn(bench, dialled)
                process.stdin.write("go\n")
                process.stdin.flush()
                beside = turn(bench, dialled)
                process.stdin.write("stop\n")
                process.stdin.flush()
                asked = json.loads(process.stdout.readline())
                if number < 0:  # it is warm now
                    continue
                found.setdefault(f"{name}, alone", []).append(alone)
                found.setdefault(f"{name}, beside lists", []).append(beside)
                taken += asked
    return found, taken


def show(
    console: Console, found: dict[str, list[list[float]]], taken: list[float], rate: float
) -> bool:
    """Print the figures; return whether the goals were met."""
    table = Table("ms", "median", "mean", "p95", "p99")
    for name, turns in found.items():
        table.add_row(name, *_figures([one for delays in turns for one in delays]))
    table.add_row("lists", *_figures(taken))
    console.print(table)
    is_met = statistics.quantiles(taken, n=10)[-1] <= LIST_GOAL
    for name in ("static", "asks"):
        pairs = list(zip(found[f"{name}, alone"], found[f"{name}, beside lists"], strict=True))
        ratios = {
            "mean": [statistics.mean(beside) / statistics.mean(alone) for alone, beside in pairs],
            "median": [
                statistics.median(beside) / statistics.median(alone) for alone, beside in pairs
            ],
            "p95": [_p95(beside) / _p95(alone) for alone, beside in pairs],
        }
        for what, all_ in ratios.items():
            low, _, high = statistics.quantiles(all_, n=4)
            console.print(
                f"{name}: {what} beside {rate:g} lists a second × {statistics.median(all_):.2f}"
                f" [{low:.2f}, {high:.2f}] (median and quartiles of {len(all_)} pairs)"
            )
        is_met = is_met and statistics.median(ratios["mean"]) <= GOAL
    return is_met


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _figures(values: list[float]) -> list[str]:
    hundredths = statistics.quantiles(values, n=100)
    figures = (statistics.median(values), statistics.mean(values), hundredths[94], hundredths[98])
    return [f"{one * 1000:.2f}" for one in figures]


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--in", dest="where", type=Path, default=None)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--ask", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        port, key, rate = options.ask
        asyncio.run(ask(int(port), key, float(rate)))
        return 0
    where = options.where or Path(tempfile.mkdtemp(prefix="lists-"))
    console = Console()
    configure_logs("warning", as_json=False)
    try:
        filled(where, options.calls, Console(stderr=True))
        server = Server(where, settings=SETTINGS)
        with open_bench(where, server=server) as bench:
            made = server.json(
                "token", "create", "--project", PROJECT, "--user", "bench", "--scope", "admin"
            )
            found, taken = measure(bench, made["key"], options.rate, options.turns)
        return 0 if show(console, found, taken, options.rate) else 1
    finally:
        if options.where is None:
            shutil.rmtree(where)


if __name__ == "__main__":
    sys.exit(main())
