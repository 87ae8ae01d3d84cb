"""SIP messages that went wrong in every way that chance finds. Equal seeds give equal messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

ODD = [
    b"",
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\xff\xfe\xfd",
    "é\u2028".encode(),
    b"99999",
    b"-1",
    b"4294967296",
    b"9" * 400,
    b"%00%0d%0a",
    b'"',
    b"<",
    b">",
    b";;;===",
    b",,,",
    b"[::1]",
    b"[::ffff:1.2.3.4",
    b"host.invalid",
    b"*",
    b"z9hG4bK",
    b"SIP/2.0",
    b"sip:",
    b"tel:",
    b"A" * 3000,
    b"(" * 100,
    b"\\" * 99,
]
LINES = [
    b"Via: SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bKq",
    b"Via: SIP/2.0/TCP host.invalid;received=host.invalid;rport=0",
    b"Route: <sip:host.invalid;lr>, <sip:[::1]:70000>",
    b"Record-Route: <sip:127.0.0.1:1;lr>",
    b"Contact: *",
    b"Contact: <sip:x@host.invalid:0;transport=sctp>",
    b"Require: 100rel, timer",
    b"Max-Forwards: 0",
    b"Content-Length: 5",
    b"Content-Length: 100000",
    b"Content-Encoding: gzip",
    b"Expires: 0",
    b"CSeq: 4294967295 INVITE",
    b"To: <sip:x@y>;tag=",
    b"Privacy: id;id;id",
    b"P-Asserted-Identity: <tel:>",
    b"Reason: Q.850;cause=999999",
    b'Proxy-Authorization: Digest realm="switchhook", nonce="x.y", username="mary"',
    b'WWW-Authenticate: Digest nonce="", algorithm=SHA-256',
    b" folded",
    b"X" * 300 + b": y",
    b": no name",
]


class Mutator:
    """Spoils messages, a little or a lot."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._ways: list[Callable[[bytes], bytes]] = [
            self._flip,
            self._cut,
            self._insert,
            self._repeat_line,
            self._drop_line,
            self._add_line,
            self._swap_lines,
            self._replace_number,
            self._replace_word,
        ]

    def spoil(self, message: bytes) -> bytes:
        """Return the message with one to four things wrong; now and then with none."""
        for _ in range(self._chance.choice([0, 1, 1, 1, 2, 2, 3, 4])):
            message = self._chance.choice(self._ways)(message)
        return message

    def _place(self, message: bytes) -> int:
        return self._chance.randrange(len(message) + 1)

    def _flip(self, message: bytes) -> bytes:
        at = self._place(message)
        return message[:at] + bytes([self._chance.randrange(256)]) + message[at + 1 :]

    def _cut(self, message: bytes) -> bytes:
        at = self._place(message)
        return message[:at] + message[at + self._chance.randrange(1, 60) :]

    def _insert(self, message: bytes) -> bytes:
        at = self._place(message)
        return message[:at] + self._chance.choice(ODD) + message[at:]

    def _repeat_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        at = self._chance.randrange(len(lines))
        return b"\r\n".join(
            lines[:at] + [lines[at]] * self._chance.choice([2, 3, 300]) + lines[at:]
        )

    def _drop_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        del lines[self._chance.randrange(len(lines))]
        return b"\r\n".join(lines)

    def _add_line(self, message: bytes) -> bytes:
        head, blank, body = message.partition(b"\r\n\r\n")
        return head + b"\r\n" + self._chance.choice(LINES) + blank + body

    def _swap_lines(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        one, other = self._chance.randrange(len(lines)), self._chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\r\n".join(lines)

    def _replace_number(self, message: bytes) -> bytes:
        digits = [at for at, byte in enumerate(message) if 48 <= byte < 58]
        if not digits:
            return message
        at = self._chance.choice(digits)
        return message[:at] + self._chance.choice(ODD) + message[at + 1 :]

    def _replace_word(self, message: bytes) -> bytes:
        words = message.split(b" ")
        words[self._chance.randrange(len(words))] = self._chance.choice(ODD)
        return b" ".join(words)
