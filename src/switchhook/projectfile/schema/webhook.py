"""The tables of webhooks in the project file: read, written and documented from here."""

from __future__ import annotations

from switchhook.domain.credentials import Credentials
from switchhook.domain.retry_policy import MAX_RETRIES, RetryOn
from switchhook.domain.webhook import (
    CallerIdForwarding,
    DialPlanWebhook,
    Encoding,
    ForwardingNumber,
    Method,
    Place,
    RingOrder,
    Template,
)
from switchhook.projectfile.rules.webhook import (
    check_dial_plan_webhook,
    check_forwarding_number,
)
from switchhook.projectfile.schema.credentials import CREDENTIALS
from switchhook.projectfile.schema.field import MAX_FIELDS, Sent
from switchhook.projectfile.schema.former import before_0_2
from switchhook.projectfile.schema.header import HEADERS
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
from switchhook.projectfile.toml.value_types import (
    ListOf,
    OneOf,
    Reference,
    Seconds,
    Text,
    ValueType,
    Whole,
    YesNo,
)
from switchhook.projectfile.types.project import (
    FREE_TEXT,
    NAME,
    RING_SECONDS,
    WIRE_NAME,
    WebAddress,
)

SOUND = Reference(to="sound", kind=NAME)
STAND_IN = Text(most=64)
"""A text that stands for an absent value."""
ASK_SECONDS = Seconds(1.0, 30.0)
"""[A-08]."""
TRY_SECONDS = Seconds(0.1, 30.0)
ADDRESS = WebAddress().allowed


PARAMETER = Sent(nests=False, name=WIRE_NAME)
PARAMETERS = ListOf(kind=PARAMETER, most=MAX_FIELDS)
REACHED = (
    TableKey(
        "response_timeout",
        ASK_SECONDS,
        "seconds for the whole ask, all its tries",
        default=DECLARED,
    ),
    TableKey(
        "keep_alive", YesNo(), "whether the connection is kept for the next ask", default=DECLARED
    ),
    TableKey(
        "user_agent", FREE_TEXT, "User-Agent header; empty: Switchhook's own", default=DECLARED
    ),
    TableKey(
        "headers",
        HEADERS,
        "further headers; a Content-Type, Origin or User-Agent replaces ours, an empty one leaves it out",
        default=DECLARED,
    ),
    *CREDENTIALS,
)
"""How every webhook that is asked is reached."""
PATIENCE = (
    TableKey(
        "connect_timeout",
        TRY_SECONDS,
        "seconds in one try until the connection stands",
        default=DECLARED,
    ),
    TableKey(
        "try_timeout",
        TRY_SECONDS,
        "seconds in one try from then to the end of the answer",
        default=DECLARED,
    ),
    TableKey(
        "retries",
        Whole(least=0, most=MAX_RETRIES),
        "how often each URL is tried again",
        default=DECLARED,
    ),
    TableKey(
        "retry_on",
        ListOf(kind=OneOf(RetryOn), least=1),
        "failures after which a URL is tried again",
        default=DECLARED,
    ),
    TableKey(
        "breaker_failures",
        Whole(least=0, most=100),
        "failures in a row after which an endpoint is left alone; 0: never",
        default=DECLARED,
    ),
    TableKey(
        "breaker_pause",
        Seconds(1.0, 3600.0),
        "seconds that it is left alone",
        default=DECLARED,
    ),
)
"""How long and how often every webhook that is asked is waited for."""


def _shadow_url(address: ValueType) -> TableKey:
    """Return the key of the URL that is asked beside the first; `address` is the kind of the webhook's URLs."""
    return TableKey(
        "shadow_url",
        address,
        "endpoint that is asked beside the first and never obeyed; what it answers is compared",
        default=DECLARED,
    )


def _fallback_url(address: ValueType) -> TableKey:
    """Return the key of the URL that is asked last; `address` is the kind of the webhook's URLs."""
    return TableKey(
        "fallback_url", address, "endpoint that is asked when the first failed", default=DECLARED
    )


