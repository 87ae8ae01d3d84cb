"""Only public addresses on webhook ports are connected to, unless an operator granted just that."""

from __future__ import annotations

import pytest

from switchhook.delivery.address_guard import (
    RULES_V4,
    RULES_V6,
    OpenedBy,
    SpecialNetwork,
    literal,
    refusal,
)
from switchhook.delivery.allowed_networks import AllowedNetworks

PUBLIC = (
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255",
    "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.112.255",
    "203.0.114.0", "223.255.255.255", "2606:4700::1111", "2001:1::", "2001:db7::", "2003::", "2a00::1",
    "3ffe::1", "64:ff9a::1", "64:ff9b:2::1",
)  # fmt: skip

FORBIDDEN = {
    "0.0.0.0": "this host",
    "0.255.255.255": "this host",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.0": "carrier",
    "100.127.255.255": "carrier",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "metadata",
    "169.254.0.0": "link-local",
    "169.254.169.254": "link-local",
    "169.254.255.255": "link-local",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "protocol",
    "192.0.0.192": "metadata",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4",
    "192.168.0.0": "private",
    "192.168.255.255": "private",
    "198.18.0.0": "benchmarking",
    "198.19.255.255": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "this host",
    "::1": "loopback",
    "::127.0.0.1": "compatible",
    "::8.8.8.8": "compatible",
    "::ffff:127.0.0.1": "mapped",
    "::ffff:8.8.8.8": "mapped",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b::808:808": "NAT64",
    "64:ff9b:1::a00:1": "NAT64",
    "100::1": "discard",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4",
    "2002:a9fe:a9fe::": "6to4",
    "3fff::1": "documentation",
    "5f00::1": "segment",
    "fc00::1": "private",
    "fdff::1": "private",
    "fd00:ec2::254": "metadata",
    "fd20:ce::254": "metadata",
    "fe80::1": "link-local",
    "febf::1": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}

WIDEST = ("0.0.0.0/0", "::/0")


def judge(
    address: str, port: int = 443, *networks: str, own_ports: frozenset[int] = frozenset()
) -> str:
    return refusal(address, port, AllowedNetworks.parse(networks), own_ports=own_ports)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert judge(address) == ""


@pytest.mark.row("S-72")
@pytest.mark.parametrize(("address", "rule"), FORBIDDEN.items())
def test_forbidden_addresses_do_not_and_the_rule_is_named(address: str, rule: str) -> None:
    assert rule in judge(address)


@pytest.mark.parametrize("rule", [*RULES_V4, *RULES_V6], ids=lambda rule: str(rule.network))
def test_every_rule_holds_from_its_first_to_its_last_address(rule: SpecialNetwork) -> None:
    for address in (rule.network[0], rule.network[-1]):
        assert "lies in" in judge(str(address))


@pytest.mark.parametrize("rule", [*RULES_V4, *RULES_V6], ids=lambda rule: str(rule.network))
def test_the_widest_grant_opens_networks_but_nothing_dangerous(rule: SpecialNetwork) -> None:
    ends = (rule.network[0], rule.network[-1])
    address = next(end for end in ends if f"{rule.network} ({rule.what})" in judge(str(end)))
    opened = judge(str(address), 443, *WIDEST) == ""
    assert opened == (rule.opened_by is OpenedBy.NETWORK and not rule.carries(int(address)))


