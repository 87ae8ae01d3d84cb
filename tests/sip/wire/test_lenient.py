"""What decides is read wherever it can mean one thing; ornament never costs a message; both leave a trace."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.header_values import UNREADABLE
from switchhook.sip.wire.lenient import repair_address, repair_uri
from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import MessageError, parse_message

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8\r\n"
)
INVITE = b"\r\n".join(
    [
        b"INVITE sip:b@example.com SIP/2.0",
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        b'From: "A" <sip:380671112233@example.com>;tag=1',
        b"To: <sip:b@example.com>",
        b"Call-ID: c1",
        b"CSeq: 1 INVITE",
        b"Contact: <sip:a@192.0.2.1:5070>",
        b"Max-Forwards: 70",
        b"Content-Type: application/sdp",
        b"Content-Length: %d" % len(SDP),
        b"",
        SDP,
    ]
)
ANSWER = INVITE.replace(b"INVITE sip:b@example.com SIP/2.0", b"SIP/2.0 200 OK", 1).replace(
    b"b@example.com>", b"b@example.com>;tag=2", 1
)


def line(name: bytes, value: bytes, message: bytes = INVITE) -> bytes:
    """Return a message with the value of one header line replaced."""
    (found,) = (text for text in message.split(b"\r\n") if text.startswith(name + b":"))
    return message.replace(found, name + b": " + value if value else name + b":")


def plus(text: bytes, message: bytes = INVITE) -> bytes:
    """Return a message with one more line."""
    return message.replace(b"\r\nCall-ID", b"\r\n" + text + b"\r\nCall-ID", 1)


def request(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def response(data: bytes) -> Response:
    message = parse_message(data)
    assert isinstance(message, Response)
    return message


@pytest.mark.parametrize(
    ("value", "user"),
    [
        (b'""unknown"" <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'"Desk "North" 2" <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'"Desk North <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'Desk" North <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'"Desk" North <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'"Desk" sip:380671112233@example.com;tag=1', "380671112233"),
        (b'"Desk" <sip:380671112233@example.com;tag=1', "380671112233"),
        (b"sip:380671112233@example.com>;tag=1", "380671112233"),
        (b"Doe, J. (sales) <sip:380671112233@example.com>;tag=1", "380671112233"),
        (b'"M\xfcller, J\xf6rg" <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b'"M\xc3\xbcller <sip:380671112233@example.com>;tag=1', "380671112233"),
        (b"<sip:380671112233@example.com> ;tag = 1", "380671112233"),
        (b"<sip:380671112233@example.com>x;tag=1", "380671112233"),
        (b'<sip:380671112233@example.com>;x="y;tag=1', "380671112233"),
        (b"<sip:380671112233@example.com>;(;=;tag=1", "380671112233"),
        (b"<sip:380671112233@my host>;tag=1", "380671112233"),
        (b"<sip:380671112233@fd00::1:5060>;tag=1", "380671112233"),
        (b"<sip:380671112233@>;tag=1", "380671112233"),
        (b"<sip:John Doe@example.com>;tag=1", "John Doe"),
        (b"<sip:380 67 111@example.com>;tag=1", "380 67 111"),
        (b"<sip:john@acme.example@example.com>;tag=1", "john@acme.example"),
        (b'<sip:"john"@example.com>;tag=1', '"john"'),
    ],
)
@pytest.mark.row("FA-04")
def test_the_address_counts_and_the_name_is_left_out(value: bytes, user: str) -> None:
    invite = request(line(b"From", value))
    assert (invite.from_.uri.username, invite.from_.tag) == (user, "1")
    again = parse_message(bytes(invite))
    assert (again, again.dropped) == (invite, ())  # what we send keeps to the grammar
    answer = parse_message(bytes(invite.response(200, to_tag="9")))
    assert (answer.from_.uri, answer.from_.tag) == (invite.from_.uri, "1")


@pytest.mark.row("FA-04")
def test_what_is_left_out_leaves_a_trace() -> None:
    invite = request(line(b"From", b'""unknown"" <sip:380671112233@example.com>;tag=1'))
    (trace,) = invite.dropped
    assert trace.startswith('From: all but the address of \'""unknown"" <sip:')
    assert request(INVITE).dropped == ()


@pytest.mark.parametrize(
    "value",
    [
        b"Bob;tag=1",
        b"<>;tag=1",
        b"",
        b'"x <sip:112@example.com>" y" <sip:100@example.com>;tag=1',
        b"sip:a@h sip:b@h;tag=1",
    ],
)
def test_nothing_is_guessed(value: bytes) -> None:
    with pytest.raises(MessageError, match="From: ") as refused:
        parse_message(line(b"From", value))
    assert (refused.value.status, refused.value.partial is None) == (400, False)


@pytest.mark.parametrize(
    ("value", "contact"),
    [
        (b'"A "B" C" <sip:b@192.0.2.7:5062>', "sip:b@192.0.2.7:5062"),
        (b"Doe, John <sip:b@192.0.2.7:5062>", "sip:b@192.0.2.7:5062"),
        (b"<sip:b@192.0.2.7:5062", "sip:b@192.0.2.7:5062"),
        (b"sip:b@192.0.2.7:5062>", "sip:b@192.0.2.7:5062"),
        (b"<sip:b b@192.0.2.7:5062;transport=tcp>", "sip:b%20b@192.0.2.7:5062;transport=tcp"),
        (b"<sip:b@192.0.2.7:>", "sip:b@192.0.2.7"),
        (b'<sip:b@192.0.2.7:5062>;+sip.instance="<urn:uuid:1', "sip:b@192.0.2.7:5062"),
        (b'""B"" <sip:b@192.0.2.7>;+sip.instance="<urn:uuid:1>"', "sip:b@192.0.2.7"),
        (b'<sip:b b@192.0.2.7>;+sip.instance= "<urn:uuid:1>"', "sip:b%20b@192.0.2.7"),
        (b"<sip:nobody@my host>", None),
        (b"nobody", None),
        (b"", None),
    ],
)
@pytest.mark.row("FA-04")
def test_a_sloppy_contact_costs_neither_call_nor_answer(value: bytes, contact: str | None) -> None:
    for message in (parse_message(line(b"Contact", value, data)) for data in (INVITE, ANSWER)):
        assert [str(known.uri) for known in message.contacts] == ([contact] if contact else [])
        assert message.dropped or value in {b"", b"<sip:b@192.0.2.7:5062;transport=tcp>"}
        assert parse_message(bytes(message)).dropped == ()


def test_one_bad_contact_does_not_take_the_good_ones_along() -> None:
    register = INVITE.replace(b"INVITE", b"REGISTER")
    both = request(line(b"Contact", b"nonsense, <sip:a@192.0.2.1>", register))
    assert [contact.uri.user for contact in both.contacts] == ["a"]
    with pytest.raises(MessageError, match="Contact: this is no URI: 'nonsense'"):
        parse_message(line(b"Contact", b"nonsense", register))


@pytest.mark.parametrize(
    "text",
    [
        b"Date: yesterday, at noon",
        b'User-Agent: Phone (x (y "z',
        b"Server: (((",
        b"Supported: ,,, ;;",
        b"P-Asserted-Identity: ))<sip:",
        b'Diversion: "x <sip:',
        b"Session-Expires: soon;refresher=me",
        b"Subject:",
        b"Require:",
        b"Route: <sip:x",
        b"Record-Route: <sip:",
        b"Via: SIP/2.0/UDP",
        b"no colon at all",
        b"Strange Name: x",
        b": nameless",
        b"X-\xff\xfe: y",
        b"X: \xff\xfe",
        b"s  \t: spaces before the colon",
        b"X: a\r\n b\r\n\tc",
        b"Max-Forwards: 70",
        b"Max-Forwards: 10",
        b"Max-Forwards: many",
        b"Content-Type: application/sdp",
        b"Content-Type: text/plain",
        b"Call-ID: c1",
        b"Content-Encoding:",
    ],
)
@pytest.mark.row("FA-04")
def test_ornament_never_costs_a_message(text: bytes) -> None:
    for data in (INVITE, ANSWER):
        message = parse_message(plus(text, data))
        assert message.body == SDP
        assert (message.call_id, message.headers.get("Content-Type")) == ("c1", "application/sdp")
        assert parse_message(bytes(message)).dropped == ()


@pytest.mark.parametrize(("more", "hops"), [(b"10", 10), (b"99", 70), (b"x", 70), (b"", 70)])
def test_of_two_max_forwards_the_lowest_holds(more: bytes, hops: int) -> None:
    assert request(plus(b"Max-Forwards: " + more)).max_forwards == hops


@pytest.mark.parametrize("value", [b"x", b"-1", b"256", b""])
def test_a_strange_max_forwards_is_none(value: bytes) -> None:
    assert request(line(b"Max-Forwards", value)).max_forwards is None


@pytest.mark.parametrize(
    "data",
    [
        INVITE.replace(b"\r\n", b"\n").replace(b"Content-Length: 111\n", b""),
        INVITE.replace(b"\r\nCall-ID", b"\nCall-ID"),
        INVITE.replace(b"sip:b@example.com SIP/2.0", b" sip:b@example.com  SIP/2.0 ", 1),
        INVITE.replace(b"sip:b@example.com SIP/2.0", b"<sip:b@example.com> SIP/2.0", 1),
        INVITE.replace(b" sip:b@example.com SIP/2.0", b"\tsip:b@example.com\tSIP/2.0", 1),
        INVITE.replace(b"SIP/2.0\r\n", b"sip/2.0\r\n", 1),
        INVITE.replace(b"From", b"fROM").replace(b"Contact", b"m").replace(b"Call-ID", b"i"),
        INVITE.replace(b"CSeq: 1 INVITE", b"cseq: 0001  Invite"),
        b"\0\r\n\n" + INVITE,
    ],
)
@pytest.mark.row("FA-04")
def test_line_ends_blanks_and_spelling(data: bytes) -> None:
    invite = request(data)
    assert (str(invite.uri), invite.call_id, invite.cseq.number) == ("sip:b@example.com", "c1", 1)
    assert invite.cseq.method == "INVITE"
    assert invite.body.splitlines() == SDP.splitlines()
    assert invite.contacts


@pytest.mark.parametrize(
    "host", [b"fdba:8d4a:6fa6::2019", b"[fe80::1%eth0]", b"our pbx", b"192.0.2.1:99999", b""]
)
@pytest.mark.row("FA-04")
def test_the_host_of_a_request_uri_need_not_be_readable(host: bytes) -> None:
    invite = request(INVITE.replace(b"sip:b@example.com SIP", b"sip:b@%s SIP" % host, 1))

    assert (invite.uri.username, len(invite.dropped)) == ("b", 1)


def test_a_lone_cr_begins_no_header() -> None:
    """What a carrier lets through inside of a name must not become an identity."""
    invite = request(line(b"From", b'"x\rP-Asserted-Identity: <sip:1@h>" <sip:a@h>;tag=1'))
    assert "P-Asserted-Identity" not in invite.headers


LENGTH = b"Content-Length: %d" % len(SDP)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (INVITE.replace(LENGTH + b"\r\n", b""), SDP),
        (INVITE.replace(LENGTH, b"Content-Length: 9999"), SDP),
        (INVITE.replace(LENGTH, b"Content-Length: -5"), SDP),
        (INVITE.replace(LENGTH, b"Content-Length: 5\r\nl: 7"), SDP),
        (INVITE.replace(LENGTH, b"Content-Length:"), SDP),
        (INVITE.replace(LENGTH, b"Content-Length: %d" % (len(SDP) - 6)), SDP),
        (INVITE.replace(LENGTH, b"Content-Length: 0"), SDP),
        (INVITE.replace(SDP, INVITE).replace(LENGTH, b"Content-Length: 0", 1), b""),
        (INVITE + b"\r\n\r\n", SDP),
        (INVITE + b"\0\0\0", SDP),
        (INVITE + INVITE, SDP),
        (INVITE.replace(SDP, b"").replace(LENGTH, b"Content-Length: 0"), b""),
        (INVITE.replace(b"\r\n" + SDP, b"").replace(LENGTH, b"Content-Length: 0"), b""),
    ],
)
@pytest.mark.row("FA-04")
def test_a_datagram_has_an_end_of_its_own(data: bytes, body: bytes) -> None:
    invite = request(data)
    assert invite.body == body


@pytest.mark.parametrize("data", [INVITE[:-1], INVITE[: -len(SDP)]])
def test_a_body_of_which_a_part_is_missing_is_refused(data: bytes) -> None:
    with pytest.raises(MessageError, match="Content-Length is") as refused:
        parse_message(data)
    assert refused.value.partial is not None


@pytest.mark.parametrize("body", [b"\r\n", b"\r\n\r\n", b" ", b"\0\t"])
@pytest.mark.row("FA-06")
def test_a_body_of_blanks_is_none(body: bytes) -> None:
    data = INVITE.replace(SDP, body).replace(b"Length: %d" % len(SDP), b"Length: %d" % len(body))
    invite = request(data)

    message = request(data.replace(b"INVITE", b"MESSAGE").replace(b"application/sdp", b"a/b"))
    assert message.body == body
    assert (invite.body, invite.dropped) == (b"", ("a description of nothing but blanks",))


def test_a_description_without_content_type_is_one() -> None:
    invite = request(INVITE.replace(b"Content-Type: application/sdp\r\n", b""))
    assert (invite.headers.get("Content-Type"), len(invite.dropped)) == ("application/sdp", 1)


@pytest.mark.parametrize(
    ("method", "cseq", "number"),
    [
        (b"ACK", b"1 INVITE", 1),
        (b"CANCEL", b"7 INVITE", 7),
        (b"ACK", b"1 ack", 1),
        (b"BYE", b"2 INVITE", 2),
        (b"BYE", b"?", 0),
    ],
)
def test_a_request_that_repeats_its_invite_may_repeat_too_much(
    method: bytes, cseq: bytes, number: int
) -> None:
    read = request(line(b"CSeq", cseq, INVITE.replace(b"INVITE sip", method + b" sip", 1)))
    assert str(read.cseq) == f"{number} {method.decode()}"


@pytest.mark.parametrize(
    "value",
    [
        b"SIP/2.0/UDP 192.0.2.1:;branch=z9hG4bK1",
        b'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;x="',
        b"SIP/2.0/UDP 192.0.2.1 ;rport;;branch=z9hG4bK1;(=)",
    ],
)
def test_a_via_with_quirks(value: bytes) -> None:
    for data in (INVITE, ANSWER):
        read = parse_message(line(b"Via", value, data))
        assert (read.via.host, read.via.port, read.via.branch) == ("192.0.2.1", None, "z9hG4bK1")


@pytest.mark.parametrize(
    "place",
    [b"[fe80::21dd:868d:b9cc:fd78%4]", b"fe80::980c%p2p0:35434", b"my telephone:5060", b"h:99999"],
)
@pytest.mark.row("FA-04")
def test_a_via_comes_back_as_it_came_though_its_host_cannot_be_read(place: bytes) -> None:
    via = b"SIP/2.0/UDP %s;branch=z9hG4bK1" % place
    invite = request(line(b"Via", via))

    (note,) = invite.dropped
    assert note.startswith("Via: the host and port of ")
    assert invite.via.host == UNREADABLE
    assert invite.response(100).headers.all("Via") == (via.decode(),)
    assert str(invite.via) == via.decode()


@pytest.mark.row("FA-04")
def test_a_zone_is_left_out_of_a_contact() -> None:
    value = b'<sip:a@[fe80::1%4]:5070;transport=udp>;q=0.5;+sip.instance="<urn:uuid:1>";x'
    (contact,) = request(line(b"Contact", value)).contacts

    assert str(contact.uri) == "sip:a@[fe80::1]:5070;transport=udp"
    assert str(contact.parameters) == ';q=0.5;+sip.instance="<urn:uuid:1>";x'


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"From", b'"" nobody'), (b"Call-ID", b"c 1"), (b"To", b'""x"" <no address>;tag=2')],
)
@pytest.mark.row("FA-04")
def test_what_a_response_repeats_of_ours_is_not_read_again(name: bytes, value: bytes) -> None:
    answer = response(line(name, value, ANSWER))
    assert (answer.via.branch, answer.cseq.number, answer.to.tag) == ("z9hG4bK1", 1, "2")


@pytest.mark.row("FA-04")
def test_a_response_may_spell_our_method_otherwise() -> None:
    answer = response(line(b"CSeq", b"1 Invite", ANSWER))

    assert (answer.cseq.number, answer.cseq.method) == (1, "INVITE")


def test_a_response_without_our_branch_or_cseq_is_none() -> None:
    for name in (b"Via", b"CSeq"):
        with pytest.raises(MessageError, match=name.decode()):
            parse_message(line(name, b"?", ANSWER))


@pytest.mark.parametrize(
    "value",
    [
        b"<sip:192.0.2.9;lr>",
        b"<sip:192.0.2.9;lr=on>",
        b"sip:192.0.2.9;lr",
        b'"P "x" y" <sip:192.0.2.9;lr>',
        b"<sip:192.0.2.9;lr;did=a.b>;x=(",
        b"<sip:192.0.2.9;lr>, nonsense",
    ],
)
@pytest.mark.row("FA-04")
def test_record_routes_with_quirks(value: bytes) -> None:
    for data in (INVITE, ANSWER):
        (route,) = parse_message(plus(b"Record-Route: " + value, data)).record_routes
        assert (route.uri.host, "lr" in route.uri.parameters) == ("192.0.2.9", True)


def test_a_repaired_address_is_strict() -> None:
    repaired = repair_address('"x <sip:a b@h>;q=0.5;bad=(;+sip.instance=x;expires=60')
    assert str(repaired) == "<sip:a%20b@h>;q=0.5;+sip.instance=x;expires=60"


@pytest.mark.parametrize("text", ["sip:" + "@" * 300 + "h", "sip:a@", "http:x y", "sip:a@h/ost:5"])
def test_what_no_uri_can_be_made_of(text: str) -> None:
    with pytest.raises(ParseError):
        repair_uri(text)
