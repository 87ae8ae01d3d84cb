"""A number of the call's own project is no way out of the house and back in: forwarding loops end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.project import Number, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, RingDestinationStep
from switchhook.domain.screening import Screening
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.routing.position import MAX_JUMPS
from switchhook.routing.project_numbers import (
    sole_project_number,
    unringable_notice,
    unringable_numbers,
)
from tests.support.snapshots import (
    ASK,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    ask_crm,
    from_account,
    incoming,
    number,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript, accepts, directs, refuses

OWN = number(f"+{DIALLED}")
NIGHT = number("380800333444")
ASKED = ("emit incoming.before", "show ringing", "ask crm as c-1")
MARY_RINGS = ("ring b1 mary", "emit incoming.forwarding")


def two_numbers(of: ProjectSnapshot) -> ProjectSnapshot:
    """Let the second number run scheme 2."""
    numbers = (*of.project.numbers, Number(number=NIGHT.value, scheme=2))
    return ProjectSnapshot(replace(of.project, numbers=numbers))


def test_a_number_alone_means_its_scheme_and_among_several_it_is_left_out() -> None:
    shop = snapshot()
    assert sole_project_number(shop, (OWN,)) == shop.project.numbers[0]
    assert unringable_numbers(shop, (OWN,)) == ()
    assert sole_project_number(shop, (OWN, MARY)) is None
    assert unringable_numbers(shop, (MARY, OWN, MOBILE)) == (OWN,)


def test_a_number_in_two_spellings_is_one() -> None:
    twice = (OWN, number(DIALLED))
    assert sole_project_number(snapshot(), twice) == snapshot().project.numbers[0]
    assert unringable_numbers(snapshot(), twice) == ()


def test_two_numbers_are_not_gone_on_with_at_once() -> None:
    shop = two_numbers(snapshot(schemes={2: ()}))
    assert sole_project_number(shop, (OWN, NIGHT)) is None
    assert unringable_numbers(shop, (OWN, NIGHT)) == (OWN, NIGHT)


@pytest.mark.row("A-57")
def test_an_answer_that_names_an_own_number_goes_on_with_its_scheme() -> None:
    story = Transcript(incoming(within=two_numbers(snapshot(ASK, schemes={2: (ring(MARY),)}))))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, directs(NIGHT), *MARY_RINGS)
    assert (story.call.position.scheme, story.call.position.jumps, story.call.callee) == (
        2,
        1,
        DIALLED,
    )
    assert [(e.text, dict(e.facts)) for e in story.entries if e.kind == "jumped"] == [
        ("scheme 2", {"scheme": "2", "number": NIGHT.value})
    ]


@pytest.mark.row("A-57", "S-79")
def test_a_number_whose_webhook_answers_the_same_number_ends_at_the_jump_limit() -> None:
    """Each time over the trunk it would have been a new call, without an end."""
    story = Transcript(incoming(ASK, ring(JOHN)))
    story.hears(0, CallArrived(), *ASKED)
    for jump in range(1, MAX_JUMPS + 1):
        again = ("show ringing", f"ask crm as c-{jump + 1}")
        story.hears(jump, directs(OWN, ask=f"c-{jump}"), *again)
    last = directs(OWN, ask=f"c-{MAX_JUMPS + 1}")
    story.hears(20, last, "ring b1 john", "emit incoming.forwarding")
    assert f"notice more than {MAX_JUMPS} jumps between schemes" in story.journal


def test_the_prefixes_do_not_keep_a_call_in_the_house() -> None:
    shop = snapshot(ASK, schemes={2: (ring(MARY),)}, screening=Screening(allowed_prefixes=("31",)))
    story = Transcript(incoming(within=two_numbers(shop)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, directs(NIGHT), *MARY_RINGS)


def test_among_several_an_own_number_is_left_out_and_that_is_said() -> None:
    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, directs(OWN, MARY), *MARY_RINGS)
    assert f"notice {unringable_notice(OWN)}" in story.journal


def test_a_webhooks_destination_may_be_an_own_number() -> None:
    shop = two_numbers(snapshot(ask_crm(RingDestinationStep()), schemes={2: (ring(MARY),)}))
    story = Transcript(incoming(within=shop))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask names as c-1")
    story.hears(1, accepts(destination=NIGHT), *MARY_RINGS)
    assert story.call.asks.returned == ()


def test_a_destination_that_goes_round_takes_the_failed_branch_at_the_jump_limit() -> None:
    story = Transcript(incoming(ask_crm(RingDestinationStep(), failed=(ring(JOHN),))))
    story.comes_to(0, CallArrived())
    for ask in range(1, MAX_JUMPS + 1):
        story.comes_to(ask, accepts(f"c-{ask}", destination=OWN))
    last = accepts(f"c-{MAX_JUMPS + 1}", destination=OWN)
    story.hears(20, last, "ring b1 john", "emit incoming.forwarding")


def test_a_step_that_rings_its_own_number_ends_at_the_jump_limit() -> None:
    story = Transcript(incoming(ring(OWN), ring(MARY)))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
    assert story.call.position.jumps == MAX_JUMPS


def test_the_fallback_may_be_an_own_number_whose_whole_scheme_is_walked() -> None:
    """And it is tried once, whatever becomes of it."""
    shop = two_numbers(
        snapshot(HangUpStep(), fallback=NIGHT, schemes={2: (ring(MARY), ring(JOHN))})
    )
    shop = ProjectSnapshot(
        replace(
            shop.project,
            schemes=(replace(shop.schemes[1], steps=(ring(JOHN, timeout=5),)), shop.schemes[2]),
        )
    )
    story = Transcript(incoming(within=shop))
    story.comes_to(0, CallArrived())
    story.hears(5, TimePassed(), "end b1 timeout", "ring b2 mary", "emit incoming.forwarding")
    story.hears(6, refuses("b2", 486), "ring b3 john", "emit incoming.forwarding")
    story.hears(7, refuses("b3", 486), "end caller 486", "emit incoming.after")


@pytest.mark.row("A-14")
def test_a_jump_to_a_scheme_of_no_steps_is_no_webhook_that_placed_the_call_nowhere() -> None:
    story = Transcript(incoming(within=two_numbers(snapshot(ASK, schemes={2: ()}))))
    story.hears(0, CallArrived(), *ASKED)
    story.comes_to(1, directs(NIGHT))
    assert not story.call.position.is_unplaced


def test_who_dials_an_own_number_in_another_spelling_runs_its_scheme() -> None:
    story = Transcript(from_account(f"+{DIALLED}", snapshot(ring(MARY))))
    story.hears(0, CallArrived(), "emit incoming.before", *MARY_RINGS)
