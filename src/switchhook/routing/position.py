"""The position of a call in its scheme: reads it and moves it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from switchhook.domain.call import DialPlanReturn
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import FAILED, FIRST, SUCCESS, AskDialPlanStep, RingStep, Scheme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.journal import EntryFacts
    from switchhook.domain.scheme import Step
    from switchhook.routing.context import TransitionContext

MAX_JUMPS = 10
"""How often a call may go from scheme to scheme [A-57]."""
DIRECT_TIMEOUT = 120.0
"""Seconds that a dialled colleague or outside number may ring."""


class StepResult(Enum):
    """The result of a step."""

    TAKEN = auto()
    """It waits for something, or has ended the call."""
    CONTINUE = auto()
    """It is done, or could not place the call: the next step is due."""
    NO_DESTINATION = auto()
    """As CONTINUE, because no webhook returned a destination [A-48]."""
    JUMPED = auto()
    """The call stands elsewhere now, at a step that is due."""


def scheme_of(call: Call) -> Scheme | None:
    """Return the scheme that is executed; a dialled target is a scheme of one step."""
    position = call.position
    if position.direct is None:
        return call.snapshot.schemes.get(position.scheme)
    direct = RingStep(targets=(position.direct,), timeout=DIRECT_TIMEOUT)
    return Scheme(id=0, name="direct", steps=(direct,))


def step_of(call: Call) -> Step | None:
    """Return the step that the call stands at."""
    scheme = scheme_of(call)
    return None if scheme is None else scheme.step_at(call.position.path)


def advance(ctx: TransitionContext) -> None:
    """Stand at the next step."""
    scheme = scheme_of(ctx.call)
    if scheme is not None:
        ctx.change_position(path=scheme.next_path(ctx.call.position.path))


def enter_branch(ctx: TransitionContext, branch: str) -> StepResult:
    """Stand at the top of a branch of the current step."""
    ctx.change_position(path=(*ctx.call.position.path, branch, *FIRST))
    return StepResult.JUMPED


def jump_to_scheme(ctx: TransitionContext, scheme: int, number: str = "") -> StepResult:
    """Go to the first step of another scheme, perhaps the one of `number`.

    Hands on, with a notice, when that cannot be.
    """
    if scheme not in ctx.call.snapshot.schemes:
        ctx.write_journal(EntryKind.NOTICE, f"scheme {scheme} is not in this project")
        return StepResult.CONTINUE
    if not may_jump(ctx):
        return StepResult.CONTINUE
    ctx.change_position(scheme=scheme, direct=None, path=FIRST, jumps=ctx.call.position.jumps + 1)
    ctx.change_asks(returned=())
    name = ctx.call.snapshot.schemes[scheme].name
    facts: EntryFacts = (("scheme", str(scheme)),)
    ctx.write_journal(
        EntryKind.JUMPED, name, facts=(*facts, ("number", number)) if number else facts
    )
    return StepResult.JUMPED


def may_jump(ctx: TransitionContext) -> bool:
    """Say whether the call may go to one more scheme; note it where it went too often [A-57]."""
    if ctx.call.position.jumps < MAX_JUMPS:
        return True
    ctx.write_journal(EntryKind.NOTICE, f"more than {MAX_JUMPS} jumps between schemes")
    return False


def journal_branch(ctx: TransitionContext, branch: str, why: str) -> None:
    """Write down which branch a step takes by itself, and why."""
    ctx.write_journal(EntryKind.BRANCH, f"{branch}: {why}", facts=(("branch", branch),))


def leave_branch(ctx: TransitionContext, *, no_destination: bool) -> bool:
    """Stand behind the step whose branch has no more steps. False where it was no branch.

    A success branch that ended for want of a destination makes way for the failed one [A-48].
    """
    scheme = scheme_of(ctx.call)
    enclosing = () if scheme is None else scheme.enclosing(ctx.call.position.path)
    if scheme is None or not enclosing:
        return False
    at, step, branch = enclosing[0]
    ctx.change_position(path=at)
    if no_destination and isinstance(step, AskDialPlanStep) and branch == SUCCESS:
        journal_branch(ctx, FAILED, "success found no destination to ring")
        enter_branch(ctx, FAILED)
    else:
        advance(ctx)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlanBranch:
    """A dial-plan step in whose branch a call is."""

    step: AskDialPlanStep
    branch: str
    returned: DialPlanReturn | None
    """The webhook's values with it."""


def dial_plan_branches(call: Call) -> Iterator[DialPlanBranch]:
    """Yield every dial-plan step in whose branch the call is, the nearest first."""
    scheme = scheme_of(call)
    for at, step, branch in () if scheme is None else scheme.enclosing(call.position.path):
        if isinstance(step, AskDialPlanStep):
            returned = next((given for given in call.asks.returned if given.at == at), None)
            yield DialPlanBranch(step=step, branch=branch, returned=returned)


def dial_plan_branch(call: Call) -> DialPlanBranch | None:
    """Return the nearest of them."""
    return next(dial_plan_branches(call), None)
