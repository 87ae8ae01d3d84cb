"""A call that leaves a branch goes on behind the step that opened it, or in the branch that makes way."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.call import DialPlanReturn
from switchhook.domain.scheme import HangUpStep, HoursStep, Path
from switchhook.routing.commands import WriteJournal
from switchhook.routing.context import TransitionContext
from switchhook.routing.position import (
    DialPlanBranch,
    StepResult,
    advance,
    dial_plan_branch,
    enter_branch,
    journal_branch,
    leave_branch,
    scheme_of,
    step_of,
)
from tests.support.snapshots import MARY, ask_crm, ask_pin, from_account, incoming, ring

INNER = ask_pin(ring(MARY), failed=(HangUpStep(),))
HOURS = HoursStep(hours="office", open_=(INNER,))
OUTER = ask_crm(HOURS)


def at(path: Path) -> TransitionContext:
    """Return the context of a call that stands there."""
    ctx = TransitionContext(incoming(OUTER, HangUpStep()), 0.0)
    ctx.change_position(path=path)
    return ctx


def test_a_branch_is_entered_at_its_top_and_walked_down() -> None:
    ctx = at((0,))
    assert enter_branch(ctx, "success") is StepResult.JUMPED
    assert list(ctx.call.position.path) == [0, "success", 0]
    assert step_of(ctx.call) == HOURS
    advance(ctx)
    assert step_of(ctx.call) is None


def test_the_step_behind_the_opener_comes_after_a_branch() -> None:
    ctx = at((0, "success", 0, "open", 1))
    assert leave_branch(ctx, no_destination=False)
    assert list(ctx.call.position.path) == [0, "success", 1]
    assert leave_branch(ctx, no_destination=False)
    assert list(ctx.call.position.path) == [1]
    assert not leave_branch(ctx, no_destination=False)


def test_for_want_of_a_destination_the_failed_branch_comes() -> None:
    ctx = at((0, "success", 0, "open", 0, "success", 1))
    assert leave_branch(ctx, no_destination=True)
    assert list(ctx.call.position.path) == [0, "success", 0, "open", 0, "failed", 0]
    assert leave_branch(ctx, no_destination=True)
    assert list(ctx.call.position.path) == [0, "success", 0, "open", 1]


def test_the_journal_has_the_branch_for_programs_too() -> None:
    ctx = at((0,))
    journal_branch(ctx, "failed", "nobody was there")
    (record,) = ctx.commands
    assert isinstance(record, WriteJournal)
    assert record.entry.text == "failed: nobody was there"
    assert record.entry.facts == (("branch", "failed"),)


def test_the_nearest_webhook_counts_and_what_it_returned() -> None:
    given = DialPlanReturn(at=(0,), caller_name="Sales")
    call = replace(
        at((0, "success", 0, "closed", 0)).call,
        asks=at((0, "success", 0, "closed", 0)).call.asks.changed(returned=(given,)),
    )
    assert dial_plan_branch(call) == DialPlanBranch(step=OUTER, branch="success", returned=given)
    inner = replace(
        call, position=call.position.changed(path=(0, "success", 0, "open", 0, "failed", 0))
    )
    assert dial_plan_branch(inner) == DialPlanBranch(step=INNER, branch="failed", returned=None)
    assert dial_plan_branch(replace(call, position=call.position.changed(path=(1,)))) is None


def test_a_dialled_target_is_a_scheme_of_one_step() -> None:
    scheme = scheme_of(from_account("mary"))
    assert scheme is not None
    assert (scheme.id, scheme.name) == (0, "direct")
    assert [step.targets for step in scheme.steps if hasattr(step, "targets")] == [(MARY,)]
