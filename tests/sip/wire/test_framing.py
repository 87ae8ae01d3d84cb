"""A stream is cut into the same messages wherever the network cuts it, and never grows a buffer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire.framing import Framed, KeepAlive, StreamFramer
from switchhook.sip.wire.message import MAX_MESSAGE, Request
from switchhook.sip.wire.parser import MessageError, parse_message

HEAD = (
    b"Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\n"
    b"From: <sip:a@example.com>;tag=1\r\n"
    b"To: <sip:b@example.com>\r\n"
    b"Call-ID: c1\r\n"
)
OPTIONS = (
    b"OPTIONS sip:b@example.com SIP/2.0\r\n"
    + HEAD
    + b"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
MESSAGE = (
    b"MESSAGE sip:b@example.com SIP/2.0\r\n"
    + HEAD
    + b"CSeq: 2 MESSAGE\r\nl: 9\r\n\r\na\r\n\r\nb\r\n\r"
)
RINGING = b"SIP/2.0 180 Ringing\r\n" + HEAD + b"CSeq: 3 INVITE\r\nContent-Length: 0\r\n\r\n"
STREAM = OPTIONS + b"\r\n\r\n" + MESSAGE + b"\r\n" + RINGING + b"\r\n\r\n\r\n" + OPTIONS
WHOLE: list[Framed] = [
    parse_message(OPTIONS),
    KeepAlive(),
    parse_message(MESSAGE),
    parse_message(RINGING),
    KeepAlive(),
    parse_message(OPTIONS),
]


def fed(*pieces: bytes) -> list[Framed]:
    framer = StreamFramer()
    return [item for piece in pieces for item in framer.feed(piece)]


def test_messages_and_pings_come_out_in_order() -> None:
    assert fed(STREAM) == WHOLE


def test_every_place_to_split_gives_the_same() -> None:
    for place in range(len(STREAM) + 1):
        assert fed(STREAM[:place], STREAM[place:]) == WHOLE


def test_byte_by_byte_gives_the_same() -> None:
    assert fed(*(STREAM[place : place + 1] for place in range(len(STREAM)))) == WHOLE


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_splits_give_the_same(places: list[int]) -> None:
    cuts = [0, *sorted(places), len(STREAM)]
    assert fed(*(STREAM[a:b] for a, b in pairwise(cuts))) == WHOLE


def test_a_lone_crlf_between_messages_is_no_ping() -> None:
    assert fed(b"\r\n" + OPTIONS) == [parse_message(OPTIONS)]


BETWEEN = (b"", b"\r\n", b"\r\n\0", b"\0", b"\n", b"\r", b"\n\n\n", b"\0\r\n\0\n\r", b"\0" * 5000)


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.row("FA-06")
def test_what_stands_between_messages_is_no_message(between: bytes) -> None:
    stream = between + OPTIONS + between + MESSAGE + between + OPTIONS + between
    whole: list[Framed] = [parse_message(m) for m in (OPTIONS, MESSAGE, OPTIONS)]
    assert fed(stream) == whole
    assert fed(*(stream[place : place + 1] for place in range(len(stream)))) == whole


@pytest.mark.row("FA-06")
def test_a_ping_is_heard_among_it() -> None:
    assert fed(b"\0\0\r\n\r\n\0" + OPTIONS) == [KeepAlive(), parse_message(OPTIONS)]
    assert fed(OPTIONS + b"\r\n\r\n\r\n\0" + OPTIONS) == [
        parse_message(OPTIONS),
        KeepAlive(),
        parse_message(OPTIONS),
    ]


def test_what_stands_between_takes_no_room() -> None:
    framer = StreamFramer()
    for _ in range(100):
        assert framer.feed(b"\0\n" * 5000) == []
    assert len(framer._buffer) <= 3
    assert framer.feed(OPTIONS) == [parse_message(OPTIONS)]


def test_a_message_with_lone_lfs_is_cut_too() -> None:
    lone = MESSAGE[: MESSAGE.index(b"\r\n\r\n")].replace(b"\r\n", b"\n") + b"\n\na\r\n\r\nb\r\n\r"
    read, good = fed(lone + OPTIONS)
    assert isinstance(read, Request)
    assert (read.body, good) == (b"a\r\n\r\nb\r\n\r", parse_message(OPTIONS))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"MESSAGE sip:b@example.com SIP/2.0", b"MESSAGE sip:b@example.com SIP/7.0"),
        (b"MESSAGE sip:b@example.com SIP/2.0", b"MESSAGE"),
        (b"From: <sip:a@example.com>;tag=1", b"From: nobody"),
        (b"CSeq: 2 MESSAGE", b"CSeq: 2 BYE"),
    ],
)
@pytest.mark.row("FA-06")
def test_what_a_wrong_message_leaves_behind_is_not_the_next(before: bytes, after: bytes) -> None:
    """Its body may look like a request: an INVITE that nobody sent."""
    smuggled = MESSAGE.replace(before, after).replace(b"l: 9", b"l: %d" % (9 + len(OPTIONS)))
    error, good = fed(smuggled + OPTIONS + RINGING)
    assert isinstance(error, MessageError)
    assert good == parse_message(RINGING)


def test_half_a_ping_waits() -> None:
    framer = StreamFramer()
    assert [framer.feed(b"\r"), framer.feed(b"\n"), framer.feed(b"\r")] == [[], [], []]
    assert framer.feed(b"\n") == [KeepAlive()]


def test_a_wrong_message_does_not_end_the_stream() -> None:
    framer = StreamFramer()
    wrong = OPTIONS.replace(b"CSeq: 1 OPTIONS", b"CSeq: 1 BYE")
    error, good = framer.feed(wrong + OPTIONS)
    assert isinstance(error, MessageError)
    assert error.status == 400
    assert error.partial is not None
    assert good == parse_message(OPTIONS)
    assert not framer.broken


def test_without_content_length_the_stream_is_over() -> None:
    framer = StreamFramer()
    first, error = framer.feed(OPTIONS + OPTIONS.replace(b"Content-Length: 0\r\n", b"") + OPTIONS)
    assert isinstance(first, Request)
    assert isinstance(error, MessageError)
    assert error.partial is not None
    assert framer.broken
    assert framer.feed(OPTIONS) == []


def test_garbage_ends_the_stream() -> None:
    framer = StreamFramer()
    (error,) = framer.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert isinstance(error, MessageError)
    assert framer.broken


def test_headers_without_end_are_given_up_at_the_limit() -> None:
    framer = StreamFramer()
    assert framer.feed(b"OPTIONS sip:a@b SIP/2.0\r\nX: ") == []
    items: list[Framed] = []
    fed_bytes = 0
    while not items:
        items = framer.feed(b"x" * 4096)
        fed_bytes += 4096
        assert fed_bytes <= MAX_MESSAGE + 8192
    (error,) = items
    assert isinstance(error, MessageError)
    assert error.status == 513
    assert framer.broken


def test_a_body_beyond_the_limit_is_refused_before_it_comes() -> None:
    for length in (b"65535", b"65536", b"99999999999999999999"):
        framer = StreamFramer()
        (error,) = framer.feed(OPTIONS.replace(b"Content-Length: 0", b"Content-Length: " + length))
        assert isinstance(error, MessageError)
        assert error.status == 513
        assert framer.broken


def test_a_negative_length_ends_the_stream() -> None:
    framer = StreamFramer()
    (error,) = framer.feed(OPTIONS.replace(b"Content-Length: 0", b"Content-Length: -1"))
    assert isinstance(error, MessageError)
    assert (error.status, framer.broken) == (400, True)
