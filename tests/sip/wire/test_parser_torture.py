"""Each message of RFC 4475 is accepted or refused as its section asks, and survives a round trip."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import MessageError, parse_message
from tests.support.sip_messages import load

MESSAGES = load("rfc4475.txt")

ACCEPTED = {
    # §3.1.1: valid, however it looks.
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unreason",
    "noreason",
    # §3.1.2: invalid, but harmless and clear; the RFC leaves it to the receiver.
    "baddate",  # nobody here reads Date
    "badaspec",  # spaces within <>
    "baddn",  # an unquoted comma in a display name
    # The same: each can mean one thing only, and RFC 4475 lets a receiver be liberal there.
    "badinv01",  # separators too many, none in what decides
    "clerr",  # a Content-Length of 9999: the datagram ends with a whole line
    "ncl",  # a negative Content-Length: the datagram has an end
    "mcl01",  # two of them that differ: the same
    "quotbal",  # the quote of a display name is not closed; the address is whole
    "ltgtruri",  # <> round the Request-URI
    "lwsruri",  # a blank in the Request-URI, which stands between two words all the same
    "lwsstart",  # two blanks in the start line
    "trws",  # a blank behind it
    "escruri",  # headers in the Request-URI, which are left out
    # §3.2: the transaction layer falls back to RFC 2543 matching.
    "badbranch",
    # §3.3: well formed; what is wrong with it is for the user agent to say.
    "unkscm",  # 416
    "novelsc",  # 416
    "unksm2",  # 416 or 404
    "bext01",  # 420
    "invut",  # 415
    "regaut01",  # 401
    "bcast",  # two Vias: the transaction layer drops the response
    "zeromf",  # 483, or answered where it arrives
    "cparam01",
    "cparam02",
    "regescrt",
    "sdp01",  # 406
    # §3.4
    "inv2543",
}

REFUSED = {
    "scalar02": (400, "CSeq"),
    "scalarlg": (400, "CSeq"),
    "regbadct": (400, "Contact"),
    "badvers": (505, "not SIP/2.0"),
    "mismatch01": (400, "CSeq names INVITE"),
    "mismatch02": (400, "CSeq names INVITE"),
    "bigcode": (400, "no status"),
    "insuf": (400, "there is no From"),
    "multi01": (400, "more than once"),
}
UNANSWERABLE = {
    "scalarlg",  # a response
    "bigcode",  # a response
}


def parsed(name: str) -> Request | Response:
    return parse_message(MESSAGES[name])


def request(name: str) -> Request:
    message = parsed(name)
    assert isinstance(message, Request)
    return message


def response(name: str) -> Response:
    message = parsed(name)
    assert isinstance(message, Response)
    return message


def test_every_message_of_the_rfc_has_its_verdict() -> None:
    assert len(MESSAGES) == 49
    assert MESSAGES.keys() == ACCEPTED | REFUSED.keys()


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_accepted(name: str) -> None:
    message = parsed(name)
    assert parse_message(bytes(message)) == message
    assert bytes(parse_message(bytes(message))) == bytes(message)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused(name: str) -> None:
    status, why = REFUSED[name]
    with pytest.raises(MessageError, match=why) as refused:
        parsed(name)
    assert refused.value.status == status
    assert (refused.value.partial is None) == (name in UNANSWERABLE)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - UNANSWERABLE))
def test_a_refused_request_can_be_answered(name: str) -> None:
    with pytest.raises(MessageError) as refused:
        parsed(name)
    assert refused.value.partial is not None
    answer = refused.value.partial.response(400, to_tag="t")
    assert bytes(answer).startswith(b"SIP/2.0 400 Bad Request\r\n")
    assert answer.via == refused.value.partial.via


def test_wsinv_white_space_folds_and_compact_names() -> None:
    invite = request("wsinv")
    assert str(invite.uri) == "sip:vivekg@chair-dnrc.example.com;unknownparam"
    assert str(invite.to) == "<sip:vivekg@chair-dnrc.example.com>;tag=1918181833n"
    assert (invite.from_.display, invite.from_.tag) == ('J Rosenberg \\"', "98asjd8")
    assert invite.max_forwards == 68
    assert str(invite.cseq) == "9 INVITE"
    assert [str(via) for via in invite.vias] == [
        "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
        "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
        "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
    ]
    assert invite.headers.get("subject") == ""
    assert invite.headers.get("newfangledheader") == "newfangled value continued newfangled value"
    assert invite.headers.get("UnknownHeaderWithUnusualValue") == ";;,,;;,;"
    assert [str(route.uri) for route in invite.routes] == [
        "sip:services.example.com;lr;unknownwith=value;unknown-no-value"
    ]
    (contact,) = invite.contacts
    assert contact.display == 'Quoted string ""'
    assert str(contact.parameters) == ";newparam=newvalue;secondparam;q=0.33"
    assert len(invite.body) == 150


def test_intmeth_every_character() -> None:
    message = request("intmeth")
    assert message.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert message.uri.host == "example.com"
    assert message.uri.username == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert message.to.display == "BEL:\x07 NUL:\0 DEL:\x7f"
    assert message.from_.tag == "_token~1'+`*%!-."
    assert message.from_.parameters.text("fromParam''~+*_!.-%") == "работающий"
    assert message.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"


def test_escapes_are_undone_for_reading_only() -> None:
    invite = request("esc01")
    assert invite.uri.username == "sips:user@example.com"
    assert invite.to.uri.username == "user"
    assert invite.from_.uri.username == "I have spaces"
    assert [str(c.uri) for c in invite.contacts] == [
        "sip:cal%6Cer@host5.example.net;%6c%72;n%61me=v%61lue%25%34%31"
    ]
    assert [c.uri.username for c in request("escnull").contacts] == ["\0", "\0\0"]


def test_an_escaped_name_is_another_name() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert [c.uri.username for c in message.contacts] == ["alias1", "alias3"]
    assert message.to.display == "%Z%45"


def test_longreq_has_all_its_hops() -> None:
    assert len(request("longreq").vias) == 34


def test_what_follows_the_first_message_of_a_datagram_is_dropped() -> None:
    message = request("dblreq")
    assert (message.method, message.body) == ("REGISTER", b"")


def test_semicolons_belong_to_the_user() -> None:
    message = request("semiuri")
    assert message.uri.username == "user;par=u@example.net"
    assert not message.uri.parameters


def test_transports() -> None:
    transports = [via.transport for via in request("transports").vias]
    assert transports == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_a_binary_body_is_not_touched() -> None:
    body = request("mpart01").body
    assert MESSAGES["mpart01"].endswith(b"\r\n\r\n" + body)
    assert len(body) == 553


def test_reasons() -> None:
    assert response("unreason").reason == "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert response("noreason").reason == ""


def test_strange_schemes_are_kept() -> None:
    assert str(request("unkscm").uri) == "nobodyknowsthisscheme:totallyopaquecontent"
    assert request("novelsc").uri.scheme == "soap.beep"
    assert request("unksm2").to.uri.scheme == "isbn"


def test_where_a_contact_parameter_belongs() -> None:
    (outside,) = request("cparam01").contacts
    (inside,) = request("cparam02").contacts
    assert "unknownparam" in outside.parameters
    assert "unknownparam" in inside.uri.parameters
    (escaped,) = request("regescrt").contacts
    assert escaped.uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_a_request_of_rfc2543_needs_no_tag_branch_or_hops() -> None:
    invite = request("inv2543")
    assert (invite.from_.tag, invite.via.branch, invite.max_forwards) == (None, None, None)
    assert invite.body.endswith(b"m=audio 49217 RTP/AVP 0\r\n")
