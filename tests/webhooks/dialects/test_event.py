"""An event is told in exactly the bytes that its webhook's settings say, the same at every attempt."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.event import EventFormat
from switchhook.domain.value_form import SentType, ValueForm
from switchhook.domain.webhook import Field, Method
from switchhook.webhooks.request import render_event
from tests.webhooks.samples import (
    DUTCH_PLAN,
    S_40,
    S_40_JSON,
    S_41_FORM,
    UA,
    VISIT,
    field,
    image,
    make_event,
    make_facts,
    talked,
    written,
)

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook
    from switchhook.webhooks.parameters import CallFacts

FIELDS = (
    field("call_id", "call_id"),
    field("caller", "caller_id"),
    field("{{Имя менеджера}}", "responsible_manager"),
    field("fixed", "constant", "abc"),
)
BODY = (
    '{"call_id":"3333333333.3333333","caller":"380441112233",'
    '"Имя менеджера":"Иван Иванов","fixed":"abc"}'
)


PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
"""One pixel."""
HOSTILE = '"; X: y\r\nEvil: 1'


def tell(
    webhook: EventWebhook, delivery_id: str = "d-1001", facts: CallFacts | None = None
) -> bytes:
    told = facts or make_facts(extra=VISIT)
    return image(render_event(webhook, told, delivery_id=delivery_id, product=UA))


def content_type(webhook: EventWebhook) -> str | None:
    request = render_event(webhook, make_facts(), delivery_id="d", product=UA)
    return dict(request.headers).get("Content-Type")


@pytest.mark.row("R2-02", "R2-25", "R2-27", "R2-32", "R2-43", "R2-44", "A-32")
def test_flat_json_is_posted_without_origin() -> None:
    expected = written(
        f"""
        POST /after HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: {len(BODY.encode())}
        """,
        BODY,
    )

    assert expected == tell(make_event(fields=FIELDS))


@pytest.mark.row("R2-26")
def test_put_has_the_same_body() -> None:
    sent = tell(make_event(method=Method.PUT, url="http://target/calls/{ID Call}", fields=FIELDS))

    assert sent.startswith(b"PUT /calls/3333333333.3333333 HTTP/1.1\r\n")
    assert sent.endswith(BODY.encode())


@pytest.mark.row("R2-24")
@pytest.mark.parametrize("method", [Method.GET, Method.DELETE])
def test_get_puts_the_values_into_the_query(method: Method) -> None:
    expected = written(f"""
        {method} /after?key=1&call_id=3333333333.3333333&caller=380441112233&%D0%98%D0%BC%D1%8F+%D0%BC%D0%B5%D0%BD%D0%B5%D0%B4%D0%B6%D0%B5%D1%80%D0%B0=%D0%98%D0%B2%D0%B0%D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&fixed=abc HTTP/1.1
        Host: target
        User-Agent: UA
    """)

    assert expected == tell(
        make_event(method=method, url="http://target/after?key=1", fields=FIELDS)
    )


@pytest.mark.row("S-46", "R2-23")
def test_added_headers_stand_after_ours_and_before_id_and_connection() -> None:
    expected = written(
        """
        POST /after HTTP/1.1
        Host: target
        User-Agent: UA
        Authorization: Basic dXNlcjpzZWNyZXQ=
        Content-Type: application/json
        Content-Length: 2
        Auth-Key: k
        X-Office: Kyiv
        webhook-id: d-1001
        Connection: close
        """,
        "{}",
    )
    webhook = make_event(
        url="http://user:secret@target/after",
        headers=(("Auth-Key", "k"), ("X-Office", "Kyiv")),
        send_id=True,
        keep_alive=False,
    )

    assert expected == tell(webhook)


@pytest.mark.row("S-46", "R2-23", "A-27")
@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ((), b"\r\nContent-Type: application/json\r\n"),
        (
            (("content-type", "application/json; charset=utf-8"),),
            b"\r\nContent-Type: application/json; charset=utf-8\r\n",
        ),
        ((("User-Agent", "own"),), b"\r\nUser-Agent: own\r\n"),
    ],
)
def test_own_content_type_and_user_agent_stand_in_place_of_ours(
    headers: tuple[tuple[str, str], ...], line: bytes
) -> None:
    sent = tell(make_event(headers=headers))

    assert line in sent
    assert sent.lower().count(b"content-type") == 1
    assert sent.lower().count(b"user-agent") == 1


@pytest.mark.row("S-46", "R2-23", "A-27")
def test_a_deleted_content_type_is_really_not_sent() -> None:
    assert b"content-type" not in tell(make_event(headers=(("Content-Type", ""),))).lower()


def test_own_authorization_wins_over_the_urls() -> None:
    webhook = make_event(
        url="http://user:secret@target/after", headers=(("Authorization", "Bearer t"),)
    )

    assert tell(webhook).count(b"Authorization") == 1
    assert b"\r\nAuthorization: Bearer t\r\n" in tell(webhook)


@pytest.mark.row("S-46", "S-73")
@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "transfer-encoding", "Connection", "webhook-id", "a b", ""]
)
def test_a_header_that_frames_the_message_is_never_added(name: str) -> None:
    assert tell(make_event()) == tell(make_event(headers=((name, "x"),)))


@pytest.mark.row("S-73")
def test_an_id_that_is_no_plain_text_still_makes_one_line() -> None:
    sent = tell(make_event(send_id=True), delivery_id="c1.2.Після\r\nEvil: 1")

    assert b"\r\nwebhook-id: c1.2.%D0%9F%D1%96%D1%81%D0%BB%D1%8F%0D%0AEvil%3A%201\r\n" in sent


def test_the_same_event_is_the_same_bytes_again() -> None:
    webhook = make_event(fields=FIELDS, send_id=True)

    assert tell(webhook) == tell(webhook)
    assert json.loads(tell(webhook).partition(b"\r\n\r\n")[2])["fixed"] == "abc"


@pytest.mark.row("S-40", "R2-27", "R2-32", "R2-33", "R2-34", "R2-35", "R2-36", "R2-37", "R2-38")
@pytest.mark.row("R2-43", "R2-44", "A-31", "A-32")
def test_s_40_every_type_of_value_as_json() -> None:
    expected = written(
        """
        POST /after HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: 427
        """,
        S_40_JSON,
    )

    assert tell(make_event(fields=S_40), facts=talked()) == expected


@pytest.mark.row("S-41", "R2-30")
def test_s_41_the_same_as_a_form() -> None:
    expected = written(
        """
        POST /after HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: application/x-www-form-urlencoded
        Content-Length: 551
        """,
        S_41_FORM,
    )
    webhook = make_event(fields=S_40, format=EventFormat.FORM)

    assert tell(webhook, facts=talked()) == expected


@pytest.mark.row("S-42", "R2-24")
@pytest.mark.parametrize("format_", [EventFormat.JSON, EventFormat.FORM])
def test_s_42_the_same_by_get(format_: EventFormat) -> None:
    expected = written(
        f"""
        GET /after?{S_41_FORM} HTTP/1.1
        Host: target
        User-Agent: UA
        """
    )
    webhook = make_event(fields=S_40, format=format_, method=Method.GET)

    assert tell(webhook, facts=talked()) == expected


@pytest.mark.row("S-43", "R2-28", "A-28")
def test_s_43_raw_text() -> None:
    expected = written(
        """
        POST /after HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: text/plain
        Content-Length: 43
        """,
        "Call 380441112233 -> 380442223344: ANSWERED",
    )
    webhook = make_event(
        format=EventFormat.RAW,
        body="Call {{Caller ID}} -> {{Destination ID}}: {{Status}}",
        headers=(("Content-Type", "text/plain"),),
    )

    assert tell(webhook, facts=talked()) == expected


@pytest.mark.row("S-43", "R2-28", "A-28")
def test_s_43_an_image_arrives_as_it_is() -> None:
    webhook = make_event(
        format=EventFormat.RAW, binary=PNG, headers=(("Content-Type", "image/png"),)
    )
    request = render_event(webhook, make_facts(), delivery_id="d", product=UA)

    assert sha256(request.body).digest() == sha256(PNG).digest()
    assert dict(request.headers)["Content-Type"] == "image/png"
    assert dict(request.headers)["Content-Length"] == str(len(PNG))


@pytest.mark.row("S-43", "R2-28", "A-28")
@pytest.mark.parametrize(
    ("body", "placeholders", "sent"),
    [
        (
            "{{nobody}} {{{caller_id}}} {{caller_id}}",
            True,
            "{{nobody}} {{{caller_id}}} 380441112233",
        ),
        ("{{caller_id}}\r\n\té {{custom:city}}", False, "{{caller_id}}\r\n\té {{custom:city}}"),
        ("{{caller_id}}\r\n\té {{custom:city}}", True, "380441112233\r\n\té Київ"),
    ],
)
def test_a_raw_body_is_sent_as_it_was_written(body: str, placeholders: bool, sent: str) -> None:  # noqa: FBT001 (a case)
    webhook = make_event(format=EventFormat.RAW, body=body, placeholders=placeholders)

    assert tell(webhook).partition(b"\r\n\r\n")[2] == sent.encode()


@pytest.mark.row("S-44", "R2-29", "A-29")
@pytest.mark.parametrize("method", list(Method))
def test_s_44_a_json_rpc_call_is_posted(method: Method) -> None:
    expected = written(
        """
        POST /rpc HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: 91
        """,
        '{"jsonrpc":"2.0","method":"call.finished","params":{"caller":"380441112233"},"id":"d-1001"}',
    )
    webhook = make_event(
        url="http://target/rpc",
        method=method,
        format=EventFormat.JSON_RPC,
        rpc_method="call.finished",
        fields=(field("caller", "caller_id"),),
    )

    assert tell(webhook) == expected


@pytest.mark.row("A-29")
def test_a_notification_has_no_id() -> None:
    webhook = make_event(format=EventFormat.JSON_RPC, rpc_method="note", notification=True)

    assert tell(webhook).endswith(b'\r\n\r\n{"jsonrpc":"2.0","method":"note","params":{}}')


@pytest.mark.row("S-30")
@pytest.mark.parametrize("caller", ["+31612345678", "31612345678", "0612345678"])
def test_s_30_a_missed_call_in_a_chat(caller: str) -> None:
    """1714550400 is 10:00 in Amsterdam."""
    text = "Missed call from {{caller_id:e164}} to {{destination_id:e164}} at {{date}}"
    webhook = make_event(format=EventFormat.RAW, body=f'{{"text":"{text}"}}')
    facts = make_facts(
        snapshot=DUTCH_PLAN, caller=caller, callee="31850001001", arrived_at=1714550400.0
    )

    assert tell(webhook, facts=facts).endswith(
        b'\r\n\r\n{"text":"Missed call from +31612345678 to +31850001001 at 2024-05-01 10:00:00"}'
    )


@pytest.mark.row("S-46", "R2-23", "A-27")
@pytest.mark.parametrize(
    ("format_", "automatic"),
    [
        (EventFormat.JSON, "application/json"),
        (EventFormat.FORM, "application/x-www-form-urlencoded"),
        (EventFormat.RAW, "text/plain; charset=utf-8"),
        (EventFormat.JSON_RPC, "application/json"),
    ],
)
def test_the_content_type_follows_from_the_format_until_somebody_sets_it(
    format_: EventFormat, automatic: str
) -> None:
    own = (("Content-Type", "application/json; charset=utf-8"),)
    webhook = {"format": format_, "body": "x"}

    assert content_type(make_event(**webhook)) == automatic
    assert content_type(make_event(**webhook, method=Method.PUT)) == automatic
    assert content_type(make_event(**webhook, headers=own)) == own[0][1]
    assert content_type(make_event(**webhook, headers=(("content-type", ""),))) is None


def test_bytes_without_a_type_are_said_to_be_bytes() -> None:
    webhook = make_event(format=EventFormat.RAW, binary=b"\x00\xff{{caller_id}}")

    assert content_type(webhook) == "application/octet-stream"
    assert tell(webhook).endswith(b"\r\n\r\n\x00\xff{{caller_id}}")


@pytest.mark.row("R2-22")
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://11.111.111.11:80", "11.111.111.11"),
        ("https://target:443/after", "target"),
        ("https://target:8443/after?key=1", "target:8443"),
        ("http://[2001:db8::1]/", "[2001:db8::1]"),
    ],
)
def test_any_web_address_is_told(url: str, host: str) -> None:
    webhook = make_event(url=url, format=EventFormat.FORM)
    request = render_event(webhook, make_facts(), delivery_id="d", product=UA)

    assert request.url.startswith(f"{url.partition(':')[0]}://{host}/")
    assert dict(request.headers)["Host"] == host


@pytest.mark.row("R2-24", "A-27")
@pytest.mark.parametrize("body", [{"body": "x"}, {"binary": b"x"}])
def test_a_raw_body_does_not_travel_by_get(body: dict[str, str | bytes]) -> None:
    expected = written(
        """
        GET /after HTTP/1.1
        Host: target
        User-Agent: UA
        """
    )

    assert tell(make_event(format=EventFormat.RAW, method=Method.GET, **body)) == expected


@pytest.mark.row("S-51", "R2-31", "A-30")
@pytest.mark.parametrize(
    ("style", "sent"),
    [
        ("", "2018-08-13 11:11:11"),
        ("standard", "2018-08-13 11:11:11"),
        ("iso8601", "2018-08-13T11:11:11+03:00"),
        ("unix", "1534147871"),
        ("unix-ms", "1534147871000"),
    ],
)
def test_s_51_a_date_is_written_as_was_chosen(style: str, sent: str) -> None:
    told = tell(make_event(fields=(field("at", "date", style),)))
    raw = make_event(format=EventFormat.RAW, body=f"{{{{date:{style}}}}}")

    assert json.loads(told.partition(b"\r\n\r\n")[2]) == {"at": sent}
    assert tell(raw).endswith(f"\r\n\r\n{sent}".encode())


@pytest.mark.row("S-50", "R2-44")
def test_s_50_braces_are_not_sent() -> None:
    name = field("{{Менеджер}}", "type")

    assert '{"Менеджер":"in"}'.encode() in tell(make_event(fields=(name,)))
    assert b"%D0%9C%D0%B5%D0%BD%D0%B5%D0%B4%D0%B6%D0%B5%D1%80=in" in tell(
        make_event(fields=(name,), format=EventFormat.FORM)
    )


BODIES = (
    ('{"from": "{{caller_id}}", "n": {{destination_id}}, "last": 1}', ""),
    ("from={{caller_id}}&n={{destination_id}}&last=1", "application/x-www-form-urlencoded"),
)


@pytest.mark.row("S-73")
@pytest.mark.parametrize(
    ("format_", "method"), tuple(product(EventFormat, (Method.GET, Method.POST)))
)
def test_s_73_nothing_is_added_in_any_format(format_: EventFormat, method: Method) -> None:
    assert_nothing_added(format_, method, HOSTILE, "1&destination=900")


@pytest.mark.row("S-73")
@given(
    format_=st.sampled_from(EventFormat),
    method=st.sampled_from((Method.GET, Method.POST)),
    caller=st.text(),
    callee=st.text(),
)
def test_whatever_a_caller_is_called_nothing_is_added(
    format_: EventFormat, method: Method, caller: str, callee: str
) -> None:
    assert_nothing_added(format_, method, caller, callee)


def assert_nothing_added(format_: EventFormat, method: Method, caller: str, callee: str) -> None:
    facts = make_facts(caller=caller, callee=callee)
    fields = (
        field("from", "caller_id"),
        field("n", "destination_id"),
        field("last", "constant", "1"),
    )
    for body, type_ in BODIES:
        headers = (("Content-Type", type_),) if type_ else ()
        webhook = make_event(
            method=method,
            format=format_,
            rpc_method="m",
            headers=headers,
            **({"body": body} if format_ is EventFormat.RAW else {"fields": fields}),
        )
        request = render_event(webhook, facts, delivery_id="d", product=UA)
        plain = render_event(webhook, make_facts(), delivery_id="d", product=UA)
        assert [name for name, _ in request.headers] == [name for name, _ in plain.headers]
        assert sent_names(request.url, request.body) == sent_names(plain.url, plain.body)


def sent_names(url: str, body: bytes) -> list[str]:
    """Return the names of members or parameters, in the body or the query."""
    text = body.decode()
    if text.startswith("{"):
        members = json.loads(text)
        return [*members, *members.get("params", ())]
    return [name for name, _ in parse_qsl(text or urlsplit(url).query, keep_blank_values=True)]


def test_what_a_type_cannot_hold_is_noted_with_the_request() -> None:
    """At most five notes stand with one request, whatever the webhook sends."""
    form = ValueForm(type=SentType.NUMBER)
    fields = tuple(Field(name=f"v{n}", parameter="custom", form=form) for n in range(8))
    facts = make_facts(extra={"custom": "abc"})

    request = render_event(make_event(fields=fields[:1]), facts, delivery_id="d", product=UA)
    assert request.body == b'{"v0":null}'
    assert request.notes == ("v0: custom is 'abc', no number; sent null",)
    assert render_event(make_event(), facts, delivery_id="d", product=UA).notes == ()
    many = render_event(make_event(fields=fields), facts, delivery_id="d", product=UA).notes
    assert many[4:] == ("v4: custom is 'abc', no number; sent null", "and 3 more")


def test_an_object_may_stand_in_an_array() -> None:
    """Kommo and others take a list of records, be it of one."""
    webhook = make_event(fields=(field("a", "type"),), in_array=True)
    request = render_event(webhook, make_facts(), delivery_id="d", product=UA)
    assert request.body == b'[{"a":"in"}]'
