"""Validates webhooks when a project is saved, and not when a caller waits."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.event import EventFormat, EventWebhook
from switchhook.domain.retry_policy import MAX_RETRIES, parse_overrides
from switchhook.domain.webhook import (
    Array,
    DialPlanWebhook,
    Encoding,
    Field,
    ForwardingNumber,
    Object,
    Place,
    RoutingWebhook,
)
from switchhook.webhooks.dialects.dial_plan import CALL_ID, VARIABLES, variable
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.dialects.forwarding_number import all_fields
from switchhook.webhooks.encoding import is_header_name
from switchhook.webhooks.parameters import CATALOGUE, forms_of, takes
from switchhook.webhooks.request_headers import authorization, is_parameter_header
from switchhook.webhooks.url import parse_url, placeholders, unknown_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.webhook import Node

RING_TIMEOUTS = (5.0, 600.0)
"""Seconds [A-08]."""
ASK_TIMEOUTS = (1.0, 30.0)
"""Seconds [A-08]."""
EVENT_TIMEOUTS = (1.0, 60.0)
"""Seconds."""
TRY_TIMEOUTS = (0.1, 30.0)
"""Seconds."""
BREAKER_FAILURES = (0, 100)
BREAKER_PAUSES = (1.0, 3600.0)
"""Seconds."""
CODE_TIMEOUTS = (1.0, 60.0)
"""Seconds."""
INTERDIGIT_TIMEOUTS = (0.5, 10.0)
"""Seconds."""
ATTEMPTS = (1, 10)
EVENT_RETRIES = (0, 10)
DEEPEST = 10
"""Levels of arrays and objects in what an event webhook sends."""
MAX_STAND_IN = 64
"""Characters of a text that stands for an absent value."""

ERROR_PARAMETERS = frozenset({"error_code", "error_url"})
"""The values that the fallback URL gets."""

_LATIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-\[\]]*")


def problems(webhook: ForwardingNumber | DialPlanWebhook | EventWebhook) -> tuple[str, ...]:
    """Return one sentence for each thing that has to be put right; none means it can be saved."""
    match webhook:
        case ForwardingNumber():
            return tuple(_of_forwarding_number(webhook))
        case DialPlanWebhook():
            return tuple(_of_dial_plan(webhook))
        case EventWebhook():
            return tuple(_of_event(webhook))
        case _:
            assert_never(webhook)


def _of_forwarding_number(webhook: ForwardingNumber) -> Iterator[str]:
    yield from _of_url(webhook.url)
    yield from _of_seconds("ring timeout", webhook.ring_timeout, RING_TIMEOUTS)
    if (
        Encoding.JSON_RPC in {webhook.submission, webhook.import_}
        and not webhook.rpc_method.strip()
    ):
        yield "JSON-RPC method is required"  # whichever of the two is json-rpc
    if webhook.import_ is not Encoding.HTTP and not webhook.name_in_response:
        yield "the name in response is required: the answer's member that holds the direction"
    fields = all_fields(webhook)
    yield from _of_fields(fields)
    yield from _of_credentials(webhook)
    if webhook.submission is Encoding.HTTP and webhook.place is Place.HEADERS:
        names = dict.fromkeys(field.name for field in fields)
        yield from _of_doubles((*names, *(name for name, _ in webhook.headers)))
        for field in fields:
            if not is_parameter_header(field.name):
                yield f"{field.name!r} cannot be the name of a header"
    if webhook.fallback_url:
        yield from _of_url(webhook.fallback_url)
        for name in sorted(ERROR_PARAMETERS & {field.name for field in fields}):
            yield f"the name {name!r} is what the fallback URL is told under why it is asked"
    yield from _of_retry_policy(webhook)


def _of_credentials(webhook: RoutingWebhook) -> Iterator[str]:
    """Hold to one way of authentication, and to headers that can be set."""
    yield from _of_headers((*webhook.headers, *authorization(webhook)))
    if webhook.token and (webhook.username or webhook.password):
        yield "both a token and a user name are set; one request bears one of them"
    if bool(webhook.username) != bool(webhook.password):
        yield "a user name and its password go together"
    if ":" in webhook.username:
        yield "a user name holds no colon: the password begins behind it"


def _of_retry_policy(webhook: RoutingWebhook) -> Iterator[str]:
    """Hold tries, limits and the breaker to their bounds."""
    yield from _of_seconds("response timeout", webhook.response_timeout, ASK_TIMEOUTS)
    for what, seconds in (
        ("connect timeout", webhook.connect_timeout),
        ("try timeout", webhook.try_timeout),
    ):
        if seconds is not None:
            yield from _of_seconds(what, seconds, TRY_TIMEOUTS)
    if not 0 <= webhook.retries <= MAX_RETRIES:
        yield f"an endpoint is tried again 0 to {MAX_RETRIES} times, not {webhook.retries}"
    low, high = BREAKER_FAILURES
    if not low <= webhook.breaker_failures <= high:
        yield f"a breaker opens after {low} to {high} failures, not {webhook.breaker_failures}"
    yield from _of_seconds("breaker's pause", webhook.breaker_pause, BREAKER_PAUSES)


def _of_dial_plan(webhook: DialPlanWebhook) -> Iterator[str]:
    yield from _of_url_template("URL template", webhook.url_template)
    if webhook.fallback_url:
        yield from _of_url_template("fallback URL", webhook.fallback_url)
    yield from _of_credentials(webhook)
    yield from _of_retry_policy(webhook)
    yield from _of_seconds("code timeout", webhook.code_timeout, CODE_TIMEOUTS)
    yield from _of_seconds("pause between digits", webhook.interdigit_timeout, INTERDIGIT_TIMEOUTS)
    low, high = ATTEMPTS
    if not low <= webhook.attempts <= high:
        yield f"a code may be entered {low} to {high} times, not {webhook.attempts}"
    yield from _of_stand_in("withheld number", webhook.withheld_caller)
    yield from _of_stand_in("caller without a name", webhook.unknown_name)


def _of_url_template(what: str, template: str) -> Iterator[str]:
    """Hold to the known variables, in the path or the query (R5-15, R5-16, A-46)."""
    try:
        address = parse_url(template, variable)
        parse_overrides(template)
    except ValueError as error:
        yield str(error)
        return
    known = ", ".join(f"{{{name}}}" for name in (*VARIABLES, CALL_ID))
    unknown = unknown_placeholders(template, variable)
    for name in unknown:
        yield (
            f"{{{name}}} in the {what} is none of the variables {known};"
            " a brace that is meant as such is written %7B or %7D"
        )
    if unknown:
        return
    written = placeholders(template)
    if max(template.count("{"), template.count("}")) > len(written):
        yield (
            f"a brace in the {what} belongs to no variable: each of them"
            f" is written in single braces, {known}; a brace that is meant as such is %7B or %7D"
        )
    filled = sum(1 for piece in (*address.path, *address.query) if piece.parameter)
    if filled < len(written):
        yield f"the variables of a {what} stand in its path or its query, and nowhere else"


def _of_stand_in(what: str, text: str) -> Iterator[str]:
    if len(text) > MAX_STAND_IN or not text.isprintable():
        yield f"the text for a {what} is one line of at most {MAX_STAND_IN} characters"


def _of_event(webhook: EventWebhook) -> Iterator[str]:
    yield from _of_url(webhook.url)
    yield from _of_seconds("response timeout", webhook.response_timeout, EVENT_TIMEOUTS)
    low, high = EVENT_RETRIES
    if not low <= webhook.retries <= high:
        yield f"an event is sent again {low} to {high} times, not {webhook.retries}"
    if not webhook.success_codes:
        yield "at least one status has to count as success"
    yield from (
        f"{code} cannot count as success: it is no final HTTP status"
        for code in webhook.success_codes
        if not 200 <= code <= 599
    )
    yield from _of_headers(webhook.headers)
    yield from _of_format(webhook)
    yield from _of_tree(webhook.fields)


def _of_format(webhook: EventWebhook) -> Iterator[str]:
    """Hold to what each format needs, and to nothing that it would leave unsent."""
    is_raw, has_text = webhook.format is EventFormat.RAW, bool(webhook.body or webhook.binary)
    if webhook.format is EventFormat.JSON_RPC and not webhook.rpc_method.strip():
        yield "JSON-RPC method is required"
    if webhook.body and webhook.binary:
        yield "both a text and bytes are the body; one request bears one of them"
    if is_raw and not has_text:
        yield "the format raw needs a body"
    if has_text and not is_raw:
        yield f"the format {webhook.format} sends the parameters and no body of its own"
    if is_raw and webhook.fields:
        yield "the format raw sends its body and no parameters"


def _of_tree(fields: Iterable[Node], depth: int = 0) -> Iterator[str]:
    """Hold every level of what an event webhook sends to the rules of names and values."""
    fields = tuple(fields)
    yield from _of_names(node.name for node in fields)
    for node in fields:
        yield from _of_event_name(node.name)
        yield from _of_node(node, depth)


def _of_node(node: Node, depth: int) -> Iterator[str]:
    match node:
        case Field():
            yield from _of_value(node)
        case Array() | Object() if depth >= DEEPEST:
            yield f"arrays and objects are nested more than {DEEPEST} levels deep"
        case Array(items=items):
            for item in items:
                yield from _of_node(item, depth + 1)
        case Object(members=members):
            yield from _of_tree(members, depth + 1)
        case _:
            assert_never(node)


def _of_url(url: str) -> Iterator[str]:
    try:
        parse_url(url)
        parse_overrides(url)
    except ValueError as error:
        yield str(error)
        return
    for name in unknown_placeholders(url):
        yield f"{{{name}}} in the URL names no parameter"


def _of_seconds(what: str, seconds: float, bounds: tuple[float, float]) -> Iterator[str]:
    low, high = bounds
    if not low <= seconds <= high:
        yield f"the {what} is between {low:g} and {high:g} seconds, not {seconds:g}"


def _of_fields(fields: Iterable[Field]) -> Iterator[str]:
    fields = tuple(fields)
    yield from _of_names(field.name for field in fields)
    for field in fields:
        if not field.name.strip():
            yield f"the parameter {field.parameter!r} needs a name to be sent under"
        yield from _of_value(field)


def _of_names(names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(bare_name(name) for name in names).items():
        if count > 1:
            yield f"the name {name!r} is given to {count} parameters"


def _of_value(field: Field) -> Iterator[str]:
    if field.parameter not in CATALOGUE:
        yield f"there is no parameter {field.parameter!r}"
    elif not takes(field.parameter, field.argument):
        known = ", ".join(forms_of(field.parameter))
        what = "date format" if field.parameter == "date" else f"form of {field.parameter}"
        yield f"there is no {what} {field.argument!r}: choose one of {known}"


def _of_doubles(names: Iterable[str]) -> Iterator[str]:
    """Find header names that differ in nothing but letter case."""
    for name, count in Counter(name.lower() for name in names).items():
        if count > 1:
            yield f"the header {name!r} is there {count} times"


def _of_headers(headers: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield from _of_doubles(name for name, _ in headers)
    for name, value in headers:
        yield from _of_header(name, value)


def _of_header(name: str, value: str) -> Iterator[str]:
    if not is_header_name(name):
        yield f"{name!r} is not a header that can be set"
    if not value.isprintable():
        yield f"the value of the header {name!r} holds a line break or another control character"


def _of_event_name(name: str) -> Iterator[str]:
    """Hold to the vendor's rule of names (R2-43, R2-44, A-32)."""
    braced = bare_name(name)
    if braced != name and braced and not {"{", "}"} & set(braced):
        return
    if not _LATIN_NAME.fullmatch(name):
        yield (
            f"the parameter name {name!r} should be in Latin characters and without spaces; one in"
            " Cyrillic and/or with spaces is written in curly brackets, as {{parameter name}}"
        )
