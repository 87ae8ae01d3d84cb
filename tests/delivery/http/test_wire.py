"""A request becomes exactly the bytes that it says, and nothing in it can become more than it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.wire import METHODS, REPEATABLE, render
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.http import HttpRequest

HOST = ("Host", "h")


def request(
    *headers: tuple[str, str], body: bytes = b"", method: str = "POST", url: str = "http://h/"
) -> HttpRequest:
    return HttpRequest(method=method, url=url, headers=headers, body=body)


@pytest.mark.row("R3-19", "R3-24")
def test_the_lines_stand_in_their_order_and_case() -> None:
    built = request(("x-B", "2"), HOST, ("X-a", "1"), ("CONTENT-length", "2"), body=b"\r\n")
    assert render(built, "/p?q") == b"POST /p?q HTTP/1.1\r\nx-B: 2\r\nHost: h\r\nX-a: 1\r\nCONTENT-length: 2\r\n\r\n\r\n"  # fmt: skip


def test_values_go_out_as_they_are_in_utf_8() -> None:
    built = request(HOST, ("X", " a\tb  "), ("X", "Іван ☎"), ("Y", ""), method="GET")
    assert render(built, "/") == "GET / HTTP/1.1\r\nHost: h\r\nX:  a\tb  \r\nX: Іван ☎\r\nY: \r\n\r\n".encode()  # fmt: skip


@pytest.mark.row("S-73", "S-11")
@pytest.mark.parametrize(
    "built",
    [
        request(HOST, ("X", '"; X: y\r\nEvil: 1')),
        request(HOST, ("X", "a\nb")),
        request(HOST, ("X", "a\rb")),
        request(HOST, ("X", "a\x00b")),
        request(HOST, ("X", "a\x0bb")),
        request(HOST, ("X", "a\x7f")),
        request(HOST, ("X", "\ud800")),
        request(HOST, ("bad name", "x")),
        request(HOST, ("X:", "x")),
        request(HOST, ("X\r\nEvil", "x")),
        request(HOST, ("Ї", "x")),
        request(HOST, ("", "x")),
        request(),
        request(HOST, HOST),
        request(HOST, ("Content-Length", "1"), body=b"{}"),
        request(HOST, ("Content-Length", "02"), body=b"{}"),
        request(HOST, ("Content-Length", "1")),
        request(HOST, ("Content-Length", "2"), ("content-length", "2"), body=b"{}"),
        request(HOST, body=b"{}"),
        request(HOST, ("Transfer-Encoding", "chunked")),
        request(HOST, ("Content-Length", "2"), ("transfer-encoding", "x"), body=b"{}"),
        request(HOST, method="get"),
        request(HOST, method="CONNECT"),
        request(HOST, method="GET / HTTP/1.1\r\nEvil: 1\r\n"),
    ],
    ids=lambda built: repr((built.method, built.headers))[:60],
)
def test_what_could_become_another_header_or_request_is_refused(built: HttpRequest) -> None:
    with pytest.raises(ExchangeError) as caught:
        render(built, "/")
    assert caught.value.failure.kind is FailureKind.BAD_URL
    assert "was not sent" in caught.value.failure.detail
    assert "Evil" not in caught.value.failure.detail


@given(name=st.text(max_size=8), value=st.text(max_size=20))
def test_no_text_makes_a_line_more_than_one(name: str, value: str) -> None:
    try:
        written = render(request(HOST, (name, value), method="GET"), "/")
    except ExchangeError:
        return
    assert written.count(b"\r\n") == written.count(b"\n") == written.count(b"\r") == 4
    assert written.split(b"\r\n")[2] == f"{name}: {value}".encode()


def test_a_length_of_nothing_may_be_said_or_left_out() -> None:
    assert render(request(HOST, ("Content-Length", "0")), "/").endswith(
        b"Content-Length: 0\r\n\r\n"
    )
    assert render(request(HOST), "/").endswith(b"Host: h\r\n\r\n")


def test_only_what_may_be_repeated_is_repeated() -> None:
    assert REPEATABLE < METHODS
    assert not {"POST", "PATCH"} & REPEATABLE
