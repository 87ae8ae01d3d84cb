"""A request that ends a call is served for what it wants, and refused for no formality."""

from __future__ import annotations

import pytest

from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, Respond
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    InDialogRequestReceived,
    InviteCancelled,
    InviteFailed,
    ProgressReceived,
    SipLegEnded,
)
from switchhook.sip.wire.transport import Peer
from tests.support.sip import ALICE, BOB, SDP, request, response
from tests.support.sip_agent import Phone, theirs

ELSEWHERE = Peer("UDP", "192.0.2.66", 5060)


# BYE


@pytest.mark.row("FA-01")
@pytest.mark.parametrize("cseq", [0, 1, 5, 9])
def test_a_bye_is_served_whatever_its_number(cseq: int) -> None:
    phone = Phone()
    leg, tag = phone.answered()
    phone.hear(phone.within("INFO", tag, cseq=5))
    phone.sent()

    (event,) = phone.hear(phone.within("BYE", tag, cseq=cseq))

    assert isinstance(event, SipLegEnded)
    assert (event.leg, event.status) == (leg, 200)
    assert phone.sent()[-1] == "200"
    phone.rest()


@pytest.mark.row("FA-01")
def test_a_callees_bye_is_served_whatever_its_number() -> None:
    phone = Phone()
    invite = phone.talks()
    phone.hear(theirs(invite, "INFO", 5), BOB)
    phone.sent()

    (event,) = phone.hear(theirs(invite, "BYE", 2), BOB)

    assert isinstance(event, SipLegEnded)
    assert phone.sent()[-1] == "200"
    phone.rest()


@pytest.mark.row("FA-01")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE"])
def test_other_requests_keep_their_order(method: str) -> None:
    phone = Phone()
    _, tag = phone.answered()

    assert phone.hear(phone.within(method, tag, cseq=1, body=SDP)) == []
    assert phone.sent() == ["500"]


@pytest.mark.row("FA-01")
@pytest.mark.parametrize(
    ("honest", "odd"),
    [
        (b"Max-Forwards: 70", b"Max-Forwards: 0"),
        (b"Max-Forwards: 70", b"Max-Forwards: 70\r\nMax-Forwards: 71"),
        (b"Max-Forwards: 70", b"Max-Forwards: 4711"),
        (b"Max-Forwards: 70", b"Max-Forwards: many"),
        (b"Max-Forwards: 70", b"this is no header"),
        (b"Contact: <sip:alice@192.0.2.10>", b"Contact: <sip:@:>>"),
        (b"Contact: <sip:alice@192.0.2.10>", b"Route: nonsense\r\nRecord-Route: <"),
        (b"Contact: <sip:alice@192.0.2.10>", b"Require: 100rel, timer, x"),
        (b"Contact: <sip:alice@192.0.2.10>", b"Proxy-Require: x\r\nContent-Encoding: gzip"),
        (b"CSeq: 2 BYE", b"CSeq: 2 INVITE"),
        (b"CSeq: 2 BYE", b"CSeq: 2"),
        (b"CSeq: 2 BYE\r\n", b""),
        (b"CSeq: 2 BYE", b"CSeq: 99999999999 BYE"),
        (b"Content-Length: 0", b"Content-Length: 7"),
        (b"Content-Length: 0\r\n\r\n", b"Content-Type: a/b\r\nContent-Length: 1\r\n\r\n?"),
        (b"BYE sip:100@192.0.2.1 ", b"BYE urn:service:sos "),
        (b"From: <sip:alice@192.0.2.10>;tag=a", b"From: <sip:alice@192.0.2.10>"),
        (b"To: <sip:100@192.0.2.1>;tag=t1", b"To: <sip:100@192.0.2.1>"),
    ],
)
def test_a_bye_is_served_whatever_else_it_holds(honest: bytes, odd: bytes) -> None:
    phone = Phone()
    _, tag = phone.answered()
    data = bytes(phone.within("BYE", tag, cseq=2)).replace(b"tag=" + tag.encode(), b"tag=t1")
    assert honest in data
    data = data.replace(honest, odd).replace(b"tag=t1", b"tag=" + tag.encode())

    (event,) = phone.hear_data(data)
    assert isinstance(event, SipLegEnded)
    assert phone.sent() == ["200"]
    assert phone.last_response().cseq.method == "BYE"
    phone.rest()


