"""Sends requests with the credentials of their webhook, which come in at the attempt and go no further."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from switchhook.delivery.http.tls import NO_IDENTITY, TlsIdentity
from switchhook.domain.credentials import URL_SECRET
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.http import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.oauth import AccessTokens, Send
    from switchhook.domain.credentials import Credentials
    from switchhook.webhooks.http import HttpRequest


class AuthenticatingSender:
    """Authenticates each request and sends it. A new access token is fetched once where one is refused."""

    def __init__(self, send: Send, tokens: AccessTokens, *, clock: Callable[[], float]) -> None:
        """`send` is the exchange of a sender; `clock` tells unix seconds, for signatures."""
        self._send = send
        self._tokens = tokens
        self._clock = clock

    async def exchange(
        self,
        request: HttpRequest,
        credentials: Credentials,
        *,
        project: str,
        id_: str,
        deadline: float,
        networks: AllowedNetworks,
        **options: Any,  # noqa: ANN401 (those of `Sender.exchange`)
    ) -> Exchange:
        """Send a request and read its response, as `Sender.exchange` does, all within `deadline` seconds.

        `id_` names what is sent. The exchange holds the request as it was given, with the secrets that the
        endpoint got and may repeat.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        if URL_SECRET in request.url and not credentials.url_secret:
            return _not_sent(request, _NO_URL_SECRET)
        refused = ""
        while True:
            token: str | Failure = ""
            if credentials.oauth is not None:
                token = await self._tokens.token(
                    project, credentials.oauth, networks, seconds=until - loop.time()
                )
            if isinstance(token, Failure):
                return _not_sent(request, token)
            signed = authenticated(
                request, credentials, id_=id_, at=self._clock(), access_token=token
            )
            exchange = await self._send(
                signed,
                deadline=max(until - loop.time(), 0.0),
                networks=networks,
                identity=identity_of(credentials),
                **options,
            )
            status = None if exchange.response is None else exchange.response.status
            is_refused = credentials.oauth is not None and status == HTTPStatus.UNAUTHORIZED
            if credentials.oauth is None or not is_refused or refused:
                given = replace(request, secrets=signed.secrets)
                return exchange._replace(request=given, proofs=credentials.proofs)
            refused = token
            self._tokens.refuse(project, credentials.oauth, refused)


@lru_cache(maxsize=1024)
def identity_of(credentials: Credentials) -> TlsIdentity:
    """Return who we are to an endpoint in TLS, and whom we believe."""
    identity = TlsIdentity(
        certificate=credentials.client_certificate,
        private_key=credentials.client_key,
        authority=credentials.certificate_authority,
    )
    return identity if identity.key else NO_IDENTITY


def _not_sent(request: HttpRequest, failure: Failure) -> Exchange:
    return Exchange(request=request, response=None, failure=failure)


_NO_URL_SECRET = Failure(
    kind=FailureKind.NOT_SET_UP,
    detail=f"The URL has a place for a secret, {URL_SECRET}, and the webhook has no url_secret for it now.",
)
