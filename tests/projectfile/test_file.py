"""A project file becomes a project or every mistake in it; an export reads back as the same project."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchhook.domain.event import EventKind
from switchhook.domain.project import Group, Project
from switchhook.domain.scheme import AskStep, GoToStep, HangUpStep, RingStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Encoding, Field
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.schema.header import Pair
from switchhook.projectfile.schema.project import FILE
from switchhook.projectfile.toml.mistakes import Mistakes, Notes
from switchhook.projectfile.toml.tables import Table, Tables
from switchhook.projectfile.toml.value_types import (
    Base64,
    ListOf,
    Location,
    NotedError,
    Passage,
    Text,
    ValueType,
    WrongError,
)
from switchhook.projectfile.types.destination import Destination
from switchhook.projectfile.types.project import WebAddress
from tests.support.projects import MINIMAL, projects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.projectfile.toml.lines import KeyPath

EXAMPLE = Path(__file__).parents[2] / "examples" / "project.toml"


def good(text: str) -> Project:
    project = read_project(text)
    assert isinstance(project, Project), str(project)
    return project


def mistakes(text: str) -> list[str]:
    found = read_project(text)
    assert isinstance(found, Mistakes), found
    return str(found).splitlines()


def changed(old: str, new: str, text: str = MINIMAL) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_the_example_reads_as_it_says() -> None:
    project = good(EXAMPLE.read_text())

    assert (project.id, project.country, project.time_zone) == ("acme", "UA", "Europe/Kyiv")
    assert project.fallback == Target(kind=TargetKind.ACCOUNT, value="101")
    assert [(n.number, n.scheme, n.insertion_type) for n in project.numbers] == [
        ("380442223344", 1, "dynamic"),
        ("380442223355", 1, "static"),
    ]
    (asked,) = project.forwarding_numbers
    assert (asked.ring_timeout, asked.response_timeout) == (90.0, 5.0)
    assert asked.import_ is Encoding.JSON
    assert asked.fields == (Field(name="insertionType", parameter="insertion_type"),)
    main, office = project.schemes
    assert main.steps[0] == AskStep(webhook="PHP demo")
    assert office.steps == (
        RingStep(targets=(Target(kind=TargetKind.GROUP, value="200"),), timeout=20.0),
        HangUpStep(status=486),
    )
    assert [event.event for event in project.events] == [
        EventKind.INCOMING_BEFORE,
        EventKind.INCOMING_AFTER,
    ]


@given(projects())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_export_reads_back_as_the_same_project(project: Project) -> None:
    text = write_project(project)

    assert good(text) == project
    assert write_project(good(text)) == text


def test_an_export_is_short_and_in_order() -> None:
    assert write_project(good(MINIMAL)) == (
        '[project]\nid = "acme"\nname = "Acme"\n'
        '\n[[numbers]]\nnumber = "380442223344"\nscheme = 1\n'
        '\n[[accounts]]\nlogin = "101"\npassword = "reception-101"\n'
        '\n[[trunks]]\nname = "carrier"\nhost = "carrier.example"\n'
        '\n[[forwarding_numbers]]\nname = "crm"\nurl = "https://crm.example/route"\n'
        '\n[[schemes]]\nid = 1\nname = "Main"\n'
        '\n[[schemes.steps]]\nring = ["101"]\n'
        '\n[[events]]\nname = "told"\nevent = "incoming.after"\n'
        '\n[[events.webhooks]]\nurl = "https://crm.example/told"\n'
    )


def test_every_mistake_is_named_at_once_with_its_line() -> None:
    text = changed('id = "acme"', 'id = "Acme!"')
    text = changed('password = "reception-101"', 'password = "short"', text)
    text = changed('ring = ["101"]', 'ring = ["101"]\ntimeout = 700', text)
    text = changed('url = "https://crm.example/told"', 'url = "ftp://crm.example/told"', text)

    assert mistakes(text) == [
        (
            "line 2: project.id: 'Acme!' is not accepted here;"
            " write lower-case letters, digits and hyphens"
        ),
        (
            "line 7: accounts[0].password: 5 characters are too few;"
            " write a password of 8 characters or more"
        ),
        "line 23: schemes[0].steps[0].timeout: 700 is more than 600 seconds; allowed are 5 to 600",
        (
            "line 30: events[0].webhooks[0].url: the URL begins with neither http:// nor https://,"
            " as https://crm.example.com:8443/route does"
        ),
    ]


def in_forwarding_number(line: str) -> str:
    return changed(
        'url = "https://crm.example/route"', f'url = "https://crm.example/route"\n{line}'
    )


def in_event_webhook(line: str) -> str:
    return changed('url = "https://crm.example/told"', f'url = "https://crm.example/told"\n{line}')


def in_event(line: str) -> str:
    return changed('event = "incoming.after"', f'event = "incoming.after"\n{line}')


def in_project(line: str) -> str:
    return changed('name = "Acme"', f'name = "Acme"\n{line}')


def in_scheme(steps: str) -> str:
    return changed('[[schemes.steps]]\nring = ["101"]', steps)


def with_url(url: str) -> str:
    return changed('url = "https://crm.example/route"', f"url = '{url}'")


WRONG = {
    "unknown key": (
        in_forwarding_number("rng_timeout = 5"),
        "forwarding_numbers[0].rng_timeout: unknown key; did you mean ring_timeout?",
    ),
    "table without the one around it": (
        MINIMAL + '[[steps]]\nring = ["101"]\n',
        "steps: unknown key; write [[schemes.steps]]",
    ),
    "unknown table": (MINIMAL + "[[number]]\n", "number: unknown key; did you mean numbers?"),
    "no addresses": (
        (
            '[project]\nid = "a"\nname = "A"\n[[event_mails]]\nname = "m"\nevent = "incoming.after"\n'
            'subject = "s"\n'
        ),
        "event_mails[0]: to is missing; write a list: an e-mail address like desk@example.com",
    ),
    "no project": ("", "project is missing; write [project] and its keys below"),
    "ring timeout": (
        in_forwarding_number("ring_timeout = 4"),
        "ring_timeout: 4 is less than 5 seconds; allowed are 5 to 600",
    ),
    "response timeout": (
        in_forwarding_number("response_timeout = 31"),
        "response_timeout: 31 is more than 30 seconds; allowed are 1 to 30",
    ),
    "rpc method": (
        in_forwarding_number('import = "json-rpc"'),
        "forwarding_numbers[0]: rpc_method is missing; JSON-RPC method is required",
    ),
    "place with json": (
        in_forwarding_number('submission = "json"\nplace = "headers"'),
        "place: place means nothing with submission 'json'; remove it",
    ),
    "header name": (
        in_forwarding_number(
            'place = "headers"\nparameters = [{ name = "bad name", value = "date" }]'
        ),
        "parameters[0].name: 'bad name' cannot be the name of a header",
    ),
    "fragment": (
        in_forwarding_number('fallback_url = "https://b.example/#rc=9"'),
        "fallback_url: rc=9 behind the # of the URL: write 0 to 5",
    ),
    "retry on": (
        in_forwarding_number('retry_on = ["5xy"]'),
        "retry_on[0]: '5xy' is not known here; did you mean 5xx?",
    ),
    "no retry on": (
        in_forwarding_number("retry_on = []"),
        "retry_on: the list is empty; write at least 1",
    ),
    "user name alone": (
        in_forwarding_number('username = "crm"'),
        "forwarding_numbers[0]: password is missing beside username; write both or neither",
    ),
    "two authentications": (
        in_forwarding_number('username = "crm"\npassword = "x"\ntoken = "y"'),
        "token: there is a username too; keep one of the two",
    ),
    "header of ours in an ask": (
        in_forwarding_number('headers = [{ name = "Host", value = "x" }]'),
        "headers[0].name: 'Host' is not a header that can be set",
    ),
    "template and the same name": (
        in_forwarding_number(
            'template = "ringostat-sample"\nparameters = [{ name = "caller", value = "date" }]'
        ),
        "forwarding_numbers[0].parameters[0].name: 'caller' is sent already",
    ),
    "double parameter": (
        in_forwarding_number(
            'parameters = [{ name = "a", value = "date" }, { name = "a", value = "type" }]'
        ),
        "parameters[1].name: 'a' is sent already; use another name",
    ),
    "unknown parameter": (
        in_forwarding_number('parameters = [{ name = "a", value = "insertion_typ" }]'),
        "parameters[0].value: 'insertion_typ' is no parameter; did you mean insertion_type?",
    ),
    "constant without text": (
        in_forwarding_number('parameters = [{ name = "a", value = "constant" }]'),
        "parameters[0].value: the constant has no text; write it behind a colon",
    ),
    "name of the caller under the direction's": (
        in_forwarding_number('caller_name_in_response = "dst_phone"'),
        "caller_name_in_response: 'dst_phone' holds where the call goes; use another name",
    ),
    "name of the caller under the scheme's": (
        in_forwarding_number('caller_name_in_response = "schema"'),
        "caller_name_in_response: 'schema' holds where the call goes; use another name",
    ),
    "date style": (
        in_forwarding_number('parameters = [{ name = "a", value = "date:unix-sec" }]'),
        "parameters[0].value: 'unix-sec' is no style of dates; did you mean unix-us?",
    ),
    "time zone of a moment": (
        in_event_webhook('parameters = [{ name = "v", value = "date:unix@London" }]'),
        "parameters[0].value: 'London' is not a time zone; did you mean Europe/London?",
    ),
    "time zone of a pattern": (
        in_event_webhook('parameters = [{ name = "v", value = "ended_at:%H@Europe/Kiew" }]'),
        "parameters[0].value: 'Europe/Kiew' is not a time zone; did you mean Europe/K",
    ),
    "form of a length": (
        in_event_webhook('parameters = [{ name = "v", value = "conversation:min" }]'),
        "parameters[0].value: 'min' is no form of conversation; known are hh:mm:ss, iso8601",
    ),
    "event name in Cyrillic": (
        in_event_webhook('parameters = [{ name = "Менеджер", value = "date" }]'),
        (
            "parameters[0].name: 'Менеджер' is not accepted here; write Latin letters without blanks,"
            " or any name in double braces: {{parameter name}}"
        ),
    ),
    "braces left open": (
        in_event_webhook('parameters = [{ name = "{{a", value = "date" }]'),
        "parameters[0].name: '{{a' is not accepted here",
    ),
    "name of a subscription": (
        changed('name = "told"', 'name = "subscription 7"'),
        "name: 'subscription 7' is how the deliveries of a subscription are listed; begin the name",
    ),
    "event by DELETE": (
        in_event_webhook('method = "DELETE"'),
        "method: events are not told by DELETE; use POST, PUT or GET",
    ),
    "header of ours": (
        in_event_webhook('headers = [{ name = "Content-Length", value = "1" }]'),
        "headers[0].name: 'Content-Length' is not a header that can be set",
    ),
    "header twice": (
        in_event_webhook('headers = [{ name = "X-A", value = "" }, { name = "x-a", value = "" }]'),
        "events[0].webhooks[0].headers[1].name: the header 'x-a' is sent already; keep one of the two",
    ),
    "success code": (
        in_event_webhook("success_codes = [200, 99]"),
        (
            "success_codes[1]: 99 is no final HTTP status;"
            ' write 200 to 599, or "2xx" in place of the list'
        ),
    ),
    "json-rpc without a method": (
        in_event_webhook('format = "json-rpc"'),
        "events[0].webhooks[0]: rpc_method is missing; JSON-RPC method is required",
    ),
    "raw without a body": (
        in_event_webhook('format = "raw"'),
        "events[0].webhooks[0]: body is missing; write the text that is sent",
    ),
    "body that is not sent": (
        in_event_webhook('body = "x"'),
        "events[0].webhooks[0].body: body means nothing with format 'json'; remove it; it belongs to raw",
    ),
    "two bodies": (
        in_event_webhook('format = "raw"\nbody = "x"\nbody_base64 = "AAAA"'),
        "events[0].webhooks[0].body_base64: body is there too; remove it",
    ),
    "parameters that are not sent": (
        in_event_webhook(
            'format = "raw"\nbody = "x"\nparameters = [{ name = "a", value = "date" }]'
        ),
        "parameters: parameters means nothing with format 'raw'; remove it; it belongs to json or form or json-rpc or ga4",
    ),
    "array of a form": (
        in_event_webhook('format = "form"\nin_array = true'),
        "in_array: in_array means nothing with format 'form'; remove it; it belongs to json",
    ),
    "unknown format": (
        in_event_webhook('format = "jsonrpc"'),
        "format: 'jsonrpc' is not known here; did you mean json-rpc?",
    ),
    "control character in a body": (
        in_event_webhook('format = "raw"\nbody = "\\u0000"'),
        "body: it holds a control character; remove it",
    ),
    "retries": (
        in_event_webhook("retries = 11"),
        "retries: 11 is more than 10; allowed are 0 to 10",
    ),
    "filter by a number of nobody": (
        in_event('filter = { numbers = ["380440000000"] }'),
        "events[0].filter.numbers[0]: there is no number '380440000000'",
    ),
    "filter by an unknown outcome": (
        in_event('filter = { outcomes = ["mised"] }'),
        "filter.outcomes[0]: ",
    ),
    "filter by what is not known yet": (
        changed(
            "incoming.after",
            "incoming.before",
            in_event('filter = { outcomes = ["missed"] }'),
        ),
        (
            "filter.outcomes: outcomes is not known yet at the time of incoming.before; remove it,"
            " or take an event after it"
        ),
    ),
    "filter without room": (
        in_event("filter = { min_duration = 10, max_duration = 5 }"),
        "filter.max_duration: no conversation takes 10 seconds or more and 5 or less; make it longer",
    ),
    "url with a user": (
        with_url("https://user:hunter22@crm.example/"),
        "url: the URL holds a user name; remove what stands before the @",
    ),
    "url with port 0": (with_url("http://crm.example:0/"), "url: "),
    "url with port 70000": (with_url("http://crm.example:70000/"), "url: "),
    "url without host": (with_url("http:///x"), "url: "),
    "url with a blank": (with_url("http://crm.example/a b"), "url: the URL holds a blank"),
    "url with a line break": (
        changed('"https://crm.example/route"', '"https://crm.example/\\r\\nX: y"'),
        "url: it holds a line break",
    ),
    "url with an unknown name": (
        with_url("http://crm.example/{ID Cal}"),
        "url: {ID Cal} is no parameter; did you mean call_id?",
    ),
    "url with a blank behind": (
        with_url("http://crm.example/a "),
        "url: a blank stands at an end of the URL; remove it",
    ),
    "country UK": (in_project('country = "UK"'), "did you mean GB?"),
    "country by its code": (in_project('country = "+380"'), "did you mean UA?"),
    "country by a shared code": (in_project('country = "+1"'), "write two capital letters"),
    "time zone by its city": (
        in_project('time_zone = "new york"'),
        "did you mean America/New_York?",
    ),
    "time zone as an offset": (in_project('time_zone = "UTC+2"'), "an offset knows no summer time"),
    "country": (in_project('country = "ua"'), "country: 'ua' is no country code; did you mean UA?"),
    "time zone": (
        in_project('time_zone = "Europe/Kiiv"'),
        "time_zone: 'Europe/Kiiv' is not a time zone; did you mean Europe/K",
    ),
    "time zone outside": (in_project('time_zone = "../../etc/passwd"'), "is not a time zone"),
    "network": (
        in_project('allowed_networks = ["10.0.0.1/8"]'),
        "allowed_networks[0]: '10.0.0.1/8' is not a network",
    ),
    "source": (
        changed('host = "carrier.example"', 'host = "a.example"\nsources = ["10.0.0.1/8"]'),
        "sources[0]: '10.0.0.1/8' is not a network; did you mean 10.0.0.0/8?",
    ),
    "trunk's host": (changed('"carrier.example"', '"carrier example"'), "host: 'carrier example'"),
    "trunk's password": (
        changed('host = "carrier.example"', 'host = "a.example"\nusername = "me"'),
        "trunks[0]: password is missing beside username; write both or neither",
    ),
    "registration without a user name": (
        changed('host = "carrier.example"', 'host = "carrier.example"\nregister = true'),
        "trunks[0]: username is missing beside register; write username and password",
    ),
    "fallback": (
        in_project('fallback = "1001x"'),
        "fallback: '1001x' is nothing that can ring",
    ),
    "number twice": (
        MINIMAL + '[[numbers]]\nnumber = "+380 44 222-33-44"\nscheme = 1\n',
        "numbers[1].number: '+380 44 222-33-44' stands already on line 32; use another",
    ),
    "login twice": (
        MINIMAL + '[[accounts]]\nlogin = "101"\npassword = "another-101"\n',
        "accounts[1].login: '101' stands already on line 6; use another",
    ),
    "scheme twice": (
        MINIMAL + '[[schemes]]\nid = 1\nname = "Main 2"\n',
        "schemes[1].id: 1 stands already on line 18; use another",
    ),
    "number without scheme": (
        changed("scheme = 1", "scheme = 2"),
        "numbers[0].scheme: there is no scheme 2; known are 1",
    ),
    "jump to nowhere": (
        in_scheme("[[schemes.steps]]\ngo_to = 7"),
        "steps[0].go_to: there is no scheme 7; known are 1",
    ),
    "ask nobody": (
        in_scheme('[[schemes.steps]]\nask = "cmr"'),
        "steps[0].ask: there is no forwarding number 'cmr'; did you mean crm?",
    ),
    "ring nobody": (
        in_scheme("[[schemes.steps]]\nring = []"),
        "steps[0].ring: the list is empty; write at least 1",
    ),
    "ring a stranger": (
        in_scheme('[[schemes.steps]]\nring = ["1O1"]'),
        "steps[0].ring[0]: '1O1' is nothing that can ring; did you mean 101?",
    ),
    "several in one": (
        in_scheme('[[schemes.steps]]\nring = ["101,102"]'),
        "steps[0].ring[0]: '101,102' holds several; write each one in quotes of its own",
    ),
    "two steps in one": (
        in_scheme('[[schemes.steps]]\nring = ["101"]\nhang_up = 486'),
        "steps[0]: ring and hang_up in one step; make them steps of their own",
    ),
    "no step": (
        in_scheme('[[schemes.steps]]\nrign = ["101"]'),
        "steps[0]: this step does nothing; did you mean ring?",
    ),
    "success as a hang-up": (
        in_scheme("[[schemes.steps]]\nhang_up = 200"),
        "steps[0].hang_up: 200 is less than 400; allowed are 400 to 699",
    ),
    "steps after the end": (
        in_scheme('[[schemes.steps]]\nhang_up = 486\n[[schemes.steps]]\nring = ["101"]'),
        "steps[1]: this step is never reached; the step above it hangs up",
    ),
    "a scheme that goes to itself": (
        in_scheme("[[schemes.steps]]\ngo_to = 1"),
        "steps[0].go_to: calls go round without ringing a target: 1 → 1",
    ),
}


@pytest.mark.parametrize(
    ("key", "place"), [("numbers", "number"), ("accounts", "login"), ("schemes", "id")]
)
def test_a_number_of_more_digits_than_python_writes_is_a_mistake(key: str, place: str) -> None:
    found = mistakes(f'[project]\nid = "a"\nname = "A"\n[[{key}]]\n{place} = 0x{"f" * 10_000}\n')

    assert f"{key}[0].{place}: a number of very many digits" in str(found)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    text, said = WRONG[name]

    found = mistakes(text)

    assert len(found) == 1, found
    assert said in found[0]


def test_more_trunks_than_can_be_looked_after_are_a_mistake_but_for_those_applied_before() -> None:
    trunks = [f'[[trunks]]\nname = "{n}"\nhost = "sip.example"\n' for n in range(100)]
    text = MINIMAL + "".join(trunks)

    (told,) = mistakes(text)
    assert "trunks: 101 tables are too many; allowed are 100" in told
    good(text.replace(trunks[-1], ""))
    applied = read_project(text, judge=False)
    assert isinstance(applied, Project)
    assert len(applied.trunks) > 100


def test_a_circle_is_told_once() -> None:
    steps = '[[schemes.steps]]\nring = ["101"]\n[[schemes.steps]]\ngo_to = 2\n'
    circle = "".join(
        f'[[schemes]]\nid = {a}\nname = "s"\n[[schemes.steps]]\ngo_to = {b}\n'
        for a, b in ((2, 3), (3, 4), (4, 2))
    )

    (found,) = mistakes(in_scheme(steps) + circle)

    assert "calls go round without ringing a target: 2 → 3 → 4 → 2" in found


def test_a_circle_in_which_somebody_rings_is_allowed() -> None:
    project = good(in_scheme('[[schemes.steps]]\nring = ["101"]\n[[schemes.steps]]\ngo_to = 1'))

    assert project.schemes[0].steps[1] == GoToStep(scheme=1)


@pytest.mark.row("FA-11")
def test_what_rings_is_told_from_how_it_is_written() -> None:
    ring = (
        '["101", " 101 ", "+380 44 111-11-11", "sip:bob@pbx.example:5080", "101@ours.example",'
        ' "101@elsewhere.example"]'
    )
    text = in_scheme(f"[[schemes.steps]]\nring = {ring}")
    project = good(changed('id = "acme"', 'id = "acme"\nown_sip_hosts = ["OURS.example"]', text))

    (step,) = project.schemes[0].steps
    assert isinstance(step, RingStep)
    assert [(target.kind, target.value) for target in step.targets] == [
        (TargetKind.ACCOUNT, "101"),
        (TargetKind.ACCOUNT, "101"),
        (TargetKind.NUMBER, "+380441111111"),
        (TargetKind.ADDRESS, "sip:bob@pbx.example:5080"),
        (TargetKind.ACCOUNT, "101"),
        (TargetKind.ADDRESS, "sip:101@elsewhere.example"),
    ]


def test_an_outside_number_needs_a_trunk() -> None:
    text = changed('[[trunks]]\nname = "carrier"\nhost = "carrier.example"\n', "")
    text = changed('ring = ["101"]', 'ring = ["380441111111"]', text)

    (found,) = mistakes(text)

    assert (
        "'380441111111' is no account or group, and there is no trunk for outside numbers" in found
    )


def test_a_wrong_part_is_no_second_mistake_where_it_is_referred_to() -> None:
    text = changed('password = "reception-101"', 'password = ""')
    text = changed('url = "https://crm.example/route"', 'url = "ftp://x"', text)
    text = changed('ring = ["101"]', 'ask = "crm"', text)

    assert len(mistakes(text)) == 2


def test_no_message_holds_a_secret() -> None:
    secrets = ("hunter22", "tops3cret", "k3y", "12345678", "b4ckup")
    text = changed('password = "reception-101"', "password = 12345678")
    text = changed('url = "https://crm.example/route"', 'url = "ftp://u:hunter22@x/?key=k3y"', text)
    text = changed('host = "carrier.example"', 'host = "x"\npassword = "tops3cret\\u0007"', text)
    backup = 'fallback_url = "ftp://u:b4ckup@x/"\ntoken = "b4ckup\\u0007"'
    text = changed('name = "crm"', f'name = "crm"\n{backup}', text)
    header = 'headers = [{ name = "Auth Key", value = "tops3cret\\n" }]'
    text = changed('event = "incoming.after"', f'event = "incoming.after"\n{header}', text)

    said = "\n".join(mistakes(text))

    assert not [secret for secret in secrets if secret in said]


def kinds_below(kind: ValueType, path: KeyPath = ()) -> Iterator[tuple[KeyPath, ValueType]]:
    """Yield each kind of value of a file, with its keys."""
    yield path, kind
    match kind:
        case Table():
            for key in kind.keys:
                yield from kinds_below(key.kind, (*path, key.name))
        case Tables() | Pair():
            yield from kinds_below(kind.table, path)
        case ListOf():
            yield from kinds_below(kind.kind, path)
        case _:
            pass


def test_no_key_of_a_secret_repeats_a_value_of_the_wrong_type() -> None:
    """A password may be of digits alone, and a person forget its quotes."""
    keeps = (Passage, Base64, WebAddress, Destination, ListOf, Table, Tables, Pair)
    found = list(kinds_below(FILE))
    for path, kind in found:
        if isinstance(kind, keeps) or (isinstance(kind, Text) and kind.secret):
            for value in (73310099, 7331.0099):
                assert "7331" not in said_of(kind, value, path), path
        else:
            assert not str(path[-1]).endswith(("password", "secret", "token", "t_key")), path
    assert len(found) > 400


def said_of(kind: ValueType, value: object, path: KeyPath) -> str:
    notes = Notes()
    try:
        kind.read(value, Location(path=path, notes=notes, names=defaultdict(set)))
    except WrongError as wrong:
        return f"{wrong.problem}; {wrong.advice}; {notes.all()}"
    except NotedError:
        pass
    return str(notes.all())


@given(st.text(alphabet='[]project.id="accounts\n#{}, 1'))
def test_no_text_raises(text: str) -> None:
    read_project(text)


@given(st.data())
@settings(deadline=None)
def test_a_file_cut_or_damaged_anywhere_never_raises(data: st.DataObject) -> None:
    text = EXAMPLE.read_text()
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 50)))
    put = data.draw(st.sampled_from(("", "[]", "{}", "1", "-1.5", "true", '""', "[[", "'", "\n")))

    read_project(text[:at] + put + text[until:])


GROUPED = changed("[[trunks]]", '[[groups]]\nname = "200"\naccounts = ["101"]\n\n[[trunks]]')
"""The group stands on line 9, its name on line 10, its accounts on line 11."""


def test_a_group_may_stand_wherever_a_target_may() -> None:
    text = changed('name = "Acme"', 'name = "Acme"\nfallback = "200"', GROUPED)
    project = good(changed('ring = ["101"]', 'ring = ["200", "2-00", "101"]', text))
    group = Target(kind=TargetKind.GROUP, value="200")

    assert project.groups == (Group(name="200", accounts=("101",)),)
    assert project.fallback == group
    (step,) = project.schemes[0].steps
    assert isinstance(step, RingStep)
    assert step.targets == (group, group, Target(kind=TargetKind.ACCOUNT, value="101"))
    assert good(write_project(project)) == project


def test_a_group_that_nothing_rings_is_no_mistake() -> None:
    assert good(GROUPED).groups


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            'accounts = ["101"]',
            "accounts = []",
            "line 11: groups[0].accounts: the list is empty; write at least 1",
        ),
        (
            'accounts = ["101"]',
            'accounts = ["101", "102"]',
            "line 11: groups[0].accounts[1]: there is no account '102'; did you mean 101?",
        ),
        (
            'accounts = ["101"]',
            'accounts = ["101", "101"]',
            "line 11: groups[0].accounts[1]: '101' is in this group already; name it once",
        ),
        (
            'accounts = ["101"]',
            'accounts = "101"',
            "line 11: groups[0].accounts: text is not a list; write it in [ ]",
        ),
        (
            'name = "200"',
            'name = "101"',
            (
                "line 10: groups[0].name: '101' is an account of this project already on line 6;"
                " give the group another name"
            ),
        ),
        (
            'name = "200"',
            'name = "380442223344"',
            (
                "line 10: groups[0].name: '380442223344' is a number of this project already on"
                " line 36; give the group another name"
            ),
        ),
        (
            "[[trunks]]",
            '[[groups]]\nname = "200"\naccounts = ["101"]\n[[trunks]]',
            "line 14: groups[1].name: '200' stands already on line 10; use another",
        ),
        (
            'ring = ["101"]',
            'ring = ["20"]',
            (
                "line 26: schemes[0].steps[0].ring[0]: '20' is nothing that can ring;"
                " did you mean 200?"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_group_is_said(old: str, new: str, found: str) -> None:
    assert mistakes(changed(old, new, GROUPED)) == [found]


def in_the_netherlands(number: str) -> str:
    return changed('number = "380442223344"', f'number = "{number}"').replace(
        'id = "acme"', 'id = "acme"\ncountry = "NL"'
    )


@pytest.mark.row("FE-06")
@pytest.mark.parametrize(
    "written",
    ["085 000 1002", "0850001002", "+31850001002", "0031 (85) 000-1002", "+31 (0)85 0001002"],
)
def test_a_number_may_be_written_as_people_write_it(written: str) -> None:
    project = good(in_the_netherlands(written))

    assert project.numbers[0].number == "31850001002"
    assert 'number = "31850001002"' in write_project(project)


@pytest.mark.row("FE-06")
@pytest.mark.parametrize("written", ["085 000 1003", "0031 (85) 000-1003", "0850001003"])
def test_a_blocked_caller_may_be_written_as_people_write_it(written: str) -> None:
    text = in_the_netherlands("085 000 1002")
    project = good(f'{text}\n[screening]\nblocked_callers = ["{written}"]\n')

    assert project.screening.blocks("31850001003", project.dialling)
    assert not project.screening.blocks("31850001004", project.dialling)


@pytest.mark.row("FE-06", "FJ-04")
@pytest.mark.parametrize("written", ["101 102", "0850001003 0850001004", "06 1234*"])
def test_two_blocked_callers_in_one_text_are_none(written: str) -> None:
    text = in_the_netherlands("085 000 1002")
    (said,) = mistakes(f'{text}\n[screening]\nblocked_callers = ["{written}"]\n')

    assert "is not accepted here; write digits, perhaps with + before and * behind" in said


@pytest.mark.row("FE-06")
def test_one_number_in_two_spellings_stands_twice() -> None:
    text = in_the_netherlands("085 000 1002")
    text += '[[numbers]]\nnumber = "+31 85 000 1002"\nscheme = 1\n'

    (said,) = mistakes(text)
    assert "'+31 85 000 1002' stands already on line " in said


@pytest.mark.row("FE-06")
def test_a_filter_names_a_number_in_another_spelling() -> None:
    text = in_the_netherlands("085 000 1002")
    text = changed(
        'event = "incoming.after"',
        'event = "incoming.after"\nfilter = { numbers = ["0031850001002"] }',
        text,
    )

    assert good(text).events[0].filter.numbers == ("31850001002",)


@pytest.mark.row("FE-06")
def test_a_foreign_number_that_could_be_a_national_one_is_exported_with_its_plus() -> None:
    text = in_the_netherlands("+32 32 34 56 78").replace('country = "NL"', 'country = "US"')
    project = good(text)

    assert project.numbers[0].number == "3232345678"
    assert 'number = "+3232345678"' in write_project(project)
    assert good(write_project(project)) == project