@pytest.mark.row("FA-01")
def test_a_bye_without_our_tag_is_believed_from_its_callers_address_alone() -> None:
    phone = Phone()
    phone.answered()
    bare = request("BYE", via="SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKbare", cseq=2)

    assert phone.hear(bare, ELSEWHERE) == []
    assert phone.sent() == ["481"]
    assert len(phone.hear(request("BYE", cseq=2))) == 1
    assert phone.sent() == ["200"]
    assert phone.hear(request("BYE", via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKb", cseq=3)) == []
    assert phone.sent() == ["481"]
    phone.rest()


@pytest.mark.row("FA-01")
def test_a_bye_of_an_early_dialog_without_our_tag_cancels() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=180))

    (event,) = phone.hear(request("BYE", cseq=1))

    assert isinstance(event, InviteCancelled)
    assert phone.sent() == ["200", "487"]
    phone.rest()


# CANCEL


@pytest.mark.row("FA-01")
@pytest.mark.parametrize(
    ("honest", "odd"),
    [
        (b"branch=z9hG4bKa1", b"branch=z9hG4bKother"),
        (b";branch=z9hG4bKa1", b""),
        (b"Max-Forwards: 70", b"Max-Forwards: -1"),
        (b"CSeq: 1 CANCEL", b"CSeq: 1 INVITE"),
        (b"Contact: <sip:alice@192.0.2.10>", b"Contact: <<>\r\nRequire: x"),
    ],
)
def test_a_cancel_is_served_whatever_else_it_holds(honest: bytes, odd: bytes) -> None:
    phone = Phone()
    phone.called()
    data = bytes(request("CANCEL")).replace(honest, odd)

    (event,) = phone.hear_data(data)
    assert isinstance(event, InviteCancelled)
    assert phone.sent() == ["200", "487"]
    phone.rest()


@pytest.mark.row("FA-01")
def test_a_cancel_under_another_branch_is_believed_from_its_callers_address_alone() -> None:
    phone = Phone()
    phone.called()

    assert (
        phone.hear(request("CANCEL", via="SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx"), ELSEWHERE) == []
    )
    assert phone.sent() == ["481"]


@pytest.mark.row("FA-01")
def test_a_call_whose_cancel_crossed_our_answer_ends_by_its_bye() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))
    tag = phone.last_response().to.tag or ""

    assert phone.hear(request("CANCEL")) == []
    assert phone.sent() == ["200"]
    (event,) = phone.hear(phone.within("BYE", tag, cseq=1))  # no ACK came

    assert isinstance(event, SipLegEnded)
    phone.rest()


# ACK


@pytest.mark.row("FA-01")
def test_an_ack_counts_whatever_else_it_holds() -> None:
    phone = Phone()
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))
    ack = phone.within("ACK", phone.last_response().to.tag or "", cseq=1)
    data = bytes(ack).replace(b"Max-Forwards: 70", b"Max-Forwards: x\r\nRoute: <")
    data = data.replace(b"CSeq: 1 ACK", b"CSeq: 1 INVITE")

    phone.agent.receive(data.replace(b"Contact: <sip:", b"Contact: <<<"), ALICE, phone.now)

    assert len(phone.agent.take_events()) == 1


# The one who is called hangs up before the answer came


@pytest.mark.row("FA-10")
@pytest.mark.parametrize("rings", [True, False])
def test_a_callee_whose_answer_was_lost_may_hang_up(*, rings: bool) -> None:
    phone = Phone()
    invite = phone.calls()
    if rings:
        (event,) = phone.hear(response(invite, 180), BOB)
        assert isinstance(event, ProgressReceived)

    bye = theirs(invite, "BYE", 1, "Reason: Q.850;cause=16")
    (failed,) = phone.hear(bye, BOB)

    assert isinstance(failed, InviteFailed)
    assert (failed.leg, failed.status, failed.response) == ("out", 603, None)
    assert failed.request is not None
    assert phone.sent() == (["CANCEL", "200"] if rings else ["200"])
    assert phone.do(EndSession(leg="out")) == []
    phone.rest()


