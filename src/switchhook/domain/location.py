"""A location of a scheme, as vendors name it: what kind it is and how long it may ring (R1-61, R1-126)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.scheme import AskStep, RingDestinationStep, RingStep

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.scheme import Step
    from switchhook.domain.webhook import ForwardingNumber


def ask_location(webhook: ForwardingNumber) -> str:
    """Return `webhookNumber:90`: the seconds are those that the returned direction rings [A-08]."""
    return f"webhookNumber:{_whole(webhook.ring_timeout)}"


def location_of(step: Step, snapshot: ProjectSnapshot) -> str:
    """Return a step's name as a location; "" if it is none."""
    match step:
        case AskStep(webhook=name) if name in snapshot.webhooks:
            return ask_location(snapshot.webhooks[name])
        case RingStep(timeout=timeout) | RingDestinationStep(timeout=timeout):
            return f"phone:{_whole(timeout)}"
        case _:
            return ""


def _whole(seconds: float) -> int:
    """Leave a fraction out: receivers read an integer, and never more than it rings."""
    return int(seconds)
