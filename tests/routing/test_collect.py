"""Keys are collected under one deadline: the prompt's, the first key's, or the pause between two."""

from __future__ import annotations

from switchhook.domain.call import CallState, Collecting
from switchhook.routing import collect
from switchhook.routing.commands import AnswerCaller, StopPlaying
from switchhook.routing.move import Move
from switchhook.routing.prompts import LONGEST_SOUND
from tests.support.plans import incoming


def test_the_first_key_is_waited_for_from_the_end_of_the_prompt() -> None:
    move = Move(incoming(), 100.0)
    collect.begin(move, ("choose",), 5.0, attempt=2)
    assert move.call.state is CallState.COLLECTING
    assert move.call.collecting == Collecting(attempt=2, playback="p1")
    assert move.call.wake_at == 100 + LONGEST_SOUND
    collect.prompt_is_over(move, 5.0)
    assert move.call.collecting == Collecting(attempt=2)
    assert move.call.wake_at == 105


def test_without_a_prompt_it_is_waited_for_at_once() -> None:
    move = Move(incoming(), 100.0)
    collect.begin(move, (), 5.0, state=CallState.RATING)
    assert move.commands == [AnswerCaller()]
    assert (move.call.state, move.call.wake_at) == (CallState.RATING, 105)


def test_a_key_breaks_the_prompt_off_once() -> None:
    move = Move(incoming(), 100.0)
    collect.begin(move, ("choose",), 5.0)
    collect.interrupt(move, 5.0)
    collect.interrupt(move, 5.0)
    assert move.commands.count(StopPlaying(playback="p1")) == 1
    assert move.call.wake_at == 105


def test_digits_are_kept_in_their_order_until_it_is_done() -> None:
    move = Move(incoming(), 100.0)
    assert collect.add(move, "1", 3.0) == ""
    collect.begin(move, (), 5.0, attempt=3)
    assert collect.add(move, "0", 3.0) == "0"
    assert collect.add(move, "4", 3.0) == "04"
    assert move.call.wake_at == 103
    assert "04" not in repr(move.call.collecting)
    assert collect.done(move) == 3
    after = move.call
    assert (after.collecting, after.wake_at) == (None, None)
    assert collect.done(move) == 1
