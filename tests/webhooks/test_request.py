"""Nothing that a caller or a receiver's settings hold can add a header, a parameter or a member."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.webhook import Encoding, Method, Place
from switchhook.webhooks.request import render_ask, render_event
from tests.webhooks.samples import UA, field, image, make_event, make_facts, make_number

if TYPE_CHECKING:
    from switchhook.webhooks.parameters import CallFacts

EVIL_NAME = '"; X: y\r\nEvil: 1'
EVIL_NUMBER = "1&destination=900"
FIELDS = (field("caller", "caller_id"), field("name", "custom", "name"))
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [EVIL_NAME, EVIL_NUMBER, '","x":"', "a=b;c", "%0d%0aX: y", "\r\n\r\nGET /", ""]
    ),
)


def evil(caller: str, name: str) -> CallFacts:
    return make_facts(caller=caller, extra={"custom:name": name})


def split(message: bytes) -> tuple[str, list[str], bytes]:
    """Read a message as the plainest of receivers does: at its line ends."""
    head, _, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    return first, [line.split(":")[0] for line in lines], body


@pytest.mark.row("S-73", "T-16")
@given(caller=VALUES, name=VALUES, method=st.sampled_from(list(Method)))
def test_a_query_or_form_has_two_parameters_whatever_they_hold(
    caller: str, name: str, method: Method
) -> None:
    webhook = make_number(method=method, fields=FIELDS)
    request = render_ask(webhook, evil(caller, name), ask_id="1", product=UA)
    first, _, body = split(image(request))

    sent = body.decode() or urlsplit(first.split(" ")[1]).query
    assert [n for n, _ in parse_qsl(sent, keep_blank_values=True)] == ["caller", "name"]
    assert sent.count("&") == 1
    assert first.count(" ") == 2


@pytest.mark.row("S-73", "T-16")
@given(caller=VALUES, name=VALUES, submission=st.sampled_from([Encoding.JSON, Encoding.JSON_RPC]))
def test_json_has_two_members_whatever_they_hold(
    caller: str, name: str, submission: Encoding
) -> None:
    webhook = make_number(submission=submission, rpc_method="m", fields=FIELDS)
    request = render_ask(webhook, evil(caller, name), ask_id="1", product=UA)
    sent = json.loads(request.body)

    members = sent["params"] if submission is Encoding.JSON_RPC else sent
    assert list(members) == ["caller", "name"]
    assert ("Content-Length", str(len(request.body))) in request.headers


@pytest.mark.row("S-73", "S-11", "T-16")
@given(caller=VALUES, name=VALUES)
def test_header_parameters_make_one_line_each(caller: str, name: str) -> None:
    webhook = make_number(place=Place.HEADERS, fields=FIELDS)
    request = render_ask(webhook, evil(caller, name), ask_id="1", product=UA)
    _, lines, body = split(image(request))

    assert lines == ["Host", "Origin", "User-Agent", "caller", "name", "Connection"]
    assert body == b""


@pytest.mark.row("S-73", "T-16")
@given(caller=VALUES, name=VALUES, delivery_id=VALUES, value=VALUES.filter(bool))
def test_an_event_has_its_lines_and_members_and_no_more(
    caller: str, name: str, delivery_id: str, value: str
) -> None:
    webhook = make_event(fields=FIELDS, headers=(("X-Own", value),), send_id=True)
    request = render_event(webhook, evil(caller, name), delivery_id=f"d{delivery_id}", product=UA)
    _, lines, body = split(image(request))

    expected = ["Host", "User-Agent", "Content-Type", "Content-Length", "X-Own", "webhook-id"]
    assert expected == lines
    assert list(json.loads(body)) == ["caller", "name"]


@pytest.mark.row("S-73")
@given(wire_name=VALUES)
def test_a_wire_name_is_encoded_like_a_value(wire_name: str) -> None:
    fields = (field(wire_name, "constant", "1"), field("last", "constant", "2"))
    request = render_ask(make_number(fields=fields), make_facts(), ask_id="1", product=UA)
    query = urlsplit(request.url).query

    assert query.endswith("&last=2") or wire_name == "last"
    assert query.count("&") == 1


@pytest.mark.row("S-73")
@given(product=VALUES.filter(bool), url=st.text(max_size=40))
def test_settings_cannot_break_the_head_either(product: str, url: str) -> None:
    webhook = make_number(url=url, user_agent=product)
    first, lines, _ = split(image(render_ask(webhook, make_facts(), ask_id="1", product=UA)))

    assert {"Host", "Origin", "User-Agent", "Connection"} >= set(lines)
    assert first.startswith("GET ")


@pytest.mark.row("S-73")
def test_the_two_classics() -> None:
    facts = evil(EVIL_NUMBER, EVIL_NAME)
    form = render_ask(make_number(method=Method.POST, fields=FIELDS), facts, ask_id="1", product=UA)
    as_json = render_ask(
        make_number(submission=Encoding.JSON, fields=FIELDS), facts, ask_id="1", product=UA
    )

    assert form.body == b"caller=1%26destination%3D900&name=%22%3B+X%3A+y%0D%0AEvil%3A+1"
    assert as_json.body == b'{"caller":"1&destination=900","name":"\\"; X: y\\r\\nEvil: 1"}'


def test_a_url_that_is_none_is_handed_to_the_sender_to_refuse() -> None:
    request = render_ask(make_number(url="no url"), make_facts(), ask_id="1", product=UA)

    assert request.url == "no%20url"
    assert all(name != "Host" for name, _ in request.headers)
