"""Every telephone side tells the same of the same call, from the first event to the last."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from switchhook.domain.scheme import HangUpStep
from switchhook.drivers.simulator.script import (
    BUSY,
    DECLINED,
    NOT_THERE,
    SimulatedPhone,
    answering,
    refusing,
    ringing_out,
)
from tests.conformance.drivers import Simulated, Stage, Story, Told
from tests.conformance.sip_stage import Embedded
from tests.support.loop import run
from tests.support.snapshots import ASK, JOHN, MARY, MOBILE, OLGA, in_turn, ring

PICKED_UP = ("incoming.before", "incoming.forwarding", "incoming.pickup", "incoming.after")
MISSED = ("incoming.before", "incoming.forwarding", "incoming.after")
TWICE = ("incoming.before", "incoming.forwarding", "incoming.forwarding")
MARY_RINGS = ("b1 dialled mary", "b1 rang")


@pytest.fixture(
    name="stage",
    params=[Simulated, pytest.param(Embedded, marks=pytest.mark.slow)],
    ids=["simulator", "embedded"],
)
def staged(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = request.param()
    return stage


def phones(**scripts: SimulatedPhone) -> MappingProxyType[str, SimulatedPhone]:
    return MappingProxyType(scripts)


def test_answered_and_hung_up_by_the_callee(stage: Stage) -> None:
    story = Story(steps=(ring(MARY),), phones=phones(mary=answering(0.4, talks=0.4)))
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by callee 200",
        ),
        events=PICKED_UP,
        end="answered by callee",
    )


def test_answered_and_hung_up_by_the_caller(stage: Stage) -> None:
    story = Story(steps=(ring(MARY),), phones=phones(mary=answering(0.4)), hangs_up_after=0.4)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by caller 200",
        ),
        events=PICKED_UP,
        end="answered by caller",
    )


def test_ended_by_an_operator(stage: Stage) -> None:
    story = Story(steps=(ring(MARY),), phones=phones(mary=answering(0.2)), operator_ends_after=0.8)
    told = run(stage.play(story))
    assert told.heard == ("ringing", "answer", "hang-up")
    assert told.journal[-3:] == (
        "b1 answered",
        "b1 ended answered 200",
        "ended answered by system 200",
    )
    assert told.end == "answered by system"


def test_the_caller_gives_up_while_it_rings(stage: Stage) -> None:
    story = Story(steps=(ring(MARY),), phones=phones(mary=ringing_out()), gives_up_after=0.5)
    assert run(stage.play(story)) == Told(
        heard=("ringing",),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 ended cancelled_by_caller 487",
            "ended cancelled by caller 487",
        ),
        events=MISSED,
        end="cancelled by caller",
    )


def test_the_caller_gives_up_before_anything_rings(stage: Stage) -> None:
    silent = SimulatedPhone(rings_after=None)
    story = Story(steps=(ring(MARY),), phones=phones(mary=silent), gives_up_after=0.5)
    told = run(stage.play(story))
    assert told.heard == ()
    assert told.journal[2:] == (
        "b1 dialled mary",
        "b1 ended cancelled_by_caller 487",
        "ended cancelled by caller 487",
    )


def test_busy_goes_to_the_next_step(stage: Stage) -> None:
    scripts = phones(mary=refusing(BUSY), john=answering(0.4, talks=0.2))
    story = Story(steps=(ring(MARY), ring(JOHN)), phones=scripts)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            "b1 dialled mary",
            "b1 ended busy 486",
            "step",
            "b2 dialled john",
            "b2 rang",
            "b2 answered",
            "b2 ended answered 200",
            "ended answered by callee 200",
        ),
        events=(*TWICE, "incoming.pickup", "incoming.after"),
        end="answered by callee",
    )


def test_no_answer_goes_to_the_next_step(stage: Stage) -> None:
    scripts = phones(mary=ringing_out(), john=answering(0.4, talks=0.2))
    story = Story(steps=(ring(MARY, timeout=0.6), ring(JOHN)), phones=scripts)
    told = run(stage.play(story))
    assert told.journal[:7] == (
        "arrived",
        "step",
        *MARY_RINGS,
        "b1 ended timeout 408",
        "step",
        "b2 dialled john",
    )
    assert told.end == "answered by callee"


def test_nobody_answers(stage: Stage) -> None:
    story = Story(steps=(ring(MARY, timeout=0.6),), phones=phones(mary=ringing_out()))
    assert run(stage.play(story)) == Told(
        heard=("ringing", "refused 480"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 ended timeout 408",
            "ended missed by system 480",
        ),
        events=MISSED,
        end="missed by system",
    )


def test_several_ring_at_once_and_the_losers_were_answered_elsewhere(stage: Stage) -> None:
    scripts = phones(
        mary=SimulatedPhone(rings_after=0.2),
        john=SimulatedPhone(rings_after=0.4, answers_after=0.8, hangs_up_after=0.4),
        olga=SimulatedPhone(rings_after=0.6),
    )
    story = Story(steps=(ring(MARY, JOHN, OLGA),), phones=scripts)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            "b1 dialled mary",
            "b2 dialled john",
            "b3 dialled olga",
            "b1 rang",
            "b2 rang",
            "b3 rang",
            "b2 answered",
            "b1 ended answered_elsewhere 200",
            "b3 ended answered_elsewhere 200",
            "b2 ended answered 200",
            "ended answered by callee 200",
        ),
        events=PICKED_UP,
        end="answered by callee",
    )


def test_one_after_another_until_somebody_answers(stage: Stage) -> None:
    scripts = phones(
        mary=ringing_out(),
        john=refusing(DECLINED, after=0.3, rings=True),
        olga=answering(0.4, talks=0.2),
    )
    story = Story(steps=(in_turn(MARY, JOHN, OLGA, timeout=0.8),), phones=scripts)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 ended timeout 408",
            "b2 dialled john",
            "b2 rang",
            "b2 ended rejected 603",
            "b3 dialled olga",
            "b3 rang",
            "b3 answered",
            "b3 ended answered 200",
            "ended answered by callee 200",
        ),
        events=(*TWICE, "incoming.forwarding", "incoming.pickup", "incoming.after"),
        end="answered by callee",
    )


def test_declined_and_the_caller_is_told_so(stage: Stage) -> None:
    scripts = phones(mary=refusing(DECLINED, after=0.3, rings=True))
    assert run(stage.play(Story(steps=(ring(MARY),), phones=scripts))) == Told(
        heard=("ringing", "refused 603"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 ended rejected 603",
            "ended rejected by system 603",
        ),
        events=MISSED,
        end="rejected by system",
    )


def test_an_account_that_is_not_there(stage: Stage) -> None:
    assert run(stage.play(Story(steps=(ring(MARY),)))) == Told(
        heard=("refused 480",),
        journal=(
            "arrived",
            "step",
            "b1 dialled mary",
            "b1 ended unreachable 480",
            "ended unreachable by system 480",
        ),
        events=MISSED,
        end="unreachable by system",
    )


def test_early_media_of_a_leg_that_rings_alone(stage: Stage) -> None:
    scripts = phones(mary=answering(0.5, talks=0.3, early_media=True))
    told = run(stage.play(Story(steps=(ring(MARY),), phones=scripts)))
    assert told.heard == ("audio", "answer", "hang-up")
    assert told.end == "answered by callee"


def test_an_account_calls_a_colleague(stage: Stage) -> None:
    scripts = phones(mary=answering(0.4, talks=0.2))
    assert run(stage.play(Story(account="john", callee="mary", phones=scripts))) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by callee 200",
        ),
        events=("internal.forwarding", "internal.pickup", "internal.after"),
        end="answered by callee",
    )


def test_an_account_calls_a_group(stage: Stage) -> None:
    olga = SimulatedPhone(rings_after=0.4, answers_after=0.8, hangs_up_after=0.2)
    scripts = phones(mary=SimulatedPhone(rings_after=0.2), olga=olga)
    told = run(stage.play(Story(account="john", callee="200", phones=scripts)))
    assert told == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            "b1 dialled mary",
            "b2 dialled olga",
            "b1 rang",
            "b2 rang",
            "b2 answered",
            "b1 ended answered_elsewhere 200",
            "b2 ended answered 200",
            "ended answered by callee 200",
        ),
        events=("internal.forwarding", "internal.pickup", "internal.after"),
        end="answered by callee",
    )


def test_an_account_calls_an_outside_number(stage: Stage) -> None:
    scripts = phones(**{str(MOBILE): answering(0.4)})
    story = Story(account="john", callee=str(MOBILE), phones=scripts, hangs_up_after=0.3)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer"),
        journal=(
            "arrived",
            "step",
            f"b1 dialled {MOBILE}",
            "b1 rang",
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by caller 200",
        ),
        events=(
            "outgoing.before",
            "outgoing.forwarding",
            "outgoing.pickup",
            "outgoing.after",
        ),
        end="answered by caller",
    )


def test_a_webhook_says_where_the_call_goes(stage: Stage) -> None:
    scripts = phones(**{str(MOBILE): answering(0.4, talks=0.2)})
    answer = b'{"dst_phone":"%s"}' % str(MOBILE).encode()
    assert run(stage.play(Story(steps=(ASK,), phones=scripts, answer=answer))) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            "asked",
            "answer",
            f"b1 dialled {MOBILE}",
            "b1 rang",
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by callee 200",
        ),
        events=PICKED_UP,
        end="answered by callee",
    )


def test_an_outside_number_that_is_not_in_service(stage: Stage) -> None:
    scripts = phones(**{str(MOBILE): refusing(NOT_THERE, after=0.2)})
    told = run(stage.play(Story(steps=(ring(MOBILE),), phones=scripts)))
    assert told.journal[-2:] == ("b1 ended unreachable 480", "ended unreachable by system 480")


def test_the_scheme_hangs_up(stage: Stage) -> None:
    assert run(stage.play(Story(steps=(HangUpStep(status=404),)))) == Told(
        heard=("refused 404",),
        journal=("arrived", "step", "ended rejected by system 404"),
        events=("incoming.before", "incoming.after"),
        end="rejected by system",
    )


@pytest.mark.row("FI-02")
def test_who_was_called_transfers_the_caller(stage: Stage) -> None:
    scripts = phones(mary=answering(0.2, transfers=(0.3, "john")), john=answering(0.4, talks=0.4))
    assert run(stage.play(Story(steps=(ring(MARY),), phones=scripts))) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 answered",
            "transfer_requested",
            "b2 dialled john",
            "b2 rang",
            "b2 answered",
            "b1 ended answered 200",
            "transfer_completed",
            "b2 ended answered 200",
            "ended answered by callee 200",
        ),
        events=(*PICKED_UP[:-1], "incoming.transfer", "incoming.after"),
        end="answered by callee",
    )


@pytest.mark.row("FI-02")
def test_the_caller_transfers_who_was_called(stage: Stage) -> None:
    scripts = phones(mary=answering(0.2), olga=answering(0.4, talks=0.4))
    story = Story(account="john", callee="mary", phones=scripts, transfers=(0.3, "olga"))
    told = run(stage.play(story))
    assert told.heard == ("ringing", "answer", "hang-up")
    assert told.journal[4:] == (
        "b1 answered",
        "transfer_requested",
        "b2 dialled olga",
        "b2 rang",
        "b2 answered",
        "transfer_completed",
        "b2 ended answered 200",
        "b1 ended answered 200",
        "ended answered by callee 200",
    )
    assert told.events[-2:] == ("internal.transfer", "internal.after")


@pytest.mark.row("FI-02")
def test_a_transfer_that_fails_gives_the_caller_back(stage: Stage) -> None:
    scripts = phones(mary=answering(0.2, transfers=(0.3, "john")), john=refusing(BUSY, after=0.3))
    story = Story(steps=(ring(MARY),), phones=scripts, hangs_up_after=1.0)
    told = run(stage.play(story))
    assert told.journal[4:] == (
        "b1 answered",
        "transfer_requested",
        "b2 dialled john",
        "b2 ended busy 486",
        "transfer_failed",
        "b1 ended answered 200",
        "ended answered by caller 200",
    )
    assert told.events == PICKED_UP


@pytest.mark.row("FI-02")
def test_a_telephone_that_transferred_and_hung_up_is_rung_back(stage: Stage) -> None:
    scripts = phones(
        mary=answering(0.2, transfers=(0.5, "john"), talks=0.7),
        john=refusing(BUSY, after=0.5, rings=True),
    )
    story = Story(steps=(ring(MARY),), phones=scripts, hangs_up_after=1.45)
    told = run(stage.play(story))
    assert told.journal[5:] == (
        "transfer_requested",
        "b2 dialled john",
        "b2 rang",
        "b1 ended answered 200",
        "b2 ended busy 486",
        "transfer_failed",
        "b3 dialled mary",
        "b3 rang",
        "b3 answered",
        "b3 ended answered 200",
        "ended answered by caller 200",
    )


def test_a_number_that_is_nobodys_leaves_no_trace(stage: Stage) -> None:
    expected = Told(heard=("refused 404",), journal=(), events=(), end="")
    assert expected == run(stage.play(Story(callee="380999999999")))


def test_a_conversation_outlives_a_restart(stage: Stage) -> None:
    scripts = phones(mary=answering(0.4, talks=1.2))
    story = Story(steps=(ring(MARY),), phones=scripts, restarts_after=0.8)
    assert run(stage.play(story)) == Told(
        heard=("ringing", "answer", "hang-up"),
        journal=(
            "arrived",
            "step",
            *MARY_RINGS,
            "b1 answered",
            "resumed",
            "b1 ended answered 200",
            "ended answered by callee 200",
        ),
        events=PICKED_UP,
        end="answered by callee",
    )


def test_an_operator_may_end_a_conversation_after_a_restart(stage: Stage) -> None:
    scripts = phones(mary=answering(0.4))
    story = Story(steps=(ring(MARY),), phones=scripts, restarts_after=0.8, operator_ends_after=0.3)
    told = run(stage.play(story))
    assert told.heard == ("ringing", "answer", "hang-up")
    assert told.journal[-3:] == (
        "resumed",
        "b1 ended answered 200",
        "ended answered by system 200",
    )
    assert told.events == PICKED_UP


CALLED_BACK = ("outgoing.before", "outgoing.forwarding", "outgoing.pickup", "outgoing.after")
BOTH_RING = (
    "arrived",
    "caller dialled mary",
    "caller rang",
    "caller answered",
    "step",
    f"b1 dialled {MOBILE}",
    "b1 rang",
)


def callback(**scripts: SimulatedPhone) -> Story:
    """Return a callback that rings Mary first, then a mobile."""
    mobile = scripts.pop("mobile", ringing_out())
    return Story(
        calls_back="mary",
        callee=MOBILE.value,
        phones=MappingProxyType({**scripts, MOBILE.value: mobile}),
    )


def test_a_callback_rings_its_caller_then_the_callee(stage: Stage) -> None:
    story = callback(mary=answering(0.4), mobile=answering(0.4, talks=0.4))
    assert run(stage.play(story)) == Told(
        heard=(),
        journal=(
            *BOTH_RING,
            "b1 answered",
            "b1 ended answered 200",
            "ended answered by callee 200",
        ),
        events=CALLED_BACK,
        end="answered by callee",
    )


def test_the_caller_of_a_callback_hangs_up(stage: Stage) -> None:
    story = callback(mary=answering(0.2, talks=1.2), mobile=answering(0.4))
    told = run(stage.play(story))
    assert told.journal[-3:] == (
        "b1 answered",
        "b1 ended answered 200",
        "ended answered by caller 200",
    )


def test_the_caller_of_a_callback_is_busy(stage: Stage) -> None:
    told = run(stage.play(callback(mary=refusing(BUSY))))
    assert told.journal == (
        "arrived",
        "caller dialled mary",
        "caller ended busy 486",
        "ended busy by caller 486",
    )
    assert told.events == ("outgoing.before", "outgoing.after")


def test_the_caller_of_a_callback_has_no_telephone(stage: Stage) -> None:
    told = run(stage.play(callback()))
    assert told.end == "unreachable by caller"


def test_the_callee_of_a_callback_declines(stage: Stage) -> None:
    told = run(stage.play(callback(mary=answering(0.2), mobile=refusing(DECLINED))))
    assert told.journal[-2:] == ("b1 ended rejected 603", "ended rejected by system 603")


def test_an_operator_ends_a_callback_while_its_caller_rings(stage: Stage) -> None:
    story = replace(callback(mary=ringing_out()), operator_ends_after=0.4)
    told = run(stage.play(story))
    assert told.journal == (
        "arrived",
        "caller dialled mary",
        "caller rang",
        "ended cancelled by system 480",
    )


def test_of_a_group_that_a_callback_rings_the_first_to_answer_is_the_caller(stage: Stage) -> None:
    scripts = phones(mary=ringing_out(), olga=answering(0.4), john=answering(0.4, talks=0.4))
    told = run(stage.play(Story(calls_back="200", callee="john", phones=scripts)))
    assert told.journal == (
        "arrived",
        "caller dialled mary, olga",
        "caller rang",
        "caller answered",
        "step",
        "b1 dialled john",
        "b1 rang",
        "b1 answered",
        "b1 ended answered 200",
        "ended answered by callee 200",
    )


def test_a_callback_whose_caller_rings_at_a_restart_ends_once(stage: Stage) -> None:
    story = callback(mary=answering(1.2, talks=0.2), mobile=answering(0.2, talks=0.2))
    told = run(stage.play(replace(story, restarts_after=0.6)))
    assert told.events.count("outgoing.after") == 1


def test_a_conversation_of_a_callback_outlives_a_restart(stage: Stage) -> None:
    scripts = callback(mary=answering(0.2), mobile=answering(0.2, talks=1.2))
    told = run(stage.play(replace(scripts, restarts_after=0.8)))
    assert told.journal[-3:] == (
        "resumed",
        "b1 ended answered 200",
        "ended answered by callee 200",
    )
