"""What strangers and telephones gone wrong can do to a server and to others: floods, lockouts, hoarding, echoes.

    python -m benchmarks.abuse [--calls 40] [--rate 3000]

From the project's root. A server runs in a process of its own, on loopback, where every attacker has an
address of its own and the floods come from another process. Telephones that had registered before call
one another, at rest and under each flood in turn, all by one clock: how many of the calls succeed, and how
long they take from INVITE to 200, as a multiple of that at rest in the same run. Then what wrong passwords
do to right ones, what connections that are held do to telephones over TCP, what an unanswered challenge
sends back, whether a third address can end a call, and how many outside calls a stolen password gets.

All of it goes over the wire, so an earlier version can be measured by the same script. A goal that is
missed ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from tests.support.server import Server
from tests.support.sip import read_response, request
from tests.support.sip_wire import Tcp, Udp, options

from switchhook.domain.project import Account, Project, Trunk
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import RefusedError, Softphone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from switchhook.sip.ua.dialog import Dialog

HOME, OFFICE, STRANGER, THIEF = "127.0.0.2", "127.0.0.3", "127.0.0.66", "127.0.0.68"
HOARDERS = [f"127.0.1.{last}" for last in range(1, 21)]
FORGED = [f"127.1.{last // 200}.{last % 200 + 1}" for last in range(500)]
PASSWORD = "secret-of-the-office"
PHONES = [f"phone{number}" for number in range(120)]
PATIENCE = 3.0
"""Seconds that a call or registration may take."""
SLOWEST = 5.0
"""How many times as long a call may take under a flood, in the median."""
MOST_OUTSIDE = 5
"""Outside calls of one account at once."""
MOST_ECHO = 2.0
"""Bytes sent to a stranger for each byte of its request."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result; `kept` is whether its goal is."""

    attack: str
    figure: str
    kept: bool


