"""The first packet from a believable host decides where a stream goes; packets from elsewhere are dropped."""

from __future__ import annotations

import pytest

from switchhook.sip.rtp.symmetric_rtp import MOVED, SymmetricRtp

SAID = ("192.0.2.1", 4000)
SIGNALLING = "198.51.100.7"
BEHIND_NAT = (SIGNALLING, 61234)
ELSEWHERE = ("203.0.113.9", 4000)


def _latch() -> SymmetricRtp:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect(SAID, [SIGNALLING])
    return symmetric_rtp


def test_until_something_comes_the_description_holds() -> None:
    assert _latch().target == SAID


@pytest.mark.parametrize("source", [SAID, ("192.0.2.1", 4002), BEHIND_NAT])
def test_the_first_believable_source_is_latched(source: tuple[str, int]) -> None:
    symmetric_rtp = _latch()
    assert symmetric_rtp.admits(source, 0.0)
    assert symmetric_rtp.target == source
    assert symmetric_rtp.latched


def test_packets_from_elsewhere_are_dropped_before_and_after() -> None:
    symmetric_rtp = _latch()
    assert not symmetric_rtp.admits(ELSEWHERE, 0.0)
    assert not symmetric_rtp.latched
    assert symmetric_rtp.admits(BEHIND_NAT, 0.0)
    for other in (ELSEWHERE, SAID, (SIGNALLING, 61236)):
        assert not symmetric_rtp.admits(other, 0.0)
    assert symmetric_rtp.target == BEHIND_NAT
    assert symmetric_rtp.dropped == 4


def test_a_new_description_opens_the_latch_and_the_same_does_not() -> None:
    symmetric_rtp = _latch()
    symmetric_rtp.admits(BEHIND_NAT, 0.0)
    symmetric_rtp.expect(SAID, [SIGNALLING])
    assert symmetric_rtp.target == BEHIND_NAT
    moved = ("192.0.2.2", 5000)
    symmetric_rtp.expect(moved, [SIGNALLING])
    assert symmetric_rtp.target == moved
    assert not symmetric_rtp.admits(SAID, 0.0)
    assert symmetric_rtp.admits(moved, 0.0)


@pytest.mark.parametrize(
    "said",
    [None, ("0.0.0.0", 4000), ("phone.example", 4000), ("192.0.2.1", 0), ("224.0.0.1", 4000)],
)
def test_a_description_without_address_waits_for_the_signalling_host(
    said: tuple[str, int] | None,
) -> None:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect(said, [SIGNALLING])
    assert symmetric_rtp.target is None
    assert not symmetric_rtp.admits(ELSEWHERE, 0.0)
    assert symmetric_rtp.admits(BEHIND_NAT, 0.0)
    assert symmetric_rtp.target == BEHIND_NAT


def test_nobody_is_admitted_before_anything_is_said() -> None:
    symmetric_rtp = SymmetricRtp()
    assert not symmetric_rtp.admits(SAID, 0.0)
    symmetric_rtp.expect(None)
    assert not symmetric_rtp.admits(("", 0), 0.0)


def test_an_ipv6_address_is_known_however_it_is_written() -> None:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect(("2001:DB8:0::1", 4000))
    assert symmetric_rtp.target == ("2001:db8::1", 4000)
    assert symmetric_rtp.admits(("2001:db8::1", 4000), 0.0)


def test_all_loopback_addresses_are_this_machine() -> None:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect(("127.0.0.2", 4000))
    assert not symmetric_rtp.admits(ELSEWHERE, 0.0)
    assert symmetric_rtp.admits(("127.0.0.1", 4000), 0.0)
    assert not symmetric_rtp.admits(("127.0.0.2", 4000), 0.0)
    assert not _latch().admits(("127.0.0.1", 4000), 0.0)


def test_a_known_host_may_move_once_its_old_port_fell_silent() -> None:
    # After a hold, a NAT has often forgotten the port of before.
    symmetric_rtp = _latch()
    moved = (SIGNALLING, 61236)
    assert symmetric_rtp.admits(BEHIND_NAT, 10.0)
    assert symmetric_rtp.admits(BEHIND_NAT, 20.0)
    assert not symmetric_rtp.admits(moved, 20.0 + MOVED - 0.1)
    assert symmetric_rtp.admits(BEHIND_NAT, 30.0)
    assert not symmetric_rtp.admits(ELSEWHERE, 60.0)
    assert symmetric_rtp.admits(moved, 60.0)
    assert symmetric_rtp.target == moved
    assert not symmetric_rtp.admits(BEHIND_NAT, 60.0)


@pytest.mark.row("FD-06")
@pytest.mark.parametrize(
    ("said", "signalling"),
    [
        ("127.0.0.1", "10.0.0.7"),
        ("10.0.0.7", "8.8.8.8"),
        ("169.254.169.254", "10.0.0.7"),
        ("::1", "2600::7"),
        ("::ffff:127.0.0.1", "8.8.8.8"),
        ("fd00::7", "2600::7"),
    ],
)
def test_nothing_is_sent_into_a_network_that_the_telephone_is_not_in(
    said: str, signalling: str
) -> None:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect((said, 4000), [signalling])

    assert symmetric_rtp.target is None
    assert symmetric_rtp.admits((signalling, 61234), 0.0)
    assert symmetric_rtp.target == (signalling, 61234)


@pytest.mark.parametrize(
    ("said", "signalling"),
    [
        ("8.8.4.4", "8.8.8.8"),
        ("8.8.4.4", "10.0.0.7"),
        ("10.0.0.9", "10.0.0.7"),
        ("127.0.0.2", "127.0.0.1"),
        ("::1", "127.0.0.1"),
    ],
)
def test_sound_may_come_from_another_machine_than_the_signalling(
    said: str, signalling: str
) -> None:
    symmetric_rtp = SymmetricRtp()
    symmetric_rtp.expect((said, 4000), [signalling])

    assert symmetric_rtp.target == (said, 4000)
