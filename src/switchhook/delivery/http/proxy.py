"""The outbound proxy of an installation: CONNECT for https (RFC 9110 §9.3.6), the absolute URL for http (§7.1).

Targets are resolved and vetted here as without it, so the address guard holds. The proxy is told the name, and
resolves it once more: what it may reach is its own configuration's part.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote, urlsplit

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.encoding import basic_authorization

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from switchhook.delivery.http.resolver import ResolvedAddress
    from switchhook.webhooks.http import HttpRequest

MAX_HEAD: Final = 16 * 1024
"""Bytes of a proxy's answer to CONNECT."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_NAME = re.compile(r"\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_CHECK = "Check the setting http_proxy, and the proxy's own log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy, and what is reached without it."""

    origin: Origin
    authorization: str = field(default="", repr=False)
    """The value of Proxy-Authorization; empty: none."""
    names: tuple[str, ...] = ()
    """Hosts that are reached directly; one with a dot before it stands for all below it."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that are reached directly."""

    @classmethod
    def parse(cls, url: str, exceptions: str = "") -> Self:
        """Read `http://user:password@host:port` and a list of exceptions.

        Raises ValueError with a sentence that repeats nothing secret.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("it is not a URL such as http://proxy.example.com:3128") from None
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("it is not a URL such as http://proxy.example.com:3128")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("a proxy's URL ends after its port")
        if port is None:
            raise ValueError("a proxy's URL names its port, such as :3128")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        try:
            origin = Origin.parse(f"http://{host}:{port}")
        except ExchangeError:
            raise ValueError("its host is not a name and not an address") from None
        names, networks = _exceptions(exceptions)
        return cls(
            origin=origin,
            authorization=_authorization(parts.username, parts.password),
            names=names,
            networks=networks,
        )

    def carries(self, host: str, places: Sequence[ResolvedAddress]) -> bool:
        """Say whether requests to a host with these addresses go through the proxy."""
        name = host.rstrip(".").lower()
        if any(
            name == one.lstrip(".") or (one[0] == "." and name.endswith(one)) for one in self.names
        ):
            return False
        if not self.networks:
            return True
        addresses = [ipaddress.ip_address(place.ip) for place in places]
        return not all(any(ip in network for network in self.networks) for ip in addresses)

    def addressed(self, request: HttpRequest) -> HttpRequest:
        """Return a request of plain http with what the proxy itself wants to see."""
        if not self.authorization:
            return request
        line = ("Proxy-Authorization", self.authorization)
        return replace(request, headers=(*request.headers, line))

    def connect_request(self, origin: Origin) -> bytes:
        """Return the request for a tunnel."""
        lines = [f"CONNECT {origin} HTTP/1.1", f"Host: {origin}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def unreachable(self, origin: Origin, error: ExchangeError) -> ExchangeError:
        """Return the error of a proxy to which there is no connection; what says so already stays."""
        if error.failure.kind in {FailureKind.INTERRUPTED, FailureKind.PROXY}:
            return error
        why = error.failure.detail.partition(": ")[2].partition(". ")[0].rstrip(".")
        return self._failed(origin, f"cannot be used: {why}")

    def refused(self, origin: Origin, status: int) -> ExchangeError:
        """Return the error of a proxy that does not let a request through."""
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            has = (
                "another user name or password"
                if self.authorization
                else "a user name and password"
            )
            return self._failed(origin, f"wants {has} (407)")
        return self._failed(origin, f"made no connection, and answered {status}")

    def _failed(self, origin: Origin, why: str) -> ExchangeError:
        text = f"{origin}: the outbound proxy {self.origin} {why}. {_CHECK}."
        return ExchangeError(FailureKind.PROXY, text)


async def open_tunnel(raw: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Ask a connected proxy for a tunnel to `origin`; then the socket is as if connected to it.

    Raises ExchangeError, OSError. The caller bounds the time.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(raw, proxy.connect_request(origin))
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        data = await loop.sock_recv(raw, 4096)
        head += data
        if not data or len(head) > MAX_HEAD:
            raise proxy.unreachable(
                origin, ExchangeError(FailureKind.RESET, ": it gave no answer to CONNECT")
            )
    match = _STATUS.match(head)
    if match is None:
        raise proxy.unreachable(
            origin, ExchangeError(FailureKind.BAD_RESPONSE, ": it speaks no HTTP")
        )
    status = int(match[1])
    if not 200 <= status < 300:
        raise proxy.refused(origin, status)


def _authorization(username: str | None, password: str | None) -> str:
    if username is None:
        return ""
    return basic_authorization(unquote(username), unquote(password or ""))


def _exceptions(text: str) -> tuple[tuple[str, ...], tuple[IPv4Network | IPv6Network, ...]]:
    """Read names and networks, with commas between them. Raises ValueError."""
    names: list[str] = []
    networks: list[IPv4Network | IPv6Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            if not _NAME.fullmatch(part):
                raise ValueError(f"{part!r} is not a host name, and not a network") from None
            names.append(part.lower())
    return tuple(names), tuple(networks)
