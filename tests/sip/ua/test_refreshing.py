"""Sessions are refreshed on each leg by itself, by whichever end promised to, and nothing else ends for it."""

from __future__ import annotations

import pytest

from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, Respond, SendInDialog
from switchhook.sip.ua.events import (
    AnswerReceived,
    DialogChanged,
    FinalResponseReceived,
    InDialogRequestReceived,
    InviteFailed,
    SipLegEnded,
    UserAgentEvent,
)
from tests.support.sip import BOB, SDP, read_request, request, response
from tests.support.sip_agent import Phone, theirs

TIMER = "Supported: timer"
MANY = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE"
FEW = "Allow: INVITE, ACK, CANCEL, BYE"
TYPE = (("Content-Type", "application/sdp"),)


def called(*extra: str) -> tuple[Phone, str, str]:
    """Be called with these headers, and answer; return leg and tag too."""
    phone = Phone()
    leg = phone.called(request("INVITE", *extra, body=SDP))
    phone.do(Answer(leg=leg, status=200, headers=TYPE, body=SDP))
    tag = phone.last_response().to.tag or ""
    phone.hear(phone.within("ACK", tag, cseq=1))
    return phone, leg, tag


def calling(*extra: str) -> Phone:
    """Call Bob as leg `out`, who answers with these headers."""
    phone = Phone()
    (event,) = phone.hear(response(phone.calls(), 200, *extra, body=SDP), BOB)
    assert isinstance(event, AnswerReceived)
    phone.do(Acknowledge(leg="out"))
    return phone


def live(phone: Phone, until: float, **statuses: int) -> tuple[list[UserAgentEvent], list[str]]:
    """Let time pass at an end that answers what it is asked; return what was told, and what was sent."""
    told: list[UserAgentEvent] = []
    sent: list[str] = []
    while phone.now < until:
        told += phone.pass_time(min(phone.wake_at(until), until))
        for packet in phone.agent.take_packets():
            asked = read_request(packet.data)
            sent.append(f"{phone.now:g} {asked.method}")
            if asked.method != "ACK":
                status = statuses.get(asked.method, 200)
                said = asked.headers.get("Session-Expires")
                extra = [f"Session-Expires: {said}"] if said and status == 200 else []
                told += phone.hear(response(asked, status, *extra, tag="a"), packet.peer)
    return told, [line for line in sent if "OPTIONS" not in line]


# Our answer to a call


@pytest.mark.row("FI-01", "FI-10")
@pytest.mark.parametrize(
    ("extra", "said", "required"),
    [
        ((TIMER, "Session-Expires: 90"), "90;refresher=uac", "timer"),
        ((TIMER, "Session-Expires: 90;refresher=uas"), "90;refresher=uas", None),
        (("Require: timer", "Session-Expires: 1800;refresher=uac"), "1800;refresher=uac", "timer"),
        (("Session-Expires: 1800",), "1800;refresher=uas", None),
        ((), None, None),
    ],
)
def test_a_caller_is_told_who_refreshes(
    extra: tuple[str, ...], said: str | None, required: str | None
) -> None:
    phone = Phone()
    leg = phone.called(request("INVITE", *extra, body=SDP))
    phone.do(Answer(leg=leg, status=180))
    assert "Session-Expires" not in phone.last_response().headers
    phone.do(Answer(leg=leg, status=200, body=SDP))

    answer = phone.last_response().headers
    assert answer.get("Session-Expires") == said
    assert answer.get("Require") == required
    assert answer.get("Supported") == "timer"


@pytest.mark.row("FI-01")
def test_a_caller_that_refreshes_by_update_keeps_the_call() -> None:
    phone, _, tag = called(TIMER, "Session-Expires: 90;refresher=uac", MANY)
    for number in range(2, 12):
        told, _ = live(phone, phone.now + 45.0)
        update = phone.within("UPDATE", tag, TIMER, "x: 90;refresher=uac", cseq=number)
        told += phone.hear(update)
        assert told == []  # nobody else has to know
        assert phone.sent() == ["200"]
        answer = phone.last_response()
        assert answer.headers.get("Session-Expires") == "90;refresher=uac"
        assert answer.contacts


@pytest.mark.row("FI-01")
def test_a_caller_that_refreshes_by_invite_keeps_the_call() -> None:
    phone, _, tag = called(TIMER, "Session-Expires: 90;refresher=uac", FEW)
    for number in range(2, 12):
        assert live(phone, phone.now + 45.0)[0] == []
        again = phone.within("INVITE", tag, TIMER, "x: 90;refresher=uac", cseq=number, body=SDP)
        (asked,) = phone.hear(again)
        assert isinstance(asked, InDialogRequestReceived)
        phone.do(Respond(ref=asked.ref, status=200, headers=TYPE, body=SDP))
        assert phone.last_response().headers.get("Session-Expires") == "90;refresher=uac"
        phone.hear(phone.within("ACK", tag, cseq=number))


