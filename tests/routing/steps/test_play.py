"""A greeting is heard once; background audio fills each wait until somebody answers."""

from __future__ import annotations

import pytest

from switchhook.domain.scheme import BackgroundStep, PlayStep
from switchhook.routing.events import CallArrived, Resynced, TimePassed
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from tests.support.snapshots import ASK, JOHN, MARY, incoming, ring
from tests.support.transcript import Transcript, answers, directs, fails, is_played, refuses, rings

BEFORE = "emit incoming.before"
MUSIC = BackgroundStep(sounds=("music",))
WELCOME = PlayStep(sounds=("welcome",))


@pytest.mark.row("S-14", "R1-125")
def test_the_greeting_once_then_the_background_while_asking_and_ringing() -> None:
    story = Transcript(incoming(WELCOME, MUSIC, ASK, ring(JOHN)))
    story.hears(0, CallArrived(), BEFORE, "answer caller", "play welcome to caller as p1")
    story.hears(0.1, answers("caller"))
    story.hears(4, is_played("p1"), "play music to caller as p2 for ever", "ask crm as c-1")
    story.hears(5, directs(MARY), "ring b1 mary", "emit incoming.forwarding")
    story.hears(6, rings("b1", early_media=True))
    story.hears(7, refuses("b1", 486), "ring b2 john", "emit incoming.forwarding")
    story.hears(9, answers("b2"), "stop p2", "connect b2", "emit incoming.pickup")


def test_each_of_several_sounds_has_its_time() -> None:
    story = Transcript(incoming(PlayStep(sounds=("welcome", "choose")), ring(MARY)))
    prompt = "play welcome choose to caller as p1"
    story.hears(0, CallArrived(), BEFORE, "answer caller", prompt)
    assert story.call.wake_at == 2 * MAX_SOUND_SECONDS


def test_no_sounds_are_played_in_no_time() -> None:
    story = Transcript(incoming(PlayStep(sounds=()), ring(MARY)))
    story.hears(0, CallArrived(), BEFORE, "ring b1 mary", "emit incoming.forwarding")


def test_the_background_is_broken_off_by_a_prompt_and_comes_back() -> None:
    story = Transcript(incoming(MUSIC, ring(MARY), WELCOME, ring(JOHN)))
    story.hears(
        0,
        CallArrived(),
        BEFORE,
        "answer caller",
        "play music to caller as p1 for ever",
        "ring b1 mary",
        "emit incoming.forwarding",
    )
    story.hears(0.1, answers("caller"))
    story.hears(9, refuses("b1", 486), "stop p1", "play welcome to caller as p2")
    again = "play music to caller as p3 for ever"
    story.hears(12, is_played("p2"), again, "ring b2 john", "emit incoming.forwarding")


def test_the_background_can_be_switched_off() -> None:
    story = Transcript(incoming(MUSIC, ASK, BackgroundStep(sounds=()), ring(MARY)))
    music = "play music to caller as p1 for ever"
    story.hears(0, CallArrived(), BEFORE, "answer caller", music, "ask crm as c-1")
    story.hears(1, fails(), "stop p1", "ring b1 mary", "emit incoming.forwarding")
    story.hears(2, rings("b1"), "show ringing")


def test_after_a_restart_the_background_is_started_again() -> None:
    story = Transcript(incoming(MUSIC, ring(MARY)))
    story.comes_to(0, CallArrived(), answers("caller"), rings("b1"))
    again = "play music to caller as p2 for ever"
    story.hears(9, Resynced(live_legs=frozenset({"caller", "b1"})), again)
    story.hears(30, TimePassed(), "end b1 timeout", "end caller 480", "emit incoming.after")
