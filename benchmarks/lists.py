"""How long each list takes in a store with very many calls and deliveries.

    python -m benchmarks.lists [--calls 100000] [--rounds 200] [--in FOLDER] [--keep]

From the project's root. A store is filled with thin calls of one project over a year, with two deliveries each and an attempt
of each of those; callers, outcomes, accounts and failures are as unevenly spread as in life. Then every list is asked for
`--rounds` times with other values each time, through the store's own contract and down to the JSON that the API sends, 50
rows a page: newest first, in the middle of the year, by each filter and by several, with and without a count. Printed are the
median, the 90th percentile and the longest. Ten million calls (`--calls 10000000`) take about 25 GB and half an hour to fill;
`--in` says where, `--keep` leaves the store there, and a store that is there already is used.

A 90th percentile of more than 20 ms ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tests.support.promises import delivery, ended

from switchhook.domain.call import Direction, Leg, LegState
from switchhook.domain.cause import AttemptEnd, Outcome
from switchhook.domain.target import Target, TargetKind
from switchhook.storage.call_search import CallFilter, CallPlace, NumberPart, PartOf
from switchhook.storage.encryption import Cipher
from switchhook.storage.records import MAIN, DeliveryFilter
from switchhook.storage.request_codec import encode_request
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import call_to_row, delivery_aad, delivery_to_row
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views import as_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Iterator

GOAL: Final = 0.020
"""Seconds of the 90th percentile."""
PAGE: Final = 50
PROJECT: Final = "shop"
YEAR: Final = 365 * 86_400.0
BEGAN: Final = 1_764_547_200.0
BATCH: Final = 20_000
OUTCOMES: Final = (
    (Outcome.ANSWERED, 0.68),
    (Outcome.MISSED, 0.19),
    (Outcome.CANCELLED, 0.10),
    (Outcome.BUSY, 0.02),
    (Outcome.VOICEMAIL, 0.008),
    (Outcome.FAILED, 0.0019),
    (Outcome.BLOCKED, 0.0001),
)
SEED: Final = 11
KEY: Final = b"k" * 32
CIPHER: Final = Cipher(KEY)
ENVELOPE: Final = encode_request(delivery().request)[1]


@dataclass(frozen=True, slots=True)
class Thin:
    """What is made up of one call."""

    number: int
    arrived_at: float
    outcome: Outcome
    direction: Direction
    caller: str
    callee: str
    account: str
    scheme: int
    webhooks: str
    failed: str

    @property
    def party(self) -> str:
        """Return the number outside."""
        return self.callee if self.direction is Direction.OUTGOING else self.caller


def made_up(count: int) -> Iterator[Thin]:
    """Yield calls in the order of their arrival, the same each time."""
    chance = random.Random(SEED)
    names, weights = zip(*OUTCOMES, strict=True)
    outcomes = chance.choices(names, weights, k=100_003)
    regulars = [f"4930{chance.randrange(10**7):07}" for _ in range(max(10, count // 50))]
    for number in range(1, count + 1):
        rare = chance.random()
        is_out = chance.random() < 0.25
        outside = (
            chance.choice(regulars)
            if chance.random() < 0.4
            else f"49{chance.randrange(10**8, 10**10)}"
        )
        did = f"4930500{min(99, int(chance.expovariate(0.1))):02}"
        yield Thin(
            number=number,
            arrived_at=BEGAN + number * YEAR / count,
            outcome=outcomes[number % 100_003],
            direction=Direction.OUTGOING if is_out else Direction.INCOMING,
            caller=did if is_out else outside,
            callee=outside if is_out else did,
            account=str(100 + min(899, int(chance.expovariate(0.01)))),
            scheme=1 + min(60, int(chance.expovariate(0.2))),
            webhooks="\naudit\ncrm\n" if rare > 0.9995 else "\ncrm\nroute\n",
            failed="\ncrm\n" if rare < 0.002 else "",
        )


def fill(path: Path, count: int, console: Console) -> None:
    """Make the store, its indexes last."""
    value, promise = _templates()
    with closing(open_to_write(path)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = _without_indexes(connection)
        made = made_up(count)
        batches = range(0, count, BATCH)
        for _ in track(batches, description=f"filling with {count:,} calls", console=console):
            some = list(itertools.islice(made, BATCH))
            connection.execute("BEGIN")
            _insert(connection, some, value, promise)
            connection.execute("COMMIT")
        for index in track(indexes, description="indexes", console=console):
            connection.execute(index)
        connection.execute("PRAGMA journal_mode = WAL")


def _without_indexes(connection: sqlite3.Connection) -> list[str]:
    """Drop the indexes that have a statement of their own, and return these."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('calls', 'call_list', 'deliveries', 'attempts')"
    ).fetchall()
    for row in found:
        connection.execute(f"DROP INDEX {row['name']}")
    return [row["sql"] for row in found]


