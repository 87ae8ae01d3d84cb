"""An address is found in the networks that hold it, and nobody is known by a network too wide."""

from __future__ import annotations

import pytest

from switchhook.drivers.embedded.networks import Networks, networks_of

SOURCES = ("192.0.2.0/28", "198.51.100.7", "2001:db8::/56", "10.0.0.0/8", "everywhere", "")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.15", True),
        ("192.0.2.16", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8:0:ff::1", True),
        ("2001:db8:0:100::1", False),
        ("10.1.2.3", False),
        ("fe80::1%eth0", False),
        ("name", False),
    ],
)
def test_an_address_is_looked_up(host: str, *, expected: bool) -> None:
    assert (host in Networks(networks_of(SOURCES))) is expected
