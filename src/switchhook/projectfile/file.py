"""The project file: a person's TOML to a project, with every mistake in one go, and back."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.domain.delivery_policy import NO_WARNINGS
from switchhook.domain.event import NOT_CONFIGURED
from switchhook.domain.event_stream import NO_STREAM
from switchhook.domain.numbering import as_listed
from switchhook.domain.outside import DEFAULT_LIMITS
from switchhook.domain.project import DEFAULT_RECORDING
from switchhook.domain.screening import NO_SCREENING
from switchhook.projectfile.resources import plain_document, rewritten
from switchhook.projectfile.schema.call_tracking import CALL_TRACKING_TABLE
from switchhook.projectfile.schema.delivery_policy import OWNER_WARNINGS
from switchhook.projectfile.schema.event import EVENT, GOOGLE_ANALYTICS, unnamed
from switchhook.projectfile.schema.event_stream import EVENT_STREAM
from switchhook.projectfile.schema.field import Sent
from switchhook.projectfile.schema.header import Pair
from switchhook.projectfile.schema.project import (
    FILE,
    OUTSIDE,
    PROJECT,
    RECORDING_RULES,
    SCREENING,
    TABLES,
    former_names,
    names_of,
)
from switchhook.projectfile.schema.scheme import BRANCH, SCHEME, table_of
from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import Mistakes, Notes, TooManyMistakesError
from switchhook.projectfile.toml.tables import Table, Tables, bare_or_quoted, pair
from switchhook.projectfile.toml.value_types import ListOf, Location, NotedError, WrongError
from switchhook.projectfile.types.scheme import Presses

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from switchhook.domain.event import ProjectEvent
    from switchhook.domain.project import Project
    from switchhook.domain.scheme import MenuChoice, Scheme, Step
    from switchhook.domain.tracking.call_tracking import TrackingScenario
    from switchhook.projectfile.toml.tables import TableKey

CALL_TRACKING_HEADER: Final = "[call_tracking]"
"""Begins the table of a scenario in a document that we wrote."""
_FORMER = re.compile(rf"\b(?:{'|'.join(former.name for _, _, former in former_names())})(?: =|\])")
"""Where a document of an earlier release may have a key under a former name: most have none, and are not read."""


def read_project(
    text: str, *, judge: bool = True, remark: Callable[[str], None] | None = None
) -> Project | Mistakes:
    """Read a project file. Never raises; a project comes back only when nothing is wrong.

    The version of the project is 1: the store counts versions. Without `judge` contradictions are allowed,
    since an earlier release may have accepted them. `remark` is told of each key that stands under a former
    name, with its line.
    """
    project: Project | Mistakes = read_document(text, FILE, names_of, judge=judge, remark=remark)
    return project


def write_project(project: Project) -> str:
    """Write a project as a file that `read_project` makes an equal project of, version aside.

    Always the same text for the same project: keys stand in the order of the reference, and those
    at their defaults are left out. Passwords are in it.
    """
    return "\n".join(_lines(_unmistakable(project)))


def read_event(value: object, document: str, *, text: str | None = None) -> ProjectEvent | Mistakes:
    """Read one event, as a table under the keys of the file, for the project of a good document.

    `text` is where the table comes from, as its only `[[events]]`; without it, mistakes have no lines.
    """
    notes = Notes(text)
    names = names_of(tomllib.loads(document))
    path = () if text is None else ("events", 0)
    at = Location(path=path, notes=notes, names=names)
    try:
        EVENT.rename(value, at)
        event: ProjectEvent = EVENT.read(value, at)
    except WrongError as wrong:
        notes.add(path, wrong.problem, wrong.advice)
    except (NotedError, TooManyMistakesError):
        pass
    return notes.all() or event


def write_event(event: ProjectEvent) -> str:
    """Write one event as a piece of a project file."""
    return "\n".join(("[[events]]", *_table("events", EVENT, unnamed(event)), ""))


def renewed(document: str) -> str:
    """Return a stored document with the names that its keys have now; as it is where it has no others.

    A document that this release cannot read is left as it is, too.
    """
    if not _FORMER.search(document):
        return document
    project = read_project(document, judge=False)
    if isinstance(project, Mistakes):
        return document
    if "#" not in document:  # no comment is to be kept
        return write_project(project)
    now = rewritten(document, plain_document(document))
    return document if isinstance(now, Mistakes) else now


def _unmistakable(project: Project) -> Project:
    """Return the project with a `+` before each number that would be read as a national one."""
    dialling = project.dialling
    plus = {
        one.number: f"+{one.number}"
        for one in project.numbers
        if as_listed(one.number, dialling) != one.number
    }
    if not plus:
        return project

    def marked(event: ProjectEvent) -> ProjectEvent:
        numbers = tuple(plus.get(number, number) for number in event.filter.numbers)
        return replace(event, filter=replace(event.filter, numbers=numbers))

    return replace(
        project,
        numbers=tuple(replace(n, number=plus.get(n.number, n.number)) for n in project.numbers),
        events=tuple(map(marked, project.events)),
    )


def _unless(default: object, name: str, table: Table, value: object) -> Iterator[str]:
    """Yield a table of the file, unless it would say nothing."""
    if value != default:
        yield ""
        yield f"[{name}]"
        yield from _pairs(table, value)


def _lines(project: Project) -> Iterator[str]:
    yield "[project]"
    yield from _pairs(PROJECT, project)
    yield from _unless(NO_SCREENING, "screening", SCREENING, project.screening)
    yield from _unless(DEFAULT_LIMITS, "outside_calls", OUTSIDE, project.outside)
    yield from _unless(NO_STREAM, "event_stream", EVENT_STREAM, project.event_stream)
    yield from _unless(DEFAULT_RECORDING, "recordings", RECORDING_RULES, project.recordings)
    if project.call_tracking is not None:
        yield ""
        yield from call_tracking_lines(project.call_tracking)
    google = project.google_analytics
    yield from _unless(NOT_CONFIGURED, "google_analytics", GOOGLE_ANALYTICS, google)
    yield from _unless(NO_WARNINGS, "warnings", OWNER_WARNINGS, project.warnings)
    for name, table in TABLES.items():
        for item in getattr(project, name):
            yield ""
            yield f"[[{name}]]"
            if table is SCHEME:
                yield from _scheme(item)
            else:
                yield from _table(name, table, unnamed(item) if table is EVENT else item)
    yield ""


def _table(header: str, table: Table, value: object) -> Iterator[str]:
    """Write a table, and the tables inside of it under longer headers."""
    inner = [key for key in table.keys if isinstance(key.kind, Tables)]
    yield from _pairs(table, value, leave_out=inner)
    for key in inner:
        assert isinstance(key.kind, Tables)  # noqa: S101 (for the type checker; it is so above)
        assert isinstance(key.kind.table, Table)  # noqa: S101 (steps are written by `_scheme`)
        for item in getattr(value, key.attr):
            yield ""
            yield f"[[{header}.{key.name}]]"
            yield from _table(f"{header}.{key.name}", key.kind.table, item)


def call_tracking_lines(tracking: TrackingScenario) -> Iterator[str]:
    """Write a call-tracking scenario as the table that a file has it in; the header alone for one that is off."""
    yield CALL_TRACKING_HEADER
    yield from _pairs(CALL_TRACKING_TABLE, tracking)


def _scheme(scheme: Scheme) -> Iterator[str]:
    for key, value in SCHEME.given(scheme):
        if key.name != "steps":
            yield pair(key.name, key.kind, value)
    yield from _steps("schemes.steps", scheme.steps)


def _steps(header: str, steps: Iterable[Step]) -> Iterator[str]:
    """Write steps under their header, and those of their branches under longer ones."""
    for step in steps:
        yield ""
        yield f"[[{header}]]"
        table = table_of(step)
        branches = {
            key for key in table.keys if key.kind is BRANCH or isinstance(key.kind, Presses)
        }
        yield from _pairs(table, step, leave_out=branches)
        for key, value in table.given(step):
            if key.kind is BRANCH:
                yield from _steps(f"{header}.{key.name}", value)
            elif key in branches:
                yield from _choices(f"{header}.{key.name}", key.name, value)


def _choices(header: str, name: str, choices: Iterable[MenuChoice]) -> Iterator[str]:
    """Write a menu's branches; an empty one has no header of its own, and stands before the others."""
    named = [(bare_or_quoted(choice.key), choice.steps) for choice in choices]
    yield from (f"{name}.{key} = []" for key, steps in named if not steps)
    for key, steps in named:
        yield from _steps(f"{header}.{key}", steps)


def _pairs(table: Table, value: object, leave_out: Container[TableKey] = ()) -> Iterator[str]:
    for key, item in table.given(value):
        if key in leave_out:
            continue
        if isinstance(key.kind, ListOf) and isinstance(key.kind.kind, Pair | Sent):
            yield f"{key.name} = ["
            yield from (f"  {key.kind.kind.write(each)}," for each in item)
            yield "]"
        else:
            yield pair(key.name, key.kind, item)
