"""Every table and key of the project file: read, written and documented from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from switchhook.documents.kinds import (
    Choice,
    Kind,
    ListOf,
    NotedError,
    Reference,
    Seconds,
    Spot,
    Text,
    Whole,
    WrongError,
    YesNo,
    described,
)
from switchhook.documents.mistakes import did_you_mean
from switchhook.documents.tables import Key, Table, Tables
from switchhook.domain.project import Account, Number, Project, Trunk
from switchhook.domain.scheme import Ask, GoTo, HangUp, Ring, Scheme, Step
from switchhook.domain.webhook import (
    Encoding,
    EventKind,
    EventWebhook,
    Field,
    ForwardingNumber,
    Method,
    Place,
    RingOrder,
)
from switchhook.operations.project_checks import (
    check_event_webhook,
    check_file,
    check_forwarding_number,
    check_scheme,
    check_trunk,
)
from switchhook.operations.project_kinds import (
    EVENT_NAME,
    HOST_NAME,
    INSERTION_TYPE,
    LOGIN,
    NAME,
    PASSWORD,
    PROJECT_ID,
    TRANSPORT,
    WIRE_NAME,
    Chosen,
    Country,
    Digits,
    GrantedNetwork,
    Network,
    RingTarget,
    SuccessCodes,
    TimeZone,
    WebAddress,
)
from switchhook.webhooks.check import ASK_TIMEOUTS, EVENT_TIMEOUTS, RING_TIMEOUTS, problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.documents.toml import Names

SCHEME_ID = Whole(least=1, most=2**31 - 1)
RING_SECONDS = Seconds(*RING_TIMEOUTS)
ASK_SECONDS = Seconds(*ASK_TIMEOUTS)
EVENT_SECONDS = Seconds(*EVENT_TIMEOUTS)
SECRET = Text(what="a password", most=128, secret=True)
FREE_TEXT = Text()


@dataclass(frozen=True, slots=True)
class Pair:
    """A table of name and value, made into what the domain calls it."""

    table: Table
    parts: Callable[[Any], tuple[object, object]]
    """Takes the domain's value apart into name and value."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return '{ name = "…", value = "…" }'

    def read(self, value: object, at: Spot) -> object:
        """Take a table of name and value."""
        return self.table.read(value, at)

    def write(self, value: object) -> str:
        """Write an inline table."""
        name, text = (
            key.kind.write(part)
            for key, part in zip(self.table.keys, self.parts(value), strict=True)
        )
        return f"{{ name = {name}, value = {text} }}"


def _parameter(name: Text) -> Pair:
    return Pair(
        Table(
            make=lambda name, value: Field(name=name, parameter=value[0], argument=value[1]),
            keys=(
                Key("name", name, "name of the value in the request"),
                Key("value", Chosen(), "parameter whose value is sent"),
            ),
        ),
        lambda field: (field.name, (field.parameter, field.argument)),
    )


HEADER = Pair(
    Table(
        make=lambda name, value: (name, value),
        keys=(
            Key("name", Text(what="a header name", least=1, most=100), "name of the header"),
            Key("value", Text(most=2000, secret=True), "its value"),
        ),
    ),
    lambda pair: pair,
)
PARAMETER = _parameter(WIRE_NAME)
PARAMETERS = ListOf(kind=PARAMETER, most=200)
EVENT_PARAMETERS = ListOf(kind=_parameter(EVENT_NAME), most=200)
HEADERS = ListOf(kind=HEADER, most=50)

