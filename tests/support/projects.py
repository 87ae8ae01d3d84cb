"""Random projects that a project file can say, and small files to tell stories with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.credentials import (
    BodyHmac,
    ClientAuthentication,
    Credentials,
    HmacAlgorithm,
    HmacEncoding,
    OAuth2,
)
from switchhook.domain.delivery_policy import DeliveryPolicy, OwnerWarnings
from switchhook.domain.event import (
    NO_FILTER,
    NOT_CONFIGURED,
    EventFilter,
    EventFormat,
    EventKind,
    EventMail,
    EventWebhook,
    GoogleAnalytics,
    ProjectEvent,
    default_action_name,
)
from switchhook.domain.event_stream import (
    EventStream,
    StreamEventType,
    StreamPolicy,
    StreamWebhook,
)
from switchhook.domain.hours import DAY, Span, SpecialDay, WorkingHours
from switchhook.domain.outside import OutsideCalls
from switchhook.domain.project import (
    Account,
    Group,
    Number,
    Project,
    RecordedVoices,
    RecordingRules,
    Sound,
    Trunk,
)
from switchhook.domain.retry_policy import RetryOn
from switchhook.domain.scheme import (
    DTMF_KEYS,
    UNCHANGED_NAME,
    AskDialPlanStep,
    AskStep,
    BackgroundStep,
    CallerName,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    NameChoice,
    PlayStep,
    RateStep,
    RecordStep,
    RingDestinationStep,
    RingStep,
    Scheme,
    Step,
    VoicemailStep,
)
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.tracking.call_tracking import StatusEntry, TrackedStatus, TrackingScenario
from switchhook.domain.value_form import (
    PLAIN,
    EmptyStyle,
    SentType,
    Special,
    StandIn,
    ValueForm,
)
from switchhook.domain.webhook import (
    Array,
    CallerIdForwarding,
    DialPlanWebhook,
    Encoding,
    Field,
    ForwardingNumber,
    HashAlgorithm,
    Method,
    Node,
    Object,
    Place,
    RingOrder,
    TextValue,
)
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.parameters import CALLERS_NUMBER, CATALOGUE, DATES, takes
from switchhook.webhooks.signatures import asymmetric_key, symmetric_key
from tests.support.events import make_webhook

MINIMAL = """\
[project]
id = "acme"
name = "Acme"

[[accounts]]
login = "101"
password = "reception-101"

[[trunks]]
name = "carrier"
host = "carrier.example"

[[forwarding_numbers]]
name = "crm"
url = "https://crm.example/route"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["101"]

[[events]]
name = "told"
event = "incoming.after"

[[events.webhooks]]
url = "https://crm.example/told"

