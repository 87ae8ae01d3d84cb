"""One RTP stream each way (RFC 3550): a test tone or keys go out, what comes in is counted."""

from __future__ import annotations

import asyncio
import secrets
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.dtmf import dtmf_payloads
from switchhook.sip.rtp.sender import DtmfSender, InitialNumbers, RtpSender
from switchhook.sip.wire.sdp import PCMA, PCMU
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.sip.rtp.packet import RtpPacket
    from switchhook.sip.wire.sdp import Format

SECONDS: Final = 0.02
"""Of sound in a packet."""
_SAMPLES: Final = 160
_HEADER: Final = 12
_VERSION: Final = 0x80

# A period of 1 kHz at 0 dBm0, the digital milliwatt of ITU-T G.711 tables 5 and 6.
_MILLIWATT: Final = {
    PCMU.encoding: bytes.fromhex("1e0b0b1e9e8b8b9e"),
    PCMA.encoding: bytes.fromhex("34212134b4a1a1b4"),
}
SOUND: Final = {law: period * (_SAMPLES // len(period)) for law, period in _MILLIWATT.items()}


class ToneStream:
    """A socket on a free port of `host`. `received` counts RTP packets, `heard` those with the tone.

    Nothing is resolved: an address that is not numeric is not sent to.
    """

    def __init__(self, host: str) -> None:
        self.received = 0
        self.heard = 0
        self.sent = 0
        self.last_payload = b""
        self.voice: Mapping[str, bytes] = SOUND
        """20 ms of what goes out, by encoding, over and over."""
        self.kept: bytearray | None = None
        """The received packets, once a list is set."""
        self._news = asyncio.Event()
        self.target: tuple[str, int] | None = None
        """Where it plays to."""
        self._format = PCMU
        self._player: asyncio.Task[None] | None = None
        self._events: int | None = None
        self._dtmf = DtmfSender()
        self._sender = RtpSender(
            InitialNumbers(
                source=secrets.randbits(32),
                number=secrets.randbits(16),
                timestamp=secrets.randbits(32),
            )
        )
        self._socket = socket.socket(_family(host), socket.SOCK_DGRAM)
        self._socket.settimeout(0.0)
        try:
            self._socket.bind((host, 0))
        except OSError:
            self._socket.close()
            raise
        self.port = int(self._socket.getsockname()[1])
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def play(self, host: str, port: int, sound: Format, events: int | None = None) -> None:
        """Send the tone to another place, or in another format, from now on.

        `events` is the payload number of keys there (RFC 4733); without one, keys are not sent.
        """
        self.target, self._format, self._events = (host, port), sound, events
        if self._player is None:
            self._player = spawn(self._play(), name=f"tone from port {self.port}")

    def press(self, digits: str, duration: int = 100) -> None:
        """Press keys, one after another, each for so many milliseconds, in place of the tone."""
        for digit in digits:
            self._dtmf.add(dtmf_payloads(digit, duration))

    def pause(self) -> None:
        """Send nothing until `play`."""
        self.target = None

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
        due, ticks = loop.time(), 0
        while True:
            if self.target is None:
                self._sender.pause()
            else:
                self._send(self.target, ticks)
            ticks += 1
            due += SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self, target: tuple[str, int], ticks: int) -> None:
        packet: RtpPacket | None
        if self._dtmf and self._events is not None:
            packet = self._dtmf.next(self._sender, self._events, ticks)
        else:
            frame = self.voice[self._format.encoding.upper()]
            packet = self._sender.frame(self._format.payload, frame, ticks)
        if packet is None:
            return
        try:
            ip_address(target[0])
            self._socket.sendto(bytes(packet), target)
        except (OSError, ValueError):
            return  # as good as lost on the way
        self.sent += 1

    def _read(self) -> None:
        try:
            data = self._socket.recv(2048)
        except OSError:
            return
        if len(data) < _HEADER or data[0] & 0xC0 != _VERSION:
            return
        self.received += 1
        self.last_payload = data[_HEADER:]
        if self.kept is not None:
            self.kept += self.last_payload
        self.heard += self.last_payload in SOUND.values()
        self._news.set()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
