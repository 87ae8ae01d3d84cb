"""The headers of every answer of the console: what a browser may load, and who may frame, keep or guess it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'self'"
    "; img-src 'self' data:"  # Pico's marks of form fields
    "; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""No inline script or style, no eval, no other host (CSP 3)."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_NOT_KEPT: Final = (b"cache-control", b"no-store")


def with_headers(app: ASGIApp) -> ASGIApp:
    """Add them; what says nothing of being kept is not."""
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                kept = [] if b"cache-control" in said else [_NOT_KEPT]
                message["headers"] = [*message["headers"], *added, *kept]
            await send(message)

        await app(scope, receive, add)

    return answer
