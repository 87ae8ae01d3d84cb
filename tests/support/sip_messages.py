"""SIP messages that many tests read, and the notation that they are written in."""

from __future__ import annotations

import re
from pathlib import Path

MESSAGES = Path(__file__).parent.parent / "sip" / "messages"

_REPEAT = re.compile(r"<repeat count=(\d+)>([^<]*)</repeat>")
_HEX = re.compile(rb"<hex>([0-9A-F]*)</hex>")
_ONE_LINE = re.compile(r"<allOneLine>\n(.*?)\n</allOneLine>", re.DOTALL)


def decode(text: str) -> bytes:
    """Turn the notation of RFC 4475 §2 into the bytes that it stands for."""
    text = _ONE_LINE.sub(lambda found: found[1].replace("\n", ""), text)
    text = _REPEAT.sub(lambda found: found[2] * int(found[1]), text)
    data = text.replace("\n", "\r\n").encode()
    return _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), data)


def load(name: str) -> dict[str, bytes]:
    """Read a file of messages, each under a line `=== section name`, into name to bytes."""
    text = (MESSAGES / name).read_text(encoding="utf-8")
    _, *parts = re.split(r"\n=== \S+ (\w+)\n", text)
    return {name: decode(part) for name, part in zip(parts[::2], parts[1::2], strict=True)}
