"""The dependencies of the API's handlers: stores, clocks and the parts of one running Switchhook."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from switchhook.api.stream_readers import StreamReaders
from switchhook.delivery.oauth import Send
from switchhook.domain.project import ProjectSnapshot
from switchhook.metrics import Gauge, Metrics
from switchhook.operations.calls.encoded_sound import EncodedSounds
from switchhook.operations.error_check import DeliverySender
from switchhook.operations.intake.foreign_events import ForeignEventTeller
from switchhook.operations.ports import RunningCalls, SubscriptionMemory, VisitMemory
from switchhook.operations.recordings import NO_RECORDINGS, Recordings
from switchhook.operations.rehearsal.jobs import RehearsalJobs
from switchhook.operations.sounds import MissingSounds, no_missing_sounds
from switchhook.operations.tables.listing import TableList
from switchhook.routing.events import LateFacts
from switchhook.storage.captures import SipCaptures
from switchhook.storage.intake import CallImports
from switchhook.storage.people import AuditLog, Erasure, People
from switchhook.storage.ports import (
    AllRegistrations,
    EndedCalls,
    ErrorCheck,
    HealthChecks,
    KeyedRequests,
    Records,
    Scenarios,
    StreamEvents,
    Subscriptions,
    Tokens,
    Visits,
)
from switchhook.storage.records import BulkJob
from switchhook.storage.shadows import Shadows
from switchhook.storage.trails import CallTrails
from switchhook.trusted_proxies import TrustedProxies

MAX_FILES: Final = 16
"""Project files that are sent at once; one more is turned away."""


class ApiStore(
    AllRegistrations,
    Scenarios,
    ErrorCheck,
    Visits,
    Subscriptions,
    StreamEvents,
    Records,
    EndedCalls,
    HealthChecks,
    CallImports,
    SipCaptures,
    Protocol,
):
    """Keeps what the API reads and changes."""

    @property
    def erasure(self) -> Erasure:
        """Return what erases persons."""


class HangUpCall(Protocol):
    """Ends calls; the contract is that of the switchboard."""

    def __call__(self, call: str, *, by: str, project: str | None = None) -> bool:
        """Have a running call of a project ended. False when no such call runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDependencies:
    """The parts of one running Switchhook that the API speaks to."""

    store: ApiStore
    shadows: Shadows
    """Keeps what shadow endpoints said."""
    trails: CallTrails
    """Reads what happened in ended calls."""
    tokens: Tokens
    people: People
    audit: AuditLog
    memory: SubscriptionMemory
    clock: Callable[[], float]
    """Unix time in seconds, by which tokens expire."""
    applied: Callable[[], Awaitable[None]]
    """Lets calls follow a version that was just applied."""
    missing_sounds: MissingSounds = no_missing_sounds
    """Says which sounds of a project cannot be played."""
    recordings: Recordings = NO_RECORDINGS
    hang_up: HangUpCall
    """Has a running call ended."""
    calls: RunningCalls | None = None
    """Makes and transfers calls; None where none run."""
    keyed_requests: KeyedRequests
    """Keeps the requests with an Idempotency-Key."""
    requests_per_minute: int = 1200
    """How many each token may send."""
    amend: Callable[[str, str, LateFacts], Awaitable[bool]]
    """Tells a call of a project what became known of it; False where there is no such call."""
    runs: Callable[[str, str], bool]
    """Says whether a call of a project runs."""
    visits: VisitMemory
    """Has visits at hand for calls."""
    snapshot_of: Callable[[str], ProjectSnapshot | None]
    """Returns the version of a project that the next call follows."""
    sender: DeliverySender | None = None
    """Sends deliveries; None: the next server does."""
    go_on: Callable[[BulkJob], None] = lambda _: None
    """Carries out a job beside calls."""
    data_dir: Path = Path()
    """Where tables lie."""
    rehearsals: RehearsalJobs | None = None
    """Rehearses drafts beside calls; None where no calls run."""
    send: Send | None = None
    """Sends a sample under the address guard; None where nothing is sent."""
    product: str = "switchhook"
    """The User-Agent of a sample."""
    foreign_events: ForeignEventTeller | None = None
    """Tells events that are no calls; None where nothing is sent."""
    wake_importer: Callable[[], None] = lambda: None
    """Has calls imported that were just queued."""
    keeps_events: Callable[[str], bool]
    """Says whether a project's event stream is kept now."""
    encoded: EncodedSounds = field(default_factory=EncodedSounds)
    """Has recordings as MP3 and Opus."""
    readers: StreamReaders = field(default_factory=StreamReaders)
    metrics: Metrics = field(default_factory=Metrics)
    gauges: Callable[[], Iterable[Gauge]] = tuple
    """Measures what `/metrics` tells beside them."""
    metrics_token: str = field(default="", repr=False)
    """The key to `/metrics`; empty: there is none."""
    trusted_proxies: TrustedProxies = field(default_factory=TrustedProxies)
    """Whose X-Forwarded headers are read."""
    table_list: TableList = field(init=False)
    """Lists tables, each read once."""
    ticks: Callable[[], float] = time.monotonic
    """Seconds that pass, by which wrong keys are forgotten."""
    files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_FILES))
    """Held while a project file is in memory."""
    sending: Counter[str] = field(default_factory=Counter)
    """How many of these each project sends."""
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a project file is read: it takes a processor, so one goes after the other."""

    def __post_init__(self) -> None:
        """Begin with no table read."""
        object.__setattr__(self, "table_list", TableList(self.data_dir))

    def has_room_for(self, project: str) -> bool:
        """Say whether a project may send another file; some room is left for a project that sends none."""
        sharing = len(+self.sending) + (not self.sending[project])
        return not self.files.locked() and self.sending[project] < MAX_FILES // (sharing + 1)
