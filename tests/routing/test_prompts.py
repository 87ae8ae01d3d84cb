"""Whoever is to hear something is answered first, and hears one thing at a time."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.call import CallState, LegState
from switchhook.routing import prompts
from switchhook.routing.commands import AnswerCaller, Play, ShowRinging, StopPlaying
from switchhook.routing.context import TransitionContext
from switchhook.routing.position import StepResult
from switchhook.sip.rtp.wav import MOST_SECONDS
from tests.support.snapshots import incoming


def answered() -> TransitionContext:
    """Return the context of a call whose caller has our answer."""
    ctx = TransitionContext(incoming(), 100.0)
    (caller,) = ctx.call.legs
    ctx.change_leg(caller, state=LegState.TALKING)
    return ctx


def test_a_caller_is_answered_once() -> None:
    ctx = TransitionContext(incoming(), 100.0)
    prompts.play(ctx, ("welcome",))
    play = Play(leg="caller", playback="p1", sounds=("welcome",))
    assert ctx.commands == [AnswerCaller(), play]
    ctx = answered()
    prompts.play(ctx, ("welcome",))
    assert ctx.commands == [play]


def test_a_prompt_is_waited_for_and_leads_where_it_was_to_lead() -> None:
    ctx = answered()
    assert prompts.play_prompt(ctx, ("welcome", "choose"), then="failed") is StepResult.TAKEN
    assert (ctx.call.state, ctx.call.playback.prompt) == (CallState.PLAYING, "p1")
    assert ctx.call.wake_at == 100 + 2 * prompts.MAX_SOUND_SECONDS
    assert prompts.after_prompt(ctx) is StepResult.JUMPED
    after = ctx.call
    assert (after.position.path, after.playback.prompt, after.wake_at) == (
        (0, "failed", 0),
        "",
        None,
    )


def test_no_prompt_takes_no_time() -> None:
    ctx = answered()
    assert prompts.play_prompt(ctx, ()) is StepResult.CONTINUE
    assert prompts.play_prompt(ctx, (), then="failed") is StepResult.JUMPED
    assert ctx.commands == []


def test_the_wait_is_filled_with_what_was_set() -> None:
    ctx = answered()
    prompts.fill_wait(ctx)
    assert ctx.commands == [ShowRinging()]
    ctx = answered()
    ctx.call = replace(ctx.call, playback=ctx.call.playback.changed(background=("music",)))
    prompts.fill_wait(ctx)
    prompts.fill_wait(ctx)
    music = Play(leg="caller", playback="p1", sounds=("music",), loop=True)
    assert ctx.commands == [music]
    prompts.play(ctx, ("welcome",))
    assert ctx.commands[1] == StopPlaying(playback="p1")
    assert ctx.call.playback.background_id == ""


def test_the_longest_sound_that_is_taken_is_heard_to_its_end() -> None:
    assert prompts.MAX_SOUND_SECONDS > MOST_SECONDS
