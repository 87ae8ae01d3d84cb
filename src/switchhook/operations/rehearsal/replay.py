"""Replays one stored call through the engine under a draft. Pure: the same call and draft give the same replay.

What telephones, endpoints and the caller did comes from the stored call: a target that rings does what it did then, as long
after it was dialled; an endpoint gives the answer that it gave; the caller presses the same keys, and leaves when they left.
A replay ends where somebody answers, a message is recorded, or the call ends; and where the stored call does not tell what
would come next. How long a prompt plays is not stored: it is taken to last until the next thing that came of the caller's
call.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from switchhook.domain.call import CALLER, CallState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.failure import FailureKind
from switchhook.domain.scheme import AskDialPlanStep, MenuStep
from switchhook.operations.rehearsal.draft import Missing, Unknown, facts_of
from switchhook.routing.admission import Rejection
from switchhook.routing.commands import AnswerCaller, AskWebhook, Play, RingLeg, WriteJournal
from switchhook.routing.engine import step
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    TimePassed,
)
from switchhook.routing.position import step_of
from switchhook.routing.steps.ring import NO_ANSWER
from switchhook.storage.trails import CallTrail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchhook.domain.call import Call
    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.rehearsal.draft import Draft
    from switchhook.routing.commands import Command
    from switchhook.routing.events import Event
    from switchhook.storage.trails import TrailEntry, TrailLeg

MOST_STEPS: Final = 1_000
"""Events of one replay; a scheme that goes in a circle ends long before."""
TIMELY: Final = 0.05
"""Seconds by which an endpoint's time-out may be late."""
ARRIVED, TIME_PASSED = CallArrived(), TimePassed()
LEFT: Final = Cause(sip=487)
_RESTING: Final = frozenset({CallState.TALKING, CallState.RECORDING, CallState.ENDED})
"""The states in which it is settled where the call went."""
_CUT_OFF: Final = frozenset({AttemptEnd.ANSWERED_ELSEWHERE, AttemptEnd.CANCELLED_BY_CALLER})
"""How attempts end by our order."""
_CARRIED_OUT: Final = frozenset({RingLeg, AskWebhook, AnswerCaller, Play})
"""The orders that something answers."""
_NEVER: Final = float("inf")
_EVENT, _DUE, _LEAVES, _UNKNOWN = range(4)
"""What comes first of several things at one moment."""

ANSWERED: Final = "answered"
MESSAGE: Final = "message"
REFUSED: Final = "refused"


class Comparison(StrEnum):
    """How a rehearsed call compares to the stored one; names stay stable over versions."""

    SAME = "same"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class CallEnding(NamedTuple):
    """Where a call went in the end."""

    how: str
    """`answered`, `message`, `refused`, or the outcome of a call that nobody answered."""
    what: str = ""
    """Who answered; the SIP status that the caller got."""


class Route(NamedTuple):
    """Where a call went: what rang together, round by round, and the ending."""

    rounds: list[set[str]]
    ending: CallEnding | None
    """None where that is not known."""


class Replay(NamedTuple):
    """What became of a call under the draft."""

    verdict: Comparison
    stored: Route
    rehearsed: Route
    unknown: Unknown | None
    """Where the stored call told no more."""
    orders: Sequence[tuple[Command, ...]]

    @property
    def journal(self) -> list[JournalEntry]:
        """Return the journal of the rehearsed call."""
        return [
            command.entry
            for orders in self.orders
            for command in orders
            if isinstance(command, WriteJournal)
        ]


def replay(trail: CallTrail, draft: Draft) -> Replay:
    """Replay a call that has ended under a draft."""
    stored = route_of_trail(trail)
    unfit = _unfit(trail)
    if unfit is not None:
        return Replay(Comparison.UNKNOWN, stored, Route([], None), unfit, ())
    call = draft.admit(trail)
    if isinstance(call, Rejection):
        rehearsed = Route([], CallEnding(REFUSED, str(call.cause.sip)))
        return Replay(Comparison.ELSEWHERE, stored, rehearsed, None, ())
    run = _Run(trail, draft)
    call, unknown = run.play(call)
    rehearsed = Route(_rounds(call.legs, None), None if unknown else _ending(call))
    return Replay(_compared(stored, rehearsed), stored, rehearsed, unknown, run.orders)


