"""An HTTP proxy on loopback: tunnels by CONNECT, forwards requests with an absolute URL, and notes both."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


class HttpProxy:
    """Connects to loopback, whatever name it is told."""

    def __init__(self, *, wants: str = "", says: bytes = b"") -> None:
        """`wants` is the Proxy-Authorization that lets in; `says` is answered to all in place of anything else."""
        self.port = 0
        self.heads: list[bytes] = []
        self._wants = wants
        self._says = says
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            if self._says or (self._wants and f"Proxy-Authorization: {self._wants}\r\n".encode() not in head):  # fmt: skip
                writer.write(self._says or REFUSED)
                await writer.drain()
                if method == "CONNECT":
                    return
                continue
            where = target if method == "CONNECT" else urlsplit(target).netloc
            there, back = await asyncio.open_connection("127.0.0.1", int(where.rpartition(":")[2]))
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            else:
                parts = urlsplit(target)
                back.write(head.replace(target.encode(), (parts.path or "/").encode(), 1))
            try:
                await _both(_pipe(reader, back), _pipe(there, writer))
            finally:
                back.close()
            return

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _both(one: Coroutine[None, None, None], other: Coroutine[None, None, None]) -> None:
    tasks = {spawn(one, name="to the endpoint"), spawn(other, name="from the endpoint")}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def proxying(*, wants: str = "", says: bytes = b"") -> AsyncIterator[HttpProxy]:
    """Run a proxy on a free port."""
    proxy = HttpProxy(wants=wants, says=says)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
