"""A store with very many calls, deliveries and attempts, made in minutes.

Thin calls of one project over a year, with two deliveries each and an attempt of each of those; callers, outcomes, accounts,
events and failures are as unevenly spread as in life. The newest have journals, and there are events of its stream, shadow
asks and an audit log. The rows of the list of calls are made up here; SQLite makes all others from them, and the indexes
whose order is not that of time last.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
from benchmarks.rehearsing import house, simulate
from rich.progress import track
from tests.support.promises import delivery, ended

from switchhook.domain.call import Direction, Leg, LegState
from switchhook.domain.cause import AttemptEnd, Outcome
from switchhook.domain.target import Target, TargetKind
from switchhook.storage.encryption import Cipher, key_path, read_key
from switchhook.storage.records import MAIN
from switchhook.storage.request_codec import encode_request
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import (
    call_to_row,
    delivery_aad,
    delivery_to_row,
    entry_to_row,
)
from switchhook.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

PROJECT: Final = "house"
"""As that of `tests.support.house`: a server with that project serves the store."""
YEAR: Final = 365 * 86_400.0
BEGAN: Final = 1_764_547_200.0
BATCH: Final = 20_000
JOURNALS: Final = 100_000
"""Calls, the newest, that have a journal."""
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
ENVELOPE: Final = encode_request(delivery().request)[1]
_LATE: Final = ("call_list_party", "call_list_ending")
"""Indexes in an order of their own."""
_NAME: Final = "printf('%d.%012d', l.arrived_at, l.number)"
"""A call's id."""
_SOME: Final = (
    f"FROM call_list AS l WHERE l.project = '{PROJECT}' AND l.arrived_at BETWEEN :since AND :until"
)


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
    pick, number_of = chance.random, chance.randrange
    for number in range(1, count + 1):
        rare = pick()
        is_out = pick() < 0.25
        outside = (
            regulars[int(pick() * len(regulars))]
            if pick() < 0.4
            else f"49{number_of(10**8, 10**10)}"
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
    """Make the store at a path, its key beside it."""
    asyncio.run(_make(path))
    cipher = Cipher(read_key(key_path(path)))
    with closing(open_to_write(path)) as connection:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -1000000",
            "threads = 2",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        late = _set_aside(connection)
        statements = _statements(connection, cipher)
        made = made_up(count)
        batches = range(0, count, BATCH)
        for _ in track(batches, description=f"filling with {count:,} calls", console=console):
            some = list(itertools.islice(made, BATCH))
            place = {"since": some[0].arrived_at, "until": some[-1].arrived_at}
            connection.execute("BEGIN")
            connection.executemany(
                f"INSERT INTO call_list VALUES ({', '.join('?' * 12)})", map(_listed, some)
            )
            for statement in statements:
                connection.execute(statement, place)
            connection.execute("COMMIT")
        connection.execute("BEGIN")
        since = BEGAN + (count - min(count, JOURNALS)) * YEAR / count + 1e-6
        _add_stories(connection, {"since": since, "until": BEGAN + YEAR + 1})
        connection.execute("COMMIT")
        for statement in track(late, description="indexes", console=console):
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode = WAL")


async def _make(path: Path) -> None:
    await (await SqliteStore.open(path)).close()


def _set_aside(connection: sqlite3.Connection) -> list[str]:
    """Drop what is quicker made at the end, and return the statements that make it."""
    marks = ", ".join("?" * len(_LATE))
    indexes = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name IN ({marks})", _LATE
    ).fetchall()
    for row in indexes:
        connection.execute(f"DROP INDEX {row['name']}")
    hours = (
        "INSERT INTO delivery_hours (project, hour, first, last)"
        " SELECT project, CAST((arrived_at + 60) / 3600 AS INTEGER), min(number) * 2 - 1, max(number) * 2"
        " FROM call_list GROUP BY 1, 2"
    )
    return [*(row["sql"] for row in indexes), hours]