NUMBER = Table(
    make=Number,
    keys=(
        Key("number", Digits(), "number that callers dial, in international form"),
        Key("scheme", Reference(to="scheme", kind=SCHEME_ID), "scheme that answers it"),
        Key(
            "insertion_type",
            INSERTION_TYPE,
            "how visitors came to see the number; sent as the parameter insertion_type",
            default="",
        ),
        Key("pool", FREE_TEXT, "pool that the number belongs to", default=""),
    ),
)
ACCOUNT = Table(
    make=Account,
    keys=(
        Key("login", LOGIN, "user name of the telephone; also what colleagues dial"),
        Key("password", PASSWORD, "password of the telephone"),
        Key("name", FREE_TEXT, "shown to those who are called", default=""),
    ),
)
TRUNK = Table(
    make=Trunk,
    check=check_trunk,
    keys=(
        Key("name", NAME, "name of the trunk"),
        Key("host", HOST_NAME, "where outside numbers are sent"),
        Key("port", Whole(least=1, most=65535), "its port", default=5060),
        Key("transport", TRANSPORT, "how it is reached", default="udp"),
        Key("username", Text(most=128), "user name for the trunk's digest, if it asks", default=""),
        Key("password", SECRET, "password for the trunk's digest", default=""),
        Key(
            "sources",
            ListOf(kind=Network()),
            "networks that its calls come from; they need no password",
            default=(),
        ),
        Key(
            "from_user",
            Text(most=128, pattern=r"[A-Za-z0-9+._-]*", what="a number or a login"),
            "caller that outgoing calls show; empty: the caller's own number",
            default="",
        ),
    ),
)
FORWARDING_NUMBER = Table(
    make=ForwardingNumber,
    check=check_forwarding_number,
    review=problems,
    keys=(
        Key("name", NAME, "name that schemes ask it by"),
        Key("url", WebAddress(), "endpoint that is asked; `{parameter}` is filled in"),
        Key("method", Choice(Method), "HTTP method", default=Method.GET),
        Key(
            "force_post_for_json",
            YesNo(),
            "whether JSON goes out by POST whatever the method is",
            default=True,
        ),
        Key("submission", Choice(Encoding), "how the values are sent", default=Encoding.HTTP),
        Key(
            "place",
            Choice(Place),
            'where they travel with submission = "http"',
            default=Place.AS_METHOD,
        ),
        Key(
            "import",
            Choice(Encoding),
            "how the answer is read",
            default=Encoding.JSON,
            attribute="import_",
        ),
        Key(
            "name_in_response",
            Text(what="a name", least=1),
            "name of the direction in the answer",
            default="dst_phone",
        ),
        Key(
            "rpc_method",
            FREE_TEXT,
            "method that is called with submission or import json-rpc",
            default="",
        ),
        Key("ring_timeout", RING_SECONDS, "seconds that the direction may ring", default=60.0),
        Key("response_timeout", ASK_SECONDS, "seconds for the whole exchange", default=5.0),
        Key(
            "ring_order",
            Choice(RingOrder),
            "how several directions ring",
            default=RingOrder.ALL_AT_ONCE,
        ),
        Key("keep_alive", YesNo(), "whether the connection is kept for the next ask", default=True),
        Key("send_origin", YesNo(), "whether an Origin header is sent", default=True),
        Key("user_agent", FREE_TEXT, "User-Agent header; empty: Switchhook's own", default=""),
        Key("parameters", PARAMETERS, "values that are sent", default=(), attribute="fields"),
    ),
)
EVENT_WEBHOOK = Table(
    make=EventWebhook,
    check=check_event_webhook,
    review=problems,
    keys=(
        Key("name", NAME, "name that deliveries are listed under"),
        Key("event", Choice(EventKind), "moment of a call that it is told of"),
        Key("url", WebAddress(), "endpoint that is told; `{parameter}` is filled in"),
        Key("method", Choice(Method), "HTTP method", default=Method.POST),
        Key("success_codes", SuccessCodes(), "statuses that count as delivered", default=(200,)),
        Key("response_timeout", EVENT_SECONDS, "seconds for the whole exchange", default=15.0),
        Key("keep_alive", YesNo(), "whether the connection is kept", default=True),
        Key("send_id", YesNo(), "whether a webhook-id header names the delivery", default=True),
        Key("user_agent", FREE_TEXT, "User-Agent header; empty: Switchhook's own", default=""),
        Key(
            "headers",
            HEADERS,
            "further headers; an empty Content-Type or User-Agent leaves ours out",
            default=(),
        ),
        Key("parameters", EVENT_PARAMETERS, "values that are sent", default=(), attribute="fields"),
    ),
)

