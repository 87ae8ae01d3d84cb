"""Endpoints that misbehave, each in its own way, over real sockets."""

from __future__ import annotations

import contextlib
import functools
import gzip
import socket
import ssl
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import trustme

from tests.support.ports import free_port
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONG = 6.0
"""Seconds that a slow endpoint goes on: longer than anybody here waits."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

BODIES = {
    "empty": b"",
    "null": b"null",
    "no member": b"{}",
    "empty member": b'{"dst_phone":""}',
    "true": b'{"dst_phone":true}',
    "html": b'{"dst_phone":"<b>"}',
    "fraction": b'{"dst_phone":3.5}',
    "no UTF": b'{"dst_phone":"\xff\xfe380441112233"}',
}
"""Whole answers of status 200 that say nothing that can be followed."""


def misbehave(request: Received) -> bytes | Iterable[bytes] | None:
    """Answer as the path says."""
    fault = request.path.lstrip("/").replace("-", " ")
    if fault in BODIES:
        return reply(BODIES[fault], content_type="application/json")
    if fault in {"404", "500"}:
        return reply('{"dst_phone":380443334455}', status=f"{fault} Sorry")
    return _ILL_MANNERED[fault](request)


def _moved(where: str) -> bytes:
    return reply('{"dst_phone":380443334455}', f"Location: {where}", status="302 Found")


def _drip(first: bytes, pieces: bytes) -> Iterator[bytes]:
    """Send what comes first at once, and then the pieces over and over, slowly."""
    yield first
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(0.25)
        if pieces.strip():
            yield pieces[:1]
            pieces = pieces[1:] + pieces[:1]


@functools.cache
def _bomb() -> bytes:
    """Return 50 MB in 50 kB. To make it takes a part of a second, or several on a busy machine."""
    return gzip.compress(b"[" * 50_000_000, compresslevel=6)


_ILL_MANNERED: dict[str, Callable[[Received], bytes | Iterable[bytes] | None]] = {
    "silent": lambda _: _drip(b"", b" "),
    "slow head": lambda _: _drip(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    "slow body": lambda _: _drip(
        HEAD + b"Content-Length: 26\r\n\r\n", b'{"dst_phone":380443334455}'
    ),
    "cut": lambda _: [HEAD + b'Content-Length: 26\r\n\r\n{"dst_phone":'],
    "closed": lambda _: None,
    "not HTTP": lambda _: [b"220 mail.example ESMTP\r\n"],
    "10 MB": lambda _: reply(b'{"dst_phone":"' + b" " * 10_000_000 + b'380443334455"}'),
    "gzip bomb": lambda _: reply(_bomb(), "Content-Encoding: gzip"),
    "loop": lambda request: _moved(f"http://{request.header('host')}/loop"),
    "link local": lambda _: _moved("http://169.254.169.254/latest/meta-data/"),
}


@contextlib.contextmanager
def faulty_urls(names: Iterable[str]) -> Iterator[dict[str, str]]:
    """Open what the named faults need; the context is the URL of each."""
    with ExitStack() as stack:
        plain = stack.enter_context(Endpoint(misbehave))
        urls = {name: plain.url(f"/{name.replace(' ', '-')}") for name in names}
        if "gzip bomb" in urls:
            _bomb()  # before anybody waits for it
        if "certificate" in urls:
            secure = stack.enter_context(Endpoint(misbehave, tls=_untrusted()))
            urls["certificate"] = f"https://{secure.authority}/"
        if "mute" in urls:
            urls["mute"] = stack.enter_context(_mute())
        if "refused" in urls:
            urls["refused"] = f"http://127.0.0.1:{free_port()}/"
        if "no such name" in urls:
            urls["no such name"] = "http://no-such-host.invalid/"
        yield urls


@contextlib.contextmanager
def _mute() -> Iterator[str]:
    """Let connections be made, and never take what they carry."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def _untrusted() -> ssl.SSLContext:
    """Return the context of a server whose authority nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context