def _listed(one: Thin) -> tuple[object, ...]:
    party = one.party
    return (
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


def _statements(connection: sqlite3.Connection, cipher: Cipher) -> tuple[str, ...]:
    """Return what makes the other rows of the calls of a time."""

    def sealed(delivery_id: str) -> bytes:
        return cipher.encrypt(ENVELOPE, aad=delivery_aad(PROJECT, delivery_id))

    connection.create_function("sealed", 1, sealed)
    names = [
        "project",
        "id",
        "call",
        "seq",
        "event",
        "webhook",
        "occurred_at",
        "transport",
        "request",
        "body",
        "success_codes",
        "response_timeout",
        "keep_alive",
        "node",
    ]
    promise = dict(zip(names, delivery_to_row(delivery(), cipher, MAIN), strict=True))
    fixed = {
        name: _quoted(connection, promise[name])
        for name in ("transport", "body", "success_codes", "response_timeout", "keep_alive", "node")
    }
    has_failed = "w.column1 = 1 AND l.failed <> ''"
    is_checked = f"{has_failed} AND l.number % 3 > 0"
    event = (
        "CASE WHEN w.column1 = 2 THEN 'incoming.before'"
        " WHEN l.number % 50000 = 7 THEN 'incoming.rated'"
        " WHEN l.number % 100 = 9 THEN 'incoming.transfer' ELSE l.direction || '.after' END"
    )
    per_delivery = f"{_SOME.replace('WHERE', 'CROSS JOIN (VALUES (1, ?1), (2, ?2)) AS w WHERE')}"
    per_delivery = per_delivery.replace("?1", "'crm'").replace("?2", "'stats'")
    return (
        (
            f"INSERT INTO calls (number, project, call, state, ended_at, value, node) SELECT l.number,"
            f" l.project, {_NAME}, 'ended', l.arrived_at + 60, {_call_value()}, '{MAIN}' {_SOME}"
        ),
        (
            "INSERT INTO deliveries (number, project, id, call, seq, event, webhook, occurred_at, request,"
            f" {', '.join(fixed)}, settled, given_up, checked_at, checked_by)"
            f" SELECT l.number * 2 + w.column1 - 2, l.project, {_NAME} || '.' || w.column1 || '.' || w.column2,"
            f" {_NAME}, w.column1, {event}, w.column2, l.arrived_at + 60,"
            f" sealed({_NAME} || '.' || w.column1 || '.' || w.column2), {', '.join(fixed.values())}, 1,"
            f" CASE WHEN {has_failed} THEN 'failed' END,"
            f" CASE WHEN {is_checked} THEN l.arrived_at + 4000 END, CASE WHEN {is_checked} THEN 'anna' END"
            f" {per_delivery}"
        ),
        (
            "INSERT INTO attempts (project, delivery, number, at, seconds, status, failure, detail, answer,"
            " is_last, asked) SELECT l.project, l.number * 2 + w.column1 - 2, 1, l.arrived_at + 60, 0.05,"
            f" CASE WHEN {has_failed} THEN 503 ELSE 200 END, CASE WHEN {has_failed} THEN 'status' END,"
            f" CASE WHEN {has_failed} THEN 'answered 503' END, x'', 1, NULL {per_delivery}"
        ),
    )


def _quoted(connection: sqlite3.Connection, value: object) -> str:
    return str(connection.execute("SELECT quote(?)", (value,)).fetchone()[0])


def _call_value() -> str:
    """Return the SQL that writes a call's stored value."""
    leg = Leg(
        id="b1",
        target=Target(kind=TargetKind.ACCOUNT, value="@account"),
        state=LegState.ENDED,
        started_at=0.0,
        end=AttemptEnd.ANSWERED,
    )
    call = ended("CALL")
    value = json.loads(str(call_to_row(replace(call, legs=(*call.legs, leg)), MAIN)[-1]))
    value |= {
        "id": "@id",
        "plan": [PROJECT, 1],
        "direction": "@direction",
        "caller": "@caller",
        "callee": "@callee",
        "outcome": "@outcome",
        "arrived_at": "@arrived",
        "ended_at": "@ended",
        "scheme": "@scheme",
    }
    is_out = "l.direction = 'outgoing'"
    did = "'4930500' || printf('%02d', l.number % 100)"
    told = {
        "@account": ("%s", "trim(l.accounts, char(10))"),
        "@id": ("%s", _NAME),
        "@direction": ("%s", "l.direction"),
        "@caller": ("%s", f"CASE WHEN {is_out} THEN {did} ELSE l.party END"),
        "@callee": ("%s", "l.dialled"),
        "@outcome": ("%s", "l.outcome"),
        '"@arrived"': ("%.6f", "l.arrived_at"),
        '"@ended"': ("%.6f", "l.arrived_at + 60"),
        '"@scheme"': ("%d", "l.scheme"),
    }
    text = msgspec.json.encode(value).decode().replace("%", "%%").replace("'", "''")
    places = sorted((text.index(mark), mark) for mark in told)
    for mark, (form, _) in told.items():
        text = text.replace(mark, form)
    return f"printf('{text}', {', '.join(told[mark][1] for _, mark in places)})"


def _add_stories(connection: sqlite3.Connection, place: dict[str, Any]) -> None:
    """Give the newest calls what is kept of a call besides, and the project an audit log."""
    made = asyncio.run(simulate(house("desk"), "answered", "1010"))
    lines = ", ".join(
        f"({', '.join(_quoted(connection, one) for one in entry_to_row(PROJECT, '', entry)[2:])})"
        for entry in made.journal
    )
    crossed = _SOME.replace("WHERE", f"CROSS JOIN (VALUES {lines}) AS j WHERE")
    for statement in (
        (
            "INSERT INTO journal (project, call, seq, at, happening, leg, text, facts)"
            f" SELECT l.project, {_NAME}, j.column1, l.arrived_at + j.column2, j.column3, j.column4, j.column5,"
            f" j.column6 {crossed}"
        ),
        (
            "INSERT INTO stream_events (project, number, call, seq, type, at, body)"
            f" SELECT l.project, row_number() OVER (), {_NAME}, 1, 'call.ended', l.arrived_at + 60,"
            f' CAST(printf(\'{{"specversion":"1.0","id":"%s.1","type":"call.ended"}}\', {_NAME}) AS BLOB)'
            f" {_SOME}"
        ),
        (
            "INSERT INTO shadow_asks (project, call, ask, webhook, at, first, shadow, first_seconds,"
            f" shadow_seconds) SELECT l.project, {_NAME}, 'a1', 'route', l.arrived_at, '101',"
            f" CASE WHEN l.number % 4000 = 0 THEN '102' ELSE '101' END, 0.03, 0.04 {_SOME}"
        ),
        (
            "INSERT INTO audit (project, at, actor, via, source, operation, target, result, facts)"
            " SELECT l.project, l.arrived_at, 'anna', 'api', '127.0.0.1', 'PUT /api/projects/{project}',"
            f" l.project, 'done', '{{}}' {_SOME}"
        ),
    ):
        connection.execute(statement, place)
