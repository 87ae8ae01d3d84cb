"""Operations on visits: store a visit to the website, and attach it to a number or call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.domain.dialling import ANYWHERE
from switchhook.domain.numbering import as_listed
from switchhook.domain.target import clean_number
from switchhook.domain.tracking.caller_history import (
    VISIT_PARAMETERS,
    ShownNumber,
    Visit,
    VisitCall,
)
from switchhook.errors import ExpectedError
from switchhook.webhooks.parameters import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.dialling import Dialling
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Attributes
    from switchhook.operations.ports import VisitMemory
    from switchhook.storage.ports import Visits

NAMED = ("custom", "order_field")
"""Those that have values under names of their own: what the site tracks, and the custom fields of its deal."""
MAX_ATTRIBUTES = 100
MAX_VALUE_LENGTH = 4000
"""Characters; longer ones are cut, for a page's address has no bound."""
MAX_ID_LENGTH = 200
MAX_NAME_LENGTH = 200
"""Characters of a custom parameter's name."""
MAX_SHOWN_SECONDS = 366 * 86_400.0
"""Seconds that a number may belong to a visit."""
SHOWN_SECONDS = 1800.0
"""Default number of seconds that a number belongs to a visit."""


class BadVisitError(ExpectedError, ValueError):
    """A visit cannot be stored. The message says why, and what to do, and `field` what is wrong."""

    def __init__(self, why: str, field: str = "attributes") -> None:
        super().__init__(why)
        self.field = field


class NoSuchVisitError(LookupError):
    """Nothing was told of that visit yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedVisit:
    """What a website knows of a visit."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    """The number of the project that the visitor sees."""
    seconds: float = SHOWN_SECONDS
    """How long it is the visitor's."""
    call: str = ""
    """A running call that is the visitor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldVisit:
    """A visit as it is known now."""

    visit: str
    attributes: dict[str, str]
    number: str
    """As it is kept; empty where none was told."""
    call: str


async def tell_visit(
    store: Visits,
    memory: VisitMemory,
    snapshot: ProjectSnapshot,
    visit: str,
    posted: PostedVisit,
    *,
    runs: Callable[[str, str], bool],
    now: float,
) -> ToldVisit:
    """Keep what is known of a visit, in place of what was, and attach a number or a running call to it.

    `runs` says whether a call of a project runs. Raises BadVisitError, StoreError.
    """
    project, dialling = snapshot.project.id, snapshot.project.dialling
    number = _number(posted, snapshot)
    if posted.call and not runs(posted.call, project):
        raise BadVisitError(
            "call is no running call of this project; PATCH /api/calls/{call} or `switchhook amend`"
            " tells of one that has ended",
            "call",
        )
    kept = await put_visit(store, memory, project, visit, posted.attributes, now=now)
    if number:
        await attach_number(
            store,
            memory,
            project,
            visit,
            number,
            now=now,
            seconds=posted.seconds,
            dialling=dialling,
        )
    if posted.call:
        await attach_call(store, memory, project, visit, posted.call, now=now)
    return ToldVisit(
        visit=kept.id, attributes=dict(kept.attributes), number=number, call=posted.call
    )


def _number(posted: PostedVisit, snapshot: ProjectSnapshot) -> str:
    """Return the project's number as it is kept, or "". Raises BadVisitError."""
    if not posted.number:
        return ""
    if not 0 < posted.seconds <= MAX_SHOWN_SECONDS:
        raise BadVisitError("seconds is more than 0, and at most a year", "seconds")
    number = snapshot.number(posted.number)
    if number is None:
        raise BadVisitError(
            f"number: {posted.number!r} is no number of project {snapshot.project.id}", "number"
        )
    return number.number


async def put_visit(
    store: Visits,
    memory: VisitMemory,
    project: str,
    visit: str,
    attributes: Mapping[str, str],
    *,
    now: float,
) -> Visit:
    """Keep what is known of a visit, in place of what was. `now` is in unix seconds.

    Attributes are parameters by key or label, or `custom:<name>`. Raises BadVisitError, StoreError.
    """
    if not visit or len(visit) > MAX_ID_LENGTH or not visit.isprintable():
        raise BadVisitError(f"a visit's id is one line of 1 to {MAX_ID_LENGTH} characters")
    kept = read_attributes(attributes)
    made = Visit(project=project, id=visit, attributes=kept, seen_at=now)
    await store.save_visit(made)
    memory.put_visit(made)
    return made


def read_attributes(attributes: Mapping[str, str]) -> Attributes:
    """Return attributes under parameters' keys. Raises BadVisitError."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise BadVisitError(f"a visit has at most {MAX_ATTRIBUTES} attributes")
    return tuple((_key(name), _value(text)) for name, text in attributes.items())


async def attach_number(
    store: Visits,
    memory: VisitMemory,
    project: str,
    visit: str,
    number: str,
    *,
    now: float,
    seconds: float = SHOWN_SECONDS,
    dialling: Dialling = ANYWHERE,
) -> ShownNumber:
    """Attach calls to a number, within `seconds`, to this visit in place of the one before.

    `dialling` is the project's: a number may be written as people of its country write it. Raises BadVisitError, NoSuchVisitError, StoreError.
    """
    if clean_number(number) is None or not 0 < seconds <= MAX_SHOWN_SECONDS:
        raise BadVisitError(
            "a visit is attached to a telephone number, for more than 0 seconds and at most a year"
        )
    _known(memory, project, visit)
    shown = ShownNumber(
        project=project,
        number=as_listed(number, dialling),
        visit=visit,
        until=now + seconds,
        since=now,
    )
    await store.attach(shown)
    memory.show_number(shown)
    return shown


async def attach_call(
    store: Visits, memory: VisitMemory, project: str, visit: str, call: str, *, now: float
) -> VisitCall:
    """Let a running call belong to a visit: whatever is asked or told from now on has its attributes.

    Raises BadVisitError, NoSuchVisitError, StoreError.
    """
    if not call or len(call) > MAX_ID_LENGTH or not call.isprintable():
        raise BadVisitError(f"a call's id is one line of 1 to {MAX_ID_LENGTH} characters")
    _known(memory, project, visit)
    attached = VisitCall(project=project, call=call, visit=visit, told_at=now)
    await store.attach(attached)
    memory.attach_call(attached)
    return attached


def _known(memory: VisitMemory, project: str, visit: str) -> None:
    if memory.visit(project, visit) is None:
        raise NoSuchVisitError(
            f"there is no visit {visit!r} in project {project}; tell of it first"
        )


def _key(name: str) -> str:
    label, colon, argument = name.partition(":")
    key = find(label)
    if key not in VISIT_PARAMETERS or (colon and (key not in NAMED or not argument)):
        raise BadVisitError(
            f"{name!r} is no attribute of a visit: choose one of {', '.join(sorted(VISIT_PARAMETERS))},"
            f" or {' or '.join(f'{key}:<name>' for key in NAMED)}"
        )
    if len(argument) > MAX_NAME_LENGTH or not argument.isprintable():
        raise BadVisitError(
            f"a custom parameter's name is one line of at most {MAX_NAME_LENGTH} characters"
        )
    return f"{key}:{argument}" if colon else str(key)


def _value(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")[:MAX_VALUE_LENGTH]
