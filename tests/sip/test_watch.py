"""Whoever is talked with is asked every minute whether they are still there, and nobody talks with the dead."""

from __future__ import annotations

import random

import pytest

from switchhook.sip.events import DialogChanged, Event, InviteReceived, LegEnded
from switchhook.sip.orders import Answer, End
from switchhook.sip.transaction import Timing
from switchhook.sip.transport import Peer
from switchhook.sip.watch import Watch
from tests.support.sip import ALICE, ALICE_TCP, BOB, SDP, request, response
from tests.support.sip_agent import Phone, theirs

pytestmark = pytest.mark.row("FD-02")

LOST_WITHIN = 100.0
"""Seconds after which at the latest the loss of the other end has to be known."""


def answer_probes(phone: Phone, until: float, status: int = 200) -> list[Event]:
    """Let time pass at an end that answers each probe; return what was told."""
    told: list[Event] = []
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
    assert phone.probes == [(60.0 * n, peer) for n in range(1, 61)]
    phone.do(End(leg=leg))
    phone.hear(response(phone.last(), 200, tag="a"))
    phone.rest()


@pytest.mark.parametrize("is_caller", [True, False])
def test_silence_ends_the_leg_in_time(*, is_caller: bool) -> None:
    phone = Phone()
    leg = phone.answered()[0] if is_caller else "out"
    if not is_caller:
        phone.talks()
    answer_probes(phone, 120.5)

    (event,) = phone.pass_time(120.5 + LOST_WITHIN)

    assert event == LegEnded(leg=leg, status=408)
    assert "BYE" in phone.sent()
    phone.rest()


@pytest.mark.parametrize("status", [481, 408])
def test_an_end_that_says_that_nobody_is_there_ends_the_leg_at_once(status: int) -> None:
    phone = Phone()
    leg, _ = phone.answered()

    (event,) = answer_probes(phone, 60.5, status)

    assert event == LegEnded(leg=leg, status=status)
    assert phone.agent.load.sessions == 1  # its BYE is out
    phone.rest()


def test_a_probe_is_an_options_within_the_dialog() -> None:
    phone = Phone()
    _, tag = phone.answered()
    phone.pass_time(60.0)

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
    told: list[Event] = []
    while not told and phone.now < 200.0:
        told = phone.pass_time(phone.now + 1.0)
        for packet in phone.agent.take_packets():
            if packet.data.startswith(b"OPTIONS"):
                phone.probes.append((phone.now, packet.peer))
                phone.agent.lost(packet, phone.now)
                told += phone.agent.take_events()

    assert told == [LegEnded(leg=leg, status=408)]
    assert len(phone.probes) > 4
    assert 60.0 + 25.0 < phone.now <= LOST_WITHIN


def test_a_connection_that_breaks_for_a_moment_ends_nothing() -> None:
    phone = Phone()
    phone.answered()
    phone.pass_time(60.0)
    (packet,) = phone.agent.take_packets()
    phone.agent.lost(packet, phone.now)

    assert answer_probes(phone, 600.0) == []
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
    phone.pass_time(60.0)
    probe = phone.agent.take_packets()[0]
    phone.do(End(leg=leg))

    assert phone.hear(response(probe.data, 481, tag="a")) == []
    phone.rest()


# After a restart


def test_a_leg_of_an_earlier_process_is_probed_soon_and_stored_with_its_new_numbers() -> None:
    before = Phone()
    leg, _ = before.answered()
    stored = before.agent.store(leg)
    assert stored is not None
    after = Phone(chance=random.Random(1).random)
    after.agent.restore("again", stored, now=0.0)

    told = answer_probes(after, 10.5)

    assert len(after.probes) == 1
    assert told == [DialogChanged(leg="again")]
    assert after.agent.store("again") != stored
    assert answer_probes(after, 600.0) == []


def test_a_leg_whose_other_end_went_during_a_restart_ends() -> None:
    before = Phone()
    leg, _ = before.answered()
    stored = before.agent.store(leg)
    assert stored is not None
    after = Phone()
    after.agent.restore("again", stored, now=0.0)

    assert after.pass_time(50.0) == [LegEnded(leg="again", status=408)]
    after.rest()


def test_a_long_call_is_stored_before_its_numbers_are_used_up() -> None:
    phone = Phone()
    leg, _ = phone.answered()

    told = answer_probes(phone, 60.0 * 510)

    assert told[:1] == [DialogChanged(leg=leg)]
    phone.agent.store(leg)
    assert answer_probes(phone, 60.0 * 900) == []


# Spreading


def test_the_probes_of_a_thousand_calls_are_spread() -> None:
    chance = random.Random(7).random
    timing = Timing()
    watches = [Watch(timing, chance, 0.0) for _ in range(1000)]
    resumed = [Watch(timing, chance, 0.0, resumed=True) for _ in range(1000)]

    for times, begin, end in (
        ([watch.probe_at or 0.0 for watch in watches], 45.0, 60.0),
        ([watch.probe_at or 0.0 for watch in resumed], 0.0, 10.0),
    ):
        assert begin <= min(times) <= max(times) <= end
        most = max(sum(at <= time < at + 1.0 for time in times) for at in range(60))
        assert most < 150


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
    phone.agent.follow(event.leg, register, other)  # another telephone of hers
    phone.pass_time(60.0)
    (probe,) = phone.agent.take_packets()
    assert probe.peer.flow == ALICE_TCP.flow
    phone.agent.lost(probe, phone.now)
    register = request("REGISTER", call_id="r", contact="<sip:alice@10.0.0.7;transport=tcp>")
    phone.agent.follow(event.leg, register, again)

    phone.pass_time(65.0)
    (probe,) = phone.agent.take_packets()
    assert probe.peer == again
    assert phone.hear(response(probe.data, 200, tag="a"), again) == []
    assert phone.agent.take_events() == []


def test_after_a_restart_a_telephone_has_time_to_come_back_over_its_own_connection() -> None:
    watch = Watch(Timing(), lambda: 0.0, 0.0, resumed=True)
    assert watch.probe_at == 0.0
    lost_at: list[float] = []
    now = 0.0
    while not lost_at:
        watch.probing(now)
        if watch.unsent(now):
            lost_at.append(now)
        now = watch.probe_at or now
    assert 80.0 < lost_at[0] < LOST_WITHIN
