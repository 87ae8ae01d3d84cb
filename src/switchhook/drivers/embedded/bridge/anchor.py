"""The session descriptions of a call whose media is anchored here. Pure.

Each leg then has a session of its own with us. We answer the caller's offer and send our own to the called
legs. We answer later offers too, so that hold, prompts, keys and recordings concern one leg alone. Only G.711
is offered then; a telephone without it gets 488 (RFC 3264 §6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from switchhook.drivers.embedded.call_part import CallPart
from switchhook.sip.rtp.commands import CloseStream, ConnectStreams, FarEnd, SetFarEnd
from switchhook.sip.rtp.g711 import LAWS
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.sdp import SessionDescription, answer_audio, build_audio

SDP: Final = (("Content-Type", "application/sdp"),)


@dataclass(slots=True)
class MediaLine:
    """Our end of one leg's sound: its address, and the descriptions sent."""

    host: str
    port: int
    session: int
    also_from: tuple[str, ...] = ()
    version: int = 0
    described: bytes = b""
    """The telephone's last description."""


class Anchor:
    """Our ends of one call, by leg. `call` names the streams together with the leg."""

    def __init__(self, call: str) -> None:
        self.call = call
        self._lines: dict[str, MediaLine] = {}

    def stream(self, leg: str) -> str:
        """Return the id of a leg's stream."""
        return str(CallPart(self.call, leg))

    def playback(self, name: str) -> str:
        """Return the id of a playback of the call."""
        return str(CallPart(self.call, name))

    def has(self, leg: str) -> bool:
        """Say whether a leg's sound is led through us."""
        return leg in self._lines

    def add(self, leg: str, line: MediaLine) -> None:
        """Take our end of a leg, whose stream was opened."""
        self._lines[leg] = line

    def line(self, leg: str) -> MediaLine | None:
        """Return our end of a leg."""
        return self._lines.get(leg)

    def offer(self, leg: str) -> bytes:
        """Describe our end, in both laws and with keys."""
        line = self._lines[leg]
        line.version += 1
        described = build_audio(line.host, line.port, session_id=line.session, version=line.version)
        return bytes(described)

    def answer(self, leg: str, offer: bytes) -> tuple[bytes, list[SetFarEnd]] | None:
        """Answer an offer; None (488) without a common codec."""
        line = self._lines[leg]
        theirs = _read(offer)
        if theirs is None:
            return None
        ours = answer_audio(
            theirs, line.host, line.port, session_id=line.session, version=line.version + 1
        )
        described = self.describe(leg, offer)
        if ours is None or not described:
            return None
        line.version += 1
        return bytes(ours), described

    def describe(self, leg: str, body: bytes) -> list[SetFarEnd]:
        """Take a telephone's description, unless it cannot be anchored."""
        line = self._lines[leg]
        theirs = _read(body)
        far_end = None if theirs is None else _far_end(theirs, line.also_from)
        if far_end is None:
            return []
        line.described = body
        return [SetFarEnd(stream=self.stream(leg), far_end=far_end)]

    def has_described(self, leg: str) -> bool:
        """Say whether a telephone has described itself, so that there is a session to fall back on."""
        line = self._lines.get(leg)
        return line is not None and bool(line.described)

    def described(self, leg: str) -> list[SetFarEnd]:
        """Say again what a telephone said of itself last: from now on it should be heard."""
        line = self._lines.get(leg)
        return self.describe(leg, line.described) if line is not None and line.described else []

    def store(self, leg: str) -> dict[str, str | int | list[str]]:
        """Return what `restore` makes our end of a leg from, for JSON."""
        line = self._lines[leg]
        return {
            "host": line.host,
            "port": line.port,
            "session": line.session,
            "version": line.version,
            "also_from": list(line.also_from),
            "described": line.described.decode("latin-1"),
        }

    def restore(self, leg: str, stored: dict[str, Any]) -> MediaLine:
        """Take our end of a leg up again; raise KeyError or TypeError for what `store` did not make."""
        line = MediaLine(
            host=str(stored["host"]),
            port=int(stored["port"]),
            session=int(stored["session"]),
            version=int(stored["version"]),
            also_from=tuple(map(str, stored["also_from"])),
            described=str(stored["described"]).encode("latin-1"),
        )
        self._lines[leg] = line
        return line

    @property
    def legs(self) -> tuple[str, ...]:
        """The legs whose sound is led through us."""
        return tuple(self._lines)

    def is_on_hold(self, leg: str) -> bool:
        """Say whether a leg's telephone has put us on hold."""
        line = self._lines.get(leg)
        theirs = None if line is None else _read(line.described)
        return theirs is not None and theirs.is_hold

    def supports_dtmf(self, leg: str) -> bool:
        """Say whether a leg's telephone has RTP events for keys."""
        line = self._lines.get(leg)
        theirs = None if line is None else _read(line.described)
        audio = None if theirs is None else theirs.audio
        return audio is not None and audio.telephone_event is not None

    def join(self, one: str, other: str) -> list[ConnectStreams]:
        """Connect two legs."""
        if not (self.has(one) and self.has(other)):
            return []
        return [ConnectStreams(one=self.stream(one), other=self.stream(other))]

    def close(self, leg: str) -> list[CloseStream]:
        """End a leg's sound."""
        if self._lines.pop(leg, None) is None:
            return []
        return [CloseStream(stream=self.stream(leg))]


def missing_in(body: bytes) -> tuple[int, str]:
    """Return why this description cannot be anchored: a Warning code (§20.43), and words."""
    theirs = _read(body)
    if theirs is None:
        return 399, "the session description cannot be read" if body else "no session was described"
    audio = theirs.audio
    if audio is None:
        kinds = " and ".join(dict.fromkeys(m.kind for m in theirs.media if m.port))
        return 304, f"{kinds or 'nothing'} is described, and no sound"
    if not audio.is_plain:
        return 302, f"encrypted sound alone is described ({audio.protocol})"
    names = ", ".join(known.encoding for known in audio.formats if not known.is_telephone_event)
    return 305, f"{names or 'no known encoding'} alone is described"


def can_anchor(offer: bytes) -> bool:
    """Say whether this offer can be anchored; without one, we make the offer."""
    theirs = _read(offer)
    return not offer or (theirs is not None and _far_end(theirs, ()) is not None)


def _read(body: bytes) -> SessionDescription | None:
    try:
        return SessionDescription.parse(body)
    except SipError:
        return None


def _far_end(theirs: SessionDescription, also_from: tuple[str, ...]) -> FarEnd | None:
    audio = theirs.audio
    if audio is None or not audio.is_plain:
        return None
    for known in audio.formats:
        law = LAWS.get(known.encoding.upper())
        if law is not None and known.rate == 8000 and known.channels == 1:
            return FarEnd(
                address=theirs.audio_address,
                law=law,
                payload=known.payload,
                events=audio.telephone_event,
                also_from=also_from,
                on_hold=theirs.is_hold,
                listens_only=theirs.direction == "recvonly",
            )
    return None
