"""How fast the sender is on kept connections, beside `wrk -t1` and aiohttp.

    python -m benchmarks.sender [--rounds 9] [--seconds 1.0]

Every contender POSTs the same 600-byte JSON to an nginx that answers 137 bytes at once (without
nginx: to a small asyncio server). The client is pinned to the first core, the server to the second.
One round is every contender once, in random order; ratios are taken within a round, so that a
neighbour's load falls on both sides. Printed are medians and quartiles.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import uvloop
from benchmarks.nginx import free_ports, nginx, pinned, running
from rich.console import Console
from rich.progress import track
from rich.table import Table

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.sender import Sender
from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

CONNECTIONS = (1, 16, 64)
WARM_UP_SECONDS = 0.25
BODY = b'{"call_id":"1700000000.42","step_forward":"webhookNumber:90","note":"' + b"n" * 530 + b'"}'
ANSWER = '{"dst_phone":"380443334455","name":"' + "a" * 99 + '"}'
GOALS = {
    "wall against wrk": (("sender", "wrk"), "rate", {16: 0.55, 64: 0.55}),
    "per CPU second against aiohttp": (("sender", "aiohttp"), "per_cpu_second", {16: 4.0, 64: 4.0}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One contender's second."""

    rate: float
    """Requests per second of wall time."""
    per_cpu_second: float
    """Requests per second of the client's CPU time, user and system."""


def headers(port: int) -> tuple[tuple[str, str], ...]:
    return (
        ("Host", f"127.0.0.1:{port}"),
        ("Origin", f"127.0.0.1:{port}"),
        ("User-Agent", "switchhook HTTP Client v1"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(BODY))),
    )


# The contenders, each run in a process of its own.


async def with_sender(port: int, connections: int, seconds: float) -> Result:
    request = HttpRequest(
        method="POST",
        url=f"http://127.0.0.1:{port}/api/addnumber/",
        headers=headers(port),
        body=BODY,
    )
    networks = AllowedNetworks.parse(["127.0.0.0/8"])
    sender = Sender()

    async def once() -> bool:
        exchange = await sender.exchange(request, deadline=5.0, networks=networks)
        return exchange.response is not None and exchange.response.status == 200

    result = await measure(once, connections, seconds)
    await sender.close()
    return result


async def with_aiohttp(port: int, connections: int, seconds: float) -> Result:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=5.0)
    url = f"http://127.0.0.1:{port}/api/addnumber/"
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def once() -> bool:
            async with session.post(url, data=BODY, headers=headers(port)) as response:
                await response.read()
                return response.status == 200

        return await measure(once, connections, seconds)


