"""Each source has its own share of turns and of what is held, and calls that stand are not cut."""

from __future__ import annotations

import pytest

from switchhook.sip.transaction.overload import (
    MUCH,
    LoadLimits,
    MessageRate,
    TokenBuckets,
    TransactionCounts,
)
from switchhook.sip.transaction.trust import TrustedPeers
from switchhook.sip.wire.transport import Peer

LIMITS = LoadLimits(
    open_requests=3,
    open_requests_per_source=2,
    transactions=10,
    transactions_per_source=4,
    network=MessageRate(rate=100, burst=100),
    authenticated=MessageRate(rate=10, burst=20),
    untrusted=MessageRate(rate=2, burst=4),
    all_untrusted=MessageRate(rate=5, burst=10),
)
CARRIER = Peer("UDP", "192.0.2.9", 5060)
PHONE = Peer("UDP", "203.0.113.5", 40_001)
NEIGHBOUR = Peer("UDP", "203.0.113.5", 40_002)


def untrusted(last: int, port: int = 5060) -> Peer:
    return Peer("UDP", f"198.51.100.{last}", port)


def turns() -> TokenBuckets:
    trusted_peers = TrustedPeers(lambda host: host == CARRIER.host)
    trusted_peers.add(PHONE, "john", 0.0)
    return TokenBuckets(LIMITS, trusted_peers)


def taken(turns: TokenBuckets, source: Peer, now: float, tries: int = 1_000) -> int:
    return sum(turns.take(source, now) for _ in range(tries))


# Turns


@pytest.mark.row("FD-09")
@pytest.mark.parametrize(("source", "burst"), [(CARRIER, 100), (PHONE, 20), (untrusted(1), 4)])
def test_a_source_has_its_share_and_no_more(source: Peer, burst: int) -> None:
    known = turns()

    assert taken(known, source, 0.0) == burst
    assert taken(known, source, 1.0) in {2, 10, 100}


@pytest.mark.row("FD-09")
def test_an_untrusted_flood_takes_nothing_from_trusted_nor_from_other_untrusted_peers() -> None:
    known = turns()
    for tick in range(100):
        taken(known, untrusted(1), tick / 100)

    assert taken(known, untrusted(2), 1.0, 4) == 4
    assert taken(known, PHONE, 1.0, 20) == 20
    assert taken(known, CARRIER, 1.0, 100) == 100


@pytest.mark.row("FD-09")
def test_forged_addresses_push_out_untrusted_peers_alone() -> None:
    known = turns()
    flood = sum(taken(known, untrusted(last, port), 0.0) for last in range(100) for port in (1, 2))

    assert flood == 10
    assert taken(known, untrusted(200), 0.0) == 0
    assert taken(known, NEIGHBOUR, 0.0) == 4
    assert taken(known, PHONE, 0.0) == 20


@pytest.mark.row("FI-07")
def test_a_telephones_flood_takes_nothing_from_its_neighbours() -> None:
    known = turns()
    other = Peer("UDP", PHONE.host, 40_003)
    known._trusted_peers.add(other, "mary", 0.0)

    assert taken(known, PHONE, 0.0) == 20
    assert taken(known, other, 0.0, 20) == 20


def test_an_ipv6_network_is_one_source() -> None:
    known = turns()
    taken(known, Peer("UDP", "2001:db8::1", 5060), 0.0)

    assert taken(known, Peer("UDP", "2001:db8::2", 5060), 0.0) == 0
    assert taken(known, Peer("UDP", "2001:db8:0:1::2", 5060), 0.0) == 4


def test_a_connection_that_is_over_its_share_waits() -> None:
    known = turns()
    assert known.wait(untrusted(1), 0.0) == 0.0
    for _ in range(7):
        known.charge(untrusted(1), 0.0)

    assert known.wait(untrusted(1), 0.0) == pytest.approx(2.0)
    assert known.wait(untrusted(1), 2.0) == 0.0


def test_few_sources_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.sip.transaction.overload.MOST_SOURCES", 3)
    known = turns()
    for last in range(10):
        known.take(untrusted(last), 0.0)

    assert len(known._buckets) == 3


# The crowd


def test_one_source_may_have_so_many_open_requests() -> None:
    crowd = TransactionCounts(LIMITS)
    crowd.enter("a", opens=True)
    assert not crowd.is_full("a", 1)
    crowd.enter("a", opens=True)

    assert crowd.is_full("a", 2)
    assert not crowd.is_full("b", 2)
    crowd.close("a")
    assert not crowd.is_full("a", 2)


def test_when_there_are_too_many_who_has_less_than_its_part_goes_on() -> None:
    crowd = TransactionCounts(LIMITS)
    for source in "aab":
        crowd.enter(source, opens=True)
    assert crowd.is_full("a", 3)
    assert not crowd.is_full("b", 3)
    assert not crowd.is_full("c", 3)
    for source in "cde":
        crowd.enter(source, opens=True)

    assert crowd.is_full("f", 6)


def test_what_lingers_counts_until_it_is_over() -> None:
    crowd = TransactionCounts(LIMITS)
    for _ in range(4):
        crowd.enter("a", opens=False)

    assert crowd.is_full("a", 4)
    crowd.leave("a")
    assert not crowd.is_full("a", 3)


def test_calls_that_stand_go_on_twice_as_long() -> None:
    crowd = TransactionCounts(LIMITS)

    assert crowd.is_full("a", 10)
    assert not crowd.is_overflowing(19)
    assert crowd.is_overflowing(20)


@pytest.mark.row("FI-07")
def test_who_holds_more_than_the_average_is_known() -> None:
    crowd = TransactionCounts(LIMITS)
    for _ in range(MUCH):
        crowd.enter("a", opens=True)
    assert not crowd.is_above_others("a")
    crowd.enter("b", opens=True)

    assert [crowd.is_above_others(source) for source in "abc"] == [True, False, False]
    crowd.leave("a")
    assert not crowd.is_above_others("a")


def test_nothing_is_remembered_of_who_is_gone() -> None:
    crowd = TransactionCounts(LIMITS)
    crowd.enter("a", opens=True)
    crowd.close("a")
    crowd.leave("a")

    assert not crowd._open
    assert not crowd._held
    assert (crowd._all_open, crowd._all_held) == (0, 0)
