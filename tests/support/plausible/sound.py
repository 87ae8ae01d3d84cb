"""Sound files and keys as programs and telephones write them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from switchhook.sip.rtp.dtmf import DIGITS
from switchhook.sip.rtp.packet import RtpPacket
from tests.support.plausible import Draw
from tests.support.plausible.sip import Drawn, drawn

if TYPE_CHECKING:
    from random import Random


def wav(chance: Random) -> Drawn:
    """Write a file of 0.1 s, and say how many samples at 8 kHz are in it."""
    draw = Draw.of(chance, ("tag", "bits", "form", "rate", "order"))
    rate = draw.pick("rate", [8_000, 16_000, 44_100, 48_000], (), [0, 2_000_000])
    channels = draw.pick("channels", [1, 2])
    tag, bits = draw.pick(
        "tag",
        [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (6, 8), (7, 8)],
        (),
        [
            (0x55, 16),
            (0x11, 4),
        ],
    )
    width = channels * bits // 8 or 1
    # A law has eight bits, whatever else is written.
    bits = draw.pick(
        "bits", [bits], [16] if tag in {6, 7} else (), () if tag in {6, 7} else [99, 0]
    )
    sound = bytes(width * (rate // 10 if rate < 1_000_000 else 800))
    kind = struct.pack("<HHIIHH", tag, channels, rate, (rate * width) & 0xFFFFFFFF, width, bits)
    size = draw.pick("size", [len(sound)], [len(sound) + 1_000, 0xFFFFFFFF, 0])
    before = draw.pick(
        "chunks", [b"", b"LIST" + struct.pack("<I", 4) + b"INFO"], [b"bext\3\0\0\0abc"]
    )
    form = draw.pick("form", [b"RIFF", b"RF64"], (), [b"OggS", b"ID3\4", b"RIFX", b"    "])
    parts = [b"fmt " + struct.pack("<I", len(kind)) + kind, before]
    data = b"data" + struct.pack("<I", size) + sound
    parts = draw.pick("order", [[*parts, data]], (), [[data, *parts], parts])
    whole = b"WAVE" + b"".join(parts)
    behind = draw.pick("behind", [b""], [b"\0"] if not size else [b""])
    total = draw.pick("total", [len(whole)], [0, 0xFFFFFFFF])
    return drawn(draw, form + struct.pack("<I", total) + whole + behind, samples=800)


def keys(chance: Random) -> tuple[list[RtpPacket], str, str]:
    """Write presses as RTP events, and say which keys they are, and how they come (RFC 4733)."""
    pressed = "".join(chance.choice(DIGITS) for _ in range(chance.randrange(1, 7)))
    # Most keep the timestamp of the first packet; some count it up, and some count no duration then.
    model = chance.choice(("standard", "standard", "counting", "counting without duration"))
    lossy = model == "standard" and chance.random() < 0.5
    marked = model != "standard" or chance.random() < 0.7
    ends = chance.choice((1, 3))
    packets: list[RtpPacket] = []
    number, timestamp = chance.randrange(1 << 16), chance.randrange(1 << 32)
    for key in pressed:
        frames = chance.randrange(3, 12)
        bodies = [(160 * (frame + 1), 0x0A) for frame in range(frames)]
        bodies += [(160 * (frames + 1), 0x8A)] * ends
        for place, (duration, flags) in enumerate(bodies):
            told = 160 if model == "counting without duration" else duration
            body = struct.pack("!BBH", DIGITS.index(key), flags, told)
            ahead = 0 if model == "standard" else duration - 160
            packets.append(
                RtpPacket(
                    payload=101,
                    number=number & 0xFFFF,
                    timestamp=(timestamp + ahead) & 0xFFFFFFFF,
                    source=7,
                    marker=marked and place == 0,
                    body=body,
                )
            )
            number += 1
        timestamp += 160 * (frames + chance.randrange(5, 60))
    if lossy:
        keep = [p for p in packets if chance.random() < 0.8]
        present = {p.timestamp for p in keep}
        packets = [p for p in packets if p in keep or p.timestamp not in present]
    return packets, pressed, f"{model}, marked {marked}, {ends} ends, lossy {lossy}"
