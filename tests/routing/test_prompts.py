"""Whoever is to hear something is answered first, and hears one thing at a time."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.call import CallState, LegState
from switchhook.routing import prompts
from switchhook.routing.commands import AnswerCaller, Play, ShowRinging, StopPlaying
from switchhook.routing.move import Move
from switchhook.routing.places import Went
from switchhook.sip.rtp.wav import MOST_SECONDS
from tests.support.plans import incoming


def answered() -> Move:
    """Return a move of a call whose caller has our answer."""
    move = Move(incoming(), 100.0)
    (caller,) = move.call.legs
    move.change_leg(caller, state=LegState.TALKING)
    return move


def test_a_caller_is_answered_once() -> None:
    move = Move(incoming(), 100.0)
    prompts.play(move, ("welcome",))
    play = Play(leg="caller", playback="p1", sounds=("welcome",))
    assert move.commands == [AnswerCaller(), play]
    move = answered()
    prompts.play(move, ("welcome",))
    assert move.commands == [play]


def test_a_prompt_is_waited_for_and_leads_where_it_was_to_lead() -> None:
    move = answered()
    assert prompts.say(move, ("welcome", "choose"), then="failed") is Went.TAKEN
    assert (move.call.state, move.call.playing) == (CallState.PLAYING, "p1")
    assert move.call.wake_at == 100 + 2 * prompts.LONGEST_SOUND
    assert prompts.said(move) is Went.MOVED
    after = move.call
    assert (after.path, after.playing, after.wake_at) == ((0, "failed", 0), "", None)


def test_no_prompt_takes_no_time() -> None:
    move = answered()
    assert prompts.say(move, ()) is Went.HANDED_ON
    assert prompts.say(move, (), then="failed") is Went.MOVED
    assert move.commands == []


def test_the_wait_is_filled_with_what_was_set() -> None:
    move = answered()
    prompts.wait(move)
    assert move.commands == [ShowRinging()]
    move = answered()
    move.call = replace(move.call, background=("music",))
    prompts.wait(move)
    prompts.wait(move)
    music = Play(leg="caller", playback="p1", sounds=("music",), loop=True)
    assert move.commands == [music]
    prompts.play(move, ("welcome",))
    assert move.commands[1] == StopPlaying(playback="p1")
    assert move.call.background_playback == ""


def test_the_longest_sound_that_is_taken_is_heard_to_its_end() -> None:
    assert prompts.LONGEST_SOUND > MOST_SECONDS
