"""A message is read and written exactly, answered as RFC 3261 asks, and cannot be made to lie."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given

from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.headers import Headers
from switchhook.sip.wire.message import MAX_LIST, MAX_MESSAGE, REASONS, Request, Response
from switchhook.sip.wire.parser import MAX_HEADERS, MessageError, parse_message
from switchhook.sip.wire.uri import Uri
from tests.support.sip_values import requests, responses

HEAD = (
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    b"From: <sip:a@example.com>;tag=1\r\n"
    b"To: <sip:b@example.com>\r\n"
    b"Call-ID: c1\r\n"
)
INVITE = (
    b"INVITE sip:b@example.com SIP/2.0\r\n"
    + HEAD
    + b"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody"
)


def request(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def refused(data: bytes, why: str) -> MessageError:
    with pytest.raises(MessageError, match=why) as error:
        parse_message(data)
    return error.value


def test_a_request_is_read() -> None:
    invite = request(INVITE)
    assert (invite.method, str(invite.uri), invite.body) == (
        "INVITE",
        "sip:b@example.com",
        b"body",
    )
    assert invite.via is invite.vias[0]
    assert (invite.from_.tag, invite.to.tag, invite.call_id) == ("1", None, "c1")
    assert (invite.cseq.number, invite.max_forwards) == (1, 70)
    assert (invite.contacts, invite.routes, invite.record_routes) == ((), (), ())


def test_it_is_written_as_it_was_read() -> None:
    assert bytes(request(INVITE)) == INVITE


def test_a_message_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        request(INVITE).method = "BYE"  # type: ignore[misc]  # that is the point


def test_the_body_goes_to_the_end_without_content_length() -> None:
    data = INVITE.replace(b"Content-Length: 4\r\n", b"")
    assert request(data + b" and more").body == b"body and more"


def test_what_is_behind_content_length_is_cut_off() -> None:
    assert request(INVITE + b"\r\nINVITE").body == b"body"


def test_a_short_body_is_refused() -> None:
    assert refused(INVITE[:-1], "Content-Length is 4, but the body has 3").partial is not None


def test_the_same_length_twice_is_harmless() -> None:
    data = INVITE.replace(b"Content-Length: 4\r\n", b"l: 4\r\nContent-Length: 4\r\n")
    assert request(data).body == b"body"


def test_content_length_is_no_header() -> None:
    assert "Content-Length" not in request(INVITE).headers
    own = Request(method="BYE", uri=Uri(host="h"), headers=request(INVITE).headers)
    own = replace(own, headers=own.headers.add("l", "9999"))
    assert b"Content-Length: 0" in bytes(own)
    assert b"9999" not in bytes(own)


def test_line_ends_before_the_start_line_are_skipped() -> None:
    assert request(b"\r\n\r\n" + INVITE) == request(INVITE)


def test_contacts() -> None:
    many = INVITE.replace(b"CSeq", b'm: "A, B" <sip:a@h>, <sip:b@h>\r\nContact: sip:c@h\r\nCSeq')
    assert [contact.uri.user for contact in request(many).contacts] == ["a", "b", "c"]
    assert not request(many).is_wildcard_contact
    wild = request(INVITE.replace(b"CSeq", b"Contact: *\r\nCSeq"))
    assert (wild.contacts, wild.is_wildcard_contact) == ((), True)


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_the_mandatory_headers(name: str) -> None:
    lines = INVITE.split(b"\r\n")
    without = b"\r\n".join(line for line in lines if not line.startswith(name.encode() + b":"))
    error = refused(without, f"there is no {name}")
    assert (error.status, error.partial is None) == (400, name == "Via")


@pytest.mark.parametrize(
    ("name", "other"),
    [("From", b"<sip:x@h>;tag=2"), ("To", b"<sip:x@h>"), ("Call-ID", b"c2"), ("CSeq", b"2 INVITE")],
)
def test_headers_that_stand_once(name: str, other: bytes) -> None:
    (line,) = (line for line in INVITE.split(b"\r\n") if line.startswith(name.encode() + b":"))
    twice = line + b"\r\n" + name.encode() + b": " + other
    refused(INVITE.replace(line, twice), f"{name.lower()} stands there more than")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE", "CSeq names BYE, the start line INVITE"),
        (b"Call-ID: c1", b"Call-ID:", "no Call-ID"),
        (b"Call-ID: c1", b"Call-ID: c 1", "no Call-ID"),
        (b"From: <sip:a@example.com>", b"From: <example.com", "From"),
        (b"Call-ID: c1", b"Call-ID c1", "no Call-ID; this is no header: 'Call-ID c1'"),
        (b"Call-ID: c1", b": c1", "this is no header"),
        (b"Call-ID: c1", b"Call ID: c1", "this is no header"),
        (b"Call-ID: c1", b"Call-ID: c1\rX: y", "no Call-ID"),
        (b"INVITE sip:b@example.com", b"INVITE", "no request line"),
        (b"INVITE sip:", b"INV(TE sip:", "no request line"),
        (b"INVITE sip:", b"INVITE\0 sip:", "the start line holds"),
        (b"INVITE sip:", b"INVITE\n sip:", "no request line"),
        (b" SIP/2.0\r\n", b" HTTP/1.1\r\n", "not SIP/2.0"),
    ],
)
def test_wrong_requests_are_refused(before: bytes, after: bytes, why: str) -> None:
    assert before in INVITE
    assert refused(INVITE.replace(before, after, 1), why).status == 400


@pytest.mark.parametrize("start", [b"SIP/2.0 099 x", b"SIP/2.0 700 x", b"SIP/2.0 20 x", b"SIP/2.0"])
def test_wrong_responses_are_refused(start: bytes) -> None:
    assert refused(start + b"\r\n" + HEAD + b"CSeq: 1 INVITE\r\n\r\n", "status").partial is None


def test_a_response_of_another_version_is_refused() -> None:
    data = b"SIP/3.0 200 OK\r\n" + HEAD + b"CSeq: 1 INVITE\r\n\r\n"
    assert refused(data, "not SIP/2.0").status == 505


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0" * 100, b"INVITE", INVITE[:50]])
def test_what_has_no_head_is_refused(data: bytes) -> None:
    assert refused(data, "no blank line").partial is None


def test_the_limits() -> None:
    spare = MAX_HEADERS - INVITE.count(b"\r\n") + 2
    request(INVITE.replace(b"CSeq", b"X: y\r\n" * spare + b"CSeq"))
    refused(INVITE.replace(b"CSeq", b"X: y\r\n" * (spare + 1) + b"CSeq"), "more than 256")
    hops = b"Via: " + b", ".join([b"SIP/2.0/UDP h"] * (MAX_LIST - 1)) + b"\r\nCSeq"
    assert len(request(INVITE.replace(b"CSeq", hops)).vias) == MAX_LIST
    refused(INVITE.replace(b"CSeq", hops.replace(b": ", b": SIP/2.0/UDP h, ", 1)), "more than 100")
    assert refused(INVITE + b" " * MAX_MESSAGE, "more than 65535").status == 513
    huge = INVITE.replace(b"Content-Length: 4", b"Content-Length: " + b"9" * 9000)
    assert refused(huge, "more than 65535").status == 513


def test_bytes_that_are_not_utf8_survive() -> None:
    data = INVITE.replace(b"<sip:a@", b'"\xff\xc0\x80" <sip:a\xfe@')
    assert bytes(request(data)) == data
    answer = bytes(request(data).response(180, to_tag="x"))
    assert b'From: "\xff\xc0\x80" <sip:a\xfe@example.com>;tag=1\r\n' in answer


def test_a_response_copies_what_it_must() -> None:
    invite = request(
        INVITE.replace(
            b"Via",
            b"Via: SIP/2.0/TCP h2;branch=2\r\nRecord-Route: <sip:p;lr>\r\nTimestamp: 5\r\nVia",
            1,
        )
    )
    ringing = invite.response(180, to_tag="99", headers=[("Contact", "<sip:me@h>")])
    assert bytes(ringing) == (
        b"SIP/2.0 180 Ringing\r\n"
        b"Via: SIP/2.0/TCP h2;branch=2\r\n"
        b"Record-Route: <sip:p;lr>\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        b"From: <sip:a@example.com>;tag=1\r\n"
        b"To: <sip:b@example.com>;tag=99\r\n"
        b"Call-ID: c1\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Contact: <sip:me@h>\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert parse_message(bytes(ringing)) == ringing


@pytest.mark.parametrize(
    ("status", "tag", "copied"),
    [
        (100, None, {"Timestamp"}),
        (101, "9", {"Record-Route"}),
        (200, "9", {"Record-Route"}),
        (299, "9", {"Record-Route"}),
        (300, "9", set()),
        (486, "9", set()),
    ],
)
def test_what_a_response_copies_depends_on_its_status(
    status: int, tag: str | None, copied: set[str]
) -> None:
    invite = request(INVITE.replace(b"Max", b"Record-Route: <sip:p;lr>\r\nTimestamp: 5\r\nMax"))
    answer = invite.response(status, to_tag="9")
    assert answer.to.tag == tag
    assert {name for name, _ in answer.headers} & {"Record-Route", "Timestamp"} == copied


def test_a_tag_stays_and_a_bare_address_gets_one_too() -> None:
    tagged = request(INVITE.replace(b"To: <sip:b@example.com>", b"To: <sip:b@h>;tag=old"))
    assert tagged.response(200, to_tag="new").to.tag == "old"
    bare = request(INVITE.replace(b"To: <sip:b@example.com>", b"To: sip:b@h"))
    assert str(bare.response(200, to_tag="new").to) == "<sip:b@h>;tag=new"


def test_a_request_with_another_hop_keeps_what_was_read_and_reads_its_hops_anew() -> None:
    received = request(INVITE)
    assert len(received.vias) == 1
    via = replace(received.via, host="192.0.2.9")
    headers = Headers((("Via", str(via)), *received.headers), verbatim=True)
    sent = received.with_hops(headers, via)
    assert sent == replace(received, headers=headers)
    assert sent.vias == (via, received.via)
    assert request(bytes(sent)) == sent
    assert sent.from_ is received.from_
    assert received.vias == (received.via,)


def test_reasons() -> None:
    invite = request(INVITE)
    assert invite.response(486).reason == REASONS[486] == "Busy Here"
    assert invite.response(299).reason == "Unknown"
    assert invite.response(200, "Fine").reason == "Fine"
    assert invite.response(200, "").reason == ""


@pytest.mark.parametrize("evil", ["a\r\nVia: x", "a\nb", "a\rb", "a\0b"])
def test_nothing_of_ours_can_start_a_header(evil: str) -> None:
    invite = request(INVITE)
    with pytest.raises(ValueError, match="line break"):
        invite.response(200, evil)
    with pytest.raises(ValueError, match="line break"):
        invite.response(200, headers=[("Reason", evil)])
    with pytest.raises(ValueError, match="header name"):
        invite.response(200, headers=[(evil, "x")])
    with pytest.raises(ValueError, match="method"):
        Request(method=evil, uri=invite.uri)
    with pytest.raises(ValueError, match="stands in"):
        Request(method="BYE", uri=Uri(user=evil, host="h"))


def test_a_status_has_its_range() -> None:
    for status in (99, 700, 0, -1):
        with pytest.raises(ValueError, match="status"):
            Response(status=status)


def test_a_property_without_its_header_says_so() -> None:
    bare = Request(method="OPTIONS", uri=Uri(host="h"))
    for name in ("via", "vias", "from_", "to", "call_id", "cseq"):
        with pytest.raises(ParseError, match="there is no"):
            getattr(bare, name)
    assert bare.max_forwards is None


@given(requests())
def test_requests_are_read_back(message: Request) -> None:
    assert parse_message(bytes(message)) == message


@given(responses())
def test_responses_are_read_back(message: Response) -> None:
    assert parse_message(bytes(message)) == message


@given(requests())
def test_every_request_can_be_answered(message: Request) -> None:
    for status in (100, 180, 200, 404):
        answer = parse_message(bytes(message.response(status, to_tag="t")))
        assert answer.vias == message.vias
        assert (answer.call_id, answer.cseq) == (message.call_id, message.cseq)
        assert (answer.to.uri, answer.from_) == (message.to.uri, message.from_)
