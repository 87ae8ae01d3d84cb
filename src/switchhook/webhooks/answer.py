"""Reads every answer: the one door to the dialects. Pure, and never surprised by any bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.webhooks.dialects import forwarding_number_answer
from switchhook.webhooks.reading import Decision, Direction, Reading, ReadingStep, SchemeId

if TYPE_CHECKING:
    from switchhook.domain.project import Plan
    from switchhook.domain.webhook import ForwardingNumber
    from switchhook.webhooks.http import HttpResponse


def read_answer(
    webhook: ForwardingNumber, response: HttpResponse, plan: Plan, *, ask_id: str
) -> Reading:
    """Say what an endpoint's answer means for the call. Never raises, and makes up no destination.

    `ask_id` is the one that `render_ask` was given: a JSON-RPC response to another is refused.
    """
    return forwarding_number_answer.read(webhook, response, plan, ask_id=ask_id)


__all__ = ["Decision", "Direction", "Reading", "ReadingStep", "SchemeId", "read_answer"]
