"""The SIP messages of a call, as they are kept with it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from switchhook.storage.records import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence


class SipMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, without secrets."""

    at: float
    """Unix seconds when it came, or went out."""
    is_sent: bool
    """Whether we sent it; else we received it."""
    transport: str
    """`UDP` or `TCP`."""
    local: tuple[str, int]
    """Our address and port."""
    remote: tuple[str, int]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SipCapture:
    """The messages of a call in the order of time."""

    messages: tuple[SipMessage, ...] = ()
    left_out: int = 0
    """How many more there were than are kept of one call."""


class SipCaptures(Protocol):
    """Keeps the SIP messages of calls for as long as the calls."""

    async def save_sip_captures(self, captures: Sequence[tuple[str, bytes]]) -> None:
        """Store packed captures, each behind the id of its call; nothing of a call that is gone, or has one."""

    async def sip_capture(self, project: str, call: str) -> SipCapture | None:
        """Return the capture of a project's call, or None. Raises UnreadableError."""


_LEVEL: Final = 1
_WINDOW_BITS: Final = 13
_MEMORY: Final = 6
"""Messages of a call resemble the ones just before: with tables this small, to compress them takes a fifth
less than with the usual ones, and they get no larger."""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SipCapture)


def pack(capture: SipCapture) -> bytes:
    """Return what is stored of a capture."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY)
    return packer.compress(_encoder.encode(capture)) + packer.flush()


def unpack(stored: bytes) -> SipCapture:
    """Return a stored capture. Raises UnreadableError."""
    try:
        return _decoder.decode(zlib.decompress(stored))
    except (zlib.error, ValueError) as error:
        raise UnreadableError(f"a stored SIP capture cannot be read: {error}") from error
