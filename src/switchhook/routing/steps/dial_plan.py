"""The step that asks a dial-plan webhook which branch the call takes, perhaps after a code (R5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import Given
from switchhook.domain.journal import Happening
from switchhook.domain.scheme import FAILED, SUCCESS, AskDialPlan
from switchhook.domain.webhook import Dialect
from switchhook.routing import collect, prompts
from switchhook.routing.places import Went, enter, note_branch, step_of
from switchhook.routing.steps import ask

if TYPE_CHECKING:
    from switchhook.domain.call import Asked
    from switchhook.domain.journal import Facts
    from switchhook.domain.webhook import DialPlanWebhook
    from switchhook.routing.events import VerdictGiven
    from switchhook.routing.move import Move

LONGEST_CODE = 32
"""Digits after which a code is complete, whoever goes on pressing."""
MOST_VARIABLES = 100
"""How many variables a call keeps."""
END = "#"
"""Completes a code, and is no part of it [A-47]."""


def begin(move: Move, step: AskDialPlan) -> Went:
    """Ask, or have the caller enter a code first (R5-17, A-51)."""
    webhook = move.call.plan.dial_plan_webhooks.get(step.webhook)
    if webhook is None:
        move.record(Happening.NOTICE, f"dial-plan webhook {step.webhook!r} is not in this project")
        return _take(move, FAILED, "there is nobody to ask")
    if not webhook.use_ivr:
        return _ask(move, webhook)
    collect.begin(move, _sounds(webhook.start_message), webhook.code_timeout)
    return Went.TAKEN


def timeout(move: Move, step: AskDialPlan) -> float:
    """Return how many seconds the caller has to begin with the code (R5-18)."""
    webhook = move.call.plan.dial_plan_webhooks.get(step.webhook)
    return 0.0 if webhook is None else webhook.code_timeout


def pressed(move: Move, step: AskDialPlan, digit: str) -> Went:
    """Add a digit to the code; ask when it is complete."""
    webhook = move.call.plan.dial_plan_webhooks.get(step.webhook)
    collecting = move.call.collecting
    if webhook is None or collecting is None:
        return Went.TAKEN
    if digit != END:
        digits = collect.add(move, digit, webhook.digit_pause)
        return _complete(move, webhook, digits) if len(digits) >= LONGEST_CODE else Went.TAKEN
    return _complete(move, webhook, collecting.digits) if collecting.digits else Went.TAKEN


def overdue(move: Move, step: AskDialPlan) -> Went:
    """No further digit: what was entered is the code. No digit at all: one attempt is used up [A-47]."""
    webhook = move.call.plan.dial_plan_webhooks.get(step.webhook)
    collecting = move.call.collecting
    if webhook is None or collecting is None:
        return Went.HANDED_ON
    if collecting.digits:
        return _complete(move, webhook, collecting.digits)
    move.record(Happening.KEYED, "no code in time")
    attempt = collect.done(move)
    return _again(move, webhook, attempt, webhook.timeout_message)


def judged(move: Move, event: VerdictGiven) -> Went:
    """Follow the webhook's word: a branch, or after NAK another code (R5-34, R5-35)."""
    asked = move.call.asked
    webhook = _asked(move, asked)
    ask.settle(move, Happening.ANSWER, event.text, event.notices, event.exchange)
    _keep(move, event)
    if event.accepted:
        return _take(move, SUCCESS, event.text)
    if webhook is None or asked is None or not webhook.use_ivr:
        return _take(move, FAILED, event.text)
    return _again(move, webhook, asked.attempt, webhook.error_message)


def failed(move: Move) -> Went:
    """Take the failed branch at once, whatever attempts are left (R5-27, R5-36)."""
    if not isinstance(step_of(move.call), AskDialPlan):
        return Went.HANDED_ON
    return _take(move, FAILED, "no answer that counts")


def _take(move: Move, branch: str, why: str) -> Went:
    note_branch(move, branch, why)
    return enter(move, branch)


def _ask(move: Move, webhook: DialPlanWebhook, code: str = "", attempt: int = 1) -> Went:
    facts: Facts = (("attempt", str(attempt)),) if code else ()
    if code and not webhook.mask_code:
        facts = (*facts, ("code", code))
    move.change(given=tuple(given for given in move.call.given if given.at != move.call.path))
    ask.put(
        move,
        webhook.name,
        Dialect.DIAL_PLAN,
        webhook.time_limit,
        code=code,
        attempt=attempt,
        facts=facts,
    )
    return Went.TAKEN


def _complete(move: Move, webhook: DialPlanWebhook, code: str) -> Went:
    attempt = collect.done(move)
    if webhook.mask_code and code not in move.call.codes:
        move.change(codes=(*move.call.codes, code))
    return _ask(move, webhook, code, attempt)


def _again(move: Move, webhook: DialPlanWebhook, attempt: int, message: str) -> Went:
    """Play why it did not work, and let the caller enter another code while attempts are left (R5-19)."""
    if attempt >= webhook.attempts:
        note_branch(move, FAILED, f"attempt {attempt} of {webhook.attempts}")
        return prompts.say(move, _sounds(message), then=FAILED)
    collect.begin(move, _sounds(message), webhook.code_timeout, attempt=attempt + 1)
    return Went.TAKEN


def _keep(move: Move, event: VerdictGiven) -> None:
    given = Given(at=move.call.path, destination=event.destination, caller_name=event.caller_name)
    variables = {**dict(move.call.variables), **dict(event.variables)}
    move.change(
        given=(*move.call.given, given),
        variables=tuple(variables.items())[:MOST_VARIABLES],
    )


def _asked(move: Move, asked: Asked | None) -> DialPlanWebhook | None:
    return None if asked is None else move.call.plan.dial_plan_webhooks.get(asked.webhook)


def _sounds(message: str) -> tuple[str, ...]:
    return (message,) if message else ()
