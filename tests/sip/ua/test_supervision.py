"""Whoever is talked with is asked every minute whether they are still there, and nobody talks with the dead."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.ua.commands import Answer, EndSession
from switchhook.sip.ua.events import DialogChanged, InviteReceived, SipLegEnded, UserAgentEvent
from switchhook.sip.ua.supervision import SessionSupervision
from switchhook.sip.wire.transport import Peer
from tests.support.sip import ALICE, ALICE_TCP, BOB, SDP, request, response
from tests.support.sip_agent import Phone, theirs

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.row("FD-02")

PROBE = Timing().probe
LOST_WITHIN = 100.0
"""Seconds after which at the latest the loss of the other end has to be known."""


def answer_probes(phone: Phone, until: float, status: int = 200) -> list[UserAgentEvent]:
    """Let time pass at an end that answers each probe; return what was told."""
    told: list[UserAgentEvent] = []
    while phone.now < until:
        told += phone.pass_time(min(phone.wake_at(until), until))
        for packet in phone.agent.take_packets():
            if packet.data.startswith(b"OPTIONS"):
                phone.probes.append((phone.now, packet.peer))
                told += phone.hear(response(packet.data, status, tag="a"), packet.peer)
    return told


# Both roles


@pytest.mark.parametrize("is_caller", [True, False])
@pytest.mark.parametrize(
    "status", [200, 202, 403, 404, 405, 415, 486, 488, 489, 500, 501, 503, 603]
)
def test_any_answer_means_alive(status: int, *, is_caller: bool) -> None:
    phone = Phone()
    leg = phone.answered()[0] if is_caller else "out"
    if not is_caller:
        phone.talks()

    assert answer_probes(phone, 3600.0, status) == []

    peer = ALICE if is_caller else BOB
    assert phone.probes == [(PROBE * n, peer) for n in range(1, 73)]
    phone.do(EndSession(leg=leg))
    phone.hear(response(phone.last(), 200, tag="a"))
    phone.rest()


@pytest.mark.parametrize("is_caller", [True, False])
def test_silence_ends_the_leg_in_time(*, is_caller: bool) -> None:
    phone = Phone()
    leg = phone.answered()[0] if is_caller else "out"
    if not is_caller:
        phone.talks()
    answer_probes(phone, 2 * PROBE + 0.5)

    told = phone.pass_time(2 * PROBE + 0.5 + LOST_WITHIN)

    assert told == [DialogChanged(leg=leg), SipLegEnded(leg=leg, status=408)]
    assert "BYE" in phone.sent()
    phone.rest()


@pytest.mark.parametrize("status", [481, 408])
def test_an_end_that_says_that_nobody_is_there_ends_the_leg_at_once(status: int) -> None:
    phone = Phone()
    leg, _ = phone.answered()

    (event,) = answer_probes(phone, PROBE + 0.5, status)

    assert event == SipLegEnded(leg=leg, status=status)
    assert phone.agent.load.sessions == 1  # its BYE is out
    phone.rest()


def test_a_probe_is_an_options_within_the_dialog() -> None:
    phone = Phone()
    _, tag = phone.answered()
    phone.pass_time(PROBE)

    assert phone.sent() == ["OPTIONS"]
    probe = phone.last()
    assert (probe.call_id, probe.from_.tag, probe.to.tag) == ("c1", tag, "a")
    assert str(probe.uri) == "sip:alice@192.0.2.10"
    assert probe.headers.get("Accept") == "application/sdp"


def test_a_challenged_probe_means_alive() -> None:
    phone = Phone()
    phone.talks()

    assert answer_probes(phone, 300.0, 407) == []


def test_a_probe_that_cannot_be_sent_is_sent_again_for_a_while() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    told: list[UserAgentEvent] = []
    while SipLegEnded(leg=leg, status=408) not in told and phone.now < 200.0:
        told += phone.pass_time(phone.now + 1.0)
        for packet in phone.agent.take_packets():
            if packet.data.startswith(b"OPTIONS"):
                phone.probes.append((phone.now, packet.peer))
                phone.agent.send_failed(packet, phone.now)
                told += phone.agent.take_events()

    assert told[-1] == SipLegEnded(leg=leg, status=408)
    assert len(phone.probes) > 4
    assert PROBE + 25.0 < phone.now <= LOST_WITHIN


def test_a_connection_that_breaks_for_a_moment_ends_nothing() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    phone.pass_time(PROBE)
    (packet,) = phone.agent.take_packets()
    phone.agent.send_failed(packet, phone.now)

    assert answer_probes(phone, 600.0) == [DialogChanged(leg=leg)] * 2  # silent, and no more
    assert len(phone.probes) >= 9


# When nobody is probed


def test_nobody_is_probed_before_the_call_stands_or_after_it_ended() -> None:
    phone = Phone()
    phone.called(request("INVITE", call_id="rings", via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKr"))
    phone.calls()
    phone.pass_time(170.0)
    assert "OPTIONS" not in phone.sent()

    over = Phone()
    invite = over.talks()
    over.hear(theirs(invite, "BYE", 1), BOB)
    over.pass_time(1000.0)
    assert "OPTIONS" not in over.sent()
    over.rest()


def test_a_call_that_is_hung_up_is_probed_no_more() -> None:
    phone = Phone()
    leg, _ = phone.answered()
    phone.pass_time(PROBE)
    probe = phone.agent.take_packets()[0]
    phone.do(EndSession(leg=leg))

    assert phone.hear(response(probe.data, 481, tag="a")) == []
    phone.rest()


# After a restart


def test_a_leg_of_an_earlier_process_is_probed_soon_and_stored_with_its_new_numbers() -> None:
    before = Phone()
    leg, _ = before.answered()
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None
    after = Phone(chance=random.Random(1).random)
    after.agent.restore("again", stored, now=0.0)

    told = answer_probes(after, 10.5)

    assert len(after.probes) == 1
    assert told == [DialogChanged(leg="again")]
    assert after.agent.store("again", now=after.now) != stored
    assert answer_probes(after, 600.0) == []


def test_a_leg_whose_other_end_went_during_a_restart_ends() -> None:
    before = Phone()
    leg, _ = before.answered()
    stored = before.agent.store(leg, now=before.now)
    assert stored is not None
    after = Phone()
    after.agent.restore("again", stored, now=0.0)

    told = after.pass_time(50.0)

    assert told == [DialogChanged(leg="again"), SipLegEnded(leg="again", status=408)]
    after.rest()


def test_a_long_call_is_stored_before_its_numbers_are_used_up() -> None:
    phone = Phone()
    leg, _ = phone.answered()

    told = answer_probes(phone, PROBE * 510)

    assert told[:1] == [DialogChanged(leg=leg)]
    phone.agent.store(leg, now=phone.now)
    assert answer_probes(phone, PROBE * 900) == []


# Spreading


def test_the_probes_of_a_thousand_calls_are_spread() -> None:
    chance = random.Random(7).random
    timing = Timing()
    watches = [SessionSupervision(timing, chance, 0.0) for _ in range(1000)]
    resumed = [SessionSupervision(timing, chance, 0.0) for _ in range(1000)]
    for supervision in resumed:
        supervision.resume(0.0, silent=None, reconnects=False)

    for times, begin, end, dense in (
        ([supervision.probe_at or 0.0 for supervision in watches], 0.75 * PROBE, PROBE, 150),
        ([supervision.probe_at or 0.0 for supervision in resumed], 0.0, PROBE / 25, 600),
    ):
        assert begin <= min(times) <= max(times) <= end
        most = max(sum(at <= time < at + 1.0 for time in times) for at in range(int(PROBE)))
        assert most < dense


# Connections that broke


def test_a_telephone_whose_connection_broke_is_followed_when_it_registers_again() -> None:
    phone = Phone()
    contact = "<sip:alice@10.0.0.7:5060;transport=tcp>"
    (event,) = phone.hear(request(contact=contact, body=SDP), ALICE_TCP)
    assert isinstance(event, InviteReceived)
    phone.do(Answer(leg=event.leg, status=200, body=SDP))
    tag = phone.last_response().to.tag or ""
    phone.hear(phone.within("ACK", tag, cseq=1), ALICE_TCP)
    other, again = Peer("TCP", "192.0.2.10", 40002, 8), Peer("TCP", "192.0.2.99", 40003, 9)

    register = request("REGISTER", call_id="r", contact="<sip:alice@10.0.0.8;transport=tcp>")
    phone.agent.follow_registration(event.leg, register, other)  # another telephone of hers
    phone.pass_time(PROBE)
    (probe,) = phone.agent.take_packets()
    assert probe.peer.flow == ALICE_TCP.flow
    phone.agent.send_failed(probe, phone.now)
    register = request("REGISTER", call_id="r", contact="<sip:alice@10.0.0.7;transport=tcp>")
    phone.agent.follow_registration(event.leg, register, again)

    phone.pass_time(PROBE + 5.0)
    (probe,) = phone.agent.take_packets()
    assert probe.peer == again
    assert phone.hear(response(probe.data, 200, tag="a"), again) == []
    assert phone.agent.take_events() == []


def lost_after_a_restart(phone: Phone, stored: Mapping[str, object], age: float) -> float:
    """Return how long the leg lives in a new process none of whose probes can be sent."""
    phone.agent.restore("again", stored, now=0.0, age=age)
    while phone.now < 200.0:
        told = phone.pass_time(phone.now + 0.5)
        for packet in phone.agent.take_packets():
            phone.agent.send_failed(packet, phone.now)
        if [*told, *phone.agent.take_events()] == [SipLegEnded(leg="again", status=408)]:
            return phone.now
    raise AssertionError("it lives")


def test_after_a_restart_a_telephone_has_time_to_come_back_over_its_own_connection() -> None:
    before = Phone()
    (event,) = before.hear(request(body=SDP), ALICE_TCP)
    assert isinstance(event, InviteReceived)
    before.do(Answer(leg=event.leg, status=200, body=SDP))
    tag = before.last_response().to.tag or ""
    before.hear(before.within("ACK", tag, cseq=1), ALICE_TCP)
    before.pass_time(PROBE + 15.0)
    stored = before.agent.store(event.leg, now=before.now)

    assert 80.0 < lost_after_a_restart(Phone(), stored or {}, age=15.0) < LOST_WITHIN


# Silence that a restart interrupts


def silent() -> tuple[Phone, str, dict[str, object]]:
    """Return a process whose first probe has no answer, its leg, and what was stored of it."""
    phone = Phone()
    leg, _ = phone.answered()
    assert phone.pass_time(PROBE + 1.9) == []
    assert phone.pass_time(PROBE + 2.5) == [DialogChanged(leg=leg)]
    assert phone.pass_time(PROBE + 20.0) == []
    stored = phone.agent.store(leg, now=phone.now)
    assert stored is not None
    return phone, leg, stored


def test_a_silence_goes_on_in_another_process() -> None:
    _, _, stored = silent()
    after = Phone()
    after.agent.restore("again", stored, now=0.0, age=2.0)

    assert after.pass_time(9.9) == []
    assert after.pass_time(10.1) == [SipLegEnded(leg="again", status=408)]


def test_a_silence_that_was_long_over_time_is_listened_into_once_more() -> None:
    _, _, stored = silent()
    after = Phone()
    after.agent.restore("again", stored, now=0.0, age=500.0)
    after.pass_time(3.9)
    probes = after.sent()

    assert probes == ["OPTIONS"] * 4
    assert after.pass_time(4.1) == [SipLegEnded(leg="again", status=408)]


def test_a_silence_that_is_over_is_stored_no_more() -> None:
    _, _, stored = silent()
    again = Phone()
    again.agent.restore("again", stored, now=0.0, age=2.0)

    assert answer_probes(again, 100.0) == [DialogChanged(leg="again")]
    later = again.agent.store("again", now=again.now)
    assert later is not None
    assert "silent" in stored
    assert "silent" not in later


def test_where_nothing_can_be_sent_a_silence_goes_on_too() -> None:
    _, _, stored = silent()

    assert 4.0 <= lost_after_a_restart(Phone(), stored, age=2.0) <= 16.0
