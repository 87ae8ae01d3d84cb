"""The webhooks of a project, as they are set up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.retry_policy import RetryOn, overrides_of
from switchhook.domain.value_form import EmptyStyle, ValueForm


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


TABLE_SCHEME = "table:"
"""Begins a URL that means a table of the project in place of an endpoint."""


def table_of(url: str) -> str:
    """Return the name of the table that a URL means; "" for an endpoint's URL."""
    return url.removeprefix(TABLE_SCHEME) if url.startswith(TABLE_SCHEME) else ""


class Dialect(StrEnum):
    """How a routing webhook is asked and how its answer is read."""

    FORWARDING_NUMBER = "forwarding-number"
    DIAL_PLAN = "dial-plan"


class Template(StrEnum):
    """A set of values that webhooks send before their own [A-13]."""

    EMPTY = "empty"
    RINGOSTAT_SAMPLE = "ringostat-sample"
    """The 36 members of the vendor's sample payload (R1-87…120)."""


class RingOrder(StrEnum):
    """How several targets ring [A-10]."""

    ALL_AT_ONCE = "all-at-once"
    ONE_AFTER_ANOTHER = "one-after-another"


class CallerIdForwarding(StrEnum):
    """Which number the called party sees on legs from a dial-plan webhook's success branch (R5-06, A-52)."""

    CALLER = "caller"
    """The caller's number (R5-07)."""
    CALLED = "called"
    """The number that the caller dialled (R5-08)."""
    SUPPRESSED = "suppressed"
    """None: anonymous, with privacy asked for (R5-09)."""


class HashAlgorithm(StrEnum):
    """How a value is made unreadable but comparable, in lower-case hexadecimal (R2-35…38, A-31)."""

    MD5 = "md5"
    CRC32 = "crc32"
    CRC32_DECIMAL = "crc32-decimal"
    SHA1 = "sha1"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value that a webhook sends: a parameter under a wire name (R1-39, R2-32, A-13)."""

    name: str
    """The wire name; empty for an item of an array."""
    parameter: str
    """The key of the fact in the parameter catalogue, such as `insertion_type`."""
    argument: str = ""
    """The parameter's argument: the text of `constant`, the name of `custom`."""
    hash: HashAlgorithm | None = None
    """Sent in place of the value itself."""
    form: ValueForm | None = None
    """None: it is sent as text, and empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextValue:
    """A text with `{{parameters}}` in it, under one wire name (R2-32)."""

    name: str
    """Empty for an item of an array."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """Values in order, under one wire name (R2-33). Its items have no names."""

    name: str
    items: tuple[Node, ...]
    empty: EmptyStyle = EmptyStyle.ARRAY
    """Sent when every item is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """Named values in order, under one wire name (R2-34)."""

    name: str
    members: tuple[Node, ...]
    empty: EmptyStyle = EmptyStyle.OBJECT
    """Sent when every member is left out; PHP writes `[]`."""


Node: TypeAlias = Field | TextValue | Array | Object
"""The payload of an event webhook, as a tree; a flat list of fields is a tree of one level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingWebhook(ABC):
    """The common part of routing webhooks: how they are reached, and for how long."""

    name: str
    response_timeout: float = 5.0
    """Seconds for everything that an ask takes, connect to last byte, every try (R3-17, A-08)."""
    keep_alive: bool = True
    user_agent: str = ""
    """Empty: the product's own."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra header lines, in order; one for Content-Type, Origin or User-Agent stands in place of ours."""
    credentials: Credentials = NO_CREDENTIALS
    fallback_url: str = ""
    """Asked when the first failed; told why in `error_code` and `error_url`."""
    shadow_url: str = ""
    """Asked beside the first and never obeyed; what it answers is compared."""
    connect_timeout: float | None = None
    """Seconds in one try until the connection stands; None: no limit of its own."""
    try_timeout: float | None = None
    """Seconds in one try from then to the last byte; None: no limit of its own."""
    retries: int = 0
    """How often each URL is tried again, within the one response timeout."""
    retry_on: tuple[RetryOn, ...] = (RetryOn.CONNECT,)
    breaker_failures: int = 5
    """After so many failures in a row an endpoint is left alone; 0: never."""
    breaker_pause: float = 30.0
    """For so many seconds."""

    @property
    @abstractmethod
    def first_url(self) -> str:
        """Return the URL that is asked before any other."""

    @property
    def time_limit(self) -> float:
        """Return the seconds for everything that an ask takes; `tt` in the URL goes first."""
        return overrides_of(self.first_url).total or self.response_timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingNumber(RoutingWebhook):
    """A routing webhook of the forwarding-number dialect (R1, R3)."""

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
    caller_name_in_response: str = ""
    """The name of the caller's name in the answer; empty: it is not read."""
    rpc_method: str = ""
    ring_timeout: float = 60.0
    """Seconds that the returned direction may ring (R1-23, A-08)."""
    ring_order: RingOrder = RingOrder.ALL_AT_ONCE
    send_origin: bool = True
    template: Template = Template.EMPTY
    fields: tuple[Field, ...] = ()
    """Sent after the template's."""
    empty_flags_as_zero: bool = False
    """Whether `proper` and `repeated` are `0` before the call, in place of nothing [A-16]."""
    escape_json: bool = False
    """Whether JSON is written in ASCII, anything else escaped [A-20]."""
    urlencode_values: bool = False
    """Whether the values in JSON are URL-encoded, for receivers written against the old wire [A-35]."""

    @property
    def first_url(self) -> str:
        """Return the URL that is asked before any other."""
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlanWebhook(RoutingWebhook):
    """A routing webhook of the dial-plan dialect: its answer opens one of two branches (R5).

    Messages are names of the project's audio; an empty one is not played.
    """

    url_template: str
    """The URL that is asked by GET, with any of `{code}`, `{did}`, `{callerid}`, `{callername}` in its
    path or query (R5-10, A-44, A-46); the fallback URL is a template too."""
    description: str = ""
    """For people; it has no effect (R5-05)."""
    caller_id_forwarding: CallerIdForwarding = CallerIdForwarding.CALLER
    use_ivr: bool = False
    """Whether the caller has to enter a code first; one request goes out for each (R5-17, A-51)."""
    code_timeout: float = 10.0
    """Seconds that the caller has to enter a code (R5-18)."""
    interdigit_timeout: float = 3.0
    """Seconds without a digit after which a code is complete; `#` completes it at once [A-47]."""
    attempts: int = 3
    """How often a code may be entered; one that did not come in time counts too (R5-19, A-47)."""
    start_message: str = ""
    """Played before the first code (R5-20)."""
    error_message: str = ""
    """Played after NAK (R5-21)."""
    timeout_message: str = ""
    """Played when no code came in time (R5-22)."""
    withheld_caller: str = ""
    """The value of `{callerid}` for a withheld number; some receivers want `anonymous`, `Anonymous` or `0`
    [A-45]."""
    unknown_name: str = ""
    """The value of `{callername}` without a name, for receivers that refuse an empty one."""
    lenient_json: bool = False
    """Whether `{"status":"ACK"}` is an answer too (S-34)."""
    mask_code: bool = True
    """Whether the codes that callers entered stay out of logs, journal and database (S-25)."""

    @property
    def first_url(self) -> str:
        """Return the URL that is asked before any other."""
        return self.url_template
