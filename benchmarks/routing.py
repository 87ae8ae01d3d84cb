"""What an ask costs beside the bare exchange that it makes, and what keeping the connection saves.

    python -m benchmarks.routing [--rounds 9] [--seconds 0.4]

From the project's root. An nginx on loopback answers the vendor's first example at once. It is asked in
five ways: over HTTP and TLS, the connection kept or new for each ask; a new TLS connection once with a
whole handshake, and once resuming a session, as many servers let it. Each way with the smallest request
(a GET with one parameter) and the largest (the sample of 36 keys as JSON), and each of these in turns by
one clock: the bare exchange (the sender, with a request that is ready) and the whole ask (facts, request,
sender, reader, event for the engine), each ask from another caller. One round is all of this once, in
random order; ratios are taken within a round, so that a neighbour's load falls on both sides. Printed
are medians of the rounds. The client is pinned to the first core, nginx to the second.

An ask that is not followed, or a connection that is made or kept against the plan, ends the run. A goal
that is missed ends it with status 1.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme
import uvloop
from benchmarks.nginx import free_ports, nginx
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tests.webhooks.samples import VISIT, make_call, make_number, make_snapshot

from switchhook.app.application import Application, build
from switchhook.app.user_agent import USER_AGENT
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.http.tls import default_tls
from switchhook.delivery.limits import HttpLimits
from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.scheme import AskStep, Scheme
from switchhook.domain.webhook import Encoding, Field
from switchhook.routing.commands import AskWebhook
from switchhook.routing.events import DirectionGiven
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.payload_template import RINGOSTAT_SAMPLE
from switchhook.webhooks.request import render_ask

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot

ANSWER = '{"dst_phone":380443334455}'
"""The vendor's first example."""
DEADLINE = 5.0
"""Seconds of an exchange, and for which a connection waits for the next one while the machine does other work."""
WARM_UP_SECONDS = 0.15
LEAST = 10
"""How many exchanges and asks a round has of each case, however little the machine gets done."""
CALLERS = 5_000
"""More than what is known of callers' numbers is remembered for."""
ENDPOINT_GOAL = 1e-3
"""Seconds that the bare exchange over a kept connection may take, so that the rest can be seen."""
TLS_GOAL = 0.10
"""Of the bare exchange over a new TLS connection, the most that the one over a kept connection may take."""

PLAIN, FULL, RESUMING = "http", "https", "https, sessions resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the connection is had."""

    name: str
    server: str
    is_kept: bool


WAYS = (
    Way(name="HTTP, kept", server=PLAIN, is_kept=True),
    Way(name="HTTP, new", server=PLAIN, is_kept=False),
    Way(name="TLS, kept", server=FULL, is_kept=True),
    Way(name="TLS, new", server=FULL, is_kept=False),
    Way(name="TLS, resumed", server=RESUMING, is_kept=False),
)
KEPT_AGAINST = (
    ("HTTP, kept", "HTTP, new"),
    ("TLS, kept", "TLS, new"),
    ("TLS, kept", "TLS, resumed"),
)
REQUESTS: dict[str, dict[str, Any]] = {
    "1 key": {"fields": (Field(name="insertionType", parameter="insertion_type"),)},
    "36 keys": {"submission": Encoding.JSON, "fields": RINGOSTAT_SAMPLE},
}
CASES = tuple((way, request) for way in WAYS for request in REQUESTS)