ASK = Table(
    make=Ask,
    keys=(
        Key(
            "ask",
            Reference(to="forwarding number", kind=NAME),
            "forwarding number that says where the call goes",
            attribute="webhook",
        ),
    ),
)
RING = Table(
    make=Ring,
    keys=(
        Key(
            "ring",
            ListOf(kind=RingTarget(), least=1, most=20),
            "what rings; bare digits that are a login mean the account",
            attribute="targets",
        ),
        Key(
            "order",
            Choice(RingOrder),
            "how several of them ring",
            default=RingOrder.ALL_AT_ONCE,
        ),
        Key("timeout", RING_SECONDS, "seconds that each round may ring", default=30.0),
    ),
)
GO_TO = Table(
    make=GoTo,
    keys=(
        Key(
            "go_to",
            Reference(to="scheme", kind=SCHEME_ID),
            "scheme that takes over",
            attribute="scheme",
        ),
    ),
)
HANG_UP = Table(
    make=HangUp,
    keys=(
        Key(
            "hang_up",
            Whole(least=400, most=699),
            "SIP status that the caller gets, such as 486 for busy",
            attribute="status",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One step of a scheme: the table that its first word names."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a step: ask, ring, go_to or hang_up"

    def read(self, value: object, at: Spot) -> Step:
        """Take a table with exactly one of the words that name a step."""
        if not isinstance(value, dict):
            raise WrongError(f"{described(value)} is not a step", f"write {self.allowed}")
        words = [word for word in STEPS if word in value]
        if not words:
            _note_lost_step(value, at)
            raise NotedError
        if len(words) > 1:
            raise WrongError(f"{' and '.join(words)} in one step", "make them steps of their own")
        step: Step = STEPS[words[0]].read(value, at)
        return step

    def write(self, value: Step) -> str:
        """Write an inline table."""
        return table_of(value).write(value)


STEPS: dict[str, Table] = {"ask": ASK, "ring": RING, "go_to": GO_TO, "hang_up": HANG_UP}
"""The kinds of steps by the word that names them in the file."""


def _note_lost_step(step: Mapping[str, object], at: Spot) -> None:
    near = [advice for word in step if (advice := did_you_mean(word, STEPS)).startswith("did")]
    at.notes.add(at.path, "this step does nothing", near[0] if near else f"write {STEP.allowed}")


def table_of(step: Step) -> Table:
    """Return the table that a step is written as."""
    match step:
        case Ask():
            return ASK
        case Ring():
            return RING
        case GoTo():
            return GO_TO
        case HangUp():
            return HANG_UP
        case _:
            assert_never(step)


STEP: Kind = Steps()
SCHEME = Table(
    make=Scheme,
    check=check_scheme,
    keys=(
        Key("id", SCHEME_ID, "number of the scheme, as answers name it"),
        Key("name", NAME, "name of the scheme"),
        Key(
            "steps",
            Tables(table=STEP),
            "what is done with the call, from the top; a step that cannot place it hands it on",
            default=(),
        ),
    ),
)
PROJECT = Table(
    make=dict,
    keys=(
        Key("id", PROJECT_ID, "id of the project; a file with another id is another project"),
        Key("name", NAME, "name of the project"),
        Key("country", Country(), "country whose numbers are written in national form", default=""),
        Key("time_zone", TimeZone(), "zone of the dates that are sent", default="UTC"),
        Key(
            "fallback",
            RingTarget(),
            "rings when a scheme placed the call nowhere",
            default=None,
        ),
        Key(
            "allowed_sip_hosts",
            ListOf(kind=HOST_NAME),
            "hosts that answers may send calls to by SIP address",
            default=(),
        ),
        Key(
            "allowed_networks",
            ListOf(kind=GrantedNetwork()),
            "private networks that webhooks may reach",
            default=(),
        ),
    ),
)
TABLES: dict[str, Table] = {
    "numbers": NUMBER,
    "accounts": ACCOUNT,
    "trunks": TRUNK,
    "forwarding_numbers": FORWARDING_NUMBER,
    "schemes": SCHEME,
    "event_webhooks": EVENT_WEBHOOK,
}
"""The tables that there may be several of, in the order of an export."""
UNIQUE = {"numbers": "number", "accounts": "login", "schemes": "id"}
"""By what two of them are told apart; otherwise by name."""


def _project(*, project: dict[str, Any], **lists: Any) -> Project:  # noqa: ANN401 (as LISTS say)
    return Project(**project, **lists)


def _list(name: str, table: Table) -> Key:
    same = Digits.same if table is NUMBER else str
    kind = Tables(table=table, unique=UNIQUE.get(name, "name"), same=same)
    return Key(name, kind, "", default=())


FILE = Table(
    make=_project,
    check=check_file,
    keys=(Key("project", PROJECT, ""), *(_list(*item) for item in TABLES.items())),
)
"""The whole file."""


def names_of(document: Mapping[str, Any]) -> Names:
    """Find what references may point to, in a document that nobody has checked yet.

    What is wrong otherwise still counts: a reference to it is no second mistake.
    """
    return {
        "account": set(_each(document, "accounts", "login", str)),
        "trunk": set(_each(document, "trunks", "name", str)),
        "scheme": set(_each(document, "schemes", "id", int)),
        "forwarding number": set(_each(document, "forwarding_numbers", "name", str)),
    }


def _each(document: Mapping[str, Any], key: str, name: str, type_: type) -> Iterator[Any]:
    tables = document.get(key)
    for table in tables if isinstance(tables, list) else ():
        if isinstance(table, dict) and type(table.get(name)) is type_:
            yield table[name]
