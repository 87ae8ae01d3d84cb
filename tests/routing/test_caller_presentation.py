"""How a caller is shown follows from the step that rings and the webhook in whose branch it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallAsks, DialPlanReturn
from switchhook.domain.scheme import AskDialPlanStep, CallerName, NameChoice
from switchhook.domain.webhook import CallerIdForwarding
from switchhook.routing.caller_presentation import adopt_caller_name, presentation
from switchhook.routing.context import TransitionContext
from tests.support.snapshots import CUSTOMER, DIALLED, MARY, ask_crm, incoming, ring, snapshot

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.scheme import Path

PREFIX = CallerName(choice=NameChoice.PREPEND, text="Sales: ")
RING = replace(ring(MARY), caller_name=PREFIX)


def call(path: Path, forwarding: CallerIdForwarding = CallerIdForwarding.CALLER) -> Call:
    """Return a call in a branch of a webhook, or behind it."""
    nested = AskDialPlanStep(webhook="pin", success=(RING,), failed=(RING,))
    step = ask_crm(RING, nested, failed=(RING, nested))
    made = incoming(within=snapshot(step, ring(MARY), forwarding=forwarding))
    return replace(
        made,
        asks=made.asks.changed(returned=(DialPlanReturn(at=(0,), caller_name="Acme"),)),
        position=made.position.changed(path=path),
    )


@pytest.mark.row("R5-06", "A-52")
@pytest.mark.parametrize(
    ("path", "number"),
    [
        ((0, "success", 0), DIALLED),
        ((0, "failed", 0), CUSTOMER),
        ((0, "success", 1, "success", 0), CUSTOMER),
        ((0, "success", 1, "failed", 0), DIALLED),
        ((0, "failed", 1, "success", 0), CUSTOMER),
        ((0, "failed", 1, "failed", 0), CUSTOMER),
        ((1,), CUSTOMER),
    ],
)
def test_the_nearest_success_branch_decides_the_number(path: Path, number: str) -> None:
    assert presentation(call(path, CallerIdForwarding.CALLED))[0] == number


@pytest.mark.row("R5-09", "A-52")
def test_a_webhook_that_fails_does_not_show_whom_another_suppressed() -> None:
    """An inner endpoint that is down must not undo what the outer one's success branch hides."""
    path = (0, "success", 1, "failed", 0)
    assert presentation(call(path, CallerIdForwarding.SUPPRESSED)) == ("", "")


@pytest.mark.row("R5-09")
def test_whoever_is_suppressed_has_no_name_either() -> None:
    assert presentation(call((0, "success", 0), CallerIdForwarding.SUPPRESSED)) == ("", "")


def test_a_withheld_caller_may_have_a_name() -> None:
    withheld = replace(call((1,)), caller=call((1,)).caller.changed(number=""))
    assert presentation(withheld) == ("", "Anna")


@pytest.mark.row("R5-29", "A-53")
def test_the_returned_name_becomes_the_current_one_where_a_step_takes_it() -> None:
    ctx = TransitionContext(call((0, "success", 0)), 0.0)
    adopt_caller_name(ctx, PREFIX)
    assert presentation(ctx.call)[1] == "Sales: Anna"
    adopt_caller_name(ctx, CallerName(choice=NameChoice.WEBHOOK))
    assert presentation(ctx.call)[1] == "Sales: Acme"
    assert (
        presentation(replace(ctx.call, position=ctx.call.position.changed(path=(1,))))[1] == "Acme"
    )


def test_a_webhook_that_returned_no_name_leaves_the_current_one() -> None:
    given = (DialPlanReturn(at=(0,)),)
    asks = CallAsks(returned=given, caller_name="Acme")
    ctx = TransitionContext(call((0, "success", 0)).changed(asks=asks), 0.0)
    adopt_caller_name(ctx, CallerName(choice=NameChoice.WEBHOOK))
    assert ctx.call.asks.caller_name == "Acme"


def test_outside_a_webhooks_branches_there_is_no_name_to_take() -> None:
    ctx = TransitionContext(call((1,)), 0.0)
    adopt_caller_name(ctx, CallerName(choice=NameChoice.WEBHOOK))
    assert ctx.call.asks.caller_name == ""


@pytest.mark.row("FJ-02")
def test_who_hides_is_shown_by_nothing_but_what_the_scheme_says() -> None:
    hiding = replace(
        call((1,)),
        caller=call((1,)).caller.changed(number="mary", name="Reception", is_withheld=True),
    )

    assert presentation(hiding) == ("", "")
    prefixed = hiding.changed(position=hiding.position.changed(path=(0, "failed", 0)))
    assert presentation(prefixed) == ("", "Sales: ")