@pytest.mark.row("FA-10")
def test_an_answer_that_comes_after_its_bye_is_acknowledged_and_hung_up() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 180), BOB)
    phone.hear(theirs(invite, "BYE", 1), BOB)
    phone.sent()

    assert phone.hear(response(invite, 200, body=SDP), BOB) == []

    assert phone.sent() == ["ACK", "BYE"]
    assert phone.hear(response(phone.last(), 481), BOB) == []
    phone.rest()


@pytest.mark.row("FA-10")
def test_one_of_several_who_ring_may_hang_up() -> None:
    phone = Phone()
    invite = phone.calls()
    for tag in ("b", "c"):
        phone.hear(response(invite, 180, tag=tag), BOB)

    assert phone.hear(theirs(invite, "BYE", 1), BOB) == []
    assert phone.sent() == ["200"]
    assert phone.hear(response(invite, 200, tag="b"), BOB) == []  # the lost answer
    assert phone.sent() == ["ACK", "BYE"]
    phone.hear(response(phone.last(), 481), BOB)

    assert len(phone.hear(response(invite, 200, tag="c"), BOB)) == 1
    assert phone.do(Acknowledge(leg="out")) == ["ACK"]
    assert phone.last().to.tag == "c"
    phone.do(EndSession(leg="out"))
    phone.hear(response(phone.last(), 200), BOB)
    phone.rest()


@pytest.mark.row("FA-10")
def test_a_bye_while_our_cancel_is_out_is_answered() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 180), BOB)
    phone.do(EndSession(leg="out"))

    assert phone.hear(theirs(invite, "BYE", 1), BOB) == []
    assert phone.sent() == ["200"]
    phone.rest()


# ACK


@pytest.mark.row("FA-01")
@pytest.mark.parametrize("number", [0, 2, 7])
def test_an_ack_that_is_numbered_wrongly_keeps_the_call(number: int) -> None:
    """A call whose ACK is not taken is hung up after 32 seconds, while both ends talk."""
    phone = Phone()
    leg = phone.called()
    assert phone.do(Answer(leg=leg, status=200, body=SDP)) == ["200"]
    tag = phone.last_response().to.tag or ""

    (event,) = phone.hear(phone.within("ACK", tag, cseq=number))

    assert isinstance(event, AnswerAcknowledged)
    assert event.leg == leg
    assert phone.agent.load.sessions == 1


@pytest.mark.row("FA-01")
def test_the_ack_of_an_earlier_answer_is_not_taken_for_the_next() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    (asked,) = phone.hear(phone.within("INVITE", tag, cseq=2, body=SDP))
    assert isinstance(asked, InDialogRequestReceived)
    phone.do(Respond(ref=asked.ref, status=200, body=SDP))

    assert phone.hear(phone.within("ACK", tag, cseq=1)) == []
    (event,) = phone.hear(phone.within("ACK", tag, cseq=2))
    assert isinstance(event, AnswerAcknowledged)
    assert event.leg == leg


@pytest.mark.row("FA-01")
@pytest.mark.parametrize(
    ("honest", "odd"),
    [
        (b"CSeq: 1 CANCEL", b"CSeq: 2 CANCEL"),
        (b"CSeq: 1 CANCEL", b"CSeq: 0 CANCEL"),
        (b";tag=a", b""),
        (b"Content-Length: 0", b"Require: x\r\nContent-Length: 0"),
    ],
)
def test_a_cancel_with_the_branch_of_its_invite_is_served_whatever_else_it_holds(
    honest: bytes, odd: bytes
) -> None:
    """Some telephones count their CANCEL on, or number it as the INVITE that was challenged."""
    phone = Phone()
    leg = phone.called()
    data = bytes(request("CANCEL"))
    assert honest in data

    (event,) = phone.hear_data(data.replace(honest, odd))

    assert isinstance(event, InviteCancelled)
    assert event.leg == leg


@pytest.mark.row("FD-16")
@pytest.mark.parametrize(
    ("honest", "odd"), [(b"Call-ID: ", b"Call-ID: x"), (b";tag=a", b";tag=another")]
)
def test_a_cancel_of_another_call_is_not_served(honest: bytes, odd: bytes) -> None:
    phone = Phone()
    phone.called()
    data = bytes(request("CANCEL"))
    assert honest in data

    assert phone.hear_data(data.replace(honest, odd)) == []
    assert phone.sent() == ["481"]
