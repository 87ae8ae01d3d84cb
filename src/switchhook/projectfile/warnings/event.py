"""Remarks on events and their actions."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from switchhook.domain.cause import Outcome
from switchhook.domain.event import RawFormat
from switchhook.domain.webhook import TextValue
from switchhook.projectfile.templates.catalogue import gaps_left
from switchhook.projectfile.toml.mistakes import did_you_mean, shown
from switchhook.webhooks.encoding import JSON_TYPE
from switchhook.webhooks.parameters import CATALOGUE
from switchhook.webhooks.payload_template import leaves
from switchhook.webhooks.request import content_type, event_method, has_body
from switchhook.webhooks.text_template import STAND_IN, is_json, left_as_they_are
from switchhook.webhooks.url import catalogued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.event import EventFilter, EventWebhook
    from switchhook.domain.project import Project


def event_warnings(project: Project) -> Iterator[str]:
    """Yield remarks on values that are sent otherwise than written, and on events that no call has.

    What looks like a placeholder and is none (R2-28), an unfilled gap of a template, JSON under
    another Content-Type, a filter that no call passes.
    """
    for event in project.events:
        for webhook in event.webhooks:
            who = f"event webhook {webhook.name!r}"
            yield from (f"{who} {remark}" for remark in _of_webhook(webhook))
        for mail in event.mails:
            who = f"event mail {mail.name!r}"
            for place, text in (("subject", mail.subject), ("text", mail.text)):
                yield from (f"{who} sends in its {place} {left}" for left in _as_they_stand(text))
        for why in _passed_by_none(project, event.filter):
            yield f"event {event.name!r} tells of nothing: {why}"


def _of_webhook(webhook: EventWebhook) -> Iterator[str]:
    """Yield what becomes of the method that was chosen, and of the body (R2-24, R2-28, A-05)."""
    method = event_method(webhook)
    if method is not webhook.method:
        yield f"is told by {method} (set by JSON-RPC), not by {webhook.method}"
    proof = webhook.credentials
    if (proof.signing_secrets or proof.hmac) and not has_body(webhook):
        yield f"signs no value: {method} sends them in the URL, and what is signed is the body"
    for gap in gaps_left(webhook):
        yield f"sends <{gap}>, a gap of its template; fill it in"
    if not isinstance(webhook.format, RawFormat):
        texts = (leaf.text for leaf in leaves(webhook.format.fields) if isinstance(leaf, TextValue))
        yield from (f"sends {left}" for text in texts for left in _as_they_stand(text))
        return
    raw = webhook.format
    if not has_body(webhook):
        yield f"sends no body: {method} has none"
        return
    if raw.placeholders:
        for left in _as_they_stand(raw.body):
            yield f"sends {left}"
    declared = content_type(webhook).partition(";")[0].strip().lower()
    if raw.body and declared == JSON_TYPE and not is_json(raw.body):
        yield f"says {declared}, and its body is no JSON"
    is_chosen = any(name.lower() == "content-type" for name, _ in webhook.headers)
    if raw.body and not is_chosen and is_json(raw.body):
        yield f"sends JSON as {declared}; most endpoints want a header Content-Type: {JSON_TYPE}"


def _as_they_stand(text: str) -> Iterator[str]:
    """Yield what looks like a placeholder and is none, each with the reason."""
    for left in left_as_they_are(text):
        yield f"{shown(left)} as it stands: {_why_no_placeholder(left)}"


def _why_no_placeholder(left: str) -> str:
    name = left.strip("{}").strip()
    if not name:
        return "its braces are not closed"
    if catalogued(name) is not None and left != f"{{{{{left.strip('{}')}}}}}":
        return f"a placeholder is written {{{{{name}}}}}"
    key = name.partition(STAND_IN)[0].partition(":")[0].strip()
    if catalogued(key) is not None:
        return f"{key} takes no such argument"
    near = get_close_matches(key, CATALOGUE, n=1)
    return "it names no parameter" + (f"; did you mean {{{{{near[0]}}}}}?" if near else "")


def _passed_by_none(project: Project, wanted: EventFilter) -> Iterator[str]:
    """Yield why a filter lets no call pass."""
    if wanted.min_duration and wanted.outcomes and _NO_TALK.issuperset(wanted.outcomes):
        yield "calls of these outcomes have no conversation, and min_duration asks for one"
    known = {account.department for account in project.accounts if account.department}
    if wanted.departments and known.isdisjoint(wanted.departments):
        advice = did_you_mean(wanted.departments[0], known) or "no account has a department"
        yield f"no account is in these departments; {advice}"


_NO_TALK = frozenset(
    {
        Outcome.MISSED,
        Outcome.CANCELLED,
        Outcome.ABANDONED,
        Outcome.BUSY,
        Outcome.REJECTED,
        Outcome.UNREACHABLE,
        Outcome.BLOCKED,
    }
)
