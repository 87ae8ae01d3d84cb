"""An allowed network is read as an operator writes it, and written as it is read."""

from __future__ import annotations

import pytest

from switchhook.delivery.allowed_networks import AllowedNetwork, AllowedNetworks


@pytest.mark.parametrize(
    ("text", "written", "port"),
    [
        ("10.20.0.0/16", "10.20.0.0/16", None),
        (" 10.20.0.0/16 ", "10.20.0.0/16", None),
        ("10.20.0.5", "10.20.0.5/32", None),
        ("10.20.0.0/16:8443", "10.20.0.0/16:8443", 8443),
        ("10.20.0.5:80", "10.20.0.5/32:80", 80),
        ("127.0.0.0/8", "127.0.0.0/8", None),
        ("::1", "::1/128", None),
        ("fd00:1::/64", "fd00:1::/64", None),
        ("[fd00:1::/64]", "fd00:1::/64", None),
        ("[fd00:1::/64]:8443", "[fd00:1::/64]:8443", 8443),
    ],
)
def test_an_allowed_network_reads_and_writes(text: str, written: str, port: int | None) -> None:
    allowed = AllowedNetwork.parse(text)
    assert str(allowed) == written
    assert allowed.port == port
    assert AllowedNetwork.parse(str(allowed)) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crm.example",
        "10.20.0.1/16",
        "10.20.0.0/33",
        "10.20.0.0/16:",
        "10.20.0.0/16:http",
        "10.20.0.0/16:٣",
        "10.20.0.0/16:0",
        "10.20.0.0/16:65536",
        "[fd00:1::/64",
        "[fd00:1::/64]8443",
        "fe80::1%eth0/64",
    ],
)
def test_what_is_no_grant_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"allowed|1–65535"):
        AllowedNetwork.parse(text)


def test_equal_networks_share_their_key_and_others_do_not() -> None:
    one = AllowedNetworks.parse(["10.0.0.0/8", "127.0.0.1:8080"])
    assert one == AllowedNetworks.parse(["10.0.0.0/8", "127.0.0.1:8080"])
    assert one.key == AllowedNetworks.parse(["10.0.0.0/8", "127.0.0.1/32:8080"]).key
    assert one.key != AllowedNetworks.parse(["10.0.0.0/8"]).key
    assert AllowedNetworks().key != one.key
