"""The SIP messages of a call as lines of text, as JSON and as a pcap file."""

from __future__ import annotations

import struct
from collections import defaultdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from switchhook.views.text import one_line
from switchhook.views.timeline import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.storage.captures import SipCapture, SipMessage

PCAP_TYPE: Final = "application/vnd.tcpdump.pcap"
"""The media type of what `pcap` writes."""


def sip_line(message: SipMessage) -> Line:
    """Say what a message is, and where it came from or went to."""
    host, port = message.remote
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    arrow, to = ("⇢", "to") if message.is_sent else ("⇠", "from")
    return Line(
        at=message.at,
        sign=arrow,
        text=one_line(f"SIP {first_line(message)} {to} {where} ({message.transport})"),
        style="dim",
    )


def first_line(message: SipMessage) -> str:
    """Return the method and URI of a request, or the status of a response with its method."""
    first = message.data.partition(b"\r\n")[0].decode("utf-8", "replace")
    if first.startswith("SIP/2.0 "):
        method = next(
            (
                line.rpartition(b" ")[2].decode("ascii", "replace")
                for line in message.data.split(b"\r\n")
                if line[:5].lower() == b"cseq:"
            ),
            "",
        )
        return f"{first.removeprefix('SIP/2.0 ')} ({method})"
    return first.removesuffix(" SIP/2.0")


def sip_capture(capture: SipCapture) -> dict[str, Any]:
    """Return the messages for programs."""
    return {
        "messages": [
            {
                "at": message.at,
                "direction": "sent" if message.is_sent else "received",
                "transport": message.transport,
                "local": {"host": message.local[0], "port": message.local[1]},
                "remote": {"host": message.remote[0], "port": message.remote[1]},
                "first_line": first_line(message),
                "message": message.data.decode("utf-8", "replace"),
            }
            for message in capture.messages
        ],
        "left_out": capture.left_out,
    }


# By hand: the libraries that write pcap bring a packet dissector along, or a licence that ours cannot go with.

RAW_IP: Final = 101
"""LINKTYPE_RAW: each packet begins with its IP header."""
_UDP, _TCP = 17, 6
_PUSH_ACK: Final = 0x18


def pcap(capture: SipCapture) -> bytes:
    """Return a pcap file (version 2.4, in microseconds) of the messages, each in an IP packet as it may have been."""
    return b"".join(
        (
            struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP),
            *_packets(capture.messages),
        )
    )


def _packets(messages: Iterable[SipMessage]) -> Iterator[bytes]:
    sent: dict[tuple[object, ...], int] = defaultdict(lambda: 1)
    for message in messages:
        source, target = message.local, message.remote
        if not message.is_sent:
            source, target = target, source
        if message.transport == "TCP":
            flow, back = (*source, *target), (*target, *source)
            packet = _tcp(source, target, message.data, sent[flow], sent[back])
            sent[flow] += len(message.data)
        else:
            packet = _udp(source, target, message.data)
        micros = round(message.at * 1_000_000)
        yield struct.pack("<IIII", *divmod(micros, 1_000_000), len(packet), len(packet)) + packet


def _udp(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    length = 8 + len(data)
    head = struct.pack("!HHHH", source[1], target[1], length, 0)
    checksum = _transport_checksum(source[0], target[0], _UDP, head + data) or 0xFFFF
    return _ip(source[0], target[0], _UDP, head[:6] + struct.pack("!H", checksum) + data)


def _tcp(
    source: tuple[str, int], target: tuple[str, int], data: bytes, sequence: int, acknowledged: int
) -> bytes:
    numbers = sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
    head = struct.pack(
        "!HHIIBBHHH", source[1], target[1], *numbers, 5 << 4, _PUSH_ACK, 65_535, 0, 0
    )
    checksum = _transport_checksum(source[0], target[0], _TCP, head + data)
    return _ip(
        source[0], target[0], _TCP, head[:16] + struct.pack("!H", checksum) + head[18:] + data
    )


def _ip(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    """Put a payload into an IP packet (RFC 791, RFC 8200)."""
    ours, theirs = _addresses(source, target)
    if isinstance(ours, IPv6Address):
        head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
        return head + ours.packed + theirs.packed + payload
    length = 20 + len(payload)
    head = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, protocol, 0)
    head += ours.packed + theirs.packed
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def _transport_checksum(source: str, target: str, protocol: int, segment: bytes) -> int:
    ours, theirs = _addresses(source, target)
    pseudo = (
        struct.pack("!II", len(segment), protocol)
        if isinstance(ours, IPv6Address)
        else struct.pack("!BBH", 0, protocol, len(segment))
    )
    return _checksum(ours.packed + theirs.packed + pseudo + segment)


def _addresses(
    source: str, target: str
) -> tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address]:
    """Return two addresses of one family; a name that is no address stands as 0.0.0.0."""
    ours, theirs = _address(source), _address(target)
    if isinstance(ours, IPv6Address) or isinstance(theirs, IPv6Address):
        return _mapped(ours), _mapped(theirs)
    return ours, theirs


def _address(host: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(host)
    except ValueError:
        return IPv4Address(0)


def _mapped(address: IPv4Address | IPv6Address) -> IPv6Address:
    return address if isinstance(address, IPv6Address) else IPv6Address(f"::ffff:{address}")


def _checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
