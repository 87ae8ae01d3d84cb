"""Reads the answers of every dialect. Pure; no bytes make it raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.webhooks.dialects import dial_plan_answer, forwarding_number_answer
from switchhook.webhooks.reading import (
    Ack,
    AnswerReading,
    Decision,
    DialPlanReading,
    ForwardingNumberReading,
    Nak,
    ReadAs,
    RingTargets,
    SchemeId,
    Verdict,
)

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
    from switchhook.webhooks.http import HttpResponse


def read_answer(
    webhook: ForwardingNumber, response: HttpResponse, snapshot: ProjectSnapshot, *, ask_id: str
) -> ForwardingNumberReading:
    """Say what an endpoint's answer means for the call. Never raises, and makes up no destination.

    `ask_id` is the one that `render_ask` was given: a JSON-RPC response to another is refused.
    """
    return forwarding_number_answer.read(webhook, response, snapshot, ask_id=ask_id)


def read_dial_plan_answer(
    webhook: DialPlanWebhook, response: HttpResponse, snapshot: ProjectSnapshot
) -> DialPlanReading:
    """Say which branch an endpoint's answer opens, and what it gives along. Never raises.

    Makes up no destination: its digits, its login or its address all stand in the answer.
    """
    return dial_plan_answer.read(webhook, response, snapshot)


__all__ = [
    "Ack",
    "AnswerReading",
    "Decision",
    "DialPlanReading",
    "ForwardingNumberReading",
    "Nak",
    "ReadAs",
    "RingTargets",
    "SchemeId",
    "Verdict",
    "read_answer",
    "read_dial_plan_answer",
]
