"""How long each list takes in a store with very many calls and deliveries.

    python -m benchmarks.lists [--calls 100000] [--rounds 200] [--in FOLDER] [--keep] [--cold] [--only WORDS]

From the project's root. A store is filled (`benchmarks.filled_store`) with calls of one project over a year and two deliveries
each. Then every list is asked for `--rounds` times with other values each time, through the store's own contract and down to
the JSON that the API sends, 50 rows a page: newest first, in the middle of the year, at its end, by each filter and by several,
with and without a count. Printed are the median, the 90th percentile and the longest. Ten million calls
(`--calls 10000000`) take about 35 GB and ten minutes to fill; `--in` says where, `--keep` leaves the store there, and a
store that is there already is used. With `--cold`, the database is opened anew for each request and nothing of its file is
in the system's cache.

A 90th percentile of more than 20 ms ends it with status 1, but for cold ones.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from benchmarks.filled_store import BEGAN, PROJECT, SEED, YEAR, Thin, fill, made_up
from rich.console import Console
from rich.progress import track
from rich.table import Table

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.logs import configure_logs
from switchhook.operations.calls.details import with_details
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import show_call
from switchhook.operations.recordings import NO_RECORDINGS
from switchhook.storage.call_search import CallFilter, CallPlace, NumberPart, PartOf
from switchhook.storage.records import DeliveryFilter
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views import as_json
from switchhook.views.endpoints import shadows_as_json
from switchhook.views.people import audit_entry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GOAL: Final = 0.020
"""Seconds of the 90th percentile."""
PAGE: Final = 50
DAY: Final = 86_400.0

Wanted = tuple[dict[str, Any], CallPlace | None, bool]
"""What calls are looked for, from where, and whether they are counted."""
Ask = "Callable[[SqliteStore], Awaitable[object]]"
"""Makes the next request of a list, down to what is written as JSON."""


class Lists:
    """Every list of a store, by its name; each asks for other values every time."""

    def __init__(self, some: list[Thin], chance: random.Random) -> None:
        self._some = some
        self._chance = chance

    def every(self) -> dict[str, Callable[[SqliteStore], Awaitable[object]]]:
        """Return each list with what makes its next request."""
        calls = {f"calls: {name}": partial(_calls, ask) for name, ask in self._calls().items()}
        told = {
            f"deliveries: {name}": partial(_deliveries, ask)
            for name, ask in self._deliveries().items()
        }
        counted = {
            f"count: {name}": partial(_count, ask)
            for name, ask in self._deliveries().items()
            if "page" not in name
        }
        return calls | told | counted | self._others()

    def _one(self) -> Thin:
        return self._chance.choice(self._some)

    def _middle(self) -> CallPlace:
        return CallPlace(BEGAN + self._chance.random() * YEAR, 0)

    def _time(self, days: float) -> dict[str, float]:
        since = BEGAN + self._chance.random() * (YEAR - days * DAY)
        return {"since": since, "until": since + days * DAY}

    def _part(self, at: PartOf, length: int) -> NumberPart:
        digits = self._one().party
        cut = {PartOf.BEGIN: digits[:length], PartOf.END: digits[-length:], PartOf.WHOLE: digits}
        return NumberPart(digits=cut[at], at=at)

    def _calls(self) -> dict[str, Callable[[], Wanted]]:
        one, middle, part = self._one, self._middle, self._part
        common = (Outcome.ANSWERED, Outcome.MISSED, Outcome.CANCELLED)

        def first(**wanted: Any) -> Wanted:  # noqa: ANN401
            return wanted, None, True

        def deep(**wanted: Any) -> Wanted:  # noqa: ANN401
            return wanted, middle(), True

        return {
            "newest": lambda: ({}, None, False),
            "newest, counted": first,
            "in the middle": lambda: ({}, middle(), False),
            "the last page": lambda: ({}, CallPlace(BEGAN + 60.0, 0), True),
            "a day": lambda: first(**self._time(1)),
            "a month": lambda: first(**self._time(30)),
            "number ends with 2": lambda: first(number=part(PartOf.END, 2)),
            "number ends with 4": lambda: first(number=part(PartOf.END, 4)),
            "number ends with 7": lambda: first(number=part(PartOf.END, 7)),
            "number begins with 4": lambda: first(number=part(PartOf.BEGIN, 4)),
            "number begins with 8": lambda: first(number=part(PartOf.BEGIN, 8)),
            "whole number": lambda: first(number=part(PartOf.WHOLE, 0)),
            "no such number": lambda: first(number=NumberPart(digits="1" * 9, at=PartOf.END)),
            "number and month": lambda: first(number=part(PartOf.END, 4), **self._time(30)),
            "number and scheme": lambda: first(number=part(PartOf.END, 4), scheme=one().scheme),
            "number and missed": lambda: first(
                number=part(PartOf.BEGIN, 6), outcomes=(Outcome.MISSED,)
            ),
            "a common outcome": lambda: deep(outcomes=(self._chance.choice(common),)),
            "a rare outcome": lambda: first(outcomes=(Outcome.BLOCKED,)),
            "an outcome that none has": lambda: first(outcomes=(Outcome.ABANDONED,)),
            "busy or failed": lambda: first(outcomes=(Outcome.BUSY, Outcome.FAILED)),
            "missed or busy": lambda: deep(outcomes=(Outcome.MISSED, Outcome.BUSY)),
            "direction": lambda: deep(direction=one().direction),
            "internal, that none is": lambda: first(direction=Direction.INTERNAL),
            "scheme": lambda: first(scheme=one().scheme),
            "a scheme that none has": lambda: first(scheme=999),
            "dialled number": lambda: first(dialled=one().callee),
            "account": lambda: first(account=one().account),
            "account, deep": lambda: deep(account=one().account),
            "account and scheme": lambda: deep(account=one().account, scheme=one().scheme),
            "webhook": lambda: deep(webhook="crm"),
            "a rare webhook": lambda: first(webhook="audit"),
            "with failures": lambda: first(has_failures=True),
            "failures of a webhook": lambda: deep(has_failures=True, webhook="crm"),
            "failures, a month": lambda: first(has_failures=True, **self._time(30)),
            "missed, account, month": lambda: first(
                outcomes=(Outcome.MISSED,), account=one().account, **self._time(30)
            ),
            "running": lambda: first(is_running=True),
        }

    def _deliveries(self) -> dict[str, Callable[[], tuple[dict[str, Any], int | None]]]:
        most = 2 * self._some[-1].number

        def first(**wanted: Any) -> tuple[dict[str, Any], int | None]:  # noqa: ANN401
            return wanted, None

        def deep(**wanted: Any) -> tuple[dict[str, Any], int | None]:  # noqa: ANN401
            return wanted, self._chance.randrange(1, most)

        return {
            **{
                state: partial(first, state=state)
                for state in ("all", "delivered", "unchecked", "checked", "failed", "expired")
            },
            **{state: partial(first, state=state) for state in ("pending", "parked")},
            "all, a deep page": partial(deep, state="all"),
            "failed, a deep page": partial(deep, state="failed"),
            "all, the last page": lambda: ({"state": "all"}, 60),
            "a webhook": lambda: first(webhook="crm"),
            "a webhook that none has": lambda: first(webhook="none"),
            "an event": lambda: first(event="incoming.after"),
            "a rare event": lambda: first(event="incoming.transfer"),
            "a very rare event": lambda: first(event="incoming.rated"),
            "an event that none is": lambda: first(event="deal.created"),
            "event of a webhook": lambda: first(webhook="stats", event="incoming.transfer"),
            "a day": lambda: first(**self._time(1)),
            "a month": lambda: first(**self._time(30)),
            "a time of none": lambda: first(since=BEGAN + 2 * YEAR),
            "until long ago": lambda: first(until=BEGAN + self._chance.random() * YEAR),
            "delivered, a day": lambda: first(state="delivered", **self._time(1)),
            "unchecked, a day": lambda: first(state="unchecked", **self._time(1)),
            "failed, an event": lambda: first(state="failed", event="incoming.after"),
            "failed, webhook, month": lambda: first(
                state="failed", webhook="crm", **self._time(30)
            ),
            "words of an error": lambda: first(state="failed", text="503"),
            "words that none has": lambda: first(state="failed", text="no such words"),
            "words in all": lambda: first(text="no such words"),
            "of a call": lambda: first(call=_name(self._one())),
        }

    def _others(self) -> dict[str, Callable[[SqliteStore], Awaitable[object]]]:
        def story() -> str:
            return _name(self._chance.choice(self._some[-100:]))

        return {
            "calls: newest, with paths": _detailed,
            "a call with its story": lambda store: _story(store, story()),
            "webhooks with error": lambda store: store.unchecked_by_webhook(PROJECT),
            "audit": lambda store: _audit(store, None),
            "audit, a deep page": lambda store: _audit(store, self._chance.randrange(1, 100_000)),
            "events of the stream": lambda store: store.stream_events(
                PROJECT, after=self._chance.randrange(90_000), limit=100
            ),
            "shadow asks that differ": lambda store: _shadows(store, only_different=True),
            "shadow asks of a webhook": lambda store: _shadows(store, webhook="none"),
        }


def _name(one: Thin) -> str:
    return f"{int(one.arrived_at)}.{one.number:012}"


async def _calls(ask: Callable[[], Wanted], store: SqliteStore) -> object:
    wanted, behind, count = ask()
    page = await store.find_calls(
        project=PROJECT, wanted=CallFilter(**wanted), limit=PAGE, behind=behind, count=count
    )
    return as_json.call_page(page)


async def _detailed(store: SqliteStore) -> object:
    page = await store.find_calls(project=PROJECT, limit=PAGE)
    details = await with_details(store.trails, NO_RECORDINGS, page.calls, now=BEGAN)
    return as_json.call_page(page, details)


async def _deliveries(
    ask: Callable[[], tuple[dict[str, Any], int | None]], store: SqliteStore
) -> object:
    wanted, before = ask()
    which = DeliveryFilter(project=PROJECT, **wanted)
    found = await store.find_deliveries(which, limit=PAGE, before=before)
    return [as_json.delivery(row) for row in found.rows]


async def _count(
    ask: Callable[[], tuple[dict[str, Any], int | None]], store: SqliteStore
) -> object:
    wanted, _ = ask()
    return as_json.count(await store.count_deliveries(DeliveryFilter(project=PROJECT, **wanted)))


async def _story(store: SqliteStore, call: str) -> object:
    return as_json.call_story(await show_call(store, call))


async def _audit(store: SqliteStore, before: int | None) -> object:
    found = await store.audit.entries(project=PROJECT, limit=PAGE, before=before)
    return [audit_entry(one) for one in found]


async def _shadows(store: SqliteStore, **wanted: Any) -> object:  # noqa: ANN401 (what the list takes)
    found = await store.shadows.list(PROJECT, since=BEGAN, limit=PAGE, **wanted)
    return shadows_as_json(await store.shadows.counts(PROJECT, since=BEGAN), found)


async def measure(
    path: Path, rounds: int, some: list[Thin], *, is_cold: bool, only: str
) -> dict[str, list[float]]:
    """Ask for every list, and return the seconds of each request."""
    taken: dict[str, list[float]] = {}
    lists = Lists(some, random.Random(SEED)).every()
    chosen = {name: ask for name, ask in lists.items() if only in name}
    store = await SqliteStore.open(path, read_only=True)
    for name, ask in track(chosen.items(), description="lists", console=Console(stderr=True)):
        taken[name] = []
        for _ in range(rounds):
            if is_cold:
                await store.close()
                _let_go(path)
                store = await SqliteStore.open(path, read_only=True)
            began = time.perf_counter()
            found = await ask(store)
            msgspec.json.encode(len(found) if isinstance(found, tuple) else found, enc_hook=repr)
            taken[name].append(time.perf_counter() - began)
    await store.close()
    return taken


def _let_go(path: Path) -> None:
    """Have the system keep nothing of a file in its cache."""
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


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


def filled(where: Path, count: int, console: Console) -> tuple[Path, list[Thin]]:
    """Fill a store where none is, and return its database with some of its calls."""
    path = where / "data" / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fill(path, count, console)
    step = max(1, count // 10_000)
    return path, list(itertools.islice(made_up(count), step - 1, None, step))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--in", dest="where", type=Path, default=None)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--only", default="", help="lists with this in their name")
    options = parser.parse_args()
    console = Console()
    configure_logs("warning", as_json=False)
    where = options.where or Path(tempfile.mkdtemp(prefix="lists-"))
    try:
        path, some = filled(where, options.calls, Console(stderr=True))
        console.print(f"{path.stat().st_size / 1e9:.1f} GB")
        table, is_met = shown(
            asyncio.run(
                measure(path, options.rounds, some, is_cold=options.cold, only=options.only)
            )
        )
    finally:
        if not options.keep and options.where is None:
            shutil.rmtree(where)
    console.print(table)
    sys.exit(not is_met and not options.cold)


if __name__ == "__main__":
    main()
