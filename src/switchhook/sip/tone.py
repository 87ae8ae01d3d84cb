"""One RTP stream each way (RFC 3550): a test tone goes out, what comes in is counted."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from switchhook.sip.sdp import PCMA, PCMU
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.sip.sdp import Format

SECONDS: Final = 0.02
"""Of sound in a packet."""
_SAMPLES: Final = 160
_HEADER: Final = struct.Struct("!BBHII")
_VERSION: Final = 0x80
_MARKER: Final = 0x80

# A period of 1 kHz at 0 dBm0, the digital milliwatt of ITU-T G.711 tables 5 and 6.
_MILLIWATT: Final = {
    PCMU.encoding: bytes.fromhex("1e0b0b1e9e8b8b9e"),
    PCMA.encoding: bytes.fromhex("34212134b4a1a1b4"),
}
SOUND: Final = {law: period * (_SAMPLES // len(period)) for law, period in _MILLIWATT.items()}


class Tone:
    """A socket on a free port of `host`. `received` counts RTP packets, `heard` those with the tone.

    Nothing is resolved: a stranger's address that is not numeric is not sent to.
    """

    def __init__(self, host: str) -> None:
        self.received = 0
        self.heard = 0
        self.sent = 0
        self.last_payload = b""
        self._news = asyncio.Event()
        self._target: tuple[str, int] | None = None
        self._format = PCMU
        self._player: asyncio.Task[None] | None = None
        self._number = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self._source = secrets.randbits(32)
        self._socket = socket.socket(_family(host), socket.SOCK_DGRAM)
        self._socket.settimeout(0.0)
        try:
            self._socket.bind((host, 0))
        except OSError:
            self._socket.close()
            raise
        self.port = int(self._socket.getsockname()[1])
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def play(self, host: str, port: int, sound: Format) -> None:
        """Send the tone to another place, or in another format, from now on."""
        self._target, self._format = (host, port), sound
        if self._player is None:
            self._player = spawn(self._play(), name=f"tone from port {self.port}")

    def pause(self) -> None:
        """Send nothing until `play`."""
        self._target = None

    async def hears(self, packets: int) -> None:
        """Wait until this many packets more have come in with the tone."""
        wanted = self.heard + packets
        while self.heard < wanted:
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        """Stop, and give the port back."""
        if self._player is not None:
            self._player.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due, marker = loop.time(), _MARKER
        while True:
            if self._target is None:
                marker = _MARKER  # sound begins anew after a pause (RFC 3551 §4.1)
            else:
                self._send(self._target, marker)
                marker = 0
            self._timestamp = (self._timestamp + _SAMPLES) & 0xFFFFFFFF
            due += SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self, target: tuple[str, int], marker: int) -> None:
        sound = self._format
        header = _HEADER.pack(
            _VERSION, marker | sound.payload, self._number, self._timestamp, self._source
        )
        self._number = (self._number + 1) & 0xFFFF
        try:
            ip_address(target[0])
            self._socket.sendto(header + SOUND[sound.encoding.upper()], target)
        except (OSError, ValueError):
            return  # as good as lost on the way
        self.sent += 1

    def _read(self) -> None:
        try:
            data = self._socket.recv(2048)
        except OSError:
            return
        if len(data) < _HEADER.size or data[0] & 0xC0 != _VERSION:
            return
        self.received += 1
        self.last_payload = data[_HEADER.size :]
        self.heard += self.last_payload in SOUND.values()
        self._news.set()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
