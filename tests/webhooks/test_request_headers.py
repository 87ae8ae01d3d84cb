"""A head's lines come in one order, and an empty value means no line."""

from __future__ import annotations

import pytest

from switchhook.domain.webhook import Method
from switchhook.webhooks.request_headers import (
    HeaderOptions,
    Payload,
    is_parameter_header,
    make_request,
    parameter_headers,
)
from switchhook.webhooks.url import parse_url
from tests.webhooks.samples import UA, make_values


@pytest.mark.row("R3-19", "R3-20", "R3-21", "R3-22", "R3-23", "R3-24", "R3-25")
def test_every_line_in_its_place() -> None:
    request = make_request(
        Method.POST,
        parse_url("http://u:p@target:8080/r?a=1"),
        make_values(),
        Payload(query="b=2", headers=(("p", ""),), content_type="text/x", body=b"body"),
        HeaderOptions(
            user_agent=UA, keep_alive=False, send_origin=True, headers=(("X-Own", "x"),), id="d1"
        ),
    )

    assert request.url == "http://target:8080/r?a=1&b=2"
    assert request.body == b"body"
    assert request.headers == (
        ("Host", "target:8080"),
        ("Origin", "target:8080"),
        ("User-Agent", "UA"),
        ("Authorization", "Basic dTpw"),
        ("Content-Type", "text/x"),
        ("Content-Length", "4"),
        ("X-Own", "x"),
        ("p", ""),
        ("webhook-id", "d1"),
        ("Connection", "close"),
    )


@pytest.mark.row("A-01")
@pytest.mark.parametrize(("body", "lengths"), [(None, []), (b"", ["0"]), (b"x", ["1"])])
def test_a_request_without_a_body_says_nothing_about_one(
    body: bytes | None, lengths: list[str]
) -> None:
    request = make_request(
        Method.POST,
        parse_url("http://target/"),
        make_values(),
        Payload(body=body),
        HeaderOptions(user_agent=UA, keep_alive=True),
    )

    assert lengths == [value for name, value in request.headers if name == "Content-Length"]


@pytest.mark.row("S-11")
def test_only_names_that_are_free_become_parameter_lines() -> None:
    names = ["caller", "a b", "Cookie", "Authorization", "Content-Type", "TE", "x-1"]

    assert [name for name, _ in parameter_headers((n, "v") for n in names)] == ["caller", "x-1"]
    assert [name for name in names if is_parameter_header(name)] == ["caller", "x-1"]


@pytest.mark.row("S-73")
def test_no_line_is_there_twice() -> None:
    request = make_request(
        Method.GET,
        parse_url("http://target/"),
        make_values(),
        Payload(headers=(("x-own", "2"), ("p", "3"), ("P", "4"))),
        HeaderOptions(user_agent=UA, keep_alive=True, headers=(("X-Own", "1"), ("x-own", "1b"))),
    )

    assert request.headers[2:] == (("X-Own", "1"), ("p", "3"))


@pytest.mark.row("A-34", "R3-21")
@pytest.mark.parametrize(
    ("send_origin", "own", "origins"),
    [
        (True, (), ["target"]),
        (True, (("origin", "https://crm.example"),), ["https://crm.example"]),
        (True, (("Origin", ""),), []),
        (False, (("Origin", "https://crm.example"),), ["https://crm.example"]),
        (False, (), []),
    ],
)
def test_a_persons_own_origin_stands_in_place_of_ours(
    *, send_origin: bool, own: tuple[tuple[str, str], ...], origins: list[str]
) -> None:
    request = make_request(
        Method.GET,
        parse_url("http://target/"),
        make_values(),
        Payload(),
        HeaderOptions(user_agent=UA, keep_alive=True, send_origin=send_origin, headers=own),
    )

    assert origins == [value for name, value in request.headers if name.lower() == "origin"]
