"""Why a telephone did not ring is read from the journal of a call that really took that way, with what would have rung it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import GoToStep, HangUpStep, HoursStep, MenuChoice, MenuStep, PlayStep
from switchhook.domain.screening import Screening
from switchhook.operations.history import CallStory
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    DigitPressed,
    DirectionGiven,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    TimePassed,
    VerdictGiven,
)
from switchhook.storage.sqlite.rows import call_row, call_to_row
from switchhook.views.why import DecidedBy, as_json, why_not
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    MOBILE,
    MONDAY_NOON,
    OLGA,
    SALES,
    ask_crm,
    in_turn,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript

if TYPE_CHECKING:
    from switchhook.views.why import WhyNot

NIGHT = 3 * 3600.0
"""Of a Thursday."""
GONE = LegEnded(leg=CALLER, cause=Cause(sip=487, text="gone"))
NO_PHONE = Cause(sip=480, q850=20, text="no telephone is registered")
HOURS = HoursStep(hours="office", open_=(ring(MARY),), closed=(ring(JOHN),))
MENU = MenuStep(
    sounds=("choose",),
    choices=(
        MenuChoice(key="1", steps=(ring(MARY),)),
        MenuChoice(key="2", steps=(ring(JOHN),)),
    ),
    attempts=1,
    on_timeout=(ring(OLGA),),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call, and the answer about one target."""

    within: ProjectSnapshot
    heard: tuple[tuple[float, Event], ...]
    target: str
    decision: DecidedBy
    why: str
    change: str = ""
    at: float = 0.0


CASES = {
    "hours": Case(
        within=snapshot(HOURS),
        heard=((0, CallArrived()), (5, GONE)),
        at=NIGHT,
        target="mary",
        decision=DecidedBy.HOURS,
        why="the working hours office were closed on Thursday 1970-01-01 03:00, and mary rings in branch open",
        change="open the hours office on Thursday at 03:00, or ring mary in branch closed, too",
    ),
    "hours the other way": Case(
        within=snapshot(HOURS),
        heard=((0, CallArrived()), (5, GONE)),
        at=MONDAY_NOON,
        target="john",
        decision=DecidedBy.HOURS,
        why="the working hours office were open on Monday 1970-01-05 12:00, and john rings in branch closed",
        change="close the hours office on Monday at 12:00, or ring john in branch open, too",
    ),
    "key": Case(
        within=snapshot(MENU),
        heard=((0, CallArrived()), (1, DigitPressed(leg=CALLER, digit="2")), (5, GONE)),
        target="mary",
        decision=DecidedBy.KEY,
        why="the caller pressed 2, and mary rings in branch 1",
        change="ring mary in the branch of key 2, too",
    ),
    "no key": Case(
        within=snapshot(MENU),
        heard=(
            (0, CallArrived()),
            (2, PlaybackFinished(playback="p1")),
            (60, TimePassed()),
            (70, GONE),
        ),
        target="mary",
        decision=DecidedBy.KEY,
        why="the caller pressed no key in time, and mary rings in branch 1",
        change="ring mary in the branch of timeout, too",
    ),
    "its turn": Case(
        within=snapshot(in_turn(JOHN, MARY)),
        heard=((0, CallArrived()), (1, LegRinging(leg="b1")), (2, LegAnswered(leg="b1"))),
        target="mary",
        decision=DecidedBy.TURN,
        why="step 1 of scheme 1 rings one after another, and john answered before the turn of mary",
        change="ring them at once there",
    ),
    "an earlier step": Case(
        within=snapshot(ring(JOHN, timeout=20), ring(MARY)),
        heard=((0, CallArrived()), (1, LegRinging(leg="b1")), (12, GONE)),
        target="mary",
        decision=DecidedBy.EARLIER_STEP,
        why="the caller hung up in step 1 of scheme 1, and mary rings in step 2 of scheme 1, behind it",
        change="ring mary in step 1 of scheme 1, too",
    ),
    "a step that ends the call": Case(
        within=snapshot(HangUpStep(), ring(MARY)),
        heard=((0, CallArrived()),),
        target="mary",
        decision=DecidedBy.EARLIER_STEP,
        why="mary rings in step 2 of scheme 1, behind it",
        change="put a step that rings mary before step 1 of scheme 1",
    ),
    "an answer": Case(
        within=snapshot(ASK),
        heard=(
            (0, CallArrived()),
            (0.1, DirectionGiven(ask="c-1", targets=(JOHN,))),
            (5, LegAnswered(leg="b1")),
        ),
        target="mary",
        decision=DecidedBy.ANSWER,
        why="webhook crm answered john, and no step names mary",
        change="let the endpoint of crm answer mary",
    ),
    "an answer before its step": Case(
        within=snapshot(ASK, ring(MARY)),
        heard=(
            (0, CallArrived()),
            (0.1, DirectionGiven(ask="c-1", targets=(JOHN,))),
            (5, LegAnswered(leg="b1")),
        ),
        target="mary",
        decision=DecidedBy.ANSWER,
        why="webhook crm answered john, john answered, and mary rings in step 2 of scheme 1",
        change="let the endpoint of crm answer mary, too",
    ),
    "an endpoint that failed": Case(
        within=snapshot(ASK, ring(JOHN)),
        heard=(
            (0, CallArrived()),
            (
                2,
                AskFailed(
                    ask="c-1", failure=Failure(kind=FailureKind.STATUS, detail="answered 503")
                ),
            ),
            (5, GONE),
        ),
        target="mary",
        decision=DecidedBy.ANSWER,
        why="webhook crm failed (answered 503), and no step names mary",
        change="mend the endpoint of crm, or ring mary in a step behind it",
    ),
    "a dial-plan answer": Case(
        within=snapshot(ask_crm(ring(MARY), failed=(ring(JOHN),))),
        heard=(
            (0, CallArrived()),
            (0.1, VerdictGiven(ask="c-1", accepted=False, text="NAK (HTTP 200)")),
            (5, GONE),
        ),
        target="mary",
        decision=DecidedBy.ANSWER,
        why="dial-plan webhook names answered: NAK (HTTP 200); mary rings in branch success",
        change="let the endpoint of names answer for branch success, or ring mary in branch failed, too",
    ),
    "no step": Case(
        within=snapshot(PlayStep(sounds=("welcome",)), ring(JOHN)),
        heard=((0, CallArrived()), (1, PlaybackFinished(playback="p1")), (9, GONE)),
        target="mary",
        decision=DecidedBy.NO_STEP,
        why="no step of scheme 1, which the call came to, rings mary",
        change="add mary to `ring` of a step of scheme 1, such as step 2",
    ),
    "a scheme that was not come to": Case(
        within=snapshot(ring(JOHN), GoToStep(scheme=2), schemes={2: (ring(MARY),)}),
        heard=((0, CallArrived()), (9, GONE)),
        target="mary",
        decision=DecidedBy.EARLIER_STEP,
        why="the caller hung up in step 1 of scheme 1, and step 2 of scheme 1 goes to scheme 2, which rings mary",
        change="ring mary in step 1 of scheme 1, too",
    ),
    "a blocked caller": Case(
        within=snapshot(ring(MARY), screening=Screening(blocked_callers=("380441112233",))),
        heard=((0, CallArrived()),),
        target="mary",
        decision=DecidedBy.CALLER_BLOCKED,
        why="the caller was turned away before any step: the caller is on the block list",
        change="let blocked_callers not hold for this caller",
    ),
    "a forbidden number": Case(
        within=snapshot(ASK, screening=Screening(denied_prefixes=("38050",))),
        heard=((0, CallArrived()), (0.1, DirectionGiven(ask="c-1", targets=(MOBILE,)))),
        target="+380 50 111 22 33",
        decision=DecidedBy.FORBIDDEN,
        why="this project does not call 380501112233",
        change="allowed_prefixes",
    ),
    "no telephone": Case(
        within=snapshot(ring(MARY), ring(JOHN)),
        heard=((0, CallArrived()), (0.1, LegEnded(leg="b1", cause=NO_PHONE)), (5, GONE)),
        target="mary",
        decision=DecidedBy.NOT_REACHED,
        why="it was called, and no telephone of it rang (SIP 480, no telephone is registered)",
        change="register a telephone of mary",
    ),
    "it did ring": Case(
        within=snapshot(ring(MARY, JOHN)),
        heard=(
            (0, CallArrived()),
            (1, LegRinging(leg="b1")),
            (1, LegRinging(leg="b2")),
            (4, LegAnswered(leg="b2")),
        ),
        target="mary",
        decision=DecidedBy.RANG,
        why="it did ring for 3.0 s, and that ended as answered elsewhere",
    ),
    "a group": Case(
        within=snapshot(ring(JOHN, timeout=5), ring(SALES)),
        heard=((0, CallArrived()), (2, GONE)),
        target="olga",
        decision=DecidedBy.EARLIER_STEP,
        why="olga rings in step 2 of scheme 1",
        change="ring olga in step 1 of scheme 1, too",
    ),
    "nobody of that name": Case(
        within=snapshot(ring(MARY)),
        heard=((0, CallArrived()), (5, GONE)),
        target="maria",
        decision=DecidedBy.UNKNOWN,
        why="has no account or group maria",
        change="add an account of the login maria",
    ),
}