@pytest.mark.row("FI-01")
def test_a_session_that_its_caller_promised_to_refresh_and_did_not_ends_before_its_time() -> None:
    phone, leg, _ = called(TIMER, "Session-Expires: 90;refresher=uac")

    told, sent = live(phone, 100.0)

    why = "the session was not refreshed"
    assert told == [SipLegEnded(leg=leg, status=408, why=why)]
    assert sent == ["60 BYE"]
    phone.rest()


@pytest.mark.row("FI-01")
def test_without_a_timer_no_session_expires() -> None:
    phone, _, _ = called(TIMER)

    assert live(phone, 7200.0) == ([], [])


# We refresh


@pytest.mark.row("FI-01")
@pytest.mark.parametrize("is_caller", [True, False])
@pytest.mark.parametrize(
    ("allow", "method"), [(MANY, "UPDATE"), (FEW, "INVITE"), ("Server: y", "INVITE")]
)
def test_our_refreshes_come_in_time(allow: str, method: str, *, is_caller: bool) -> None:
    if is_caller:
        phone, _, _ = called(TIMER, "Session-Expires: 1800;refresher=uas", allow)
    else:
        phone = calling(allow, "Session-Expires: 1800;refresher=uac")

    told, sent = live(phone, 3000.0)

    assert told == []
    assert [line for line in sent if "ACK" not in line] == [
        f"{900 * n} {method}" for n in (1, 2, 3)
    ]
    assert sum("ACK" in line for line in sent) == (3 if method == "INVITE" else 0)


@pytest.mark.row("FI-01")
def test_a_refresh_by_invite_changes_nothing() -> None:
    phone, _, tag = called(TIMER, "Session-Expires: 200;refresher=uas", FEW)
    live(phone, 99.0)
    phone.pass_time(100.0)
    phone.sent()
    refresh = phone.last()

    assert (refresh.method, refresh.body) == ("INVITE", SDP)
    assert refresh.headers.get("Content-Type") == "application/sdp"
    assert refresh.headers.get("Session-Expires") == "200;refresher=uac"
    assert refresh.from_.tag == tag
    assert refresh.contacts
    assert phone.hear(response(refresh, 200, "x: 200;refresher=uac", tag="a", body=SDP)) == []
    assert phone.sent() == ["ACK"]
    assert phone.last().body == b""


@pytest.mark.row("FI-01")
@pytest.mark.parametrize("status", [405, 501, 420, 488])
def test_who_takes_no_update_after_all_is_refreshed_by_invite(status: int) -> None:
    phone, _, _ = called(TIMER, "Session-Expires: 200;refresher=uas", MANY)

    told, sent = live(phone, 320.0, UPDATE=status)

    assert told == []
    lines = [line for line in sent if "ACK" not in line]
    assert lines == ["100 UPDATE", "100 INVITE", "200 INVITE", "300 INVITE"]


@pytest.mark.row("FI-01")
@pytest.mark.parametrize("status", [491, 500])
def test_a_refresh_that_crosses_something_is_made_again_soon(status: int) -> None:
    phone, _, _ = called(TIMER, "Session-Expires: 200;refresher=uas", MANY)

    told, sent = live(phone, 105.0, UPDATE=status)

    assert told == []
    assert sent[:3] == ["100 UPDATE", "102 UPDATE", "104 UPDATE"]


@pytest.mark.row("FI-01")
def test_whoever_refuses_every_refresh_is_there_all_the_same() -> None:
    phone, _, _ = called(TIMER, "Session-Expires: 200;refresher=uas", FEW)

    assert live(phone, 3600.0, INVITE=488)[0] == []


@pytest.mark.row("FI-10")
def test_a_refresh_that_is_too_short_is_made_longer() -> None:
    phone, _, _ = called(TIMER, "Session-Expires: 220;refresher=uas", MANY)
    live(phone, 109.0)
    phone.pass_time(110.0)
    phone.sent()
    phone.hear(response(phone.last(), 422, "Min-SE: 600", tag="a"))
    phone.pass_time(112.0)

    assert phone.sent() == ["UPDATE"]
    assert phone.last().headers.get("Session-Expires") == "600;refresher=uac"


