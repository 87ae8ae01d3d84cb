"""A scheme is walked from the top; what cannot take the call hands it on, and every walk ends."""

from __future__ import annotations

from typing import get_args

import pytest

from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import GoToStep, HangUpStep, Step
from switchhook.routing import executor
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.routing.position import MAX_JUMPS
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    MOBILE,
    ask_crm,
    from_account,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    accepts,
    answers,
    fails,
    gives_up,
    refuses,
    sends_to,
)

ASKED = ("emit incoming.before", "show ringing", "ask crm as c-1")
MARY_RINGS = ("ring b1 mary", "emit incoming.forwarding")


@pytest.mark.row("R1-125", "A-54")
def test_a_step_that_could_not_place_the_call_hands_it_to_the_next() -> None:
    story = Transcript(incoming(ASK, ring(MARY), ring(JOHN), HangUpStep(status=603)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, fails(), *MARY_RINGS)
    story.hears(31, TimePassed(), "end b1 timeout", "ring b2 john", "emit incoming.forwarding")
    story.hears(32, refuses("b2", 486), "end caller 603", "emit incoming.after")


def test_a_scheme_without_steps_ends_the_call() -> None:
    story = Transcript(incoming())
    story.hears(0, CallArrived(), "emit incoming.before", "end caller 486", "emit incoming.after")
    assert story.end == "failed by system, 486 the call forwarding scheme did not work"


@pytest.mark.row("R1-25")
def test_a_scheme_that_the_webhook_names_is_walked_from_its_top() -> None:
    story = Transcript(incoming(within=snapshot(ASK, HangUpStep(), schemes={26076: (ring(MARY),)})))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, sends_to(26076), *MARY_RINGS)
    assert story.call.position.scheme == 26076
    assert story.call.position.jumps == 1
    assert story.journal[3:6] == [
        "answer scheme 26076",
        "jumped scheme 26076",
        "step scheme 26076",
    ]


@pytest.mark.row("S-02")
def test_a_scheme_that_is_not_there_hands_the_call_on() -> None:
    """S-02: a scheme of another project, or of none, fails; the next location follows."""
    story = Transcript(incoming(ASK, ring(MARY)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, sends_to(4711), *MARY_RINGS)
    assert "notice scheme 4711 is not in this project" in story.journal


def test_a_step_may_go_to_another_scheme() -> None:
    story = Transcript(incoming(within=snapshot(GoToStep(scheme=2), schemes={2: (ring(MARY),)})))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    assert story.call.position.jumps == 1


def test_another_scheme_is_walked_from_its_top_even_out_of_a_branch() -> None:
    steps = (ask_crm(GoToStep(scheme=2)), ring(JOHN))
    story = Transcript(incoming(within=snapshot(*steps, schemes={2: (ring(MARY),)})))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask names as c-1")
    story.hears(1, accepts(), *MARY_RINGS)
    assert (story.call.position.scheme, story.call.position.path) == (2, (0,))
    (jumped,) = (entry for entry in story.entries if entry.kind == EntryKind.JUMPED)
    assert jumped.facts == (("scheme", "2"),)


@pytest.mark.row("R1-126")
def test_the_journal_says_which_step_is_taken_where() -> None:
    story = Transcript(incoming(ask_crm(ring(MARY)), ASK))
    story.comes_to(0, CallArrived())
    story.comes_to(1, accepts())
    story.comes_to(2, refuses("b1", 486))
    assert [dict(e.facts) for e in story.entries if e.kind == EntryKind.STEP] == [
        {"scheme": "1", "step": "askdialplan", "at": "0"},
        {
            "scheme": "1",
            "step": "ring",
            "at": "0 success 0",
            "branch": "success",
            "location": "phone:30",
        },
        {"scheme": "1", "step": "ask", "at": "1", "location": "webhookNumber:7"},
    ]


@pytest.mark.row("FC-04")
def test_the_journal_calls_a_step_the_same_whatever_its_class_is_called() -> None:
    story = Transcript(incoming(GoToStep(scheme=9)))
    GoToStep.__name__ = "Jump"
    try:
        story.comes_to(0, CallArrived())
    finally:
        GoToStep.__name__ = "GoTo"
    (entry,) = (entry for entry in story.entries if entry.kind == EntryKind.STEP)
    assert dict(entry.facts)["step"] == "goto"


def test_a_step_that_goes_to_no_scheme_hands_the_call_on() -> None:
    story = Transcript(incoming(GoToStep(scheme=9), ring(MARY)))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    assert "notice scheme 9 is not in this project" in story.journal


def test_a_call_does_not_come_back_from_another_scheme() -> None:
    schemes = {2: (ring(MARY),)}
    story = Transcript(incoming(within=snapshot(GoToStep(scheme=2), ring(JOHN), schemes=schemes)))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    story.hears(1, refuses("b1", 486), "end caller 486", "emit incoming.after")


@pytest.mark.row("A-57")
def test_schemes_that_go_round_in_circles_end_at_the_jump_limit() -> None:
    """S-79 without a webhook: the circle is walked in one step."""
    circle = snapshot(
        GoToStep(scheme=2), ring(MARY), schemes={2: (GoToStep(scheme=1), HangUpStep(status=480))}
    )
    story = Transcript(incoming(within=circle))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    assert sum(line.startswith("jumped") for line in story.journal) == MAX_JUMPS
    assert "notice more than 10 jumps between schemes" in story.journal


@pytest.mark.row("S-79", "A-57")
def test_a_webhook_that_sends_the_call_round_in_circles_ends_at_the_jump_limit() -> None:
    """S-79: scheme 1 asks a webhook that says scheme 1."""
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), *ASKED)
    for jump in range(1, MAX_JUMPS + 1):
        again = ("show ringing", f"ask crm as c-{jump + 1}")
        story.hears(jump, sends_to(1, ask=f"c-{jump}"), *again)
    last = sends_to(1, ask=f"c-{MAX_JUMPS + 1}")
    story.hears(20, last, "end caller 486", "emit incoming.after")
    assert story.end == "failed by system, 486 the call forwarding scheme did not work"


