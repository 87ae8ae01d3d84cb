"""An event is told in exactly the bytes that its webhook's settings say, the same at every attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.webhook import Method
from switchhook.webhooks.request import render_event
from tests.webhooks.samples import UA, VISIT, field, image, make_event, make_facts, written

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook

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


def tell(webhook: EventWebhook, delivery_id: str = "d-1001") -> bytes:
    facts = make_facts(extra=VISIT)
    return image(render_event(webhook, facts, delivery_id=delivery_id, product=UA))


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
