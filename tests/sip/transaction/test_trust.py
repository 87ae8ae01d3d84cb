"""Trusted is who proved something on that very flow lately, or is in a known network."""

from __future__ import annotations

import pytest

from switchhook.sip.transaction.trust import (
    ASK_AGAIN,
    LASTS,
    TrustedPeers,
    TrustLevel,
    address_block,
)
from switchhook.sip.wire.transport import Peer

PHONE = Peer("UDP", "203.0.113.5", 5060)
BESIDE = Peer("UDP", "203.0.113.5", 5062)
CARRIER = Peer("UDP", "192.0.2.9", 5060)


def trusted_peers() -> TrustedPeers:
    return TrustedPeers(lambda host: host.startswith("192.0.2."))


def test_nobody_is_known_before_a_proof() -> None:
    known = trusted_peers()

    assert known.level(PHONE, 0.0) is TrustLevel.UNTRUSTED
    assert known.level(CARRIER, 0.0) is TrustLevel.NETWORK


def test_a_proof_makes_that_flow_alone_trusted() -> None:
    known = trusted_peers()
    known.add(PHONE, "john", 0.0)

    assert known.level(PHONE, LASTS - 1) is TrustLevel.AUTHENTICATED
    assert known.level(BESIDE, 1.0) is TrustLevel.SAME_HOST
    assert known.level(Peer("TCP", PHONE.host, PHONE.port, 3), 1.0) is TrustLevel.SAME_HOST
    assert (known.name(PHONE, 1.0), known.name(BESIDE, 1.0)) == ("john", "")


def test_a_proof_is_forgotten_after_a_while_or_with_its_connection() -> None:
    known = trusted_peers()
    known.add(PHONE, "john", 0.0)
    known.add(BESIDE, "mary", 10.0)
    assert known.level(PHONE, LASTS) is TrustLevel.SAME_HOST
    assert known.name(PHONE, LASTS) == ""
    known.forget(BESIDE)
    known.forget(BESIDE)

    assert known.level(BESIDE, 11.0) is TrustLevel.UNTRUSTED
    assert not known._hosts


def test_who_is_called_keeps_the_name_that_it_proved() -> None:
    known = trusted_peers()
    known.add(PHONE, "john", 0.0)
    known.add(PHONE, "", 1.0)

    assert known.name(PHONE, 2.0) == "john"


def test_a_carrier_that_we_call_keeps_the_trust_in_its_network() -> None:
    known = trusted_peers()
    known.add(CARRIER, "", 0.0)
    known.add(BESIDE, "", 0.0)

    assert known.level(CARRIER, 1.0) is TrustLevel.NETWORK
    assert known.level(BESIDE, 1.0) is TrustLevel.CALLED
    known.add(BESIDE, "mary", 2.0)
    assert known.level(BESIDE, 3.0) is TrustLevel.AUTHENTICATED


def test_a_network_is_asked_for_again_after_a_while() -> None:
    sources: list[str] = []
    known = TrustedPeers(lambda host: host in sources)
    assert known.level(PHONE, 0.0) is TrustLevel.UNTRUSTED
    sources.append(PHONE.host)

    assert known.level(PHONE, ASK_AGAIN - 0.1) is TrustLevel.UNTRUSTED
    assert known.level(PHONE, ASK_AGAIN) is TrustLevel.NETWORK


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.sip.transaction.trust.MOST_TRUSTED", 3)
    monkeypatch.setattr("switchhook.sip.transaction.trust.MOST_HOSTS", 4)
    known = trusted_peers()
    for last in range(10):
        known.add(Peer("UDP", f"203.0.113.{last}", 5060), "john", float(last))
        known.level(Peer("UDP", f"198.51.100.{last}", 5060), float(last))

    assert (len(known._flows), len(known._hosts), len(known._networks)) == (3, 3, 4)
    assert known.level(Peer("UDP", "203.0.113.9", 5060), 10.0) is TrustLevel.AUTHENTICATED


def test_one_password_takes_trust_from_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.sip.transaction.trust.MOST_TRUSTED", 20)
    monkeypatch.setattr("switchhook.sip.transaction.trust.MOST_OF_ONE", 5)
    known = trusted_peers()
    known.add(PHONE, "john", 0.0)
    for port in range(1_000, 1_100):
        known.add(Peer("UDP", "198.51.100.1", port), "stolen", 1.0)

    assert known.name(PHONE, 2.0) == "john"
    assert len(known._flows) == 6
    known.forget(PHONE)
    assert sorted(known._of) == ["stolen"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_neighbourhood_is_an_ipv6_network_or_an_address(host: str, expected: str) -> None:
    assert address_block(host) == expected