[[numbers]]
number = "380442223344"
scheme = 1
"""
"""A good file with one of everything, on lines that tests know."""

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=12)
names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12
)
logins = st.from_regex(r"[a-z][A-Za-z0-9._-]{0,8}", fullmatch=True) | st.from_regex(
    r"1[0-9]{2}", fullmatch=True
)
passages = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\r\t"),
    min_size=1,
) | st.sampled_from(('{"a": "{{caller_id}}"}\n', "'''", "a\n'", "\n"))
blobs = st.binary(min_size=1, max_size=20)
digits = st.from_regex(r"[2-9][0-9]{5,14}", fullmatch=True)
"""Never a login of the above."""
passwords = st.text(
    st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=8, max_size=20
)
hosts = st.sampled_from(("pbx.example.com", "203.0.113.7", "carrier-1.example"))
networks = st.sampled_from(("10.0.0.0/8", "127.0.0.0/8", "192.0.2.7/32", "fd00:1::/64"))
allowed_networks = networks | st.sampled_from(("10.0.0.0/8:8443", "[fd00:1::/64]:8443"))
urls = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(("http", "https")),
    hosts,
    st.sampled_from(("", ":8080", ":65535")),
    st.sampled_from(("", "/", "/route.php?key=a%20b", "/calls/{ID Call}", "/x?c={custom:city}")),
)
ring_seconds = st.integers(5, 600).map(float) | st.floats(5, 600, allow_nan=False)
ask_seconds = st.integers(1, 30).map(float) | st.floats(1, 30, allow_nan=False)


_stand_ins: st.SearchStrategy[StandIn] = st.one_of(
    texts,
    st.sampled_from(("null", "omit", "constant:", "constant:null")),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.booleans(),
    st.sampled_from(Special),
)
_maps = st.dictionaries(names, _stand_ins, min_size=1, max_size=3)


@st.composite
def _formed(draw: st.DrawFn, fields: st.SearchStrategy[Field]) -> Field:
    """Draw a value in a form that means something."""
    field = draw(fields)
    form: dict[str, Any] = {"unknown": draw(st.none() | _stand_ins)}
    if field.parameter in CALLERS_NUMBER:
        form["withheld"] = draw(st.none() | _stand_ins)
    if field.hash is None and field.parameter != "constant":
        has_any_value = not CATALOGUE[field.parameter].values
        if has_any_value and field.parameter not in DATES:
            form["type"] = draw(st.sampled_from(SentType))
        if has_any_value and draw(st.booleans()):
            form["map"] = tuple(draw(_maps).items())
            form["other"] = draw(st.none() | _stand_ins)
    made = ValueForm(**form)
    return field if made == PLAIN else replace(field, form=made)


def _fields(wire_names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Field, ...]]:
    one = _field(wire_names)
    many = st.lists(one | _formed(one), max_size=4, unique_by=lambda field: field.name)
    return many.map(tuple)


def _field(wire_names: st.SearchStrategy[str]) -> st.SearchStrategy[Field]:
    plain = st.builds(
        Field,
        name=wire_names,
        parameter=st.sampled_from([key for key in CATALOGUE if takes(key, "any")]),
        argument=st.just("") | names,
    )
    number = st.builds(
        Field,
        name=wire_names,
        parameter=st.sampled_from(("caller_id", "destination_id")),
        argument=st.sampled_from(("", "e164")),
    )
    constant = st.builds(Field, name=wire_names, parameter=st.just("constant"), argument=texts)
    date = st.builds(
        Field,
        name=wire_names,
        parameter=st.just("date"),
        argument=st.sampled_from(("", "iso8601", "%d.%m.%Y")),
    )
    return plain | number | constant | date


def _trees(wire_names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Node, ...]]:
    """Draw what an event webhook may send: some values, of every shape."""
    no_name = st.just("")

    def leaf(names: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
        hashes = st.none() | st.sampled_from(HashAlgorithm)
        hashed = st.builds(lambda field, hash_: replace(field, hash=hash_), _field(names), hashes)
        return hashed | _formed(hashed) | st.builds(TextValue, name=names, text=passages)

    def node(names: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Node]:
        if not depth:
            return leaf(names)
        items = st.lists(node(no_name, depth - 1), max_size=2).map(tuple)
        members = _apart(node(wire_names, depth - 1))
        styles = st.sampled_from(EmptyStyle)
        arrays = st.builds(Array, name=names, items=items, empty=styles)
        return leaf(names) | arrays | st.builds(Object, name=names, members=members, empty=styles)

    return _apart(node(wire_names, 2))


def _apart(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[tuple[Node, ...]]:
    """Draw values of which no two have the same name."""
    return st.lists(nodes, max_size=2, unique_by=lambda node: bare_name(node.name)).map(tuple)


latin_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
braced_names = st.sampled_from(("{{Имя менеджера}}", "{{manager name}}", "{{ Ім'я }}"))


@st.composite
def forwarding_numbers(draw: st.DrawFn, name: str) -> ForwardingNumber:
    """Draw a routing webhook that could be saved."""
    submission = draw(st.sampled_from(Encoding))
    import_ = draw(st.sampled_from(Encoding))
    by_http = submission is Encoding.HTTP
    place = draw(st.sampled_from(Place)) if by_http else Place.AS_METHOD
    in_headers = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True)
    return ForwardingNumber(
        name=name,
        url=draw(urls),
        method=draw(st.sampled_from(Method)),
        force_post_for_json=draw(st.booleans()),
        submission=submission,
        place=place,
        import_=import_,
        name_in_response=draw(names),
        caller_name_in_response=draw(st.just("") | st.just("name of the caller")),
        rpc_method=draw(names) if Encoding.JSON_RPC in {submission, import_} else draw(texts),
        ring_timeout=draw(ring_seconds),
        response_timeout=draw(ask_seconds),
        ring_order=draw(st.sampled_from(RingOrder)),
        keep_alive=draw(st.booleans()),
        send_origin=draw(st.booleans()),
        user_agent=draw(texts),
        fields=draw(_fields(in_headers if place is Place.HEADERS else latin_names)),
        fallback_url=draw(st.just("") | urls),
        credentials=draw(credentials),
        **draw(_patience),
        headers=draw(
            st.sampled_from(((), (("Auth-Key", "k3y"), ("X-Shop", "")))),
        ),
        empty_flags_as_zero=draw(st.booleans()),
        escape_json=draw(st.booleans()),
        urlencode_values=draw(st.booleans()),
    )


_whsec = st.binary(min_size=24, max_size=64).map(symmetric_key)
_whsk = st.binary(min_size=32, max_size=32).map(asymmetric_key)
_hmacs = st.builds(
    BodyHmac,
    header=st.sampled_from(("X-Sign", "X-Hub-Signature-256")),
    secret=passwords,
    algorithm=st.sampled_from(HmacAlgorithm),
    encoding=st.sampled_from(HmacEncoding),
    prefix=st.sampled_from(("", "sha256=", "t={timestamp},v1=")),
    signed=st.sampled_from(("{body}", "v0:{timestamp}:{id}:{body}")),
    timestamp_header=st.sampled_from(("", "X-Timestamp")),
)
_oauths = st.builds(
    OAuth2,
    token_url=st.just("https://login.example/token"),
    client_id=names,
    client_secret=passwords,
    refresh_token=st.just("") | passwords,
    scope=st.just("") | names,
    client_authentication=st.sampled_from(ClientAuthentication),
)
_authorizations: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"username": logins, "password": passwords}),
    st.fixed_dictionaries({"token": passwords}),
    st.fixed_dictionaries({"oauth": _oauths}),
)
_signatures: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "secret_headers": st.just((("X-Kept-Key", "k3y"),)),
        "signing_secrets": st.lists(_whsec | _whsk, max_size=3).map(tuple),
        "hmac": _hmacs,
    },
)
credentials = st.builds(
    lambda authorization, signature: Credentials(**authorization, **signature),
    _authorizations,
    _signatures,
)
_try_seconds = st.none() | st.floats(0.1, 30, allow_nan=False)
_patience: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "connect_timeout": _try_seconds,
        "try_timeout": _try_seconds,
        "retries": st.integers(0, 5),
        "retry_on": st.lists(st.sampled_from(RetryOn), min_size=1, unique=True).map(tuple),
        "breaker_failures": st.integers(0, 100),
        "breaker_pause": st.floats(1, 3600, allow_nan=False),
    }
)


def event_filters(event: EventKind) -> st.SearchStrategy[EventFilter]:
    """Draw a filter that asks for nothing that is unknown at the time of `event`."""
    if event.is_foreign:
        values = st.lists(texts, min_size=1, max_size=2).map(tuple)
        return st.builds(
            EventFilter,
            departments=st.lists(texts, max_size=2).map(tuple),
            fields=st.lists(st.tuples(names, values), max_size=2).map(tuple),
        )
    if not event.endswith(".after"):
        return st.just(NO_FILTER)
    return st.builds(
        EventFilter,
        outcomes=st.lists(st.sampled_from(Outcome), max_size=2).map(tuple),
        departments=st.lists(texts, max_size=2).map(tuple),
        min_duration=st.floats(0, 60),
        max_duration=st.none() | st.floats(60, 600),
    )


@st.composite
def delivery_policies(draw: st.DrawFn) -> DeliveryPolicy:
    """Draw a delivery policy that could be saved."""
    codes = st.lists(st.integers(200, 599), min_size=1, max_size=3).map(tuple)
    pauses = draw(st.lists(st.floats(1, 600_000), max_size=10).map(tuple))
    keep_order = draw(st.booleans())
    return DeliveryPolicy(
        success_codes=draw(codes | st.just(tuple(range(200, 300)))),
        response_timeout=draw(ask_seconds),
        retries=draw(st.just(0) if pauses else st.integers(0, 10)),
        pauses=pauses,
        max_age=draw(st.none() | st.floats(1, 2_000_000)),
        at_most_once=draw(st.booleans()),
        collapse=draw(st.booleans()),
        max_concurrent=draw(st.none() | st.integers(1, 256)),
        breaker_failures=draw(st.integers(0, 100)),
        breaker_pause=draw(st.floats(1, 3600)),
        keep_order=keep_order,
        order_key=draw(texts if keep_order else st.just("")),
    )


@st.composite
def event_webhooks(draw: st.DrawFn, name: str) -> EventWebhook:
    """Draw an event webhook that could be saved."""
    header_names = st.sampled_from(("Auth-Key", "Content-Type", "User-Agent", "X-Shop"))
    headers = st.lists(st.tuples(header_names, texts), max_size=3, unique_by=lambda pair: pair[0])
    format_ = draw(st.sampled_from(EventFormat))
    body, binary = "", b""
    if format_ is EventFormat.RAW:
        body, binary = draw(st.tuples(passages, st.just(b"")) | st.tuples(st.just(""), blobs))
    by_format: dict[EventFormat, dict[str, Any]] = {
        EventFormat.JSON: {"in_array": draw(st.booleans())},
        EventFormat.FORM: {},
        EventFormat.JSON_RPC: {
            "rpc_method": draw(names),
            "notification": draw(st.booleans()),
        },
        EventFormat.GA4: {
            "measurement_id": "G-AB12",
            "api_secret": draw(passwords),
            "event_name": draw(st.from_regex(r"call_[A-Za-z0-9_]{0,9}", fullmatch=True)),
            "session_timeout": draw(st.floats(60, 86_400)),
        },
        EventFormat.RAW: {"body": body, "binary": binary, "placeholders": draw(st.booleans())},
    }
    own = by_format[format_]
    if format_ not in {EventFormat.RAW, EventFormat.GA4}:
        own["fields"] = draw(_trees(latin_names | braced_names))
    return make_webhook(
        name=name,
        url=draw(urls),
        method=draw(st.sampled_from((Method.GET, Method.POST, Method.PUT))),
        format=format_,
        policy=draw(delivery_policies()),
        keep_alive=draw(st.booleans()),
        user_agent=draw(texts),
        headers=draw(headers.map(tuple)),
        send_id=draw(st.booleans()),
        credentials=draw(credentials),
        **own,
    )


addresses = st.sampled_from(("desk@example.com", "o'hara+calls@mail.example", "root@localhost"))
lines = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), include_characters="\n\t"),
    max_size=40,
)


@st.composite
def event_mails(draw: st.DrawFn, name: str) -> EventMail:
    """Draw an event mail that could be saved."""
    return EventMail(
        name=name,
        to=tuple(draw(st.lists(addresses, min_size=1, unique=True))),
        subject=draw(names),
        text=draw(lines | st.just("Caller: {{Caller ID}}\n")),
    )


google_analytics = st.just(NOT_CONFIGURED) | st.builds(
    GoogleAnalytics,
    measurement_id=st.just("G-TEST1"),
    api_secret=st.just("a-secret!"),
    session_timeout=st.floats(60, 86_400),
    delay=st.sampled_from((0.0, 14_400.0)),
)


@st.composite
def events(draw: st.DrawFn, name: str) -> ProjectEvent:
    """Draw an event that could be saved; some of its actions have the names that they get without one."""
    kinds = draw(st.lists(st.sampled_from((event_webhooks, event_mails)), min_size=1, max_size=3))
    kinds.sort(key=lambda kind: kind is event_mails)
    actions = [
        draw(kind(default_action_name(name, place) if draw(st.booleans()) else f"{name}:{place}"))
        for place, kind in enumerate(kinds)
    ]
    event = draw(st.sampled_from(EventKind))
    return ProjectEvent(
        name=name,
        event=event,
        filter=draw(event_filters(event)),
        webhooks=tuple(one for one in actions if isinstance(one, EventWebhook)),
        mails=tuple(one for one in actions if isinstance(one, EventMail)),
    )


@st.composite
def stream_webhooks(draw: st.DrawFn, name: str) -> StreamWebhook:
    """Draw a webhook of the event stream that could be saved."""
    return StreamWebhook(
        name=name,
        url=draw(urls),
        types=tuple(draw(st.lists(st.sampled_from(StreamEventType), max_size=3, unique=True))),
        policy=StreamPolicy(retries=draw(st.integers(0, 10))),
        keep_alive=draw(st.booleans()),
        headers=draw(st.sampled_from(((), (("X-Key", "k3y"),)))),
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Draw a project whose every reference points to something and whose schemes all end."""
    accounts = draw(
        st.lists(
            st.builds(
                Account,
                login=logins,
                password=passwords,
                name=texts,
                outside_concurrent_calls=st.none() | st.integers(0, 9),
            ),
            max_size=3,
            unique_by=lambda account: account.login,
        )
    )
    asked = draw(st.lists(names, max_size=2, unique=True))
    told = draw(st.lists(names, max_size=2, unique=True))
    streamed = draw(st.lists(names.map("stream {}".format), max_size=1))
    ids = draw(st.lists(st.integers(1, 99999), min_size=1, max_size=3, unique=True))
    grouped = draw(_groups([account.login for account in accounts]))
    targets = _targets([account.login for account in accounts], grouped)
    sounds = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    hours = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    webhooks = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    steps = _steps(targets, asked, ids) | _heard(sounds, targets, hours, webhooks)
    numbers = st.builds(
        Number,
        number=digits,
        scheme=st.sampled_from(ids),
        insertion_type=st.sampled_from(("", "dynamic", "static", "callback")),
        pool=texts,
    )
    return Project(
        id=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)),
        name=draw(names),
        country=draw(st.sampled_from(("", "UA", "KZ", "NL"))),
        time_zone=draw(st.sampled_from(("UTC", "Europe/Kyiv", "Asia/Almaty"))),
        numbers=tuple(draw(st.lists(numbers, max_size=3, unique_by=lambda n: n.number))),
        accounts=tuple(accounts),
        groups=grouped,
        trunks=draw(_trunks()),
        sounds=tuple(Sound(name=name, file=draw(names)) for name in sounds),
        hours=tuple(draw(working_hours(name)) for name in hours),
        dial_plan_webhooks=tuple(draw(dial_plan_webhooks(name, sounds)) for name in webhooks),
        screening=draw(screenings),
        outside=draw(outsides(hours)),
        schemes=tuple(
            Scheme(id=scheme, name=draw(names), steps=_ending(draw(st.lists(steps, max_size=3))))
            for scheme in ids
        ),
        forwarding_numbers=tuple(draw(forwarding_numbers(name)) for name in asked),
        google_analytics=draw(google_analytics),
        events=tuple(draw(events(name)) for name in told),
        event_stream=EventStream(keep=draw(st.booleans())),
        recordings=RecordingRules(
            voices=draw(st.sampled_from(RecordedVoices)),
            keep_days=draw(st.integers(0, 3650)),
            link_days=draw(st.integers(0, 3650)),
            max_megabytes=draw(st.integers(0, 10**8)),
        ),
        warnings=OwnerWarnings(
            to=tuple(draw(st.lists(addresses, max_size=2, unique=True))),
            url=draw(st.just("") | urls),
        ),
        stream_webhooks=tuple(draw(stream_webhooks(name)) for name in streamed),
        call_tracking=draw(st.none() | call_trackings()),
        fallback=draw(st.none() | targets),
        allowed_sip_hosts=tuple(draw(st.lists(hosts, max_size=2))),
        allowed_networks=tuple(draw(st.lists(allowed_networks, max_size=2))),
    )