async def measure(once: Callable[[], Awaitable[bool]], connections: int, seconds: float) -> Result:
    async def worker(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            if not await once():
                raise RuntimeError("an exchange failed")
            done += 1
        return done

    async def all_for(length: float) -> int:
        until = time.perf_counter() + length
        return sum(await asyncio.gather(*[worker(until) for _ in range(connections)]))

    await all_for(WARM_UP_SECONDS)
    gc.collect()
    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    done = await all_for(seconds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Result(rate=done / wall, per_cpu_second=done / cpu)


def contend(name: str, port: int, connections: int, seconds: float) -> Result:
    kind, _, loop = name.partition(" on ")
    work = {"sender": with_sender, "aiohttp": with_aiohttp}[kind]
    if loop == "asyncio":
        return asyncio.run(work(port, connections, seconds))
    return uvloop.run(work(port, connections, seconds))


def with_wrk(port: int, connections: int, seconds: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers(port)[:-1]]
        script.write_text(
            "\n".join(['wrk.method = "POST"', f"wrk.body = {json.dumps(BODY.decode())}", *lines])
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = subprocess.run(
            pinned(0, "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script),
                   f"http://127.0.0.1:{port}/api/addnumber/"),
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "Non-2xx" in output:
        raise RuntimeError(output)
    words = output.split()
    done = int(words[words.index("requests") - 1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(rate=float(words[words.index("Requests/sec:") + 1]), per_cpu_second=done / cpu)


# The server.


@contextlib.contextmanager
def server() -> Iterator[int]:
    [port] = free_ports(1)
    if shutil.which("nginx"):
        block = f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{ANSWER}'; }} }}"
        with tempfile.TemporaryDirectory() as folder, nginx(Path(folder), block, [port]):
            yield port
    else:
        with running([sys.executable, "-m", "benchmarks.sender", "--serve", str(port)], [port]):
            yield port


def serve(port: int) -> None:
    answer = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(ANSWER)}\r\n\r\n{ANSWER}"
    ).encode()

    class Answerer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.left = b""

        def data_received(self, data: bytes) -> None:
            self.left += data
            while (end := self.left.find(b"\r\n\r\n")) >= 0 and len(self.left) >= end + 4 + len(
                BODY
            ):
                self.left = self.left[end + 4 + len(BODY) :]
                self.transport.write(answer)  # type: ignore[attr-defined]  # a Transport, by TCP

    async def forever() -> None:
        listening = await asyncio.get_running_loop().create_server(Answerer, "127.0.0.1", port)
        await listening.serve_forever()

    asyncio.run(forever())


# The rounds.


def run_once(name: str, port: int, connections: int, seconds: float) -> Result:
    if name == "wrk":
        return with_wrk(port, connections, seconds)
    command = pinned(0, sys.executable, "-m", "benchmarks.sender", "--contender", name, "--port", str(port),
                     "--connections", str(connections), "--seconds", str(seconds))  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Result(**json.loads(output))


def contenders() -> list[str]:
    names = ["sender", "aiohttp", "sender on asyncio"]
    return ["wrk", *names] if shutil.which("wrk") else names


def quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def report(results: dict[tuple[str, int], list[Result]], console: Console) -> bool:
    rates = Table(title="requests a second: median (quartiles)")
    for column in ("contender", "connections", "wall", "per CPU second", "CPU µs"):
        rates.add_column(column, justify="left" if column == "contender" else "right")
    for (name, connections), rows in results.items():
        wall, cpu = (
            quartiles([row.rate for row in rows]),
            quartiles([row.per_cpu_second for row in rows]),
        )
        rates.add_row(name, str(connections), shown(wall, 0), shown(cpu, 0), f"{1e6 / cpu[0]:.1f}")
    console.print(rates)
    ratios = Table(title="ratios within a round: median (quartiles)")
    for column in ("ratio", "connections", "value", "goal"):
        ratios.add_column(column, justify="left" if column == "ratio" else "right")
    is_met = True
    for title, ((ours, theirs), field, goals) in GOALS.items():
        for connections in CONNECTIONS:
            if (theirs, connections) not in results:
                continue
            pairs = zip(results[ours, connections], results[theirs, connections], strict=True)
            value = quartiles([getattr(a, field) / getattr(b, field) for a, b in pairs])
            goal = goals.get(connections)
            is_met &= goal is None or value[0] >= goal
            ratios.add_row(title, str(connections), shown(value, 2), f"≥ {goal}" if goal else "")
    console.print(ratios)
    return is_met


def shown(value: tuple[float, float, float], digits: int) -> str:
    middle, low, high = (f"{part:,.{digits}f}" for part in value)
    return f"{middle} ({low} … {high})"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--seconds", type=float, default=1.0)
    arguments.add_argument("--contender", help=argparse.SUPPRESS)
    arguments.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments.add_argument("--connections", type=int, help=argparse.SUPPRESS)
    arguments.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return 0
    if chosen.contender:
        result = contend(chosen.contender, chosen.port, chosen.connections, chosen.seconds)
        print(json.dumps(asdict(result)))
        return 0
    console = Console()
    results: dict[tuple[str, int], list[Result]] = {
        (name, connections): [] for connections in CONNECTIONS for name in contenders()
    }
    with server() as port:
        for _ in track(range(chosen.rounds), "rounds", console=console, transient=True):
            for name, connections in random.sample(list(results), len(results)):
                results[name, connections].append(run_once(name, port, connections, chosen.seconds))
    is_met = report(results, console)
    console.print("goals met" if is_met else "[bold red]a goal is missed")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