@pytest.mark.parametrize(
    ("address", "port", "networks", "passes"),
    [
        ("10.20.0.5", 443, ["10.20.0.0/16"], True),
        ("10.21.0.5", 443, ["10.20.0.0/16"], False),
        ("10.20.0.5", 8443, ["10.20.0.0/16:8443"], True),
        ("10.20.0.5", 443, ["10.20.0.0/16:8443"], False),
        ("fd00:1::5", 443, ["fd00:1::/64"], True),
        # Loopback, link-local and metadata: only the address itself, or loopback written out.
        ("127.0.0.1", 443, ["127.0.0.1/32"], True),
        ("127.0.0.1", 443, ["127.0.0.0/8"], True),
        ("127.9.9.9", 8080, ["127.0.0.0/8:8080"], True),
        ("127.0.0.1", 443, ["127.0.0.0/16"], False),
        ("127.0.0.1", 443, ["126.0.0.0/7"], False),
        ("::1", 443, ["::1/128"], True),
        ("::1", 443, ["::/64"], False),
        ("169.254.169.254", 80, ["169.254.0.0/16"], False),
        ("169.254.169.254", 80, ["169.254.169.254/32"], True),
        ("100.100.100.200", 80, ["100.64.0.0/10"], False),
        ("fd00:ec2::254", 80, ["fc00::/7"], False),
        ("fd00:ec2::254", 80, ["fd00:ec2::254"], True),
        ("fe80::1", 80, ["fe80::/10"], False),
        ("fe80::1", 80, ["fe80::1"], True),
        ("0.0.0.0", 80, ["0.0.0.0/32"], False),
        ("224.0.0.1", 80, ["224.0.0.1/32"], False),
        # What carries an IPv4 address needs an allowed network of its own, and the address inside another.
        ("64:ff9b::808:808", 443, ["64:ff9b::/96"], True),
        ("64:ff9b::a00:1", 443, ["64:ff9b::/96"], False),
        ("64:ff9b::a00:1", 443, ["10.0.0.0/8"], False),
        ("64:ff9b::a00:1", 443, ["64:ff9b::/96", "10.0.0.0/8"], True),
        ("64:ff9b::7f00:1", 443, ["64:ff9b::/96", "0.0.0.0/0"], False),
        ("2002:a9fe:a9fe::", 443, ["2002::/16"], False),
        ("2002:808:808::", 443, ["2002::/16"], True),
        ("2001:0:808:808::f7f7:f7f7", 443, ["2001::/32"], True),
        ("2001:0:808:808::80ff:fffe", 443, ["2001::/32"], False),
        ("2001:0:7f00:1::f7f7:f7f7", 443, ["2001::/32"], False),
    ],
)  # fmt: skip
def test_allowed_networks_open_what_they_name_and_no_more(
    address: str, port: int, networks: list[str], *, passes: bool
) -> None:
    assert (judge(address, port, *networks) == "") is passes


@pytest.mark.row("R1-08", "FT-10")
@pytest.mark.parametrize("port", [80, 81, 88, 443, 1023, 1024, 8080, 8088, 8443, 65535])
def test_any_port_of_a_public_host_passes(port: int) -> None:
    assert judge("1.1.1.1", port) == ""


SERVICES = (1, 22, 25, 53, 110, 143, 445, 587, 993, 3306, 5038, 5060, 5061, 5432, 6000, 6379, 6667)


@pytest.mark.row("FT-10")
@pytest.mark.parametrize("port", SERVICES)
def test_ports_of_other_services_pass_only_where_a_grant_names_them(port: int) -> None:
    assert f"port {port}" in judge("1.1.1.1", port)
    assert f"port {port}" in judge("10.0.0.1", port, "10.0.0.0/8")
    assert judge("10.0.0.1", port, f"10.0.0.0/8:{port}") == ""
    assert judge("1.1.1.1", port, f"1.1.1.1:{port}") == ""


def test_a_grant_of_a_network_does_not_open_the_interface_of_its_pbx() -> None:
    assert "port 8088" in judge("10.0.0.1", 8088, "10.0.0.0/8")
    assert judge("10.0.0.1", 8088, "10.0.0.0/8:8088") == ""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("a.localhost", "127.0.0.1"),
        ("10.0.0.5.", "10.0.0.5"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("pbx.example.com", ""),
        ("pbx", ""),
        ("", ""),
    ],
)
def test_an_address_is_told_in_each_of_its_spellings(host: str, address: str) -> None:
    assert literal(host) == address


def test_ports_of_our_own_are_refused_likewise() -> None:
    own = frozenset({8000})
    assert "Switchhook itself" in judge("1.1.1.1", 8000, own_ports=own)
    assert judge("127.0.0.1", 8000, "127.0.0.0/8", own_ports=own) != ""
    assert judge("127.0.0.1", 8000, "127.0.0.1:8000", own_ports=own) == ""


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "fd00::1"])
def test_a_refusal_says_which_setting_opens_it(address: str) -> None:
    assert "allowed_networks" in judge(address)
