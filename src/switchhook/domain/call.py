"""A call's whole memory: one frozen value that can be stored after any step and resumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Any, ClassVar, Final, Self

from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EVENT_FIELD, NO_FILTER, EventFilter
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import FIRST, Path, RateStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect
from switchhook.quick_init import quick_init

CALLER = "caller"
"""The name of the leg that the call came in on; the engine names the others `b1`, `b2`, …"""


class Direction(StrEnum):
    """Which way a call runs, seen from the project."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    INTERNAL = "internal"


class CallState(StrEnum):
    """The state of a call."""

    ARRIVED = "arrived"
    RINGING_CALLER = "ringing_caller"
    ASKING = "asking"
    PLAYING = "playing"
    COLLECTING = "collecting"
    RINGING = "ringing"
    RECORDING = "recording"
    TALKING = "talking"
    TRANSFERRING = "transferring"
    RATING = "rating"
    ENDED = "ended"


class LegState(StrEnum):
    """The state of a leg."""

    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


_ENDED: Final = (
    LegState.ENDED
)  # it is asked for with each leg of each step; by its enumeration ten times as slowly


class _Changeable:
    """A frozen value without slots: its fields stand in its `__dict__`, and are copied in one go."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def changed(self, **changes: Any) -> Self:  # noqa: ANN401 (the fields of the value)
        """Return it with other values of some fields; raise TypeError for a field that it has not.

        As `dataclasses.replace`, which takes ten times as long: a call has many fields, and a step changes
        it a dozen times.
        """
        changed = object.__new__(type(self))
        fields = changed.__dict__
        fields |= self.__dict__
        fields |= changes
        # More fields than before: unknown ones, or some that an earlier version did not store.
        has_more = len(fields) > len(self.__dict__)
        if has_more and (unknown := changes.keys() - self.__dataclass_fields__.keys()):
            raise TypeError(f"a {type(self).__name__.lower()} has no field {min(unknown)}")
        return changed


@quick_init
@dataclass(frozen=True, kw_only=True)
class Leg(_Changeable):
    """One channel of the call. A called leg is one attempt: one ring of one target."""

    id: str
    target: Target | None
    """None for the caller's leg."""
    state: LegState
    started_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    end: AttemptEnd | None = None
    cause: Cause | None = None
    handle: str = ""
    """The driver's handle to resume this leg after a restart; opaque here."""
    account: str = ""
    """The account that sent the call here by a transfer or a redirection; empty for all other legs."""

    @property
    def is_live(self) -> bool:
        """Say whether the driver still has to end it."""
        return self.state is not _ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAsk:
    """A webhook that is being asked while the caller waits."""

    id: str
    webhook: str
    asked_at: float
    dialect: Dialect = Dialect.FORWARDING_NUMBER
    attempt: int = 1
    """Which of the caller's attempts to enter a code this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitCollection:
    """Keys that the caller is to press."""

    attempt: int = 1
    digits: str = field(default="", repr=False)
    playback: str = ""
    """The prompt that still plays; empty once it is over or a key broke it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlanReturn:
    """The values that a dial-plan webhook returned, for the steps of its branch."""

    at: Path
    """Where the step stands that asked it."""
    destination: Target | None = None
    caller_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRecording:
    """A recording that runs."""

    id: str
    is_stopping: bool = False
    hung_up_by: EndedBy | None = None
    """The side that ended the conversation, while its recording is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording that was made."""

    id: str
    seconds: float
    path: str


@dataclass(frozen=True, kw_only=True)
class CallRecording(_Changeable):
    """How a call is recorded, and what was recorded."""

    is_on: bool = False
    """Whether a conversation will be recorded."""
    running: RunningRecording | None = None
    started: int = 0
    """How many were started."""
    finished: tuple[Recording, ...] = ()
    trouble: str = ""
    """Why the conversation was not recorded, though it was to be."""


@dataclass(frozen=True, kw_only=True)
class CallPlayback(_Changeable):
    """What the caller hears of us: prompts that are waited for, and background audio."""

    prompt: str = ""
    """The id of the playback whose end is waited for."""
    next_branch: str = ""
    """The branch of the current step that is taken when the prompt is over; empty: the next step."""
    background: tuple[str, ...] = ()
    """The sounds while asking and ringing, in place of the ringing tone."""
    background_id: str = ""
    """The id of the playback that plays them by now."""
    started: int = 0
    """How many playbacks were started."""


