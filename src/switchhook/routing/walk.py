"""Walking a scheme: from step to step until one takes the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.call import Direction
from switchhook.domain.journal import EntryKind
from switchhook.domain.location import location_of
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
from switchhook.routing.places import (
    DIRECT_TIMEOUT,
    MAX_JUMPS,
    Went,
    advance,
    jump,
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

    from switchhook.domain.journal import Facts
    from switchhook.domain.scheme import Step
    from switchhook.routing.context import TransitionContext

FALLBACK_TIMEOUT = 60.0
"""Seconds that the project's fallback may ring."""


def walk(ctx: TransitionContext) -> None:
    """Take the step that the call stands at; go on until one has begun or the call has ended."""
    ctx.change(ringing=None)
    went = Went.MOVED
    while went is not Went.TAKEN:
        scheme = scheme_of(ctx.call)
        step = None if scheme is None else scheme.step_at(ctx.call.path)
        if scheme is not None and step is not None:
            at = " ".join(map(str, ctx.call.path))
            facts = (("scheme", str(scheme.id)), ("step", step.word), ("at", at))
            more = _branch(ctx) + _location(ctx, step)
            ctx.write_journal(EntryKind.STEP, scheme.name, facts=facts + more)
            went = _begin(ctx, step)
        elif not leave_branch(ctx, no_destination=went is Went.NO_DESTINATION):
            return _leave_scheme(ctx)
    return None


def _branch(ctx: TransitionContext) -> Facts:
    """Say in which branch the call is, for a step that stands in one."""
    branch = ctx.call.path[-2:-1]
    return (("branch", str(branch[0])),) if branch else ()


def _location(ctx: TransitionContext, step: Step) -> Facts:
    """Say which location a step is, as vendors' call logs name it (R1-126)."""
    location = location_of(step, ctx.call.plan)
    return (("location", location),) if location else ()


def go_on(ctx: TransitionContext) -> None:
    """Leave a step that could not place the call, and walk on from the next."""
    advance(ctx)
    walk(ctx)


def follow(ctx: TransitionContext, went: Went) -> None:
    """Go on after a step that heard something."""
    match went:
        case Went.TAKEN:
            return None
        case Went.MOVED:
            return walk(ctx)
        case Went.HANDED_ON | Went.NO_DESTINATION:
            return go_on(ctx)


def go_to(ctx: TransitionContext, scheme: int) -> None:
    """Go on in another scheme, as a webhook said; where that is not allowed, with the next step of this one."""
    went = jump(ctx, scheme)
    ctx.change(is_unplaced=went is not Went.MOVED)
    follow(ctx, went)


def _go_to(ctx: TransitionContext, step: GoToStep) -> Went:
    return jump(ctx, step.scheme)


BEGIN: Mapping[type[Step], Callable[[TransitionContext, Any], Went]] = {
    AskStep: ask.begin,
    AskDialPlanStep: dial_plan.begin,
    RingStep: ring.begin_step,
    RingDestinationStep: ring.begin_destination,
    GoToStep: _go_to,
    HangUpStep: hang_up.begin,
    PlayStep: play.begin,
    BackgroundStep: play.set_background,
    MenuStep: menu.begin,
    HoursStep: hours.begin,
    VoicemailStep: voicemail.begin,
    RateStep: rate.begin,
    RecordStep: record.begin,
}
"""What is done where the walk comes to a step."""


def _begin(ctx: TransitionContext, step: Step) -> Went:
    went = BEGIN[type(step)](ctx, step)
    if went in {Went.HANDED_ON, Went.NO_DESTINATION}:
        advance(ctx)
    return went


def _leave_scheme(ctx: TransitionContext) -> None:
    """Try the project's fallback once, then end [A-54]."""
    fallback = ctx.call.plan.project.fallback
    if fallback is None or ctx.call.on_fallback or ctx.call.direction is not Direction.INCOMING:
        return end_unplaced(ctx)
    ctx.change(on_fallback=True)
    ctx.write_journal(EntryKind.FALLBACK, f"no step placed the call; trying {fallback}")
    order, seconds = RingOrder.ALL_AT_ONCE, FALLBACK_TIMEOUT
    return follow(ctx, ring.begin(ctx, (fallback,), order, seconds, is_written=True))


__all__ = ["DIRECT_TIMEOUT", "FALLBACK_TIMEOUT", "MAX_JUMPS", "follow", "go_on", "go_to", "walk"]
