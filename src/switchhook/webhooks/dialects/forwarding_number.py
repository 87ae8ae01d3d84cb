"""The forwarding-number dialect: asking an endpoint where a ringing call goes (R1, R3)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, assert_never
from urllib.parse import quote_plus

from switchhook.domain.webhook import Encoding, ForwardingNumber, Method, Place
from switchhook.webhooks.head import Payload, make_request, manners_of, parameter_lines
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.template import TEMPLATES, fill, pairs
from switchhook.webhooks.url import address_of
from switchhook.webhooks.wire import FORM_TYPE, JSON_TYPE, ascii_json, json_bytes, urlencode

if TYPE_CHECKING:
    from switchhook.domain.webhook import Field
    from switchhook.webhooks.head import ErrorParameters
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import Facts
    from switchhook.webhooks.template import Value


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
    facts: Facts,
    *,
    ask_id: str,
    product: str,
    url: str = "",
    error_parameters: ErrorParameters = (),
) -> HttpRequest:
    """Build the request of one ask."""
    about = facts if facts.webhook is webhook else replace(facts, webhook=webhook)
    manners = manners_of(webhook, product, send_origin=webhook.send_origin)
    method = effective_method(webhook)
    values = fill(all_fields(webhook), about)
    payload = _payload(webhook, method, values, ask_id).and_query(urlencode(error_parameters))
    in_url = partial(resolve, facts=about)
    return make_request(method, address_of(url or webhook.url), in_url, payload, manners)


def all_fields(webhook: ForwardingNumber) -> tuple[Field, ...]:
    """Return the template's fields and the webhook's own behind them [A-13]."""
    return (*TEMPLATES[webhook.template], *webhook.fields)


def _payload(
    webhook: ForwardingNumber, method: Method, values: dict[str, Value], ask_id: str
) -> Payload:
    match webhook.submission:
        case Encoding.JSON:
            return _json_payload(webhook, _as_told(webhook, values))
        case Encoding.JSON_RPC:
            call: dict[str, Value] = {
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


def _json_payload(webhook: ForwardingNumber, value: dict[str, Value]) -> Payload:
    write = ascii_json if webhook.escape_json else json_bytes
    return Payload(content_type=JSON_TYPE, body=write(value))


def _as_told(webhook: ForwardingNumber, values: dict[str, Value]) -> dict[str, Value]:
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
            return Payload(headers=parameter_lines(parameters), body=no_body)
        case _:
            assert_never(place)
