"""`switchhook rehearse`: where would stored calls go under a draft?"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    file_name,
    read_bytes,
    settings_of,
)
from switchhook.cli.output import print_json, stderr, stdout
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.document.drafts import read_draft
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.operations.project_versions import require_project
from switchhook.operations.rehearsal.draft import Draft
from switchhook.operations.rehearsal.jobs import snapshot_of_draft
from switchhook.operations.rehearsal.run import (
    MOST_LISTED,
    Diversion,
    RehearsalCount,
    RehearsalRun,
    with_stored_paths,
)
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.path import path_of
from switchhook.views.rehearsal import count_as_json, diversion_as_json, diversion_lines, summary
from switchhook.views.text import clock

SHOWN_EVERY: Final = 0.2
"""Seconds between two lines of progress."""


def rehearse(
    file: Annotated[
        Path | None, Parameter(help="Project file (TOML); - is standard input."), MAYBE_STDIN
    ] = None,
    /,
    *,
    draft: Annotated[str, Parameter(help="Rehearse a draft of the project instead.")] = "",
    since: Annotated[
        str, Parameter(help="Calls that arrived then or later: a date or time, or 2h, 7d ago.")
    ] = "7d",
    until: Annotated[str, Parameter(help="Calls that arrived before, likewise.")] = "",
    limit: Annotated[
        int,
        Parameter(
            help="How many calls that would go elsewhere are listed, newest first.",
            validator=Number(gte=0, lte=MOST_LISTED),
        ),
    ] = 50,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say which stored calls would go elsewhere under a project file or a draft."""
    if (file is None) == (not draft):
        raise UsageError("name a project file, or a draft with --draft")
    now = time.time()
    try:
        begins = parse_moment(since, now)
        ends = parse_moment(until, now) if until else None
    except BadMomentError as error:
        raise UsageError(str(error)) from error
    if file is None:
        kept = ask_store(config, data_dir, lambda store: read_draft(store, project, draft))
        text, name, project = kept.document, f"draft {draft}", kept.project
    else:
        decoded = decode(read_bytes(file))
        if isinstance(decoded, Mistakes):
            raise CommandError(_mistaken(file_name(file), decoded))
        text, name = decoded, file_name(file)
    snapshot = snapshot_of_draft(text, project, [settings_of(config, NO_FLAGS).sip_host])
    if isinstance(snapshot, Mistakes):
        raise CommandError(_mistaken(name, snapshot))
    work = _Work(snapshot=snapshot, since=begins, until=ends)
    try:
        ask_store(config, data_dir, work.carry_out)
    except KeyboardInterrupt:
        work.is_stopped = True
    _clear()
    count = work.count or RehearsalCount()
    some = count.diversions[:limit]
    of = snapshot.project.id
    listed = ask_store(
        config, data_dir, lambda store: with_stored_paths(store.trails, of, some, path_of)
    )
    _show(count, listed, is_stopped=work.is_stopped, json=json)
    return 1 if work.is_stopped else 0


def _mistaken(name: str, mistakes: Mistakes) -> str:
    return "\n".join(f"{name}: {mistake}" for mistake in mistakes.mistakes)


@dataclass(slots=True, kw_only=True)
class _Work:
    """A rehearsal that is carried out here."""

    snapshot: ProjectSnapshot
    since: float
    until: float | None
    count: RehearsalCount | None = None
    is_stopped: bool = False

    async def carry_out(self, store: SqliteStore) -> RehearsalCount:
        """Rehearse all calls, and show how far it is."""
        await require_project(store, self.snapshot.project.id)
        run = RehearsalRun(
            store.trails,
            Draft(self.snapshot),
            since=self.since,
            until=self.until,
            path_of=path_of,
        )
        self.count = run.count
        shown_at = 0.0
        while await run.next_batch():
            if time.monotonic() - shown_at >= SHOWN_EVERY:
                shown_at = time.monotonic()
                _progress(run.count)
        return run.count


def _progress(count: RehearsalCount) -> None:
    """Show how far it is, where somebody looks."""
    if sys.stderr.isatty():
        found = f"{count.elsewhere:,} of {count.rehearsed:,} calls would go elsewhere"
        stderr().print(f"{found}; back to {clock(count.reached)}; Ctrl-C stops it ", end="\r")


def _clear() -> None:
    if sys.stderr.isatty():
        stderr().print(" " * 100, end="\r")


def _show(
    count: RehearsalCount, listed: Sequence[Diversion], *, is_stopped: bool, json: bool
) -> None:
    if json:
        found = count_as_json(count) | {"stopped": is_stopped}
        print_json(found | {"diversions": [diversion_as_json(one) for one in listed]})
        return
    console = stdout()
    for one in listed:
        for line in diversion_lines(one):
            console.print(line)
    if listed:
        console.print()
    if count.elsewhere > len(listed):
        console.print(f"{len(listed):,} of {count.elsewhere:,} are listed; --limit lists more")
    for line in summary(count):
        console.print(line)
    if is_stopped:
        console.print(f"stopped; calls before {clock(count.reached)} were not rehearsed")
