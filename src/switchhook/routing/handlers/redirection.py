"""A telephone that sends a call elsewhere (3xx): followed within the project, and outside by its policy.

A desk phone that is set to forward all calls answers so (RFC 3261 §8.1.3.4). What it names is looked up in
its own project alone, whatever host stands behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.cause import Cause, attempt_end
from switchhook.domain.journal import EntryKind
from switchhook.domain.outside_rules import refusal_reason
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.routing.executor import apply_result
from switchhook.routing.position import StepResult, jump_to_scheme
from switchhook.routing.steps import ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.call import Call, Leg
    from switchhook.domain.project import Number
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import LegRedirected

MAX_REDIRECTIONS: Final = 5
"""How often telephones may send one call elsewhere: two that name each other end there."""
FORWARDED: Final = Cause(sip=302, text="forwards its calls")


def leg_redirected(ctx: TransitionContext, event: LegRedirected) -> None:
    """Ring the redirection's target for the waiting caller, and write it into the journal."""
    follow_redirect(ctx, event, _ring_too)


def follow_redirect(
    ctx: TransitionContext,
    event: LegRedirected,
    ring_too: Callable[[TransitionContext, Leg, Target], bool],
) -> None:
    """Follow a telephone's redirection to the first allowed target that `ring_too` rings."""
    leg = ctx.call.leg(event.leg)
    if leg is None or leg.target is None or not leg.is_live:
        return
    named = ", ".join(event.users)
    if leg.target.kind is not TargetKind.ACCOUNT:
        note(ctx, leg, f"{leg.target} redirects to {named}, which only an account's telephone may")
    elif ctx.call.redirections >= MAX_REDIRECTIONS:
        note(
            ctx, leg, f"forwarding by {leg.target} to {named} is not followed: it goes in a circle"
        )
    else:
        ctx.change(redirections=ctx.call.redirections + 1)
        targets = (_redirect_target(ctx.call, user, ctx.now) for user in event.users)
        if not any(target is not None and ring_too(ctx, leg, target) for target in targets):
            note(ctx, leg, f"{leg.target} forwards its calls to {named}, where none may ring")


def _ring_too(ctx: TransitionContext, leg: Leg, target: Target) -> bool:
    own = ctx.call.snapshot.project_number(target)
    if own is not None:
        return _continue_with_scheme(ctx, leg, own)
    note(ctx, leg, f"{leg.target} forwards its calls to {target}")
    ring.ring_also(ctx, target, account=str(leg.target))
    return True


def _redirect_target(call: Call, user: str, now: float) -> Target | None:
    """Return what a telephone of the project may forward to: prefixes and hours hold for it too."""
    named = call.snapshot.internal_target(user)
    number = clean_number(user)
    if named is not None or number is None:
        return named
    target = Target(kind=TargetKind.NUMBER, value=number)
    has_trunk = any(trunk.outgoing for trunk in call.snapshot.project.trunks)
    is_own = call.snapshot.project_number(target) is not None
    return (
        target if is_own or (has_trunk and not refusal_reason(call.snapshot, target, now)) else None
    )


def _continue_with_scheme(ctx: TransitionContext, leg: Leg, own: Number) -> bool:
    """Go on with the scheme of a number of the project, when no other target rings or waits."""
    ringing = ctx.call.ring_round
    if len(ctx.call.live_called_legs) > 1 or (ringing is not None and ringing.waiting):
        return False
    note(ctx, leg, f"{leg.target} forwards its calls to {own.number}")
    ctx.end_leg(leg, attempt_end(FORWARDED), FORWARDED)
    if (result := jump_to_scheme(ctx, own.scheme, number=own.number)) is StepResult.JUMPED:
        ctx.change_position(is_unplaced=False)
    apply_result(ctx, result)
    return True


def note(ctx: TransitionContext, leg: Leg, text: str) -> None:
    """Write it down, under the leg."""
    ctx.write_journal(EntryKind.NOTICE, text, leg=leg.id)
