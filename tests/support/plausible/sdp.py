"""Session descriptions as telephones write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.plausible import Draw, Label

if TYPE_CHECKING:
    from random import Random

PLACE = ("192.0.2.55", 4000)


def describe(draw: Draw) -> tuple[bytes, tuple[str, int] | None]:
    """Write a description, and say where the sound is to go; None where none of it is decided."""
    host, port = PLACE
    audio = draw.pick(
        "SDP m",
        [
            f"m=audio {port} RTP/AVP 8 0 101",
            f"m=audio {port} RTP/AVP 0",
            f"m=audio {port}/1 RTP/AVP 8",
        ],
        [f"m=audio  {port}  rtp/avp  8", f" m=audio {port} RTP/AVP 8 "],
        [
            "m=audio x RTP/AVP 8",
            "m=audio 99999 RTP/AVP 8",
            "m=audio",
            f"m=audio {port} RTP/AVP 18",
        ],
    )
    lines = [
        draw.pick("SDP v", ["v=0"], ["", "\ufeffv=0"]),
        draw.pick(
            "SDP o", ["o=- 1 2 IN IP4 192.0.2.55", "o=+380 1 1 IN IP4 h"], ["o=who knows", ""]
        ),
        draw.pick("SDP s", ["s=-", "s=Call"], ["s=", ""]),
        draw.pick("SDP c", [f"c=IN IP4 {host}", f"c=IN IP4 {host}/127"], [f"c=in ip4 {host} x"]),
        draw.pick("SDP t", ["t=0 0"], ["", "t="]),
        draw.pick(
            "SDP other", ["a=x-y:z", "b=AS:64"], ["m=image 0 udptl t38", "m=video x RTP/AVP 9"]
        ),
        audio,
        draw.pick("SDP map", ["a=rtpmap:8 PCMA/8000"], ["a=RTPMAP: 8\tpcma/8000/1", "a=rtpmap:"]),
        draw.pick("SDP direction", ["a=sendrecv", "a=ptime:20"], ["a=SendRecv", "a=", "a=((:("]),
    ]
    newline = draw.pick("SDP line ends", ["\r\n"], ["\n", "\r\n\r\n"])
    text = newline.join(line for line in lines if line) + newline
    text += draw.pick("SDP end", [""], ["\r\n", "\0\0\n"])
    return text.encode(), PLACE


def description(chance: Random) -> tuple[bytes, Label, str]:
    """Write a description alone, which may be wrong too."""
    draw = Draw.of(chance, ("SDP m",))
    body, _ = describe(draw)
    return body, draw.label, draw.about