@dataclass(frozen=True, kw_only=True)
class CallRating(_Changeable):
    """How the caller rates a conversation."""

    step: RateStep | None = None
    """The step that wants a rating."""
    key: str = ""
    """The key with which the caller rated it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRound:
    """A round of ringing: its deadline, and the targets that ring later."""

    waiting: tuple[Target, ...]
    timeout: float
    """Seconds a round may ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A blind transfer that is under way: who is to talk next is rung (RFC 5589 §6)."""

    by: str
    """The leg whose telephone asked for it, or leaves by it."""
    account: str
    """The account at that leg: it pays, and is rung back; empty for none, where it was ordered."""
    to: str
    """Where it leads, as that telephone wrote it."""
    request: str
    """The driver's id of the request; opaque here."""
    is_return: bool = False
    """Whether the transfer failed after that telephone hung up, and the account is rung back now."""
    scheme: int = 0
    """The scheme whose step at `path` asks for the target; 0 without one."""
    path: Path = FIRST
    rang: bool = False
    failed_at: float | None = None
    ordered_by: str = ""
    """Who ordered it, an operator or a program; empty where a telephone asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A call that Switchhook makes for someone: the caller is rung first, then the callee."""

    by: str
    """Who wants it, for people."""
    turns: tuple[tuple[Target, ...], ...]
    """The targets that ring as the caller, one turn after another; those of a turn ring together."""
    turn: int = 0
    """The turn that rings, from 1; 0 before the first."""
    shown: str = ""
    """The project's number that is shown outside; empty: what calls of the caller show."""
    answered: Target | None = None
    """The target that answered, and is the caller since."""

    @property
    def ringing(self) -> tuple[Target, ...]:
        """Return the targets of the turn that rings."""
        return self.turns[self.turn - 1] if self.turn else ()


@dataclass(frozen=True, kw_only=True)
class CallerId(_Changeable):
    """Who calls."""

    number: str
    """The caller's number as it came, empty where it was withheld."""
    name: str = ""
    account: str = ""
    """The login of the account that calls; empty for a call from outside."""
    is_withheld: bool = False
    """Whether that account withholds its number; `number` still holds it."""

    @property
    def shown_number(self) -> str:
        """Return the number as others may see it; empty where it is withheld."""
        return "" if self.is_withheld else self.number

    @property
    def shown_name(self) -> str:
        """Return the name as others may see it; empty where the number is withheld."""
        return "" if self.is_withheld else self.name


@dataclass(frozen=True, kw_only=True)
class SchemePosition(_Changeable):
    """Where a call stands in its scheme."""

    scheme: int = 0
    """The scheme that is executed; 0 where `direct` is."""
    direct: Target | None = None
    """A dialled target that is no number of the project: rung without a scheme."""
    path: Path = FIRST
    jumps: int = 0
    """How often the call went to another scheme [A-57]."""
    is_unplaced: bool = False
    """Whether the last location was a forwarding number that placed the call nowhere [A-14]."""
    on_fallback: bool = False
    """Whether the project's fallback was tried already [A-54]."""


@dataclass(frozen=True, kw_only=True)
class CallTransfers(_Changeable):
    """The blind transfers of a call, one at a time."""

    current: Transfer | None = None
    failed: Transfer | None = None
    """The latest that failed, or was refused, with both parties left."""
    started: int = 0
    """How many were begun."""


@dataclass(frozen=True, kw_only=True)
class CallAsks(_Changeable):
    """What routing webhooks are asked about a call, and what they returned."""

    pending: PendingAsk | None = None
    started: int = 0
    """How many webhooks were asked."""
    returned: tuple[DialPlanReturn, ...] = ()
    """The values of the dial-plan webhooks whose branches the call is in."""
    codes: tuple[str, ...] = field(default=(), repr=False)
    """What the caller entered for webhooks that mask codes; never stored, see `masking`."""
    variables: tuple[tuple[str, str], ...] = ()
    """The unknown keys of dial-plan answers, the newest value of each (S-27)."""
    caller_name: str = ""
    """The caller's name as a step took it from a webhook; the current name from then on [A-53]."""


