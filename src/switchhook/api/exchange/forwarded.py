"""Where a request came from, behind reverse proxies: X-Forwarded-For, -Proto and -Host, where a trusted proxy tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

    from switchhook.trusted_proxies import TrustedProxies

_HOST: Final = re.compile(rb"[A-Za-z0-9._:\[\]-]{1,255}")


def with_forwarded(app: ASGIApp, trusted: TrustedProxies) -> ASGIApp:
    """Let a request have the client, scheme and host that trusted proxies tell."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        headers = list(scope["headers"])
        written = _joined(headers, b"x-forwarded-for")
        found = trusted.client(peer[0], written) if peer else None
        if found is not None and peer is not None:
            told = cast("dict[str, Any]", scope)
            told["client"] = (found, peer[1] if found == peer[0] else 0)
            scheme = _joined(headers, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                told["scheme"] = scheme
            host = (
                _joined(headers, b"x-forwarded-host").rpartition(",")[2].strip().encode("latin-1")
            )
            if _HOST.fullmatch(host):
                others = [one for one in headers if one[0] != b"host"]
                told["headers"] = [(b"host", host), *others]
        await app(scope, receive, send)

    return answer if trusted.networks else app


def _joined(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for known, value in headers if known == name)
