"""Serves the HTTP API in the process and on the loop that calls run on; uvicorn speaks HTTP."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import contextmanager, suppress
from socket import AF_UNIX
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn

from switchhook.api.exchange.tls import Handshakes
from switchhook.api.listening import BACKLOG
from switchhook.api.protocol import LimitedProtocol
from switchhook.tasks import in_own_thread, spawn

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from contextlib import AsyncExitStack

    from litestar.types import ASGIApp
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from switchhook.api.exchange.tls import WebCertificate

log = structlog.get_logger(__name__)

GRACE: Final = 3
"""Seconds that requests have to end in when the server stops."""
KEEP_ALIVE: Final = 15
"""Seconds that a connection stays open for another request."""


LOOK: Final = 10
"""Seconds after which the files of the certificate are looked at again."""


class WebServer:
    """Serves an app from `serve` on, until the exit stack is left."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        http: type[HttpToolsProtocol] = LimitedProtocol,
        name: str = "HTTP API",
        certificate: WebCertificate | None = None,
    ) -> None:
        """`http` is the protocol of a connection, without limits for trusted clients.

        With a certificate, connections over networks speak TLS.
        """
        self._name = name
        _forward_uvicorn_logs()
        self._server = _Server(
            uvicorn.Config(
                app,
                http=http,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # anybody can write X-Forwarded-For
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                env_file=None,
            ),
            certificate,
        )

    async def serve(self, listening: socket.socket, stack: AsyncExitStack) -> None:
        """Answer who connects to the socket."""
        work = spawn(self._server.serve(sockets=[listening]), name=self._name)
        stack.push_async_callback(self._stop, work)
        began = spawn(self._server.began.wait(), name=f"{self._name} begins")
        await asyncio.wait([work, began], return_when=asyncio.FIRST_COMPLETED)
        began.cancel()

    async def _stop(self, work: asyncio.Task[None]) -> None:
        self._server.ending.set()
        await asyncio.wait([work])


_KEEPS_PATH: Final[dict[str, Any]] = (
    {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
)
"""Python 3.13 began to remove a Unix socket's path; whoever made the socket does so here."""


class _Server(uvicorn.Server):
    """Leaves signals to its owner, and needs no polling to end."""

    def __init__(self, config: uvicorn.Config, certificate: WebCertificate | None) -> None:
        super().__init__(config)
        self._certificate = certificate
        self._handshakes = None if certificate is None else Handshakes(certificate, self._protocol)
        self._looking: asyncio.Future[None] | None = None
        self.began = asyncio.Event()
        self.ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at sockets of networks, and at Unix sockets, which uvicorn makes by itself alone."""
        local = [one for one in sockets or () if one.family == AF_UNIX]
        others = [one for one in sockets or () if one not in local]
        loop = asyncio.get_running_loop()
        await super().startup([] if self._handshakes else others)
        if self._handshakes is not None:
            self.servers += [
                await loop.create_server(self._handshakes, sock=one, backlog=BACKLOG)
                for one in others
            ]
        self.servers += [
            await loop.create_unix_server(self._protocol, sock=one, **_KEEPS_PATH) for one in local
        ]

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    async def main_loop(self) -> None:
        """Keep the Date header true until the end."""
        self.began.set()
        ticks = 0
        while not self.ending.is_set():
            await self.on_tick(0)
            ticks += 1
            if ticks % LOOK == 0:
                self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), 1.0)

    def _look(self) -> None:
        """Look at the certificate's files, beside all else: they may lie on a disk that does not answer."""
        if self._certificate is None or not (self._looking is None or self._looking.done()):
            return
        self._looking = in_own_thread(self._certificate.look)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, let running ones end, and cancel those that take too long."""
        for server in self.servers:
            server.close()
        if self._handshakes is not None:
            self._handshakes.abort()
        state = self.server_state
        for connection in list(state.connections):
            if not connection.transport.is_closing():
                connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while state.connections or state.tasks:  # noqa: ASYNC110 (uvicorn has no event for it)
                    await asyncio.sleep(0.01)
        for connection in list(state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.abort()
            else:
                connection.transport.abort()
        for task in list(state.tasks):
            task.cancel()
        del sockets  # the loop closes them

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _UvicornLogHandler(logging.Handler):
    """Forwards uvicorn's log records: an exception as an error, all else at debug level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            log.warning("api request cancelled")
        elif error is not None:
            log.error("http api failed", exc_info=error)
        else:
            log.debug("http api", said=record.getMessage().strip())


def _forward_uvicorn_logs() -> None:
    logger = logging.getLogger("uvicorn")
    logger.handlers = [_UvicornLogHandler()]
    logger.propagate = False
    logger.setLevel(logging.INFO)
