"""Keys are collected under one deadline: the prompt's, the first key's, or the pause between two."""

from __future__ import annotations

from switchhook.domain.call import CallState, DigitCollection
from switchhook.routing import collect
from switchhook.routing.commands import AnswerCaller, StopPlaying
from switchhook.routing.context import TransitionContext
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from tests.support.snapshots import incoming


def test_the_first_key_is_waited_for_from_the_end_of_the_prompt() -> None:
    ctx = TransitionContext(incoming(), 100.0)
    collect.begin(ctx, ("choose",), 5.0, attempt=2)
    assert ctx.call.state is CallState.COLLECTING
    assert ctx.call.collecting == DigitCollection(attempt=2, playback="p1")
    assert ctx.call.wake_at == 100 + MAX_SOUND_SECONDS
    collect.start_timer(ctx, 5.0)
    assert ctx.call.collecting == DigitCollection(attempt=2)
    assert ctx.call.wake_at == 105


def test_without_a_prompt_it_is_waited_for_at_once() -> None:
    ctx = TransitionContext(incoming(), 100.0)
    collect.begin(ctx, (), 5.0, state=CallState.RATING)
    assert ctx.commands == [AnswerCaller()]
    assert (ctx.call.state, ctx.call.wake_at) == (CallState.RATING, 105)


def test_a_key_breaks_the_prompt_off_once() -> None:
    ctx = TransitionContext(incoming(), 100.0)
    collect.begin(ctx, ("choose",), 5.0)
    collect.barge_in(ctx, 5.0)
    collect.barge_in(ctx, 5.0)
    assert ctx.commands.count(StopPlaying(playback="p1")) == 1
    assert ctx.call.wake_at == 105


def test_digits_are_kept_in_their_order_until_it_is_done() -> None:
    ctx = TransitionContext(incoming(), 100.0)
    assert collect.add(ctx, "1", 3.0) == ""
    collect.begin(ctx, (), 5.0, attempt=3)
    assert collect.add(ctx, "0", 3.0) == "0"
    assert collect.add(ctx, "4", 3.0) == "04"
    assert ctx.call.wake_at == 103
    assert "04" not in repr(ctx.call.collecting)
    assert collect.finish(ctx) == 3
    after = ctx.call
    assert (after.collecting, after.wake_at) == (None, None)
    assert collect.finish(ctx) == 1
