"""The address guard: which socket addresses may be connected to.

It judges numeric addresses, after resolution and at every new connection, so it does not matter how
a URL spells one (`2130706433`, `0x7f.1`, a name that changes its mind). The table is our own:
`ipaddress.is_global` calls NAT64 loopback, multicast and Azure's metadata address global, and its
answers differ between patch releases of Python.

What an allowed network of the operator opens (`networks.AllowedNetwork`, `allowed_networks` in the project file):

* `OpenedBy.NETWORK`: any allowed network that holds the address.
* `OpenedBy.EXACT` (link-local, cloud metadata): only that one address, allowed (`/32`, `/128`).
* `OpenedBy.WHOLE` (loopback): the same, or the network written out as it stands here, `127.0.0.0/8`.
  Neither is opened by a wider network such as `0.0.0.0/0`.
* `OpenedBy.NEVER` (unspecified, multicast, broadcast, discard): nothing; no host has such an address.

An IPv6 address that carries an IPv4 address inside passes when its own network is allowed *and* the
inner address passes by itself.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from switchhook.delivery.allowed_networks import AllowedNetworks, IpNetwork

Address = IPv4Address | IPv6Address

SERVICE_PORTS = frozenset(
    {
        *(
            1,
            7,
            9,
            11,
            13,
            15,
            17,
            19,
            20,
            21,
            22,
            23,
            25,
            37,
            42,
            43,
            53,
            69,
            77,
            79,
            87,
            95,
            101,
            102,
        ),
        *(
            103,
            104,
            109,
            110,
            111,
            113,
            115,
            117,
            119,
            123,
            135,
            137,
            139,
            143,
            161,
            179,
            389,
            427,
            465,
        ),
        *(
            512,
            513,
            514,
            515,
            526,
            530,
            531,
            532,
            540,
            548,
            554,
            556,
            563,
            587,
            601,
            636,
            989,
            990,
            993,
        ),
        *(
            995,
            1719,
            1720,
            1723,
            2049,
            3659,
            4045,
            4190,
            5060,
            5061,
            6000,
            6566,
            6665,
            6666,
            6667,
            6668,
        ),
        *(6669, 6679, 6697, 10080),
        # SMB, MySQL, RDP, AMI, PostgreSQL, Redis, memcached, MongoDB
        *(445, 3306, 3389, 5038, 5432, 6379, 11211, 27017),
    }
)
"""Ports of other services: those that browsers block (WHATWG Fetch, "bad port"), and some that a client's
text can do harm on."""
SIP_PORTS = frozenset({5060, 5061})
"""Ports of SIP, which trunks and SIP hosts are at."""
PRIVATE_PORTS = frozenset({8088})
"""A service of a PBX (ARI) that no whole allowed network opens; outside it is a port as any."""


class OpenedBy(Enum):
    """The kind of allowed network that opens a forbidden one."""

    NETWORK = "network"
    EXACT = "exact"
    WHOLE = "whole"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialNetwork:
    """One forbidden network."""

    network: IpNetwork
    what: str
    opened_by: OpenedBy
    low: int
    mask: int
    carries: Callable[[int], tuple[int, ...]]
    """Takes the IPv4 addresses out of an IPv6 address that holds some."""


def _no_inner(_address: int) -> tuple[int, ...]:
    return ()


def _low_32_bits(address: int) -> tuple[int, ...]:
    """RFC 4291 §2.5.5; RFC 6052 §2.2 with a /96."""
    return (address & 0xFFFFFFFF,)


def _six_to_four(address: int) -> tuple[int, ...]:
    """RFC 3056 §2."""
    return ((address >> 80) & 0xFFFFFFFF,)


def _teredo(address: int) -> tuple[int, ...]:
    """RFC 4380 §4: the server, and the client with its bits turned."""
    return ((address >> 64) & 0xFFFFFFFF, ~address & 0xFFFFFFFF)


def _special(
    network: str,
    what: str,
    opened_by: OpenedBy = OpenedBy.NETWORK,
    carries: Callable[[int], tuple[int, ...]] = _no_inner,
) -> SpecialNetwork:
    parsed = ipaddress.ip_network(network)
    return SpecialNetwork(
        network=parsed,
        what=what,
        opened_by=opened_by,
        low=int(parsed.network_address),
        mask=int(parsed.netmask),
        carries=carries,
    )


RULES_V4 = (
    # A single address stands before the network that holds it: the first rule that fits decides.
    _special("0.0.0.0/8", "this host", OpenedBy.NEVER),
    _special("10.0.0.0/8", "private network"),
    _special("100.100.100.200/32", "cloud metadata", OpenedBy.EXACT),
    _special("100.64.0.0/10", "carrier-grade NAT"),
    _special("127.0.0.0/8", "loopback", OpenedBy.WHOLE),
    _special("168.63.129.16/32", "cloud metadata", OpenedBy.EXACT),
    _special("169.254.0.0/16", "link-local and cloud metadata", OpenedBy.EXACT),
    _special("172.16.0.0/12", "private network"),
    _special("192.0.0.192/32", "cloud metadata", OpenedBy.EXACT),
    _special("192.0.0.0/24", "protocol assignments"),
    _special("192.0.2.0/24", "documentation"),
    _special("192.88.99.0/24", "6to4 relays"),
    _special("192.168.0.0/16", "private network"),
    _special("198.18.0.0/15", "benchmarking"),
    _special("198.51.100.0/24", "documentation"),
    _special("203.0.113.0/24", "documentation"),
    _special("224.0.0.0/4", "multicast", OpenedBy.NEVER),
    _special("255.255.255.255/32", "broadcast", OpenedBy.NEVER),
    _special("240.0.0.0/4", "reserved"),
)

RULES_V6 = (
    _special("::/128", "this host", OpenedBy.NEVER),
    _special("::1/128", "loopback", OpenedBy.WHOLE),
    _special("::/96", "IPv4 in IPv6, compatible", carries=_low_32_bits),
    _special("::ffff:0:0/96", "IPv4 in IPv6, mapped", carries=_low_32_bits),
    _special("64:ff9b::/96", "NAT64", carries=_low_32_bits),
    _special("64:ff9b:1::/48", "NAT64, local", carries=_low_32_bits),
    _special("100::/64", "discard", OpenedBy.NEVER),
    _special("2001::/32", "Teredo", carries=_teredo),
    _special("2001:db8::/32", "documentation"),
    _special("2002::/16", "6to4", carries=_six_to_four),
    _special("3fff::/20", "documentation"),
    _special("5f00::/16", "segment routing"),
    _special("fd00:ec2::254/128", "cloud metadata", OpenedBy.EXACT),
    _special("fd20:ce::254/128", "cloud metadata", OpenedBy.EXACT),
    _special("fc00::/7", "private network"),
    _special("fe80::/10", "link-local", OpenedBy.EXACT),
    _special("fec0::/10", "site-local"),
    _special("ff00::/8", "multicast", OpenedBy.NEVER),
)


def refusal(
    address: str,
    port: int,
    networks: AllowedNetworks,
    *,
    own_ports: frozenset[int] = frozenset(),
    services: frozenset[int] = SERVICE_PORTS,
) -> str:
    """Say why `address` (numeric, as in a sockaddr) and `port` may not be connected to; empty: they may.

    `own_ports` are those that Switchhook itself listens on, `services` those that only a network with the
    port opens.
    """
    ip = _parsed(address)
    return _address_refusal(ip, port, networks) or _port_refusal(
        ip, port, networks, own_ports, services
    )


@lru_cache(maxsize=1_000)
def _parsed(address: str) -> Address:
    return ipaddress.ip_address(address)


def literal(host: str) -> str:
    """Return the numeric address that a host is without a look-up, in whatever spelling; "" for a name.

    `127.1`, `0x7f000001` and `2130706433` are what the system's resolver takes for 127.0.0.1, and
    `localhost` is (RFC 6761 §6.3).
    """
    bare = host.removeprefix("[").removesuffix("]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(bare))
    except OSError:
        return ""


def _address_refusal(ip: Address, port: int, networks: AllowedNetworks) -> str:
    rule = _rule_for(ip)
    if rule is None:
        return ""
    if not _is_open(rule, ip, port, networks):
        return f"it lies in {rule.network} ({rule.what}){_REMEDY[rule.opened_by]}"
    for inner in rule.carries(int(ip)):
        if reason := _address_refusal(IPv4Address(inner), port, networks):
            return f"it carries an IPv4 address, and {reason}"
    return ""


_REMEDY = {
    OpenedBy.NETWORK: "; if that is meant, an operator adds the network to allowed_networks in the project file",
    OpenedBy.EXACT: "; if that is meant, an operator adds this very address to allowed_networks in the project file",
    OpenedBy.WHOLE: "; if that is meant, an operator adds this very address to allowed_networks in the project file",
    OpenedBy.NEVER: ", which nothing can be in that is called or asked",
}


def _rule_for(ip: Address) -> SpecialNetwork | None:
    number = int(ip)
    for rule in RULES_V4 if ip.version == 4 else RULES_V6:
        if number & rule.mask == rule.low:
            return rule
    return None


def _is_open(rule: SpecialNetwork, ip: Address, port: int, networks: AllowedNetworks) -> bool:
    if rule.opened_by is OpenedBy.NEVER:
        return False
    for allowed in networks.networks:
        if allowed.port not in {None, port} or ip not in allowed.network:
            continue
        if rule.opened_by is OpenedBy.NETWORK or allowed.is_one_address:
            return True
        if rule.opened_by is OpenedBy.WHOLE and allowed.network == rule.network:
            return True
    return False


def _port_refusal(
    ip: Address,
    port: int,
    networks: AllowedNetworks,
    own_ports: frozenset[int],
    services: frozenset[int],
) -> str:
    closed = services if _rule_for(ip) is None else services | PRIVATE_PORTS
    if port not in closed and port not in own_ports:
        return ""
    if any(allowed.port == port and ip in allowed.network for allowed in networks.networks):
        return ""
    own = "is one that Switchhook itself listens on"
    what = own if port in own_ports else "belongs to a service of another kind"
    return (
        f"port {port} {what}; if it is meant, an operator adds the address with that port "
        "to allowed_networks in the project file"
    )
