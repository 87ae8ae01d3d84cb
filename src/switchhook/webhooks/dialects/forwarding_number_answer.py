"""Reads the answer of a forwarding number (R1-16…33, R1-130…134, A-06, A-11, A-21).

An answer is untrusted text. The outcome is a direction in it, a scheme of this project, or a failure with one
sentence of explanation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.webhook import Encoding, ForwardingNumber
from switchhook.webhooks.answer_body import (
    MAX_BODY,
    MAX_NAME,
    SUCCESS,
    UnusableError,
    json_of,
    on_one_line,
    scalar_text,
    text_of,
    unescaped,
    unwrapped,
)
from switchhook.webhooks.answer_targets import (
    NOTHING,
    NoTargetError,
    Targets,
    read_targets,
    whole_number,
)
from switchhook.webhooks.lenient_json import JsonValue, NumberText
from switchhook.webhooks.reading import (
    Decision,
    ForwardingNumberReading,
    ReadAs,
    RingTargets,
    SchemeId,
    quoted,
    refused,
    shown,
)
from switchhook.webhooks.wrapping import without_remarks

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.webhooks.http import HttpResponse

MAX_PAIRS = 100
NAMES_SHOWN = 5
"""Most members of an answer that a message names when the wanted one is missing."""
MAX_ID = 18
"""Digits of a scheme's ID."""
SCHEME_KEY = "schema"
"""The reserved name of a scheme's ID (R1-21, A-21)."""

