"""The SIP messages of a call stand in its timeline, and Wireshark reads them with their addresses, times and content."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from switchhook.storage.captures import SipCapture, SipMessage, pack, unpack
from switchhook.storage.records import UnreadableError
from switchhook.views.sip_messages import pcap, sip_capture, sip_line
from tests.support.programs import require

if TYPE_CHECKING:
    from pathlib import Path

INVITE = (
    b"INVITE sip:101@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nCall-ID: one@x\r\n"
    b"From: <sip:a@x>;tag=1\r\nTo: <sip:101@pbx.example>\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
RINGING = INVITE.replace(b"INVITE sip:101@pbx.example SIP/2.0", b"SIP/2.0 180 Ringing")
RECEIVED = SipMessage(
    at=1_700_000_000.25,
    is_sent=False,
    transport="UDP",
    local=("198.51.100.9", 5060),
    remote=("192.0.2.1", 5070),
    data=INVITE,
)
SENT = replace(RECEIVED, at=1_700_000_000.5, is_sent=True, data=RINGING)
SIX = {"local": ("2001:db8::9", 5060), "remote": ("2001:db8::1", 5070)}
CAPTURES = {
    "udp over IPv4": SipCapture(messages=(RECEIVED, SENT)),
    "udp over IPv6": SipCapture(messages=tuple(replace(one, **SIX) for one in (RECEIVED, SENT))),
    "tcp": SipCapture(messages=tuple(replace(one, transport="TCP") for one in (RECEIVED, SENT))),
}


@pytest.mark.parametrize("name", sorted(CAPTURES))
def test_tshark_reads_each_message(name: str, tmp_path: Path) -> None:
    tshark = require("tshark")
    file = tmp_path / "call.pcap"
    file.write_bytes(pcap(CAPTURES[name]))
    fields: tuple[str, ...] = ("sip.Request-Line", "sip.Status-Line", "sip.Call-ID")
    fields += ("frame.time_epoch",)
    address = "ipv6" if "IPv6" in name else "ip"
    proto = "tcp" if name == "tcp" else "udp"
    fields += (f"{address}.src", f"{proto}.srcport", f"{proto}.checksum.status")
    check = ("-o", f"{proto}.check_checksum:TRUE")
    wanted = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        [tshark, "-r", str(file), "-n", *check, "-T", "fields", "-E", "separator=|", *wanted],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    source = CAPTURES[name].messages[0]
    assert done.stdout.splitlines() == [
        f"INVITE sip:101@pbx.example SIP/2.0||one@x|1700000000.250000000|{source.remote[0]}|5070|1",
        f"|SIP/2.0 180 Ringing|one@x|1700000000.500000000|{source.local[0]}|5060|1",
    ]


@pytest.mark.parametrize("name", sorted(CAPTURES))
def test_the_file_holds_each_message_whole_and_in_order(name: str) -> None:
    data = pcap(CAPTURES[name])
    assert struct.unpack("<IHHiIII", data[:24]) == (0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    place = 24
    for message in CAPTURES[name].messages:
        seconds, micros, length, whole = struct.unpack("<IIII", data[place : place + 16])
        assert seconds + micros / 1e6 == message.at
        assert length == whole
        place += 16 + length
        assert data[:place].endswith(message.data)
    assert place == len(data)


def test_a_name_that_is_no_address_is_written_all_the_same() -> None:
    odd = replace(RECEIVED, local=("pbx.example", 5060), remote=("2001:db8::1", 5070))
    assert INVITE in pcap(SipCapture(messages=(odd,)))


def test_lines_say_what_came_from_where() -> None:
    assert sip_line(RECEIVED).text == "SIP INVITE sip:101@pbx.example from 192.0.2.1:5070 (UDP)"
    assert sip_line(SENT).text == "SIP 180 Ringing (INVITE) to 192.0.2.1:5070 (UDP)"
    assert "to [2001:db8::1]:5070" in sip_line(replace(SENT, remote=("2001:db8::1", 5070))).text
    bare = sip_line(replace(SENT, data=b"\x1b[31mSIP/2.0 200")).text
    assert "\x1b" not in bare


def test_programs_get_the_messages_with_their_addresses() -> None:
    told = sip_capture(SipCapture(messages=(SENT,), left_out=3))
    assert told == {
        "messages": [
            {
                "at": 1_700_000_000.5,
                "direction": "sent",
                "transport": "UDP",
                "local": {"host": "198.51.100.9", "port": 5060},
                "remote": {"host": "192.0.2.1", "port": 5070},
                "first_line": "180 Ringing (INVITE)",
                "message": RINGING.decode(),
            }
        ],
        "left_out": 3,
    }


@pytest.mark.parametrize("name", sorted(CAPTURES))
def test_what_is_stored_is_read_back(name: str) -> None:
    assert unpack(pack(CAPTURES[name])) == CAPTURES[name]


def test_what_is_damaged_says_so() -> None:
    with pytest.raises(UnreadableError):
        unpack(b"damaged")