def _unfit(trail: CallTrail) -> Unknown | None:
    """Say why a call cannot be rehearsed at all."""
    if trail.callback is not None:
        return Unknown(Missing.CALLBACK)
    if trail.redirections:
        return Unknown(Missing.REDIRECTED)
    for entry in trail.entries:
        if entry.kind == "resumed":
            return Unknown(Missing.RESTART)
    return None


def _compared(stored: Route, rehearsed: Route) -> Comparison:
    if rehearsed.ending is not None:
        return Comparison.SAME if stored == rehearsed else Comparison.ELSEWHERE
    so_far = rehearsed.rounds
    is_begin = stored.rounds[: len(so_far)] == so_far
    return Comparison.UNKNOWN if is_begin else Comparison.ELSEWHERE


def route_of_trail(trail: CallTrail) -> Route:
    """Return where a stored call went, up to the first answer: what follows is people's doing."""
    answered = [leg for leg in trail.legs if leg.target is not None and leg.answered_at is not None]
    first = min(answered, key=lambda leg: leg.answered_at or 0.0, default=None)
    if first is not None and first.target is not None:
        ending = CallEnding(ANSWERED, first.target.value)
        return Route(_rounds(trail.legs, first.answered_at), ending)
    for entry in trail.entries:
        if entry.kind == "step":  # of voicemail
            return Route(_rounds(trail.legs, entry.at), CallEnding(MESSAGE))
    return Route(_rounds(trail.legs, None), _ending(trail))


def _ending(call: Call | CallTrail) -> CallEnding:
    if not isinstance(call, CallTrail):
        if call.state is CallState.TALKING:
            leg = call.leg(call.talking_to)
            return CallEnding(ANSWERED, str(leg.target) if leg else "")
        if call.state is CallState.RECORDING:
            return CallEnding(MESSAGE)
    return CallEnding(str(call.outcome), str(call.cause.sip) if call.cause else "")


def _rounds(legs: Iterable[Any], until: float | None) -> list[set[str]]:
    """Return the targets that were dialled together, round by round."""
    rounds: list[set[str]] = []
    began = None
    for leg in legs:
        if leg.target is None or (until is not None and leg.started_at > until):
            continue
        if leg.started_at != began:
            began = leg.started_at
            rounds.append(set())
        rounds[-1].add(leg.target.value)
    return rounds