_PAIR = re.compile(r"[\w.~*\-%+\[\]]+=")
_BARE_PLUS = re.compile(r"[=,]\+(?=[1-9](?:[ ().+\-]?[0-9]){6})")
"""An unencoded `+` before an international number, which is no blank."""
_QUOTES = {'"': '"', "'": "'", "“": '”“"', "„": '”“"', "”": '”"', "‘": "’'", "’": "’'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The members of an answer, and how they were read."""

    members: dict[str, JsonValue]
    read_as: ReadAs
    notices: tuple[str, ...] = ()


def read(
    webhook: ForwardingNumber, response: HttpResponse, snapshot: ProjectSnapshot, *, ask_id: str
) -> ForwardingNumberReading:
    """Read one answer. Never raises."""
    if response.status not in SUCCESS:
        return _failed(
            FailureKind.STATUS,
            refused(response),
        )
    if len(response.body) > MAX_BODY:
        return _failed(FailureKind.TOO_LARGE, f"the answer's body is longer than {MAX_BODY} bytes")
    unread = ""
    try:
        whole, unread = text_of(response)
        text, remarks = without_remarks(whole)
        found = _find(webhook, text, ask_id)
    except UnusableError as error:
        return _failed(FailureKind.BAD_BODY, unread or str(error))
    if unread or remarks:
        found = replace(found, notices=(*remarks, *filter(None, [unread]), *found.notices))
    return _decide(webhook, found, snapshot)


def _failed(kind: FailureKind, detail: str) -> ForwardingNumberReading:
    return ForwardingNumberReading(decision=Failure(kind=kind, detail=detail))


# Where the direction stands: one function per import type.


def _find(webhook: ForwardingNumber, text: str, ask_id: str) -> _Found:
    match webhook.import_:
        case Encoding.HTTP:
            return _in_body(webhook, text)
        case Encoding.JSON:
            return _in_json(webhook, text)
        case Encoding.JSON_RPC:
            asked = ask_id if webhook.submission is Encoding.JSON_RPC else ""
            return _in_rpc(webhook, text, asked)
        case _:
            assert_never(webhook.import_)


def _in_body(webhook: ForwardingNumber, text: str) -> _Found:
    """Take the whole body [A-06]; an object or pair that names the direction is read with a notice."""
    if text.startswith(("{", "[", '"{', '"[')):
        found = _in_json(webhook, text)
        notice = f"import type is http, but the body was read as {found.read_as}"
        return _Found(
            members=found.members, read_as=found.read_as, notices=(*found.notices, notice)
        )
    if _is_pairs(text):
        members = _pairs(webhook, text)
        if members:
            notice = "import type is http, but the body was read as an urlencoded pair"
            return _Found(members=members, read_as=ReadAs.URLENCODED, notices=(notice,))
    if text.startswith("<") and not text.lower().startswith(("<sip:", "<sips:")):
        raise UnusableError("the body is a page of HTML or XML, not a direction")
    return _Found(members={webhook.name_in_response: _unquote(text)}, read_as=ReadAs.WHOLE_BODY)


def _is_pairs(text: str) -> bool:
    """Say whether a name and `=` come first, and no markup or blank after them."""
    if "=" not in text or _PAIR.match(text) is None:
        return False
    return not ("<" in text or ">" in text or text.split(None, 1)[1:])


def _pairs(webhook: ForwardingNumber, text: str) -> dict[str, JsonValue]:
    """Return the pairs that name a direction, scheme or caller; what comes several times is a list."""
    text = _BARE_PLUS.sub(lambda found: f"{found[0][0]}%2B", text).replace("+", " ")
    pairs = text.split("&", MAX_PAIRS)
    if len(pairs) > MAX_PAIRS:
        raise UnusableError(f"the body has more than {MAX_PAIRS} urlencoded pairs")
    names = (webhook.caller_name_in_response, webhook.name_in_response, SCHEME_KEY)
    found: dict[str, list[str]] = {name: [] for name in names if name}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if value and (known := found.get(unescaped(name))) is not None:
            known.append(unescaped(value))
    return {name: ",".join(values) for name, values in found.items() if values}


def _unquote(text: str) -> str:
    if len(text) > 1 and text[-1] in _QUOTES.get(text[0], ""):
        return text[1:-1]
    return text


def _in_json(webhook: ForwardingNumber, text: str) -> _Found:
    read, step, notices = json_of(text)
    value, wrapping = unwrapped(read, {webhook.name_in_response, SCHEME_KEY})
    notices += wrapping
    match value:
        case dict():
            return _Found(members=value, read_as=step, notices=notices)
        case list():
            notice = f"the body is a list, read as the value of {webhook.name_in_response}"
            members: dict[str, JsonValue] = {webhook.name_in_response: value}
            return _Found(members=members, read_as=step, notices=(*notices, notice))
        case _:
            raise UnusableError(
                f"the body is JSON, but no object with a member {quoted(webhook.name_in_response)};"
                " choose import type http for a bare direction"
            )


def _in_rpc(webhook: ForwardingNumber, text: str, ask_id: str) -> _Found:
    """Take `result` out of a JSON-RPC 2.0 response (R1-18, S-08); `ask_id` is empty where none went out."""
    read, _, notices = json_of(text)
    envelope, wrapping = unwrapped(read, {"result", "error"})
    notices += wrapping
    if not isinstance(envelope, dict):
        raise UnusableError("the body is JSON, but no JSON-RPC response")
    if envelope.get("error") is not None:
        raise UnusableError(f"the endpoint reported {_rpc_error(envelope['error'])}")
    answered = envelope.get("id")
    if ask_id and answered is None:
        notices = (*notices, "the JSON-RPC response has no id")
    elif ask_id and (isinstance(answered, (bool, list, dict)) or str(answered) != ask_id):
        raise UnusableError("the JSON-RPC response is the answer to another call: its id differs")
    if "result" not in envelope:
        raise UnusableError("the JSON-RPC response has neither result nor error")
    result, wrapping = unwrapped(envelope["result"], {webhook.name_in_response, SCHEME_KEY})
    members: dict[str, JsonValue] = {webhook.name_in_response: result}
    if isinstance(result, dict):
        members = result
    return _Found(members=members, read_as=ReadAs.JSON_RPC, notices=notices + wrapping)


def _rpc_error(error: JsonValue) -> str:
    if isinstance(error, dict):
        return f"JSON-RPC error {shown(error.get('code'))}: {shown(error.get('message'))}"
    return f"a JSON-RPC error: {shown(error)}"


# A direction, else a scheme.


def _decide(
    webhook: ForwardingNumber, found: _Found, snapshot: ProjectSnapshot
) -> ForwardingNumberReading:
    """Follow the configured name, then `schema` [A-21]. Under the name `schema` only schemes are read."""
    name = webhook.name_in_response
    said = NOTHING if name == SCHEME_KEY else read_targets(found.members.get(name), snapshot)
    decision: Decision
    try:
        decision = (
            RingTargets(targets=said.targets)
            if said.targets
            else SchemeId(id=_scheme(webhook, found.members, said, snapshot))
        )
    except UnusableError as error:
        decision = Failure(kind=FailureKind.BAD_BODY, detail=str(error))
    caller, cut = _caller_name(webhook, found.members)
    return ForwardingNumberReading(
        decision=decision,
        caller_name=caller,
        read_as=found.read_as,
        notices=found.notices + said.notices + cut,
    )


def _caller_name(
    webhook: ForwardingNumber, members: dict[str, JsonValue]
) -> tuple[str, tuple[str, ...]]:
    """Take the caller's name from the member that the webhook wants it in: text on one line, at most 128 characters."""
    wanted = webhook.caller_name_in_response
    value = members.get(wanted) if wanted else None
    if isinstance(value, (bool, list, dict)):
        return "", (f"the answer's member {quoted(wanted)} is no name: it is {shown(value)}",)
    return on_one_line(scalar_text(value), MAX_NAME, "the caller name")


def _scheme(
    webhook: ForwardingNumber,
    members: dict[str, JsonValue],
    said: Targets,
    snapshot: ProjectSnapshot,
) -> int:
    value = members.get(SCHEME_KEY)
    if value is None or value == "":
        raise UnusableError(_why_nothing(webhook.name_in_response, members, said))
    try:
        number = _scheme_number(value)
    except NoTargetError as error:
        raise UnusableError(f"{SCHEME_KEY} holds no scheme's ID: {error}") from error
    if number not in snapshot.schemes:
        raise UnusableError(f"this project has no scheme {number}")
    return number


def _why_nothing(name: str, members: dict[str, JsonValue], said: Targets) -> str:
    if name not in members:
        return f"the answer has no member {quoted(name)}{_what_came(members)}"
    if said.notices:
        return f"the answer's member {quoted(name)} holds no direction: {said.notices[0]}"
    return f"the answer's member {quoted(name)} is empty"


def _what_came(members: dict[str, JsonValue]) -> str:
    """Name a few of the members, and never what they hold."""
    if not members:
        return "; it is empty"
    names = ", ".join(quoted(name) for name in islice(members, NAMES_SHOWN))
    more = len(members) - NAMES_SHOWN
    return f"; it has {names}" + (f" and {more} more" if more > 0 else "")


def _scheme_number(value: JsonValue) -> int:
    match value:
        case bool() | None | dict() | list():
            raise NoTargetError(f"it is {shown(value)}")
        case NumberText():
            text = whole_number(value)
        case _:
            text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID):
        raise NoTargetError(f"it is {quoted(text)}")
    return int(text)
