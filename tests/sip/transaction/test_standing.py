"""A friend is who proved something on that very flow lately, or is in a known network."""

from __future__ import annotations

import pytest

from switchhook.sip.transaction.standing import ASK_AGAIN, LASTS, Friends, Standing, neighbourhood
from switchhook.sip.wire.transport import Peer

PHONE = Peer("UDP", "203.0.113.5", 5060)
BESIDE = Peer("UDP", "203.0.113.5", 5062)
CARRIER = Peer("UDP", "192.0.2.9", 5060)


def friends() -> Friends:
    return Friends(lambda host: host.startswith("192.0.2."))


def test_nobody_is_known_before_a_proof() -> None:
    known = friends()

    assert known.standing(PHONE, 0.0) is Standing.STRANGER
    assert known.standing(CARRIER, 0.0) is Standing.NETWORK


def test_a_proof_makes_a_friend_of_that_flow_alone() -> None:
    known = friends()
    known.prove(PHONE, "john", 0.0)

    assert known.standing(PHONE, LASTS - 1) is Standing.TELEPHONE
    assert known.standing(BESIDE, 1.0) is Standing.NEIGHBOUR
    assert known.standing(Peer("TCP", PHONE.host, PHONE.port, 3), 1.0) is Standing.NEIGHBOUR
    assert (known.name(PHONE, 1.0), known.name(BESIDE, 1.0)) == ("john", "")


def test_a_proof_is_forgotten_after_a_while_or_with_its_connection() -> None:
    known = friends()
    known.prove(PHONE, "john", 0.0)
    known.prove(BESIDE, "mary", 10.0)
    assert known.standing(PHONE, LASTS) is Standing.NEIGHBOUR
    assert known.name(PHONE, LASTS) == ""
    known.forget(BESIDE)
    known.forget(BESIDE)

    assert known.standing(BESIDE, 11.0) is Standing.STRANGER
    assert not known._hosts


def test_who_is_called_keeps_the_name_that_it_proved() -> None:
    known = friends()
    known.prove(PHONE, "john", 0.0)
    known.prove(PHONE, "", 1.0)

    assert known.name(PHONE, 2.0) == "john"


def test_a_carrier_that_we_call_keeps_the_standing_of_its_network() -> None:
    known = friends()
    known.prove(CARRIER, "", 0.0)
    known.prove(BESIDE, "", 0.0)

    assert known.standing(CARRIER, 1.0) is Standing.NETWORK
    assert known.standing(BESIDE, 1.0) is Standing.CALLED
    known.prove(BESIDE, "mary", 2.0)
    assert known.standing(BESIDE, 3.0) is Standing.TELEPHONE


def test_a_network_is_asked_for_again_after_a_while() -> None:
    sources: list[str] = []
    known = Friends(lambda host: host in sources)
    assert known.standing(PHONE, 0.0) is Standing.STRANGER
    sources.append(PHONE.host)

    assert known.standing(PHONE, ASK_AGAIN - 0.1) is Standing.STRANGER
    assert known.standing(PHONE, ASK_AGAIN) is Standing.NETWORK


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.sip.transaction.standing.MOST_FRIENDS", 3)
    monkeypatch.setattr("switchhook.sip.transaction.standing.MOST_HOSTS", 4)
    known = friends()
    for last in range(10):
        known.prove(Peer("UDP", f"203.0.113.{last}", 5060), "john", float(last))
        known.standing(Peer("UDP", f"198.51.100.{last}", 5060), float(last))

    assert (len(known._flows), len(known._hosts), len(known._networks)) == (3, 3, 4)
    assert known.standing(Peer("UDP", "203.0.113.9", 5060), 10.0) is Standing.TELEPHONE


def test_one_password_makes_no_friend_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.sip.transaction.standing.MOST_FRIENDS", 20)
    monkeypatch.setattr("switchhook.sip.transaction.standing.MOST_OF_ONE", 5)
    known = friends()
    known.prove(PHONE, "john", 0.0)
    for port in range(1_000, 1_100):
        known.prove(Peer("UDP", "198.51.100.1", port), "stolen", 1.0)

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
    assert neighbourhood(host) == expected
