"""A leg that was answered just before a crash is set up by whoever takes it up."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession
from switchhook.sip.ua.events import AnswerAcknowledged, AnswerReceived, SipLegEnded
from switchhook.sip.wire.transport import Peer
from tests.support.sip import BOB, SDP, request, response
from tests.support.sip_agent import INVITE, Phone

pytestmark = pytest.mark.row("FE-02")
OK = Answer(leg="", status=200, headers=(("Content-Type", "application/sdp"),), body=SDP)


def about_to_answer() -> tuple[Phone, bytes]:
    """Return a phone that took up a call whose 200 was stored, and that 200 as the first would send it."""
    former = Phone()
    leg = former.called()
    command = Answer(leg=leg, status=200, headers=OK.headers, body=SDP)
    stored = json.dumps(former.agent.store(leg, command, now=former.now))
    assert former.sent() == []
    former.do(command)
    answer = former.packets[0].data
    phone = Phone()
    phone.agent.restore("a", json.loads(stored), now=0.0)
    return phone, answer


def test_the_answer_goes_out_as_it_was_meant_until_it_is_acknowledged() -> None:
    phone, answer = about_to_answer()

    phone.pass_time(0.0)
    assert phone.sent() == ["200"]
    assert phone.packets[0].data == answer
    tag = phone.last_response().to.tag or ""
    phone.pass_time(1.0)
    assert phone.sent() == ["200"]

    (event,) = phone.hear(phone.within("ACK", tag, cseq=1))
    assert isinstance(event, AnswerAcknowledged)
    phone.pass_time(40.0)
    assert phone.sent() == []


def test_an_answer_that_nobody_acknowledges_ends() -> None:
    phone, _ = about_to_answer()

    (event,) = phone.pass_time(33.0)

    assert isinstance(event, SipLegEnded)
    assert phone.sent()[-1] == "BYE"


@pytest.mark.row("FD-02")
@pytest.mark.parametrize(("age", "rest"), [(0.0, 32.0), (20.0, 12.0), (500.0, 4.0)])
def test_the_ack_is_waited_for_no_longer_however_many_processes_wait(
    age: float, rest: float
) -> None:
    former = Phone()
    leg = former.called()
    command = Answer(leg=leg, status=200, headers=OK.headers, body=SDP)
    stored = former.agent.store(leg, command, now=former.now)
    second = Phone()
    second.agent.restore("a", stored or {}, now=0.0, age=age / 2)
    second.pass_time(0.0)
    stored = second.agent.store("a", now=second.now)
    third = Phone()
    third.agent.restore("a", json.loads(json.dumps(stored)), now=0.0, age=age / 2)

    assert third.pass_time(rest - 0.1) == []
    (event,) = third.pass_time(rest + 0.1)

    assert isinstance(event, SipLegEnded)


def test_one_who_heard_the_answer_can_hang_up_before_the_ack_is_heard() -> None:
    phone, _ = about_to_answer()
    phone.pass_time(0.0)
    phone.sent()
    tag = phone.last_response().to.tag or ""

    (event,) = phone.hear(phone.within("BYE", tag, cseq=2))

    assert isinstance(event, SipLegEnded)
    assert phone.sent() == ["200"]
    phone.rest()


def test_an_invite_that_comes_again_is_no_other_call() -> None:
    phone, answer = about_to_answer()
    phone.pass_time(0.0)
    phone.sent()

    assert phone.hear(request(body=SDP)) == []

    assert phone.sent() == ["200"]
    assert phone.packets[0].data == answer
    tag = phone.last_response().to.tag or ""
    (event,) = phone.hear(phone.within("ACK", tag, cseq=1))
    assert isinstance(event, AnswerAcknowledged)


def test_an_answer_that_waits_for_its_ack_is_stored_as_well() -> None:
    phone, answer = about_to_answer()

    again = Phone()
    again.agent.restore("a", phone.agent.store("a", now=phone.now) or {}, now=0.0)
    again.pass_time(0.0)

    assert again.sent() == ["200"]
    assert again.packets[0].data == answer


def answered_by_bob() -> tuple[Phone, bytes]:
    """Return a phone that took up a leg which Bob answered, and his 200."""
    former = Phone()
    answer = response(former.calls(), 200, body=SDP)
    (event,) = former.hear(answer, BOB)
    assert isinstance(event, AnswerReceived)
    phone = Phone()
    phone.agent.restore("out", former.agent.store("out", now=former.now) or {}, now=0.0)
    return phone, bytes(answer)


def test_an_answer_that_comes_again_is_acknowledged() -> None:
    phone, answer = answered_by_bob()
    phone.agent.was_acknowledged("out")

    assert phone.hear_data(answer, BOB) == []

    assert phone.sent() == ["ACK"]
    assert phone.last().cseq.number == 1


def test_the_ack_of_one_whose_offer_is_unanswered_waits() -> None:
    phone, answer = answered_by_bob()

    phone.hear_data(answer, BOB)
    assert phone.sent() == []
    assert phone.do(Acknowledge(leg="out", headers=OK.headers, body=SDP)) == ["ACK"]
    assert phone.last().body == SDP
    phone.hear_data(answer, BOB)
    assert phone.sent() == ["ACK"]


@pytest.mark.row("FI-02")
def test_an_ack_that_was_stored_and_not_sent_brings_its_answer_once_the_200_comes_again() -> None:
    former, phone = Phone(), Phone()
    former.do(replace(INVITE, headers=(), body=b""))
    answer = response(former.last(), 200, body=SDP)
    former.hear(answer, BOB)
    ack = Acknowledge(leg="out", headers=OK.headers, body=SDP)
    stored = former.agent.store("out", ack, now=former.now)
    phone.agent.restore("out", json.loads(json.dumps(stored)), now=0.0)
    phone.agent.was_acknowledged("out")

    for _ in range(2):
        assert phone.hear(answer, BOB) == []
        assert phone.sent() == ["ACK"]
        assert (phone.last().body, phone.last().cseq.number) == (SDP, 1)


@pytest.mark.row("FI-02")
def test_an_ack_that_was_lost_brings_its_answer_again_after_a_restart() -> None:
    """The 200 comes again though our ACK is stored as sent: it was an offer, and needs its answer (RFC 3264 §4)."""
    former, phone = Phone(), Phone()
    former.do(replace(INVITE, headers=(), body=b""))
    answer = response(former.last(), 200, body=SDP)
    former.hear(answer, BOB)
    assert former.do(Acknowledge(leg="out", headers=OK.headers, body=SDP)) == ["ACK"]
    stored = former.agent.store("out", now=former.now)
    phone.agent.restore("out", json.loads(json.dumps(stored)), now=0.0)

    assert phone.hear(answer, BOB) == []

    assert phone.sent() == ["ACK"]
    assert (phone.last().body, phone.last().cseq.number) == (SDP, 1)


def test_a_leg_of_an_earlier_version_brings_the_answer_that_it_owes() -> None:
    former, phone = Phone(), Phone()
    former.do(replace(INVITE, headers=(), body=b""))
    answer = response(former.last(), 200, body=SDP)
    former.hear(answer, BOB)
    stored = former.agent.store("out", Acknowledge(leg="out", body=SDP), now=former.now) or {}
    del stored["offered"]
    assert stored["owed"] == [1, True]
    phone.agent.restore("out", stored, now=0.0)
    phone.agent.was_acknowledged("out")

    phone.hear(answer, BOB)

    assert phone.sent() == ["ACK"]
    assert phone.last().body == SDP


@pytest.mark.row("FD-01")
def test_one_who_answers_a_call_that_is_no_more_is_hung_up_on() -> None:
    former, phone = Phone(), Phone()
    invite = former.calls()
    answer = response(invite, 200, body=SDP)
    phone.agent.trusted_peers.trusts = lambda _host: False
    phone.agent.trusted_peers.add(BOB, "bob", 0.0)

    assert phone.hear(answer, BOB) == []
    assert phone.sent() == ["ACK", "BYE"]
    ack = phone.packets[0].data
    bye = phone.last()
    assert bye.to.tag == answer.to.tag
    assert bye.cseq.number > invite.cseq.number
    assert b"CSeq: 1 ACK" in ack

    phone.hear(answer, BOB)
    assert phone.sent() == ["ACK"]
    phone.hear(response(bye, 200), BOB)
    phone.rest()


@pytest.mark.row("FD-01")
def test_an_untrusted_peer_cannot_have_us_send_by_an_answer() -> None:
    phone = Phone()
    phone.agent.trusted_peers.trusts = lambda _host: False
    answer = response(Phone().calls(), 200, body=SDP)

    assert phone.hear(answer, Peer("UDP", "198.51.100.7", 5060)) == []

    assert phone.sent() == []
    phone.rest()


def test_a_call_that_ends_before_its_ack_is_hung_up_behind_it() -> None:
    phone, _ = about_to_answer()
    phone.pass_time(0.0)
    phone.sent()
    tag = phone.last_response().to.tag or ""

    assert phone.do(EndSession(leg="a")) == []
    assert phone.hear(phone.within("ACK", tag, cseq=1)) == []
    assert phone.sent() == ["BYE"]
