"""A table in place of an endpoint: what it is asked with, and a row as the answer that an endpoint would give. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from switchhook.domain.numbering import canonical
from switchhook.domain.webhook import TABLE_SCHEME, Encoding, ForwardingNumber
from switchhook.webhooks.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from switchhook.domain.dialling import Dialling
    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.parameters import CallFacts

LOOK_UP: Final = "LOOKUP"
"""The method of such a request, for the journal."""
WITHHELD: Final = "withheld"
"""Stands for a caller without a number."""
_JSON: Final = (("content-type", "application/json"),)
_PAIRS: Final = (("content-type", "application/x-www-form-urlencoded"),)


class TableQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is looked up by, numbers in their canonical form."""

    caller: str
    """`withheld` without a number."""
    dialled: str
    code: str = ""


class TableRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says."""

    line: int
    """From 1, with the header."""
    destination: str
    name: str


def comparable(number: str, dialling: Dialling) -> str:
    """Return what a number, a login or another name is compared by."""
    return canonical(number, dialling) or number


def table_request(name: str, facts: CallFacts, *, code: str = "") -> HttpRequest:
    """Build the question to a table; it goes over no wire."""
    call = facts.call
    dialling = call.snapshot.project.dialling
    question = TableQuestion(
        caller=comparable(call.caller.number, dialling) or WITHHELD,
        dialled=comparable(call.callee, dialling),
        code=code,
    )
    url = f"{TABLE_SCHEME}{name}"
    return HttpRequest(method=LOOK_UP, url=url, headers=(), body=msgspec.json.encode(question))


def question_of(request: HttpRequest) -> TableQuestion:
    """Return what a request to a table asks."""
    return msgspec.json.decode(request.body, type=TableQuestion)


def table_answer(webhook: RoutingWebhook, row: TableRow | None) -> HttpResponse:
    """Say what a row says in the words of the webhook's dialect; a dial-plan webhook hears NAK without one."""
    if not isinstance(webhook, ForwardingNumber):
        pairs = {"status": "NAK"} if row is None else {"status": "ACK"}
        if row is not None and row.destination:
            pairs["destination"] = row.destination
        if row is not None and row.name:
            pairs["callername"] = row.name
        return _response(_PAIRS, urlencode(pairs).encode())
    destination, name = ("", "") if row is None else (row.destination, row.name)
    if webhook.import_ is Encoding.HTTP:
        return _response(_PAIRS, destination.encode())
    members = {webhook.name_in_response: destination}
    if name and webhook.caller_name_in_response:
        members[webhook.caller_name_in_response] = name
    if webhook.import_ is Encoding.JSON_RPC:
        return _response(_JSON, msgspec.json.encode({"jsonrpc": "2.0", "result": members}))
    return _response(_JSON, msgspec.json.encode(members))


def _response(headers: tuple[tuple[str, str], ...], body: bytes) -> HttpResponse:
    return HttpResponse(status=200, reason="OK", headers=headers, body=body)
