"""A message finds its transaction by what RFC 3261 §17 names, and requests made of an INVITE share it."""

from __future__ import annotations

import pytest

from switchhook.sip.transaction.matching import (
    make_ack,
    make_cancel,
    merge_key,
    server_key,
    stateless_tag,
)
from tests.support.sip import read_response, request, response

PLAIN = "SIP/2.0/UDP 192.0.2.10"
ROUTED = request(
    "INVITE", "Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>", "Subject: x", body=b"v=0\r\n"
)


def test_an_ack_belongs_to_its_invite() -> None:
    assert server_key(request("ACK")) == server_key(request("INVITE"))


def test_a_cancel_is_a_transaction_of_its_own_beside_its_invite() -> None:
    invite, cancel = server_key(request("INVITE")), server_key(request("CANCEL"))

    assert invite != cancel
    assert invite[:-1] == cancel[:-1]


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKother",
        "SIP/2.0/UDP 192.0.2.11;branch=z9hG4bKa1",
        "SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bKa1",
    ],
)
def test_another_branch_or_sender_is_another_transaction(via: str) -> None:
    assert server_key(request(via=via)) != server_key(request())


def test_what_is_equal_by_its_branch_may_differ_in_all_else() -> None:
    assert server_key(request(call_id="x", cseq=9)) == server_key(request())


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_without_a_true_branch_everything_else_must_be_equal(branch: str) -> None:
    via = PLAIN + branch
    invite = server_key(request(via=via))

    assert server_key(request("ACK", via=via, to="<sip:100@192.0.2.1>;tag=x")) == invite
    assert server_key(request(via=via, cseq=2)) != invite
    assert server_key(request(via=via, call_id="x")) != invite
    assert server_key(request(via=via, uri="sip:200@192.0.2.1")) != invite


def test_a_merged_request_is_the_same_by_another_way() -> None:
    other_way = request(via="SIP/2.0/UDP 192.0.2.11;branch=z9hG4bKother")

    assert merge_key(other_way) == merge_key(request())
    assert merge_key(request(cseq=2)) != merge_key(request())
    assert merge_key(request(uri="sip:101@192.0.2.1")) != merge_key(request())
    assert merge_key(request("CANCEL"), "INVITE") == merge_key(request())


def test_a_tag_without_memory_is_the_same_for_the_same_request() -> None:
    assert stateless_tag(request()) == stateless_tag(request())
    other = request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa2")
    assert stateless_tag(other) != stateless_tag(request())


def test_an_ack_repeats_the_invites_way_and_the_responses_to() -> None:
    assert bytes(make_ack(ROUTED, response(ROUTED, 486))).decode().split("\r\n") == [
        "ACK sip:100@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa1",
        "Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>",
        "Max-Forwards: 70",
        "From: <sip:alice@192.0.2.10>;tag=a",
        "To: <sip:100@192.0.2.1>;tag=b",
        "Call-ID: c1",
        "CSeq: 1 ACK",
        "Content-Length: 0",
        "",
        "",
    ]


def test_an_ack_does_not_repeat_what_would_end_its_header() -> None:
    odd = bytes(response(ROUTED, 486)).replace(b"To: <", b"To: \0 <")

    assert str(make_ack(ROUTED, read_response(odd)).to) == '" " <sip:100@192.0.2.1>;tag=b'


def test_a_cancel_repeats_the_invite_and_says_why() -> None:
    cancel = make_cancel(ROUTED, [("Reason", "SIP;cause=200")])

    assert (cancel.via, cancel.uri, cancel.to) == (ROUTED.via, ROUTED.uri, ROUTED.to)
    assert str(cancel.cseq) == "1 CANCEL"
    assert cancel.headers.get("Reason") == "SIP;cause=200"
    assert cancel.body == b""
