"""How many machine instructions a call takes in the server: the same on a machine that is busy with other work.

    python -m benchmarks.instructions [--calls 20]

From the project's root, with valgrind. The server runs under callgrind, some fifty times slower, and gets one call
a second from SIPp: so many with a scheme that asks, and with a static one. What the server does in as much time
without calls is subtracted. Counted is its own work, without that of the kernel; of two runs of one version the
counts differ by less than a hundredth. To compare with another version, run its own copy of this file, or this one
from its folder.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from tests.support.load import DYNAMIC, STATIC, open_bench
from tests.support.server import Server

if TYPE_CHECKING:
    from tests.support.load import Bench

WARM_UP = 8
"""Calls before it is counted."""
DUMP_TIMEOUT = 60.0
"""Seconds that valgrind gets to write down what it counted."""
_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


class Counter:
    """The instructions of a server under callgrind, whose dumps go to a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def server(self, directory: Path) -> Server:
        """Make a server that is not counted yet."""
        server = Server(directory)
        out = f"--callgrind-out-file={self._folder}/dump"
        valgrind = ("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", out)
        server.program = (*valgrind, *server.program)
        return server

    def begin(self, pid: int) -> None:
        """Count from now on."""
        _control(pid, "-i", "on")
        self.take(pid)

    def take(self, pid: int) -> int:
        """Return how many there were since the last time."""
        _control(pid, "-d")
        until = time.monotonic() + DUMP_TIMEOUT
        while not (found := [_TOTAL.search(dump.read_text()) for dump in self._dumps()]) or (
            None in found
        ):
            if time.monotonic() > until:
                raise RuntimeError("valgrind wrote nothing down")
            time.sleep(0.2)
        for dump in self._dumps():
            dump.unlink()
        return sum(int(total[1]) for total in found if total is not None)

    def _dumps(self) -> list[Path]:
        return list(self._folder.glob("dump.*"))


def _control(pid: int, *arguments: str) -> None:
    subprocess.run(["callgrind_control", *arguments, str(pid)], check=True, capture_output=True)


def per_call(bench: Bench, counter: Counter, number: str, calls: int) -> float:
    """Return the instructions of a call to `number`."""
    pid = bench.house.server.pid
    counter.take(pid)
    began = time.monotonic()
    load = bench.load(number, rate=1, seconds=float(calls))
    if load.failed:
        raise RuntimeError(f"{load.failed} of {calls} calls failed")
    busy, took = counter.take(pid), time.monotonic() - began
    began = time.monotonic()
    time.sleep(took)
    idle = counter.take(pid) * took / (time.monotonic() - began)
    return (busy - idle) / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20, help="of each kind")
    arguments = parser.parse_args()
    if shutil.which("callgrind_control") is None:
        raise SystemExit("this benchmark needs valgrind: sudo apt install valgrind")
    console = Console()
    with (
        tempfile.TemporaryDirectory() as directory,
        tempfile.TemporaryDirectory() as dumps,
    ):
        counter = Counter(Path(dumps))
        server = counter.server(Path(directory))
        with open_bench(Path(directory), server=server) as bench:
            for number in (STATIC, DYNAMIC):
                bench.load(number, rate=1, seconds=float(WARM_UP))
            counter.begin(bench.house.server.pid)
            for name, number in (("asks", DYNAMIC), ("static", STATIC)):
                count = per_call(bench, counter, number, arguments.calls)
                console.print(f"{name}: {count / 1e6:.2f} million instructions a call")


if __name__ == "__main__":
    main()
