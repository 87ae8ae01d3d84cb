"""The event dialect: telling an endpoint what happened to a call (R2).

A flat JSON object of the fields in order; with GET or DELETE the same values in the query (R2-24).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from switchhook.domain.webhook import Method
from switchhook.webhooks.head import Manners, Payload, make_request
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.template import fill_fields, pairs
from switchhook.webhooks.url import address_of
from switchhook.webhooks.wire import JSON_TYPE, json_bytes, urlencode

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import Facts
    from switchhook.webhooks.template import Value


def render(webhook: EventWebhook, facts: Facts, *, delivery_id: str, product: str) -> HttpRequest:
    """Build the request of one delivery; every attempt sends it as it is."""
    values = {bare_name(name): v for name, v in fill_fields(webhook.fields, facts).items()}
    manners = Manners(
        user_agent=webhook.user_agent or product,
        keep_alive=webhook.keep_alive,
        headers=webhook.headers,
        id=delivery_id if webhook.send_id else "",
    )
    payload = _payload(webhook.method, values)
    in_url = partial(resolve, facts=facts)
    return make_request(webhook.method, address_of(webhook.url), in_url, payload, manners)


def _payload(method: Method, values: dict[str, Value]) -> Payload:
    if method in {Method.GET, Method.DELETE}:
        return Payload(query=urlencode(pairs(values)))
    return Payload(content_type=JSON_TYPE, body=json_bytes(values))


def bare_name(name: str) -> str:
    """Take the braces off `{{parameter name}}`: they allow blanks and Cyrillic, and stay here [A-32]."""
    if name.startswith("{{") and name.endswith("}}"):
        return name[2:-2].strip()
    return name
