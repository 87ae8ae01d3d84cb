"""Any usual WAV file is read as 8 kHz mono, any other is refused in words, and ours plays at any moment."""

from __future__ import annotations

import io
import math
import random
import struct
import wave
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.rtp import wav as module
from switchhook.sip.rtp.g711 import A_LAW, MU_LAW
from switchhook.sip.rtp.wav import WavError, WavWriter, read_wav, remark_on

if TYPE_CHECKING:
    from pathlib import Path

RATE = 8000
WAVEFORM = [math.sin(2 * math.pi * 500 * n / RATE) / 2 for n in range(800)]


def _file(tag: int, bits: int, sound: bytes, *, rate: int = RATE, channels: int = 1) -> bytes:
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * width, width, bits)
    return _riff(b"fmt " + struct.pack("<I", len(head)) + head, _chunk(b"data", sound))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _riff(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def _integers(bits: int) -> bytes:
    scale = (1 << (bits - 1)) - 1
    numbers = [round(value * scale) for value in WAVEFORM]
    return b"".join(n.to_bytes(bits // 8, "little", signed=True) for n in numbers)


def _is_the_wave(pcm: bytes, tolerance: float) -> bool:
    samples = memoryview(pcm).cast("h")
    off = (abs(s / 32767 - w) for s, w in zip(samples, WAVEFORM, strict=True))
    return max(off) <= tolerance


PCM16 = array("h", [round(32767 * value) for value in WAVEFORM]).tobytes()


@pytest.mark.parametrize(
    ("file", "tolerance"),
    [
        (_file(1, 8, bytes(round(128 + 127 * value) for value in WAVEFORM)), 0.01),
        (_file(1, 16, _integers(16)), 0.0001),
        (_file(1, 24, _integers(24)), 0.0001),
        (_file(1, 32, _integers(32)), 0.0001),
        (_file(3, 32, struct.pack("<800f", *WAVEFORM)), 0.0001),
        (_file(3, 64, struct.pack("<800d", *WAVEFORM)), 0.0001),
        (_file(6, 8, A_LAW.encode(PCM16)), 0.02),
        (_file(7, 8, MU_LAW.encode(PCM16)), 0.02),
    ],
    ids=["8", "16", "24", "32", "float", "double", "A-law", "µ-law"],
)
def test_every_width(file: bytes, tolerance: float) -> None:
    assert _is_the_wave(read_wav(file), tolerance)


def test_channels_are_mixed() -> None:
    both = b"".join(struct.pack("<hh", s, 0) for s in memoryview(PCM16).cast("h"))
    samples = memoryview(read_wav(_file(1, 16, both, channels=2))).cast("h")
    assert max(samples) == pytest.approx(32767 / 4, rel=0.01)


@pytest.mark.parametrize("rate", [11025, 16000, 44100, 48000])
def test_another_rate_takes_as_long(rate: int) -> None:
    pcm = read_wav(_file(1, 16, bytes(2 * rate), rate=rate))
    assert abs(len(pcm) // 2 - RATE) <= 1


def test_extensible_and_further_chunks() -> None:
    head = struct.pack("<HHIIHH", 0xFFFE, 1, RATE, 2 * RATE, 2, 16)
    head += struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)
    file = _riff(_chunk(b"LIST", b"odd"), _chunk(b"fmt ", head), _chunk(b"data", _integers(16)))
    assert _is_the_wave(read_wav(file), 0.0001)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 100_000])
def test_a_stream_whose_size_is_wrong_is_read_to_its_end(size: int) -> None:
    file = bytearray(_file(1, 16, _integers(16)))
    file[40:44] = struct.pack("<I", size)
    assert _is_the_wave(read_wav(bytes(file)), 0.0001)


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
@pytest.mark.parametrize("length", [1600, 0])
def test_sizes_of_64_bits(form: bytes, length: int) -> None:
    plain = _file(1, 16, _integers(16))
    sizes = struct.pack("<QQQI", 0, length, 800, 0)
    file = bytearray(form + b"\xff" * 4 + b"WAVE" + _chunk(b"ds64", sizes) + plain[12:])
    at = file.index(b"data") + 4
    file[at : at + 4] = b"\xff" * 4
    if length:
        file += _chunk(b"LIST", b"INFO")
    assert _is_the_wave(read_wav(bytes(file)), 0.0001)


def test_a_forgotten_padding_is_none() -> None:
    plain = _file(1, 16, _integers(16))
    odd = b"LIST" + struct.pack("<I", 5) + b"INFOx"
    assert _is_the_wave(read_wav(plain[:12] + odd + plain[12:]), 0.0001)


def test_a_long_sound_is_converted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    both = b"".join(struct.pack("<hh", s, s) for s in memoryview(PCM16).cast("h"))
    whole = read_wav(_file(1, 16, both, channels=2))
    monkeypatch.setattr(module, "BLOCK", 7)
    assert read_wav(_file(1, 16, both, channels=2)) == whole


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "no WAV file"),
        (b"ID3\x03" + bytes(40), "no WAV file but an MP3 file; convert it: ffmpeg"),
        (b"\xff\xfb\x90" + bytes(40), "an MP3 file"),
        (b"OggS" + bytes(40), "an Ogg file"),
        (_file(1, 16, b"\0\0").replace(b"RIFF", b"RIFX"), "other byte order"),
        (_file(1, 16, b"") + _chunk(b"LIST", b"INFO"), "no sound"),
        (_riff(), "no data chunk"),
        (_riff(_chunk(b"data", b"\0\0")), "nothing of its format"),
        (_riff(_chunk(b"fmt ", b"\1\0")), "cut short"),
        (_file(1, 16, b""), "no sound"),
        (_file(1, 12, b"\0\0"), "12 bits"),
        (_file(0x55, 16, b"\0\0"), "MP3"),
        (_file(0x1234, 16, b"\0\0"), "0x1234"),
        (_file(1, 16, b"\0\0", channels=0), "0 channels"),
        (_file(1, 16, b"\0\0", rate=0), "0 Hz"),
        (_file(1, 8, bytes(601 * 4000), rate=4000), "601 s"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(file: bytes, words: str) -> None:
    with pytest.raises(WavError, match=words):
        read_wav(file)


@given(st.binary(max_size=200), st.integers(12, 50))
def test_no_other_error(garbage: bytes, place: int) -> None:
    file = _file(1, 16, _integers(16)[:40])
    for data in (garbage, file[:place] + garbage + file[place:], file[:place] + garbage):
        try:
            read_wav(data)
        except WavError:
            continue


def test_what_is_no_number_is_silence() -> None:
    pcm = read_wav(_file(3, 32, struct.pack("<3f", math.nan, math.inf, -math.inf)))
    assert list(memoryview(pcm).cast("h")) == [0, 32767, -32767]


def test_a_written_file_plays_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with path.open("w+b") as file:
        writer = WavWriter(file)
        for seconds in range(1, 4):
            writer.write(PCM16 * 10)
            with wave.open(str(path), "rb") as played:  # as whoever comes after a crash does
                assert (played.getframerate(), played.getnchannels()) == (8000, 1)
                assert played.getnframes() == seconds * 8000 == writer.samples
                assert played.readframes(800) == PCM16


def test_a_full_disk_is_told() -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="space"):
        WavWriter(Full())


