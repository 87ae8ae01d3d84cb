"""SIP messages for tests, written as text."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import parse_message
from switchhook.sip.wire.transport import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

ALICE = Peer("UDP", "192.0.2.10", 5060)
BOB = Peer("UDP", "192.0.2.20", 5060)
ALICE_TCP = Peer("TCP", "192.0.2.10", 40001, 7)
HERE = ("192.0.2.1", 5060)

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def tokens() -> Callable[[], str]:
    """Return a source of tokens that counts: t1, t2, …."""
    numbers = count(1)
    return lambda: f"t{next(numbers)}"


def request(
    method: str = "INVITE",
    *extra: str,
    uri: str = "sip:100@192.0.2.1",
    via: str = "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa1",
    from_: str = "<sip:alice@192.0.2.10>;tag=a",
    to: str = "<sip:100@192.0.2.1>",
    call_id: str = "c1",
    cseq: int = 1,
    contact: str = "<sip:alice@192.0.2.10>",
    body: bytes = b"",
) -> Request:
    """Make a request as it would come off the wire; `extra` are further header lines."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via}",
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        *([f"Contact: {contact}"] if contact else []),
        *(["Content-Type: application/sdp"] if body else []),
        *extra,
    ]
    text = "\r\n".join([*lines, "", ""])
    parsed = parse_message(text.encode("utf-8", "surrogateescape") + body)
    assert isinstance(parsed, Request)
    return parsed


def response(
    asked: Request | bytes,
    status: int,
    *extra: str,
    tag: str = "b",
    contact: str = "<sip:bob@192.0.2.20>",
    body: bytes = b"",
) -> Response:
    """Answer a request that was sent, as its receiver would."""
    received = asked if isinstance(asked, Request) else parse_message(asked)
    assert isinstance(received, Request)
    headers = [("Contact", contact)] if contact else []
    headers += [("Content-Type", "application/sdp")] if body else []
    headers += [(name, value.strip()) for name, _, value in (line.partition(":") for line in extra)]
    return received.response(status, to_tag=tag, headers=headers, body=body)


def read(data: bytes) -> Request | Response:
    """Read what was sent."""
    return parse_message(data)


def read_request(data: bytes) -> Request:
    """Read what was sent, which must be a request."""
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    """Read what was sent, which must be a response."""
    message = parse_message(data)
    assert isinstance(message, Response)
    return message


def start(data: bytes) -> str:
    """Say shortly what was sent: the method, or the status."""
    message = parse_message(data)
    return message.method if isinstance(message, Request) else str(message.status)
