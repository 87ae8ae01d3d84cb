"""A path says where in its scheme's tree a call stands, and where it goes on."""

from __future__ import annotations

from typing import get_args

import pytest

from switchhook.domain.scheme import (
    FIRST,
    AskDialPlanStep,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    Path,
    PlayStep,
    RingStep,
    Scheme,
    Step,
    branches,
)

RING = RingStep(targets=())
HOURS = HoursStep(hours="office", open_=(RING, GoToStep(scheme=3)), closed=())
ASK = AskDialPlanStep(webhook="crm", success=(HOURS,), failed=(HangUpStep(),))
MENU = MenuStep(
    sounds=(), choices=(MenuChoice(key="1", steps=(RING,)),), on_timeout=(HangUpStep(),)
)
SCHEME = Scheme(id=1, name="Day", steps=(GoToStep(scheme=2), ASK, MENU))
DEEP: Path = (1, "success", 0, "open", 1)


def test_a_scheme_begins_with_its_first_step() -> None:
    assert SCHEME.step_at(FIRST) == GoToStep(scheme=2)


def test_a_step_is_followed_by_the_next_and_the_last_by_none() -> None:
    second = SCHEME.next_path(FIRST)
    assert SCHEME.step_at(second) == ASK
    assert SCHEME.step_at(SCHEME.next_path(SCHEME.next_path(second))) is None


def test_a_scheme_without_steps_has_no_first() -> None:
    assert Scheme(id=1, name="Empty", steps=()).step_at(FIRST) is None


def test_a_step_in_branches_is_found_and_followed_within_its_branch() -> None:
    assert SCHEME.step_at(DEEP) == GoToStep(scheme=3)
    assert SCHEME.next_path((1, "success", 0, "open", 0)) == DEEP
    assert SCHEME.step_at(SCHEME.next_path(DEEP)) is None
    assert SCHEME.step_at((2, "1", 0)) == RING
    assert SCHEME.step_at((2, "timeout", 0)) == HangUpStep()


def test_a_branch_that_is_not_there_has_no_steps() -> None:
    assert SCHEME.step_at((1, "closed", 0)) is None
    assert SCHEME.step_at((7, "success", 0)) is None
    assert SCHEME.step_at((0, "success", 0, "open", 0)) is None


def test_the_steps_around_a_path_are_named_from_the_nearest_out() -> None:
    assert SCHEME.enclosing(DEEP) == (((1, "success", 0), HOURS, "open"), ((1,), ASK, "success"))
    assert SCHEME.enclosing(FIRST) == ()


def test_menus_choose_by_key() -> None:
    assert MENU.choice("1") == MenuChoice(key="1", steps=(RING,))
    assert MENU.choice("2") is None


def test_steps_without_branches_have_none() -> None:
    assert branches(RING) == branches(PlayStep(sounds=())) == {}
    assert list(branches(MENU)) == ["1", "timeout", "invalid"]
    assert len(get_args(Step)) == 13


@pytest.mark.row("FC-04")
def test_each_step_has_the_word_by_which_stored_journals_know_it() -> None:
    assert [step.word for step in get_args(Step)] == [
        "ask",
        "askdialplan",
        "ring",
        "ringdestination",
        "play",
        "background",
        "menu",
        "hours",
        "voicemail",
        "rate",
        "record",
        "goto",
        "hangup",
    ]