def call_trackings() -> st.SearchStrategy[TrackingScenario]:
    """Draw a call-tracking scenario, perhaps one that is off."""
    entries = st.lists(
        st.builds(
            StatusEntry,
            outcome=st.sampled_from(Outcome),
            ended_by=st.none() | st.sampled_from(EndedBy),
            status=st.sampled_from(TrackedStatus),
        ),
        max_size=2,
        unique_by=lambda entry: (entry.outcome, entry.ended_by),
    )
    return st.builds(
        TrackingScenario,
        moment_url=st.just("") | urls,
        after_url=st.just("") | urls,
        ids_as_strings=st.booleans(),
        withheld_caller=texts,
        statuses=entries.map(tuple),
        policy=delivery_policies(),
        send_id=st.booleans(),
        headers=st.sampled_from(((), (("Auth-Key", "k"),))),
    )


def _trunks() -> st.SearchStrategy[tuple[Trunk, ...]]:
    """Draw at least one, for outside numbers to go to."""
    plain = st.builds(
        Trunk,
        name=names,
        host=hosts,
        port=st.integers(1, 65535),
        transport=st.sampled_from(("udp", "tcp")),
        sources=st.lists(networks, max_size=2).map(tuple),
        from_user=st.sampled_from(("", "380442223344", "+380442223344")),
    )
    with_digest = st.builds(Trunk, name=names, host=hosts, username=names, password=passwords)
    many = st.lists(plain | with_digest, min_size=1, max_size=2, unique_by=lambda t: t.name)
    return many.map(tuple)


