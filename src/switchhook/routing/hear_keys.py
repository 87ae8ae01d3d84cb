"""What is done on the events of prompts, keys and recordings; see `hear.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.scheme import KEYS, AskDialPlan, Menu, Voicemail
from switchhook.routing import collect, prompts, recording
from switchhook.routing.hear import is_overdue, leg_ended
from switchhook.routing.places import Went, step_of
from switchhook.routing.steps import dial_plan, menu, rate, record, voicemail
from switchhook.routing.walk import follow

if TYPE_CHECKING:
    from switchhook.routing.events import (
        DigitPressed,
        LegEnded,
        PlaybackFinished,
        RecordingFinished,
        TimePassed,
    )
    from switchhook.routing.move import Move


def played(move: Move, event: PlaybackFinished) -> None:
    """Go on behind the prompt."""
    if event.playback == move.call.playing:
        follow(move, prompts.said(move))


def play_overdue(move: Move, _: TimePassed) -> None:
    """Wait no longer for a prompt of which nobody said that it is over."""
    if is_overdue(move):
        prompts.stop(move, move.call.playing)
        follow(move, prompts.said(move))


def prompt_over(move: Move, event: PlaybackFinished) -> None:
    """The time to press a key begins when the prompt is over."""
    collecting = move.call.collecting
    if collecting is not None and collecting.playback and collecting.playback == event.playback:
        collect.prompt_is_over(move, _timeout(move))


def digit_pressed(move: Move, event: DigitPressed) -> None:
    """Take a key of the caller's for a menu or a code; it breaks the prompt off."""
    if not _is_key(event):
        return
    collect.interrupt(move, _timeout(move))
    match step_of(move.call):
        case Menu() as step:
            follow(move, menu.pressed(move, step, event.digit))
        case AskDialPlan() as step:
            follow(move, dial_plan.pressed(move, step, event.digit))
        case _:
            pass


def collect_overdue(move: Move, _: TimePassed) -> None:
    """No further key: the code is complete, or the attempt brought nothing [A-47]."""
    if not is_overdue(move) or _prompt_overdue(move):
        return
    match step_of(move.call):
        case Menu() as step:
            follow(move, menu.overdue(move, step))
        case AskDialPlan() as step:
            follow(move, dial_plan.overdue(move, step))
        case _:
            follow(move, Went.HANDED_ON)


def greeted(move: Move, event: PlaybackFinished) -> None:
    """Record the caller, once they heard the greeting."""
    if move.call.playing and event.playback == move.call.playing:
        _record(move)


def message_key(move: Move, event: DigitPressed) -> None:
    """End the message on `#`; before it has begun, leave the greeting out."""
    if not _is_key(event) or event.digit != voicemail.DONE:
        return
    if move.call.playing:
        prompts.stop(move, move.call.playing)
        _record(move)
    else:
        _stop_message(move)


def message_overdue(move: Move, _: TimePassed) -> None:
    """The greeting, the message or the wait for its file has lasted long enough."""
    if not is_overdue(move):
        return
    recorder = move.call.recorder
    if recorder is None:
        prompts.stop(move, move.call.playing)
        _record(move)
    elif recorder.is_stopping:
        _finished(move, None)
    else:
        _stop_message(move)


def recorded(move: Move, event: RecordingFinished) -> None:
    """Keep the message; the call ends with it, or goes on where there is none."""
    if _is_ours(move, event):
        _finished(move, event)


def talk_recorded(move: Move, event: RecordingFinished) -> None:
    """Keep the recording of a conversation that goes on without, or after which the caller is asked."""
    if _is_ours(move, event):
        recording.keep(move, event)


def hung_up_recording(move: Move, event: LegEnded) -> None:
    """The caller left: what they said is waited for, for a moment."""
    caller = move.call.leg(CALLER)
    if event.leg != CALLER or caller is None or not caller.is_live or move.call.recorder is None:
        leg_ended(move, event)
        return
    move.change_leg(caller, state=LegState.ENDED, ended_at=move.now, cause=event.cause)
    _stop_message(move)


def mark_prompt_over(move: Move, event: PlaybackFinished) -> None:
    """The time to press a mark begins, or the thanks are over and so is the call."""
    if move.call.rated and event.playback == move.call.playing:
        rate.over(move)
    else:
        prompt_over(move, event)


def mark_pressed(move: Move, event: DigitPressed) -> None:
    """Take the mark and tell of it."""
    if _is_key(event) and not move.call.rated:
        collect.interrupt(move, _timeout(move))
        rate.pressed(move, event.digit)


def mark_overdue(move: Move, _: TimePassed) -> None:
    """No mark came in time, or the thanks have lasted long enough."""
    if is_overdue(move) and not _prompt_overdue(move):
        rate.over(move)


def hung_up_rating(move: Move, event: LegEnded) -> None:
    """The caller gives no mark, or no more of their time."""
    caller = move.call.leg(CALLER)
    if event.leg == CALLER and caller is not None and caller.is_live:
        move.change_leg(caller, state=LegState.ENDED, ended_at=move.now, cause=event.cause)
        rate.over(move)


def _is_key(event: DigitPressed) -> bool:
    return event.leg == CALLER and len(event.digit) == 1 and event.digit in KEYS


def _timeout(move: Move) -> float:
    """Return how many seconds the caller has for the first key."""
    if move.call.talking_to:
        return 0.0 if move.call.rating is None else move.call.rating.timeout
    match step_of(move.call):
        case Menu(timeout=seconds):
            return seconds
        case AskDialPlan() as step:
            return dial_plan.timeout(move, step)
        case _:
            return 0.0


def _prompt_overdue(move: Move) -> bool:
    """Take a prompt for played of which nobody said so."""
    collecting = move.call.collecting
    if collecting is None or not collecting.playback:
        return False
    collect.interrupt(move, _timeout(move))
    return True


def _record(move: Move) -> None:
    step = step_of(move.call)
    if isinstance(step, Voicemail):
        voicemail.record(move, step)
    else:
        follow(move, Went.HANDED_ON)


def _is_ours(move: Move, event: RecordingFinished) -> bool:
    recorder = move.call.recorder
    return recorder is not None and recorder.id == event.recording


def _stop_message(move: Move) -> None:
    if recording.stop(move):
        move.change(wake_at=move.now + recording.SETTLING)


def _finished(move: Move, made: RecordingFinished | None) -> None:
    if move.call.talking_to:
        record.finished(move, made)
    else:
        follow(move, voicemail.finished(move, made))
