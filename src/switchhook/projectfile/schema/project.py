"""Every table and key of the project file: read, written and documented from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.delivery_policy import NO_WARNINGS
from switchhook.domain.event import NOT_CONFIGURED
from switchhook.domain.event_stream import NO_STREAM
from switchhook.domain.numbering import as_listed, dialling_of
from switchhook.domain.outside import DEFAULT_LIMITS, OutsideCalls
from switchhook.domain.project import (
    DEFAULT_RECORDING,
    Account,
    DialledNumber,
    Group,
    MayCall,
    Number,
    Project,
    RecordedVoices,
    RecordingRules,
    Sound,
    Trunk,
)
from switchhook.domain.screening import NO_SCREENING, Screening
from switchhook.projectfile.rules.project import (
    check_actions,
    check_group,
    check_group_names,
    check_numbers,
    check_trunk,
)
from switchhook.projectfile.rules.scheme import check_circles
from switchhook.projectfile.schema.call_tracking import CALL_TRACKING_TABLE
from switchhook.projectfile.schema.delivery_policy import OWNER_WARNINGS
from switchhook.projectfile.schema.event import (
    EVENT,
    EVENT_FILTER,
    FORMER_TABLES,
    GOOGLE_ANALYTICS,
    upgrade_events,
)
from switchhook.projectfile.schema.event_stream import EVENT_STREAM, STREAM_WEBHOOK
from switchhook.projectfile.schema.former import before_0_2
from switchhook.projectfile.schema.scheme import SCHEME, SCHEME_ID, STEPS, WORKING_HOURS
from switchhook.projectfile.schema.webhook import (
    DIAL_PLAN_WEBHOOK,
    FORWARDING_NUMBER,
)
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import (
    ListOf,
    OneOf,
    Reference,
    Seconds,
    Text,
    Whole,
    YesNo,
)
from switchhook.projectfile.types.project import (
    FREE_TEXT,
    HOST_NAME,
    INSERTION_TYPE,
    LOGIN,
    NAME,
    OPTIONAL_MAIL_ADDRESS,
    PASSWORD,
    PROJECT_ID,
    TRANSPORT,
    CallerNumber,
    CidrNetwork,
    Country,
    Digits,
    GrantedNetwork,
    RingTarget,
    TimeZone,
)
from switchhook.webhooks.answer_targets import MAX_TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.projectfile.toml.document import UnknownNames
    from switchhook.projectfile.toml.tables import FormerName
    from switchhook.projectfile.toml.value_types import Location

PREFIXES = ListOf(kind=Text(what="the first digits of numbers", pattern=r"(?!00$)\+?[0-9]{1,15}"))
SECRET = Text(what="a password", most=128, secret=True)
LIMIT = Whole(least=0, most=1_000_000)

NUMBER = Table(
    make=Number,
    keys=(
        TableKey(
            "number",
            Digits(),
            "number that callers dial, in international form or as people in `country` write it",
        ),
        TableKey("scheme", Reference(to="scheme", kind=SCHEME_ID), "scheme that answers it"),
        TableKey(
            "insertion_type",
            INSERTION_TYPE,
            "how visitors came to see the number; sent as the parameter insertion_type",
            default=DECLARED,
        ),
        TableKey("pool", FREE_TEXT, "pool that the number belongs to", default=DECLARED),
    ),
)
ACCOUNT = Table(
    make=Account,
    keys=(
        TableKey("login", LOGIN, "user name of the telephone; also what colleagues dial"),
        TableKey("password", PASSWORD, "password of the telephone"),
        TableKey("name", FREE_TEXT, "shown to those who are called", default=DECLARED),
        TableKey("department", FREE_TEXT, "department of the person", default=DECLARED),
        TableKey(
            "dialled_number",
            OneOf(DialledNumber),
            "where a PBX that registers as this account is told the number that was called",
            default=DECLARED,
        ),
        TableKey(
            "email",
            OPTIONAL_MAIL_ADDRESS,
            "e-mail address of the person, told to subscribers; sent as the parameter agent_email",
            default=DECLARED,
        ),
        TableKey(
            "external_id",
            FREE_TEXT,
            "the person's id in another program, such as a CRM; sent as the parameter agent_external_id",
            default=DECLARED,
        ),
        TableKey(
            "outside_concurrent_calls",
            LIMIT,
            "its outside calls at the same time; without it, those of [outside_calls]",
            default=DECLARED,
            former=before_0_2("outside_at_once"),
        ),
        TableKey(
            "outside_calls_per_day", LIMIT, "its outside calls a day, likewise", default=DECLARED
        ),
        TableKey(
            "outside_minutes_per_day",
            LIMIT,
            "its outside minutes a day, likewise",
            default=DECLARED,
        ),
    ),
)
GROUP = Table(
    make=Group,
    review=check_group,
    keys=(
        TableKey(
            "name", LOGIN, "extension or word that stands for the group; also what colleagues dial"
        ),
        TableKey(
            "accounts",
            ListOf(kind=Reference(to="account", kind=LOGIN), least=1, most=MAX_TARGETS),
            "logins of those who ring together",
        ),
    ),
)
TRUNK = Table(
    make=Trunk,
    review=check_trunk,
    keys=(
        TableKey("name", NAME, "name of the trunk"),
        TableKey("host", HOST_NAME, "where outside numbers are sent"),
        TableKey(
            "port",
            Whole(least=0, most=65535),
            "its port; 0: as SRV records of a host name say, else 5060",
            default=DECLARED,
        ),
        TableKey("transport", TRANSPORT, "how it is reached", default=DECLARED),
        TableKey(
            "username",
            Text(most=128),
            "user name for the trunk's digest, if it asks",
            default=DECLARED,
        ),
        TableKey("password", SECRET, "password for the trunk's digest", default=DECLARED),
        TableKey(
            "sources",
            ListOf(kind=CidrNetwork()),
            "networks that its calls come from; they need no password",
            default=DECLARED,
        ),
        TableKey(
            "from_user",
            Text(most=128, pattern=r"[A-Za-z0-9+._-]*", what="a number or a login"),
            "caller that outgoing calls show; empty: the caller's own number",
            default=DECLARED,
        ),
        TableKey(
            "trusted_identity",
            YesNo(),
            "whether it is told who calls where the caller hides the number (P-Asserted-Identity)",
            default=DECLARED,
        ),
        TableKey(
            "outgoing",
            YesNo(),
            "whether outside numbers go over it; several are tried in the order of the file",
            default=DECLARED,
        ),
        TableKey(
            "follow_redirects",
            YesNo(),
            "whether it may redirect a call (3xx) to where the project calls",
            default=DECLARED,
        ),
        TableKey(
            "register",
            YesNo(),
            "whether Switchhook registers with it, as carriers want of those whose address they do not know",
            default=DECLARED,
        ),
        TableKey(
            "dialled_number",
            OneOf(DialledNumber),
            "where a PBX there is told the number that was called, when a step rings an address at the trunk's host",
            default=DECLARED,
        ),
        TableKey(
            "may_call",
            OneOf(MayCall),
            "what its calls may dial: numbers of the project, or accounts and groups too",
            default=DECLARED,
        ),
    ),
)
PROJECT = Table(
    make=dict,
    keys=(
        TableKey("id", PROJECT_ID, "id of the project; a file with another id is another project"),
        TableKey("name", NAME, "name of the project"),
        TableKey(
            "country", Country(), "country whose numbers are written in national form", default=""
        ),
        TableKey("time_zone", TimeZone(), "zone of the dates that are sent", default="UTC"),
        TableKey(
            "proper_seconds",
            Seconds(0, 3600),
            "conversations of so many seconds or more count as proper calls",
            default=60.0,
        ),
        TableKey(
            "fallback",
            RingTarget(),
            "rings when a scheme placed the call nowhere",
            default=None,
        ),
        TableKey(
            "allowed_sip_hosts",
            ListOf(kind=HOST_NAME),
            "hosts that answers may send calls to by SIP address",
            default=(),
        ),
        TableKey(
            "own_sip_hosts",
            ListOf(kind=HOST_NAME),
            "hosts by which the world knows this server: a SIP address there means an account",
            default=(),
        ),
        TableKey(
            "allowed_networks",
            ListOf(kind=GrantedNetwork()),
            "private networks that webhooks and calls may reach",
            default=(),
        ),
        TableKey(
            "sip_capture",
            YesNo(),
            "whether the SIP messages of calls are kept with them, where the operator keeps any",
            default=True,
        ),
        TableKey(
            "viewers_see_numbers",
            YesNo(),
            "whether users of the role `viewer` see the numbers of calls in full, or their last digits alone",
            default=True,
        ),
    ),
)
SOUND = Table(
    make=lambda name, file: Sound(name=name, file=file or f"{name}.wav"),
    keys=(
        TableKey("name", NAME, "name that steps and webhooks play it by"),
        TableKey(
            "file",
            Text(what="a path", least=1, most=1000),
            "the WAV file; a relative path counts from the folder for sounds; without it, NAME.wav",
            default="",
        ),
    ),
)
SCREENING = Table(
    make=Screening,
    keys=(
        TableKey(
            "blocked_callers",
            ListOf(kind=CallerNumber()),
            "callers that are turned away; 38044* means all that begin so",
            default=DECLARED,
        ),
        TableKey(
            "block_withheld", YesNo(), "whether withheld numbers are turned away", default=DECLARED
        ),
        TableKey(
            "emergency_numbers",
            ListOf(kind=Text(what="a number of 2 to 8 digits", pattern=r"[0-9]{2,8}")),
            "numbers that accounts reach whatever else is set up; the first for `urn:service:sos`",
            default=DECLARED,
        ),
        TableKey(
            "allowed_prefixes",
            PREFIXES,
            "the only outside numbers that are called",
            default=DECLARED,
        ),
        TableKey(
            "denied_prefixes",
            PREFIXES,
            "outside numbers that are not called",
            default=DECLARED,
        ),
    ),
)
OUTSIDE = Table(
    make=OutsideCalls,
    keys=(
        TableKey(
            "hours",
            Reference(to="[[hours]] table", kind=NAME),
            "working hours within which outside numbers are called; without them, at any time",
            default=DECLARED,
        ),
        TableKey(
            "concurrent_calls",
            LIMIT,
            "outside calls at the same time; 0 is no limit",
            default=DECLARED,
            former=before_0_2("at_once"),
        ),
        TableKey(
            "calls_per_day",
            LIMIT,
            "outside calls from midnight to midnight; 0 is no limit",
            default=DECLARED,
        ),
        TableKey(
            "minutes_per_day",
            LIMIT,
            "minutes of outside calls a day, after which they are cut; 0 is no limit",
            default=DECLARED,
        ),
        TableKey(
            "account_concurrent_calls",
            LIMIT,
            "as concurrent_calls, for the calls of each account",
            default=DECLARED,
            former=before_0_2("account_at_once"),
        ),
        TableKey(
            "account_calls_per_day",
            LIMIT,
            "as calls_per_day, for each account",
            default=DECLARED,
        ),
        TableKey(
            "account_minutes_per_day",
            LIMIT,
            "as minutes_per_day, for each account",
            default=DECLARED,
        ),
    ),
)
TABLES: dict[str, Table] = {
    "numbers": NUMBER,
    "accounts": ACCOUNT,
    "groups": GROUP,
    "trunks": TRUNK,
    "sounds": SOUND,
    "hours": WORKING_HOURS,
    "forwarding_numbers": FORWARDING_NUMBER,
    "dial_plan_webhooks": DIAL_PLAN_WEBHOOK,
    "schemes": SCHEME,
    "events": EVENT,
    "stream_webhooks": STREAM_WEBHOOK,
}
"""The tables that there may be several of, in the order of an export."""
UNIQUE = {"numbers": "", "accounts": "login", "schemes": "id"}
"""The identity of two tables, by default the name; numbers compare by meaning and not by text."""


MAX_TABLES = 20_000
"""Tables of one name in a file."""
MAX_ITEMS = {"trunks": 100, "events": 400, "stream_webhooks": 20}
"""Fewer, of what costs all the time, or for each call: a trunk is asked every half a minute, every event is looked at."""


def _project(*, project: dict[str, Any], **lists: Any) -> Project:  # noqa: ANN401 (as LISTS say)
    return Project(**project, **lists, dialling=dialling_of(project["country"]))


def _check(document: Mapping[str, Any], at: Location) -> None:
    check_numbers(document, at)
    check_group_names(document, at)
    check_actions(document, at)
    check_circles(document, at)


def _list(name: str, table: Table) -> TableKey:
    kind = Tables(
        table=table, unique=UNIQUE.get(name, "name"), most=MAX_ITEMS.get(name, MAX_TABLES)
    )
    return TableKey(name, kind, "", default=())


RECORDING_RULES = Table(
    make=RecordingRules,
    keys=(
        TableKey(
            "voices",
            OneOf(RecordedVoices),
            "all voices of a conversation in one channel, or the caller left and the others right",
            default=DECLARED,
        ),
        TableKey(
            "keep_days",
            Whole(least=0, most=3650),
            "days until recordings are deleted; 0: with their calls, after the operator's `keep_days`",
            default=DECLARED,
        ),
        TableKey(
            "link_days",
            Whole(least=0, most=3650),
            "days for which links in events are good, from the call's arrival; 0: as long as recordings are kept",
            default=DECLARED,
        ),
        TableKey(
            "max_megabytes",
            Whole(least=0, most=100_000_000),
            "megabytes (10^6 bytes) of all recordings, beyond which the oldest are deleted; 0: no limit",
            default=DECLARED,
        ),
    ),
)
FILE = Table(
    make=_project,
    check=_check,
    upgrade=upgrade_events,
    keys=(
        TableKey("project", PROJECT, ""),
        TableKey("screening", SCREENING, "", default=NO_SCREENING),
        TableKey("outside_calls", OUTSIDE, "", default=DEFAULT_LIMITS, attribute="outside"),
        TableKey("event_stream", EVENT_STREAM, "", default=NO_STREAM),
        TableKey("recordings", RECORDING_RULES, "", default=DEFAULT_RECORDING),
        TableKey("call_tracking", CALL_TRACKING_TABLE, "", default=None),
        TableKey("google_analytics", GOOGLE_ANALYTICS, "", default=NOT_CONFIGURED),
        TableKey("warnings", OWNER_WARNINGS, "", default=NO_WARNINGS),
        *(_list(*item) for item in TABLES.items()),
    ),
)
"""The whole file."""


def former_names() -> Iterator[tuple[str, str, FormerName]]:
    """Yield every key that had another name before, with the header or the step that it stands in."""
    for former, actions in FORMER_TABLES.items():
        yield "the file", f"[[events]] with [[events.{actions}]]", before_0_2(former)
    tables = {"`[project]`": PROJECT, "`[screening]`": SCREENING, "`[outside_calls]`": OUTSIDE}
    tables |= {f"`[[{name}]]`": table for name, table in TABLES.items()}
    tables |= {f"a step with `{word}`": table for word, table in STEPS.items()}
    tables |= {"`filter`": EVENT_FILTER}
    for where, table in tables.items():
        yield from ((where, key.name, key.former) for key in table.keys if key.former is not None)


def names_of(document: Mapping[str, Any]) -> UnknownNames:
    """Find the possible targets of references in an unchecked document.

    What is wrong otherwise still counts: a reference to it is no second mistake.
    """
    project = document.get("project")
    country = project.get("country") if isinstance(project, dict) else ""
    country = country if isinstance(country, str) else ""
    return {
        "account": set(_each(document, "accounts", "login", str)),
        "group": set(_each(document, "groups", "name", str)),
        "trunk": set(_each(document, "trunks", "name", str)),
        "country": {country},
        "own SIP host": set(_texts(project, "own_sip_hosts")),
        "number": {
            as_listed(number, dialling_of(country)) or number
            for number in _each(document, "numbers", "number", str)
        },
        "scheme": set(_each(document, "schemes", "id", int)),
        "sound": set(_each(document, "sounds", "name", str)),
        "[[hours]] table": set(_each(document, "hours", "name", str)),
        "dial-plan webhook": set(_each(document, "dial_plan_webhooks", "name", str)),
        "forwarding number": set(_each(document, "forwarding_numbers", "name", str)),
    }


def _texts(table: object, key: str) -> Iterator[str]:
    items = table.get(key) if isinstance(table, dict) else None
    return (item for item in (items if isinstance(items, list) else ()) if isinstance(item, str))


def _each(document: Mapping[str, Any], key: str, name: str, type_: type) -> Iterator[Any]:
    tables = document.get(key)
    for table in tables if isinstance(tables, list) else ():
        if isinstance(table, dict) and type(table.get(name)) is type_:
            yield table[name]
