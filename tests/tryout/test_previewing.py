"""What is shown of a request are the bytes that would be sent, of every kind of webhook."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from switchhook.delivery.http.origin import Origin
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFilter, EventFormat, EventKind, ProjectEvent
from switchhook.domain.event_stream import StreamEventType, StreamWebhook
from switchhook.domain.project import Number, Project, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, Scheme
from switchhook.domain.webhook import DialPlanWebhook, Encoding, Field, ForwardingNumber
from switchhook.tryout.examples import Example, ExampleError
from switchhook.tryout.lookup import NoSuchWebhookError
from switchhook.tryout.previewing import Preview, preview_requests
from switchhook.webhooks.dialects.event_stream import schema
from switchhook.webhooks.mail import Mail, read_mail
from tests.support.events import mail_event, web_event

EXAMPLE = Example()
CRM = ForwardingNumber(
    name="crm",
    url="https://crm.example/route/?key=abc",
    fields=(Field(name="caller", parameter="caller_id"), Field(name="src", parameter="source")),
)
PIN = DialPlanWebhook(
    name="pin", url_template="http://[2001:db8::1]:8080/{code}?did={did}", keep_alive=False
)


def told(name: str, **changes: Any) -> ProjectEvent:
    keys: dict[str, Any] = {
        "url": "http://crm.example/after",
        "fields": (Field(name="status", parameter="status"),),
    }
    return web_event(name=name, event=EventKind.INCOMING_AFTER, **(keys | changes))


SHOP = Project(
    id="shop",
    name="Shop",
    numbers=(Number(number="380800111222", scheme=7),),
    schemes=(Scheme(id=7, name="Main", steps=(HangUpStep(),)),),
    forwarding_numbers=(
        CRM,
        replace(CRM, name="rpc", submission=Encoding.JSON_RPC, rpc_method="find"),
        replace(CRM, name="broken", url="http://{source}.example/"),
        replace(CRM, name="two", fallback_url="http://backup.example/r?key=def#rc=1"),
    ),
    dial_plan_webhooks=(
        replace(PIN, use_ivr=True),
        replace(PIN, name="plain"),
        replace(PIN, name="two pins", use_ivr=True, fallback_url="http://backup.example/{code}"),
    ),
    events=(
        mail_event(
            name="missed",
            event=EventKind.INCOMING_AFTER,
            filter=EventFilter(outcomes=(Outcome.MISSED,)),
            to=("desk@example.com", "owner@example.com"),
            subject="{{caller_id}}: {{status}} after {{full_length}} s",
            text="{{date}}\n",
        ),
        told("after all"),
        told("form", format=EventFormat.FORM),
        told("call", format=EventFormat.JSON_RPC, rpc_method="call.finished"),
        told(
            "chat",
            format=EventFormat.RAW,
            fields=(),
            body='{"text": "{{caller_id:e164}}, {{custom:city}}"}',
        ),
    ),
)


def preview(name: str, example: Example = EXAMPLE) -> Preview:
    (shown,) = previews(name, example)
    return shown


def previews(name: str, example: Example = EXAMPLE) -> tuple[Preview, ...]:
    return preview_requests(ProjectSnapshot(SHOP), name, example, now=0.0, product="UA")


def test_a_forwarding_number() -> None:
    shown = preview("crm")
    assert shown.data == (
        b"GET /route/?key=abc&caller=380441112233&src=newsletter HTTP/1.1\r\n"
        b"Host: crm.example\r\n"
        b"Origin: crm.example\r\n"
        b"User-Agent: UA\r\n"
        b"\r\n"
    )
    assert (shown.webhook, shown.origin) == ("crm", Origin.parse("https://crm.example"))


def test_a_mail_to_the_first_of_its_recipients_tells_of_a_call_that_its_filter_lets_pass() -> None:
    shown = preview("missed", Example(id="7.1", arrived_at="2024-05-01T10:00:00+00:00"))
    assert isinstance(shown.request, Mail)
    assert shown.request.recipient == "desk@example.com"
    headers, text = read_mail(shown.data)
    assert dict(headers)["Subject"] == "380441112233: NO ANSWER after 8 s"
    assert text == "2024-05-01 10:00:00\n"


def test_a_json_rpc_call_is_posted() -> None:
    head, _, body = preview("rpc", Example(id="7.1")).data.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /route/?key=abc HTTP/1.1\r\n")
    assert body == (
        b'{"jsonrpc":"2.0","method":"find",'
        b'"params":{"caller":"380441112233","src":"newsletter"},"id":"7.1-1"}'
    )


@pytest.mark.parametrize(("name", "path"), [("pin", b"0042"), ("plain", b"")])
def test_a_dial_plan_webhook_has_a_code_where_it_has_a_menu(name: str, path: bytes) -> None:
    assert preview(name, Example(code="0042")).data == (
        b"GET /" + path + b"?did=380800111222 HTTP/1.1\r\n"
        b"Host: [2001:db8::1]:8080\r\n"
        b"User-Agent: UA\r\n"
        b"Connection: close\r\n"
        b"\r\n"
    )


def test_an_event() -> None:
    shown = preview("after all", Example(id="7.1"))
    assert shown.data.endswith(b'webhook-id: 7.1.1.after%20all\r\n\r\n{"status":"ANSWERED"}')


@pytest.mark.parametrize(
    ("name", "type_", "body"),
    [
        ("form", "application/x-www-form-urlencoded", "status=ANSWERED"),
        (
            "call",
            "application/json",
            (
                '{"jsonrpc":"2.0","method":"call.finished",'
                '"params":{"status":"ANSWERED"},"id":"7.1.1.call"}'
            ),
        ),
        (
            "chat",
            "text/plain; charset=utf-8",
            '{"text": "+380441112233, example city"}',
        ),
    ],
)
def test_an_event_in_every_format(name: str, type_: str, body: str) -> None:
    head, _, sent = preview(name, Example(id="7.1")).data.decode().partition("\r\n\r\n")

    assert f"\r\nContent-Type: {type_}\r\n" in head
    assert sent == body


def test_a_url_that_cannot_be_sent_to_is_refused_by_name() -> None:
    with pytest.raises(ExampleError, match="broken: The request was not sent"):
        preview("broken", Example(facts={"source": "a b"}))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (
            "two",
            (
                "/r?key=def&caller=380441112233&src=newsletter"
                "&error_code=connect_timeout&error_url=https%3A%2F%2Fcrm.example%2Froute%2F"
            ),
        ),
        (
            "two pins",
            (
                "/4711?error_code=connect_timeout"
                "&error_url=http%3A%2F%2F%5B2001%3Adb8%3A%3A1%5D%3A8080%2F%2A%2A%2A%2A"
            ),
        ),
    ],
)
def test_the_fallback_url_is_told_why_it_is_asked(name: str, target: str) -> None:
    first, fallback = previews(name)
    assert (first.is_fallback, fallback.is_fallback) == (False, True)
    assert str(fallback.origin) == "backup.example:80"
    assert fallback.data.startswith(f"GET {target} HTTP/1.1\r\nHost: backup.example\r\n".encode())


STREAMED = replace(
    SHOP,
    stream_webhooks=(
        StreamWebhook(name="erp", url="https://erp.example/in"),
        StreamWebhook(
            name="begins", url="https://erp.example/in", types=(StreamEventType.CALL_CREATED,)
        ),
        StreamWebhook(
            name="rings", url="https://erp.example/in", types=(StreamEventType.CALL_RINGING,)
        ),
    ),
)


@pytest.mark.parametrize(
    ("name", "type_", "outcome"),
    [("erp", "call.ended", "answered"), ("begins", "call.created", None)],
)
def test_an_event_of_the_stream(name: str, type_: str, outcome: str | None) -> None:
    (made,) = preview_requests(
        ProjectSnapshot(STREAMED), name, Example(), now=1_534_147_871.0, product="UA"
    )
    head, _, body = made.data.partition(b"\r\n\r\n")
    event = json.loads(body)

    assert head.startswith(b"POST /in HTTP/1.1\r\nHost: erp.example\r\n")
    assert b"webhook-id: 1700000000.000000000001.1" in head
    assert (event["type"], event["call"]["outcome"]) == (type_, outcome)
    jsonschema.Draft202012Validator(schema()).validate(event)


def test_a_moment_that_has_no_preview_is_said() -> None:
    with pytest.raises(ExampleError, match=r"rings: a preview shows call\.created or call\.ended"):
        preview_requests(ProjectSnapshot(STREAMED), "rings", Example(), now=1.0, product="UA")
    with pytest.raises(NoSuchWebhookError, match="did you mean erp"):
        preview_requests(ProjectSnapshot(STREAMED), "erq", Example(), now=1.0, product="UA")