def _groups(known: list[str]) -> st.SearchStrategy[tuple[Group, ...]]:
    """Draw groups of these accounts, under names that nothing else has."""
    if not known:
        return st.just(())
    members = st.lists(st.sampled_from(known), min_size=1, unique=True).map(tuple)
    each = st.builds(
        Group, name=st.sampled_from(("Group.1", "GROUP_2", "2-0-0-")), accounts=members
    )
    return st.lists(each, max_size=2, unique_by=lambda one: one.name).map(tuple)


def _international(digits: str) -> str:
    """Return a number to dial as a file reads it: `+4606000000` is +46 (0)6 and so on."""
    return to_e164(f"+{digits}", "") or f"+{digits}"


def _targets(known: list[str], grouped: tuple[Group, ...]) -> st.SearchStrategy[Target]:
    kinds = [
        st.builds(
            Target, kind=st.just(TargetKind.NUMBER), value=digits | digits.map(_international)
        ),
        st.builds(
            Target,
            kind=st.just(TargetKind.ADDRESS),
            value=st.sampled_from(
                ("sip:ZZ@pbx.example.com", "sips:ZZ@203.0.113.7:5061;transport=tcp", "sip:ZZ@[::1]")
            ),
        ),
    ]
    if known:
        account = st.builds(Target, kind=st.just(TargetKind.ACCOUNT), value=st.sampled_from(known))
        kinds.append(account)
    if grouped:
        names = st.sampled_from([group.name for group in grouped])
        kinds.append(st.builds(Target, kind=st.just(TargetKind.GROUP), value=names))
    return st.one_of(kinds)


