"""Our end of one RTP stream pair: classifies incoming packets, and chooses outgoing ones. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.sip.rtp.dtmf import DtmfReceiver, dtmf_payloads, is_dtmf
from switchhook.sip.rtp.g711 import A_LAW, MU_LAW, Law
from switchhook.sip.rtp.packet import RtpPacket, is_rtcp
from switchhook.sip.rtp.sender import DtmfSender, InitialNumbers, RtpSender
from switchhook.sip.rtp.symmetric_rtp import SymmetricRtp
from switchhook.sip.wire.formats import TELEPHONE_EVENT

if TYPE_CHECKING:
    from switchhook.sip.rtp.commands import FarEnd
    from switchhook.sip.rtp.player import Player
    from switchhook.sip.rtp.symmetric_rtp import RtpAddress

FIRST_DYNAMIC: Final = 96
"""The first payload number whose meaning is agreed on for each call (RFC 3551 §6)."""
_STATIC: Final = {MU_LAW.payload: MU_LAW, A_LAW.payload: A_LAW}


class Stream:
    """One stream pair. `name` and `call` are its user's, `start` its first numbers."""

    def __init__(self, name: str, call: str, start: InitialNumbers, now: float) -> None:
        self.name = name
        self.call = call
        self.symmetric_rtp = SymmetricRtp()
        self.received_at = now
        """When the last packet came, or the last pause ended."""
        self.connected: Stream | None = None
        self.player: Player | None = None
        self.background: Player | None = None
        self.on_hold = False
        self.may_be_silent = False
        self.received = 0
        self.sender = RtpSender(start)
        self._far: FarEnd | None = None
        self._laws: dict[int, Law] = dict(_STATIC)
        self._keys: frozenset[int] = frozenset()
        self._receiver = DtmfReceiver()
        self._dtmf = DtmfSender()

    def set_far_end(self, far: FarEnd, now: float) -> None:
        """Take what a session description says: a sign of life too."""
        self.received_at = now
        self._far = far
        self.on_hold = far.on_hold
        self.may_be_silent = far.on_hold or far.listens_only
        self._laws = {**_STATIC, far.payload: far.law}
        self._keys = _numbers_of_keys(far)
        self.symmetric_rtp.expect(far.address, far.also_from)

    # What comes in

    def receive(self, data: bytes, source: RtpAddress, now: float) -> RtpPacket | None:
        """Return the packet of a datagram of ours; None for one from elsewhere, RTCP, or nonsense."""
        packet = RtpPacket.parse(data)
        if packet is None and not is_rtcp(data):
            return None
        if not self.symmetric_rtp.admits(source, now):
            return None
        self.received_at = now
        if packet is not None:
            self.received += 1
        return packet

    def law_of(self, packet: RtpPacket) -> Law | None:
        """Return the law of a packet that holds sound; None for another, as one of a key."""
        return None if self.is_dtmf(packet) else self._laws.get(packet.payload)

    def dtmf_of(self, packet: RtpPacket) -> str:
        """Return the key whose press this packet is the first to tell of."""
        return self._receiver.receive(packet) if self.is_dtmf(packet) else ""

    def is_dtmf(self, packet: RtpPacket) -> bool:
        """Tell whether a packet is one of a key.

        An unnegotiated dynamic payload type (RFC 3551 §6) carries keys when its content can be nothing else:
        the negotiated sound has another number.
        """
        if packet.payload in self._keys:
            return True
        strange = packet.payload >= FIRST_DYNAMIC and packet.payload not in self._laws
        return strange and is_dtmf(packet.body)

    # What goes out

    @property
    def target(self) -> RtpAddress | None:
        """Where to send; None when the other end receives nothing."""
        return None if self.on_hold else self.symmetric_rtp.target

    @property
    def law(self) -> Law:
        """The law of what goes out."""
        return MU_LAW if self._far is None else self._far.law

    @property
    def events(self) -> int | None:
        """The payload of keys."""
        return None if self._far is None else self._far.events

    @property
    def is_playing(self) -> bool:
        """Whether something of ours is played, so that the connected stream is not heard."""
        return self.player is not None or self.background is not None

    @property
    def is_busy(self) -> bool:
        """Whether the clock has something for this stream."""
        return self.is_playing or bool(self._dtmf)

    def send_dtmf(self, digits: str, duration: int) -> None:
        """Send keys, one after another; a far end that does not speak of keys gets none."""
        if self._far is not None and self._far.events is not None:
            for digit in digits:
                self._dtmf.add(dtmf_payloads(digit, duration))

    def relay(
        self, packet: RtpPacket, sound: tuple[Law, bytes] | None, ticks: int
    ) -> RtpPacket | None:
        """Return what of a connected stream's packet goes out here; `sound` is None for a key."""
        far = self._far
        if far is None or self.is_busy:
            return None
        if sound is not None:
            law, body = sound
            return self.sender.relay(packet, far.payload, law.to(far.law, body), ticks)
        if far.events is None:
            return None
        return self.sender.relay(packet, far.events, packet.body, ticks)

    def tick(self, ticks: int) -> tuple[RtpPacket | None, str]:
        """Return what is due, and the name of a playback that is over."""
        far = self._far
        if far is None:
            return None, ""
        if self._dtmf and far.events is not None:
            return self._dtmf.next(self.sender, far.events, ticks), ""
        player = self.player or self.background
        if player is None:
            return None, ""
        frame = player.next(far.law)
        packet = self.sender.frame(far.payload, frame, ticks) if frame else None
        return packet, self._finish(player) if player.is_over else ""

    def _finish(self, player: Player) -> str:
        if player is self.player:
            self.player = None
        else:
            self.background = None
        if not self.is_playing:
            self.sender.pause()
        return player.playback


def _numbers_of_keys(far: FarEnd) -> frozenset[int]:
    """Return what keys come under: the number that the telephone named, and ours.

    An answer names the formats that its sender receives; it may send those of our offer (RFC 3264 §5.1).
    """
    if far.events is None:
        return frozenset()
    ours = frozenset({TELEPHONE_EVENT.payload}) - {far.payload}
    return ours | {far.events}
