"""Killed without warning, Switchhook loses no promise, and repeats only what was on its way (S-71)."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.delivery.queues import DispatcherLimits
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
IN_FLIGHT = DispatcherLimits().in_flight
"""How many deliveries are sent and not yet recorded at most: what a crash may repeat."""


@dataclass
class Sink:
    """What arrived at an endpoint, in order; it may do something before or after its answer."""

    received: list[tuple[str, bytes]] = field(default_factory=list)
    """Delivery id and body."""
    before_answer: Callable[[int], None] = lambda _count: None
    after_answer: Callable[[int], None] = lambda _count: None
    port: int = 0
    connections: int = 0
    is_quiet: threading.Condition = field(default_factory=threading.Condition)

    def count(self, change: int) -> None:
        """Count a connection that was accepted, or one that was served to its end."""
        with self.is_quiet:
            self.connections += change
            self.is_quiet.notify_all()

    def wait_until_quiet(self) -> None:
        """Wait until all that a killed process had sent is read.

        Connections are accepted in order: once ours was, so were all of that process.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as ours:
            ours.sendall(b"OPTIONS / HTTP/1.0\r\n\r\n")
            assert ours.recv(100)
        with self.is_quiet:
            assert self.is_quiet.wait_for(lambda: self.connections == 0, 30)

    def bodies(self) -> dict[str, set[bytes]]:
        """Return the different bodies that came under each id."""
        found = defaultdict(set)
        for name, body in self.received:
            found[name].add(body)
        return found

    def counts(self) -> Counter[str]:
        """Return how often each id came."""
        return Counter(name for name, _ in self.received)


@contextmanager
def listening() -> Iterator[Sink]:
    """Run a sink on a free port."""
    sink, lock = Sink(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                sink.received.append((body.split(b'"')[3].decode(), body))
                count = len(sink.received)
            sink.before_answer(count)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
            sink.after_answer(count)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                with suppress(ConnectionError):  # the process was killed
                    super().handle()
            finally:
                sink.count(-1)

    class Server(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

        def process_request(self, request: Any, client_address: Any) -> None:
            sink.count(1)
            super().process_request(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    serving.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def start(database: Path, sink: Sink, how: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.support.dispatching",
        str(database),
        str(sink.port),
        how,
    ]
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )


def promised_until_killed(
    database: Path, sink: Sink, arm: Callable[[subprocess.Popen[str]], None]
) -> list[str]:
    """Let it promise and carry until what was armed kills it; return what it promised for sure."""
    with start(database, sink, "promise") as process:
        arm(process)
        assert process.stdout is not None
        told = process.stdout.read()
        assert process.wait(30) == -signal.SIGKILL
    sink.wait_until_quiet()
    return told.split("\n")[:-1]  # the last line may have been cut


def resume(database: Path, sink: Sink) -> None:
    with start(database, sink, "resume") as process:
        assert process.wait(60) == 0


def pending(database: Path) -> set[str]:
    """Return the ids of what a restart will carry again."""

    async def look() -> set[str]:
        store = await SqliteStore.open(database)
        found = {one.id for one in await store.pending_deliveries()}
        await store.close()
        return found

    return run(look())


def at_a_random_moment(seed: int) -> Callable[[subprocess.Popen[str], Sink], None]:
    def arm(process: subprocess.Popen[str], sink: Sink) -> None:
        moment = threading.Event()
        sink.before_answer = lambda count: moment.set() if count == 100 else None
        delay = random.Random(seed).uniform(0.0, 0.5)

        def kill() -> None:
            moment.wait(60)
            threading.Event().wait(delay)
            process.kill()

        threading.Thread(target=kill, daemon=True).start()

    return arm


def before_an_answer(process: subprocess.Popen[str], sink: Sink) -> None:
    sink.before_answer = lambda count: process.kill() if count == 200 else None


def after_an_answer(process: subprocess.Popen[str], sink: Sink) -> None:
    sink.after_answer = lambda count: process.kill() if count == 200 else None


@pytest.mark.parametrize(
    "when",
    [before_an_answer, after_an_answer, *(at_a_random_moment(seed) for seed in range(4))],
    ids=["before an answer", "after an answer", *(f"at random {seed}" for seed in range(4))],
)
def test_what_was_promised_arrives_and_only_what_flew_arrives_twice(
    tmp_path: Path, when: Callable[[subprocess.Popen[str], Sink], None]
) -> None:
    database = tmp_path / "switchhook.sqlite3"
    with listening() as sink:
        promised = promised_until_killed(database, sink, lambda process: when(process, sink))
        sink.before_answer = sink.after_answer = lambda _count: None
        owed, heard = pending(database), set(sink.counts())
        resume(database, sink)
        counts = sink.counts()

        assert len(promised) >= 100
        assert set(promised) <= set(counts)
        twice = {name for name, count in counts.items() if count > 1}
        assert twice == owed & heard
        assert len(twice) <= IN_FLIGHT
        assert max(counts.values()) <= 2
        assert all(len(bodies) == 1 for bodies in sink.bodies().values())
        assert in_order(sink)
        assert pending(database) == set()


def in_order(sink: Sink) -> bool:
    """Say whether each call's events came to each webhook in order, not counting repetitions."""
    seen: dict[str, list[int]] = defaultdict(list)
    for name in dict.fromkeys(name for name, _ in sink.received):
        call, seq, webhook = name.split(".")
        seen[f"{call}.{webhook}"].append(int(seq))
    return all(order == sorted(order) for order in seen.values())


def test_killed_again_and_again_nothing_is_lost(tmp_path: Path) -> None:
    database = tmp_path / "switchhook.sqlite3"
    with listening() as sink:
        promised: list[str] = []
        for seed in range(3):
            sink.received.append((f"round {seed}", b""))
            target = len(sink.received) + 150

            def kill_later(process: subprocess.Popen[str], target: int = target) -> None:
                sink.before_answer = lambda count: process.kill() if count == target else None

            promised += promised_until_killed(database, sink, kill_later)
        sink.before_answer = lambda _count: None
        resume(database, sink)
        assert set(promised) <= set(sink.counts())
        assert all(len(bodies) == 1 for bodies in sink.bodies().values())
        assert pending(database) == set()
