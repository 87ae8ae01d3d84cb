"""A response reads the same however its bytes are cut, and ends exactly where it ends."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.reader import ResponseReader
from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind

HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = (
    HEAD + b"Content-Length: 2\r\n\r\nhi",
    HEAD
    + b"Server: x\r\nX-Odd:  a b \t\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nhi",
    b"HTTP/1.1 404 Not Found At All\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    HEAD + b"Content-Length: 2\r\n\r\nhi and more",
    HEAD + b"Content-Length: 5\r\n\r\nhi",
    HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
    HEAD + b"Content-Length: 70000\r\n\r\n" + b"x" * 70000,
    HEAD + b"X: " + b"y" * 40000 + b"\r\n\r\n",
    HEAD + b"A: b\r\n" * 150 + b"\r\n",
    b"HTTP/1.1 102 P\r\n\r\n" * 12 + HEAD + b"Content-Length: 0\r\n\r\n",
    b"not HTTP",
    b"",
)


def reader(**limits: int) -> ResponseReader:
    return ResponseReader(HttpLimits(**limits), "h:80")


def read(*pieces: bytes, error: Exception | None = None) -> tuple[object, ...]:
    """Feed the pieces, then the end; return all that can be told of it."""
    it = reader()
    for piece in pieces:
        if it.is_over:
            break
        it.feed(piece)
    it.end(error)
    try:
        response = it.response()
    except ExchangeError as failure:
        return (failure.failure.kind,)
    return response.status, response.reason, response.headers, response.body


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    "trailer", [b"garbage\r\n", b"X A: 1\r\n", b"Content-Length: 5\r\n", b"X: a\x00\r\n"]
)
@pytest.mark.parametrize("size", [1, 4096])
def test_trailers_that_cannot_be_read_cost_no_more_than_the_connection(
    trailer: bytes, size: int
) -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n" + trailer + b"\r\n"
    it = reader()
    for place in range(0, len(answer), size):
        if not it.is_over:
            it.feed(answer[place : place + size])

    assert it.response().body == b"hi"
    assert not it.is_reusable


@pytest.mark.row("FB-07")
@pytest.mark.parametrize("chunk", [b"2\r\nhi!", b"2\r\nhi\r\nzz\r\n", b"zz\r\n"])
def test_chunks_that_cannot_be_read_are_no_trailers(chunk: bytes) -> None:
    with pytest.raises(ExchangeError):
        read_whole(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what it sent is not HTTP, but 'SSH-2.0"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "but TLS: the webhook's URL has to begin with https"),
        (
            HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
            "its head is not HTTP that can be read without a doubt (Duplicate Content-Length)",
        ),
    ],
)
def test_what_cannot_be_read_is_called_by_its_name(answer: bytes, says: str) -> None:
    with pytest.raises(ExchangeError) as refusal:
        read_whole(answer)

    assert says in refusal.value.failure.detail


@pytest.mark.row("S-06")
def test_a_body_that_its_length_cuts_says_so() -> None:
    it = reader()
    it.feed(HEAD + b'Content-Length: 5\r\n\r\n{"dst_phone":"101"}')

    assert it.response().remark.startswith(
        "its Content-Length is too small, more came than 5 bytes"
    )
    it = reader()
    it.feed(HEAD + b"Content-Length: 2\r\n\r\nhi\r\n")
    assert not it.response().remark


def read_whole(answer: bytes) -> object:
    it = reader()
    it.feed(answer)
    return it.response()


@given(answer=st.sampled_from(ANSWERS), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_cuts_change_nothing(answer: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    pieces = [answer[a:b] for a, b in pairwise(places) if a < b]
    assert read(*pieces) == read(answer)


@given(
    rubbish=st.binary(max_size=300),
    head=st.sampled_from([b"", HEAD, ANSWERS[2][:40], HEAD + b"\r\n"]),
)
def test_rubbish_ends_as_a_value_or_as_our_own_error(rubbish: bytes, head: bytes) -> None:
    read(head + rubbish)


def test_a_response_is_told_whole() -> None:
    assert read(ANSWERS[1]) == (
        200,
        "OK",
        (
            ("server", "x"),
            ("x-odd", "a b"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
            ("content-length", "0"),
        ),
        b"",
    )
    assert read(ANSWERS[4])[:2] == (404, "Not Found At All")
    assert read(ANSWERS[2])[2:] == ((("transfer-encoding", "chunked"),), b"hi0123456789")
    assert read(ANSWERS[6])[3] == b"until the end"
    assert read(ANSWERS[3])[2] == (("content-length", "2"),)


def test_a_name_that_is_too_odd_to_remember_is_read_all_the_same() -> None:
    name = b"X" * 100
    assert read(HEAD + name + b": 1\r\n\r\n")[2] == ((name.decode().lower(), "1"),)


def test_text_is_taken_as_latin_1_so_that_nothing_is_lost() -> None:
    assert read(b"HTTP/1.1 200 \xe9\xff\r\nX: \xe9\xff\r\n\r\n")[1:3] == ("éÿ", (("x", "éÿ"),))


@pytest.mark.parametrize(
    ("answer", "is_over", "is_reusable"),
    [
        (ANSWERS[0], True, True),
        (ANSWERS[2], True, True),
        (ANSWERS[3], True, True),
        (ANSWERS[5], True, True),
        (ANSWERS[4], True, False),
        (ANSWERS[6], False, False),
        (ANSWERS[7], True, False),
        (ANSWERS[0] + b"\r\n", True, True),
        (ANSWERS[0] + b"H", True, False),
        (ANSWERS[0] * 2, True, False),
        (ANSWERS[9], True, False),
    ],
)
def test_a_connection_is_reusable_only_after_a_clean_end(
    answer: bytes, *, is_over: bool, is_reusable: bool
) -> None:
    it = reader()
    it.feed(answer)
    assert (it.is_over, it.is_reusable) == (is_over, is_reusable)


def test_one_reader_reads_one_response_after_another() -> None:
    it = reader()
    it.feed(ANSWERS[3])
    it.expect("GET", 100)
    assert not it.is_over
    it.feed(ANSWERS[1])
    assert it.response().headers[0] == ("server", "x")
    it.expect("GET", 1)
    it.feed(ANSWERS[0])
    assert it.failure is not None
    assert it.failure.failure.kind is FailureKind.TOO_LARGE


def test_keep_alive_is_that_of_the_last_response() -> None:
    it = reader()
    it.feed(HEAD + b"Keep-Alive: timeout=5, max=100\r\nContent-Length: 0\r\n\r\n")
    assert it.keep_alive == "timeout=5, max=100"
    it.expect("GET", 100)
    it.feed(ANSWERS[0])
    assert it.keep_alive == ""


@pytest.mark.parametrize(
    ("received", "error", "was_dropped"),
    [
        (b"", None, True),
        (b"", ConnectionResetError(), True),
        (b"H", None, False),
        (ANSWERS[0], None, False),
    ],
)
def test_only_a_connection_that_ended_without_a_byte_was_dropped(
    received: bytes, error: Exception | None, *, was_dropped: bool
) -> None:
    it = reader()
    if received:
        it.feed(received)
    it.end(error)
    assert it.was_dropped is was_dropped


def test_a_head_may_be_as_long_as_its_limit_and_no_longer() -> None:
    fits = HEAD + b"X: " + b"y" * 900 + b"\r\nContent-Length: 2000\r\n\r\n" + b"z" * 2000
    it = reader(head_bytes=1000)
    it.feed(fits)
    assert it.response().body == b"z" * 2000
    it.expect("GET", 5000)
    it.feed(fits.replace(b"y", b"yy"))
    assert it.failure is not None
    assert it.failure.failure.kind is FailureKind.TOO_LARGE


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"220 mail.example ESMTP\r\n", r"but '220 mail.example ESMTP\r\n'."),
        (b"\x15\x02\x01\x00\x02\x02\x46", r"but '\x15\x02\x01\x00\x02\x02F'."),
        (b"SSH-2.0-" + b"x" * 99, f"but 'SSH-2.0-{'x' * 32}'…."),
    ],
)
def test_what_is_no_http_is_shown_as_far_as_it_says_what_it_is(answer: bytes, shown: str) -> None:
    it = reader()
    it.feed(answer)

    assert it.failure is not None
    assert it.failure.failure.kind is FailureKind.BAD_RESPONSE
    assert it.failure.failure.detail.endswith(shown)
