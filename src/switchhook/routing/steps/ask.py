"""The step that asks a forwarding number where the call goes, and what all asking has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import Asked, CallState
from switchhook.domain.journal import Happening
from switchhook.domain.webhook import Dialect
from switchhook.routing import prompts
from switchhook.routing.commands import AskWebhook
from switchhook.routing.places import Went

if TYPE_CHECKING:
    from switchhook.domain.journal import Facts
    from switchhook.domain.scheme import Ask
    from switchhook.domain.webhook import ForwardingNumber
    from switchhook.routing.move import Move

GRACE = 0.25
"""Seconds that the engine waits beyond the webhook's own deadline before it goes on by itself."""


def begin(move: Move, step: Ask) -> Went:
    """Ask; the caller hears ringing meanwhile. Hands on when the webhook does not exist."""
    webhook = move.call.plan.webhooks.get(step.webhook)
    if webhook is None:
        move.record(Happening.NOTICE, f"forwarding number {step.webhook!r} is not in this project")
        return Went.HANDED_ON
    put(move, webhook.name, Dialect.FORWARDING_NUMBER, webhook.time_limit)
    return Went.TAKEN


def put(
    move: Move,
    webhook: str,
    dialect: Dialect,
    time_limit: float,
    *,
    code: str = "",
    attempt: int = 1,
    facts: Facts = (),
) -> None:
    """Ask while the caller waits; the engine names the ask. `facts` go into the journal."""
    move.change(state=CallState.ASKING, ringing=None)
    order(move, webhook, dialect, time_limit, code=code, attempt=attempt, facts=facts)


def order(
    move: Move,
    webhook: str,
    dialect: Dialect,
    time_limit: float,
    *,
    code: str = "",
    attempt: int = 1,
    facts: Facts = (),
) -> None:
    """Order the same, whatever else goes on in the call."""
    ask_id = f"{move.call.id}-{move.call.asks + 1}"
    asked = Asked(
        id=ask_id,
        webhook=webhook,
        asked_at=move.now,
        dialect=dialect,
        attempt=attempt,
    )
    move.change(asks=move.call.asks + 1, asked=asked, wake_at=move.now + time_limit + GRACE)
    move.record(Happening.ASKED, webhook, facts=(("ask", ask_id), *facts))
    if move.call.state is CallState.ASKING:
        prompts.wait(move)
    move.order(AskWebhook(ask=ask_id, webhook=webhook, dialect=dialect, code=code))


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
        if asked.dialect is Dialect.FORWARDING_NUMBER and move.call.state is CallState.ASKING:
            move.change(is_unplaced=True)  # until something rings, or another scheme is walked
    move.change(asked=None, wake_at=None)


def webhook_of(move: Move) -> ForwardingNumber | None:
    """Return the forwarding number that is being asked."""
    asked = move.call.asked
    if asked is None or asked.dialect is not Dialect.FORWARDING_NUMBER:
        return None
    return move.call.plan.webhooks.get(asked.webhook)
