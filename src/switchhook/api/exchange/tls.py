"""TLS with files of one's own: a certificate and its key, which are read anew when they were renewed."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

import structlog

from switchhook.api.listening import CannotListenError
from switchhook.sip.net.log_limit import LogLimit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = structlog.get_logger(__name__)

HANDSHAKE_TIMEOUT: Final = 5
"""Seconds. A connection counts against the limit of connections from the end of its handshake on."""
MAX_HANDSHAKES: Final = 100
"""At once. For one more, the oldest makes room: a silent connection keeps no other client out."""
FAREWELL_TIMEOUT: Final = 5
"""Seconds in which a client may take leave when its connection is closed (RFC 8446 §6.1)."""


class WebCertificate:
    """The certificate of the HTTP API, with what it serves connections by."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files. Raises CannotListenError that says which is wrong."""
        self._certificate, self._key = certificate, key
        self._seen = self._stamp()
        for name, path in (("web_certificate", certificate), ("web_key", key)):
            try:
                path.open("rb").close()
            except OSError as error:
                raise CannotListenError(
                    f"{name} {path} cannot be read ({_why(error)}); name a file that this user may read"
                ) from error
        try:
            self.context = self._load()
        except (OSError, ssl.SSLError) as error:
            raise CannotListenError(
                f"cannot serve the HTTP API over TLS with web_certificate {certificate} and web_key {key}:"
                f" {_why(error)}"
            ) from error

    def look(self) -> None:
        """Take renewed files for the next handshakes; those that do not fit each other yet are left until they do."""
        now = self._stamp()
        if now == self._seen:
            return
        self._seen = now
        try:
            # Another in place of the one that serves: half a renewal must not spoil it, nor this thread a handshake.
            self.context = self._load()
        except (OSError, ssl.SSLError) as error:
            log.warning(
                "certificate not taken", certificate=str(self._certificate), why=_why(error)
            )
        else:
            log.info("certificate renewed", certificate=str(self._certificate))

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION  # each costs us more than the client
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._certificate, self._key, password=_no_password)
        return context

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        found = []
        for path in (self._certificate, self._key):
            with suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)


@runtime_checkable
class OverTls(Protocol):
    """A protocol that can end the connection below its TLS."""

    raw: asyncio.Transport | None


class Handshakes:
    """Takes connections, and hands each to its protocol when its TLS stands. Bounds those that are not so far."""

    def __init__(
        self, certificate: WebCertificate, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        """`protocol` makes what speaks over a connection."""
        self._certificate = certificate
        self._protocol = protocol
        self._open: dict[_Handshake, None] = {}
        self._limit = LogLimit()

    def __call__(self) -> asyncio.BaseProtocol:
        """Return what a new connection speaks with, as `loop.create_server` wants it."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        made = _Handshake(
            loop, self._protocol(), self._certificate.context, over, began=self._began
        )
        over.add_done_callback(partial(self._over, made))
        return made

    def abort(self) -> None:
        """End all that are under way."""
        for one in list(self._open):
            one.transport.abort()

    def _began(self, one: _Handshake) -> None:
        self._open[one] = None
        if len(self._open) > MAX_HANDSHAKES:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.transport.abort()

    def _over(self, one: _Handshake, over: asyncio.Future[None]) -> None:
        """Count a handshake no longer, and say why it failed where that was not the network."""
        self._open.pop(one, None)
        error = None if over.cancelled() else over.exception()
        if not isinstance(error, ssl.SSLError):
            return
        told = self._limit.count(one.address, asyncio.get_running_loop().time())
        if told is not None:
            why = "it speaks plain HTTP" if error.reason == "HTTP_REQUEST" else _why(error)
            log.info("tls handshake failed", address=told[0], why=why, times=told[1])


class _Handshake(SSLProtocol):
    """TLS on one connection, also by the loops whose own has no way to end a handshake before its time."""

    transport: asyncio.Transport

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        context: ssl.SSLContext,
        over: asyncio.Future[None],
        *,
        began: Callable[[_Handshake], None],
    ) -> None:
        super().__init__(
            cast("Any", loop),
            protocol,
            context,
            cast("Any", over),
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            ssl_shutdown_timeout=FAREWELL_TIMEOUT,
        )
        self._inner = protocol
        self._tell_began = began
        self.address = ""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 (of whichever loop)
        """Begin the handshake."""
        self.transport = transport
        if isinstance(self._inner, OverTls):
            self._inner.raw = transport
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._tell_began(self)
        super().connection_made(transport)


def _no_password() -> str:
    """Refuse a key that wants one: nobody is there to type it."""
    raise ssl.SSLError(
        "the key wants a password; write it without one, readable by Switchhook alone"
    )


_WORDS: Final = {
    "KEY_VALUES_MISMATCH": "the key is not that of the first certificate in the file",
    "NO_START_LINE": "web_certificate holds no certificate as PEM (-----BEGIN CERTIFICATE-----)",
    "PEM lib": "one of the files holds no PEM, or web_key no private key (-----BEGIN PRIVATE KEY-----)",
    "EE_KEY_TOO_SMALL": "the key is too short; take RSA with 2048 bits, or ECDSA",
}
"""What OpenSSL's reasons mean here, by the words that name them."""


def _why(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error.args[0])
    said = error.reason or str(error.args[-1])
    return next((words for reason, words in _WORDS.items() if reason in said), said)
