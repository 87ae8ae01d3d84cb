"""Operations on the events of a project: list, show, copy and save one (R2-16…21, R2-39…42)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from switchhook.domain.event import (
    BUILT_IN,
    EventFilter,
    EventKind,
    EventMail,
    ProjectEvent,
    default_action_name,
)
from switchhook.errors import ExpectedError
from switchhook.operations.document.resources import put_resource
from switchhook.projectfile.rules.webhook import check_event
from switchhook.projectfile.toml.lines import Lines
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes, Notes, did_you_mean
from switchhook.projectfile.toml.value_types import Location, WrongError, described
from switchhook.projectfile.types.project import NAME
from switchhook.storage.records import Count
from switchhook.webhooks.told import other_party, told_by, why_unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from switchhook.domain.event import EventAction
    from switchhook.domain.project import Project
    from switchhook.operations.document.resources import ChangeOutcome, Changing
    from switchhook.storage.ports import Projects


NONE: Final = Count(number=0)
NO_ERRORS: Final[Mapping[str, Count]] = {}


class NoSuchEventError(ExpectedError, LookupError):
    """The project has no such event. The message names those that it has."""


class EventTextError(ExpectedError):
    """A piece of a project file that is not one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """An action in the list of events."""

    name: str
    to: str
    """Scheme and host of an endpoint, or the recipients of a mail."""
    format: str
    """`mail` for a mail."""
    unchecked: Count = NONE
    """Deliveries that need somebody: the action is *with error* while there are any (R2-06)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event in the list."""

    name: str
    event: EventKind
    state: str
    """`active`, or `not configured` for the built-in one that nobody set up."""
    is_built_in: bool
    is_filtered: bool
    actions: tuple[ActionRow, ...]

    @property
    def is_with_error(self) -> bool:
        """Say whether deliveries of the event need somebody (R2-06)."""
        return any(one.unchecked != NONE for one in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """A copy that is stored only when it is saved (R2-42)."""

    event: ProjectEvent
    marks: tuple[str, ...]
    """What does not fit the kind of event that it is for (R2-41)."""


def event_rows(
    project: Project, unchecked: Mapping[str, Count] = NO_ERRORS
) -> tuple[EventRow, ...]:
    """Return the table of a project's events, the built-in one first (R2-16, R2-17).

    `unchecked` counts the deliveries of each webhook that need somebody, as the store does.
    """
    return tuple(_row(event, project, unchecked) for event in project.all_events)


def errors_of(event: ProjectEvent, unchecked: Mapping[str, Count]) -> tuple[str, ...]:
    """Say which actions of an event are with error, a sentence for each."""
    counts = [(one.name, unchecked.get(one.name, NONE)) for one in event.actions]
    return tuple(
        f"{name} is with error: {count} to check or to send again (switchhook deliveries)"
        for name, count in counts
        if count != NONE
    )


def _row(event: ProjectEvent, project: Project, unchecked: Mapping[str, Count]) -> EventRow:
    is_silent = event.name == BUILT_IN and not project.google_analytics.is_configured
    return EventRow(
        name=event.name,
        event=event.event,
        state="not configured" if is_silent else "active",
        is_built_in=event.name == BUILT_IN,
        is_filtered=event.filter != EventFilter(),
        actions=tuple(_action_row(one, unchecked) for one in event.actions),
    )


def _action_row(action: EventAction, unchecked: Mapping[str, Count]) -> ActionRow:
    errors = unchecked.get(action.name, NONE)
    if isinstance(action, EventMail):
        to = ", ".join(action.to)
        return ActionRow(name=action.name, to=to, format="mail", unchecked=errors)
    parts = urlsplit(action.url)
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    format_ = action.format.name.value
    return ActionRow(name=action.name, to=where, format=format_, unchecked=errors)


def find_event(project: Project, name: str) -> ProjectEvent:
    """Return an event by its name, the built-in one too. Raises NoSuchEventError."""
    known = {event.name: event for event in project.all_events}
    if name not in known:
        advice = did_you_mean(name, known)
        raise NoSuchEventError(f"project {project.id} has no event {name!r}; {advice}")
    return known[name]


def copy_event(project: Project, name: str, *, to: EventKind, new_name: str = "") -> EventDraft:
    """Return a copy for another kind of event, or the same. It has no version of its own until it is saved.

    What its filter asks for and the new event cannot know is left out. Raises NoSuchEventError, EventTextError.
    """
    original = find_event(project, name)
    if new_name:
        _check_name(new_name)
    if new_name in {event.name for event in project.all_events}:
        raise EventTextError(f"there is an event {new_name!r} already; give the copy another name")
    copied = replace(original, name=new_name or _free_name(_names(project), name), event=to)
    marks: list[str] = []
    for found in check_event(copied):
        if found.path[:1] == ("filter",):
            key = str(found.path[1])
            wanted = replace(copied.filter, **{key: getattr(EventFilter(), key)})
            copied = replace(copied, filter=wanted)
            marks.append(f"{found.problem}: left out of the filter")
    named = _renamed(copied, original, _names(project))
    turned = () if to.of == original.event.of else _of_other_party(named)
    return EventDraft(event=named, marks=(*marks, *_marks(named), *turned))


def _check_name(name: str) -> None:
    """Refuse a name that a project file could not have, before it stands in a draft."""
    try:
        NAME.read(name, Location(path=("name",), notes=Notes(), names={}))
    except WrongError as wrong:
        raise EventTextError(f"the name of the copy: {wrong.problem}; {wrong.advice}") from None


def _renamed(event: ProjectEvent, original: ProjectEvent, taken: set[str]) -> ProjectEvent:
    """Return a copy whose actions have free names: from their own names, where they had any."""
    names: list[str] = []
    for place, action in enumerate(original.actions):
        if action.name == default_action_name(original.name, place):
            names.append(default_action_name(event.name, place))
        else:
            names.append(_free_name(taken.union(names), action.name))
    first_mail = len(event.webhooks)
    return replace(
        event,
        webhooks=tuple(
            replace(one, name=name) for one, name in zip(event.webhooks, names, strict=False)
        ),
        mails=tuple(
            replace(one, name=name)
            for one, name in zip(event.mails, names[first_mail:], strict=True)
        ),
    )


def _names(project: Project) -> set[str]:
    """Return the names of events and actions that are taken."""
    return {one.name for event in project.all_events for one in (event, *event.actions)}


def _free_name(taken: Collection[str], name: str) -> str:
    base = f"{name} copy"
    places = range(len(taken) + 1)
    return next(
        free for free in (default_action_name(base, n) for n in places) if free not in taken
    )


def _marks(event: ProjectEvent) -> Iterator[str]:
    for action in event.actions:
        for parameter in dict.fromkeys(parameter for parameter, _ in told_by(action)):
            if why := why_unknown(parameter, event.event):
                yield f"{action.name!r} sends {parameter}, which has no value at {event.event}: {why}"


def _of_other_party(event: ProjectEvent) -> Iterator[str]:
    for action in event.actions:
        for parameter in dict.fromkeys(parameter for parameter, _ in told_by(action)):
            if whose := other_party(parameter, event.event):
                yield f"{action.name!r} sends {parameter}, which is at {event.event} {whose}"


async def save_event(
    store: Projects, project_id: str | None, text: str, how: Changing
) -> ChangeOutcome:
    """Make a version of a project with the event of a piece of a project file, in place of the one of its name.

    Mistakes have the lines of the piece. Raises NoSuchProjectError, LockedResourceError, EventTextError.
    """
    table = _table_in(text)
    if not isinstance(table, dict):
        return _wrong(f"{described(table)} is not a table", "write its keys in { }")
    name = table.get("name")
    if not isinstance(name, str):
        return _wrong("name is missing", "write the name of the event")
    done = await put_resource(store, project_id, "events", name, table, how=how)
    return in_piece(done, "events", text) if isinstance(done, Mistakes) else done


def _wrong(problem: str, advice: str) -> Mistakes:
    return Mistakes((Mistake(line=1, path=("events", 0), problem=problem, advice=advice),))


def in_piece(mistakes: Mistakes, kind: str, text: str) -> Mistakes:
    """Return the mistakes of a document with the lines of the piece that was put into it, its only table of that list."""
    lines = Lines(text)

    def moved(one: Mistake) -> Mistake:
        path = (kind, 0, *one.path[2:])
        return replace(one, line=lines.of(path), path=path) if one.path[:1] == (kind,) else one

    return Mistakes(tuple(map(moved, mistakes.mistakes)))


def _table_in(text: str) -> object:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventTextError(f"this is no TOML: {error}") from error
    events = document.pop("events", [])
    if document or not isinstance(events, list) or len(events) != 1:
        raise EventTextError("write one event: [[events]], and its actions below it")
    return events[0]
