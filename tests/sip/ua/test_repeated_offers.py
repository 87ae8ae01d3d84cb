"""An offer of our own is made again where the other end cannot take it yet (RFC 3261 §14.1, §14.2)."""

from __future__ import annotations

import json

import pytest

from switchhook.sip.ua.commands import Acknowledge, EndSession, SendInDialog
from switchhook.sip.ua.events import FinalResponseReceived
from tests.support.sip import SDP, response
from tests.support.sip_agent import Phone

pytestmark = pytest.mark.row("FI-02", "FE-02")


def offering() -> tuple[Phone, str, str]:
    """Return a phone that has offered something, its leg and our tag."""
    phone = Phone()
    leg, tag = phone.answered()
    assert phone.do(ours(leg)) == ["INVITE"]
    return phone, leg, tag


def ours(leg: str, ref: str = "r", method: str = "INVITE") -> SendInDialog:
    return SendInDialog(leg=leg, ref=ref, method=method, body=SDP, retries=True)


def offers_until(phone: Phone, until: float, status: int, *extra: str) -> list[float]:
    """Refuse each offer at once; return when each further one was made."""
    phone.hear(response(phone.last(), status, *extra, tag="a"))
    times: list[float] = []
    while phone.wake_at(until) < until:
        phone.pass_time(phone.wake_at(until))
        if "INVITE" in phone.sent():
            times.append(phone.now)
            invite = next(p for p in phone.packets if p.data.startswith(b"INVITE"))
            phone.packets = [invite]
            phone.hear(response(phone.last(), status, *extra, tag="a"))
    return times


def test_an_offer_refused_for_now_is_made_again_and_told_of_once() -> None:
    phone, leg, _ = offering()
    first = phone.last()

    assert phone.hear(response(first, 491, tag="a")) == []
    assert phone.sent() == ["ACK"]
    assert phone.pass_time(1.9) == []
    assert phone.sent() == []
    phone.pass_time(2.0)

    assert phone.sent() == ["INVITE"]
    again = phone.last()
    assert (again.body, again.cseq.number) == (first.body, first.cseq.number + 1)
    (taken,) = phone.hear(response(again, 200, tag="a"))
    assert isinstance(taken, FinalResponseReceived)
    assert (taken.ref, taken.status) == ("r", 200)
    assert phone.do(Acknowledge(leg=leg)) == ["ACK"]


def test_one_who_refuses_for_long_is_left_before_others_stop_waiting() -> None:
    phone, leg, _ = offering()

    assert offers_until(phone, 14.5, 491) == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    phone.pass_time(16.0)
    phone.sent()
    (told,) = phone.hear(response(phone.last(), 491, tag="a"))
    assert isinstance(told, FinalResponseReceived)
    assert (told.leg, told.status) == (leg, 491)


def test_who_says_when_to_try_again_is_asked_then() -> None:
    phone, _, _ = offering()

    assert offers_until(phone, 15.9, 500, "Retry-After: 5 (busy)") == [5.0, 10.0, 15.0]


@pytest.mark.parametrize(("status", "extra"), [(488, ()), (500, ()), (500, ("Retry-After: 3600",))])
def test_another_refusal_is_told_at_once(status: int, extra: tuple[str, ...]) -> None:
    phone, _, _ = offering()

    (told,) = phone.hear(response(phone.last(), status, *extra, tag="a"))

    assert isinstance(told, FinalResponseReceived)
    assert told.status == status


def test_one_that_is_relayed_is_its_senders_to_repeat() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    phone.do(SendInDialog(leg=leg, ref="r", method="INVITE", body=SDP))

    (told,) = phone.hear(response(phone.last(), 491, tag="a"))

    assert isinstance(told, FinalResponseReceived)


def test_an_offer_waits_for_an_earlier_one_of_ours() -> None:
    phone, leg, _ = offering()
    first = phone.last()

    assert phone.do(ours(leg, "s")) == []
    assert phone.hear(response(first, 200, tag="a")) != []
    assert phone.do(Acknowledge(leg=leg)) == ["ACK"]
    phone.pass_time(2.0)
    assert phone.sent() == ["INVITE"]


def test_an_offer_that_waits_for_an_earlier_one_in_vain_is_told_of() -> None:
    phone, leg, _ = offering()
    phone.hear(response(phone.last(), 200, tag="a"))
    phone.do(ours(leg, "s"))

    assert phone.pass_time(13.9) == []
    (told,) = phone.pass_time(20.0)

    assert told == FinalResponseReceived(leg=leg, ref="s", status=491, response=None)


def test_who_leaves_meanwhile_is_offered_nothing() -> None:
    phone, _, tag = offering()
    phone.hear(response(phone.last(), 491, tag="a"))
    phone.hear(phone.within("BYE", tag, cseq=2))
    phone.sent()
    phone.pass_time(5.0)
    assert phone.sent() == []
    phone.rest()


def test_one_whom_we_leave_meanwhile_is_offered_nothing() -> None:
    phone, leg, _ = offering()
    phone.hear(response(phone.last(), 491, tag="a"))
    phone.sent()
    assert phone.do(EndSession(leg=leg)) == ["BYE"]
    phone.hear(response(phone.last(), 200, tag="a"))
    phone.pass_time(5.0)
    assert phone.sent() == []
    phone.rest()


def test_who_took_the_offer_of_a_killed_process_takes_the_next_one() -> None:
    """Their 200 waits for an ACK until it comes again, and stands in the way until then."""
    former, leg, _ = offering()
    stored = json.dumps(former.agent.store(leg, now=former.now))
    taken = response(former.last(), 200, tag="a", body=SDP)
    phone = Phone()
    phone.agent.restore("a", json.loads(stored), now=0.0)
    phone.agent.was_acknowledged("a")

    assert phone.do(ours("a")) == ["INVITE"]
    assert phone.hear(response(phone.last(), 491, tag="a")) == []
    phone.sent()
    assert phone.hear(taken) == []
    assert phone.sent() == ["ACK"]
    assert phone.last().cseq.number == taken.cseq.number
    phone.pass_time(2.0)

    assert "INVITE" in phone.sent()
