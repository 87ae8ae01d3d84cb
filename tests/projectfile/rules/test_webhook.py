"""What does not go together in a webhook is said at its key, in words that tell what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import EventFormat, EventWebhook
from switchhook.domain.webhook import (
    Array,
    DialPlanWebhook,
    Encoding,
    ForwardingNumber,
    Method,
    Object,
    Place,
    Template,
)
from switchhook.projectfile.rules.webhook import (
    check_dial_plan_webhook,
    check_event_mail,
    check_event_webhook,
    check_forwarding_number,
)
from switchhook.projectfile.toml.mistakes import written
from switchhook.webhooks.payload_template import RINGOSTAT_SAMPLE
from tests.webhooks.samples import S_40, field, make_dial_plan, make_event, make_mail, make_number

if TYPE_CHECKING:
    from switchhook.domain.webhook import Node


def problems(webhook: ForwardingNumber | DialPlanWebhook | EventWebhook) -> list[str]:
    """Return what the rules find, each with its place and its advice."""
    match webhook:
        case ForwardingNumber():
            found = check_forwarding_number(webhook)
        case DialPlanWebhook():
            found = check_dial_plan_webhook(webhook)
        case EventWebhook():
            found = check_event_webhook(webhook)
    return [f"{written(one.path)}: {one.problem}; {one.advice}" for one in found]


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
    assert problems(make_number(**changes)) == []


IN_HEADERS = {"place": Place.HEADERS}


@pytest.mark.row("S-08", "S-11", "R1-22", "R3-12", "A-07", "A-08")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"submission": Encoding.JSON_RPC}, ": rpc_method is missing; JSON-RPC method is required"),
        (
            {"import_": Encoding.JSON_RPC, "rpc_method": " "},
            ": rpc_method is missing; JSON-RPC method is required",
        ),
        (
            IN_HEADERS | {"submission": Encoding.JSON},
            "place: place means nothing with submission 'json'; remove it",
        ),
        (
            IN_HEADERS | {"fields": (field("bad name", "caller_id"),)},
            "parameters[0].name: 'bad name' cannot be the name of a header",
        ),
        (
            IN_HEADERS | {"fields": (field("Content-Length", "caller_id"),)},
            "parameters[0].name: 'Content-Length' cannot be the name of a header",
        ),
        (
            IN_HEADERS | {"fields": (field("X", "type"), field("x", "date"))},
            "parameters[1].name: the header 'x' is sent already; keep one of the two",
        ),
        (
            IN_HEADERS | {"fields": (field("X", "type"), field("X", "date"))},
            "parameters[1].name: 'X' is sent already; use another name",
        ),
        (
            {"fields": (field("x", "type"), field("x", "date"))},
            "parameters[1].name: 'x' is sent already; use another name",
        ),
        (
            {"fallback_url": "http://b/", "fields": (field("error_url", "type"),)},
            "parameters[0].name: the name 'error_url' is what the fallback URL is told",
        ),
        ({"token": "t", "username": "u", "password": "p"}, "token: there is a username too; keep"),
        ({"username": "u"}, ": password is missing beside username; write both or neither"),
        ({"password": "p"}, ": username is missing beside password; write both or neither"),
        ({"username": "u:v", "password": "p"}, "username: a user name holds no colon"),
        ({"headers": (("Host", "x"),)}, "headers[0].name: 'Host' is not a header that can be set"),
        ({"headers": (("X", "a"), ("x", "b"))}, "headers[1].name: the header 'x' is sent already"),
        (
            {"token": "t", "headers": (("Authorization", "x"),)},
            "headers[0].name: the header 'Authorization' is sent already",
        ),
        (
            IN_HEADERS | {"fields": (field("x", "type"),), "headers": (("X", "a"),)},
            "headers[0].name: the header 'X' is sent already",
        ),
        (
            {"template": Template.RINGOSTAT_SAMPLE, "fields": (field("caller", "type"),)},
            "parameters[0].name: 'caller' is sent already",
        ),
    ],
)
def test_what_a_forwarding_number_lacks(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(make_number(**changes))

    assert problem in found


def nested(depth: int) -> Node:
    """Put a value into so many objects and arrays, in turn."""
    node: Node = field("a", "type")
    for level in range(depth):
        inner = (replace(node, name="a"),)
        node = Array(name="", items=inner) if level % 2 else Object(name="", members=inner)
    return replace(node, name="a")


@pytest.mark.parametrize(
    ("policy", "keys"),
    [
        (DeliveryPolicy(retries=3), []),
        (DeliveryPolicy(pauses=(1, 2)), []),
        (DeliveryPolicy(pauses=(1, 2), retries=2), []),
        (DeliveryPolicy(pauses=(1, 2), retries=3), [("retries",)]),
        (DeliveryPolicy(keep_order=False), []),
        (DeliveryPolicy(keep_order=False, order_key="crm"), [("order_key",)]),
        (DeliveryPolicy(delay=60, max_age=60), [("max_age",)]),
        (DeliveryPolicy(delay=60, max_age=61), []),
    ],
)
def test_a_delivery_policy_says_nothing_that_has_no_effect(
    policy: DeliveryPolicy, keys: list[tuple[str, ...]]
) -> None:
    webhook = make_event(fields=S_40, policy=policy)
    assert [found.path for found in check_event_webhook(webhook)] == keys


@pytest.mark.row("S-40", "S-43", "S-44")
@pytest.mark.parametrize(
    "changes",
    [
        {"fields": S_40},
        {"fields": (nested(10),)},
        {"fields": (Array(name="a", items=(field("", "type"), field("", "type"))),)},
        {"format": EventFormat.FORM, "fields": S_40, "policy": DeliveryPolicy(retries=10)},
        {"format": EventFormat.RAW, "body": "{{nobody}}"},
        {"format": EventFormat.RAW, "binary": b"x"},
        {"format": EventFormat.JSON_RPC, "rpc_method": "call.finished"},
    ],
)
def test_sound_event_webhooks_have_no_problem(changes: dict[str, Any]) -> None:
    assert problems(make_event(**changes)) == []


@pytest.mark.row("S-46", "S-50", "A-03")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"method": Method.DELETE}, "method: events are not told by DELETE"),
        ({"name": "[warnings]"}, "name: '[warnings]' is how warnings are listed"),
        (
            {"name": "subscription 7"},
            "name: 'subscription 7' is how the deliveries of a subscription",
        ),
        ({"headers": (("Host", "x"),)}, "headers[0].name: 'Host' is not a header that can be set"),
        ({"headers": (("a b", "x"),)}, "headers[0].name: 'a b' is not a header that can be set"),
        ({"headers": (("X", "1"), ("x", "2"))}, "headers[1].name: the header 'x' is sent already"),
        ({"format": EventFormat.JSON_RPC}, ": rpc_method is missing; JSON-RPC method is required"),
        ({"format": EventFormat.RAW}, ": body is missing; write the text that is sent"),
        (
            {"format": EventFormat.RAW, "body": "x", "binary": b"x"},
            "body_base64: body is there too; remove it",
        ),
        (
            {"fields": (Object(name="a", members=(field("b", "type"), field("{{b}}", "date"))),)},
            "parameters[0].object[1].name: '{{b}}' is sent already",
        ),
        (
            {
                "fields": (
                    field("z", "type"),
                    Array(
                        name="a",
                        items=(
                            field("", "type"),
                            Object(name="", members=(field("b", "type"), field("b", "date"))),
                        ),
                    ),
                )
            },
            "parameters[1].array[1].object[1].name: 'b' is sent already",
        ),
        (
            {"fields": (field("a", "type"), field("{{a}}", "date"))},
            "parameters[1].name: '{{a}}' is sent already",
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
    assert problems(make_dial_plan(**changes)) == []


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
            "{Code} is none of the variables",
        ),
        ({"url_template": "http://t/?x={ code }"}, "{ code } is none of the"),
        ({"url_template": "http://t/?x={Caller ID}"}, "{Caller ID} is none"),
        ({"url_template": "http://t/?x={call_id}"}, "{call_id} is none of the"),
        ({"url_template": "http://t/?x={}"}, "{} is none of the variables"),
        (
            {"url_template": "http://t/?x={{name}}"},
            "{name} is none of the variables",
        ),
        (
            {"url_template": "http://t/?x={{code}}"},
            "each of them is written in single braces, {code}, {did}, {callerid}, {callername}",
        ),
        ({"url_template": "http://t/?x={code"}, "belongs to no variable"),
        ({"url_template": "http://t/?x=code}"}, "belongs to no variable"),
        ({"url_template": "http://t/?x=}{"}, "belongs to no variable"),
        ({"url_template": "http://t/a#{code}"}, "in the path or the query, and nowhere else"),
        ({"url_template": "http://u:{code}@t/"}, "in the path or the query, and nowhere else"),
        ({"url_template": "http://{did}.t/"}, "is not a host name"),
        ({"url_template": "ftp://t/"}, "neither http:// nor https://"),
        ({"url_template": ""}, "neither http:// nor https://"),
        ({"headers": (("Host", "x"),)}, "'Host' is not a header that can be set"),
        ({"headers": (("X", "1"), ("x", "2"))}, "headers[1].name: the header 'x' is sent already"),
        ({"url_template": "http://t/#rc=9"}, "rc=9 behind the # of the URL: write 0 to 5"),
        ({"fallback_url": "http://b/#rp=never"}, "rp=never behind the # of the URL: write any of"),
        ({"fallback_url": "http://b/?x={Caller ID}"}, "fallback_url: {Caller ID} is none of"),
        ({"fallback_url": "http://b/?x={code"}, "fallback_url: a brace belongs to no"),
        ({"fallback_url": "ftp://b/"}, "neither http:// nor https://"),
        ({"username": "crm"}, "password is missing beside username"),
        ({"username": "a:b", "password": "x"}, "a user name holds no colon"),
        ({"token": "t", "username": "u", "password": "p"}, "token: there is a username too"),
    ],
)
def test_what_a_dial_plan_webhook_lacks(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(make_dial_plan(**changes))

    assert problem in found


@pytest.mark.row("A-46")
def test_every_unknown_variable_is_named() -> None:
    found = problems(make_dial_plan(url_template="http://t/{a}?x={code}&y={b}"))

    assert [problem.split(" ")[1] for problem in found] == ["{a}", "{b}"]


def test_no_mail_has_the_name_of_a_subscription() -> None:
    (found,) = check_event_mail(make_mail(name="subscription 7"))

    assert found.path == ("name",)
    assert "'subscription 7' is how the deliveries of a subscription are listed" in found.problem
