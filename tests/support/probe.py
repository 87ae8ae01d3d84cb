"""Post-dial delay, measured at both ends by one clock: from an INVITE in to the INVITE that goes out."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Self

_WAIT = 10.0


class Probe:
    """A caller and a callee in one; the callee is busy. A context manager.

    The callee is reached at `address`; one call at a time.
    """

    def __init__(self) -> None:
        self._caller = _bound()
        self._callee = _bound()
        self._calls = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._caller.close()
        self._callee.close()

    @property
    def address(self) -> str:
        """Return the SIP address that rings here."""
        return f"sip:probe@127.0.0.1:{self._callee.getsockname()[1]}"

    def measure(self, number: str, server: int) -> float:
        """Dial a number of the server on a port; return the seconds until the callee was rung."""
        call = next(self._calls)
        invite = self._request("INVITE", number, server, call, tag="")
        began = time.perf_counter()
        self._caller.sendto(invite, ("127.0.0.1", server))
        data, peer = self._next(self._callee, b"INVITE ")
        delay = time.perf_counter() - began
        self._callee.sendto(_busy(data), peer)
        self._next(self._callee, b"ACK ")
        final, _ = self._next(self._caller, b"SIP/2.0 4")
        tag = _header(final, b"To").partition(b";tag=")[2].decode()
        self._caller.sendto(
            self._request("ACK", number, server, call, tag=tag), ("127.0.0.1", server)
        )
        return delay

    def _next(self, sock: socket.socket, start: bytes) -> tuple[bytes, tuple[str, int]]:
        """Return the next message of a kind; repetitions of others are passed over."""
        end = time.monotonic() + _WAIT
        while time.monotonic() < end:
            data, peer = sock.recvfrom(65_535)
            if data.startswith(start):
                return data, peer
        raise AssertionError(f"no {start.decode()}came in {_WAIT} s")

    def _request(self, method: str, number: str, server: int, call: int, *, tag: str) -> bytes:
        here = f"127.0.0.1:{self._caller.getsockname()[1]}"
        to_tag = f";tag={tag}" if tag else ""
        body = _SDP if method == "INVITE" else ""
        lines = (
            f"{method} sip:{number}@127.0.0.1:{server} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bKprobe{call}",
            f"From: <sip:380670000000@{here}>;tag=p{call}",
            f"To: <sip:{number}@127.0.0.1:{server}>{to_tag}",
            f"Call-ID: probe-{here}-{call}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:probe@{here}>",
            "Max-Forwards: 70",
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
        )
        return ("\r\n".join((*lines, "", "")) + body).encode()


_SDP = (
    "v=0\r\no=probe 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(_WAIT)
    return sock


def _header(message: bytes, name: bytes) -> bytes:
    for line in message.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name.lower():
            return value.strip()
    raise AssertionError(f"no {name.decode()} in {message!r}")


def _busy(invite: bytes) -> bytes:
    names = (b"via", b"from", b"call-id", b"cseq")
    copied = [
        line for line in invite.split(b"\r\n")[1:] if line.partition(b":")[0].lower() in names
    ]
    to = b"To: " + _header(invite, b"To") + b";tag=busy"
    return b"\r\n".join((b"SIP/2.0 486 Busy Here", *copied, to, b"Content-Length: 0", b"", b""))
