"""Whatever comes in, the parser returns a message or raises MessageError, and never takes long."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire.framing import StreamFramer
from switchhook.sip.wire.message import MAX_MESSAGE, Request, Response
from switchhook.sip.wire.parser import MessageError, parse_message
from tests.support.pace import cost
from tests.support.sip_messages import load

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = tuple(load("rfc4475.txt").values())
SPICE = (
    *(b'"', b"<", b">", b";", b",", b"\\", b"@", b":", b"[", b"]", b"%", b"?", b"=", b"*", b"/"),
    *(b"\r\n", b"\r\n ", b"\r", b"\n", b"\0", b"\t", b"\xff", b"\xc2\xa0", "²".encode(), b" "),
    *(b"Via: ", b"Contact: *\r\n", b"l: 0\r\n", b"SIP/2.0", b"sip:", b"z9hG4bK", b";tag=", b"-1"),
    *(b"65536", b"9" * 40, b'"' * 50, b"<" * 50, b"a" * 300, b"\r\n\r\n"),
)

HEAD = (
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    "From: <sip:a@example.com>;tag=1\r\n"
    "To: <sip:b@example.com>\r\n"
    "Call-ID: c1\r\n"
    "CSeq: 1 INVITE\r\n"
)
ROOM = MAX_MESSAGE - len(HEAD) - 200


def invite(extra: str) -> bytes:
    return f"INVITE sip:b@example.com SIP/2.0\r\n{HEAD}{extra}\r\n\r\n".encode()


def filled(begin: str, unit: str, end: str = "") -> str:
    return begin + unit * ((ROOM - len(begin) - len(end)) // len(unit)) + end


SHAPES: dict[str, Callable[[], bytes]] = {
    "headers": lambda: invite(filled("", "a: b\r\n")),
    "empty headers": lambda: invite(filled("", "a:\r\n")),
    "lines without colon": lambda: invite(filled("", "a\r\n")),
    "colons": lambda: invite(filled("", ":\r\n")),
    "folds": lambda: invite(filled("x: y", "\r\n z")),
    "empty folds": lambda: invite(filled("Contact: <sip:a@h>", "\r\n ")),
    "one long value": lambda: invite(filled("x: ", "a")),
    "one long name": lambda: invite(filled("", "a", ": b")),
    "spaces": lambda: invite(filled("Contact:", " ")),
    "tabs": lambda: invite(filled("Contact:", "\t", "x")),
    "vias": lambda: invite(filled("Via: ", "SIP/2.0/UDP h,")),
    "via lines": lambda: invite(filled("", "v:SIP/2.0/UDP h\r\n")),
    "via slashes": lambda: invite(filled("Via: SIP", "/")),
    "via spaces": lambda: invite(filled("Via: SIP / 2.0 / UDP", " ", "h")),
    "commas": lambda: invite(filled("Contact: ", ",")),
    "contacts": lambda: invite(filled("Contact: ", "<sip:a@h>,")),
    "contacts at the limit": lambda: invite(
        "Contact: " + ",".join([f"<sip:a@h{';a=1' * 60}>{';b=2' * 60}"] * 99)
    ),
    "many lists": lambda: invite(
        "\r\n".join(
            f"{name}: " + ",".join(["<sip:a@h;lr;a;b;c;d;e;f;g;h;i>;x=y;z"] * 99)
            for name in ("Contact", "Route", "Record-Route")
        )
    ),
    "quotes": lambda: invite(filled("Contact: ", '"')),
    "open quote": lambda: invite(filled('Contact: "', "a, b ")),
    "quoted commas": lambda: invite(filled('Contact: "', ",", '" <sip:a@h>')),
    "backslashes": lambda: invite(filled('Contact: "', "\\", '" <sip:a@h>')),
    "escaped quotes": lambda: invite(filled('Contact: "', '\\"', '" <sip:a@h>')),
    "angles": lambda: invite(filled("Contact: ", "<")),
    "angle pairs": lambda: invite(filled("Contact: ", "<>,")),
    "semicolons": lambda: invite(filled("Contact: <sip:a@h>", ";")),
    "parameters": lambda: invite(filled("Contact: <sip:a@h>", ";a=b")),
    "quoted parameters": lambda: invite(filled("Contact: <sip:a@h>", ';a="b"')),
    "uri parameters": lambda: invite(filled("Contact: <sip:a@h", ";a", ">")),
    "ats": lambda: invite(filled("Contact: <sip:", "@", "h>")),
    "host": lambda: invite(filled("Contact: <sip:a@", "h.", "h>")),
    "ipv6": lambda: invite(filled("Contact: <sip:a@[", ":", "]>")),
    "escapes": lambda: invite(filled("Contact: <sip:", "%41", "@h>")),
    "port": lambda: invite(filled("Contact: <sip:a@h:", "1", ">")),
    "digits": lambda: invite(filled("Max-Forwards: ", "9")),
    "zeros": lambda: invite(filled("Max-Forwards: ", "0")),
    "length": lambda: invite(filled("Content-Length: ", "9")),
    "spaces in the start line": lambda: invite("").replace(b" ", b" " * ROOM, 1),
    "long method": lambda: invite("").replace(b"INVITE", b"I" * ROOM, 1),
    "long request uri": lambda: invite("").replace(b"sip:b", b"sip:" + b"b" * ROOM, 1),
    "line ends": lambda: b"\r\n" * (MAX_MESSAGE // 2),
    "bare line feeds": lambda: invite(filled("x: ", "\n")),
    "nuls": lambda: invite(filled("Contact: ", "\0")),
    "not utf-8": lambda: invite("Contact: ") + b"\xff" * ROOM,
    "no end": lambda: invite(filled("x: ", "a")).rstrip(b"\r\n"),
}


def consumed(data: bytes) -> Request | Response | MessageError:
    """Read a datagram and ask for everything in it."""
    try:
        message = parse_message(data)
    except MessageError as error:
        if error.partial is not None:
            bytes(error.partial.response(400, to_tag="t"))
        return error
    for name in ("vias", "contacts", "routes", "record_routes", "is_wildcard_contact"):
        getattr(message, name)
    assert parse_message(bytes(message)) == message
    if isinstance(message, Request):
        bytes(message.response(200, to_tag="t"))
    return message


@pytest.mark.row("FT-09")
@pytest.mark.parametrize("shape", SHAPES)
def test_no_datagram_takes_long(shape: str) -> None:
    data = SHAPES[shape]()[:MAX_MESSAGE]

    def parse() -> None:
        with suppress(MessageError):
            parse_message(data)

    # 20 ms is what it should take on an idle machine; five times that is a quadratic parser.
    assert cost(parse, enough=100) < 100


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_gets_through_unchecked(shape: str) -> None:
    consumed(SHAPES[shape]()[:MAX_MESSAGE])


def mutated(random_source: random.Random) -> bytes:
    data = bytearray(random_source.choice(SEEDS))
    for _ in range(random_source.randint(1, 3)):
        place = random_source.randrange(len(data) + 1)
        match random_source.randrange(5):
            case 0:
                data[place:place] = random_source.choice(SPICE)
            case 1:
                del data[place : place + random_source.randint(1, 20)]
            case 2:
                data[place : place + 1] = bytes([random_source.randrange(256)])
            case 3:
                data[place:place] = data[place : place + random_source.randint(1, 200)]
            case _:
                other = random_source.choice(SEEDS)
                begin = random_source.randrange(len(other))
                data[place:place] = other[begin : begin + random_source.randint(1, 200)]
    return bytes(data)


def test_mutated_messages_are_read_or_refused() -> None:
    random_source = random.Random(4475)  # the same walk every time, so that a failure comes again
    verdicts = [consumed(mutated(random_source)) for _ in range(4000)]
    refusals = sum(isinstance(verdict, MessageError) for verdict in verdicts)
    assert 400 < refusals < 3600  # the walk visits both sides


def test_mutated_streams_are_cut_or_given_up() -> None:
    random_source = random.Random(3261)
    for _ in range(300):
        framer = StreamFramer()
        stream = b"".join(mutated(random_source) for _ in range(4))
        while stream and not framer.broken:
            step = random_source.randint(1, 700)
            framer.feed(stream[:step])
            stream = stream[step:]


@pytest.mark.slow
def test_many_more_mutated_messages() -> None:
    random_source = random.Random(5118)
    for _ in range(60_000):
        consumed(mutated(random_source))


@given(st.binary(max_size=400))
def test_noise_is_refused(data: bytes) -> None:
    assert isinstance(consumed(data), MessageError)


@given(st.lists(st.sampled_from(SPICE), max_size=40).map(b"".join))
def test_any_header_is_read_or_refused(value: bytes) -> None:
    for name in (b"Contact: ", b"Via: ", b"Route: ", b"f: ", b""):
        consumed(invite("").replace(b"\r\n\r\n", b"\r\n" + name + value + b"\r\n\r\n"))
