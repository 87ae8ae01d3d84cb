"""The user agent keeps every call as RFC 3261 demands, whatever the other end does, and forgets it after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.transaction.overload import LoadLimits
from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, Respond, SendInDialog
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    AnswerReceived,
    FinalResponseReceived,
    FlowClosed,
    InDialogRequestReceived,
    InviteCancelled,
    InviteFailed,
    InviteReceived,
    OutOfDialogRequestReceived,
    ProgressReceived,
    ReinviteCancelled,
    SipLegEnded,
)
from switchhook.sip.wire.parser import MessageError
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip import (
    ALICE,
    ALICE_TCP,
    BOB,
    SDP,
    read_request,
    request,
    response,
)
from tests.support.sip_agent import INVITE, Phone, theirs

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

# Being called


def test_a_call_is_answered_acknowledged_and_hung_up_by_the_caller() -> None:
    phone = Phone()
    leg = phone.called()

    assert phone.do(Answer(leg=leg, status=180)) == ["180"]
    assert phone.last_response().contacts[0].uri == Uri.parse("sip:100@192.0.2.1:5060")
    assert phone.do(Answer(leg=leg, status=200, body=SDP)) == ["200"]
    tag = phone.last_response().to.tag or ""
    assert phone.last_response().body == SDP
    assert "INVITE" in (phone.last_response().headers.get("Allow") or "")

    ack = phone.within("ACK", tag, cseq=1)
    assert phone.hear(ack) == [AnswerAcknowledged(leg=leg, request=read_request(bytes(ack)))]
    assert phone.hear(ack) == []

    (event,) = phone.hear(phone.within("BYE", tag, "Reason: Q.850;cause=16", cseq=2))
    assert isinstance(event, SipLegEnded)
    assert (event.leg, event.status) == (leg, 200)
    assert event.request is not None
    assert event.request.headers.get("Reason") == "Q.850;cause=16"
    assert phone.sent() == ["200"]
    phone.rest()


def test_our_2xx_goes_out_again_until_its_ack() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))

    assert phone.pass_time(4.0) == []
    assert phone.sent() == ["200"] * 3  # 0.5, 1.5, 3.5
    tag = phone.last_response().to.tag or ""
    phone.hear(phone.within("ACK", tag, cseq=1))

    assert phone.pass_time(20.0) == []
    assert phone.sent() == []


@pytest.mark.parametrize("source", [ALICE, ALICE_TCP])
def test_a_2xx_without_ack_ends_in_a_bye(source: Peer) -> None:
    phone = Phone()
    (event,) = phone.hear(request(), source)
    assert isinstance(event, InviteReceived)
    phone.sent()
    phone.do(Answer(leg=event.leg, status=200))

    assert phone.pass_time(31.9) == []
    resent = phone.sent()
    assert resent == ["200"] * 10  # 0.5, 1.5, 3.5, then every 4 s, over TCP too
    assert phone.pass_time(32.0) == [SipLegEnded(leg=event.leg, status=408)]
    assert phone.sent() == ["BYE"]
    assert phone.last().headers.get("Reason") == 'SIP;cause=408;text="ACK missing"'
    phone.hear(response(phone.last(), 200))
    phone.rest()


def test_hanging_up_waits_for_the_ack() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))
    tag = phone.last_response().to.tag or ""

    assert phone.do(EndSession(leg=leg)) == []
    assert phone.hear(phone.within("ACK", tag, cseq=1)) == []
    assert phone.sent() == ["BYE"]
    assert phone.hear(response(phone.last(), 200)) == []
    phone.rest()


def test_a_refusal_needs_nothing_more() -> None:
    phone = Phone()
    leg = phone.called()

    assert phone.do(EndSession(leg=leg, status=486, headers=(("Retry-After", "9"),))) == ["486"]
    assert phone.last_response().headers.get("Retry-After") == "9"
    assert phone.do(EndSession(leg=leg)) == []
    assert phone.do(Answer(leg=leg, status=200)) == []
    phone.rest()


def test_a_caller_may_cancel() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=180))

    (event,) = phone.hear(request("CANCEL"))

    assert isinstance(event, InviteCancelled)
    assert phone.sent() == ["200", "487"]
    assert phone.do(Answer(leg=leg, status=200)) == []
    phone.rest()


def test_a_caller_may_end_an_early_dialog_with_bye() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=180))
    tag = phone.last_response().to.tag or ""

    (event,) = phone.hear(phone.within("BYE", tag, cseq=2))

    assert isinstance(event, InviteCancelled)
    assert phone.sent() == ["200", "487"]
    phone.rest()


def test_several_forks_have_tags_of_their_own() -> None:
    phone = Phone()
    leg = phone.called()
    tags = []
    for fork, status in [(0, 183), (1, 183), (0, 180), (1, 200)]:
        phone.do(Answer(leg=leg, status=status, fork=fork))
        tags.append(phone.last_response().to.tag)

    assert tags[0] == tags[2] != tags[1] == tags[3]
    (event,) = phone.hear(phone.within("ACK", tags[1] or "", cseq=1))
    assert isinstance(event, AnswerAcknowledged)
    assert phone.do(Answer(leg=leg, status=183, fork=99)) == []
    assert phone.do(EndSession(leg=leg)) == ["BYE"]
    assert phone.last().from_.tag == tags[1]
    phone.hear(response(phone.last(), 200))
    phone.rest()


def test_record_routes_come_back_in_the_answer_and_order_our_requests() -> None:
    phone = Phone()
    proxies = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51:5070;lr>"
    leg = phone.called(request("INVITE", proxies))
    phone.do(Answer(leg=leg, status=200))
    answer = phone.last_response()
    assert answer.headers.values("Record-Route") == (
        "<sip:192.0.2.50;lr>",
        "<sip:192.0.2.51:5070;lr>",
    )
    phone.hear(phone.within("ACK", answer.to.tag or "", cseq=1))

    phone.do(EndSession(leg=leg))

    assert phone.packets[0].peer == Peer("UDP", "192.0.2.50", 5060)
    assert [str(route.uri) for route in phone.last().routes] == [
        "sip:192.0.2.50;lr",
        "sip:192.0.2.51:5070;lr",
    ]


def test_too_many_calls_get_503_while_calls_go_on() -> None:
    phone = Phone(most_sessions=1, limits=LoadLimits(retry_after=7))
    leg, tag = phone.answered()

    second = request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx", call_id="c2")
    assert phone.hear(second) == []
    assert phone.sent() == ["503"]
    assert 7 <= int(phone.last_response().headers.get("Retry-After", "")) < 17

    (event,) = phone.hear(phone.within("BYE", tag, cseq=2))
    assert isinstance(event, SipLegEnded)
    assert event.leg == leg
    phone.rest()


# Calling


def test_a_call_is_made_and_hung_up() -> None:
    phone = Phone()
    invite = phone.calls()
    assert str(invite.from_).startswith('"Us" <sip:us@192.0.2.1>;tag=')
    assert str(invite.contacts[0]) == "<sip:us@192.0.2.1:5060>"
    assert invite.max_forwards == 70
    assert phone.do(INVITE) == []  # the same leg once more

    assert phone.hear(response(invite, 100), BOB) == []
    (ringing,) = phone.hear(response(invite, 180), BOB)
    assert isinstance(ringing, ProgressReceived)
    (answer,) = phone.hear(response(invite, 200, body=SDP), BOB)
    assert isinstance(answer, AnswerReceived)
    assert answer.response.body == SDP
    assert phone.do(Acknowledge(leg="out")) == ["ACK"]
    assert phone.do(Acknowledge(leg="out")) == []
    assert str(invite.uri) == "sip:bob@192.0.2.20"

    assert phone.do(EndSession(leg="out", headers=(("Reason", "Q.850;cause=16"),))) == ["BYE"]
    assert str(phone.last().cseq) == "2 BYE"
    assert phone.last().headers.get("Reason") == "Q.850;cause=16"
    assert phone.hear(response(phone.last(), 200), BOB) == []
    phone.rest()


def test_a_2xx_that_comes_again_is_acknowledged_again() -> None:
    phone = Phone()
    invite = phone.talks()
    (ack,) = phone.packets

    assert phone.hear(response(invite, 200), BOB) == []

    phone.sent()
    assert phone.packets == [ack]


def test_the_ack_may_carry_the_answer() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 200), BOB)
    phone.hear(response(invite, 200), BOB)
    assert phone.sent() == []  # the other end waits for the user

    phone.do(Acknowledge(leg="out", headers=(("Content-Type", "application/sdp"),), body=SDP))

    assert phone.last().body == SDP
    assert str(phone.last().cseq) == "1 ACK"


def test_the_answer_of_a_second_fork_is_acknowledged_and_hung_up() -> None:
    phone = Phone()
    invite = phone.talks()
    other = response(invite, 200, tag="other", contact="<sip:bob2@192.0.2.21>")

    assert phone.hear(other, BOB) == []
    assert phone.sent() == ["ACK", "BYE"]
    assert all(packet.peer.host == "192.0.2.21" for packet in phone.packets)
    ack, bye = (read_request(packet.data) for packet in phone.packets)
    assert (ack.to.tag, bye.to.tag) == ("other", "other")

    assert phone.hear(other, BOB) == []
    assert phone.sent() == ["ACK"]
    phone.hear(response(bye, 200), BOB)
    phone.do(EndSession(leg="out"))
    phone.hear(response(phone.last(), 200), BOB)
    phone.rest()


def test_a_refused_call_is_told_with_its_response() -> None:
    phone = Phone()
    invite = phone.calls()

    (event,) = phone.hear(response(invite, 486), BOB)

    assert isinstance(event, InviteFailed)
    assert event.status == 486
    assert event.response is not None
    assert phone.sent() == ["ACK"]
    phone.rest()


@pytest.mark.row("FI-06", "FI-15")
def test_a_call_that_nobody_hears_fails_with_408_after_four_seconds() -> None:
    phone = Phone()
    phone.calls()

    assert phone.pass_time(3.9) == []
    assert phone.pass_time(4.0) == [InviteFailed(leg="out", status=408, response=None)]
    phone.rest()


@pytest.mark.row("FI-06")
def test_a_call_that_was_heard_may_ring_for_longer() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.pass_time(3.9)

    assert phone.hear(response(invite, 100), BOB) == []
    assert phone.pass_time(60.0) == []
    (event,) = phone.hear(response(invite, 486), BOB)
    assert isinstance(event, InviteFailed)
    phone.rest()


@pytest.mark.row("FI-06")
@pytest.mark.parametrize(("status", "sent"), [(180, ["CANCEL"]), (200, ["ACK", "BYE"])])
def test_what_comes_of_a_call_that_was_given_up_is_ended(status: int, sent: list[str]) -> None:
    phone = Phone()
    invite = phone.calls()
    phone.pass_time(5.0)
    phone.sent()

    assert phone.hear(response(invite, status), BOB) == []
    assert phone.sent() == sent


@pytest.mark.row("FI-06")
def test_a_challenged_call_has_as_long_again() -> None:
    phone = Phone()
    invite = phone.calls(DigestCredentials(username="us", password="secret"))
    phone.pass_time(3.0)
    phone.hear(response(invite, 407, f"Proxy-Authenticate: {CHALLENGE}"), BOB)

    assert phone.pass_time(6.9) == []
    assert phone.pass_time(7.0) == [InviteFailed(leg="out", status=408, response=None)]


def test_a_call_that_cannot_be_sent_fails_with_503() -> None:
    phone = Phone()
    phone.calls()

    phone.agent.send_failed(phone.packets[0], 0.0)

    assert phone.agent.take_events() == [InviteFailed(leg="out", status=503, response=None)]
    phone.rest()


@pytest.mark.parametrize("before", [100, 180])
def test_a_cancelled_call_is_no_longer_told_of(before: int) -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, before), BOB)

    assert phone.do(EndSession(leg="out", headers=(("Reason", "SIP;cause=200"),))) == ["CANCEL"]
    assert phone.last().headers.get("Reason") == "SIP;cause=200"
    assert phone.hear(response(phone.last(), 200), BOB) == []
    assert phone.hear(response(invite, 183), BOB) == []
    assert phone.hear(response(invite, 487), BOB) == []
    assert phone.sent() == ["ACK"]
    phone.rest()


def test_a_cancel_before_any_response_waits() -> None:
    phone = Phone()
    invite = phone.calls()

    assert phone.do(EndSession(leg="out")) == []
    phone.hear(response(invite, 100), BOB)
    assert phone.sent() == ["CANCEL"]
    phone.rest()


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 180), BOB)
    phone.do(EndSession(leg="out"))

    assert phone.hear(response(invite, 200), BOB) == []

    assert phone.sent() == ["ACK", "BYE"]
    phone.hear(response(phone.last(), 200), BOB)
    phone.rest()


def test_hanging_up_before_the_ack_acknowledges_first() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 200), BOB)

    assert phone.do(EndSession(leg="out")) == ["ACK", "BYE"]


def test_the_one_who_was_called_may_hang_up() -> None:
    phone = Phone()
    invite = phone.talks()

    (event,) = phone.hear(theirs(invite, "BYE", 1), BOB)

    assert isinstance(event, SipLegEnded)
    assert phone.sent() == ["200"]
    phone.rest()


def test_byes_that_cross_are_both_answered() -> None:
    phone = Phone()
    invite = phone.talks()
    phone.do(EndSession(leg="out"))
    bye = phone.last()

    assert phone.hear(theirs(invite, "BYE", 1), BOB) == []
    assert phone.sent() == ["200"]
    phone.hear(response(bye, 481), BOB)
    phone.rest()


CHALLENGE = 'Digest realm="trunk", nonce="n1", algorithm=MD5, qop="auth"'


@pytest.mark.parametrize(
    ("status", "asks", "answers"),
    [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
        (407, "WWW-Authenticate", "Authorization"),
        (401, "Proxy-Authenticate", "Proxy-Authorization"),
    ],
)
def test_a_challenge_is_answered_once(status: int, asks: str, answers: str) -> None:
    phone = Phone()
    first = phone.calls(DigestCredentials(username="us", password="secret"))

    assert phone.hear(response(first, status, f"{asks}: {CHALLENGE}"), BOB) == []
    assert phone.sent() == ["ACK", "INVITE"]
    second = phone.last()
    assert answers in second.headers
    assert (second.call_id, second.from_) == (first.call_id, first.from_)
    assert second.cseq.number == 2

    (event,) = phone.hear(response(second, status, f"{asks}: {CHALLENGE}"), BOB)
    assert isinstance(event, InviteFailed)
    assert event.status == status
    phone.rest()


def test_a_challenge_whose_nonce_was_old_is_answered_again() -> None:
    phone = Phone()
    invite = phone.calls(DigestCredentials(username="us", password="secret"))
    for _ in range(3):
        stale = f"WWW-Authenticate: {CHALLENGE}, stale=true"
        assert phone.hear(response(invite, 401, stale), BOB) == []
        assert phone.sent() == ["ACK", "INVITE"]
        invite = phone.last()

    (event,) = phone.hear(response(invite, 401, stale), BOB)

    assert isinstance(event, InviteFailed)


def test_the_ack_and_bye_of_a_challenged_call_are_let_through() -> None:
    phone = Phone()
    first = phone.calls(DigestCredentials(username="us", password="secret"))
    phone.hear(response(first, 407, f"Proxy-Authenticate: {CHALLENGE}"), BOB)
    phone.sent()
    phone.hear(response(phone.last(), 200), BOB)

    phone.do(Acknowledge(leg="out"))
    assert "Proxy-Authorization" in phone.last().headers

    phone.do(EndSession(leg="out"))
    bye = phone.last()
    phone.hear(response(bye, 407, f"Proxy-Authenticate: {CHALLENGE}"), BOB)
    assert phone.sent() == ["BYE"]
    assert "Proxy-Authorization" in phone.last().headers
    assert phone.last().cseq.number == bye.cseq.number + 1
    phone.hear(response(phone.last(), 200), BOB)
    phone.rest()


def proof_count(request: Request) -> str:
    """Return the nonce count that a request proves itself with."""
    return request.headers.get("Proxy-Authorization", "").rpartition("nc=")[2][:8]


@pytest.mark.row("FJ-03")
def test_a_nonce_that_two_calls_get_is_counted_on_over_both_and_their_byes() -> None:
    phone = Phone()
    asks = f"Proxy-Authenticate: {CHALLENGE}"
    us = DigestCredentials(username="us", password="secret")
    counts = []
    invites = []
    for leg in ("one", "two"):
        phone.do(replace(INVITE, leg=leg, credentials=us))
        invites.append(phone.last())
    for invite in invites:
        phone.hear(response(invite, 407, asks), BOB)
        phone.sent()
        counts.append(proof_count(phone.last()))
        phone.hear(response(phone.last(), 200), BOB)
    for leg in ("one", "two"):
        phone.do(Acknowledge(leg=leg))
        counts.append(proof_count(phone.last()))  # that of its INVITE (RFC 3261 §22.1)
        phone.do(EndSession(leg=leg))
        phone.hear(response(phone.last(), 407, asks), BOB)
        phone.sent()
        counts.append(proof_count(phone.last()))
        phone.hear(response(phone.last(), 200), BOB)

    assert counts == ["00000001", "00000002", "00000001", "00000003", "00000002", "00000004"]
    phone.rest()


@pytest.mark.parametrize(
    "value", ["Digest realm=x", "Basic realm=x", "Digest nonce=1, algorithm=X"]
)
def test_a_challenge_that_cannot_be_answered_is_a_refusal(value: str) -> None:
    phone = Phone()
    invite = phone.calls(DigestCredentials(username="us", password="secret"))

    (event,) = phone.hear(response(invite, 401, f"WWW-Authenticate: {value}"), BOB)

    assert isinstance(event, InviteFailed)


# Within a dialog


def test_requests_of_the_other_end_wait_for_our_reply() -> None:
    phone = Phone()
    leg, tag = phone.answered()

    (asked,) = phone.hear(phone.within("INFO", tag, cseq=2, body=b"5"))
    assert isinstance(asked, InDialogRequestReceived)
    assert (asked.leg, asked.request.method) == (leg, "INFO")
    assert phone.sent() == []

    assert phone.do(Respond(ref=asked.ref, status=200)) == ["200"]
    assert phone.do(Respond(ref=asked.ref, status=500)) == []
    assert phone.do(Respond(ref="unknown", status=500)) == []


def test_a_reinvite_is_answered_and_its_ack_told() -> None:
    phone = Phone()
    leg, tag = phone.answered()

    (asked,) = phone.hear(phone.within("INVITE", tag, cseq=2, body=SDP))
    assert isinstance(asked, InDialogRequestReceived)
    assert phone.sent() == ["100"]
    assert phone.do(Respond(ref=asked.ref, status=200, body=SDP)) == ["200"]
    assert phone.last_response().contacts
    phone.pass_time(1.0)
    assert phone.sent() == ["200"]

    (event,) = phone.hear(phone.within("ACK", tag, cseq=2))
    assert isinstance(event, AnswerAcknowledged)
    assert event.leg == leg
    phone.pass_time(10.0)
    assert phone.sent() == []


def test_the_other_end_may_move() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    moved = phone.within("UPDATE", tag, cseq=2, body=SDP)
    moved = read_request(
        bytes(moved).replace(b"Contact: <sip:alice@192.0.2.10>", b"Contact: <sip:alice@192.0.2.30>")
    )
    (asked,) = phone.hear(moved)
    assert isinstance(asked, InDialogRequestReceived)
    phone.do(Respond(ref=asked.ref, status=200))

    phone.do(EndSession(leg=leg))

    assert str(phone.last().uri) == "sip:alice@192.0.2.30"


def test_a_cancelled_reinvite_leaves_the_call_alone() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    (asked,) = phone.hear(phone.within("INVITE", tag, cseq=2))
    assert isinstance(asked, InDialogRequestReceived)
    phone.sent()

    cancel = phone.within("CANCEL", tag, cseq=2)
    cancel = read_request(bytes(cancel).replace(b"z9hG4bKCANCEL2", b"z9hG4bKINVITE2"))
    assert phone.hear(cancel) == [ReinviteCancelled(leg=leg, ref=asked.ref)]

    assert phone.sent() == ["200", "487"]
    assert phone.do(Respond(ref=asked.ref, status=200)) == []
    assert phone.do(EndSession(leg=leg)) == ["BYE"]


def test_our_requests_are_replied_to() -> None:
    phone = Phone()
    leg, _ = phone.answered()

    ask = SendInDialog(
        leg=leg, ref="r1", method="INFO", headers=(("Content-Type", "a/b"),), body=b"5"
    )
    assert phone.do(ask) == ["INFO"]
    answer = response(phone.last(), 200)
    (event,) = phone.hear(answer)

    assert isinstance(event, FinalResponseReceived)
    assert (event.leg, event.ref, event.status) == (leg, "r1", 200)
    assert phone.hear(answer) == []


def test_our_reinvite_waits_for_acknowledge_and_blocks_another() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    assert phone.do(SendInDialog(leg=leg, ref="r1", method="INVITE", body=SDP)) == ["INVITE"]
    ours = phone.last()
    assert ours.contacts

    assert phone.do(SendInDialog(leg=leg, ref="r2", method="UPDATE")) == []
    (refused,) = phone.agent.take_events()
    assert refused == FinalResponseReceived(leg=leg, ref="r2", status=491, response=None)
    assert phone.hear(phone.within("INVITE", tag, cseq=2, body=SDP)) == []
    assert phone.sent() == ["491"]

    assert phone.hear(response(ours, 180)) == []
    (replied,) = phone.hear(response(ours, 200, tag="a"))
    assert isinstance(replied, FinalResponseReceived)
    assert phone.do(Acknowledge(leg=leg)) == ["ACK"]
    assert str(phone.last().cseq) == f"{ours.cseq.number} ACK"
    assert phone.hear(response(ours, 200, tag="a")) == []
    assert phone.sent() == ["ACK"]


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("INVITE", "INVITE", "500"),
        ("INVITE", "UPDATE", "500"),
        ("UPDATE", "UPDATE", "500"),
    ],
)
def test_offers_that_overlap_are_refused(first: str, second: str, status: str) -> None:
    phone = Phone()
    _, tag = phone.answered()
    assert len(phone.hear(phone.within(first, tag, cseq=2, body=SDP))) == 1
    phone.sent()

    assert phone.hear(phone.within(second, tag, cseq=3, body=SDP)) == []

    assert phone.sent() == [status]
    assert phone.last_response().headers.get("Retry-After")


def test_a_reinvite_before_the_ack_to_our_answer_gets_491() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))
    tag = phone.last_response().to.tag or ""

    assert phone.hear(phone.within("INVITE", tag, cseq=2)) == []

    assert phone.sent() == ["491"]


def test_a_dialog_cannot_hold_too_many_open_requests() -> None:
    phone = Phone()
    _, tag = phone.answered()
    for cseq in range(2, 18):
        assert phone.hear(phone.within("INFO", tag, cseq=cseq))

    assert phone.hear(phone.within("INFO", tag, cseq=18)) == []
    assert phone.sent() == ["500"]


@pytest.mark.parametrize("cseq", [0, 1])
def test_a_request_out_of_order_gets_500(cseq: int) -> None:
    phone = Phone()
    _, tag = phone.answered()

    assert phone.hear(phone.within("INFO", tag, cseq=cseq)) == []

    assert phone.sent() == ["500"]


def test_requests_of_no_dialog_get_481_and_change_nothing() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    other_tag = phone.within("INFO", "wrong", cseq=2)
    untrusted = request(
        "BYE",
        via="SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKevil",
        from_="<sip:evil@192.0.2.66>;tag=evil",
        to=f"<sip:100@192.0.2.1>;tag={tag}",
        cseq=9,
    )

    for message in (other_tag, untrusted):
        assert phone.hear(message) == []
        assert phone.sent() == ["481"]
    assert phone.do(EndSession(leg=leg)) == ["BYE"]


def test_an_end_that_knows_nothing_of_the_call_ends_it() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    phone.do(SendInDialog(leg=leg, ref="r1", method="INFO"))

    replied, ended = phone.hear(response(phone.last(), 481))

    assert isinstance(replied, FinalResponseReceived)
    assert ended == SipLegEnded(leg=leg, status=481)
    assert phone.sent() == ["BYE"]
    phone.rest()


def test_an_end_that_no_longer_answers_ends_the_call() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    phone.do(SendInDialog(leg=leg, ref="r1", method="UPDATE"))

    assert phone.pass_time(40.0) == [
        FinalResponseReceived(leg=leg, ref="r1", status=408, response=None),
        SipLegEnded(leg=leg, status=408),
    ]
    phone.rest()


def test_what_is_open_is_refused_when_the_dialog_ends() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    (asked,) = phone.hear(phone.within("INFO", tag, cseq=2))
    assert isinstance(asked, InDialogRequestReceived)

    assert phone.do(EndSession(leg=leg)) == ["487", "BYE"]
    assert phone.do(Respond(ref=asked.ref, status=200)) == []
    assert phone.do(SendInDialog(leg=leg, ref="r9", method="INFO")) == []
    assert phone.agent.take_events() == [
        FinalResponseReceived(leg=leg, ref="r9", status=481, response=None)
    ]
    assert phone.hear(phone.within("INFO", tag, cseq=3)) == []
    assert phone.sent() == ["481"]


def test_a_late_2xx_to_our_reinvite_is_acknowledged_though_the_call_is_over() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    phone.do(SendInDialog(leg=leg, ref="r1", method="INVITE", body=SDP))
    ours = phone.last()
    phone.hear(phone.within("BYE", tag, cseq=2))
    phone.sent()

    assert phone.hear(response(ours, 200, tag="a")) == []

    assert phone.sent() == ["ACK"]
    phone.rest()


def test_options_are_answered_anywhere() -> None:
    phone = Phone()
    _, tag = phone.answered()

    for ping in (phone.within("OPTIONS", tag, cseq=2), request("OPTIONS", call_id="o", cseq=1)):
        assert phone.hear(ping) == []
        assert phone.sent() == ["200"]
        assert phone.last_response().headers.get("Accept") == "application/sdp"


def test_what_the_screen_refuses_is_not_told() -> None:
    phone = Phone()

    assert phone.hear(request("INVITE", "Require: 100rel")) == []

    assert phone.sent() == ["420"]
    assert phone.last_response().headers.get("Unsupported") == "100rel"
    phone.rest()


def test_a_registration_is_told_and_replied_to() -> None:
    phone = Phone()

    (event,) = phone.hear(request("REGISTER"))
    assert isinstance(event, OutOfDialogRequestReceived)
    assert event.source == ALICE
    assert phone.do(Respond(ref=event.ref, status=200, headers=(("Date", "now"),))) == ["200"]
    assert phone.last_response().to.tag
    phone.rest()


def test_a_registration_belongs_to_no_dialog_whatever_its_to_says() -> None:
    phone = Phone()
    leg, tag = phone.answered()

    for again in (
        request("REGISTER", to="<sip:a@h>;tag=old"),
        phone.within("REGISTER", tag, cseq=2),
    ):
        (event,) = phone.hear(again)
        assert isinstance(event, OutOfDialogRequestReceived)
        assert phone.do(Respond(ref=event.ref, status=200)) == ["200"]
        assert phone.last_response().to.tag == again.to.tag

    phone.do(EndSession(leg=leg))


def test_an_order_that_cannot_stand_in_a_message_changes_nothing() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    evil = (("Reason", "x\r\nEvil: yes"),)

    for command in (
        EndSession(leg=leg, headers=evil),
        SendInDialog(leg=leg, ref="r", method="INFO", headers=evil),
        replace(INVITE, headers=evil),
    ):
        with pytest.raises(ValueError, match="line break"):
            phone.agent.perform(command, 0.0)

    assert phone.sent() == []
    assert phone.do(EndSession(leg=leg)) == ["BYE"]


def test_a_broken_message_of_a_stream_is_answered() -> None:
    phone = Phone()

    phone.agent.reject_malformed(MessageError("no", partial=request()), ALICE_TCP)

    assert phone.sent() == ["400"]


def test_a_closed_connection_fails_the_call_over_it() -> None:
    phone = Phone()
    phone.do(replace(INVITE, peer=ALICE_TCP))
    assert str(phone.last().contacts[0]) == "<sip:us@192.0.2.1:5060;transport=tcp>"

    phone.agent.flow_closed(ALICE_TCP, 1.0)

    assert phone.agent.take_events() == [
        InviteFailed(leg="out", status=503, response=None),
        FlowClosed(peer=ALICE_TCP),
    ]


# Stored calls


def test_a_stored_leg_goes_on_in_another_process() -> None:
    before = Phone()
    leg, tag = before.answered()
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None
    assert before.agent.store("unknown", now=before.now) is None

    after = Phone()
    after.agent.restore("again", stored, now=0.0)
    assert after.agent.store("again", now=after.now) is not None
    (asked,) = after.hear(after.within("INFO", tag, cseq=2))
    assert isinstance(asked, InDialogRequestReceived)
    after.do(Respond(ref=asked.ref, status=200))

    assert after.do(EndSession(leg="again")) == ["BYE"]
    bye = after.last()
    assert bye.cseq.number > 1000
    assert (bye.call_id, bye.from_.tag, bye.to.tag) == ("c1", tag, "a")
    assert after.packets[0].peer == ALICE
    after.hear(response(bye, 200))
    after.rest()


@pytest.mark.parametrize("change", [{"dialog": 1}, {"peer": 1}, {"peer": [1]}])
def test_a_wrong_document_is_no_stored_leg(change: dict[str, object]) -> None:
    phone = Phone()
    leg, _ = phone.answered()
    stored = phone.agent.store(leg, now=phone.now)
    assert stored is not None

    with pytest.raises(ValueError, match=r".+"):
        phone.agent.restore("again", stored | change, now=0.0)
