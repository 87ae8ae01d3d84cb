"""Events that are no calls, told as those of calls are: a form was sent, a dialogue began, a deal was changed (N-07)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.domain.event import EVENT_FIELD, FOREIGN_KINDS, EventKind
from switchhook.domain.target import clean_number
from switchhook.domain.tracking.caller_history import Visit
from switchhook.domain.tracking.foreign_event import ForeignEvent
from switchhook.errors import ExpectedError
from switchhook.projectfile.toml.mistakes import did_you_mean
from switchhook.storage.intake import ForeignEvents
from switchhook.switchboard.foreign_events import ForeignOutbox
from switchhook.switchboard.outbox import OutboxContext

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Attributes

MAX_FIELDS: Final = 100
MAX_NAME: Final = 100
"""Characters of a field's name."""
MAX_VALUE: Final = 4_000
"""Characters of a field's value."""
MAX_SUBJECT: Final = 100
AHEAD: Final = 300.0
"""Seconds that another program's clock may be ahead."""
BEHIND: Final = 7 * 86_400.0
"""Seconds after which an event is told no more."""


class ForeignEventError(ExpectedError):
    """An event cannot be told. The message says why, and `field` what is wrong."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedEvent:
    """An event as another program posts it."""

    kind: str
    subject: str = ""
    """Empty: the event is about something of its own."""
    at: float | None = None
    """Unix seconds; None: now."""
    caller: str = ""
    caller_name: str = ""
    number: str = ""
    account: str = ""
    visit: str = ""
    """The id of a visit that was told of."""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEventTeller:
    """The parts that an event is told with."""

    store: ForeignEvents
    context: OutboxContext
    dispatch: Callable[..., None]
    """Sends committed deliveries; without a server, the next one does."""
    visit: Callable[[str, str], Visit | None]
    """Returns a visit of a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """What became of an event."""

    event: ForeignEvent
    deliveries: tuple[str, ...]
    """The ids of its deliveries."""
    left_out: tuple[str, ...]
    """Who is not told of it, and why."""


async def tell_foreign_event(
    teller: ForeignEventTeller, snapshot: ProjectSnapshot, posted: PostedEvent, *, now: float
) -> ToldEvent:
    """Store an event with all that is promised of it, then have that sent.

    Raises ForeignEventError, StoreError.
    """
    event = read_event(snapshot, posted, teller.visit, now=now)
    outbox = ForeignOutbox(event=event, snapshot=snapshot, context=teller.context)
    left_out = outbox.left_out
    deliveries = await teller.store.add_foreign_event(
        event, outbox.deliveries, outbox.stream_events, now=now
    )
    teller.dispatch(*deliveries)
    return ToldEvent(event=event, deliveries=tuple(one.id for one in deliveries), left_out=left_out)


def read_event(
    snapshot: ProjectSnapshot,
    posted: PostedEvent,
    visit_of: Callable[[str, str], Visit | None],
    *,
    now: float,
) -> ForeignEvent:
    """Return an event whose every part is known to the project. Raises ForeignEventError."""
    at = now if posted.at is None else posted.at
    if not now - BEHIND <= at <= now + AHEAD:
        raise ForeignEventError("at: a moment of the last 7 days, and not of the future", "at")
    subject = posted.subject or secrets.token_hex(8)
    _require_line("subject", subject, MAX_SUBJECT)
    _require_line("caller_name", posted.caller_name, MAX_VALUE)
    return ForeignEvent(
        project=snapshot.project.id,
        kind=_kind(posted.kind),
        subject=subject,
        at=at,
        caller=_caller(posted.caller),
        caller_name=posted.caller_name,
        number=_number(snapshot, posted.number),
        account=_account(snapshot, posted.account),
        facts=(
            *_visit(visit_of, snapshot.project.id, posted.visit),
            *_fields(posted.fields),
        ),
    )


def _kind(name: str) -> EventKind:
    known = {kind.value: kind for kind in EventKind if kind in FOREIGN_KINDS}
    if name not in known:
        raise ForeignEventError(f"kind: {name!r} is none; {did_you_mean(name, known)}", "kind")
    return known[name]


def _require_line(name: str, text: str, most: int) -> None:
    if len(text) > most or not text.isprintable():
        raise ForeignEventError(f"{name}: one line of at most {most} characters", name)


def _caller(number: str) -> str:
    if not number:
        return ""
    cleaned = clean_number(number)
    if cleaned is None:
        raise ForeignEventError("caller: it is no telephone number", "caller")
    return cleaned


def _number(snapshot: ProjectSnapshot, number: str) -> str:
    found = snapshot.number(number) if number else None
    if number and found is None:
        raise ForeignEventError(
            f"number: {number!r} is no number of project {snapshot.project.id}", "number"
        )
    return "" if found is None else found.number


def _account(snapshot: ProjectSnapshot, login: str) -> str:
    if login and login not in snapshot.accounts:
        raise ForeignEventError(
            f"account: {login!r} is no account of project {snapshot.project.id}", "account"
        )
    return login


def _visit(visit_of: Callable[[str, str], Visit | None], project: str, visit: str) -> Attributes:
    found = visit_of(project, visit) if visit else None
    if visit and found is None:
        raise ForeignEventError(
            "visit: it is not known; tell of it by PUT /api/projects/{project}/visits/{visit}",
            "visit",
        )
    return () if found is None else found.facts


_NAME: Final = re.compile(r"[^\x00-\x1f\x7f{}|]{1,100}")
"""A name of a field, which can stand in `{{event_field:name}}`."""


def _fields(fields: Mapping[str, str]) -> Attributes:
    if len(fields) > MAX_FIELDS:
        raise ForeignEventError(f"fields: at most {MAX_FIELDS}", "fields")
    for name, value in fields.items():
        if not _NAME.fullmatch(name) or name != name.strip():
            raise ForeignEventError(
                f"fields: a name has 1 to {MAX_NAME} characters, and none of {{, }}, | and line breaks",
                "fields",
            )
        if len(value) > MAX_VALUE:
            raise ForeignEventError(
                f"fields: {name} has more than {MAX_VALUE} characters", "fields"
            )
    return tuple((f"{EVENT_FIELD}:{name}", _encodable(value)) for name, value in fields.items())


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
