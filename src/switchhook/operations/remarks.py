"""What a person may like to know of a project in which nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.documents.mistakes import shown
from switchhook.domain.event import EventFormat
from switchhook.domain.project import Plan
from switchhook.domain.scheme import Ring, branches
from switchhook.routing.own_numbers import left_out, only_own, why_left_out
from switchhook.webhooks.raw import is_json, left_as_they_are
from switchhook.webhooks.request import content_type, effective_method, has_body, told_by
from switchhook.webhooks.url import placeholders
from switchhook.webhooks.wire import JSON_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.event import EventWebhook
    from switchhook.domain.project import Project
    from switchhook.domain.scheme import Step


def remarks(project: Project) -> Iterator[str]:
    """Yield a sentence for each thing that is done otherwise than it was written, or to no purpose.

    The method of a forwarding number that JSON sets (R1-14, R3-16, A-05); an account or group that is
    called like an emergency number; numbers of the project that it rings itself; codes that no
    endpoint gets to judge (R5-11, R5-17); what does not come out of an event's body (R2-28); what looks
    like a placeholder in a mail and is none.
    """
    for webhook in project.forwarding_numbers:
        method = effective_method(webhook)
        if method is not webhook.method:
            yield (
                f"forwarding number {webhook.name!r} is asked by {method} (set by JSON),"
                f" not by {webhook.method}"
            )
    names = [(account.login, "account of that login") for account in project.accounts]
    names += [(group.name, "group of that name") for group in project.groups]
    for name, what in names:
        if project.screening.is_emergency(name):
            yield f"who dials {name} reaches the emergency service, not the {what}"
    yield from _own_numbers(project)
    yield from _mails(project)
    for gate in project.dial_plan_webhooks:
        sends_code = "code" in placeholders(gate.url_template)
        if gate.use_ivr and not sends_code:
            yield (
                f"dial-plan webhook {gate.name!r} has callers enter a code,"
                " but its URL template holds no {code}"
            )
        elif sends_code and not gate.use_ivr:
            yield f"dial-plan webhook {gate.name!r} has no code to send for {{code}}: use_ivr is off"
    for told in project.event_webhooks:
        yield from (f"event webhook {told.name!r} {remark}" for remark in _of_event(told))


def _of_event(webhook: EventWebhook) -> Iterator[str]:
    """Yield what becomes of the method that was chosen, and of the body (R2-24, R2-28, A-05)."""
    method = told_by(webhook)
    if method is not webhook.method:
        yield f"is told by {method} (set by JSON-RPC), not by {webhook.method}"
    if webhook.format is not EventFormat.RAW:
        return
    if not has_body(webhook):
        yield f"sends no body: {method} has none"
        return
    if webhook.placeholders:
        for left in left_as_they_are(webhook.body):
            yield f"sends {left} as it stands: it names no parameter"
    declared = content_type(webhook).partition(";")[0].strip().lower()
    if webhook.body and declared == JSON_TYPE and not is_json(webhook.body):
        yield f"says {declared}, and its body is no JSON"


def _mails(project: Project) -> Iterator[str]:
    """Yield what of mails looks like a placeholder and is none."""
    for mail in project.event_mails:
        for place, text in (("subject", mail.subject), ("text", mail.text)):
            for left in left_as_they_are(text):
                yield f"the {place} of event mail {mail.name!r} holds {shown(left)}, which is sent as it stands"


def _own_numbers(project: Project) -> Iterator[str]:
    """Yield what becomes of the project's numbers among what it rings itself."""
    plan = Plan(project)
    places = [
        (f"a ring step of scheme {scheme.id}", step.targets)
        for scheme in project.schemes
        for step in _rings(scheme.steps)
    ]
    if project.fallback is not None:
        places.append(("the fallback", (project.fallback,)))
    for place, targets in places:
        if own := only_own(plan, targets):
            yield (
                f"{place} names {targets[0]}, a number of this project:"
                f" calls go on with scheme {own.scheme}, and do not leave by the trunk"
            )
        for target in left_out(plan, targets):
            yield f"{place} {why_left_out(target)}"


def _rings(steps: Iterable[Step]) -> Iterator[Ring]:
    """Yield the steps that ring, those in branches too."""
    for step in steps:
        if isinstance(step, Ring):
            yield step
        for inner in branches(step).values():
            yield from _rings(inner)
