"""Executes a scheme: from step to step until one takes the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.call import Direction
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import location_of
from switchhook.domain.scheme import (
    AskDialPlanStep,
    AskStep,
    BackgroundStep,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuStep,
    PlayStep,
    RateStep,
    RecordStep,
    RingDestinationStep,
    RingStep,
    VoicemailStep,
)
from switchhook.domain.webhook import RingOrder
from switchhook.routing.ending import end_unplaced
from switchhook.routing.position import (
    StepResult,
    advance,
    jump_to_scheme,
    leave_branch,
    scheme_of,
)
from switchhook.routing.steps import (
    ask,
    dial_plan,
    hang_up,
    hours,
    menu,
    play,
    rate,
    record,
    ring,
    voicemail,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.domain.journal import EntryFacts
    from switchhook.domain.scheme import Step
    from switchhook.routing.context import TransitionContext

FALLBACK_TIMEOUT = 60.0
"""Seconds that the project's fallback may ring."""


def execute(ctx: TransitionContext) -> None:
    """Take the step that the call stands at; go on until one has begun or the call has ended."""
    ctx.change(ring_round=None)
    result = StepResult.JUMPED
    while result is not StepResult.TAKEN:
        scheme = scheme_of(ctx.call)
        step = None if scheme is None else scheme.step_at(ctx.call.position.path)
        if scheme is not None and step is not None:
            at = " ".join(map(str, ctx.call.position.path))
            facts = (("scheme", str(scheme.id)), ("step", step.word), ("at", at))
            more = _branch(ctx) + _location(ctx, step)
            ctx.write_journal(EntryKind.STEP, scheme.name, facts=facts + more)
            result = _begin_step(ctx, step)
        elif not leave_branch(ctx, no_destination=result is StepResult.NO_DESTINATION):
            return _ring_fallback(ctx)
    return None


def _branch(ctx: TransitionContext) -> EntryFacts:
    """Say in which branch the call is, for a step that stands in one."""
    branch = ctx.call.position.path[-2:-1]
    return (("branch", str(branch[0])),) if branch else ()


def _location(ctx: TransitionContext, step: Step) -> EntryFacts:
    """Say which location a step is, as vendors' call logs name it (R1-126)."""
    location = location_of(step, ctx.call.snapshot)
    return (("location", location),) if location else ()


def execute_next(ctx: TransitionContext) -> None:
    """Leave a step that could not place the call, and execute the next."""
    advance(ctx)
    execute(ctx)


def apply_result(ctx: TransitionContext, result: StepResult) -> None:
    """Go on after a step that took an event."""
    match result:
        case StepResult.TAKEN:
            return None
        case StepResult.JUMPED:
            return execute(ctx)
        case StepResult.CONTINUE | StepResult.NO_DESTINATION:
            return execute_next(ctx)


def execute_scheme(ctx: TransitionContext, scheme: int) -> None:
    """Go on in the scheme that a webhook named; if that is not allowed, with the next step of this one."""
    result = jump_to_scheme(ctx, scheme)
    ctx.change_position(is_unplaced=result is not StepResult.JUMPED)
    apply_result(ctx, result)


def _jump(ctx: TransitionContext, step: GoToStep) -> StepResult:
    return jump_to_scheme(ctx, step.scheme)


STEPS: Mapping[type[Step], Callable[[TransitionContext, Any], StepResult]] = {
    AskStep: ask.begin,
    AskDialPlanStep: dial_plan.begin,
    RingStep: ring.begin_step,
    RingDestinationStep: ring.begin_destination,
    GoToStep: _jump,
    HangUpStep: hang_up.begin,
    PlayStep: play.begin,
    BackgroundStep: play.set_background,
    MenuStep: menu.begin,
    HoursStep: hours.begin,
    VoicemailStep: voicemail.begin,
    RateStep: rate.begin,
    RecordStep: record.begin,
}
"""The function that begins each kind of step."""


def _begin_step(ctx: TransitionContext, step: Step) -> StepResult:
    result = STEPS[type(step)](ctx, step)
    if result in {StepResult.CONTINUE, StepResult.NO_DESTINATION}:
        advance(ctx)
    return result


def _ring_fallback(ctx: TransitionContext) -> None:
    """Try the project's fallback once, then end [A-54]."""
    call, fallback = ctx.call, ctx.call.snapshot.project.fallback
    was_tried = call.position.on_fallback
    if fallback is None or was_tried or call.direction is not Direction.INCOMING:
        return end_unplaced(ctx)
    ctx.change_position(on_fallback=True)
    ctx.write_journal(EntryKind.FALLBACK, f"no step placed the call; trying {fallback}")
    order, seconds = RingOrder.ALL_AT_ONCE, FALLBACK_TIMEOUT
    return apply_result(ctx, ring.begin(ctx, (fallback,), order, seconds, is_written=True))
