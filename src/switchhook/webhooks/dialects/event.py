"""The event dialect: notifies an endpoint of an event of a call (R2).

A tree of values as JSON, as a form or as the parameters of a JSON-RPC call; with GET or DELETE in the
query (R2-24). Or a body of the person's own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.event import FormFormat, Ga4Format, JsonFormat, JsonRpcFormat, RawFormat
from switchhook.domain.webhook import Method
from switchhook.webhooks.dialects import ga4
from switchhook.webhooks.encoding import (
    BINARY_TYPE,
    FORM_TYPE,
    JSON_TYPE,
    TEXT_TYPE,
    json_bytes,
    urlencode,
)
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.payload_template import fill, pairs
from switchhook.webhooks.request_headers import HeaderOptions, Payload, make_request, with_notes
from switchhook.webhooks.text_template import escaping_of, fill_raw
from switchhook.webhooks.url import url_template

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook
    from switchhook.webhooks.encoding import PayloadValue
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts
    from switchhook.webhooks.payload_template import Note


def render(
    webhook: EventWebhook, facts: CallFacts, *, delivery_id: str, product: str
) -> HttpRequest:
    """Build the request of one delivery; every attempt sends it as it is."""
    options = HeaderOptions(
        user_agent=webhook.user_agent or product,
        keep_alive=webhook.keep_alive,
        headers=webhook.headers,
        id=delivery_id if webhook.send_id else "",
    )
    notes: list[str] = []
    payload = _payload(webhook, facts, delivery_id, notes.append)
    in_url = partial(resolve, facts=facts)
    method, address = event_method(webhook), url_template(webhook.url)
    return with_notes(make_request(method, address, in_url, payload, options), notes)


def event_method(webhook: EventWebhook) -> Method:
    """Return the method that really goes out: some formats are posted, whatever was chosen (A-05)."""
    return Method.POST if isinstance(webhook.format, JsonRpcFormat | Ga4Format) else webhook.method


def why_not_sent(webhook: EventWebhook, facts: CallFacts) -> str:
    """Return why an event is not told to an endpoint that wants it; "" when it is."""
    return ga4.why_not_sent(facts) if isinstance(webhook.format, Ga4Format) else ""


def has_body(webhook: EventWebhook) -> bool:
    """Say whether its requests bear a body."""
    return event_method(webhook) in {Method.POST, Method.PUT}


def _payload(webhook: EventWebhook, facts: CallFacts, delivery_id: str, note: Note) -> Payload:
    if isinstance(webhook.format, Ga4Format):
        ended_at = facts.now if facts.call.ended_at is None else facts.call.ended_at
        sent_at = max(facts.now, ended_at + webhook.policy.delay)
        return ga4.payload(webhook.format, facts, sent_at=sent_at, note=note)
    values = fill(webhook.format.fields, facts, bare_name, note)
    if not has_body(webhook):
        return Payload(query=urlencode(pairs(values)))
    match webhook.format:
        case JsonFormat(in_array=in_array):
            body = json_bytes([values] if in_array else values)
            return Payload(content_type=JSON_TYPE, body=body)
        case FormFormat():
            return Payload(content_type=FORM_TYPE, body=urlencode(pairs(values)).encode("ascii"))
        case RawFormat() as raw:
            return _raw(raw, facts, content_type(webhook))
        case JsonRpcFormat() as rpc:
            called = _rpc_call(rpc, values, delivery_id)
            return Payload(content_type=JSON_TYPE, body=json_bytes(called))
        case _:
            assert_never(webhook.format)


def _rpc_call(
    rpc: JsonRpcFormat, values: dict[str, PayloadValue], delivery_id: str
) -> dict[str, PayloadValue]:
    call: dict[str, PayloadValue] = {
        "jsonrpc": "2.0",
        "method": rpc.rpc_method,
        "params": values,
    }
    return call if rpc.notification else call | {"id": delivery_id}


def _raw(raw: RawFormat, facts: CallFacts, declared: str) -> Payload:
    if raw.binary:
        return Payload(content_type=BINARY_TYPE, body=raw.binary)
    body = raw.body
    if raw.placeholders:
        body = fill_raw(body, facts, escaping_of(body, declared))
    return Payload(content_type=TEXT_TYPE, body=body.encode("utf-8", "replace"))


def content_type(webhook: EventWebhook) -> str:
    """Return the Content-Type of a text of the webhook's own: its header's, else plain text [A-27]."""
    own = {name.lower(): value for name, value in webhook.headers}
    return own.get("content-type", TEXT_TYPE)


def bare_name(name: str) -> str:
    """Take the braces off `{{parameter name}}`: they allow blanks and Cyrillic, and stay here [A-32]."""
    if name.startswith("{{") and name.endswith("}}"):
        return name[2:-2].strip()
    return name
