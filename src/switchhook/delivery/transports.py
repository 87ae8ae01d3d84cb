"""The transports of deliveries: a request goes to the HTTP sender, with its webhook's credentials, a mail to the mailer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

import structlog

from switchhook.delivery.outcomes import defect
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.http import Exchange, HttpRequest
from switchhook.webhooks.mail import Mail, MailResult
from switchhook.webhooks.secrets import masked_secrets, redacted_exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.authenticating import AuthenticatingSender
    from switchhook.domain.credentials import Credentials
    from switchhook.storage.delivery import Delivery

log = structlog.get_logger(__name__)


class HttpSender(Protocol):
    """Exchanges one request for one response; the sender."""

    async def exchange(
        self,
        request: HttpRequest,
        *,
        deadline: float,
        networks: AllowedNetworks,
        keep_alive: bool,
        idempotent: bool,
    ) -> Exchange:
        """Return what came of it within `deadline` seconds. Raises nothing but CancelledError."""


class MailSender(Protocol):
    """Sends one mail to the mail server; the mailer."""

    async def post(self, mail: Mail, *, deadline: float) -> MailResult:
        """Return what came of it within `deadline` seconds. Raises nothing but CancelledError."""


def no_credentials(_delivery: Delivery) -> Credentials:
    """Return no credentials."""
    return NO_CREDENTIALS


class Transports:
    """Brings one delivery to its endpoint, or to the mail server."""

    def __init__(
        self,
        sender: HttpSender,
        mailer: MailSender,
        *,
        networks_of: Callable[[str], AllowedNetworks],
        credentials_of: Callable[[Delivery], Credentials | Failure],
        authenticating: AuthenticatingSender | None,
    ) -> None:
        """The functions and `authenticating` are those of `Dispatcher`."""
        self._sender = sender
        self._mailer = mailer
        self._networks_of = networks_of
        self._credentials_of = credentials_of
        self._authenticating = authenticating

    async def send(self, delivery: Delivery, *, idempotent: bool) -> Exchange | MailResult | None:
        """Send it. None where the sender was closed: then it counts as not tried."""
        try:
            done = await self._send(delivery, idempotent=idempotent)
        except Exception as error:
            # Internal error: it costs this delivery, and neither its lane nor a slot.
            log.exception("delivery crashed", delivery=delivery.id)
            return MailResult(status=0, reply="", failure=defect(error), seconds=0.0)
        failure = done.failure
        is_ended = failure is not None and failure.kind is FailureKind.INTERRUPTED
        return None if is_ended else done

    async def _send(self, delivery: Delivery, *, idempotent: bool) -> Exchange | MailResult:
        match delivery.request:
            case HttpRequest() as request:
                credentials = self._credentials_of(delivery)
                if isinstance(credentials, Failure):
                    return MailResult(status=0, reply="", failure=credentials, seconds=0.0)
                if credentials is not NO_CREDENTIALS and self._authenticating is not None:
                    return await self._send_authenticated(
                        self._authenticating,
                        delivery,
                        request,
                        credentials,
                        idempotent=idempotent,
                    )
                return await self._sender.exchange(
                    request,
                    deadline=delivery.response_timeout,
                    networks=self._networks_of(delivery.project),
                    keep_alive=delivery.keep_alive,
                    # The endpoint knows it by its id, so a kept connection that died may be replaced.
                    idempotent=idempotent,
                )
            case Mail() as mail:
                return await self._mailer.post(mail, deadline=delivery.response_timeout)
            case request:
                assert_never(request)

    async def _send_authenticated(
        self,
        authenticating: AuthenticatingSender,
        delivery: Delivery,
        request: HttpRequest,
        credentials: Credentials,
        *,
        idempotent: bool,
    ) -> Exchange:
        """Send it with its webhook's credentials; what the endpoint repeats of them is masked."""
        done = await authenticating.exchange(
            request,
            credentials,
            project=delivery.project,
            id_=delivery.id,
            deadline=delivery.response_timeout,
            networks=self._networks_of(delivery.project),
            keep_alive=delivery.keep_alive,
            idempotent=idempotent,
        )
        return redacted_exchange(done, masked_secrets(done.request.secrets))
