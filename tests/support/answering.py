"""An HTTP endpoint in a process of its own that answers at once, for measuring: it takes no time from tests.

Run as a program, it prints its port and answers every request with its arguments' body.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class _Exchange(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (whole := _length(self._held)) and len(self._held) >= whole:
            self._held = self._held[whole:]
            assert self._transport is not None
            self._transport.write(self._answer)


def _length(held: bytes) -> int:
    """Return the bytes of the first request in what is held; 0 while its head is not complete."""
    head, blank, _ = held.partition(b"\r\n\r\n")
    if not blank:
        return 0
    _, found, rest = head.lower().partition(b"content-length:")
    body = int(rest.partition(b"\r")[0]) if found else 0
    return len(head) + 4 + body


async def _serve(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Exchange(answer), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextlib.contextmanager
def answering(body: str) -> Iterator[int]:
    """Answer every request with a body; the context is the port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.answering", body],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1].encode()))