def _templates() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call's stored value, and the columns of a delivery."""
    leg = Leg(
        id="b1",
        target=Target(kind=TargetKind.ACCOUNT, value="ACCOUNT"),
        state=LegState.ENDED,
        started_at=0.0,
        end=AttemptEnd.ANSWERED,
    )
    call = ended("CALL")
    value = json.loads(str(call_to_row(replace(call, legs=(*call.legs, leg)), MAIN)[-1]))
    names = (
        "project id call seq event webhook occurred_at transport request body success_codes"
        " response_timeout keep_alive node"
    )
    promise = dict(zip(names.split(), delivery_to_row(delivery(), CIPHER, MAIN), strict=True))
    return value, promise


def _insert(
    connection: sqlite3.Connection,
    some: list[Thin],
    value: dict[str, Any],
    promise: dict[str, Any],
) -> None:
    encode = msgspec.json.Encoder().encode
    caller, called = value["legs"]
    calls, listed, deliveries, attempts = [], [], [], []
    for one in some:
        name = f"{int(one.arrived_at)}.{one.number:012}"
        told = value | {
            "id": name,
            "direction": one.direction.value,
            "caller": one.caller,
            "callee": one.callee,
            "arrived_at": one.arrived_at,
            "ended_at": one.arrived_at + 60,
            "outcome": one.outcome.value,
            "scheme": one.scheme,
            "legs": [caller, called | {"target": {"kind": "account", "value": one.account}}],
        }
        ended_at = one.arrived_at + 60
        calls.append((one.number, PROJECT, name, "ended", ended_at, encode(told).decode(), MAIN))
        party = one.party
        listed.append(
            (
                PROJECT,
                one.arrived_at,
                one.number,
                one.outcome.value,
                one.direction.value,
                one.scheme,
                one.callee,
                party,
                party[::-1],
                f"\n{one.account}\n",
                one.webhooks,
                one.failed,
            )
        )
        for seq, webhook in enumerate(("crm", "stats"), 1):
            number = 2 * one.number + seq - 2
            row = promise | {"id": f"{name}.{seq}.{webhook}", "call": name, "webhook": webhook}
            row |= {"project": PROJECT, "seq": seq, "occurred_at": ended_at}
            row["request"] = CIPHER.encrypt(ENVELOPE, aad=delivery_aad(PROJECT, row["id"]))
            fails = bool(one.failed) and seq == 1
            deliveries.append((number, *row.values(), 1, "failed" if fails else None))
            attempts.append(
                (PROJECT, number, 1, ended_at, 0.05, 503 if fails else 200)
                + (("status", "answered 503") if fails else (None, None))
                + (b"", 1, None)
            )
    connection.executemany(
        "INSERT INTO calls (number, project, call, state, ended_at, value, node)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        calls,
    )
    connection.executemany(f"INSERT INTO call_list VALUES ({', '.join('?' * 12)})", listed)
    columns = ", ".join(("number", *promise, "settled", "given_up"))
    marks = ", ".join("?" * (len(promise) + 3))
    connection.executemany(f"INSERT INTO deliveries ({columns}) VALUES ({marks})", deliveries)
    connection.executemany(
        "INSERT INTO attempts (project, delivery, number, at, seconds, status, failure, detail,"
        " answer, is_last, asked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        attempts,
    )


Ask = tuple[CallFilter, CallPlace | None, bool]
"""What is looked for, from where, and whether it is counted."""


def call_lists(chance: random.Random, some: list[Thin]) -> dict[str, Callable[[], Ask]]:
    """Return each list of calls with what makes up its next request."""

    def one() -> Thin:
        return chance.choice(some)

    def part(at: PartOf, length: int) -> NumberPart:
        digits = one().party
        cut = {PartOf.BEGIN: digits[:length], PartOf.END: digits[-length:], PartOf.WHOLE: digits}
        return NumberPart(digits=cut[at], at=at)

    def middle() -> CallPlace:
        return CallPlace(BEGAN + chance.random() * YEAR, 0)

    def month() -> dict[str, float]:
        since = BEGAN + chance.random() * YEAR * 0.9
        return {"since": since, "until": since + YEAR / 12}

    def plain(**wanted: Any) -> CallFilter:  # noqa: ANN401
        return CallFilter(**wanted)

    common = (Outcome.ANSWERED, Outcome.MISSED, Outcome.CANCELLED)
    return {
        "newest": lambda: (plain(), None, False),
        "newest, counted": lambda: (plain(), None, True),
        "in the middle": lambda: (plain(), middle(), False),
        "a month": lambda: (plain(**month()), None, True),
        "number ends with 4": lambda: (plain(number=part(PartOf.END, 4)), None, True),
        "number ends with 2": lambda: (plain(number=part(PartOf.END, 2)), None, True),
        "number ends with 7": lambda: (plain(number=part(PartOf.END, 7)), None, True),
        "number begins with 4": lambda: (plain(number=part(PartOf.BEGIN, 4)), None, True),
        "number begins with 8": lambda: (plain(number=part(PartOf.BEGIN, 8)), None, True),
        "whole number": lambda: (plain(number=part(PartOf.WHOLE, 0)), None, True),
        "no such number": lambda: (
            plain(number=NumberPart(digits="1" * 9, at=PartOf.END)),
            None,
            True,
        ),
        "a common outcome": lambda: (plain(outcomes=(chance.choice(common),)), middle(), True),
        "a rare outcome": lambda: (plain(outcomes=(Outcome.BLOCKED,)), None, True),
        "busy or failed": lambda: (plain(outcomes=(Outcome.BUSY, Outcome.FAILED)), None, True),
        "direction": lambda: (plain(direction=one().direction), middle(), True),
        "scheme": lambda: (plain(scheme=one().scheme), None, True),
        "a scheme that none has": lambda: (plain(scheme=999), None, True),
        "dialled number": lambda: (plain(dialled=one().callee), None, True),
        "account": lambda: (plain(account=one().account), None, True),
        "webhook": lambda: (plain(webhook="crm"), middle(), True),
        "a rare webhook": lambda: (plain(webhook="audit"), None, True),
        "with failures": lambda: (plain(has_failures=True), None, True),
        "failures of a webhook": lambda: (plain(has_failures=True, webhook="crm"), middle(), True),
        "missed, account, month": lambda: (
            plain(outcomes=(Outcome.MISSED,), account=one().account, **month()),
            None,
            True,
        ),
        "number and scheme": lambda: (
            plain(number=part(PartOf.END, 4), scheme=one().scheme),
            None,
            True,
        ),
        "running": lambda: (plain(is_running=True), None, True),
    }


