"""The dialects of an ask: each renders the request, reads the response and redacts secrets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from switchhook.domain.failure import Failure
from switchhook.domain.masking import mask
from switchhook.domain.webhook import Dialect, DialPlanWebhook, ForwardingNumber
from switchhook.webhooks.answer import (
    AnswerReading,
    DialPlanReading,
    ForwardingNumberReading,
    read_answer,
    read_dial_plan_answer,
)
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.request import public_url, render_ask, render_dial_plan_ask
from switchhook.webhooks.secrets import redacted_exchange, secrets_of
from switchhook.webhooks.url import with_masked_query, without_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.call import Call
    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
    from switchhook.webhooks.request_headers import ErrorParameters

Read_co = TypeVar("Read_co", bound=AnswerReading, covariant=True)


class AskDialect(Protocol[Read_co]):
    """One ask of one call in its dialect. What it returns, its requests apart, holds no secret."""

    @property
    def call(self) -> Call:
        """Return the call that waits."""

    @property
    def facts(self) -> CallFacts:
        """Return what is known of the call, and of the moment."""

    @property
    def webhook(self) -> RoutingWebhook:
        """Return what is asked, and how patiently."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what may not be written down: codes that the caller entered, the webhook's secrets."""

    def request(self, url: str, error_parameters: ErrorParameters = ()) -> HttpRequest:
        """Build the request to one of the webhook's URLs; `error_parameters` is told at the end of its query."""

    def public_url(self, url: str) -> str:
        """Return one of the webhook's URLs as others may know it, other endpoints included."""

    def redacted(self, exchange: Exchange, url: str) -> Exchange:
        """Return the exchange with one of the webhook's URLs as the journal may keep it, its query apart."""

    def read(self, came: HttpResponse | Failure) -> Read_co:
        """Say what came back means for the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingNumberDialect:
    """Asks a forwarding number where the call goes."""

    webhook: ForwardingNumber
    facts: CallFacts
    ask_id: str
    product: str

    @property
    def call(self) -> Call:
        """Return the call that waits."""
        return self.facts.call

    def request(self, url: str, error_parameters: ErrorParameters = ()) -> HttpRequest:
        """Build the request to one of the webhook's URLs."""
        return render_ask(
            self.webhook,
            self.facts,
            ask_id=self.ask_id,
            product=self.product,
            url=url,
            error_parameters=error_parameters,
        )

    def public_url(self, url: str) -> str:
        """Return the URL as it is asked, without its query."""
        return without_query(self.request(url).url)

    def redacted(self, exchange: Exchange, url: str) -> Exchange:  # noqa: ARG002 (the Protocol's)
        """Return the exchange without codes and secrets; an answer may repeat them."""
        return redacted_exchange(exchange, (*self.secrets, *exchange.request.secrets))

    def read(self, came: HttpResponse | Failure) -> ForwardingNumberReading:
        """Say what came back means for the call."""
        if isinstance(came, Failure):
            return ForwardingNumberReading(decision=came)
        secrets = self.secrets
        reading = read_answer(self.webhook, came, self.call.snapshot, ask_id=self.ask_id)
        if not secrets:
            return reading
        failure = reading.failure
        return replace(
            reading,
            decision=reading.decision if failure is None else _redacted_failure(failure, secrets),
            notices=tuple(mask(notice, secrets) for notice in reading.notices),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what may not be written down: codes that the caller entered before, the webhook's secrets."""
        return (*self.call.asks.codes, *secrets_of(self.webhook))


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlanDialect:
    """Asks a dial-plan webhook which branch the call takes, with the code that was entered."""

    webhook: DialPlanWebhook
    facts: CallFacts
    code: str
    product: str

    @property
    def call(self) -> Call:
        """Return the call that waits."""
        return self.facts.call

    def request(self, url: str, error_parameters: ErrorParameters = ()) -> HttpRequest:
        """Build the request to one of the webhook's URL templates."""
        return render_dial_plan_ask(
            self.webhook,
            self.facts,
            product=self.product,
            code=self.code,
            url=url,
            error_parameters=error_parameters,
        )

    def public_url(self, url: str) -> str:
        """Return the URL as it is asked, without its query and without the code, masked or not."""
        return without_query(public_url(self.webhook, self.facts, code=self.code, url=url))

    def redacted(self, exchange: Exchange, url: str) -> Exchange:
        """Return the exchange without masked codes and secrets; an answer may repeat them (S-25)."""
        if self.webhook.mask_code:
            _, sign, query = with_masked_query(exchange.request.url).partition("?")
            request = replace(exchange.request, url=f"{self.public_url(url)}{sign}{query}")
            exchange = exchange._replace(request=request)
        return redacted_exchange(exchange, (*self.secrets, *exchange.request.secrets))

    def read(self, came: HttpResponse | Failure) -> DialPlanReading:
        """Say what came back means for the call."""
        if isinstance(came, Failure):
            return DialPlanReading(verdict=_redacted_failure(came, self.secrets))
        secrets = secrets_of(self.webhook)
        reading = read_dial_plan_answer(self.webhook, came, self.call.snapshot)
        failure = reading.failure
        return replace(
            reading,
            verdict=reading.verdict
            if failure is None
            else _redacted_failure(failure, self.secrets),
            variables=tuple((name, mask(value, secrets)) for name, value in reading.variables),
            notices=tuple(mask(notice, self.secrets) for notice in reading.notices),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the secrets to mask: the codes of this ask and earlier ones, the webhook's secrets."""
        own = (self.code,) if self.code and self.webhook.mask_code else ()
        return (*own, *self.call.asks.codes, *secrets_of(self.webhook))


def asked_webhook(call: Call) -> RoutingWebhook | None:
    """Return the webhook that a call waits for."""
    pending = call.asks.pending
    if pending is None:
        return None
    snapshot = call.snapshot
    webhooks: Mapping[str, RoutingWebhook] = snapshot.dial_plan_webhooks
    if pending.dialect is Dialect.FORWARDING_NUMBER:
        webhooks = snapshot.webhooks
    return webhooks.get(pending.webhook)


def _redacted_failure(failure: Failure, secrets: tuple[str, ...]) -> Failure:
    return replace(failure, detail=mask(failure.detail, secrets))