class Bench:
    """The server under attack, and who calls meanwhile."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def phone(
        self, login: str, *, transport: str = "UDP", password: str = PASSWORD, host: str = HOME
    ) -> Softphone:
        peer = Peer(transport, "127.0.0.1", self.server.port)
        return Softphone(login, password, server=peer, host=host)

    def wire(self, host: str) -> Udp:
        return Udp(self.server.port, host, "127.0.0.1")


async def call(caller: Softphone, callee: str) -> float | None:
    """Return the seconds until the call was answered, None where it was not."""
    began = time.perf_counter()
    made = await caller.call(callee)
    try:
        async with asyncio.timeout(PATIENCE):
            await made.answered()
    except (RefusedError, TimeoutError):
        return None
    finally:
        made.end()
    return time.perf_counter() - began


async def registers(phone: Softphone) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await phone.register()
    except (RefusedError, TimeoutError):
        return False
    return True


# Floods


def send_flood(method: str, rate: int, port: int, descriptors: list[int]) -> None:
    """Send so many requests a second, from each socket in turn, until this process is ended."""
    wires = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    each = max(10, 2_000 // len(wires))
    prepared = [list(some_requests(method, wire.getsockname(), each)) for wire in wires]
    began, sent = time.monotonic(), 0
    while True:
        while sent < (time.monotonic() - began) * rate:
            turn, number = sent % len(wires), sent // len(wires) % each
            with contextlib.suppress(OSError):
                wires[turn].sendto(prepared[turn][number], ("127.0.0.1", port))
            sent += 1
        time.sleep(0.001)


def some_requests(method: str, address: tuple[str, int], count: int) -> Iterator[bytes]:
    host, port = address
    via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK"
    for number in range(count):
        call_id = f"{method}-{host}-{number}"
        yield bytes(request(method, via=f"{via}{number}", call_id=call_id))


@contextlib.contextmanager
def flooding(port: int, method: str, rate: int, wires: list[socket.socket]) -> Iterator[None]:
    """Flood from a process of its own."""
    descriptors = [wire.fileno() for wire in wires]
    command = [sys.executable, "-m", "benchmarks.abuse", "--flood", method, "--rate", str(rate)]
    command += ["--port", str(port), "--sockets", ",".join(map(str, descriptors))]
    process = subprocess.Popen(command, pass_fds=descriptors)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def bound(host: str) -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind((host, 0))
    return wire


def socket_of(phone: Softphone) -> socket.socket:
    return phone._endpoint._udp  # noqa: SLF001 -- its own address is what is flooded from


def dialog_of(phone: Softphone) -> Dialog:
    """Return the dialog of its only call, as somebody knows it who overheard everything."""
    (session,) = phone._endpoint.agent._table.sessions.values()  # noqa: SLF001 -- as above
    assert session.dialog is not None
    return session.dialog


async def floods(bench: Bench, calls: int, rate: int) -> AsyncIterator[Row]:
    """Let friends call one another, at rest and under each flood."""
    async with bench.phone("caller") as caller, bench.phone("callee") as callee:
        for phone in (caller, callee):
            await phone.register()
        rest = [await call(caller, "callee") for _ in range(calls)]
        at_rest = statistics.median(taken for taken in rest if taken is not None)
        yield Row("none", f"{calls} calls, {at_rest * 1000:.1f} ms each in the median", kept=True)
        async with bench.phone("spammer") as spammer:
            await spammer.register()
            crowd = [bound(host) for host in FORGED]
            attacks = {
                f"{rate:,} INVITEs/s from one stranger": ("INVITE", [bound(STRANGER)]),
                f"{rate:,} REGISTERs/s from one stranger": ("REGISTER", [bound(STRANGER)]),
                f"{rate:,} INVITEs/s from {len(crowd)} forged addresses": ("INVITE", crowd),
                f"{rate:,} SUBSCRIBEs/s from a registered telephone": (
                    "SUBSCRIBE",
                    [socket_of(spammer)],
                ),
            }
            for name, (method, wires) in attacks.items():
                with flooding(bench.server.port, method, rate, wires):
                    await asyncio.sleep(2.0)
                    taken = [await call(caller, "callee") for _ in range(calls)]
                yield _judged(name, taken, at_rest)
                await asyncio.sleep(1.0)


def _judged(name: str, taken: list[float | None], at_rest: float) -> Row:
    good = [one for one in taken if one is not None]
    times = statistics.median(good) / at_rest if good else float("inf")
    figure = f"{len(good)} of {len(taken)} calls of others succeed, ×{times:.1f} the time at rest"
    return Row(name, figure, kept=len(good) == len(taken) and times <= SLOWEST)


# Passwords, echoes, connections, other people's calls


async def lockouts(bench: Bench) -> AsyncIterator[Row]:
    """Try wrong passwords, and see who else is held up at the same address."""
    async with bench.phone("phone0", password="old", host=OFFICE) as wrong:
        for _ in range(40):
            await registers(wrong)
    good = 0
    for login in PHONES[1:21]:
        async with bench.phone(login, host=OFFICE) as phone:
            good += await registers(phone)
    yield Row("40 wrong passwords of one user", f"{good} of 20 others there register", good == 20)


async def echo(bench: Bench) -> AsyncIterator[Row]:
    """Leave a challenge without an answer."""
    with bench.wire(THIEF) as stranger:
        asked = next(some_requests("INVITE", (THIEF, stranger.port), 1))
        stranger.send(asked)
        heard = []
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(await stranger.receive(9.0))
    times = sum(map(len, heard)) / len(asked)
    figure = f"{len(heard)} answers in 9 s, ×{times:.1f} its bytes"
    yield Row("an INVITE without password and ACK", figure, times <= MOST_ECHO)


async def hoarding(bench: Bench) -> AsyncIterator[Row]:
    """Hold connections, and see whether telephones get any."""
    async with contextlib.AsyncExitStack() as stack:
        for host in HOARDERS:
            for number in range(98):
                with contextlib.suppress(OSError):
                    tcp = await stack.enter_async_context(Tcp.to(bench.server.port, host))
                    await tcp.send(options("TCP", 9, branch=f"{host}{number}"))
        await asyncio.sleep(1.0)
        good = 0
        for login in PHONES:
            phone = await stack.enter_async_context(bench.phone(login, transport="TCP"))
            good += await registers(phone)
        figure = f"{good} of {len(PHONES)} telephones register over TCP"
        yield Row("20 addresses hold 98 connections each", figure, good == len(PHONES))


async def hijacking(bench: Bench) -> AsyncIterator[Row]:
    """End calls from an address that has no part in them."""
    ended = 0
    async with bench.phone("caller") as caller, bench.phone("callee") as callee:
        await callee.register()
        for number in range(10):
            made = await caller.call("callee")
            await made.answered()
            dialog = dialog_of(caller)
            with bench.wire(THIEF) as thief:
                via = f"SIP/2.0/UDP {THIEF}:{thief.port};branch=z9hG4bKbye{number}"
                bye = request(
                    "BYE",
                    via=via,
                    from_=str(dialog.local),
                    to=str(dialog.remote),
                    call_id=dialog.call_id,
                    cseq=900,
                )
                answer = read_response(await thief.ask(bytes(bye)))
            ended += answer.status == 200
            made.end()
            await asyncio.sleep(0.05)
    yield Row("a BYE from a third address", f"{ended} of 10 calls end by it", ended == 0)


async def toll_fraud(bench: Bench) -> AsyncIterator[Row]:
    """Call outside with a stolen password, as often as that goes at once."""
    async with bench.phone("stolen") as thief:
        made = [await thief.call(f"+3809001234{number:02}") for number in range(60)]
        await asyncio.sleep(2.0)
        connected = sum(one.answered_at.done() and not one.is_over for one in made)
        for one in made:
            one.end()
        await asyncio.sleep(0.5)
    figure = f"{connected} of 60 outside calls at once connected"
    yield Row("a stolen telephone password", figure, connected <= MOST_OUTSIDE)


# All of it


async def attack(directory: Path, calls: int, rate: int) -> AsyncIterator[Row]:
    async with Softphone("carrier", host="127.0.0.9") as carrier:
        trunk = Trunk(name="carrier", host="127.0.0.9", port=carrier.port, sources=("127.0.0.9",))
        logins = ("caller", "callee", "spammer", "stolen", *PHONES)
        accounts = tuple(Account(login=login, password=PASSWORD) for login in logins)
        project = Project(id="office", name="Office", accounts=accounts, trunks=(trunk,))
        server = Server(directory, settings={"allowed_networks": "127.0.0.0/8"})
        await asyncio.to_thread(server.apply, project)
        await asyncio.to_thread(server.start)
        try:
            bench = Bench(server)
            for rows in (
                echo(bench),
                hijacking(bench),
                toll_fraud(bench),
                lockouts(bench),
                floods(bench, calls, rate),
                hoarding(bench),
            ):
                async for row in rows:
                    yield row
        finally:
            await asyncio.to_thread(server.stop)


async def run(calls: int, rate: int) -> list[Row]:
    console = Console()
    table = Table("attack", "measured", "goal", title="What attackers can do to others")
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        async for row in attack(Path(directory), calls, rate):
            table.add_row(row.attack, row.figure, "kept" if row.kept else "MISSED")
            console.print(f"{row.attack}: {row.figure}")
            rows.append(row)
    console.print(table)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=40, help="of friends, under each flood")
    parser.add_argument("--rate", type=int, default=3_000, help="requests a second of a flood")
    for name in ("--flood", "--port", "--sockets"):  # of the process that sends a flood
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.flood:
        descriptors = [int(number) for number in arguments.sockets.split(",")]
        send_flood(arguments.flood, arguments.rate, int(arguments.port), descriptors)
    rows = asyncio.run(run(arguments.calls, arguments.rate))
    sys.exit(not all(row.kept for row in rows))


if __name__ == "__main__":
    main()
