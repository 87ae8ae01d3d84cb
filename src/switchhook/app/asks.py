"""The way of an ask to an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.app.policies import networks
from switchhook.delivery.ask_policy import REDIRECTS

if TYPE_CHECKING:
    from switchhook.delivery.http.sender import Sender
    from switchhook.domain.call import Call
    from switchhook.webhooks.http import Exchange, HttpRequest


class Asks:
    """Puts requests to endpoints of calls' projects (the switchboard's AskSender)."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def ask(
        self,
        call: Call,
        request: HttpRequest,
        *,
        deadline: float,
        connect: float | None = None,
        response: float | None = None,
    ) -> Exchange:
        """Put a request to an endpoint of the call's project."""
        return await self._sender.exchange(
            request,
            deadline=deadline,
            networks=networks(call.snapshot.project.allowed_networks),
            keep_alive=("Connection", "close") not in request.headers,
            idempotent=True,
            follow=REDIRECTS,
            connect=connect,
            response=response,
            prewarm=True,
        )