def test_a_recording_of_days_stays_a_file() -> None:
    file = io.BytesIO()
    writer = WavWriter(file)
    writer.samples = 1 << 31
    writer.write(b"\1\0")
    assert file.getvalue()[40:44] > b"\xd0\xff\xff\xff"


def _with_header(  # noqa: PLR0917 -- in the order of the header
    tag: int, channels: int, rate: int, speed: int, block: int, bits: int, sound: bytes
) -> bytes:
    head = struct.pack("<HHIIHH", tag, channels, rate, speed, block, bits)
    return _riff(_chunk(b"fmt ", head), _chunk(b"data", sound))


LOW = [round(value * 0x7FFFFF) for value in WAVEFORM]
SIGNED = b"".join(n.to_bytes(4, "little", signed=True) for n in LOW)
UNSIGNED = b"".join((n & 0xFFFFFF).to_bytes(4, "little") for n in LOW)
HIGH = b"".join((n << 8).to_bytes(4, "little", signed=True) for n in LOW)


@pytest.mark.row("FB-04")
@pytest.mark.parametrize("sound", [SIGNED, UNSIGNED, HIGH], ids=["low", "low, zeros", "high"])
def test_24_bits_in_four_bytes(sound: bytes) -> None:
    for speed in (4 * RATE, 3 * RATE):
        assert _is_the_wave(read_wav(_with_header(1, 1, RATE, speed, 4, 24, sound)), 0.0001)


@pytest.mark.row("FB-04")
def test_a_law_whose_bits_are_wrong_has_eight() -> None:
    file = _with_header(7, 1, RATE, RATE, 1, 16, MU_LAW.encode(PCM16))
    assert _is_the_wave(read_wav(file), 0.02)


@pytest.mark.row("FB-04")
@pytest.mark.parametrize(("speed", "block"), [(2 * RATE, 0), (2 * RATE, 1), (0, 2), (0, 0), (5, 2)])
def test_one_wrong_field_of_three_does_no_harm(speed: int, block: int) -> None:
    assert _is_the_wave(read_wav(_with_header(1, 1, RATE, speed, block, 16, PCM16)), 0.0001)


@pytest.mark.row("FB-04")
@pytest.mark.parametrize(
    ("tag", "channels", "speed", "block", "bits"),
    [
        (7, 1, 2 * RATE, 2, 16),
        (1, 1, 4 * RATE, 4, 16),
        (1, 2, 2 * RATE, 2, 16),
        (3, 1, 2 * RATE, 2, 32),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(
    tag: int, channels: int, speed: int, block: int, bits: int
) -> None:
    with pytest.raises(WavError, match=f"with {bits} bits in blocks of {block} bytes; save it"):
        read_wav(_with_header(tag, channels, RATE, speed, block, bits, bytes(1600)))


@pytest.mark.row("FB-04")
def test_channels_of_opposite_phase_are_heard() -> None:
    both = b"".join(struct.pack("<hh", s, -s) for s in memoryview(PCM16).cast("h"))
    assert _is_the_wave(read_wav(_file(1, 16, both, channels=2)), 0.0001)


@pytest.mark.row("FB-04")
@pytest.mark.parametrize(
    ("pcm", "said"),
    [
        (PCM16, ""),
        (bytes(1600), "silence"),
        (read_wav(_file(1, 32, SIGNED)), "next to nothing: the loudest moment is at -54 dB"),
        (random.Random(1).randbytes(1600), "noise"),
        (read_wav(_file(1, 16, _integers(24))), "noise"),
    ],
    ids=["sound", "silence", "24 bits said to be 32", "bytes of no sound", "a wrong width"],
)
def test_what_nobody_can_mean_is_remarked_on(pcm: bytes, said: str) -> None:
    assert (said in remark_on(pcm)) if said else remark_on(pcm) == ""