@pytest.mark.row("A-54", "FT-07")
def test_the_fallback_rings_when_the_scheme_placed_the_call_nowhere() -> None:
    story = Transcript(incoming(within=snapshot(ASK, fallback=MOBILE)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, fails(), f"ring b1 {MOBILE}", "emit incoming.forwarding")
    assert story.call.wake_at == 1 + 60
    assert f"fallback no step placed the call; trying {MOBILE}" in story.journal
    story.hears(9, answers("b1"), "connect b1", "emit incoming.pickup")


def test_the_fallback_rings_where_the_numbers_scheme_is_gone() -> None:
    """The scheme of a number may have been deleted by hand from a project file."""
    empty = snapshot(fallback=MOBILE)
    story = Transcript(incoming(within=empty))
    ringing = (f"ring b1 {MOBILE}", "emit incoming.forwarding")
    story.hears(0, CallArrived(), "emit incoming.before", *ringing)


@pytest.mark.row("A-54")
def test_the_fallback_is_tried_once() -> None:
    story = Transcript(incoming(within=snapshot(ring(MARY), fallback=MOBILE)))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    story.hears(1, refuses("b1", 486), f"ring b2 {MOBILE}", "emit incoming.forwarding")
    story.hears(61, TimePassed(), "end b2 timeout", "end caller 480", "emit incoming.after")
    assert story.end == "missed by system, 480 no answer"


def test_the_caller_may_give_up_on_the_fallback() -> None:
    story = Transcript(incoming(within=snapshot(fallback=MOBILE)))
    ringing = (f"ring b1 {MOBILE}", "emit incoming.forwarding")
    story.hears(0, CallArrived(), "emit incoming.before", *ringing)
    story.hears(3, gives_up(), "end b1 cancelled_by_caller", "emit incoming.after")


@pytest.mark.row("FT-07")
def test_a_dialled_target_rings_long_and_has_no_fallback() -> None:
    story = Transcript(from_account("mary", snapshot(fallback=MOBILE)))
    story.hears(0, CallArrived(), "ring b1 mary", "emit internal.forwarding")
    assert story.call.wake_at == 120
    story.hears(120, TimePassed(), "end b1 timeout", "end caller 480", "emit internal.after")
    outside = Transcript(from_account(str(MOBILE), snapshot(fallback=MARY)))
    ringing = f"ring b1 {MOBILE}", "emit outgoing.forwarding"
    outside.hears(0, CallArrived(), "emit outgoing.before", *ringing)
    outside.hears(2, refuses("b1", 404), "end caller 480", "emit outgoing.after")


def test_every_step_can_be_begun() -> None:
    assert set(executor.STEPS) == set(get_args(Step))
