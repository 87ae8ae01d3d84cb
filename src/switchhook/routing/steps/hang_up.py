"""The step that ends the call with a declared status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.routing.ending import end

if TYPE_CHECKING:
    from switchhook.routing.move import Move

_OUTCOMES = {486: Outcome.BUSY, 600: Outcome.BUSY, 480: Outcome.UNREACHABLE}


def end_with(move: Move, status: int) -> None:
    """End the call; the caller gets this SIP status."""
    outcome = _OUTCOMES.get(status, Outcome.REJECTED)
    end(move, outcome, EndedBy.SYSTEM, Cause(sip=status, text="the scheme hangs up"))