@pytest.mark.row("FD-02", "FI-01")
@pytest.mark.parametrize(("allow", "method"), [(MANY, "UPDATE"), (FEW, "INVITE")])
def test_a_refresh_that_finds_nobody_ends_the_leg(allow: str, method: str) -> None:
    phone, leg, _ = called(TIMER, "Session-Expires: 100;refresher=uas", allow)

    told, _ = live(phone, 60.0, **{method: 481})

    assert told == [SipLegEnded(leg=leg, status=481)]


# Calls of ours that are refused for their timer


@pytest.mark.row("FI-10")
def test_a_call_whose_session_is_too_short_is_made_again_with_a_longer_one() -> None:
    phone = Phone()
    invite = phone.calls()
    assert invite.headers.get("Supported") == "timer"
    assert invite.headers.get("Session-Expires") == "1800"

    assert phone.hear(response(invite, 422, "Min-SE: 3600"), BOB) == []
    assert phone.sent() == ["ACK", "INVITE"]
    again = phone.last()
    assert (again.headers.get("Session-Expires"), again.headers.get("Min-SE")) == ("3600", "3600")
    assert (again.call_id, again.cseq.number, again.body) == (invite.call_id, 2, SDP)

    (event,) = phone.hear(response(again, 422, "Min-SE: 3600"), BOB)  # it was long enough
    assert isinstance(event, InviteFailed)
    assert event.status == 422
    phone.rest()


@pytest.mark.row("FI-10")
def test_a_call_for_which_a_timer_is_demanded_requires_it() -> None:
    phone = Phone()
    invite = phone.calls()

    assert phone.hear(response(invite, 421, "Require: timer"), BOB) == []
    assert phone.sent() == ["ACK", "INVITE"]
    again = phone.last()
    assert again.headers.get("Require") == "timer"

    (event,) = phone.hear(response(again, 421, "Require: timer"), BOB)
    assert isinstance(event, InviteFailed)
    phone.rest()


@pytest.mark.row("FI-10")
def test_a_call_for_which_something_else_is_demanded_fails() -> None:
    phone = Phone()

    (event,) = phone.hear(response(phone.calls(), 421, "Require: timer, 100rel"), BOB)

    assert isinstance(event, InviteFailed)
    assert event.status == 421


@pytest.mark.row("FI-10")
def test_a_cancelled_call_is_not_made_again() -> None:
    phone = Phone()
    invite = phone.calls()
    phone.hear(response(invite, 180), BOB)
    phone.do(EndSession(leg="out"))

    assert phone.hear(response(invite, 422, "Min-SE: 3600"), BOB) == []
    assert phone.sent() == ["ACK"]
    phone.rest()


# An UPDATE that offers nothing


@pytest.mark.row("FI-16")
def test_it_may_overtake_our_answer_to_the_call() -> None:
    phone = Phone()
    leg = phone.called(request("INVITE", body=SDP))
    phone.do(Answer(leg=leg, status=183, body=SDP))
    tag = phone.last_response().to.tag or ""

    assert phone.hear(phone.within("UPDATE", tag, cseq=2)) == []
    assert phone.sent() == ["200"]
    assert phone.last_response().contacts
    assert phone.do(Answer(leg=leg, status=200, body=SDP)) == ["200"]


@pytest.mark.row("FI-16")
@pytest.mark.parametrize("rings", [True, False])
def test_it_may_overtake_their_answer_to_our_call(*, rings: bool) -> None:
    phone = Phone()
    invite = phone.calls()
    if rings:
        phone.hear(response(invite, 180), BOB)

    assert phone.hear(theirs(invite, "UPDATE", 1), BOB) == []
    assert phone.sent() == ["200"]
    assert phone.last_response().contacts
    assert len(phone.hear(response(invite, 200, body=SDP), BOB)) == 1


@pytest.mark.row("FI-16")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_it_may_overtake_our_answer_to_a_later_offer(method: str) -> None:
    phone = Phone()
    _, tag = phone.answered()
    (asked,) = phone.hear(phone.within(method, tag, cseq=2, body=SDP))
    phone.sent()

    assert phone.hear(phone.within("UPDATE", tag, cseq=3)) == []
    assert phone.sent() == ["200"]
    assert isinstance(asked, InDialogRequestReceived)
    assert phone.do(Respond(ref=asked.ref, status=200, body=SDP)) == ["200"]


@pytest.mark.row("FI-16")
def test_it_may_cross_our_offer() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    phone.do(SendInDialog(leg=leg, ref="r1", method="INVITE", body=SDP))

    assert phone.hear(phone.within("UPDATE", tag, cseq=2)) == []
    assert phone.sent() == ["200"]


