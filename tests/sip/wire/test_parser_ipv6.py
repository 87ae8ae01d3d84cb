"""IPv6 addresses are read wherever RFC 5118 puts them, and its broken ones are refused."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.message import Request
from switchhook.sip.wire.parser import MessageError, parse_message


def register(uri: str, via: str, contact: str = "<sip:caller@[2001:db8::1]>") -> Request:
    message = parse_message(
        (
            f"REGISTER {uri} SIP/2.0\r\n"
            "To: sip:user@example.com\r\n"
            "From: sip:user@example.com;tag=81x2\r\n"
            f"Via: {via}\r\n"
            "Call-ID: SSG9559905523997077@hlau_4100\r\n"
            "Max-Forwards: 70\r\n"
            f"Contact: {contact}\r\n"
            "CSeq: 98176 REGISTER\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(message, Request)
    assert parse_message(bytes(message)) == message
    return message


VIA = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"


def test_4_1_a_bracketed_address() -> None:
    message = register("sip:[2001:db8::10]", VIA)
    assert (message.uri.host, message.uri.port) == ("[2001:db8::10]", None)
    assert (message.via.host, message.via.branch) == ("[2001:db8::9:1]", "z9hG4bKas3-111")
    assert message.contacts[0].uri.host == "[2001:db8::1]"


def test_4_2_an_address_without_brackets_is_refused() -> None:
    with pytest.raises(MessageError) as refused:
        register("sip:2001:db8::10", VIA)
    assert refused.value.status == 400
    assert refused.value.partial is not None


def test_4_3_digits_inside_the_brackets_are_no_port() -> None:
    uri = register("sip:[2001:db8::10:5070]", VIA).uri
    assert (uri.host, uri.port) == ("[2001:db8::10:5070]", None)


def test_4_4_a_port_stands_behind_the_brackets() -> None:
    uri = register("sip:[2001:db8::10]:5070", VIA).uri
    assert (uri.host, uri.port) == ("[2001:db8::10]", 5070)


@pytest.mark.parametrize("received", ["[2001:db8::9:255]", "2001:db8::9:255"])
def test_4_5_received_with_and_without_brackets(received: str) -> None:
    message = register("sip:[2001:db8::10]", f"{VIA};received={received}")
    assert message.via.parameters["received"] == received


def test_4_7_several_addresses_in_one_message() -> None:
    message = register(
        "sip:user@[2001:db8::10]",
        "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111;received=192.0.2.1,"
        " SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
        '"Caller" <sip:caller@[2001:db8::20]:5070>, <sip:caller@192.0.2.2>',
    )
    assert [(via.host, via.port) for via in message.vias] == [
        ("[2001:db8::9:1]", 6050),
        ("192.0.2.1", None),
    ]
    assert [c.uri.host for c in message.contacts] == ["[2001:db8::20]", "192.0.2.2"]


def test_4_9_an_ipv4_address_within_ipv6() -> None:
    message = register("sip:[::ffff:192.0.2.10]", "SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9")
    assert message.uri.host == "[::ffff:192.0.2.10]"
    assert (message.via.host, message.via.port) == ("[::ffff:192.0.2.2]", 5060)


def test_4_10_three_colons_are_a_fault_of_the_old_grammar() -> None:
    register("sip:user@[2001:db8::192.0.2.1]", VIA)
    old = register("sip:user@[2001:db8:::192.0.2.1]", VIA)
    assert old.uri.username == "user"  # the host of a Request-URI decides nothing
    assert any("IPv6" in note for note in old.dropped)