FORWARDING_NUMBER = Table(
    make=ForwardingNumber,
    review=check_forwarding_number,
    parts={"credentials": Credentials},
    keys=(
        TableKey("name", NAME, "name that schemes ask it by"),
        TableKey(
            "url",
            WebAddress(may_be_table=True),
            "endpoint that is asked; `{parameter}` is filled in; or `table:NAME`, a table of the project",
        ),
        TableKey("method", OneOf(Method), "HTTP method", default=DECLARED),
        TableKey(
            "force_post_for_json",
            YesNo(),
            "whether JSON goes out by POST whatever the method is",
            default=DECLARED,
        ),
        TableKey("submission", OneOf(Encoding), "how the values are sent", default=DECLARED),
        TableKey(
            "place",
            OneOf(Place),
            'where they travel with submission = "http"',
            default=DECLARED,
        ),
        TableKey(
            "import",
            OneOf(Encoding),
            "how the answer is read",
            default=DECLARED,
            attribute="import_",
        ),
        TableKey(
            "name_in_response",
            Text(what="a name", least=1),
            "name of the direction in the answer, such as dst_phone or dst_callee",
            default=DECLARED,
        ),
        TableKey(
            "caller_name_in_response",
            FREE_TEXT,
            "name of the caller's name in the answer, which those who are rung see; empty: the answer names nobody",
            default=DECLARED,
        ),
        TableKey(
            "rpc_method",
            FREE_TEXT,
            "method that is called with submission or import json-rpc",
            default=DECLARED,
        ),
        TableKey(
            "ring_timeout", RING_SECONDS, "seconds that the direction may ring", default=DECLARED
        ),
        TableKey(
            "ring_order",
            OneOf(RingOrder),
            "how several directions ring",
            default=DECLARED,
        ),
        TableKey("send_origin", YesNo(), "whether an Origin header is sent", default=DECLARED),
        *REACHED,
        _fallback_url(WebAddress(may_be_empty=True, may_be_table=True)),
        _shadow_url(WebAddress(may_be_empty=True, may_be_table=True)),
        *PATIENCE,
        TableKey(
            "template",
            OneOf(Template),
            "values that are sent before the parameters",
            default=DECLARED,
        ),
        TableKey(
            "parameters", PARAMETERS, "values that are sent", default=DECLARED, attribute="fields"
        ),
        TableKey(
            "empty_flags_as_zero",
            YesNo(),
            "whether proper and repeated are 0 before the call, not empty",
            default=DECLARED,
            former=before_0_2("zeros"),
        ),
        TableKey("escape_json", YesNo(), "whether JSON is pure ASCII", default=DECLARED),
        TableKey(
            "urlencode_values",
            YesNo(),
            "whether the values inside JSON are URL-encoded",
            default=DECLARED,
        ),
    ),
)
DIAL_PLAN_WEBHOOK = Table(
    make=DialPlanWebhook,
    review=check_dial_plan_webhook,
    parts={"credentials": Credentials},
    keys=(
        TableKey("name", NAME, "name that schemes ask it by"),
        TableKey(
            "url_template",
            Text(what=ADDRESS, least=1, most=2000, secret=True),
            "endpoint that is asked by GET; {code}, {did}, {callerid}, {callername} and {callid} are filled in; or `table:NAME`",
        ),
        TableKey("description", Text(most=2000), "for people; it has no effect", default=DECLARED),
        TableKey(
            "caller_id_forwarding",
            OneOf(CallerIdForwarding),
            "number that the called party sees in the success branch",
            default=DECLARED,
        ),
        TableKey("use_ivr", YesNo(), "whether the caller has to enter a code", default=DECLARED),
        TableKey(
            "code_timeout",
            Seconds(1.0, 60.0),
            "seconds that the caller has to begin the code, after the message",
            default=DECLARED,
        ),
        TableKey(
            "interdigit_timeout",
            Seconds(0.5, 10.0),
            "seconds without a digit after which a code is complete; # completes it at once",
            default=DECLARED,
            former=before_0_2("digit_pause"),
        ),
        TableKey(
            "attempts",
            Whole(least=1, most=10),
            "how often a code may be entered",
            default=DECLARED,
        ),
        TableKey("start_message", SOUND, "sound before the first code", default=DECLARED),
        TableKey("error_message", SOUND, "sound after status=NAK", default=DECLARED),
        TableKey("timeout_message", SOUND, "sound when no code came in time", default=DECLARED),
        TableKey(
            "withheld_caller",
            STAND_IN,
            "what {callerid} is for a withheld number, such as anonymous or 0",
            default=DECLARED,
        ),
        TableKey(
            "unknown_name", STAND_IN, "what {callername} is when there is none", default=DECLARED
        ),
        TableKey(
            "lenient_json",
            YesNo(),
            'whether {"status":"ACK"} is an answer too',
            default=DECLARED,
        ),
        TableKey(
            "mask_code",
            YesNo(),
            "whether codes that callers entered stay out of logs, journal and database",
            default=DECLARED,
        ),
        *REACHED,
        _fallback_url(Text(what=ADDRESS, most=2000, secret=True)),
        _shadow_url(Text(what=ADDRESS, most=2000, secret=True)),
        *PATIENCE,
    ),
)
