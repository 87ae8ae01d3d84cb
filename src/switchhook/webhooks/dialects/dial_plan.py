"""The dial-plan dialect: asks an endpoint which of two branches a call takes (R5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from switchhook.domain.masking import MASK
from switchhook.domain.webhook import DialPlanWebhook, Method, table_of
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.encoding import urlencode
from switchhook.webhooks.request_headers import Payload, header_options, make_request
from switchhook.webhooks.url import SECRET_NAME, SECRET_PIECE, Piece, url_template

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.parameters import CallFacts
    from switchhook.webhooks.request_headers import ErrorParameters

VARIABLES = ("code", "did", "callerid", "callername")
"""All that a URL template may hold, in single braces and this letter case (R5-11…15, A-46)."""

CALL_ID = "callid"
"""Accepted beside them, for integrators send it along (FB-11)."""


def variable(name: str) -> Piece | None:
    """Return the value of a `{name}` in a URL template, or None."""
    if name == SECRET_NAME:
        return SECRET_PIECE
    return Piece(parameter=name) if name in VARIABLES or name == CALL_ID else None


def render(
    webhook: DialPlanWebhook,
    facts: CallFacts,
    *,
    code: str,
    product: str,
    url: str = "",
    error_parameters: ErrorParameters = (),
) -> HttpRequest:
    """Build the request of one ask: a GET with every value percent-encoded, a blank as `%20` [A-44]."""
    values = partial(_value, webhook, facts, code)
    address = url_template(url or webhook.url_template, variable)
    payload = Payload(query=urlencode(error_parameters))
    return make_request(Method.GET, address, values, payload, header_options(webhook, product))


def public_url(webhook: DialPlanWebhook, facts: CallFacts, *, code: str, url: str) -> str:
    """Return a URL with its variables filled in, except the code, which is a secret."""
    if table_of(url):
        return url
    values = partial(_value, webhook, facts, MASK if code else "")
    return url_template(url, variable).url(values).replace(quote(MASK, safe=""), MASK)


def _value(webhook: DialPlanWebhook, facts: CallFacts, code: str, name: str, _: str) -> str:
    call = facts.call
    match name:
        case "code":
            return code
        case "callid":
            return call.id
        case "did":
            return _international(call.callee, facts)
        case "callerid":
            return _international(call.caller.number, facts) or webhook.withheld_caller
        case "callername":
            # A name beside a withheld number would tell whose number it is (S-20).
            return (call.caller.name if call.caller.number else "") or webhook.unknown_name
        case _:
            return ""


def _international(number: str, facts: CallFacts) -> str:
    """Return the number with `+`, as this dialect's receivers know numbers, where that can be told.

    An extension stays as it is; so does every number of a project without a country, since a national
    one could pass for another country's.
    """
    snapshot = facts.call.snapshot
    if not snapshot.project.country or number in snapshot.accounts:
        return number
    return to_e164(number, snapshot.project.country) or number
