"""How many durable deliveries a second, beside the task queues that people send webhooks with.

    python -m benchmarks.deliver [--rounds 9] [--seconds 1.5] [--before FOLDER] [--only NAME …]

Switchhook is the whole application: calls come, each is told to 20 endpoints four times, every delivery is committed to
disk before it is sent (`synchronous=FULL`), and each result is recorded. The peers get their requests from Redis; they
record no result, and what filling their queue costs is not counted, which is generous to them. All post about 600 bytes to
an nginx that answers at once. Then the same with 2 of the 20 endpoints hung. Last, what an exchange takes that a caller
waits for, at rest and beside deliveries.

One round is every contender once, in random order, each in a process of its own on the first core; nginx, Redis and the
rest have the second. Ratios are taken within a round, per wall second and per CPU second of the worker; printed is their
median with its 95 % interval (by order statistics). `--before` is a folder with the `src` of another version, which
contends as `before`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.nginx import free_ports, nginx, pinned, running
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).parents[1]
PEERS: Final = ROOT / "benchmarks" / "peers"
ENDPOINTS, HUNG = 20, 2
WARM_UP: Final = 0.7
WARM_TASKS: Final = 40
QUICK_CELERY: Final = ("--without-gossip", "--without-mingle", "--without-heartbeat")
TRIES: Final = 3
PATIENCE: Final = 30.0
SHARE: Final = 0.6
"""Of what it can, how much is delivered beside the asks: at most 4,000 a second."""
MOST_BESIDE: Final = 4_000.0
INSTALLING: Final = "installing the peers into {}…"


class StandstillError(Exception):
    """A peer's worker does nothing, as now and then one that was stopped while it started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A task queue."""

    venv: str
    """Which list of requirements its venv has."""
    worker: tuple[str, ...]
    """Its worker's program and arguments."""
    fills: int
    """Tasks in its queue for each second, more than it has ever done."""


