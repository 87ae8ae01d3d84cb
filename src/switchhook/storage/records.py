"""The records of a store, its results and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import msgspec

from switchhook.domain.call import Call, CallState, Direction, Leg, Recording
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.journal import JournalEntry
from switchhook.domain.outside import OutsideUse
from switchhook.domain.tracking.caller_history import Caller
from switchhook.errors import ExpectedError
from switchhook.quick_init import quick_init
from switchhook.storage.delivery import Attempt, Delivery, Incident, is_id_of_call
from switchhook.storage.stream import StreamEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """A request over the API with an Idempotency-Key, which is done once."""

    project: str
    token: str
    """The id of the token that sent it."""
    key: str
    digest: bytes
    """Of method, path and body: another request with the key has another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedAnswer:
    """What is known of a keyed request that came before."""

    digest: bytes
    status: int | None
    """None while it is under way, or where the process ended before it was answered."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHangUp:
    """A running call that an operator wants ended."""

    project: str
    call: str
    by: str
    """The name of the requester, for people."""


UniqueNames = tuple[tuple[str, str], ...]
"""Kinds and names that one project alone may have: `number` and its digits, `login`."""


MAIN: Final = "main"
"""The node, where there is only one."""


class StoreError(ExpectedError):
    """A store could not do what it was asked; nothing of that was done.

    The message says what happened, where, and what to do. `transient` says whether the same request may succeed
    later: so it is with a full disk, and is not with a value that no database takes. `why` is the public part
    of it, without a path.
    """

    def __init__(self, message: str, *, transient: bool = False, why: str = "") -> None:
        super().__init__(message)
        self.transient = transient
        self.why = why


class LeaseLostError(StoreError):
    """This node's lease is over: another one has, or will have, its calls and deliveries. It has to end."""


class ChangedMeanwhileError(StoreError):
    """A project was changed since it was read. Reading it again and trying again helps."""


class UnreadableError(StoreError):
    """One stored value is damaged, or encrypted for another key or place; others are not touched by it."""


class ChangeKind(StrEnum):
    """What is held in memory of the store, and may be changed by another process."""

    PROJECTS = "projects"
    SUBSCRIPTIONS = "subscriptions"
    HANG_UPS = "hang_ups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A node's right to its calls and deliveries, as it was last renewed."""

    name: str
    """Of the node."""
    incarnation: int
    beat: int
    """Another number after each renewal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """The calls and deliveries of a dead node."""

    calls: frozenset[str]
    """Ids of calls that had not ended."""
    deliveries: frozenset[str]
    """Ids of deliveries that were not settled."""
    accounts: frozenset[tuple[str, str]]
    """Projects and accounts whose telephones were registered there."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """The record of one step of a call; stored as a whole or not at all.

    Counts are increments, for other nodes count too. They are added once, by the record's first line of the
    journal: where that is stored already, the record is repeated.
    """

    call: Call
    entries: tuple[JournalEntry, ...] = ()
    """The journal's new lines."""
    deliveries: tuple[Delivery, ...] = ()
    """The new promises."""
    callers: tuple[Caller, ...] = ()
    """The changes of callers: counts to add, and new values; an empty text keeps the old one."""
    outside: tuple[OutsideUse, ...] = ()
    """The increment of a day's outside calls."""
    events: tuple[StreamEvent, ...] = ()
    """What is new on the project's stream."""
    can_wait: bool = False
    """Whether a store may keep it for some milliseconds, to store it together with others' records."""

    def __post_init__(self) -> None:
        call, project = self.call.id, self.call.snapshot.project.id
        for delivery in self.deliveries:
            if (delivery.call, delivery.project) != (call, project):
                raise ValueError(f"delivery {delivery.id!r} is not of call {call!r} of {project!r}")
            if not is_id_of_call(delivery.id, call):
                raise ValueError(f"the id of delivery {delivery.id!r} does not begin with its call")
        for event in self.events:
            if (event.call, event.project) != (call, project):
                raise ValueError(f"event {event.seq} is not of call {call!r} of {project!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProject:
    """One version of a project, as it was saved."""

    id: str
    version: int
    document: str
    saved_at: float
    """Unix seconds."""
    saved_by: str = ""
    """Who applied or changed it; empty where a release saved it that did not note this."""
    unreadable: str = ""
    """Why the document cannot be read; it is empty then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One version of a project, without what it says."""

    version: int
    saved_at: float
    """Unix seconds."""
    saved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDraft:
    """A whole project file that is kept and not applied."""

    project: str
    name: str
    base: int
    """The version that was the latest when the draft was begun; 0 for none."""
    document: str
    saved_at: float
    """Unix seconds."""
    saved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScenario:
    """What is stored of a project's call-tracking scenario besides its versions. Times are unix seconds."""

    project: str
    revision: int = 0
    """Another number after each change; 0: nothing was stored yet."""
    draft: str | None = None
    """The draft as text; None without one."""
    drafted_by: str = ""
    drafted_at: float = 0.0
    activated: str | None = None
    """The scenario that was activated last, as text; a project file may have changed it since."""
    activated_by: str = ""
    activated_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A draft that becomes the active scenario, with the version of the project that it makes."""

    project: str
    document: str
    """The project with the scenario."""
    scenario: str
    """The scenario by itself, as text."""
    by: str
    version: int
    """The latest version, of which the document was made."""
    revision: int
    """Of the draft."""


class CallRow(
    msgspec.Struct, frozen=True, kw_only=True, rename={"snapshot": "plan", "facts": "known"}
):
    """A stored call without its project, for people and programs that ask. Times are unix seconds."""

    number: int = 0
    """Its place in the store: the later recorded, the higher. What `before` takes."""
    id: str
    snapshot: tuple[str, int]
    """Project and version."""
    direction: Direction
    caller: str
    caller_name: str
    callee: str
    account: str
    arrived_at: float
    state: CallState
    scheme: int
    legs: tuple[Leg, ...]
    talking_to: str = ""
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    cause: Cause | None = None
    variables: tuple[tuple[str, str], ...] = ()
    """What dial-plan webhooks returned besides the keys that are known."""
    recordings: tuple[Recording, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """What was known of its caller and visitor."""

    @property
    def project(self) -> str:
        """Return the id of the project that the call belongs to."""
        return self.snapshot[0]


class DeliveryState(StrEnum):
    """The state of a delivery; its latest attempt says why."""

    PENDING = "pending"
    """Not tried yet, or to be tried again."""
    PARKED = "parked"
    """Waits until its endpoint, which failed again and again, takes one as a probe."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up."""
    EXPIRED = "expired"
    """Older than its webhook's `max_age`."""
    SUPERSEDED = "superseded"
    """A newer event of the call took its place."""
    UNSUBSCRIBED = "unsubscribed"
    """Its subscription was removed."""


NEEDS_SOMEBODY: Final = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED})
"""The states in which a delivery needs somebody: a person checks it, or sends it again."""

