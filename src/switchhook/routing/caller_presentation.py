"""Presentation of the caller to those who are rung: number and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import Direction
from switchhook.domain.event_stream import Amendment, StreamEventType
from switchhook.domain.scheme import (
    SUCCESS,
    UNCHANGED_NAME,
    NameChoice,
    RingDestinationStep,
    RingStep,
)
from switchhook.domain.webhook import CallerIdForwarding
from switchhook.routing.position import dial_plan_branch, dial_plan_branches, step_of

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.scheme import CallerName
    from switchhook.routing.context import TransitionContext


def adopt_caller_name(ctx: TransitionContext, choice: CallerName) -> None:
    """Make the returned name the current one, if the step wants it and the answer has one (R5-29, A-53)."""
    if choice.choice is not NameChoice.WEBHOOK:
        return
    found = dial_plan_branch(ctx.call)
    returned = None if found is None else found.returned
    if returned is not None and returned.caller_name:
        change_caller_name(ctx, returned.caller_name)


def change_caller_name(ctx: TransitionContext, name: str) -> None:
    """Call the caller by another name from now on; whoever follows the call is told (N-19)."""
    before = ctx.call.asks.caller_name or ctx.call.caller.name
    ctx.change_asks(caller_name=name)
    if name != before:
        change = Amendment(field="caller.name", before=before, after=name)
        ctx.publish(StreamEventType.CALL_AMENDED, changes=(change,))


def adopt_answered_name(ctx: TransitionContext, name: str) -> None:
    """Make the name that a forwarding number's answer gave the current one, if it gave one."""
    if name:
        change_caller_name(ctx, name)


def presentation(call: Call) -> tuple[str, str]:
    """Return number and name of the caller for a leg that the current step rings.

    No number: anonymous, and then the name is not shown either.
    """
    number = _number(call)
    is_anonymous = not number and bool(call.caller.shown_number)
    return number, "" if is_anonymous else _name(call)


def _number(call: Call) -> str:
    """Follow the caller ID forwarding of the webhook in whose success branch the step stands (R5-06…09, A-52).

    A failed branch shows the original caller. Within the success branch of another webhook it shows that one's
    caller: a failed look-up must not uncover a suppressed number.
    """
    if call.callback is not None and call.callback.shown and call.direction is Direction.OUTGOING:
        return call.callback.shown
    found = next((one for one in dial_plan_branches(call) if one.branch == SUCCESS), None)
    caller = call.caller.shown_number
    if found is None:
        return caller
    webhook = call.snapshot.dial_plan_webhooks.get(found.step.webhook)
    forwarding = CallerIdForwarding.CALLER if webhook is None else webhook.caller_id_forwarding
    match forwarding:
        case CallerIdForwarding.CALLER:
            return caller
        case CallerIdForwarding.CALLED:
            return call.callee
        case CallerIdForwarding.SUPPRESSED:
            return ""


def _name(call: Call) -> str:
    step = step_of(call)
    choice = (
        step.caller_name if isinstance(step, RingStep | RingDestinationStep) else UNCHANGED_NAME
    )
    current = call.asks.caller_name or call.caller.shown_name
    match choice.choice:
        case NameChoice.PREPEND:
            return choice.text + current
        case NameChoice.REPLACE:
            return choice.text
        case NameChoice.CURRENT | NameChoice.WEBHOOK:
            return current
