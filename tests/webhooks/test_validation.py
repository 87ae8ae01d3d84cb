"""What is wrong with a webhook is said when it is saved, in words that tell what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.event import EventFormat
from switchhook.domain.webhook import Array, Encoding, Method, Object, Place, Template
from switchhook.webhooks.payload_template import RINGOSTAT_SAMPLE
from switchhook.webhooks.validation import problems
from tests.webhooks.samples import S_40, field, make_dial_plan, make_event, make_number

if TYPE_CHECKING:
    from switchhook.domain.webhook import Node


@pytest.mark.row("R1-37", "A-03")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fields": RINGOSTAT_SAMPLE},
        {"url": "http://11.111.111.11:80"},
        {"url": "http://target/calls/{ID Call}", "method": Method.DELETE},
        {"submission": Encoding.JSON_RPC, "rpc_method": "Route.find"},
        {"import_": Encoding.HTTP, "name_in_response": ""},
        {"place": Place.HEADERS, "fields": (field("caller", "caller_id"),)},
        {"fields": (field("Імя абонента", "caller_id"),)},
        {"fields": (field("at", "date", "%H:%M"), field("on", "date", "iso8601"))},
    ],
)
def test_sound_forwarding_numbers_have_no_problem(changes: dict[str, Any]) -> None:
    assert problems(make_number(**changes)) == ()


@pytest.mark.row("S-08", "S-11", "R1-22", "R3-12", "A-07", "A-08")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"submission": Encoding.JSON_RPC}, "JSON-RPC method is required"),
        ({"import_": Encoding.JSON_RPC, "rpc_method": " "}, "JSON-RPC method is required"),
        ({"url": "ftp://target"}, "neither http:// nor https://"),
        ({"url": "http://target/{nothing}"}, "{nothing} in the URL names no parameter"),
        ({"name_in_response": ""}, "the name in response is required"),
        ({"ring_timeout": 4.0}, "the ring timeout is between 5 and 600 seconds, not 4"),
        ({"response_timeout": 31.0}, "the response timeout is between 1 and 30 seconds, not 31"),
        (
            {"place": Place.HEADERS, "fields": (field("bad name", "caller_id"),)},
            "'bad name' cannot be the name of a header",
        ),
        (
            {"place": Place.HEADERS, "fields": (field("Content-Length", "caller_id"),)},
            "'Content-Length' cannot be the name of a header",
        ),
        (
            {"place": Place.HEADERS, "fields": (field("X", "type"), field("x", "date"))},
            "the header 'x' is there 2 times",
        ),
        ({"fields": (field("x", "no_such"),)}, "there is no parameter 'no_such'"),
        ({"fields": (field(" ", "type"),)}, "the parameter 'type' needs a name"),
        ({"fields": (field("x", "type"), field("x", "date"))}, "'x' is given to 2 parameters"),
        ({"fields": (field("x", "date", "american"),)}, "there is no date format 'american'"),
        ({"url": "http://target/#rc=9"}, "rc=9 behind the # of the URL"),
        ({"fallback_url": "ftp://backup"}, "neither http:// nor https://"),
        (
            {"fallback_url": "http://b/", "fields": (field("error_url", "type"),)},
            "'error_url' is what the fallback URL is told",
        ),
        ({"connect_timeout": 0.05}, "the connect timeout is between 0.1 and 30 seconds, not 0.05"),
        ({"try_timeout": 31.0}, "the try timeout is between 0.1 and 30 seconds, not 31"),
        ({"retries": 6}, "tried again 0 to 5 times, not 6"),
        ({"breaker_failures": 101}, "opens after 0 to 100 failures, not 101"),
        ({"breaker_pause": 0.5}, "the breaker's pause is between 1 and 3600 seconds, not 0.5"),
        ({"token": "t", "username": "u", "password": "p"}, "both a token and a user name"),
        ({"username": "u"}, "a user name and its password go together"),
        ({"username": "u:v", "password": "p"}, "a user name holds no colon"),
        ({"headers": (("Host", "x"),)}, "'Host' is not a header that can be set"),
        ({"headers": (("X", "a"), ("x", "b"))}, "the header 'x' is there 2 times"),
        (
            {"token": "t", "headers": (("Authorization", "x"),)},
            "the header 'authorization' is there 2 times",
        ),
        (
            {
                "place": Place.HEADERS,
                "fields": (field("x", "type"),),
                "headers": (("X", "a"),),
            },
            "the header 'x' is there 2 times",
        ),
        (
            {"template": Template.RINGOSTAT_SAMPLE, "fields": (field("caller", "type"),)},
            "'caller' is given to 2 parameters",
        ),
    ],
)
def test_what_a_forwarding_number_lacks(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(make_number(**changes))

    assert problem in found


@pytest.mark.row("S-50", "R2-43", "R2-44", "A-32")
@pytest.mark.parametrize(
    "name", ["manager", "_x1", "a.b-c", "a[b][0]", "{{manager name}}", "{{Менеджер}}"]
)
def test_names_that_an_event_may_use(name: str) -> None:
    assert problems(make_event(fields=(field(name, "call_id"),))) == ()


@pytest.mark.row("S-50", "R2-43", "R2-44", "A-32")
@pytest.mark.parametrize(
    "name", ["manager name", "Менеджер", "{{a", "1st", "{a}", "{{{a}}}", "{{}}"]
)
def test_other_names_are_refused_with_the_vendors_advice(name: str) -> None:
    found = problems(make_event(fields=(field(name, "call_id"),)))

    assert any("Latin characters and without spaces" in problem for problem in found)
    assert any("{{parameter name}}" in problem for problem in found)


def nested(depth: int) -> Node:
    """Put a value into so many objects and arrays, in turn."""
    node: Node = field("a", "type")
    for level in range(depth):
        inner = (replace(node, name="a"),)
        node = Array(name="", items=inner) if level % 2 else Object(name="", members=inner)
    return replace(node, name="a")


@pytest.mark.row("S-40", "S-43", "S-44")
@pytest.mark.parametrize(
    "changes",
    [
        {"fields": S_40},
        {"fields": (nested(10),)},
        {"fields": (Array(name="a", items=(field("", "type"), field("", "type"))),)},
        {"format": EventFormat.FORM, "fields": S_40, "retries": 10},
        {"format": EventFormat.RAW, "body": "{{nobody}}"},
        {"format": EventFormat.RAW, "binary": b"x"},
        {"format": EventFormat.JSON_RPC, "rpc_method": "call.finished"},
    ],
)
def test_sound_event_webhooks_have_no_problem(changes: dict[str, Any]) -> None:
    assert problems(make_event(**changes)) == ()


@pytest.mark.row("S-46", "S-50", "R2-03", "A-22")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"url": "http://"}, "names no host"),
        ({"response_timeout": 0.0}, "the response timeout is between 1 and 60 seconds, not 0"),
        ({"success_codes": ()}, "at least one status"),
        ({"success_codes": (200, 100)}, "100 cannot count as success"),
        ({"headers": (("Host", "x"),)}, "'Host' is not a header that can be set"),
        ({"headers": (("a b", "x"),)}, "'a b' is not a header that can be set"),
        ({"headers": (("X", "1"), ("x", "2"))}, "the header 'x' is there 2 times"),
        ({"headers": (("X", "a\r\nb"),)}, "holds a line break"),
        ({"retries": 11}, "an event is sent again 0 to 10 times, not 11"),
        ({"format": EventFormat.JSON_RPC}, "JSON-RPC method is required"),
        ({"format": EventFormat.RAW}, "the format raw needs a body"),
        ({"body": "x"}, "the format json sends the parameters and no body of its own"),
        (
            {"format": EventFormat.FORM, "binary": b"x"},
            "the format form sends the parameters and no body of its own",
        ),
        (
            {"format": EventFormat.RAW, "body": "x", "binary": b"x"},
            "both a text and bytes are the body",
        ),
        (
            {"format": EventFormat.RAW, "body": "x", "fields": (field("a", "type"),)},
            "the format raw sends its body and no parameters",
        ),
        (
            {"fields": (field("a", "destination_id", "E.164"),)},
            "there is no form of destination_id 'E.164': choose one of e164",
        ),
        (
            {"fields": (Object(name="a", members=(field("b c", "type"),)),)},
            "'b c' should be in Latin characters",
        ),
        (
            {"fields": (Object(name="a", members=(field("b", "type"), field("{{b}}", "date"))),)},
            "the name 'b' is given to 2 parameters",
        ),
        (
            {"fields": (Array(name="a", items=(field("", "type"), field("", "nothing"))),)},
            "there is no parameter 'nothing'",
        ),
        ({"fields": (nested(11),)}, "arrays and objects are nested more than 10 levels deep"),
        (
            {"fields": (field("a", "type"), field("{{a}}", "date"))},
            "the name 'a' is given to 2 parameters",
        ),
    ],
)
def test_what_an_event_webhook_lacks(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(make_event(**changes))

    assert problem in found


@pytest.mark.row("R5-16", "A-46")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"url_template": "http://webrouting.voys.nl/test.py?code={code}&callerid={callerid}"},
        {"url_template": "http://target/voys-webhook?secret_key=s3cret"},
        {"url_template": "https://target/{did}/{code}?n={callername}&again={did}"},
        {"url_template": "http://target/?x=%7Bname%7D"},
        {"use_ivr": True, "code_timeout": 5.0, "attempts": 3, "start_message": "welcome"},
        {"withheld_caller": "anonymous", "unknown_name": "Onbekend"},
        {"headers": (("Authorization", "Bearer t"),), "description": "any\ntext"},
        {"url_template": "http://t/{code}?k=1#ct=300&rt=400&tt=900&rc=1&rp=ct,5xx"},
        {"fallback_url": "http://backup/{did}?c={code}#rc=2", "breaker_failures": 0},
        {"username": "crm", "password": "x", "connect_timeout": 0.5, "retries": 5},
    ],
)
def test_sound_dial_plan_webhooks_have_no_problem(changes: dict[str, Any]) -> None:
    assert problems(make_dial_plan(**changes)) == ()


@pytest.mark.row("R5-15", "A-46")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"url_template": "http://t/?x={caller}"},
            "none of the variables {code}, {did}, {callerid}, {callername}, {callid}; a brace that is meant as such",
        ),
        (
            {"url_template": "http://t/?x={Code}"},
            "{Code} in the URL template is none of the variables",
        ),
        ({"url_template": "http://t/?x={ code }"}, "{ code } in the URL template is none of the"),
        ({"url_template": "http://t/?x={Caller ID}"}, "{Caller ID} in the URL template is none"),
        ({"url_template": "http://t/?x={call_id}"}, "{call_id} in the URL template is none of the"),
        ({"url_template": "http://t/?x={}"}, "{} in the URL template is none of the variables"),
        (
            {"url_template": "http://t/?x={{name}}"},
            "{name} in the URL template is none of the variables",
        ),
        (
            {"url_template": "http://t/?x={{code}}"},
            "each of them is written in single braces, {code}, {did}, {callerid}, {callername}",
        ),
        ({"url_template": "http://t/?x={code"}, "belongs to no variable"),
        ({"url_template": "http://t/?x=code}"}, "belongs to no variable"),
        ({"url_template": "http://t/?x=}{"}, "belongs to no variable"),
        ({"url_template": "http://t/a#{code}"}, "in its path or its query, and nowhere else"),
        ({"url_template": "http://u:{code}@t/"}, "in its path or its query, and nowhere else"),
        ({"url_template": "http://{did}.t/"}, "is not a host name"),
        ({"url_template": "ftp://t/"}, "neither http:// nor https://"),
        ({"url_template": ""}, "neither http:// nor https://"),
        ({"response_timeout": 0.5}, "the response timeout is between 1 and 30 seconds, not 0.5"),
        ({"code_timeout": 0.0}, "the code timeout is between 1 and 60 seconds, not 0"),
        (
            {"interdigit_timeout": 11.0},
            "the pause between digits is between 0.5 and 10 seconds, not 11",
        ),
        ({"attempts": 0}, "a code may be entered 1 to 10 times, not 0"),
        ({"attempts": 11}, "a code may be entered 1 to 10 times, not 11"),
        ({"withheld_caller": "x" * 65}, "the text for a withheld number is one line of at most 64"),
        ({"unknown_name": "a\nb"}, "the text for a caller without a name is one line"),
        ({"headers": (("Host", "x"),)}, "'Host' is not a header that can be set"),
        ({"headers": (("X", "1"), ("x", "2"))}, "the header 'x' is there 2 times"),
        ({"url_template": "http://t/#rc=9"}, "rc=9 behind the # of the URL: write 0 to 5"),
        ({"fallback_url": "http://b/#rp=never"}, "rp=never behind the # of the URL: write any of"),
        ({"fallback_url": "http://b/?x={Caller ID}"}, "{Caller ID} in the fallback URL is none of"),
        ({"fallback_url": "http://b/?x={code"}, "a brace in the fallback URL belongs to no"),
        ({"fallback_url": "ftp://b/"}, "neither http:// nor https://"),
        ({"connect_timeout": 31.0}, "the connect timeout is between 0.1 and 30 seconds, not 31"),
        ({"try_timeout": 0.0}, "the try timeout is between 0.1 and 30 seconds, not 0"),
        ({"retries": 6}, "an endpoint is tried again 0 to 5 times, not 6"),
        ({"breaker_failures": -1}, "a breaker opens after 0 to 100 failures, not -1"),
        ({"breaker_pause": 0.0}, "the breaker's pause is between 1 and 3600 seconds, not 0"),
        ({"username": "crm"}, "a user name and its password go together"),
        ({"username": "a:b", "password": "x"}, "a user name holds no colon"),
        ({"token": "t", "username": "u", "password": "p"}, "both a token and a user name are set"),
    ],
)
def test_what_a_dial_plan_webhook_lacks(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(make_dial_plan(**changes))

    assert problem in found


@pytest.mark.row("A-46")
def test_every_unknown_variable_is_named() -> None:
    found = problems(make_dial_plan(url_template="http://t/{a}?x={code}&y={b}"))

    assert [problem.partition(" ")[0] for problem in found] == ["{a}", "{b}"]
