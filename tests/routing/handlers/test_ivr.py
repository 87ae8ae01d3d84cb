"""No call is stuck in a prompt: every one ends by an event or by its deadline, and then the walk goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState, LegState
from switchhook.domain.scheme import HangUpStep, MenuChoice, MenuStep, PlayStep, Step, VoicemailStep
from switchhook.routing.events import (
    CallArrived,
    HangUpRequested,
    LegMisread,
    LegUpdated,
    Resynced,
    TimePassed,
)
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    PIN,
    ask_crm,
    ask_pin,
    in_turn,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    accepts,
    answers,
    directs,
    fails,
    gives_up,
    hangs_up,
    is_played,
    is_recorded,
    presses,
    refuses,
    rings,
    sends_to,
)

if TYPE_CHECKING:
    from switchhook.routing.events import Event

WELCOME = PlayStep(sounds=("welcome",))
VOICEMAIL = VoicemailStep(sounds=("welcome",))


def menu(*steps: Step) -> MenuStep:
    return MenuStep(
        sounds=("choose",),
        choices=(MenuChoice(key="1", steps=steps),),
        attempts=1,
        on_timeout=steps,
        on_invalid=steps,
    )


NEXT: dict[CallState, Step] = {
    CallState.ASKING: ASK,
    CallState.PLAYING: WELCOME,
    CallState.COLLECTING: menu(),
    CallState.RINGING: ring(JOHN),
    CallState.RECORDING: VOICEMAIL,
    CallState.ENDED: HangUpStep(),
}
"""The step that brings a walk to rest in each state."""
END = HangUpStep()
WAYS_ON: tuple[tuple[tuple[Step, ...], tuple[Event, ...]], ...] = (
    ((), ()),
    ((ASK,), (directs(),)),
    ((ASK,), (sends_to(4711),)),
    ((ASK,), (fails(),)),
    ((ASK,), (TimePassed(),)),
    ((WELCOME,), (is_played("p1"),)),
    ((WELCOME,), (TimePassed(),)),
    ((ring(MARY),), (refuses("b1", 486),)),
    ((ring(MARY),), (TimePassed(),)),
    ((VOICEMAIL,), (is_played("p1"), is_recorded(seconds=0))),
    ((VOICEMAIL,), (is_played("p1"), TimePassed(), TimePassed())),
)
"""Steps, and what a call hears until it leaves them for the next."""


@pytest.mark.row("R5-28")
def test_whatever_step_is_left_any_step_may_follow() -> None:
    for state, step in NEXT.items():
        for before, events in WAYS_ON:
            story = Transcript(incoming(*before, step))
            story.comes_to(1000, CallArrived())
            for minute, event in enumerate(events):
                story.comes_to(10_000 * (minute + 1), event)
            assert story.call.state is state, (before, events)


@pytest.mark.row("R5-26", "R5-27", "R5-28")
def test_any_step_may_stand_in_a_branch() -> None:
    for state, step in NEXT.items():
        for opener, event in (
            (menu(step), presses("1")),
            (menu(step), presses("9")),
            (ask_crm(step), accepts()),
            (ask_crm(failed=(step,)), fails()),
        ):
            story = Transcript(incoming(opener, END))
            story.comes_to(0, CallArrived())
            story.comes_to(1, event)
            assert story.call.state is state, (opener, event)
        story = Transcript(incoming(menu(step), END))
        story.comes_to(0, CallArrived(), is_played("p1"))
        story.comes_to(MAX_SOUND_SECONDS, TimePassed())
        assert story.call.state is state


def in_state(state: CallState) -> Transcript:
    """Return a call that waits in this state."""
    story = Transcript(incoming(NEXT[state], END))
    story.comes_to(0, CallArrived())
    assert story.call.state is state
    return story


HEARING = (
    CallState.ASKING,
    CallState.PLAYING,
    CallState.COLLECTING,
    CallState.RECORDING,
    CallState.RINGING,
)


def test_after_a_restart_any_step_may_come_where_the_project_has_changed() -> None:
    for state in HEARING:
        for to, step in NEXT.items():
            story = in_state(state)
            if state is CallState.RINGING:
                story.comes_to(1, rings("b1"))
            story.call = replace(story.call, snapshot=snapshot(step, step))
            story.comes_to(9, Resynced(live_legs=frozenset({"caller"})))
            assert story.call.state is to


def test_after_a_restart_the_prompt_is_played_again() -> None:
    story = in_state(CallState.PLAYING)
    again = ("answer caller", "play welcome to caller as p2")
    story.hears(9, Resynced(live_legs=frozenset({"caller"})), *again)


def test_after_a_restart_a_last_prompt_is_not_played_again() -> None:
    story = Transcript(
        incoming(
            ask_pin(failed=(ring(MARY),)),
            within=snapshot(
                ask_pin(failed=(ring(MARY),)), pin=replace(PIN, attempts=1, start_message="")
            ),
        )
    )
    story.comes_to(0, CallArrived(), answers("caller"))
    story.hears(5, TimePassed(), "play late to caller as p1")
    ringing = ("ring b1 mary", "emit incoming.forwarding")
    story.hears(9, Resynced(live_legs=frozenset({"caller"})), *ringing)


def test_the_caller_gets_through_their_prompts_answered_and_may_leave() -> None:
    for state in HEARING:
        story = in_state(state)
        story.comes_to(1, answers("caller"), LegUpdated(leg="caller", handle="newer"))
        story.comes_to(2, refuses("nobody", 486), LegMisread(leg="caller", text="SIP read in part"))
        assert "SIP read in part" in story.journal[-1]
        caller = story.call.leg("caller")
        assert caller is not None
        assert (caller.state, caller.handle) == (LegState.TALKING, "newer")
        assert story.call.state is state
        story.comes_to(3, gives_up())
        assert story.end == "cancelled by caller, 487 the caller hung up before an answer"


def test_an_operator_ends_a_call_in_its_prompt() -> None:
    for state in HEARING:
        story = in_state(state)
        story.comes_to(3, HangUpRequested(by="operator bob"))
        assert story.end == "cancelled by system, 480 ended by operator bob"


def test_a_prompt_of_which_nobody_says_that_it_is_over_counts_as_played() -> None:
    story = Transcript(incoming(WELCOME, ring(MARY)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "answer caller",
        "play welcome to caller as p1",
    )
    assert story.call.wake_at == MAX_SOUND_SECONDS
    story.hears(MAX_SOUND_SECONDS - 1, TimePassed())
    ringing = ("stop p1", "ring b1 mary", "emit incoming.forwarding")
    story.hears(MAX_SOUND_SECONDS, TimePassed(), *ringing)


def test_a_turn_that_is_over_is_not_taken_up_in_a_later_prompt() -> None:
    story = Transcript(incoming(in_turn(MARY, JOHN), WELCOME, ring(JOHN)))
    story.comes_to(0, CallArrived())
    story.comes_to(30, TimePassed())
    story.comes_to(60, TimePassed())
    assert story.call.state is CallState.PLAYING
    assert story.call.ring_round is None


def test_the_end_of_another_prompt_and_keys_of_others_mean_nothing() -> None:
    for state in (CallState.PLAYING, CallState.COLLECTING, CallState.RECORDING):
        story = in_state(state)
        before = story.call
        story.hears(1, is_played("p7"))
        story.hears(1, presses("1", leg="b1"))
        story.hears(1, presses("A"))
        story.hears(1, presses(""))
        story.hears(1, is_recorded("r9"))
        assert story.call is before


def test_a_caller_who_heard_a_prompt_is_connected_again_after_a_restart() -> None:
    """Their leg was up before, so only the order tells whether the bridge stands."""
    story = Transcript(incoming(WELCOME, ring(MARY)))
    story.comes_to(0, CallArrived())
    story.comes_to(1, answers("caller"), is_played("p1"))
    story.hears(3, answers("b1"), "connect b1", "emit incoming.pickup")
    story.hears(9, Resynced(live_legs=frozenset({"caller", "b1"})), "connect b1")
    story.hears(10, hangs_up("b1"), "end caller 200", "emit incoming.after")
