"""Bodies pass from telephone to telephone as they are, but tell nothing of who the other one is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.drivers.embedded.bridge.relaying import body_of, headers_of, takes_nothing
from tests.support.sip import request

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

WRITTEN = (
    b"v=0\r\no=+31612345678 1 1 IN IP4 192.0.2.10\r\ns=Call of J. Smith\r\ni=J. Smith\r\n"
    b"u=https://smith.example\r\ne=j@smith.example (J. Smith)\r\np=+31 6 12345678\r\n"
    b"c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\ni=J. Smith\r\na=ptime:20\r\n"
)
PASSED_ON = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"
    b"c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\n"
)


def described(kind: str, body: bytes, *headers: str) -> Request:
    """Return a message with this body."""
    return replace(request("INVITE", f"Content-Type: {kind}", *headers), body=body)


@pytest.mark.row("R5-09")
@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP; charset=utf-8"])
def test_a_session_description_does_not_say_who_calls(kind: str) -> None:
    assert body_of(described(kind, WRITTEN)) == PASSED_ON
    assert body_of(described(kind, WRITTEN.replace(b"\r", b""))) == PASSED_ON


def test_one_that_says_nothing_stays_as_it_is() -> None:
    assert body_of(described("application/sdp", PASSED_ON)) == PASSED_ON


@pytest.mark.row("FA-04")
def test_a_sloppy_description_is_passed_on_as_the_grammar_has_it() -> None:
    sloppy = (
        b"\xef\xbb\xbfv=0\nc=IN IP4 192.0.2.10\n nonsense\no=smith 1 IN IP4\n\n"
        b"m=audio 4000 RTP/AVP 8\na=ptime:20 \n\n\0"
    )
    passed = body_of(described("application/sdp", sloppy)).split(b"\r\n")
    assert passed[1].startswith(b"o=- 1 ")
    assert [*passed[:1], *passed[2:]] == [
        *PASSED_ON.split(b"\r\n")[:1],
        *PASSED_ON.split(b"\r\n")[2:],
    ]
    assert body_of(described("application/sdp", b"hello")) == b"hello"


def test_other_bodies_stay_as_they_are() -> None:
    for message in (
        described("text/plain", WRITTEN),
        described("application/sdp", WRITTEN, "Content-Encoding: gzip"),
        replace(request("INFO"), body=WRITTEN),
    ):
        assert body_of(message) == WRITTEN


def test_what_describes_a_body_goes_with_it() -> None:
    told = ("Content-Type: text/plain", "Info-Package: x", "P-Asserted-Identity: <sip:a@b>")
    message = request("INFO", *told)

    assert headers_of(replace(message, body=b"5")) == (
        ("Content-Type", "text/plain"),
        ("Info-Package", "x"),
    )
    assert headers_of(message) == (("Info-Package", "x"),)


@pytest.mark.parametrize(
    ("media", "refused"),
    [
        (b"m=audio 0 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n", True),
        (b"m=audio 00 RTP/AVP 8\r\n", True),
        (b"m=audio 0 RTP/AVP 8\r\nm=video 4000 RTP/AVP 96\r\n", False),
        (b"m=audio 04000/2 RTP/AVP 8\r\n", False),
        (b" m=audio 4000 RTP/AVP 8\r\n", False),
        (b"m=audio 5x RTP/AVP 8\r\n", False),
        (b"m=audio nought RTP/AVP 8\r\n", False),
        (b"", False),
    ],
)
def test_an_answer_takes_nothing_whose_media_all_have_port_zero(
    media: bytes, *, refused: bool
) -> None:
    head = b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    assert takes_nothing(head + media) is refused