class _Run:
    """One replay, with what is left of the stored call."""

    __slots__ = (
        "_answers",
        "_attempts",
        "_coming",
        "_draft",
        "_keys",
        "_left",
        "_left_at",
        "_moments",
        "_number",
        "_passed",
        "_trail",
        "_waited_for",
        "orders",
    )

    def __init__(self, trail: CallTrail, draft: Draft) -> None:
        self.orders: list[tuple[Command, ...]] = []
        self._trail = trail
        self._draft = draft
        self._coming: list[tuple[float, int, int, Event | Unknown, str]] = []
        self._number = 0
        self._attempts: dict[str, list[TrailLeg]] = {}
        self._answers: dict[str, list[tuple[TrailEntry, TrailEntry | None]]] = {}
        self._keys: list[tuple[float, str | None, str]] = []
        self._moments: list[float] = []
        self._passed = 0
        self._waited_for: tuple[object, ...] = ()
        self._left_at: float | None = None
        self._left = LEFT
        self._read(trail)

    def _read(self, trail: CallTrail) -> None:
        """Sort what is stored by what asks for it."""
        moments = self._moments
        for leg in trail.legs:
            if leg.target is not None:
                self._attempts.setdefault(leg.target.value, []).append(leg)
                moments.append(leg.started_at)
        asked: TrailEntry | None = None
        for entry in trail.entries:
            kind = entry.kind
            if kind == "asked":
                asked = entry
                moments.append(entry.at)
                self._answers.setdefault(entry.text, []).append((entry, None))
                if '"attempt"' in entry.facts:
                    self._keys.append((entry.at, "0#", entry.text))
            elif kind == "keyed":
                moments.append(entry.at)
                digit = facts_of(entry).get("digit")
                self._keys.append((entry.at, digit, ""))
            elif asked is not None and kind != "step":
                self._answers[asked.text][-1] = (asked, entry)
                asked = None
        moments.sort()
        self._read_end(trail)

    def _read_end(self, trail: CallTrail) -> None:
        """Take from the end whether the caller left, or somebody else ended the call."""
        ended_at, cause = trail.ended_at, trail.cause
        if ended_at is None or cause is None:
            return
        if trail.ended_by is EndedBy.CALLER or cause.is_loss:
            self._left_at = ended_at
            self._left = cause.as_cause() if cause.is_loss else LEFT
        elif trail.outcome is Outcome.CANCELLED:
            self._push(ended_at, _UNKNOWN, Unknown(Missing.OPERATOR))

    def play(self, call: Call) -> tuple[Call, Unknown | None]:
        """Return the call where it came to rest, or where the stored one tells no more."""
        now = call.arrived_at
        event: Event = ARRIVED
        for _ in range(MOST_STEPS):
            call, commands = step(call, event, now)
            self.orders.append(commands)
            if call.state in _RESTING:
                return call, None
            self._take(call, commands, now)
            at, following = self._next(call)
            if isinstance(following, Unknown):
                return call, following
            event, now = following, max(now, at)
        raise AssertionError(f"call {call.id} does not come to an end")

    def _push(self, at: float, rank: int, what: Event | Unknown, leg: str = "") -> None:
        self._number += 1
        heappush(self._coming, (at, rank, self._number, what, leg))

    def _next(self, call: Call) -> tuple[float, Event | Unknown]:
        """Return what happens next, and when."""
        coming = self._coming
        while coming and coming[0][4]:
            leg = call.leg(coming[0][4])
            if leg is not None and leg.is_live:
                break
            heappop(coming)
        at, rank = (coming[0][0], coming[0][1]) if coming else (_NEVER, _UNKNOWN)
        due = _NEVER if call.wake_at is None else call.wake_at
        leaves = _NEVER if self._left_at is None else self._left_at
        if (at < due or (at == due and rank < _DUE)) and (
            at < leaves or (at == leaves and rank < _LEAVES)
        ):
            return at, heappop(coming)[3]
        if due <= leaves:
            return due, TIME_PASSED
        return leaves, LegEnded(leg=CALLER, cause=self._left)

    def _take(self, call: Call, commands: Iterable[Command], now: float) -> None:
        """Let telephones, endpoints and the caller do what they did then."""
        for command in commands:
            if type(command) not in _CARRIED_OUT:
                continue
            match command:
                case RingLeg():
                    self._ring(command, now)
                case AskWebhook():
                    self._ask(command, now)
                case AnswerCaller():
                    self._push(now, _EVENT, LegAnswered(leg=CALLER))
                case Play(playback=playback) if playback == call.playback.prompt:
                    over = PlaybackFinished(playback=playback)
                    self._push(max(now, self._next_moment()), _EVENT, over)
                case _:
                    pass
        if call.collecting is not None:
            self._press(call, now)

    def _next_moment(self) -> float:
        """Return when the next thing came of the stored call."""
        if self._passed < len(self._moments):
            return self._moments[self._passed]
        return self._trail.ended_at or 0.0

    def _pass(self, at: float) -> None:
        """Note that the replay has come to a moment of the stored call."""
        self._passed = max(self._passed, bisect_right(self._moments, at))

    def _ring(self, order: RingLeg, now: float) -> None:
        name = order.target.value
        left = self._attempts.get(name)
        if not left:
            self._push(now, _UNKNOWN, Unknown(Missing.NOT_RUNG, name))
            return
        then = left.pop(0)
        self._pass(then.started_at)
        began, leg = then.started_at, order.leg
        if then.rang_at is not None:
            self._push(now + (then.rang_at - began), _EVENT, LegRinging(leg=leg), leg)
        if then.answered_at is not None:
            self._push(now + (then.answered_at - began), _EVENT, LegAnswered(leg=leg), leg)
            return
        ended_at = then.ended_at or self._trail.ended_at or now
        cause = then.cause.as_cause() if then.cause else Cause()
        over = now + (ended_at - began)
        if _is_cut_off(then, cause, self._trail):
            shorter = Unknown(Missing.RANG_SHORTER, name)
            self._push(max(ended_at, over), _UNKNOWN, shorter, leg)
        else:
            self._push(over, _EVENT, LegEnded(leg=leg, cause=cause), leg)

    def _ask(self, order: AskWebhook, now: float) -> None:
        left = self._answers.get(order.webhook)
        if not left:
            self._push(now, _UNKNOWN, Unknown(Missing.NOT_ASKED, order.webhook))
            return
        asked, came = left.pop(0)
        self._pass(asked.at)
        if self._keys and self._keys[0][0] == asked.at:  # no code was asked for this time
            self._keys.pop(0)
        if came is None:  # the caller left meanwhile
            ended_at = self._trail.ended_at or now
            waited = max(ended_at, now + ended_at - asked.at)
            self._push(waited, _UNKNOWN, Unknown(Missing.SLOW_ENDPOINT, order.webhook))
            return
        outcome = self._draft.read(order, asked, came)
        took = came.at - asked.at
        if _is_late(outcome) and self._draft.time_limit(order) > took + TIMELY:
            outcome = Unknown(Missing.SLOW_ENDPOINT, order.webhook)
        rank = _UNKNOWN if isinstance(outcome, Unknown) else _EVENT
        self._push(now + took, rank, outcome)

    def _press(self, call: Call, now: float) -> None:
        """Press the next keys, once for each time that the call waits for some."""
        collecting = call.collecting
        if collecting is None:
            return
        at = call.position
        wait = (at.scheme, at.path, at.jumps, collecting.attempt, call.asks.started)
        if wait == self._waited_for:
            return
        self._waited_for = wait
        at_step = step_of(call)
        webhook = at_step.webhook if isinstance(at_step, AskDialPlanStep) else ""
        if not self._keys or (self._keys[0][1] is not None and self._keys[0][2] != webhook):
            if self._left_at is None:
                self._push(now, _UNKNOWN, Unknown(Missing.NO_KEY))
            return
        then, keys, _ = self._keys.pop(0)
        self._pass(then)
        if keys is None:
            self._let_it_pass(call, at_step, then, now)
            return
        for key in keys:
            self._push(max(now, then), _EVENT, DigitPressed(leg=CALLER, digit=key))

    def _let_it_pass(self, call: Call, at_step: object, at: float, now: float) -> None:
        """Have the prompt end so that the time for keys is over when it was then."""
        playback = "" if call.collecting is None else call.collecting.playback
        if not playback:
            return
        if isinstance(at_step, MenuStep):
            waits = at_step.timeout
        else:
            webhook = self._draft.snapshot.dial_plan_webhooks[at_step.webhook]  # type: ignore[attr-defined]
            waits = webhook.code_timeout
        self._push(max(now, at - waits), _EVENT, PlaybackFinished(playback=playback))


def _is_cut_off(leg: TrailLeg, cause: Cause, trail: CallTrail) -> bool:
    """Say whether an attempt ended by our order, and not by its telephone."""
    if leg.end in _CUT_OFF or cause == NO_ANSWER:
        return True
    return leg.end is AttemptEnd.FAILED and leg.cause == trail.cause


def _is_late(outcome: Any) -> bool:  # noqa: ANN401 (whatever came of an ask)
    return isinstance(outcome, AskFailed) and outcome.failure.kind in _TIMEOUTS


_TIMEOUTS: Final = frozenset(
    kind for kind in FailureKind if kind is FailureKind.NO_ANSWER_IN_TIME or "timeout" in kind
)
