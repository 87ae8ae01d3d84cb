"""Call tracking posts once when an incoming call is dialled and once when it has ended, and nothing else (R4)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import EventKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, PlayStep, VoicemailStep
from switchhook.domain.screening import Screening
from switchhook.domain.tracking.call_tracking import CALL_TRACKING, TrackingScenario
from switchhook.routing.commands import EmitEvent
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.switchboard.outbox import OutboxContext, event_deliveries
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.support.loop import run
from tests.support.snapshots import (
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    from_account,
    in_turn,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript, answers, hangs_up, refuses

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step
    from switchhook.storage.delivery import Delivery

BOTH = TrackingScenario(moment_url="http://m.example/m", after_url="http://a.example/a")


def tracked(of: ProjectSnapshot, tracking: TrackingScenario = BOTH) -> ProjectSnapshot:
    return ProjectSnapshot(replace(of.project, call_tracking=tracking))


def posts(story: Transcript) -> list[Delivery]:
    context = OutboxContext(product="test")
    tells = [command for command in story.commands if isinstance(command, EmitEvent)]
    made = [one for tell in tells for one in event_deliveries(tell, context)]
    return [one for one in made if one.webhook == CALL_TRACKING]


def story_of(step: Step, tracking: TrackingScenario = BOTH) -> Transcript:
    return Transcript(incoming(step, within=tracked(snapshot(step), tracking)))


def bodies(made: list[Delivery]) -> list[dict[str, Any]]:
    return [json.loads(one.request.body) for one in made]  # type: ignore[union-attr] # HTTP alone


@pytest.mark.row("R4-01", "R4-02", "R4-04", "R4-06", "R4-25", "R4-26", "S-60", "A-55")
def test_one_post_when_dialling_begins_and_one_at_the_end() -> None:
    story = story_of(ring(MARY))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"))
    story.comes_to(17, hangs_up(CALLER))
    moment, after = posts(story)

    assert (moment.event, after.event) == (EventKind.INCOMING_FORWARDING, EventKind.INCOMING_AFTER)
    assert (moment.request.url, after.request.url) == (BOTH.moment_url, BOTH.after_url)
    assert (moment.id, after.id) == ("c.2.call%20tracking", "c.4.call%20tracking")
    assert moment.seq < after.seq
    assert (moment.success_codes, moment.response_timeout) == ((200,), 15.0)
    first, last = bodies([moment, after])
    assert first["id"] == last["id"] == "c"
    assert "status" not in first
    assert (last["status"], last["duration"]) == ("ANSWER", 12)


@pytest.mark.row("R4-04", "A-55")
def test_a_second_round_and_a_second_step_are_no_second_moment() -> None:
    story = story_of(in_turn(MARY, JOHN))
    story.comes_to(0, CallArrived())
    story.comes_to(1, refuses("b1", 486))
    story.comes_to(1, refuses("b2", 486))

    assert [one.event for one in posts(story)] == [
        EventKind.INCOMING_FORWARDING,
        EventKind.INCOMING_AFTER,
    ]


@pytest.mark.row("S-61", "S-62", "R4-36")
def test_a_blocked_caller_is_told_of_after_the_call_alone() -> None:
    within = snapshot(ring(MARY), screening=Screening(blocked_callers=(CUSTOMER,)))
    story = Transcript(incoming(ring(MARY), within=tracked(within)))
    story.comes_to(0, CallArrived())

    (after,) = bodies(posts(story))
    assert (after["status"], after["duration"]) == ("DONTCALL", 0)


@pytest.mark.row("R4-01", "S-62")
@pytest.mark.parametrize("dialled", [str(MOBILE), "mary"], ids=["outgoing", "internal"])
def test_outgoing_and_internal_calls_are_not_told_of(dialled: str) -> None:
    story = Transcript(from_account(dialled, tracked(snapshot(ring(JOHN)))))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"))
    story.comes_to(17, hangs_up(CALLER))

    assert story.call.outcome is not None
    assert posts(story) == []


@pytest.mark.row("R4-42", "R4-48", "S-62")
@pytest.mark.parametrize(
    ("tracking", "events"),
    [
        (replace(BOTH, after_url=""), [EventKind.INCOMING_FORWARDING]),
        (replace(BOTH, moment_url=""), [EventKind.INCOMING_AFTER]),
        (TrackingScenario(), []),
    ],
    ids=["moment", "after", "neither"],
)
def test_a_slot_without_an_address_sends_nothing(
    tracking: TrackingScenario, events: list[EventKind]
) -> None:
    story = story_of(ring(MARY), tracking)
    story.comes_to(0, CallArrived())
    story.comes_to(31, TimePassed())

    assert [one.event for one in posts(story)] == events


def test_how_it_is_sent_is_the_scenarios() -> None:
    own = replace(
        BOTH,
        policy=DeliveryPolicy(success_codes=(200, 204), response_timeout=3.0),
        keep_alive=False,
        user_agent="UA",
        headers=(("Auth-Key", "k"),),
        send_id=False,
    )
    story = story_of(ring(MARY), own)
    story.comes_to(0, CallArrived())
    (moment,) = posts(story)

    assert (moment.success_codes, moment.response_timeout) == ((200, 204), 3.0)
    assert not moment.keep_alive
    assert [name for name, _ in moment.request.headers] == [  # type: ignore[union-attr] # HTTP alone
        "Host",
        "User-Agent",
        "Content-Type",
        "Content-Length",
        "Auth-Key",
        "Connection",
    ]


ENDINGS = [
    pytest.param(ring(MARY), {}, 300.0, "ANSWER", 10, marks=pytest.mark.row("R4-30")),
    pytest.param(ring(MARY), {"mary": "busy"}, 300.0, "BUSY", 0, marks=pytest.mark.row("R4-31")),
    pytest.param(
        ring(MARY), {"mary": "rings"}, 300.0, "NOANSWER", 0, marks=pytest.mark.row("R4-32")
    ),
    pytest.param(ring(MARY), {"mary": "rings"}, 5.0, "CANCEL", 0, marks=pytest.mark.row("R4-33")),
    pytest.param(
        ring(MOBILE), {}, 300.0, "CONGESTION", 0, id="503", marks=pytest.mark.row("R4-34")
    ),
    pytest.param(HangUpStep(status=603), {}, 300.0, "BUSY", 0),
    pytest.param(
        ring(MARY), {"mary": "gone"}, 300.0, "CHANUNAVAIL", 0, marks=pytest.mark.row("R4-35")
    ),
    pytest.param(VoicemailStep(sounds=()), {}, 20.0, "TORTURE", 0, marks=pytest.mark.row("R4-37")),
    pytest.param(PlayStep(sounds=("welcome",)), {}, 1.0, "CANCEL", 0),
]


@pytest.mark.row("S-61")
@pytest.mark.parametrize(("step", "phones", "patience", "status", "duration"), ENDINGS)
def test_each_ending_in_the_simulator_has_its_status(
    step: Step, phones: dict[str, str], patience: float, status: str, duration: int
) -> None:
    script = Script(caller=CUSTOMER, callee=DIALLED, phones=phones, patience=patience)
    without_trunk = tracked(snapshot(step, trunks=()))
    made = run(simulate_call(without_trunk, script, now=0.0, product="test"))
    told = bodies([one for one in made.deliveries if one.webhook == CALL_TRACKING])

    assert made.refused is None
    assert (told[-1]["status"], told[-1]["duration"]) == (status, duration)
    assert ["status" in one for one in told] == [False, True][-len(told) :]
