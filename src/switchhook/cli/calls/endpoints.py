"""`switchhook endpoints`: what endpoints cost callers, and what their shadows say."""

import time
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from switchhook.cli.errors import UsageError
from switchhook.cli.options import Config, DataDir, Json, OfProject, ask_store
from switchhook.cli.output import print_json, print_table, stderr, stdout
from switchhook.operations.calls.endpoint_cost import CostReport, endpoint_costs
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.operations.project_versions import latest_version
from switchhook.storage.shadows import ShadowAsk, ShadowCount
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.endpoints import (
    cost_as_json,
    cost_rows,
    shadow_count_lines,
    shadow_rows,
    shadows_as_json,
)
from switchhook.views.text import clock

endpoints = App(
    name="endpoints",
    help="What endpoints cost callers who wait for them, and what shadow endpoints say.",
)
Since = Annotated[
    str, Parameter(help="Calls that arrived then or later: a date or time, or 2h, 7d ago.")
]
Until = Annotated[str, Parameter(help="Calls that arrived before, likewise.")]


@endpoints.command
def cost(
    *,
    since: Since = "7d",
    until: Until = "",
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say how much delay each webhook adds to calls, and how many callers hung up while it was thinking."""
    begins, ends = moments(since, until)

    async def ask(store: SqliteStore) -> CostReport:
        own = (await latest_version(store, project)).id
        return await endpoint_costs(store.trails, own, since=begins, until=ends)

    report = ask_store(config, data_dir, ask)
    if json:
        print_json(cost_as_json(report))
        return 0
    if not report.costs:
        stdout().print("no webhook was asked in that time")
        return 0
    columns = ("webhook", "asks", "failed", "p50", "p99", "longest", "hung up meanwhile")
    print_table(columns, cost_rows(report))
    if report.is_cut:
        stderr().print(
            f"of the newest {report.calls:,} calls, back to {clock(report.reached)}; --until goes further back"
        )
    return 0


@endpoints.command
def shadows(
    *,
    since: Since = "7d",
    webhook: Annotated[str | None, Parameter(help="Only of this webhook.")] = None,
    all_: Annotated[
        bool, Parameter(name="--all", help="Also asks to which both said the same.", negative=())
    ] = False,
    limit: Annotated[
        int, Parameter(help="How many at most, newest first.", validator=Number(gte=1, lte=10_000))
    ] = 50,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List asks to which a shadow endpoint said something else than the endpoint that calls follow."""
    begins, _ = moments(since, "")

    async def ask(store: SqliteStore) -> tuple[tuple[ShadowCount, ...], tuple[ShadowAsk, ...]]:
        own = (await latest_version(store, project)).id
        found = await store.shadows.list(
            own, since=begins, webhook=webhook, only_different=not all_, limit=limit
        )
        return await store.shadows.counts(own, since=begins), found

    counts, found = ask_store(config, data_dir, ask)
    if json:
        print_json(shadows_as_json(counts, found))
        return 0
    if found:
        columns = ("call", "asked", "webhook", "its endpoint said", "its shadow said")
        print_table(columns, shadow_rows(found))
    for line in shadow_count_lines(counts) or ["no shadow was asked in that time"]:
        stdout().print(line)
    return 0


def moments(since: str, until: str) -> tuple[float, float | None]:
    """Read the options of a time. Raises UsageError."""
    now = time.time()
    try:
        return parse_moment(since, now), parse_moment(until, now) if until else None
    except BadMomentError as error:
        raise UsageError(str(error)) from error