def _steps(
    targets: st.SearchStrategy[Target], asked: list[str], schemes: list[int]
) -> st.SearchStrategy[Step]:
    kinds: list[st.SearchStrategy[Step]] = [
        st.builds(
            RingStep,
            targets=st.lists(targets, min_size=1, max_size=3).map(tuple),
            order=st.sampled_from(RingOrder),
            timeout=ring_seconds,
        ),
        st.builds(GoToStep, scheme=st.sampled_from(schemes)),
        st.builds(HangUpStep, status=st.integers(400, 699)),
    ]
    if asked:
        kinds.append(st.builds(AskStep, webhook=st.sampled_from(asked)))
    return st.one_of(kinds)


caller_names = st.one_of(
    st.just(UNCHANGED_NAME),
    st.builds(
        CallerName,
        choice=st.sampled_from((NameChoice.PREPEND, NameChoice.REPLACE)),
        text=names,
    ),
)
key_seconds = st.integers(1, 60).map(float)


def _heard(
    sounds: list[str], targets: st.SearchStrategy[Target], hours: list[str], webhooks: list[str]
) -> st.SearchStrategy[Step]:
    """Draw a step that plays, records or opens branches, in which there are such steps too."""
    some = st.lists(st.sampled_from(sounds), min_size=1, max_size=2).map(tuple)
    any_ = st.lists(st.sampled_from(sounds), max_size=2).map(tuple)
    leaf: st.SearchStrategy[Step] = st.one_of(
        st.builds(
            RingStep,
            targets=st.lists(targets, min_size=1, max_size=2).map(tuple),
            timeout=ring_seconds,
            caller_name=caller_names,
        ),
        st.builds(PlayStep, sounds=some),
        st.builds(BackgroundStep, sounds=any_),
        st.builds(
            VoicemailStep,
            sounds=any_,
            max_duration=ring_seconds,
            mail_to=st.lists(addresses, max_size=2, unique=True).map(tuple),
            attach=st.booleans(),
        ),
        st.builds(RecordStep, is_on=st.booleans(), announcement=any_),
        st.builds(RateStep, sounds=some, best=st.integers(2, 9), timeout=key_seconds, thanks=any_),
    )

    def openers(inner: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
        branch = st.lists(inner, max_size=2).map(tuple)
        by_webhook = branch.map(
            lambda steps: (*steps, RingDestinationStep(caller_name=FROM_WEBHOOK))
        )
        choices = st.lists(
            st.builds(MenuChoice, key=st.sampled_from(DTMF_KEYS), steps=branch),
            min_size=1,
            max_size=3,
            unique_by=lambda choice: choice.key,
        ).map(lambda found: tuple(sorted(found, key=lambda choice: DTMF_KEYS.index(choice.key))))
        return st.one_of(
            st.builds(
                AskDialPlanStep,
                webhook=st.sampled_from(webhooks),
                success=by_webhook | branch,
                failed=by_webhook | branch,
            ),
            st.builds(HoursStep, hours=st.sampled_from(hours), open_=branch, closed=branch),
            st.builds(
                MenuStep,
                sounds=any_,
                choices=choices,
                timeout=key_seconds,
                attempts=st.integers(1, 10),
                timeout_sounds=any_,
                invalid_sounds=any_,
                on_timeout=branch,
                on_invalid=branch,
            ),
        )

    return leaf | openers(leaf | openers(leaf))


FROM_WEBHOOK = CallerName(choice=NameChoice.WEBHOOK)


url_templates = st.sampled_from(
    ("http://crm.example/x?c={code}", "https://crm.example/{did}?k=1#ct=500&rc=1&rp=ct,5xx")
)


@st.composite
def dial_plan_webhooks(draw: st.DrawFn, name: str, sounds: list[str]) -> DialPlanWebhook:
    """Draw a dial-plan webhook that could be saved."""
    message = st.sampled_from(("", *sounds))
    return DialPlanWebhook(
        name=name,
        url_template=draw(url_templates),
        fallback_url=draw(st.just("") | url_templates),
        description=draw(texts),
        caller_id_forwarding=draw(st.sampled_from(CallerIdForwarding)),
        use_ivr=draw(st.booleans()),
        code_timeout=draw(key_seconds),
        attempts=draw(st.integers(1, 10)),
        start_message=draw(message),
        error_message=draw(message),
        timeout_message=draw(message),
        withheld_caller=draw(st.sampled_from(("", "anonymous", "0"))),
        lenient_json=draw(st.booleans()),
        response_timeout=draw(ask_seconds),
        mask_code=draw(st.booleans()),
        keep_alive=draw(st.booleans()),
        user_agent=draw(texts),
        headers=draw(st.sampled_from(((), (("X-Key", "k3y"),)))),
        credentials=draw(credentials),
        **draw(_patience),
    )


spans = st.lists(
    st.builds(Span, opens=st.integers(0, 600), closes=st.integers(601, DAY)), max_size=2
).map(tuple)
special_days = st.builds(
    SpecialDay,
    month=st.integers(1, 12),
    day=st.integers(1, 28),
    year=st.sampled_from((0, 2026, 2027)),
    spans=spans,
)


def working_hours(name: str) -> st.SearchStrategy[WorkingHours]:
    """Draw working hours."""
    return st.builds(
        WorkingHours,
        name=st.just(name),
        monday=spans,
        saturday=spans,
        special_days=st.lists(
            special_days, max_size=2, unique_by=lambda d: (d.year, d.month, d.day)
        ).map(tuple),
        time_zone=st.sampled_from(("", "Europe/Kyiv")),
    )


screenings = st.builds(
    Screening,
    blocked_callers=st.sampled_from(((), ("380441112233", "+1900*"))),
    block_withheld=st.booleans(),
    emergency_numbers=st.sampled_from((("112", "911"), ("101", "102", "15"), ())),
    allowed_prefixes=st.sampled_from(((), ("380", "+31"))),
    denied_prefixes=st.sampled_from(((), ("1900",))),
)


def outsides(hours: list[str]) -> st.SearchStrategy[OutsideCalls]:
    """Draw the rules of outside calls."""
    return st.builds(
        OutsideCalls,
        hours=st.sampled_from(("", *hours)),
        concurrent_calls=st.integers(0, 1000),
        account_minutes_per_day=st.integers(0, 1000),
    )


def _ending(steps: list[Step]) -> tuple[Step, ...]:
    """Let nothing stand behind a hang-up, and no jump where the caller has heard nothing."""
    heard = next(
        (i for i, step in enumerate(steps) if isinstance(step, AskStep | RingStep)), len(steps)
    )
    steps = [step for i, step in enumerate(steps) if i > heard or not isinstance(step, GoToStep)]
    ends = next(
        (i + 1 for i, step in enumerate(steps) if isinstance(step, HangUpStep | GoToStep)),
        len(steps),
    )
    return tuple(steps[:ends])