async def measure(store: SqliteStore, rounds: int, some: list[Thin]) -> dict[str, list[float]]:
    """Ask for every list, and return the seconds of each request."""
    chance = random.Random(SEED)
    taken: dict[str, list[float]] = {}

    async def ask_calls(ask: Callable[[], Ask]) -> object:
        wanted, behind, count = ask()
        page = await store.find_calls(
            project=PROJECT, wanted=wanted, limit=PAGE, behind=behind, count=count
        )
        return as_json.call_page(page)

    async def ask_deliveries(**wanted: Any) -> object:  # noqa: ANN401 (what a list takes)
        return [
            as_json.delivery(row)
            for row in await store.deliveries(DeliveryFilter(project=PROJECT, **wanted))
        ]

    async def ask_story() -> object:
        one = chance.choice(some)
        return await store.deliveries_of_call(f"{int(one.arrived_at)}.{one.number:012}")

    asked: dict[str, Callable[[], Awaitable[object]]] = {
        f"calls: {name}": partial(ask_calls, ask) for name, ask in call_lists(chance, some).items()
    }
    for state in ("all", "failed", "delivered", "pending"):
        asked[f"deliveries: {state}"] = partial(ask_deliveries, state=state)
    asked["deliveries of a webhook"] = partial(ask_deliveries, webhook="crm")
    asked["deliveries of a call"] = ask_story
    for name, ask in track(asked.items(), description="lists", console=Console(stderr=True)):
        taken[name] = []
        for _ in range(rounds):
            began = time.perf_counter()
            msgspec.json.encode(await _plain(ask))
            taken[name].append(time.perf_counter() - began)
    return taken


async def _plain(ask: Callable[[], Awaitable[object]]) -> object:
    found = await ask()
    return len(found) if isinstance(found, tuple) else found


def shown(taken: dict[str, list[float]]) -> tuple[Table, bool]:
    """Return the table, and whether every goal was met."""
    table = Table("list", "median ms", "p90 ms", "longest ms")
    is_met = True
    for name, times in taken.items():
        p90 = statistics.quantiles(times, n=10)[-1]
        is_met = is_met and p90 <= GOAL
        style = "" if p90 <= GOAL else "red"
        figures = (statistics.median(times), p90, max(times))
        table.add_row(name, *(f"{one * 1000:.1f}" for one in figures), style=style)
    return table, is_met


async def run(where: Path, count: int, rounds: int) -> bool:
    """Fill the store where it is not there, and measure."""
    console, path = Console(), where / "lists.sqlite3"
    if not path.exists():
        fill(path, count, Console(stderr=True))
    console.print(f"{path.stat().st_size / 1e9:.1f} GB")
    step = max(1, count // 10_000)
    some = list(itertools.islice(made_up(count), 0, None, step))
    store = await SqliteStore.open(path, key=KEY)
    try:
        table, is_met = shown(await measure(store, rounds, some))
    finally:
        await store.close()
    console.print(table)
    return is_met


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--in", dest="where", type=Path, default=None)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    where = options.where or Path(tempfile.mkdtemp(prefix="lists-"))
    where.mkdir(parents=True, exist_ok=True)
    try:
        is_met = asyncio.run(run(where, options.calls, options.rounds))
    finally:
        if not options.keep and options.where is None:
            shutil.rmtree(where)
    sys.exit(not is_met)


if __name__ == "__main__":
    main()