Taken = tuple[float, float]
"""Seconds of wall time and of CPU time that one exchange or ask took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What one contender took in a round, in seconds: wall time, and the median of CPU time."""

    p50: float
    p90: float
    cpu: float

    @classmethod
    def of(cls, taken: list[Taken]) -> Spread:
        tenths = statistics.quantiles([wall for wall, _ in taken], n=10, method="inclusive")
        return cls(p50=tenths[4], p90=tenths[8], cpu=statistics.median(cpu for _, cpu in taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One case's part of a round."""

    bare: Spread
    ask: Spread


# The two contenders.


class Bench:
    """One case, with a sender of its own, so that no other case's connections are tended."""

    def __init__(
        self, way: Way, request: str, calls: list[Call], app: Application, sender: Sender
    ) -> None:
        snapshot = calls[0].snapshot
        self._way = way
        self._sender = sender
        facts_of = app.memory.facts_of
        self._asking = WebhookAsker(app.asks, USER_AGENT, facts_of=facts_of)
        self._calls = itertools.cycle(calls)
        self._command = AskWebhook(ask="1", webhook=name_of(way, request))
        webhook = snapshot.webhooks[self._command.webhook]
        facts = CallFacts(call=calls[0], now=time.time(), extra=facts_of(calls[0]))
        self._request = render_ask(webhook, facts, ask_id="1", product=USER_AGENT)
        self._networks = app.policies.networks_of(snapshot.project.id)

    async def bare(self) -> None:
        exchange = await self._sender.exchange(
            self._request, deadline=DEADLINE, networks=self._networks, keep_alive=self._way.is_kept
        )
        if exchange.response is None or exchange.response.status != 200:
            raise RuntimeError(f"the exchange failed: {exchange.failure}")

    async def ask(self) -> None:
        heard = await self._asking.ask(next(self._calls), self._command, now=time.time())
        if not isinstance(heard, DirectionGiven):
            raise RuntimeError(f"the ask failed: {heard}")  # noqa: TRY004 (the type is the outcome)

    async def run(self, seconds: float) -> Round:
        """Do both in turns for so long, and `LEAST` times at least."""
        try:
            await self._turns(WARM_UP_SECONDS)
            gc.collect()
            gc.freeze()
            before = self._connections()
            bare, ask = await self._turns(seconds)
            self._check(before, exchanges=2 * len(bare))
        finally:
            await self._sender.close()
        return Round(bare=Spread.of(bare), ask=Spread.of(ask))

    async def _turns(self, seconds: float) -> tuple[list[Taken], list[Taken]]:
        bare: list[Taken] = []
        ask: list[Taken] = []
        turns = [(self.bare, bare), (self.ask, ask)]
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(ask) < LEAST:
            for work, taken in turns:
                taken.append(await timed(work))
            turns.reverse()
        return bare, ask

    def _connections(self) -> tuple[int, int]:
        """Return how many connections were made for an exchange, and how many resumed a session.

        Those held ready for a next one are made aside, once in a while, and cost no exchange its time.
        """
        return self._sender.opened - self._sender.prewarmed, self._sender.resumed

    def _check(self, before: tuple[int, int], exchanges: int) -> None:
        """Raise RuntimeError unless connections were made as the way says."""
        opened, resumed = (
            now - then for now, then in zip(self._connections(), before, strict=True)
        )
        planned = 0 if self._way.is_kept else exchanges
        if opened != planned or resumed != (planned if self._way.server == RESUMING else 0):
            raise RuntimeError(
                f"{self._way.name}: {opened} connections, {resumed} resumed, for {exchanges} exchanges"
            )


async def timed(work: Callable[[], Awaitable[None]]) -> Taken:
    wall, cpu = time.perf_counter(), time.thread_time()
    await work()
    return time.perf_counter() - wall, time.thread_time() - cpu


def name_of(way: Way, request: str) -> str:
    return f"{way.name}, {request}"


def snapshot_for(ports: dict[str, int]) -> ProjectSnapshot:
    """Return a project with one webhook for each case."""
    webhooks = [
        make_number(
            name=name_of(way, request),
            url=f"{'http' if way.server == PLAIN else 'https'}://127.0.0.1:{ports[way.server]}/route",
            keep_alive=way.is_kept,
            **REQUESTS[request],
        )
        for way, request in CASES
    ]
    return make_snapshot(
        schemes=(Scheme(id=1, name="Office", steps=(AskStep(webhook=webhooks[0].name),)),),
        forwarding_numbers=tuple(webhooks),
        allowed_networks=("127.0.0.0/8",),
    )


def calls_for(snapshot: ProjectSnapshot) -> list[Call]:
    call = make_call(snapshot=snapshot, facts=tuple(VISIT.items()))
    return [
        replace(call, caller=call.caller.changed(number=f"38044{number:07}"))
        for number in range(1_000_000, 1_000_000 + CALLERS)
    ]


@contextlib.contextmanager
def endpoints(ca: trustme.CA) -> Iterator[dict[str, int]]:
    """Start nginx; yield the port of each of its servers."""
    ports = dict(zip((PLAIN, FULL, RESUMING), free_ports(3), strict=True))
    with tempfile.TemporaryDirectory() as name:
        pem = Path(name, "cert.pem")
        ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        tls = f"ssl_certificate {pem}; ssl_certificate_key {pem}; ssl_protocols TLSv1.2 TLSv1.3;"
        whole = "ssl_session_tickets off; ssl_session_cache off;"
        answer = f"location / {{ return 200 '{ANSWER}'; }}"
        servers = f"""
            server {{ listen 127.0.0.1:{ports[PLAIN]}; {answer} }}
            server {{ listen 127.0.0.1:{ports[FULL]} ssl; {tls} {whole} {answer} }}
            server {{ listen 127.0.0.1:{ports[RESUMING]} ssl; {tls} {answer} }}
        """
        with nginx(Path(name), servers, ports.values()):
            yield ports


# The rounds.

Results = dict[tuple[str, str], list[Round]]
"""By way and request."""


async def measure(
    snapshot: ProjectSnapshot, tls: ssl.SSLContext, rounds: int, seconds: float, console: Console
) -> Results:
    results: Results = {(way.name, request): [] for way, request in CASES}
    calls = calls_for(snapshot)
    store = await SqliteStore.open(None)
    try:
        for _ in track(range(rounds), "rounds", console=console, transient=True):
            for way, request in random.sample(CASES, len(CASES)):
                sender = Sender(tls=tls, limits=HttpLimits(guest_seconds=DEADLINE))
                app = build(
                    Settings(sip_port=0),
                    store,
                    ProjectDirectory([snapshot]),
                    sender,
                    Memory(),
                    delivery_sender=sender,
                    subscribers=Subscribers(),
                )
                bench = Bench(way, request, calls, app, sender)
                results[way.name, request].append(await bench.run(seconds))
    finally:
        await store.close()
    return results


def report(results: Results, console: Console) -> bool:
    """Print everything; return whether the goals are met."""
    for request in REQUESTS:
        console.print(times_table(results, request))
    console.print(kept_table(results))
    kept, new = KEPT_AGAINST[1]
    checks = []
    for request in REQUESTS:
        bare = 1e3 * middle([one.bare.p50 for one in results["HTTP, kept", request]])
        saved = middle(ratios(results, request, (kept, new), bare_p50))
        checks += [
            (f"bare exchange, {request}: HTTP, kept, ms", bare, 1e3 * ENDPOINT_GOAL),
            (f"bare exchange, {request}: {kept} / {new}", saved, TLS_GOAL),
        ]
    for what, value, most in checks:
        verdict = "holds" if value <= most else "[bold red]does not hold"
        console.print(f"{what}: {value:.3f}, at most {most:g}: {verdict}")
    return all(value <= most for _, value, most in checks)


def times_table(results: Results, request: str) -> Table:
    table = table_of(
        f"{request}: µs", "way", "bare p50", "p90", "ask p50", "p90", "adds p50", "p90", "CPU", "ask / bare"
    )  # fmt: skip
    for way in WAYS:
        rounds = results[way.name, request]
        table.add_row(
            way.name,
            *(
                f"{1e6 * middle([of(one) for one in rounds]):,.0f}"
                for of in (
                    bare_p50,
                    lambda one: one.bare.p90,
                    ask_p50,
                    lambda one: one.ask.p90,
                    lambda one: one.ask.p50 - one.bare.p50,
                    lambda one: one.ask.p90 - one.bare.p90,
                    lambda one: one.ask.cpu - one.bare.cpu,
                )
            ),
            f"{middle([one.ask.p50 / one.bare.p50 for one in rounds]):.2f}",
        )
    return table


def kept_table(results: Results) -> Table:
    title = "a kept connection against a new one: ratio of p50, median (quartiles)"
    table = table_of(title, "ways, request", "bare exchange", "ask")
    for pair in KEPT_AGAINST:
        for request in REQUESTS:
            values = [ratios(results, request, pair, of) for of in (bare_p50, ask_p50)]
            table.add_row(f"{' / '.join(pair)}, {request}", *map(shown, values))
    return table


def table_of(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right")
    return table


def bare_p50(one: Round) -> float:
    return one.bare.p50


def ask_p50(one: Round) -> float:
    return one.ask.p50


def ratios(
    results: Results, request: str, pair: tuple[str, str], of: Callable[[Round], float]
) -> list[float]:
    over, under = (results[way, request] for way in pair)
    return [of(a) / of(b) for a, b in zip(over, under, strict=True)]


def shown(values: list[float]) -> str:
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle(values):.3f} ({low:.3f} … {high:.3f})"


middle = statistics.median


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=9, help="at least 2")
    arguments.add_argument("--seconds", type=float, default=0.4, help="of each case in each round")
    chosen = arguments.parse_args()
    console = Console()
    ca = trustme.CA()
    tls = default_tls()
    ca.configure_trust(tls)
    with endpoints(ca) as ports:
        if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {0})
        work = measure(snapshot_for(ports), tls, chosen.rounds, chosen.seconds, console)
        results = uvloop.run(work)
    return 0 if report(results, console) else 1


if __name__ == "__main__":
    sys.exit(main())
