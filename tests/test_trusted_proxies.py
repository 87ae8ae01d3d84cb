"""The client's address is the right-most of X-Forwarded-For that no trusted proxy has; nobody else's word is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.trusted_proxies import MAX_HOPS, TrustedProxies

TRUSTED = TrustedProxies.parse("127.0.0.1, 10.0.0.0/8, fd00::/8, ::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("10.9.9.9", "10.0.0.1,10.0.0.2", "10.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, unknown, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("127.0.0.1", "2001:db8::7, fd00::1", "2001:db8::7"),
        ("::1", "2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "203.0.113.7", None),
        ("203.0.113.9", "198.51.100.1", None),
        ("", "198.51.100.1", None),
        ("127.0.0.2", "198.51.100.1", None),
        ("127.0.0.1", "198.51.100.1\r\nX: y", "127.0.0.1"),
    ],
)
def test_who_the_client_is(peer: str, forwarded: str, client: str | None) -> None:
    assert TRUSTED.client(peer, forwarded) == client


@given(spoofed=st.text(), client=st.ip_addresses())
def test_nothing_that_a_client_writes_changes_its_address(spoofed: str, client: object) -> None:
    trusted = TrustedProxies.parse("192.0.2.1")
    told = f"{spoofed}, {client}"

    assert trusted.client("192.0.2.1", told) == trusted.client("192.0.2.1", str(client))


def test_a_long_list_is_not_read_to_its_end() -> None:
    assert TRUSTED.client("127.0.0.1", ", ".join(["203.0.113.7"] + ["10.0.0.1"] * MAX_HOPS)) == (
        "10.0.0.1"
    )


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.com", "1.2.3.4 5.6.7.8", "x,"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no network; write"):
        TrustedProxies.parse(text)