CONTENDERS: Final = {
    "taskiq": Peer(
        venv="requirements",
        worker=("taskiq", "worker", "benchmarks.peers.taskiq_peer:broker", "--workers", "1",
                "--log-level", "ERROR", "--max-async-tasks", "100"),
        fills=2_500,
    ),
    "dramatiq": Peer(
        venv="requirements",
        worker=("dramatiq", "benchmarks.peers.dramatiq_peer", "-p", "1", "-t", "32"),
        fills=1_500,
    ),
    "arq": Peer(
        venv="requirements-arq",
        worker=("arq", "benchmarks.peers.arq_peer.Worker"),
        fills=1_500,
    ),
    "celery": Peer(
        venv="requirements",
        worker=("celery", "-A", "benchmarks.peers.celery_peer", "worker", "-P", "threads", "-c", "16",
                "-l", "ERROR", *QUICK_CELERY),
        fills=800,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a contender did in its turn."""

    rate: float
    """Healthy deliveries per second."""
    cpu: float
    """Seconds of the worker's CPU time for each."""


@dataclass(kw_only=True)
class Bench:
    """The servers around the contenders."""

    folder: Path
    ports: list[int]
    hung: list[int]
    status: int
    redis: int
    asked: int
    before: Path | None
    seconds: float
    _looks: int = 0

    def turn(self, name: str, hung: Sequence[int] = ()) -> Turn:
        """Let a contender have its turn."""
        if name in CONTENDERS:
            for _ in range(TRIES):
                with contextlib.suppress(StandstillError):
                    return self._peer(CONTENDERS[name], name, hung)
            raise SystemExit(f"{name} delivers nothing:\n{self._log()}")
        done = self.switchhook(name, hung=list(hung))
        return Turn(rate=done["deliveries"] / done["wall"], cpu=done["cpu"] / done["deliveries"])

    def switchhook(self, name: str, **work: object) -> dict[str, float]:
        """Let Switchhook deliver, and return its figures."""
        code = ROOT if self.before is None or name != "before" else self.before
        with tempfile.TemporaryDirectory(dir=self.folder) as data_dir:
            whole = {
                "data_dir": data_dir,
                "ports": self.ports,
                "hung": [],
                "warm_up": WARM_UP,
                "seconds": self.seconds,
                **work,
            }
            command = [sys.executable, "-m", "benchmarks.delivering", json.dumps(whole)]
            done = subprocess.run(
                pinned(0, *command),
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": f"{code / 'src'}:{ROOT}"},
                stdout=subprocess.PIPE,
                text=True,
                timeout=60,
                check=True,
            )
        figures: dict[str, float] = json.loads(done.stdout)
        return figures

    def _peer(self, peer: Peer, name: str, hung: Sequence[int]) -> Turn:
        programs = _venv(peer.venv)
        ports = [*hung, *self.ports[len(hung) :]]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "C_FORCE_ROOT": "1",
            "PEER_REDIS": f"redis://127.0.0.1:{self.redis}/0",
        }

        def fill(count: int, endpoints: Sequence[int]) -> None:
            command = [str(programs / "python"), "-m", f"benchmarks.peers.{name}_peer", str(count)]
            environ = environment | {"PEER_PORTS": json.dumps(list(endpoints))}
            subprocess.run(pinned(1, *command), cwd=ROOT, env=environ, check=True, timeout=60)

        self._forget()
        command = [str(programs / peer.worker[0]), *peer.worker[1:]]
        with self._worker(pinned(0, *command), environment) as group:
            fill(WARM_TASKS, self.ports)
            self._wait_for(WARM_TASKS)
            os.killpg(group, signal.SIGSTOP)
            count = round(peer.fills * self.seconds)
            fill(count, ports)
            served, cpu = self._served(), _cpu(group)
            began = time.perf_counter()
            os.killpg(group, signal.SIGCONT)
            healthy = count * (ENDPOINTS - len(hung)) // ENDPOINTS
            while (wall := time.perf_counter() - began) < self.seconds:
                if self._served() - served >= healthy:
                    break
                time.sleep(0.01)
            done = self._served() - served
            if not done:
                raise StandstillError
            return Turn(rate=done / wall, cpu=(_cpu(group) - cpu) / done)

    @contextlib.contextmanager
    def _worker(self, command: list[str], environment: dict[str, str]) -> Iterator[int]:
        """Run a worker and its children; its process group is the context."""
        with (self.folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._counted = self._served()
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _wait_for(self, count: int) -> None:
        end = time.perf_counter() + PATIENCE
        while self._served() - self._counted < count:
            if time.perf_counter() > end:
                raise StandstillError
            time.sleep(0.05)

    def _log(self) -> str:
        return (self.folder / "worker.log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def _served(self) -> int:
        """Return how many requests nginx has answered, our looks aside."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}/", timeout=10) as answer:
            text = answer.read().decode()
        self._looks += 1
        return int(text.split("\n")[2].split()[2]) - self._looks

    def _forget(self) -> None:
        with socket.create_connection(("127.0.0.1", self.redis)) as redis:
            redis.sendall(b"FLUSHALL\r\n")
            redis.recv(100)

    _counted: int = 0


@contextlib.contextmanager
def bench(seconds: float, before: Path | None) -> Iterator[Bench]:
    """Start nginx, Redis and the endpoints that hang."""
    if shutil.which("redis-server") is None:
        raise SystemExit("this benchmark needs Redis: sudo apt install redis-server")
    *ports, status, asked, redis = free_ports(ENDPOINTS + 3)
    answer = "location / { return 200 '" + '{"ok":true}' + "'; }"
    servers = [f"server {{ listen 127.0.0.1:{port}; {answer} }}" for port in (*ports, asked)]
    servers.append(f"server {{ listen 127.0.0.1:{status}; location / {{ stub_status; }} }}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        hung = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
            for _ in range(HUNG)
        ]
        stack.enter_context(nginx(folder, "\n".join(servers), [*ports, status, asked]))
        command = [
            "redis-server",
            "--port",
            str(redis),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
        ]
        command += ["--appendonly", "yes", "--save", "", "--logfile", str(folder / "redis.log")]
        stack.enter_context(running(command, [redis]))
        yield Bench(
            folder=folder,
            ports=ports,
            hung=[one.getsockname()[1] for one in hung],
            status=status,
            redis=redis,
            asked=asked,
            before=before,
            seconds=seconds,
        )


def _venv(name: str) -> Path:
    """Return where a peer's programs are; install them the first time."""
    venv = ROOT / ".venv" / f"peers-{name}"
    if not (venv / "done").exists():
        Console().print(INSTALLING.format(venv))
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "-r"]
        subprocess.run([*pip, str(PEERS / f"{name}.txt")], check=True)
        (venv / "done").touch()
    return venv / "bin"


def _cpu(group: int) -> float:
    """Return the CPU seconds of a process group."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(encoding="latin-1").rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ratios:
    """The ratios of all rounds."""

    values: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        ordered = sorted(self.values)
        low, high = _ranks(len(ordered))
        return f"{statistics.median(ordered):.2f} [{ordered[low]:.2f}, {ordered[high]:.2f}]"


def _ranks(count: int) -> tuple[int, int]:
    """Return between which of so many ordered values their median lies, 19 times of 20 or more often."""
    below = 0
    while below < (count - 1) // 2:
        outside = 2 * sum(math.comb(count, k) for k in range(below + 2)) / 2**count
        if outside > 0.05:
            break
        below += 1
    return below, count - 1 - below


def compare(console: Console, bench: Bench, names: list[str], rounds: int, *, hung: bool) -> float:
    """Print how the contenders did; return how many deliveries a second Switchhook makes."""
    turns: dict[str, list[Turn]] = defaultdict(list)
    for _ in track(range(rounds), "2 endpoints hung" if hung else "deliveries", console=console):
        for name in random.sample(names, len(names)):
            turns[name].append(bench.turn(name, bench.hung if hung else ()))
    title = f"{HUNG} of {ENDPOINTS} endpoints hung" if hung else "all endpoints healthy"
    table = Table(
        "", "deliveries/s", "CPU µs each (best)", "switchhook / it", "per CPU second", title=title
    )
    ours = turns["switchhook"]
    for name in names:
        pairs = list(zip(ours, turns[name], strict=True))
        table.add_row(
            name,
            f"{statistics.median(turn.rate for turn in turns[name]):,.0f}",
            _median_and_best([turn.cpu for turn in turns[name]]),
            str(Ratios([us.rate / max(it.rate, 0.01) for us, it in pairs])),
            str(Ratios([it.cpu / us.cpu for us, it in pairs])),
        )
    console.print(table)
    return statistics.median(turn.rate for turn in ours)


def _median_and_best(seconds: list[float]) -> str:
    """Return both in µs: what a neighbour's load adds, the best has least of."""
    return f"{statistics.median(seconds) * 1e6:,.0f} ({min(seconds) * 1e6:,.0f})"


def ask_beside(console: Console, bench: Bench, names: list[str], rounds: int, most: float) -> None:
    """Print what an ask takes at rest, and beside deliveries."""
    rate = min(MOST_BESIDE, SHARE * most)
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    for _ in track(range(rounds), "asks", console=console):
        for name in random.sample(names, len(names)):
            for deliveries in random.sample((0.0, rate), 2):
                done = bench.switchhook(name, rate=deliveries, ask=bench.asked)
                kind = "beside" if deliveries else "idle"
                for figure in ("ask_p50", "ask_p90"):
                    found[name][f"{kind} {figure}"].append(done[figure])
                if deliveries:
                    found[name]["rate"].append(done["deliveries"] / done["wall"])
    table = Table("", "p50 at rest, µs", "beside", "ratio", "p90 at rest, µs", "beside", "ratio")
    table.title = f"an ask beside {rate:,.0f} deliveries a second"
    for name in names:
        row = [f"{name} ({statistics.median(found[name]['rate']):,.0f}/s)"]
        for figure in ("ask_p50", "ask_p90"):
            idle, beside = found[name][f"idle {figure}"], found[name][f"beside {figure}"]
            row += [f"{statistics.median(one) * 1e6:,.0f}" for one in (idle, beside)]
            row.append(str(Ratios([two / one for one, two in zip(idle, beside, strict=True)])))
        table.add_row(*row)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each turn")
    parser.add_argument("--before", type=Path, help="folder with the `src` of another version")
    parser.add_argument("--only", nargs="*", choices=list(CONTENDERS), help="peers; default: all")
    arguments = parser.parse_args()
    console = Console()
    ours = ["switchhook"] if arguments.before is None else ["switchhook", "before"]
    peers = list(CONTENDERS) if arguments.only is None else arguments.only
    before = None if arguments.before is None else arguments.before.absolute()
    with bench(arguments.seconds, before) as running_bench:
        console.print(f"load of the machine: {os.getloadavg()[0]:.1f}")
        most = compare(console, running_bench, [*ours, *peers], arguments.rounds, hung=False)
        compare(console, running_bench, [*ours, *peers], arguments.rounds, hung=True)
        ask_beside(console, running_bench, ours, arguments.rounds, most)
        console.print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