@quick_init
@dataclass(frozen=True, kw_only=True)
class Call(_Changeable):
    """One conversation, from the first sign of it to its end. Times are unix seconds.

    `step` alone makes new ones of it. Its `version` is that of `snapshot`, which it keeps until it ends.
    """

    id: str
    snapshot: ProjectSnapshot
    direction: Direction
    caller: CallerId
    callee: str
    """The dialled number, as it was dialled."""
    arrived_at: float
    state: CallState = CallState.ARRIVED
    position: SchemePosition = SchemePosition()
    legs: tuple[Leg, ...]
    redirections: int = 0
    """How often a telephone sent the call elsewhere."""
    talking_to: str = ""
    """The id of the called leg that answered."""
    party: str = CALLER
    """The leg that it talks to: another one once the caller has transferred the call."""
    callback: Callback | None = None
    """None for a call that came to us."""
    transfers: CallTransfers = CallTransfers()
    asks: CallAsks = CallAsks()
    ring_round: RingRound | None = None
    facts: tuple[tuple[str, str], ...] = ()
    """Facts about the caller and visitor at the call's begin, and their choices since, under parameters'
    keys."""
    playback: CallPlayback = CallPlayback()
    collecting: DigitCollection | None = None
    recording: CallRecording = CallRecording()
    rating: CallRating = CallRating()
    wake_at: float | None = None
    """When the engine needs `TimePassed`, if nothing else comes first."""
    entries: int = 0
    """How many journal entries were written; the next one's number less one."""
    emitted: int = 0
    """How many events were emitted."""
    published: int = 0
    """How many events of the project's stream there were."""
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    cause: Cause | None = None

    def leg(self, leg_id: str) -> Leg | None:
        """Return the leg of this name, or None."""
        # Asked for sixteen times a call: a generator costs more than the search.
        for leg in self.legs:
            if leg.id == leg_id:
                return leg
        return None

    def target_of(self, leg: Leg) -> Target | None:
        """Return the target that a leg rings or talks to; None for a caller who called us."""
        is_callers = leg.id == CALLER and self.callback is not None
        return self.callback.answered if is_callers and self.callback else leg.target

    @property
    def talking_legs(self) -> frozenset[str]:
        """Return the ids of the two legs that talk to each other; before an answer, the caller's and none."""
        return frozenset((self.party, self.talking_to))

    @property
    def manager(self) -> str:
        """Return the login of the account that talks or talked, or that calls out; empty for none."""
        if self.direction is Direction.OUTGOING:
            return self.caller.account
        leg = self.leg(self.talking_to)
        if leg is None or leg.target is None or leg.target.kind is not TargetKind.ACCOUNT:
            return ""
        return leg.target.value

    @property
    def conversation(self) -> float:
        """Return the seconds of a conversation that is over, up to the callee's hang-up; else 0.

        Prompts before it and a rating after it are no conversation.
        """
        callee = self.leg(self.talking_to)
        hung_up_at = None if callee is None else callee.ended_at
        over_at = hung_up_at or self.ended_at
        if self.answered_at is None or over_at is None:
            return 0.0
        return max(0.0, over_at - self.answered_at)

    def passes(self, wanted: EventFilter) -> bool:
        """Say whether a filter lets the call pass, as it is at this moment (T-29)."""
        if wanted is NO_FILTER:
            return True
        number = self.snapshot.number(self.callee)
        account = self.snapshot.accounts.get(self.manager)
        return (
            _fits(wanted.outcomes, self.outcome)
            and _fits(wanted.numbers, number and number.number)
            and _fits(wanted.schemes, self.position.scheme)
            and _fits(wanted.accounts, account and account.login)
            and _fits(wanted.departments, account and account.department)
            and wanted.withheld in {None, not self.caller.number}
            and wanted.min_duration <= self.conversation
            and (wanted.max_duration is None or self.conversation <= wanted.max_duration)
            and self._has_fields(wanted.fields)
        )

    def _has_fields(self, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> bool:
        """Say whether each of these fields of a foreign event has one of its values (N-07)."""
        if not wanted:
            return True
        facts = dict(self.facts)
        return all(facts.get(f"{EVENT_FIELD}:{name}") in values for name, values in wanted)

    @property
    def called_legs(self) -> tuple[Leg, ...]:
        """Return the attempts, oldest first."""
        return tuple(leg for leg in self.legs if leg.id != CALLER)

    @property
    def live_called_legs(self) -> tuple[Leg, ...]:
        """Return the called legs that have not ended."""
        return tuple(leg for leg in self.called_legs if leg.is_live)

    @property
    def last_attempt(self) -> AttemptEnd | None:
        """Return how the attempt that finished last ended, for the status before the next (R1-42).

        Of several that finished at once, the one dialled last.
        """
        last = self.last_leg
        return None if last is None else last.end

    @property
    def last_leg(self) -> Leg | None:
        """Return the called leg that ended last."""
        ended = [(leg.ended_at or 0.0, leg) for leg in self.called_legs if leg.end is not None]
        return max(reversed(ended), key=itemgetter(0))[1] if ended else None


def _fits(allowed: tuple[object, ...], value: object) -> bool:
    return not allowed or value in allowed
