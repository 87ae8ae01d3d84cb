"""The step that asks a forwarding number where the call goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import Asked, CallState
from switchhook.domain.journal import Happening
from switchhook.routing.commands import AskWebhook, ShowRinging

if TYPE_CHECKING:
    from switchhook.domain.journal import Facts
    from switchhook.domain.scheme import Ask
    from switchhook.domain.webhook import ForwardingNumber
    from switchhook.routing.move import Move

GRACE = 0.25
"""Seconds that the engine waits beyond the webhook's own deadline before it goes on by itself."""


def begin(move: Move, step: Ask) -> bool:
    """Ask; the caller hears ringing meanwhile. False when the webhook does not exist."""
    webhook = move.call.plan.webhooks.get(step.webhook)
    if webhook is None:
        move.record(Happening.NOTICE, f"forwarding number {step.webhook!r} is not in this project")
        return False
    ask_id = f"{move.call.id}-{move.call.asks + 1}"
    move.change(
        state=CallState.ASKING,
        asks=move.call.asks + 1,
        asked=Asked(id=ask_id, webhook=step.webhook, asked_at=move.now),
        ringing=None,
        wake_at=move.now + webhook.response_timeout + GRACE,
    )
    move.record(Happening.ASKED, step.webhook, facts=(("ask", ask_id),))
    move.order(ShowRinging(), AskWebhook(ask=ask_id, webhook=step.webhook))
    return True


def settle(
    move: Move, happening: Happening, text: str, notices: tuple[str, ...], exchange: Facts
) -> None:
    """Write down what the answer was and how it came; nothing is asked any more."""
    for notice in notices:
        move.record(Happening.NOTICE, notice)
    asked = move.call.asked
    if asked is not None:
        seconds = f"{move.now - asked.asked_at:.4f}"
        move.record(
            happening, text, facts=(("webhook", asked.webhook), ("seconds", seconds), *exchange)
        )
    move.change(asked=None, wake_at=None)


def webhook_of(move: Move) -> ForwardingNumber | None:
    """Return the forwarding number that is being asked."""
    asked = move.call.asked
    return None if asked is None else move.call.plan.webhooks.get(asked.webhook)
