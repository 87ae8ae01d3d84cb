"""The step that ends the call with a declared status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.routing.ending import end
from switchhook.routing.position import StepResult

if TYPE_CHECKING:
    from switchhook.domain.scheme import HangUpStep
    from switchhook.routing.context import TransitionContext

_OUTCOMES = {486: Outcome.BUSY, 600: Outcome.BUSY, 480: Outcome.UNREACHABLE}


def begin(ctx: TransitionContext, step: HangUpStep) -> StepResult:
    """End the call; the caller gets this SIP status."""
    outcome = _OUTCOMES.get(step.status, Outcome.REJECTED)
    end(ctx, outcome, EndedBy.SYSTEM, Cause(sip=step.status, text="the scheme hangs up"))
    return StepResult.TAKEN
