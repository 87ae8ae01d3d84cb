"""A menu opens the branch of a key, and asks as often as it says before it takes its other branches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.scheme import MenuChoice, MenuStep
from switchhook.routing.events import CallArrived, TimePassed
from tests.support.snapshots import JOHN, MARY, OLGA, incoming, ring
from tests.support.transcript import Transcript, answers, is_played, presses, refuses

MENU = MenuStep(
    sounds=("choose",),
    choices=(MenuChoice(key="1", steps=(ring(MARY),)), MenuChoice(key="#", steps=())),
    timeout=5.0,
    attempts=2,
    timeout_sounds=("late",),
    invalid_sounds=("wrong",),
    on_timeout=(ring(JOHN),),
    on_invalid=(ring(OLGA),),
)


def choosing(menu: MenuStep = MENU) -> Transcript:
    """Return a call whose caller heard the prompt, and has five seconds."""
    story = Transcript(incoming(menu, ring(OLGA)))
    prompt = "play choose to caller as p1"
    story.hears(0, CallArrived(), "emit incoming.before", "answer caller", prompt)
    story.hears(0.1, answers("caller"))
    story.hears(3, is_played("p1"))
    assert story.call.wake_at == 8
    return story


def test_a_key_opens_its_branch() -> None:
    story = choosing()
    story.hears(4, presses("1"), "ring b1 mary", "emit incoming.forwarding")
    assert story.call.position.path == (0, "1", 0)
    assert "keyed 1" in story.journal
    story.hears(5, refuses("b1", 486), "ring b2 olga", "emit incoming.forwarding")


@pytest.mark.row("R1-80", "R1-107")
def test_what_was_chosen_is_told_from_then_on() -> None:
    again = MenuChoice(key="3", steps=(MenuStep(sounds=("choose",), choices=MENU.choices),))
    story = choosing(MenuStep(sounds=("choose",), choices=(again,)))
    story.call = replace(story.call, facts=(("source", "web"),))
    story.hears(4, presses("8"), "play choose to caller as p2")
    assert dict(story.call.facts) == {"source": "web"}
    story.hears(5, presses("3"), "stop p2", "play choose to caller as p3")
    assert dict(story.call.facts) == {"source": "web", "additional_number": "3"}
    story.hears(6, presses("1"), "stop p3", "ring b1 mary", "emit incoming.forwarding")
    assert dict(story.call.facts) == {"source": "web", "additional_number": "1"}


def test_a_key_may_come_while_the_prompt_plays() -> None:
    story = Transcript(incoming(MENU))
    prompt = "play choose to caller as p1"
    story.hears(0, CallArrived(), "emit incoming.before", "answer caller", prompt)
    story.hears(1, presses("1"), "stop p1", "ring b1 mary", "emit incoming.forwarding")


def test_an_empty_branch_hands_the_call_on() -> None:
    choosing().hears(4, presses("#"), "ring b1 olga", "emit incoming.forwarding")


def test_a_wrong_key_brings_the_prompt_again_and_at_last_its_own_branch() -> None:
    story = choosing()
    story.hears(4, presses("9"), "play wrong choose to caller as p2")
    story.hears(6, presses("8"), "stop p2", "play wrong to caller as p3")
    story.hears(7, presses("1"))
    story.hears(8, is_played("p3"), "ring b1 olga", "emit incoming.forwarding")
    assert story.call.position.path == (0, "invalid", 0)


@pytest.mark.row("FT-04")
def test_of_three_attempts_the_third_may_bring_the_right_key() -> None:
    story = choosing(replace(MENU, attempts=3))
    story.hears(4, presses("9"), "play wrong choose to caller as p2")
    story.hears(5, presses("8"), "stop p2", "play wrong choose to caller as p3")
    story.hears(6, presses("1"), "stop p3", "ring b1 mary", "emit incoming.forwarding")
    assert story.call.position.path == (0, "1", 0)


def test_no_key_brings_the_prompt_again_and_at_last_its_own_branch() -> None:
    story = choosing()
    story.hears(8, TimePassed(), "play late choose to caller as p2")
    story.hears(10, is_played("p2"))
    story.hears(15, TimePassed(), "play late to caller as p3")
    story.hears(16, is_played("p3"), "ring b1 john", "emit incoming.forwarding")
    assert story.call.position.path == (0, "timeout", 0)


def test_what_was_last_decides_the_branch() -> None:
    story = choosing()
    story.hears(8, TimePassed(), "play late choose to caller as p2")
    story.hears(9, presses("9"), "stop p2", "play wrong to caller as p3")
    story.hears(16, is_played("p3"), "ring b1 olga", "emit incoming.forwarding")
