"""TLS with files of one's own: a certificate and its key, which are read anew when they were renewed."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.api.listening import CannotListenError

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

HANDSHAKE_TIMEOUT: Final = 5.0
"""Seconds. A connection counts against the limit of connections from the end of its handshake on."""


class WebCertificate:
    """The certificate of the HTTP API, with what it serves connections by."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read both files. Raises CannotListenError that says which is wrong."""
        self._certificate, self._key = certificate, key
        self._seen = self._stamp()
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
            self._load()  # beside the one that serves: half a renewal must not spoil it
            self.context.load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError) as error:
            log.warning(
                "certificate not taken", certificate=str(self._certificate), why=_why(error)
            )
        else:
            log.info("certificate renewed", certificate=str(self._certificate))

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
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


def _no_password() -> str:
    """Refuse a key that wants one: nobody is there to type it."""
    raise ssl.SSLError(
        "the key wants a password; write it without one, readable by Switchhook alone"
    )


def _why(error: OSError) -> str:
    return (
        error.strerror or error.args[0]
        if not isinstance(error, ssl.SSLError)
        else (error.reason or str(error.args[-1]))
    )
