"""A head that keeps to no grammar costs no call, unless it leaves in doubt where the response ends."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.reader import ResponseReader
from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpResponse

END = b"Content-Length: 2\r\n\r\nhi"
HEAD = b"HTTP/1.1 200 OK\r\n"


def read(*pieces: bytes) -> HttpResponse:
    """Read a response that comes in pieces, and stays open behind them."""
    it = ResponseReader(HttpLimits(), "h:80")
    for piece in pieces:
        it.feed(piece)
    assert it.is_over
    return it.response()


def refused(answer: bytes) -> FailureKind:
    with pytest.raises(ExchangeError) as caught:
        read(answer)
    return caught.value.failure.kind


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        (b"garbage line\r\n", "'garbage line'"),
        (b"X-A : 1\r\n", "'X-A : 1'"),
        (b"X A: 1\r\n", "'X A: 1'"),
        (b": 1\r\n", "': 1'"),
        (b"X-A: a\x00b\r\n", r"'X-A: a\x00b'"),
        (b"X-A: a\rb\r\n", r"'X-A: a\rb'"),
        (b"X-\xe9: 1\r\n", r"'X-\xe9: 1'"),
        (b"X-A : 1\r\n more\r\n", "'X-A : 1'"),
        (b"Content-Lengthy nothing: 5\r\n", "'Content-Lengthy nothing: 5'"),
        (b"x" * 99 + b"\r\n", f"'{'x' * 40}'…"),
    ],
)
def test_a_line_that_cannot_be_read_is_left_out_with_a_trace(lines: bytes, left_out: str) -> None:
    for answer in (
        HEAD + lines + b"X-B: 2\r\n" + END,
        HEAD + b"X-B: 2\r\n" + lines + END,
    ):
        response = read(answer)
        assert response.status == 200
        assert response.body == b"hi"
        assert dict(response.headers) == {"x-b": "2", "content-length": "2"}
        assert response.left_out[0] == left_out


@pytest.mark.row("FB-07")
def test_a_folded_line_is_joined() -> None:
    response = read(HEAD + b"X-A: one\r\n\t two\r\n  three\r\nX-B:\r\n 1\r\n" + END)
    assert dict(response.headers)["x-a"] == "one two three"
    assert dict(response.headers)["x-b"] == "1"
    assert response.left_out == ()


@pytest.mark.row("FB-07")
def test_a_folded_line_behind_the_status_line_continues_nothing() -> None:
    response = read(HEAD + b" folded\r\n" + END)
    assert response.body == b"hi"
    assert response.left_out == ("' folded'",)


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"HTTP/1.1 200\r\n", ""),
        (b"HTTP/1.1 200 \r\n", ""),
        (b"http/1.1 200 OK\r\n", "OK"),
        (b"\r\nHTTP/1.1 200 OK\r\n", "OK"),
        (b"\n\r\n\nHTTP/1.1  200  OK\r\n", "OK"),
        (b"HTTP/1.1\t200 OK\r\n", "OK"),
        (b"HTTP/1.1 200 Sch\xf6n\r\n", "Schön"),
        (b"HTTP/1 200 OK\n", "OK"),
    ],
)
def test_a_status_line_is_read_as_it_is_written(line: bytes, reason: str) -> None:
    response = read(line + END)
    assert (response.status, response.reason, response.body) == (200, reason, b"hi")


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: 2\r\nX A: 1\r\ncontent-length: 2\r\n",
    ],
)
def test_equal_lengths_are_one(lines: bytes) -> None:
    assert read(HEAD + lines + b"\r\nhi").body == b"hi"


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    "lines",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 99\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: Chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: identity, chunked\r\n",
        b"X A: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
    ],
)
def test_no_length_counts_beside_chunks(lines: bytes) -> None:
    it = ResponseReader(HttpLimits(), "h:80")
    it.feed(HEAD + lines + b"\r\n2\r\nhi\r\n0\r\n\r\n")
    assert it.response().body == b"hi"


@pytest.mark.row("FB-07")
@pytest.mark.parametrize("coding", [b"identity", b"Identity", b""])
def test_identity_is_no_transfer_coding(coding: bytes) -> None:
    line = b"Transfer-Encoding: " + coding + b"\r\n"
    assert read(HEAD + line + END).body == b"hi"
    it = ResponseReader(HttpLimits(), "h:80")
    it.feed(HEAD + line + b"\r\nhi")
    it.end(None)
    assert it.response().body == b"hi"


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length : 2\r\n",
        b"Content-Length 2\r\n",
        b"\x00Content-Length: 2\r\n",
        b"Content Length: 2\r\n",
        b"Content-Length: 2\x00\r\n",
        b"Content-Length:\r\n 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2, 3\r\n",
        b"X A: 1\r\nContent-Length: +2\r\n",
        b"X A: 1\r\nContent-Length: 0x2\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\n ,gzip\r\n",
        b"X A: 1\r\nTransfer-Encoding: gzip, chunked\r\n",
        b"X A: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Connection : close\r\nContent-Length: 2\r\n",
        b"Connection: close\r\n , x\r\nContent-Length: 2\r\n",
    ],
)
def test_what_decides_where_it_ends_is_read_strictly(lines: bytes) -> None:
    assert refused(HEAD + lines + b"\r\nhi") is FailureKind.BAD_RESPONSE


@pytest.mark.row("FB-07")
def test_blanks_before_the_colon_of_a_field_that_is_read_are_taken_away() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation : /x\r\n" + END
    assert dict(read(answer).headers)["location"] == "/x"


@pytest.mark.row("FB-07")
def test_interim_answers_are_mended_too() -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nX A: 1\r\n\r\nhttp/1.1 200 ok\r\nY B: 2\r\n" + END
    response = read(answer)
    assert (response.status, response.reason, response.body) == (200, "ok", b"hi")
    assert response.left_out == ("'X A: 1'", "'Y B: 2'")
    assert read(b"HTTP/1.1 100 Go\r\n\r\n" + HEAD + b"X A: 1\r\n" + END).body == b"hi"


def test_what_is_no_http_fails_at_once_and_is_not_waited_for() -> None:
    for answer in (b"220 mail ESMTP\r\n", b"\x15\x03\x01", b"HTTPS", b"HTTP/1.1 OK\r\n", b"SSH-2"):
        assert refused(answer) is FailureKind.BAD_RESPONSE


def test_a_mended_head_without_end_is_too_large() -> None:
    it = ResponseReader(HttpLimits(head_bytes=1000), "h:80")
    it.feed(HEAD + b"X A: 1\r\n")
    while not it.is_over:
        it.feed(b"X: 1\r\n")
    assert it.failure is not None
    assert it.failure.failure.kind is FailureKind.TOO_LARGE


def test_nothing_more_is_read_from_a_connection_whose_answer_was_mended() -> None:
    """What a broken answer leaves behind might be read as the next one."""
    it = ResponseReader(HttpLimits(), "h:80")
    it.feed(HEAD + b"X A: 1\r\n" + END)
    assert it.response().left_out
    assert not it.is_reusable


@pytest.mark.row("FB-07")
@given(cuts=st.lists(st.integers(1, 90), max_size=6))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    answer = b"\r\nhttp/1.1 200 OK\nX A: 1\r\nX-B: 1\r\n 2\r\nbad\r\n" + END
    places = sorted({0, len(answer), *(cut for cut in cuts if cut < len(answer))})
    pieces = [answer[a:b] for a, b in pairwise(places)]
    assert read(*pieces) == read(answer)
    assert read(answer).body == b"hi"
