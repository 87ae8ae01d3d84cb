"""The first packet from a believable host decides where a stream goes; strangers are dropped."""

from __future__ import annotations

import pytest

from switchhook.sip.rtp.latch import Latch

SAID = ("192.0.2.1", 4000)
SIGNALLING = "198.51.100.7"
BEHIND_NAT = (SIGNALLING, 61234)
STRANGER = ("203.0.113.9", 4000)


def _latch() -> Latch:
    latch = Latch()
    latch.expect(SAID, [SIGNALLING])
    return latch


def test_until_something_comes_the_description_holds() -> None:
    assert _latch().target == SAID


@pytest.mark.parametrize("source", [SAID, ("192.0.2.1", 4002), BEHIND_NAT])
def test_the_first_believable_source_is_latched(source: tuple[str, int]) -> None:
    latch = _latch()
    assert latch.admits(source)
    assert latch.target == source
    assert latch.latched


def test_strangers_are_dropped_before_and_after() -> None:
    latch = _latch()
    assert not latch.admits(STRANGER)
    assert not latch.latched
    assert latch.admits(BEHIND_NAT)
    for other in (STRANGER, SAID, (SIGNALLING, 61236)):
        assert not latch.admits(other)
    assert latch.target == BEHIND_NAT
    assert latch.dropped == 4


def test_a_new_description_opens_the_latch_and_the_same_does_not() -> None:
    latch = _latch()
    latch.admits(BEHIND_NAT)
    latch.expect(SAID, [SIGNALLING])
    assert latch.target == BEHIND_NAT
    moved = ("192.0.2.2", 5000)
    latch.expect(moved, [SIGNALLING])
    assert latch.target == moved
    assert not latch.admits(SAID)
    assert latch.admits(moved)


@pytest.mark.parametrize(
    "said",
    [None, ("0.0.0.0", 4000), ("phone.example", 4000), ("192.0.2.1", 0), ("224.0.0.1", 4000)],
)
def test_a_description_without_address_waits_for_the_signalling_host(
    said: tuple[str, int] | None,
) -> None:
    latch = Latch()
    latch.expect(said, [SIGNALLING])
    assert latch.target is None
    assert not latch.admits(STRANGER)
    assert latch.admits(BEHIND_NAT)
    assert latch.target == BEHIND_NAT


def test_nobody_is_admitted_before_anything_is_said() -> None:
    latch = Latch()
    assert not latch.admits(SAID)
    latch.expect(None)
    assert not latch.admits(("", 0))


def test_an_ipv6_address_is_known_however_it_is_written() -> None:
    latch = Latch()
    latch.expect(("2001:DB8:0::1", 4000))
    assert latch.target == ("2001:db8::1", 4000)
    assert latch.admits(("2001:db8::1", 4000))


def test_all_loopback_addresses_are_this_machine() -> None:
    latch = Latch()
    latch.expect(("127.0.0.2", 4000))
    assert not latch.admits(STRANGER)
    assert latch.admits(("127.0.0.1", 4000))
    assert not latch.admits(("127.0.0.2", 4000))
    assert not _latch().admits(("127.0.0.1", 4000))
