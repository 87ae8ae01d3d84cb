"""The way of an ask to an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.app.policies import networks
from switchhook.delivery.ask_policy import REDIRECTS
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.webhook import table_of
from switchhook.switchboard.ask_dialects import asked_webhook

if TYPE_CHECKING:
    from switchhook.app.policies import Policies
    from switchhook.delivery.authenticating import AuthenticatingSender
    from switchhook.delivery.http.sender import Sender
    from switchhook.delivery.origin_slots import OriginSlots
    from switchhook.domain.call import Call
    from switchhook.operations.tables.files import TableFiles
    from switchhook.webhooks.http import Exchange, HttpRequest


class Asks:
    """Puts requests to endpoints of calls' projects (the switchboard's AskSender)."""

    def __init__(
        self,
        sender: Sender,
        policies: Policies,
        origins: OriginSlots,
        authenticating: AuthenticatingSender,
        tables: TableFiles,
    ) -> None:
        """`origins` counts the requests to origins that `policies` limit: deliveries give way to asks.

        `authenticating` puts those that have credentials.
        """
        self._sender = sender
        self._policies = policies
        self._origins = origins
        self._authenticating = authenticating
        self._tables = tables

    async def ask(
        self,
        call: Call,
        request: HttpRequest,
        *,
        deadline: float,
        connect: float | None = None,
        response: float | None = None,
    ) -> Exchange:
        """Put a request to an endpoint of the call's project, or to a table in its place."""
        webhook = asked_webhook(call)
        if webhook is not None and table_of(request.url):
            return await self._tables.exchange(request, webhook, call.snapshot, deadline)
        limit = self._policies.limit_at(call.snapshot.project.id, request.url)
        if limit is not None:
            self._origins.ask_began(limit.key)
        try:
            return await self._exchange(call, request, deadline, connect, response)
        finally:
            if limit is not None:
                self._origins.ask_ended(limit.key)

    async def _exchange(
        self,
        call: Call,
        request: HttpRequest,
        deadline: float,
        connect: float | None,
        response: float | None,
    ) -> Exchange:
        options: dict[str, Any] = {
            "deadline": deadline,
            "networks": networks(call.snapshot.project.allowed_networks),
            "keep_alive": ("Connection", "close") not in request.headers,
            "idempotent": True,
            "follow": REDIRECTS,
            "connect": connect,
            "response": response,
            "prewarm": True,
        }
        webhook, pending = asked_webhook(call), call.asks.pending
        if webhook is None or pending is None or webhook.credentials == NO_CREDENTIALS:
            return await self._sender.exchange(request, **options)
        return await self._authenticating.exchange(
            request,
            webhook.credentials,
            project=call.snapshot.project.id,
            id_=pending.id,
            **options,
        )
