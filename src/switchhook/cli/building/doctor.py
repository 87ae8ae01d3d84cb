"""`switchhook doctor`: what around Switchhook is wrong, in words, with what to do."""

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from switchhook.cli.errors import CommandError
from switchhook.cli.options import (
    NO_FLAGS,
    SERVER_TIMEOUT,
    Config,
    DataDir,
    Flags,
    Json,
    ask_store,
    settings_of,
)
from switchhook.cli.output import print_json, stdout
from switchhook.domain.project import Project
from switchhook.errors import ExpectedError
from switchhook.operations.control_socket import connect
from switchhook.operations.data_dir import DATABASE
from switchhook.projectfile.loading import load_snapshot
from switchhook.settings import Settings
from switchhook.tryout.checkup import machine, network
from switchhook.tryout.checkup.result import CheckResult, Grade, doubtful, good, wrong
from switchhook.views.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.storage.sqlite.store import SqliteStore

MARKS = {Grade.GOOD: ("✓", "green"), Grade.DOUBTFUL: ("!", "yellow"), Grade.WRONG: ("✗", "red")}


def doctor(*, json: Json = False, config: Config = None, data_dir: DataDir = None) -> int:
    """Say what around Switchhook is wrong: ports, names, TLS, clock, disk, mail, NAT; nothing is sent."""
    flags = NO_FLAGS if data_dir is None else Flags(data_dir=str(data_dir))  # type: ignore[arg-type]
    settings = settings_of(config, flags)
    findings = list(_examine(settings, config, data_dir))
    if json:
        print_json(
            [
                {"check": f.check, "grade": f.grade, "text": f.text, "advice": f.advice or None}
                for f in findings
            ]
        )
    else:
        _show(findings)
    return 1 if any(one.grade is Grade.WRONG for one in findings) else 0


def _examine(
    settings: Settings, config: "Path | None", data_dir: "Path | None"
) -> Iterator[CheckResult]:
    now = time.time()
    is_running = _is_running(settings)
    yield from machine.disk(settings.data_dir)
    stored = list(_stored(settings, config, data_dir))
    yield from (one for one in stored if isinstance(one, CheckResult))
    projects = [one for one in stored if isinstance(one, Project)]
    newest = next((one for one in stored if isinstance(one, float)), None)
    yield from machine.clock(now=now, newest=newest)
    yield from machine.limits(settings)
    yield from machine.ports(settings, is_running=is_running)
    yield from machine.sound_ports(settings)
    yield from machine.nat(settings, projects)

    async def reach() -> list[CheckResult]:
        return [
            *await network.resolve_trunks(projects),
            *await network.reach_endpoints(settings, projects, now=now),
            *await network.greet_mail_server(settings, projects),
        ]

    yield from asyncio.run(reach())


def _is_running(settings: Settings) -> bool:
    try:
        connection = connect(settings.data_dir, timeout=SERVER_TIMEOUT)
    except OSError:  # one that does not let us in, or is busy
        return True
    if connection is not None:
        connection.close()
    return connection is not None


def _stored(
    settings: Settings, config: "Path | None", data_dir: "Path | None"
) -> Iterator[CheckResult | Project | float]:
    """Yield what there is to say of the database, its projects, and the moment of the newest call."""
    where = settings.data_dir / DATABASE
    advice = "`switchhook apply project.toml` makes one"
    if not where.exists():
        yield doubtful("database", "no project is applied yet", advice)
        return
    try:
        found, newest = ask_store(config, data_dir, _read)
    except (ExpectedError, CommandError) as error:
        yield wrong(
            "database", str(error), "`switchhook docs run-as-a-service` says how to restore one"
        )
        return
    yield good("database", f"{where} can be read")
    if not found:
        yield doubtful("database", "no project is applied yet", advice)
    yield from found
    if newest is not None:
        yield newest


async def _read(store: "SqliteStore") -> tuple[list[Project], float | None]:
    projects = [load_snapshot(one).project for one in await store.projects()]
    newest = await store.calls(limit=1)
    return projects, newest[0].arrived_at if newest else None


def _show(findings: list[CheckResult]) -> None:
    for one in findings:
        mark, style = MARKS[one.grade]
        stdout().print(f"{mark} {one.check}: {one_line(one.text)}", style=style)
        if one.advice:
            stdout().print(f"    {one_line(one.advice)}")
    counts = {grade: sum(one.grade is grade for one in findings) for grade in Grade}
    stdout().print(
        f"{counts[Grade.WRONG]} wrong, {counts[Grade.DOUBTFUL]} doubtful, {counts[Grade.GOOD]} good"
    )