def story_of(case: Case) -> CallStory:
    """Let a call hear all of that, and return it as it is stored."""
    told = Transcript(replace(incoming(within=case.within), id="c", arrived_at=case.at))
    for after, event in case.heard:
        told.comes_to(case.at + after, event)
    value = call_to_row(told.call, "main")[-1]
    row = call_row({"value": value, "number": 1})  # type: ignore[arg-type] # a row is read by names
    return CallStory(call=row, journal=tuple(told.entries), deliveries=())


def answer(case: Case) -> WhyNot:
    return why_not(story_of(case), case.within, case.target)


@pytest.mark.parametrize("name", CASES)
def test_the_first_that_decided_otherwise_is_named_with_the_smallest_change(name: str) -> None:
    case = CASES[name]
    found = answer(case)
    assert (found.decision, found.target) == (case.decision, case.target.strip())
    assert case.why in found.why
    assert case.change in found.change
    assert bool(found.change) == bool(case.change)


@pytest.mark.parametrize("name", CASES)
def test_programs_get_the_line_of_the_journal_that_shows_it(name: str) -> None:
    case = CASES[name]
    told = msgspec.json.decode(msgspec.json.encode(as_json(answer(case))))
    assert told["rang"] is (case.decision is DecidedBy.RANG)
    assert told["decision"] == case.decision.value
    assert (told["journal"] is None) == (case.decision is DecidedBy.UNKNOWN)


def test_every_decision_has_a_case() -> None:
    shown = {case.decision for case in CASES.values()}
    assert set(DecidedBy) - shown == {DecidedBy.DIALLED, DecidedBy.OWN_CALL}
