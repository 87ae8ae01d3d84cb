"""The forwarding-number dialect: asks an endpoint where a ringing call goes (R1, R3)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, assert_never
from urllib.parse import quote_plus

from switchhook.domain.webhook import Encoding, ForwardingNumber, Method, Place
from switchhook.webhooks.encoding import FORM_TYPE, JSON_TYPE, ascii_json, json_bytes, urlencode
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.payload_template import TEMPLATES, fill, pairs
from switchhook.webhooks.request_headers import (
    Payload,
    header_options,
    make_request,
    parameter_headers,
    with_notes,
)
from switchhook.webhooks.url import url_template

if TYPE_CHECKING:
    from switchhook.domain.webhook import Field
    from switchhook.webhooks.encoding import PayloadValue
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts
    from switchhook.webhooks.request_headers import ErrorParameters


def effective_method(webhook: ForwardingNumber) -> Method:
    """Return the method that really goes out: JSON is posted, whatever was chosen (R3-16, A-05).

    With `force_post_for_json` off, PUT and DELETE may bear JSON; GET still may not.
    """
    match webhook.submission:
        case Encoding.HTTP:
            return webhook.method
        case Encoding.JSON_RPC:
            return Method.POST
        case Encoding.JSON:
            chosen = webhook.method is not Method.GET and not webhook.force_post_for_json
            return webhook.method if chosen else Method.POST
        case _:
            assert_never(webhook.submission)


def render(
    webhook: ForwardingNumber,
    facts: CallFacts,
    *,
    ask_id: str,
    product: str,
    url: str = "",
    error_parameters: ErrorParameters = (),
) -> HttpRequest:
    """Build the request of one ask."""
    about = facts if facts.webhook is webhook else replace(facts, webhook=webhook)
    options = header_options(webhook, product, send_origin=webhook.send_origin)
    method = effective_method(webhook)
    notes: list[str] = []
    values = fill(all_fields(webhook), about, note=notes.append)
    payload = _payload(webhook, method, values, ask_id).and_query(urlencode(error_parameters))
    in_url = partial(resolve, facts=about)
    address = url_template(url or webhook.url)
    return with_notes(make_request(method, address, in_url, payload, options), notes)


def all_fields(webhook: ForwardingNumber) -> tuple[Field, ...]:
    """Return the template's fields and the webhook's own behind them [A-13]."""
    return (*TEMPLATES[webhook.template], *webhook.fields)


def _payload(
    webhook: ForwardingNumber, method: Method, values: dict[str, PayloadValue], ask_id: str
) -> Payload:
    match webhook.submission:
        case Encoding.JSON:
            return _json_payload(webhook, _as_told(webhook, values))
        case Encoding.JSON_RPC:
            call: dict[str, PayloadValue] = {
                "jsonrpc": "2.0",
                "method": webhook.rpc_method,
                "params": _as_told(webhook, values),
                "id": ask_id,
            }
            return _json_payload(webhook, call)
        case Encoding.HTTP:
            return _http_payload(webhook.place, method, pairs(values))
        case _:
            assert_never(webhook.submission)


def _json_payload(webhook: ForwardingNumber, value: dict[str, PayloadValue]) -> Payload:
    write = ascii_json if webhook.escape_json else json_bytes
    return Payload(content_type=JSON_TYPE, body=write(value))


def _as_told(webhook: ForwardingNumber, values: dict[str, PayloadValue]) -> dict[str, PayloadValue]:
    """URL-encode the values inside JSON where the receiver wants the old wire [A-35]."""
    if not webhook.urlencode_values:
        return values
    return {
        name: quote_plus(value, errors="replace") if isinstance(value, str) else value
        for name, value in values.items()
    }


def _http_payload(place: Place, method: Method, parameters: list[tuple[str, str]]) -> Payload:
    """Put the parameters where method and place say. A POST or PUT without a body says so (1.7)."""
    has_body = method in {Method.POST, Method.PUT}
    match place:
        case Place.AS_METHOD:
            return _http_payload(Place.BODY if has_body else Place.QUERY, method, parameters)
        case Place.QUERY:
            return Payload(query=urlencode(parameters), body=b"" if has_body else None)
        case Place.BODY:
            return Payload(content_type=FORM_TYPE, body=urlencode(parameters).encode())
        case Place.HEADERS:
            no_body = None if method is Method.GET else b""
            return Payload(headers=parameter_headers(parameters), body=no_body)
        case _:
            assert_never(place)
