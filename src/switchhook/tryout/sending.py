"""Sends requests of one's own making to one's own endpoint: no address is refused, since the operator names it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.sender import Sender
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.secrets import masked_secrets, redacted_exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from switchhook.webhooks.http import Exchange

ANYWHERE: Final = AllowedNetworks.parse(["0.0.0.0/0", "::/0", "127.0.0.0/8", "::1/128"])
DEADLINE: Final = 10.0
"""Seconds of one exchange: what a delivery gets by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """One request, and what came of it."""

    request: HttpRequest
    status: int
    """0: there was no whole answer."""
    said: str
    """The status, or the failure in words."""
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether the endpoint took it."""
        return 200 <= self.status < 300


@asynccontextmanager
async def sending_anywhere(
    *, deadline: float = DEADLINE, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Callable[[HttpRequest], Awaitable[SentEvent]]]:
    """Yield what sends one request, within `deadline` seconds."""
    sender = Sender(tls=tls)

    async def send(request: HttpRequest) -> SentEvent:
        exchange = await sender.exchange(
            request, deadline=deadline, networks=ANYWHERE, keep_alive=False
        )
        return sent(redacted_exchange(exchange, masked_secrets(request.secrets)))

    try:
        yield send
    finally:
        await sender.close()


async def send_in_turn(
    requests: Sequence[HttpRequest], *, deadline: float = DEADLINE
) -> tuple[SentEvent, ...]:
    """Send requests one after another, each when the one before it was answered."""
    async with sending_anywhere(deadline=deadline) as send:
        return tuple([await send(request) for request in requests])


def sent(exchange: Exchange) -> SentEvent:
    """Say what came of an exchange."""
    total = dict(exchange.seconds).get("total", 0.0)
    if exchange.response is None:
        assert exchange.failure is not None  # noqa: S101 (one of the two is there)
        return SentEvent(
            request=exchange.request, status=0, said=exchange.failure.detail, seconds=total
        )
    status = exchange.response.status
    said = f"{status} in {total * 1000:.0f} ms"
    if not 200 <= status < 300:
        said += _reason(exchange.response.body)
    return SentEvent(request=exchange.request, status=status, said=said, seconds=total)


def _reason(body: bytes) -> str:
    text = body[:200].decode("utf-8", "replace").strip()
    return f": {text}" if text else ""
