"""What an owner is told of an endpoint that fails, is parked, or recovers: as JSON, and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.domain.delivery_policy import WarningKind
from switchhook.domain.webhook import Method
from switchhook.webhooks.encoding import JSON_TYPE
from switchhook.webhooks.request_headers import HeaderOptions, Payload, make_request
from switchhook.webhooks.url import no_placeholder, url_template

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest

ANSWER_TOLD: Final = 500
"""Bytes of an answer that a warning repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """What is known of an endpoint at the moment of a warning. Holds no secret."""

    kind: WarningKind
    project: str
    webhook: str
    """The name that its deliveries are listed under."""
    url: str
    since: float
    """When the trouble began. Unix seconds, as all times."""
    at: float
    failures: int
    """In a row."""
    parked_until: float | None
    call: str
    delivery: str
    attempt: int
    status: int
    """0 where no answer came."""
    failure: str
    """What went wrong, in a sentence; empty where nothing did."""
    answer: bytes


_SUBJECTS: Final = {
    WarningKind.FAILING: "{webhook} fails again and again",
    WarningKind.PARKED: "{webhook} fails again and again; its events wait",
    WarningKind.GONE: "{webhook} says that it is gone (410)",
    WarningKind.RECOVERED: "{webhook} takes events again",
}
_SENTENCES: Final = {
    WarningKind.FAILING: "It failed {failures} times in a row. Each event is sent once all the same; those that fail"
    " are listed by: switchhook deliveries",
    WarningKind.PARKED: "It failed {failures} times in a row. Its events are parked and none is lost: one is tried from"
    " time to time, and the others follow when it is taken. They are listed by: switchhook deliveries --state parked",
    WarningKind.GONE: "Its server says that there is nothing at this address any more. Change or remove the webhook."
    " Each event is sent all the same; those that fail are listed by: switchhook deliveries",
    WarningKind.RECOVERED: "It failed before, {failures} times in a row, and answers again.",
}


def subject(facts: EndpointFacts) -> str:
    """Return the subject of a mail."""
    return f"Switchhook: {_SUBJECTS[facts.kind].format(webhook=facts.webhook)}"


def text(facts: EndpointFacts) -> str:
    """Return the text of a mail."""
    told = {
        "Project": facts.project,
        "Webhook": facts.webhook,
        "URL": facts.url,
        "Failing since": _moment(facts.since),
        "Next attempt": "" if facts.parked_until is None else _moment(facts.parked_until),
        "Call": facts.call,
        "Delivery": facts.delivery,
        "Failure": facts.failure,
        "Answer": answer_of(facts),
    }
    lines = [f"{name}: {value}" for name, value in told.items() if value]
    sentence = _SENTENCES[facts.kind].format(failures=facts.failures)
    return "\n".join((sentence, "", *lines, ""))


def write(facts: EndpointFacts) -> bytes:
    """Return the body of a request."""
    data = {
        "project": facts.project,
        "webhook": facts.webhook,
        "url": facts.url,
        "failing_since": _moment(facts.since),
        "failures": facts.failures,
        "parked_until": None if facts.parked_until is None else _moment(facts.parked_until),
        "call_id": facts.call,
        "delivery_id": facts.delivery,
        "attempt": facts.attempt,
        "status": facts.status or None,
        "failure": facts.failure or None,
        "answer": answer_of(facts),
    }
    return msgspec.json.encode(
        {"type": facts.kind.value, "timestamp": _moment(facts.at), "data": data}
    )


def render(url: str, body: bytes, *, delivery_id: str, product: str) -> HttpRequest:
    """Build the request that brings a warning to an endpoint. Never raises."""
    options = HeaderOptions(user_agent=product, keep_alive=True, id=delivery_id)
    payload = Payload(content_type=JSON_TYPE, body=body)
    address = url_template(url, no_placeholder)
    return make_request(Method.POST, address, lambda _key, _argument: "", payload, options)


def answer_of(facts: EndpointFacts) -> str:
    """Return the first bytes of the answer on one line; what cannot be shown becomes a mark."""
    words = " ".join(facts.answer[:ANSWER_TOLD].decode("utf-8", "replace").split())
    return "".join(char if char.isprintable() else "\ufffd" for char in words)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
