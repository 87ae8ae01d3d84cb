"""A telephone that forwards its calls is followed within the project, by its policy outside, and never in circles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.hours import WorkingHours
from switchhook.domain.outside import OutsideCalls
from switchhook.domain.project import Number, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep
from switchhook.domain.screening import Screening
from switchhook.routing.events import CallArrived, LegRedirected, TimePassed
from switchhook.routing.handlers.redirection import MAX_REDIRECTIONS
from tests.routing.handlers.test_ivr import NEXT
from tests.support.snapshots import DIALLED, JOHN, MARY, MOBILE, in_turn, incoming, ring, snapshot
from tests.support.transcript import Transcript, answers, refuses

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step

pytestmark = pytest.mark.row("FI-05")

NIGHT = "380800111333"
RUNG = ("emit incoming.before", "ring b1 mary", "emit incoming.forwarding")


def forwards(leg: str, *users: str) -> LegRedirected:
    return LegRedirected(leg=leg, users=users)


def mary_rings(*more: Step) -> Transcript:
    story = Transcript(incoming(ring(MARY), *more))
    story.hears(0, CallArrived(), *RUNG)
    return story


RINGS_MARY = ring(MARY)


def with_night(*steps: Step, first: Step = RINGS_MARY) -> ProjectSnapshot:
    """Return the shop, where a second number runs these steps."""
    made = snapshot(first, schemes={2: steps})
    numbers = (*made.project.numbers, Number(number=NIGHT, scheme=2))
    return ProjectSnapshot(replace(made.project, numbers=numbers))


def test_a_desk_phone_forwards_to_a_colleague_who_answers() -> None:
    story = mary_rings()
    story.hears(1, forwards("b1", "john"), "ring b2 john")
    story.hears(1, refuses("b1", 302))
    story.hears(2, answers("b2"), "connect b2", "emit incoming.pickup")
    assert story.attempts == ["b1 mary failed", "b2 john None"]
    assert "notice b1 mary forwards its calls to john" in story.journal


def test_what_the_colleague_says_becomes_of_the_call() -> None:
    story = mary_rings()
    story.comes_to(1, forwards("b1", "john"), refuses("b1", 302))
    story.hears(2, refuses("b2", 486), "end caller 486", "emit incoming.after")
    assert story.end == "busy by system, 486 busy"


def test_a_forwarded_round_has_no_more_time_than_it_had() -> None:
    story = mary_rings()
    story.comes_to(29, forwards("b1", "john"), refuses("b1", 302))
    story.hears(30, TimePassed(), "end b2 timeout", "end caller 480", "emit incoming.after")


def test_a_group_and_an_outside_number_may_be_forwarded_to() -> None:
    story = mary_rings()
    story.hears(1, forwards("b1", "200"), "ring b2 olga")  # Mary's own telephone rings already
    outside = mary_rings()
    outside.hears(1, forwards("b1", MOBILE.value), f"ring b2 {MOBILE}")


def test_the_first_of_several_that_may_ring_does() -> None:
    story = mary_rings()
    story.hears(1, forwards("b1", "nobody", "john", "olga"), "ring b2 john")


def test_a_number_that_the_project_does_not_call_is_not_forwarded_to() -> None:
    made = snapshot(ring(MARY), screening=Screening(denied_prefixes=("38050",)))
    story = Transcript(incoming(within=made))
    story.hears(0, CallArrived(), *RUNG)
    story.hears(1, forwards("b1", MOBILE.value))
    assert f"notice b1 mary forwards its calls to {MOBILE}, where none may ring" in story.journal
    story.hears(1, refuses("b1", 302), "end caller 480", "emit incoming.after")


@pytest.mark.row("FD-10")
def test_outside_the_hours_of_outside_calls_nobody_is_forwarded_there() -> None:
    made = snapshot(ring(MARY))
    never = replace(
        made.project, hours=(WorkingHours(name="never"),), outside=OutsideCalls(hours="never")
    )
    story = Transcript(incoming(within=ProjectSnapshot(never)))
    story.comes_to(0, CallArrived(), forwards("b1", str(MOBILE), "john"))
    assert [one.split()[1] for one in story.attempts] == ["mary", "john"]


def test_without_a_trunk_nobody_is_forwarded_outside() -> None:
    story = Transcript(incoming(within=snapshot(ring(MARY), trunks=())))
    story.comes_to(0, CallArrived())
    story.hears(1, forwards("b1", MOBILE.value))


def test_two_that_forward_to_each_other_come_to_an_end() -> None:
    story = mary_rings()
    for number in range(1, MAX_REDIRECTIONS + 1):
        to = "john" if number % 2 else "mary"
        story.hears(number, forwards(f"b{number}", to), f"ring b{number + 1} {to}")
        story.hears(number, refuses(f"b{number}", 302))
    last = f"b{MAX_REDIRECTIONS + 1}"
    story.hears(9, forwards(last, "mary"))
    assert "not followed: it goes in a circle" in story.journal[-1]
    story.hears(9, refuses(last, 302), "end caller 480", "emit incoming.after")


def test_only_an_account_may_send_a_call_elsewhere_and_only_while_it_rings() -> None:
    story = Transcript(incoming(ring(MOBILE)))
    story.comes_to(0, CallArrived())
    story.hears(1, forwards("b1", "john"))
    story.hears(1, forwards("nobody", "john"))
    late = Transcript(incoming(ring(MARY, JOHN)))
    late.comes_to(0, CallArrived(), refuses("b1", 486))
    late.hears(1, forwards("b1", "olga"))


def test_a_number_of_the_project_goes_on_with_its_scheme() -> None:
    for state, step in NEXT.items():
        story = Transcript(incoming(within=with_night(step)))
        story.comes_to(0, CallArrived())
        story.comes_to(1, forwards("b1", f"+{NIGHT}"), refuses("b1", 302))
        assert story.call.state is state
        assert story.attempts[0] == "b1 mary failed"


def test_a_number_of_the_project_cannot_ring_beside_others() -> None:
    made = with_night(HangUpStep(), first=in_turn(MARY, JOHN))
    story = Transcript(incoming(within=made))
    story.comes_to(0, CallArrived())
    story.hears(1, forwards("b1", NIGHT))
    assert "where none may ring" in story.journal[-1]


def test_a_telephone_that_forwards_to_the_number_that_rings_it_ends() -> None:
    story = mary_rings()
    for second in range(1, 30):
        leg = story.call.called_legs[-1].id
        story.comes_to(second, forwards(leg, DIALLED), refuses(leg, 302))
        if story.call.ended_at is not None:
            break
    assert story.end.startswith("failed by system, 480")