@pytest.mark.row("FI-16")
def test_it_keeps_the_order_and_ends_with_the_call() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    phone.hear(phone.within("INFO", tag, cseq=5))
    phone.sent()

    assert phone.hear(phone.within("UPDATE", tag, cseq=4)) == []
    assert phone.sent() == ["500"]
    phone.do(EndSession(leg=leg))
    phone.hear(phone.within("UPDATE", tag, cseq=6))
    assert phone.sent() == ["481"]


@pytest.mark.row("FI-01")
def test_it_may_move_its_sender() -> None:
    phone = Phone()
    leg, tag = phone.answered()
    moved = bytes(phone.within("UPDATE", tag, cseq=2))
    moved = moved.replace(b"Contact: <sip:alice@192.0.2.10>", b"Contact: <sip:alice@192.0.2.30>")

    assert phone.hear(read_request(moved)) == [DialogChanged(leg=leg)]
    phone.do(EndSession(leg=leg))
    assert str(phone.last().uri) == "sip:alice@192.0.2.30"


# What is passed on


@pytest.mark.row("FI-01")
@pytest.mark.parametrize(("allow", "method"), [(MANY, "UPDATE"), (FEW, "INVITE")])
def test_an_offer_by_update_reaches_who_takes_none(allow: str, method: str) -> None:
    phone, leg, _ = called(allow)

    assert phone.do(SendInDialog(leg=leg, ref="r1", method="UPDATE", headers=TYPE, body=SDP)) == [
        method
    ]
    (replied,) = phone.hear(response(phone.last(), 200, tag="a", body=SDP))

    assert isinstance(replied, FinalResponseReceived)
    assert phone.do(Acknowledge(leg=leg)) == (["ACK"] if method == "INVITE" else [])


@pytest.mark.row("FI-01")
def test_a_later_offer_that_is_passed_on_keeps_the_timer() -> None:
    phone, leg, _ = called(TIMER, "Session-Expires: 200;refresher=uas", FEW)
    live(phone, 50.0)
    phone.do(SendInDialog(leg=leg, ref="r1", method="INVITE", headers=TYPE, body=SDP))
    offer = phone.last()
    assert offer.headers.get("Session-Expires") == "200;refresher=uac"
    phone.hear(response(offer, 200, "x: 200;refresher=uac", tag="a", body=SDP))
    phone.do(Acknowledge(leg=leg))

    _, sent = live(phone, 160.0)

    assert [line for line in sent if "ACK" not in line] == ["150 INVITE"]


@pytest.mark.row("FI-12")
def test_an_offer_that_nobody_answered_is_answered_with_what_stands_already() -> None:
    phone, leg, _ = called()
    assert phone.do(SendInDialog(leg=leg, ref="r1", method="INVITE")) == ["INVITE"]
    phone.hear(response(phone.last(), 200, tag="a", body=SDP))

    assert phone.do(Acknowledge(leg=leg)) == ["ACK"]

    assert phone.last().body == SDP
    assert phone.last().headers.get("Content-Type") == "application/sdp"


# After a restart


@pytest.mark.row("FD-02", "FI-01")
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_timer_goes_on_in_another_process(*, is_ours: bool) -> None:
    refresher = "uas" if is_ours else "uac"
    before, leg, _ = called(TIMER, f"Session-Expires: 90;refresher={refresher}", FEW)
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None
    after = Phone()
    after.agent.restore("again", stored, now=0.0)

    told, sent = live(after, 80.0)

    assert told[0] == DialogChanged(leg="again")
    if is_ours:
        assert [line for line in sent if "ACK" not in line] == ["0 INVITE", "45 INVITE"]
    else:
        assert told[1:] == [
            SipLegEnded(leg="again", status=408, why="the session was not refreshed")
        ]


def test_a_leg_that_an_earlier_version_stored_goes_on() -> None:
    before, leg, _ = called(TIMER, "Session-Expires: 90;refresher=uac")
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None
    after = Phone()
    old = {name: value for name, value in stored.items() if name not in {"terms", "timer"}}
    after.agent.restore("again", old, now=0.0)

    assert live(after, 600.0) == ([DialogChanged(leg="again")], [])


@pytest.mark.parametrize(
    "change",
    [
        {"terms": {}},
        {"terms": {"allow": 1, "headers": [], "body": ""}},
        {"timer": [1]},
        {"timer": ["x", 1]},
    ],
)
def test_terms_that_cannot_be_read_are_no_stored_leg(change: dict[str, object]) -> None:
    before, leg, _ = called()
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None

    with pytest.raises((ValueError, KeyError)):
        Phone().agent.restore("again", stored | change, now=0.0)
