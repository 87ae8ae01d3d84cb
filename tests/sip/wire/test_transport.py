"""Answers go where the packet came from, and no name that a sender wrote is ever looked up."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.message import Request
from switchhook.sip.wire.transport import (
    Peer,
    complete_via,
    is_private,
    next_peer,
    numeric,
    response_peer,
)
from switchhook.sip.wire.uri import Uri
from tests.support.sip import ALICE, ALICE_TCP, read_request, request

NATTED = Peer("UDP", "198.51.100.7", 31234)


def stamped_via(via: str, source: Peer) -> str:
    return str(complete_via(request(via=via), source).via)


@pytest.mark.parametrize(
    ("via", "source", "expected"),
    [
        ("192.0.2.10;branch=z9hG4bKx", ALICE, "192.0.2.10;branch=z9hG4bKx"),
        ("pc.example;branch=z9hG4bKx", ALICE, "pc.example;branch=z9hG4bKx;received=192.0.2.10"),
        ("10.0.0.3;branch=z9hG4bKx", ALICE, "10.0.0.3;branch=z9hG4bKx;received=192.0.2.10"),
        (
            "10.0.0.3:5060;rport;branch=z9hG4bKx",
            NATTED,
            "10.0.0.3:5060;rport=31234;branch=z9hG4bKx;received=198.51.100.7",
        ),
        (
            "192.0.2.10;received=203.0.113.66;maddr=203.0.113.67;branch=z9hG4bKx",
            ALICE,
            "192.0.2.10;branch=z9hG4bKx",
        ),
        ("192.0.2.10;received=evil.example", ALICE, "192.0.2.10"),
    ],
)
def test_the_top_via_says_where_the_request_came_from(
    via: str, source: Peer, expected: str
) -> None:
    assert stamped_via(f"SIP/2.0/UDP {via}", source) == f"SIP/2.0/UDP {expected}"


def test_stamping_leaves_the_other_hops_and_what_was_parsed() -> None:
    original = request(
        via="SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/TCP b.example;branch=z9hG4bK2"
    )

    stamped = complete_via(original, ALICE)

    assert [via.host for via in stamped.vias] == ["a.example", "b.example"]
    assert stamped.vias[0].parameters["received"] == "192.0.2.10"
    assert stamped.headers.values("Via") == tuple(map(str, stamped.vias))
    assert stamped.from_ is original.from_
    assert stamped == Request(
        method=original.method, uri=original.uri, headers=stamped.headers, body=b""
    )


def test_a_lower_hop_comes_back_as_it_is() -> None:
    broken = bytes(request()).replace(b"From:", b"Via: SIP/\0.0/UDP a.example\r\nFrom:")

    stamped = complete_via(read_request(broken), NATTED)

    assert stamped.headers.all("Via")[1] == "SIP/\0.0/UDP a.example"


@pytest.mark.parametrize(
    ("via", "source", "expected"),
    [
        ("SIP/2.0/UDP 192.0.2.10", ALICE, Peer("UDP", "192.0.2.10", 5060)),
        ("SIP/2.0/UDP 192.0.2.10:5080", ALICE, Peer("UDP", "192.0.2.10", 5080)),
        ("SIP/2.0/UDP 10.0.0.3:5080", NATTED, Peer("UDP", "198.51.100.7", 5080)),
        ("SIP/2.0/UDP 10.0.0.3:5080;rport", NATTED, NATTED),
        ("SIP/2.0/UDP victim.example;maddr=203.0.113.9", ALICE, ALICE),
        ("SIP/2.0/UDP [fe80::1%4]:5070", NATTED, NATTED),
        ("SIP/2.0/UDP my telephone:5080", NATTED, NATTED),
        ("SIP/2.0/TCP 10.0.0.3:5080;rport", ALICE_TCP, Peer("TCP", "192.0.2.10", 5080, 7)),
    ],
)
def test_answers_go_to_the_source(via: str, source: Peer, expected: Peer) -> None:
    assert response_peer(complete_via(request(via=via), source), source) == expected


PUBLIC = Peer("UDP", "8.8.8.8", 5060)


@pytest.mark.parametrize(
    ("uri", "last", "direct", "expected"),
    [
        ("sip:a@192.0.2.10", ALICE, False, ALICE),
        ("sip:a@192.0.2.10:5099", ALICE, False, Peer("UDP", "192.0.2.10", 5099)),
        ("sip:a@[2001:db8::1]", ALICE, False, Peer("UDP", "2001:db8::1", 5060)),
        ("sip:a@proxy.example", ALICE, False, ALICE),
        ("sip:a@9.9.9.9", PUBLIC, True, Peer("UDP", "9.9.9.9", 5060)),
        ("sip:a@10.0.0.3", PUBLIC, False, PUBLIC),
        ("sip:a@10.0.0.3", ALICE, True, ALICE),
        ("sip:a@10.0.0.3", ALICE, False, Peer("UDP", "10.0.0.3", 5060)),
        ("sip:a@127.0.0.1:24095;transport=tcp", ALICE, False, ALICE),
        ("sip:a@[::ffff:127.0.0.1]", ALICE, False, ALICE),
        ("sip:a@169.254.169.254", ALICE, False, ALICE),
        ("sip:a@0.0.0.0", ALICE, False, ALICE),
        ("sip:a@224.0.0.1", PUBLIC, False, PUBLIC),
        ("sip:a@127.0.0.2", Peer("UDP", "127.0.0.1", 5060), False, Peer("UDP", "127.0.0.2", 5060)),
        ("sip:a@192.0.2.10;transport=TCP", ALICE, True, Peer("TCP", "192.0.2.10", 5060)),
        ("sip:a@192.0.2.10:5060", ALICE_TCP, True, Peer("TCP", "192.0.2.10", 5060, 7)),
        ("sip:a@192.0.2.10;transport=udp", ALICE_TCP, True, ALICE),
        ("sip:a@192.0.2.10;transport=ws", ALICE, True, ALICE),
        ("sip:a@192.0.2.10:5061;transport=tls", ALICE, True, ALICE),
        ("sips:a@192.0.2.10:5061", ALICE_TCP, True, ALICE_TCP),
        ("sip:a@192.0.2.10:0", NATTED, True, NATTED),
        ("sip:a@9.9.9.9:5061;transport=TLS;lr", PUBLIC, False, PUBLIC),
    ],
)
def test_a_dialog_goes_on_to_the_next_hop_as_far_as_it_can_be_meant(
    uri: str, last: Peer, *, direct: bool, expected: Peer
) -> None:
    assert next_peer(Uri.parse(uri), last, direct=direct) == expected


def test_hosts_are_numeric_or_names() -> None:
    hosts = ["192.0.2.1", "[2001:db8::1]", "pbx", "1.2.3", "300.1.1.1"]

    assert [numeric(host) for host in hosts] == ["192.0.2.1", "2001:db8::1", None, None, None]


def test_private_addresses_are_known_in_every_form() -> None:
    hosts = ["10.1.1.1", "127.0.0.1", "::1", "::ffff:192.168.1.1", "fe80::1", "8.8.8.8", "2600::1"]

    assert [is_private(host) for host in hosts] == [True] * 5 + [False] * 2


def test_a_peer_reads_well_in_a_log() -> None:
    assert str(ALICE_TCP) == "tcp:192.0.2.10:40001"
    assert str(Peer("UDP", "2001:db8::1", 5060)) == "udp:[2001:db8::1]:5060"
