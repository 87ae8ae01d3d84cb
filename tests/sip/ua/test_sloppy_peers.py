"""A peer with sloppy spelling calls and is called; one of another version is told so."""

from __future__ import annotations

import pytest

from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, Invite
from switchhook.sip.ua.events import AnswerReceived, InviteReceived, ProgressReceived
from switchhook.sip.ua.user_agent import UserAgent
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Packet, Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip import (
    ALICE,
    BOB,
    HERE,
    SDP,
    read_request,
    read_response,
    request,
    response,
    start,
    tokens,
)
from tests.support.sip_messages import load

ELSEWHERE = Peer("UDP", "198.51.100.9", 40123)


def agent() -> UserAgent:
    return UserAgent(local=lambda _peer: HERE, token=tokens())


def sent(ua: UserAgent) -> list[Packet]:
    return ua.take_packets()


def calling(ua: UserAgent) -> bytes:
    """Let it call Bob; return the INVITE as it went out."""
    from_ = NameAddress(uri=Uri(user="us", host="192.0.2.1"))
    to = Uri(user="bob", host="192.0.2.20")
    invite = Invite(leg="out", uri=to, from_=from_, to=NameAddress(uri=to), peer=BOB, body=SDP)
    ua.perform(invite, 0.0)
    (packet,) = sent(ua)
    return packet.data


@pytest.mark.row("FD-17")
def test_an_invite_without_contact_is_answered_and_hung_up_where_it_came_from() -> None:
    ua = agent()
    ua.receive(bytes(request(contact="", body=SDP)), ELSEWHERE, 0.0)
    (arrived,) = ua.take_events()
    assert isinstance(arrived, InviteReceived)
    ua.perform(Answer(leg=arrived.leg, status=200), 0.0)
    answer = read_response(sent(ua)[-1].data)
    ack = request("ACK", to=f"<sip:100@192.0.2.1>;tag={answer.to.tag}", contact="")
    ua.receive(bytes(ack), ELSEWHERE, 0.0)
    ua.perform(EndSession(leg=arrived.leg), 0.0)
    (bye,) = sent(ua)
    assert (start(bye.data), bye.peer) == ("BYE", ELSEWHERE)
    assert str(read_request(bye.data).uri) == "sip:alice@198.51.100.9:40123"


NATTED = Peer("UDP", "192.0.2.10", 40123)


@pytest.mark.row("FA-05")
def test_a_caller_behind_a_nat_of_ports_is_hung_up_where_it_called_from() -> None:
    ua = agent()
    via = "SIP/2.0/UDP 192.0.2.10:23777;rport;branch=z9hG4bKn"
    ua.receive(bytes(request(via=via, contact="<sip:a@192.0.2.10:23777>", body=SDP)), NATTED, 0.0)
    (arrived,) = ua.take_events()
    assert isinstance(arrived, InviteReceived)
    ua.perform(Answer(leg=arrived.leg, status=200), 0.0)
    answer = read_response(sent(ua)[-1].data)
    ua.receive(bytes(request("ACK", to=str(answer.to))), NATTED, 0.0)
    stored = ua.store(arrived.leg, now=0.0)
    ua.perform(EndSession(leg=arrived.leg), 0.0)
    (bye,) = sent(ua)
    assert (start(bye.data), bye.peer) == ("BYE", NATTED)

    assert stored is not None
    later = agent()
    later.restore("again", stored, now=0.0)
    later.perform(EndSession(leg="again"), 0.0)
    assert sent(later)[-1].peer == NATTED


@pytest.mark.parametrize("behind_nat", [True, False])
@pytest.mark.row("FA-05")
def test_a_telephone_behind_a_nat_of_ports_gets_its_ack(*, behind_nat: bool) -> None:
    ua = agent()
    to = NameAddress(uri=Uri(user="bob", host="192.0.2.10", port=23777))
    invite = Invite(
        leg="out",
        uri=to.uri,
        from_=NameAddress(uri=Uri(user="us", host="192.0.2.1")),
        to=to,
        peer=NATTED,
        direct=True,
        behind_nat=behind_nat,
    )
    ua.perform(invite, 0.0)
    (packet,) = sent(ua)
    answer = response(packet.data, 200, contact="<sip:bob@192.0.2.10:23777>", body=SDP)
    ua.receive(bytes(answer), NATTED, 0.0)
    ua.perform(Acknowledge(leg="out"), 0.0)
    (ack,) = sent(ua)
    assert ack.peer.port == (40123 if behind_nat else 23777)


@pytest.mark.row("FD-17")
def test_an_unknown_version_is_told_so() -> None:
    ua = agent()
    ua.receive(load("rfc4475.txt")["badvers"], ALICE, 0.0)
    (refusal,) = sent(ua)
    assert refusal.data.startswith(b"SIP/2.0 505 Version Not Supported")
    assert b"Via: SIP/7.0/UDP c.example.com;" in refusal.data


@pytest.mark.parametrize(
    ("contact", "peer"),
    [
        (b'"A "B" C" <sip:b@192.0.2.20:5062>', Peer("UDP", "192.0.2.20", 5062)),
        (b"nonsense", BOB),
        (b"<sips:b@192.0.2.20:5061;transport=tls>", BOB),
    ],
)
@pytest.mark.row("FA-04")
def test_a_callees_sloppy_answer_is_acknowledged(contact: bytes, peer: Peer) -> None:
    ua = agent()
    asked = calling(ua)
    for status, heard in ((180, ProgressReceived), (200, AnswerReceived)):
        answer = bytes(response(asked, status, body=SDP))
        answer = answer.replace(b"<sip:bob@192.0.2.20>\r\nContent-T", contact + b"\r\nContent-T")
        answer = answer.replace(b"From: <sip:us@192.0.2.1>", b'From: ""Us" <sip:us@192.0.2.1>')
        assert contact in answer
        ua.receive(answer, BOB, 0.0)
        (event,) = ua.take_events()
        assert isinstance(event, heard)
    ua.perform(Acknowledge(leg="out"), 0.0)
    (ack,) = sent(ua)
    assert (start(ack.data), ack.peer) == ("ACK", peer)


@pytest.mark.row("FA-04")
def test_a_caller_with_a_sloppy_name_is_heard() -> None:
    ua = agent()
    sloppy = request(body=SDP)
    data = bytes(sloppy).replace(b"<sip:alice@", b'""unknown"" <sip:alice@', 1)
    ua.receive(data, ALICE, 0.0)
    (arrived,) = ua.take_events()
    assert isinstance(arrived, InviteReceived)
    assert arrived.request.from_ == sloppy.from_
    assert arrived.request.dropped
