"""Of a body of several parts a call takes the session description, and shows nobody the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.transaction.admission import Refusal
from switchhook.sip.ua.inspection import ACCEPT, inspect_request
from switchhook.sip.wire.multipart import session_part
from switchhook.sip.wire.parser import parse_message
from tests.support.sip import SDP, read_request, request

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

ISUP = b"Content-Type: application/isup; version=itu-t92+\r\n\r\n\x01\n\nm=audio 5 RTP/AVP 9\r\n"
PLACE = b"Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<presence/>\r\n"
PART = (
    b"Content-Disposition: session;handling=required\r\ncontent-type : Application/SDP\r\n\r\n"
    + SDP
)


def joined(*parts: bytes, boundary: bytes = b"b1") -> bytes:
    return (
        b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary
    )


@pytest.mark.row("FJ-02")
@pytest.mark.parametrize("kind", ["multipart/mixed;boundary=b1", 'Multipart/Mixed; boundary="b1"'])
@pytest.mark.parametrize("parts", [(PART, ISUP), (ISUP, PART), (PLACE, ISUP, PART)])
def test_the_description_counts_and_the_rest_is_left_out(kind: str, parts: tuple[bytes]) -> None:
    message = _invite(kind, joined(*parts))

    assert inspect_request(message) is None
    assert (message.headers.get("Content-Type"), message.body) == ("application/sdp", SDP)
    assert message.dropped == ("the other parts of the body: the session description counts",)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/mixed", joined(PART)),
        ("multipart/mixed;boundary=other", joined(PART)),
        ("multipart/mixed;boundary=b1", joined(PART).replace(b"\r\n", b"\n")),
        ("multipart/mixed;boundary=b1", b"preamble\r\n" + joined(PART)),
        (
            "multipart/mixed;boundary=b1",
            joined(
                b"Content-Type: multipart/alternative;boundary=b2\r\n\r\n"
                + joined(PLACE, PART, boundary=b"b2")
            ),
        ),
    ],
)
def test_parts_are_found_however_they_are_told_apart(kind: str, body: bytes) -> None:
    found = session_part(kind, body)

    assert found is not None
    assert found.split() == SDP.split()


@pytest.mark.parametrize(
    "body", [joined(ISUP), b"", b"--b1", joined(b"Content-Type: application/sdp")]
)
def test_a_call_whose_parts_describe_no_sound_is_refused(body: bytes) -> None:
    kind = "multipart/mixed;boundary=b1"

    assert session_part(kind, body) is None
    refused = inspect_request(_invite(kind, body))
    assert refused == (Refusal(415, (ACCEPT,)) if body else None)


def test_a_response_without_a_description_describes_nothing() -> None:
    kind = [("Content-Type", "multipart/mixed;boundary=b1")]
    answer = request("INVITE", body=SDP).response(200, headers=kind, body=joined(ISUP))

    assert parse_message(bytes(answer)).body == b""


def test_what_is_no_part_of_a_session_keeps_its_parts() -> None:
    body = joined(PART, ISUP)
    asked = request("MESSAGE", "Content-Type: multipart/mixed;boundary=b1", body=b"")
    data = bytes(asked).replace(b"Length: 0", b"Length: %d" % len(body)) + body

    assert read_request(data).body == body


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_body_is_looked_through(body: bytes, kind: str) -> None:
    assert session_part(f"multipart/{kind}", body) is None or b"dp" in body.lower()


@pytest.mark.parametrize(
    "unit", [b" ", b"-", b"--b\r\n", b"\n", b"\r\n\r\n", b"--b\r\nContent-Type: "]
)
def test_looking_takes_time_in_proportion(unit: bytes) -> None:
    body = b"--b\r\n" + unit * (60_000 // len(unit))

    assert session_part("multipart/mixed;boundary=b", body) is None
    assert session_part("multipart/mixed", body) is None


def _invite(kind: str, body: bytes) -> Request:
    asked = request("INVITE", f"Content-Type: {kind}")
    return read_request(bytes(asked).replace(b"Length: 0", b"Length: %d" % len(body)) + body)
