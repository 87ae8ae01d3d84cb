"""The webhooks of a project, as they are set up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """The HTTP method that a person chose (R1-09…12)."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


class Encoding(StrEnum):
    """How parameters go out (submission, R1-13…15) or the direction comes in (import, R1-16…18)."""

    HTTP = "http"
    JSON = "json"
    JSON_RPC = "json-rpc"


class Place(StrEnum):
    """Where the parameters of submission type `http` travel [A-01]."""

    AS_METHOD = "as-method"
    """In the query for GET and DELETE, in an urlencoded body for POST and PUT [A-04]."""
    QUERY = "query"
    BODY = "body"
    HEADERS = "headers"


class RingOrder(StrEnum):
    """How several targets ring [A-10]."""

    ALL_AT_ONCE = "all-at-once"
    ONE_AFTER_ANOTHER = "one-after-another"


class EventKind(StrEnum):
    """The moments of a call that event webhooks are told of (R2-09…15)."""

    INCOMING_BEFORE = "incoming.before"
    INCOMING_FORWARDING = "incoming.forwarding"
    INCOMING_PICKUP = "incoming.pickup"
    INCOMING_RATED = "incoming.rated"
    INCOMING_AFTER = "incoming.after"
    OUTGOING_BEFORE = "outgoing.before"
    OUTGOING_AFTER = "outgoing.after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value that a webhook sends: which fact, under which wire name (R1-39, A-13)."""

    name: str
    """The wire name."""
    parameter: str
    """The key of the fact in the parameter catalogue, such as `insertion_type`."""
    argument: str = ""
    """What the parameter needs: the text of `constant`, the name of `custom`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingNumber:
    """A routing webhook of the forwarding-number dialect (R1, R3)."""

    name: str
    url: str
    method: Method = Method.GET
    """As chosen; `webhooks.request` says which method really goes out (R3-16, A-05)."""
    force_post_for_json: bool = True
    """Off for the rare server that wants PUT or DELETE with a JSON body (R3-16, A-05)."""
    submission: Encoding = Encoding.HTTP
    place: Place = Place.AS_METHOD
    """Only of account with submission `http` [A-01]."""
    import_: Encoding = Encoding.JSON
    name_in_response: str = "dst_phone"
    rpc_method: str = ""
    ring_timeout: float = 60.0
    """Seconds that the returned direction may ring (R1-23, A-08)."""
    response_timeout: float = 5.0
    """Seconds for the whole exchange, connect to last byte (R3-17, A-08)."""
    ring_order: RingOrder = RingOrder.ALL_AT_ONCE
    keep_alive: bool = True
    send_origin: bool = True
    user_agent: str = ""
    """Empty: the product's own."""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWebhook:
    """Told about one kind of event, afterwards and durably (R2)."""

    name: str
    event: EventKind
    url: str
    method: Method = Method.POST
    success_codes: tuple[int, ...] = (200,)
    """Which statuses count as delivered (R2-03, A-22)."""
    response_timeout: float = 15.0
    """Seconds for the whole exchange."""
    keep_alive: bool = True
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra header lines, in order. A Content-Type or User-Agent here stands in place of our own, and
    with an empty value leaves it out (R2-23, A-27)."""
    send_id: bool = True
    """Whether each request bears its delivery's id in a `webhook-id` line, by which a receiver knows
    a second sending of the same event."""
    fields: tuple[Field, ...] = ()
