"""The rules of webhooks, events and event mails: what goes together in a table whose keys can all be read.

The type and the range of a key stand in `schema/`. A rule sees the value that was made of the table, and yields each
mistake with the path below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.credentials import URL_SECRET
from switchhook.domain.delivery_policy import WARNINGS
from switchhook.domain.event import (
    NO_FILTER,
    SUBSCRIPTION_PREFIX,
    EventFilter,
    EventKind,
    Ga4Format,
    JsonRpcFormat,
    RawFormat,
)
from switchhook.domain.retry_policy import parse_overrides
from switchhook.domain.scheme import VOICEMAIL_MAIL
from switchhook.domain.tracking.call_tracking import CALL_TRACKING
from switchhook.domain.webhook import (
    Array,
    Encoding,
    Field,
    Method,
    Object,
    Place,
    TextValue,
    table_of,
)
from switchhook.projectfile.rules.credentials import HEADER_ADVICE, check_credentials
from switchhook.projectfile.rules.value import check_value
from switchhook.projectfile.toml.mistakes import Finding, shown
from switchhook.projectfile.types.project import NO_TABLE_NAME, TABLE_ADVICE, TABLE_NAME
from switchhook.webhooks.authentication import header_names
from switchhook.webhooks.dialects.dial_plan import CALL_ID, VARIABLES, variable
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.dialects.forwarding_number_answer import SCHEME_KEY
from switchhook.webhooks.dialects.ga4 import MAX_PARAMETERS, OWN_PARAMETERS
from switchhook.webhooks.dialects.ga4 import NAME as GA4_NAME
from switchhook.webhooks.encoding import is_header_name
from switchhook.webhooks.payload_template import TEMPLATES
from switchhook.webhooks.request_headers import is_parameter_header
from switchhook.webhooks.url import parse_url, placeholders, unknown_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.event import (
        EventAction,
        EventMail,
        EventWebhook,
        GoogleAnalytics,
        ProjectEvent,
    )
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber, Node, RoutingWebhook
    from switchhook.projectfile.toml.lines import KeyPath

    Named = tuple[KeyPath, str]

ERROR_PARAMETERS = frozenset({"error_code", "error_url"})
"""The values that the fallback URL gets."""


def check_forwarding_number(webhook: ForwardingNumber) -> Iterator[Finding]:
    """JSON-RPC needs a method (R1-22, A-07), header lines need header names [A-01]."""
    encodings = {webhook.submission, webhook.import_}
    if Encoding.JSON_RPC in encodings and not webhook.rpc_method.strip():
        yield Finding((), "rpc_method is missing", "JSON-RPC method is required")
    name = webhook.caller_name_in_response
    if name and name in {webhook.name_in_response, SCHEME_KEY}:
        problem = f"{shown(name)} holds where the call goes"
        yield Finding(("caller_name_in_response",), problem, "use another name")
    template = [(("template",), field.name) for field in TEMPLATES[webhook.template]]
    names: list[Named] = [*template, *_names("parameters", webhook.fields)]
    yield from _check_doubles(names)
    for index, field in enumerate(webhook.fields):
        yield from check_value(field, ("parameters", index))
    in_headers = webhook.place is Place.HEADERS and webhook.submission is Encoding.HTTP
    if webhook.place is not Place.AS_METHOD and webhook.submission is not Encoding.HTTP:
        problem = f"place means nothing with submission {shown(webhook.submission.value)}"
        yield Finding(("place",), problem, "remove it")
    for path, name in names if in_headers else ():
        if not is_parameter_header(name):
            problem = f"{shown(name)} cannot be the name of a header"
            yield Finding(path, problem, "use letters, digits and hyphens")
    yield from _check_routing_webhook(webhook, names if in_headers else ())
    for path, name in names if webhook.fallback_url else ():
        if name in ERROR_PARAMETERS:
            problem = (
                f"the name {shown(name)} is what the fallback URL is told under why it is asked"
            )
            yield Finding(path, problem, "use another name")


def check_dial_plan_webhook(webhook: DialPlanWebhook) -> Iterator[Finding]:
    """Hold the URLs to the known variables, and headers and credentials to what can be sent."""
    yield from _check_url_template("url_template", webhook.url_template)
    if webhook.fallback_url:
        yield from _check_url_template("fallback_url", webhook.fallback_url)
    if webhook.shadow_url:
        yield from _check_url_template("shadow_url", webhook.shadow_url)
    yield from _check_routing_webhook(webhook)


def _check_routing_webhook(
    webhook: RoutingWebhook, in_headers: Iterable[Named] = ()
) -> Iterator[Finding]:
    """Headers can be set, and credentials are whole and of one kind."""
    ours = header_names(webhook.credentials)
    yield from check_headers(webhook.headers, ours, in_headers)
    urls = (webhook.first_url, webhook.fallback_url)
    yield from check_credentials(webhook.credentials, *urls, webhook.shadow_url)


def _check_url_template(key: str, template: str) -> Iterator[Finding]:
    """Hold to the known variables, in the path or the query (R5-15, R5-16, A-46)."""
    if table_of(template):
        if not TABLE_NAME.fullmatch(table_of(template)):
            yield Finding((key,), NO_TABLE_NAME, TABLE_ADVICE)
        return
    try:
        address = parse_url(template, variable)
        parse_overrides(template)
    except ValueError as error:
        yield Finding((key,), str(error))
        return
    known = ", ".join(f"{{{name}}}" for name in (*VARIABLES, CALL_ID))
    unknown = unknown_placeholders(template, variable)
    for name in unknown:
        problem = f"{{{name}}} is none of the variables {known}"
        yield Finding((key,), problem, "a brace that is meant as such is written %7B or %7D")
    if unknown:
        return
    written = placeholders(template)
    if max(template.count("{"), template.count("}")) > len(written):
        problem = (
            f"a brace belongs to no variable: each of them is written in single braces, {known}"
        )
        yield Finding((key,), problem, "a brace that is meant as such is %7B or %7D")
    filled = sum(
        1
        for piece in (*address.path, *address.query)
        if piece.parameter or piece.text == URL_SECRET
    )
    if filled < len(written):
        problem = "the variables stand in the path or the query, and nowhere else"
        yield Finding((key,), problem)


def check_event_webhook(webhook: EventWebhook) -> Iterator[Finding]:
    """Check that headers can be set, names are unique, and the format's keys are complete and fitting.

    DELETE is not offered for events [A-03].
    """
    if webhook.method is Method.DELETE:
        yield Finding(("method",), "events are not told by DELETE", "use POST, PUT or GET")
    yield from check_headers(webhook.headers, header_names(webhook.credentials))
    yield from check_credentials(webhook.credentials, webhook.url)
    yield from _check_format(webhook)
    yield from _check_tree("parameters", webhook.format.fields)
    yield from _check_name(webhook)
    yield from check_delivery_policy(webhook.policy)


def check_delivery_policy(policy: DeliveryPolicy) -> Iterator[Finding]:
    """Check that nothing is set that would have no effect."""
    if policy.pauses and policy.retries not in {0, len(policy.pauses)}:
        yield Finding(
            ("retries",),
            f"{policy.retries} retries, and {len(policy.pauses)} pauses between them",
            "write pauses alone: one for each retry",
        )
    if policy.order_key and not policy.keep_order:
        yield Finding(("order_key",), "keep_order = false keeps no order", "remove one of the two")
    if policy.max_age is not None and policy.max_age <= policy.delay:
        problem = (
            f"events are too old after {policy.max_age:g} seconds, and sent after {policy.delay:g}"
        )
        yield Finding(("max_age",), problem, "make it longer than delay")


def _check_format(webhook: EventWebhook) -> Iterator[Finding]:
    """A format has what it needs (R2-28, R2-29)."""
    match webhook.format:
        case JsonRpcFormat(rpc_method=method) if not method.strip():
            yield Finding((), "rpc_method is missing", "JSON-RPC method is required")
        case Ga4Format() as ga4:
            yield from _check_ga4(ga4)
        case RawFormat(body="", binary=b""):
            yield Finding((), "body is missing", "write the text that is sent")
        case RawFormat(body=str(body), binary=bytes(binary)) if body and binary:
            yield Finding(("body_base64",), "body is there too", "remove it")


def _check_ga4(ga4: Ga4Format) -> Iterator[Finding]:
    """Hold to what the Measurement Protocol takes: flat values under short names, and not too many."""
    for key in ("measurement_id", "api_secret"):
        if not getattr(ga4, key):
            yield Finding((), f"{key} is missing", "Google Analytics takes no event without it")
    for index, node in enumerate(ga4.fields):
        path = ("parameters", index)
        if not isinstance(node, Field):
            yield Finding(path, "Google Analytics takes no array or object", "write single values")
        if node.name in OWN_PARAMETERS or not GA4_NAME.fullmatch(node.name):
            problem = f"{shown(node.name)} is no name that Google Analytics takes"
            advice = "use 40 letters, digits and underscores at most, a letter first; ga_, google_ and firebase_ are Google's"
            yield Finding((*path, "name"), problem, advice)
    if len(ga4.fields) + len(OWN_PARAMETERS) > MAX_PARAMETERS:
        most = MAX_PARAMETERS - len(OWN_PARAMETERS)
        yield Finding(
            ("parameters",), f"{len(ga4.fields)} parameters are too many", f"allowed are {most}"
        )


def check_google_analytics(analytics: GoogleAnalytics) -> Iterator[Finding]:
    """An id is of no use without its secret, nor the other way round."""
    for given, missing in (("measurement_id", "api_secret"), ("api_secret", "measurement_id")):
        if getattr(analytics, given) and not getattr(analytics, missing):
            yield Finding((), f"{missing} is missing beside {given}", "write both or neither")


def _check_tree(key: str, nodes: tuple[Node, ...], above: KeyPath = ()) -> Iterator[Finding]:
    """Names are unique at every level of what an event webhook sends."""
    yield from _check_doubles(_names(key, nodes, above))
    for index, node in enumerate(nodes):
        yield from _check_below(node, (*above, key, index))


def _check_below(node: Node, path: KeyPath) -> Iterator[Finding]:
    match node:
        case Array(items=items):
            for index, item in enumerate(items):
                yield from _check_below(item, (*path, "array", index))
        case Object(members=members):
            yield from _check_tree("object", members, path)
        case Field():
            yield from check_value(node, path)
        case TextValue():
            pass


def check_event_mail(mail: EventMail) -> Iterator[Finding]:
    """Refuse an address that is listed twice."""
    seen: set[str] = set()
    for index, address in enumerate(mail.to):
        if address.lower() in seen:
            yield Finding(("to", index), f"{shown(address)} is told already", "name it once")
        seen.add(address.lower())
    yield from _check_name(mail)


def _check_name(named: ProjectEvent | EventAction | StreamWebhook) -> Iterator[Finding]:
    """Refuse the names that other deliveries are listed under."""
    if named.name == WARNINGS:
        problem = f"{shown(named.name)} is how warnings are listed"
        yield Finding(("name",), problem, "use another name")
    if named.name == VOICEMAIL_MAIL:
        problem = f"{shown(named.name)} is how the mails of voicemail steps are listed"
        yield Finding(("name",), problem, "use another name")
    if named.name.startswith(SUBSCRIPTION_PREFIX):
        problem = f"{shown(named.name)} is how the deliveries of a subscription are listed"
        yield Finding(("name",), problem, "begin the name with another word")
    if named.name == CALL_TRACKING:
        problem = f"{shown(named.name)} is how the posts of [call_tracking] are listed"
        yield Finding(("name",), problem, "use another name")


def check_event(event: ProjectEvent) -> Iterator[Finding]:
    """An event has an action, and no filter on facts that are unknown at its time."""
    yield from _check_name(event)
    if not event.actions:
        advice = "write [[events.webhooks]] or [[events.mails]] below it"
        yield Finding((), "the event has no action", advice)
    if event.event.is_foreign:
        for name in _OF_CALLS:
            if getattr(event.filter, name) != getattr(NO_FILTER, name):
                problem = f"{event.event} is of no call, and has no {name}"
                yield Finding(("filter", name), problem, "remove it; fields has what was posted")
        return
    if event.filter.fields:
        problem = f"{event.event} is of a call, and has no fields"
        yield Finding(("filter", "fields"), problem, "remove it")
    if event.event.endswith(".after"):
        return
    too_early = ["max_duration", "min_duration", "outcomes"]
    if event.event in {EventKind.INCOMING_BEFORE, EventKind.INCOMING_FORWARDING}:
        too_early += ["accounts", "departments"]
    for name in sorted(too_early):
        if getattr(event.filter, name):
            problem = f"{name} is not known yet at the time of {event.event}"
            advice = "remove it, or take an event after it"
            yield Finding(("filter", name), problem, advice)


_OF_CALLS = ("max_duration", "min_duration", "outcomes", "schemes", "withheld")
"""What a filter asks of calls alone."""


def check_stream_webhook(webhook: StreamWebhook) -> Iterator[Finding]:
    """Its headers can be set, no type stands twice, and its name is that of no subscription."""
    yield from check_headers(webhook.headers, header_names(webhook.credentials))
    yield from check_credentials(webhook.credentials, webhook.url)
    yield from _check_name(webhook)
    for index, event in enumerate(webhook.types):
        if event in webhook.types[:index]:
            yield Finding(("types", index), f"{shown(event.value)} stands already", "remove it")


def check_event_filter(wanted: EventFilter) -> Iterator[Finding]:
    """Bounds of a conversation leave room between them."""
    shortest, longest = wanted.min_duration, wanted.max_duration
    if longest is not None and longest < shortest:
        problem = f"no conversation takes {shortest:g} seconds or more and {longest:g} or less"
        yield Finding(("max_duration",), problem, "make it longer than min_duration")


def check_headers(
    headers: tuple[tuple[str, str], ...],
    ours: tuple[str, ...] = (),
    parameters: Iterable[Named] = (),
) -> Iterator[Finding]:
    """Headers can be set, and each is there once, whatever the case of its letters."""
    own: list[Named] = [
        (("headers", index, "name"), name) for index, (name, _) in enumerate(headers)
    ]
    for path, name in own:
        if not is_header_name(name):
            problem = f"{shown(name)} is not a header that can be set"
            yield Finding(path, problem, HEADER_ADVICE)
    sent = {name: path for path, name in reversed(list(parameters))}  # equal ones are noted as such
    seen = {*ours}
    for path, name in (*((path, name) for name, path in reversed(sent.items())), *own):
        if name.lower() in seen:
            yield Finding(path, f"the header {shown(name)} is sent already", "keep one of the two")
        seen.add(name.lower())


def _check_doubles(names: Iterable[Named]) -> Iterator[Finding]:
    """Note names of values that are sent under the same one before."""
    seen: set[str] = set()
    for path, name in names:
        if bare_name(name) in seen:
            yield Finding(path, f"{shown(name)} is sent already", "use another name")
        seen.add(bare_name(name))


def _names(key: str, nodes: Iterable[Node], above: KeyPath = ()) -> list[Named]:
    """Return the names in a list of tables, with their places."""
    return [((*above, key, index, "name"), node.name) for index, node in enumerate(nodes)]
