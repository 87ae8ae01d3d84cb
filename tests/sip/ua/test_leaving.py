"""Whoever leaves a call is answered when our user says so: what was acknowledged is not told again."""

from __future__ import annotations

import pytest

from switchhook.sip.ua.commands import Answer, EndSession, Respond, SendInDialog
from switchhook.sip.ua.events import InviteCancelled, InviteFailed, SipLegEnded
from tests.support.sip import BOB, SDP, request, response
from tests.support.sip_agent import NOTHING, Phone, theirs


@pytest.mark.row("FD-01")
def test_a_bye_waits_for_our_user_however_often_it_comes() -> None:
    phone = Phone(waits=True)
    leg, tag = phone.answered()
    bye = phone.within("BYE", tag, cseq=2)

    (event,) = phone.hear(bye)
    assert isinstance(event, SipLegEnded)
    assert phone.hear(bye) == []
    assert phone.pass_time(20.0) == []
    assert phone.sent() == []

    assert phone.do(Respond(ref=event.ref, status=200)) == ["200"]
    assert phone.hear(bye) == []
    assert phone.sent() == ["200"]
    assert phone.do(Respond(ref=event.ref, status=200)) == []
    assert phone.do(EndSession(leg=leg)) == []
    phone.rest()


@pytest.mark.row("FD-01")
def test_behind_a_bye_nothing_else_is_served() -> None:
    phone = Phone(waits=True)
    leg, tag = phone.answered()
    (asked,) = phone.hear(phone.within("INFO", tag, cseq=2))
    (event,) = phone.hear(phone.within("BYE", tag, cseq=3))
    assert isinstance(event, SipLegEnded)
    assert phone.sent() == ["487"]

    assert phone.hear(phone.within("INFO", tag, cseq=4)) == []
    assert phone.sent() == ["481"]
    assert phone.hear(phone.within("INVITE", tag, cseq=5, body=SDP)) == []
    assert phone.sent() == ["481"]
    phone.agent.perform(SendInDialog(leg=leg, ref="o", method="OPTIONS"), phone.now)
    assert [getattr(e, "status", 0) for e in phone.agent.take_events()] == [481]
    assert asked is not None

    assert phone.hear(phone.within("BYE", tag, cseq=6)) == []  # the same wish twice
    assert phone.do(Respond(ref=event.ref, status=200)) == ["200", "200"]
    phone.rest()


@pytest.mark.row("FD-01")
def test_a_user_who_hangs_up_meanwhile_answers_by_it() -> None:
    phone = Phone(waits=True)
    leg, tag = phone.answered()
    phone.hear(phone.within("BYE", tag, cseq=2))

    assert phone.do(EndSession(leg=leg)) == ["200"]
    phone.rest()


@pytest.mark.row("FD-01")
def test_a_bye_of_one_whom_we_hang_up_on_is_answered_at_once() -> None:
    phone = Phone(waits=True)
    leg, tag = phone.answered()
    assert phone.do(EndSession(leg=leg)) == ["BYE"]

    assert phone.hear(phone.within("BYE", tag, cseq=2)) == []

    assert phone.sent() == ["200"]
    phone.rest()


@pytest.mark.row("FD-01")
def test_our_answer_is_not_sent_again_to_one_who_has_left() -> None:
    phone = Phone(waits=True)
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))
    tag = phone.last_response().to.tag or ""

    (event,) = phone.hear(phone.within("BYE", tag, cseq=2))
    assert isinstance(event, SipLegEnded)
    assert phone.hear(phone.within("ACK", tag, cseq=1)) == []
    assert phone.pass_time(40.0) == []
    assert phone.sent() == []

    assert phone.do(Respond(ref=event.ref, status=200)) == ["200"]
    phone.rest()


@pytest.mark.row("FD-01")
def test_an_answer_to_a_question_of_ours_ends_nothing_twice() -> None:
    phone = Phone(waits=True)
    leg, tag = phone.answered()
    assert phone.do(SendInDialog(leg=leg, ref="o", method="OPTIONS")) == ["OPTIONS"]
    question = phone.last()
    (event,) = phone.hear(phone.within("BYE", tag, cseq=2))
    assert isinstance(event, SipLegEnded)

    assert phone.hear(response(question, 481)) == []

    assert phone.do(Respond(ref=event.ref, status=200)) == ["200"]
    phone.rest()


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("method", ["CANCEL", "BYE"])
def test_a_caller_who_gives_up_waits_for_our_user(method: str) -> None:
    phone = Phone(waits=True)
    leg = phone.called()
    phone.do(Answer(leg=leg, status=180))
    tag = phone.last_response().to.tag or ""
    draft = request("CANCEL") if method == "CANCEL" else phone.within("BYE", tag, cseq=2)

    (event,) = phone.hear(draft)
    assert isinstance(event, InviteCancelled)
    assert phone.hear(draft) == []
    assert phone.sent() == []
    assert phone.do(Answer(leg=leg, status=180)) == []
    assert phone.do(Answer(leg=leg, status=200)) == []  # somebody picked up in the meantime
    assert phone.hear(request(body=SDP)) == []
    assert phone.sent() == ["180"]  # the INVITE came once more

    assert phone.do(Respond(ref=event.ref, status=200)) == ["200", "487"]
    assert phone.do(EndSession(leg=leg)) == []
    phone.rest()


@pytest.mark.row("FD-01")
def test_a_refusal_of_one_who_gave_up_is_a_487() -> None:
    phone = Phone(waits=True)
    leg = phone.called()
    phone.hear(request("CANCEL"))

    assert phone.do(EndSession(leg=leg, status=486)) == ["200", "487"]
    phone.rest()


@pytest.mark.row("FD-01")
def test_a_cancel_of_nobodys_call_is_answered_at_once() -> None:
    phone = Phone(waits=True)
    leg = phone.called()
    phone.do(Answer(leg=leg, status=200))

    assert phone.hear(request("CANCEL")) == []

    assert phone.sent() == ["200"]


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("crosses", [False, True])
def test_a_callee_who_hangs_up_early_waits_for_our_user(*, crosses: bool) -> None:
    phone = Phone(waits=True)
    invite = phone.calls()
    phone.hear(response(invite, 180), BOB)

    (failed,) = phone.hear(theirs(invite, "BYE", 1), BOB)
    assert isinstance(failed, InviteFailed)
    assert phone.sent() == ["CANCEL"]
    if crosses:
        phone.hear(response(invite, 200, body=SDP), BOB)
        assert phone.sent() == ["ACK", "BYE"]

    assert phone.do(Respond(ref=failed.ref, status=200)) == ["200"]
    phone.rest()
    assert phone.agent.load == NOTHING