DeliveryList = Literal[
    "all",
    "pending",
    "parked",
    "delivered",
    "failed",
    "expired",
    "superseded",
    "unsubscribed",
    "unchecked",
    "checked",
]
"""Which deliveries are listed: all, those in a state, or those that need somebody, whether a person checked them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are listed, or acted on; None: whatever it is."""

    state: DeliveryList = "all"
    project: str | None = None
    webhook: str | None = None
    event: str | None = None
    call: str | None = None
    since: float | None = None
    """Unix seconds; of events that happened then or later."""
    until: float | None = None
    """Unix seconds; of events that happened before."""
    text: str | None = None
    """In the latest error: in its kind, its sentence, or the answer; in any letter case of ASCII."""


EVERY_DELIVERY: Final = DeliveryFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Who took a delivery off the list of those that need somebody, and when."""

    by: str
    at: float
    """Unix seconds."""


MOST_COUNTED: Final = 1_000
"""What is counted no further: a list says "1,000+"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are, or that there are more than are counted."""

    number: int
    is_more: bool = False

    @classmethod
    def of(cls, found: int) -> Count:
        """Return a count of what was counted one further than is told."""
        return cls(number=min(found, MOST_COUNTED), is_more=found > MOST_COUNTED)

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.is_more else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAgain:
    """A delivery that waits for a further attempt, with its attempts so far, first to latest."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


class BulkAct(StrEnum):
    """What is done to all deliveries of a filter."""

    CHECK = "check"
    UNCHECK = "uncheck"
    SEND = "send"


class BulkState(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob:
    """An act on all deliveries of a filter, from the oldest to the newest that was there when it began."""

    number: int
    project: str
    act: BulkAct
    filter: DeliveryFilter
    by: str
    started_at: float
    """Unix seconds."""
    up_to: int
    """The number of the newest delivery that it is for."""
    place: int = 0
    """The number of the last delivery that it came to."""
    done: int = 0
    left_out: int = 0
    """Deliveries that could not be acted on."""
    why: str = ""
    """The reason of the last that was left out."""
    state: BulkState = BulkState.RUNNING
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A promise and how far it got."""

    number: int
    """Its place in the order of promises. What `before` takes."""
    delivery: Delivery
    state: DeliveryState
    latest: Attempt | None
    """The latest attempt; None before the first."""
    checked: Check | None = None
    """Who took it off the list of those that need somebody; None: nobody did, or it was sent again since."""
    incident: Incident | None = None
    """Of its endpoint, where it is parked."""

    @property
    def needs_somebody(self) -> bool:
        """Say whether it is on the list of those that a person checks or sends again."""
        return self.state in NEEDS_SOMEBODY and self.checked is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesFound:
    """The next deliveries of a list."""

    rows: tuple[DeliveryRow, ...]
    """Newest first, or oldest first where the list goes forward."""
    next: int | None = None
    """The number to go on from; None where the list is at its end."""
    searched_to: float | None = None
    """When the event of the last delivery happened that was looked at, where the search stopped there and found fewer than
    asked for."""
