"""WAV files: any usual one in, 8 kHz 16 bit out.

Reading takes PCM of 8 to 32 bits, floating point and both laws, at any rate, in any number of channels.
The standard library's `wave` reads PCM alone.
"""

from __future__ import annotations

import math
import operator
import struct
import sys
from array import array
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat
from typing import TYPE_CHECKING, BinaryIO, Final

from switchhook.sip.rtp.g711 import A_LAW, MU_LAW
from switchhook.sip.rtp.packet import RATE
from switchhook.sip.rtp.resample import resample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_SECONDS: Final = 600
"""Of a prompt. Longer music loops no worse when it is cut by hand."""
RATES: Final = range(4_000, 192_001)
MOST_CHANNELS: Final = 8
BLOCK: Final = 2_000
"""Frames that are converted at once."""

_CHUNK: Final = struct.Struct("<4sI")
_FORMAT: Final = struct.Struct("<HHIIHH")
_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEAD_SIZE: Final = _HEAD.size
"""Bytes before the sound in a file of ours."""
_EXTENSIBLE: Final = 0xFFFE
_SUBFORMAT: Final = 24
"""Where the tag proper stands in an extensible format chunk."""
_PCM, _FLOAT, _ALAW, _MULAW = 1, 3, 6, 7
_NAMES: Final = {2: "ADPCM", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3", 0xFF: "AAC"}
_FULL: Final = 32767
_AUDIBLE: Final = 1 / 200
"""Of full scale, -46 dB: what never gets louder is next to nothing on a telephone."""
_LOOKED_AT: Final = 40_000
"""Samples, five seconds of 8 kHz, by which sound is judged."""
_FORMS: Final = frozenset({b"RIFF", b"RF64", b"BW64"})
"""The two others are RIFF with sizes of 64 bits, in a chunk `ds64` (EBU Tech 3306, ITU-R BS.2088)."""
_UNKNOWN: Final = 0xFFFFFFFF
_BEHIND: Final = frozenset({b"LIST", b"id3 ", b"ID3 ", b"JUNK", b"bext", b"fact", b"cue ", b"smpl"})
"""Chunks that may follow the sound: where they do so at once, there is none."""
_OTHERS: Final = {
    **dict.fromkeys((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"), "an MP3 file"),
    **dict.fromkeys((b"\xff\xf1", b"\xff\xf9"), "an AAC file"),
    b"OggS": "an Ogg file",
    b"fLaC": "a FLAC file",
    b"FORM": "an AIFF file",
    b".snd": "an AU file",
    b"RIFX": "one of the other byte order",
}
"""How files begin that people take for sound."""


class WavError(Exception):
    """A file is no WAV that can be played. The text says why and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    tag: int
    channels: int
    rate: int
    bits: int
    width: int
    """Bytes that one sample takes, which may be more than its bits need."""


_OURS: Final = _Kind(tag=_PCM, channels=1, rate=RATE, bits=16, width=2)
"""The format that needs no conversion; it is read while calls run."""


def read_wav(data: bytes) -> bytes:
    """Return a file's sound as 8 kHz mono 16-bit PCM in machine order; raise WavError."""
    kind, sound = _find(data)
    width = kind.channels * kind.width
    frames = len(sound) // width
    if not frames:
        raise WavError("the file holds no sound")
    if frames > MOST_SECONDS * kind.rate:
        raise WavError(
            f"the sound takes {frames / kind.rate:.0f} s; {MOST_SECONDS} s are the most, cut it"
        )
    if kind == _OURS and sys.byteorder == "little":
        return bytes(sound[: 2 * frames])
    samples = _mono_samples(kind, sound[: frames * width])
    mono = resample(samples, kind.rate, RATE)
    return array("h", (max(-_FULL, min(_FULL, round(s * _FULL))) for s in mono)).tobytes()


def remark_on(pcm: bytes) -> str:
    """Return "silence" or "noise" words for 8 kHz mono 16-bit PCM that is suspicious; else "".

    A header that names another width or encoding than the sound has makes noise of it. Noise differs from
    speech and music in that each sample says nothing of the next.
    """
    samples = memoryview(pcm).cast("h")
    peak = max((abs(sample) for sample in samples), default=0)
    if not peak:
        return "the sound is silence from its beginning to its end"
    if peak < _FULL * _AUDIBLE:
        loudest = 20 * math.log10(peak / _FULL)
        return f"callers will hear next to nothing: the loudest moment is at {loudest:.0f} dB"
    part = samples[:_LOOKED_AT].tolist()
    power = sum(map(operator.mul, part, part))
    alike = sum(map(operator.mul, part, part[1:]))
    if power / len(part) > (_FULL / 5) ** 2 and abs(alike) < power / 3:
        return (
            "the sound is noise: the file's header may name another width or encoding than it has"
        )
    return ""


def _find(data: bytes) -> tuple[_Kind, memoryview]:
    if len(data) < 12 or data[:4] not in _FORMS or data[8:12] != b"WAVE":
        but = next((f" but {what}" for sign, what in _OTHERS.items() if data.startswith(sign)), "")
        raise WavError(
            f"this is no WAV file{but}; convert it: ffmpeg -i OLD -ar 8000 -ac 1 NEW.wav"
        )
    kind: _Kind | None = None
    for name, body in _chunks(data):
        if name == b"fmt ":
            kind = _kind(body)
        elif name == b"data":
            if kind is None:
                raise WavError("the file says nothing of its format before the sound")
            return kind, body
    raise WavError("the file has no sound in it: there is no data chunk")


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Walk the chunks. One that is longer than the file, as an unfinished recording has, ends with it.

    Behind one of odd length stands a zero, which some programs forget.
    """
    view = memoryview(data)
    place = 12
    long = 0
    while place + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, place)
        place += _CHUNK.size
        if name == b"ds64" and place + 16 <= len(data):
            (long,) = struct.unpack_from("<Q", data, place + 8)
        elif name == b"data" and size == _UNKNOWN:
            size = long or len(data) - place
        elif name == b"data" and not size and data[place : place + 4] not in _BEHIND:
            size = len(data) - place  # a stream without its length
        yield name, view[place : place + size]
        place += size
        if size % 2 and data[place : place + 1] == b"\0":
            place += 1


def _kind(body: memoryview) -> _Kind:
    """Read a format chunk; raise WavError.

    How many bytes a sample takes is told in three ways: by its bits, by the bytes of a block of all
    channels, and by those of a second. Two that agree are believed; 24 bits may stand in four bytes.
    """
    if len(body) < _FORMAT.size:
        raise WavError("the file's format chunk is cut short")
    tag, channels, rate, speed, block, bits = _FORMAT.unpack_from(body)
    if tag == _EXTENSIBLE and len(body) >= _SUBFORMAT + 2:
        (tag,) = struct.unpack_from("<H", body, _SUBFORMAT)
    allowed = {_PCM: range(1, 33), _FLOAT: (32, 64), _ALAW: range(65), _MULAW: range(65)}.get(tag)
    if allowed is None:
        raise WavError(f"{_NAMES.get(tag, f'format {tag:#x}')} cannot be read; save it as PCM")
    if bits not in allowed:
        raise WavError(f"samples of {bits} bits cannot be read; save it as PCM of 16 bits")
    if not 1 <= channels <= MOST_CHANNELS:
        raise WavError(f"{channels} channels cannot be read; 1 to {MOST_CHANNELS} can")
    if rate not in RATES:
        raise WavError(f"a rate of {rate} Hz cannot be read; {RATES[0]} to {RATES[-1]} Hz can")
    said = 1 if tag in {_ALAW, _MULAW} else (bits + 7) // 8
    if bits == 24 and block == 4 * channels:
        said = 4
    elif {block, speed} != {0} and said * channels not in {block, speed // rate}:
        kind = {_ALAW: "A-law", _MULAW: "µ-law", _FLOAT: "floating point"}.get(tag, "PCM")
        raise WavError(
            f"the header contradicts itself: {channels} of {kind} with {bits} bits in blocks of {block}"
            " bytes; save it anew as PCM of 16 bits"
        )
    return _Kind(tag=tag, channels=channels, rate=rate, bits=bits, width=said)


def _mono_samples(kind: _Kind, sound: memoryview) -> array[float]:
    """Return the samples, block by block: calls in other threads must not wait for all of a long sound."""
    is_high = kind.width == 4 and not any(sound[::4])
    step = BLOCK * kind.channels * kind.width
    mono, first = array("f"), array("f")
    for place in range(0, len(sound), step):
        samples = _samples(kind, bytes(sound[place : place + step]), is_high=is_high)
        mono.extend(_mono(samples, kind.channels))
        first.extend(samples[:: kind.channels])
    cancels = _peak(mono) < _AUDIBLE < _peak(first) / 16
    return first if cancels else mono  # channels of opposite phase: one of them is the sound


def _peak(samples: array[float]) -> float:
    return max(max(samples, default=0.0), -min(samples, default=0.0))


def _samples(kind: _Kind, sound: bytes, *, is_high: bool) -> array[float]:
    """Return the samples of all channels in turn, from -1 to 1.

    `is_high`: whether 24 bits in four bytes are the upper three, with nothing below.
    """
    if kind.tag == _FLOAT:
        return array("f", map(_finite, _numbers("f" if kind.bits == 32 else "d", sound)))
    if kind.tag in {_ALAW, _MULAW}:
        law = A_LAW if kind.tag == _ALAW else MU_LAW
        return _scaled(memoryview(law.decode(sound)).cast("h"), 15)
    if kind.width == 1:
        return array("f", ((sample - 128) / 128 for sample in sound))
    if kind.width == 2:
        return _scaled(_numbers("h", sound), 15)
    if kind.width == 3 or (kind.bits == 24 and not is_high):
        wide = bytearray(len(sound) // kind.width * 4)
        for byte in range(3):
            wide[byte + 1 :: 4] = sound[byte :: kind.width]
        sound = bytes(wide)
    return _scaled(_numbers("i", sound), 31)


def _numbers(code: str, sound: bytes) -> array[int] | array[float]:
    numbers: array[int] | array[float] = array(code, sound)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _scaled(numbers: array[int] | array[float] | memoryview[int], bits: int) -> array[float]:
    scale = 1.0 / (1 << bits)
    return array("f", map(float.__mul__, map(float, numbers), repeat(scale)))


def _finite(sample: float) -> float:
    """Clip; what is no number is silence."""
    return max(-1.0, min(1.0, sample)) if sample == sample else 0.0  # noqa: PLR0124 -- NaN alone differs from itself


def _mono(samples: array[float], channels: int) -> array[float]:
    if channels == 1:
        return samples
    parts = [samples[channel::channels] for channel in range(channels)]
    return array("f", (sum(together) / channels for together in zip(*parts, strict=True)))


def seconds_of(path: Path) -> float:
    """Return the seconds of sound in a file of ours, also after a crash of its writer; 0 without a file."""
    try:
        with path.open("rb") as file:
            head, size = file.read(_HEAD.size), path.stat().st_size
        return read_head(head, size)[1]
    except (OSError, ValueError):
        return 0.0


def read_head(head: bytes, size: int) -> tuple[int, float]:
    """Return channels and seconds of a file of ours that begins with `head` and has `size` bytes.

    Raises ValueError for the head of another file.
    """
    if len(head) < _HEAD.size or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt ":
        raise ValueError("this is no recording of ours")
    channels = _HEAD.unpack_from(head)[6]
    return channels, max(0, size - _HEAD.size) // (2 * max(1, channels)) / RATE


def write_head(size: int, *, channels: int = 1) -> bytes:
    """Return the head of a file with `size` bytes of 8 kHz 16-bit PCM."""
    size = min(size, _UNKNOWN - _HEAD.size)  # the field ends after three days
    width = 2 * channels
    return _HEAD.pack(
        *(b"RIFF", size + _HEAD.size - 8, b"WAVE"),
        *(b"fmt ", _FORMAT.size, _PCM, channels, RATE, RATE * width, width, 16),
        *(b"data", size),
    )


def is_ready(data: bytes) -> bool:
    """Tell whether a file is as we write it, so that reading it takes no time."""
    try:
        return _find(data)[0] == _OURS
    except WavError:
        return False


def write_wav(pcm: bytes) -> bytes:
    """Return 8 kHz mono 16-bit PCM as a WAV file."""
    file = BytesIO()
    WavWriter(file).write(pcm)
    return file.getvalue()


class WavWriter:
    """Writes 8 kHz 16-bit PCM, of several channels their samples in turn, to an open file as it comes.

    The sizes in the header are set right after each `write`, behind the sound: whatever ends this
    process, the file plays, up to the last `write` whose bytes reached the disk.
    """

    def __init__(self, file: BinaryIO, *, channels: int = 1) -> None:
        self._file = file
        self._channels = channels
        self.samples = 0
        """Samples of each channel."""
        self._head()

    def write(self, pcm: bytes) -> None:
        """Append sound; raise OSError, as for a full disk."""
        if sys.byteorder == "big":
            swapped = array("h", pcm)
            swapped.byteswap()
            pcm = swapped.tobytes()
        self._file.seek(0, 2)
        self._file.write(pcm)
        self.samples += len(pcm) // (2 * self._channels)
        self._head()

    def _head(self) -> None:
        head = write_head(2 * self._channels * self.samples, channels=self._channels)
        self._file.flush()  # the sound first: the header must not promise more than there is
        self._file.seek(0)
        self._file.write(head)
        self._file.flush()
