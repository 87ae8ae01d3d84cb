"""An ask in the dialect of its webhook: how it is put to a URL, and how what comes back is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from switchhook.domain.failure import Failure
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
from switchhook.webhooks.answer import (
    DialPlanReading,
    Reading,
    Understood,
    read_answer,
    read_dial_plan_answer,
)
from switchhook.webhooks.parameters import Facts
from switchhook.webhooks.request import masked, public_url, render_ask, render_dial_plan_ask

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.webhook import RoutingWebhook
    from switchhook.webhooks.head import Trouble
    from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse

Read_co = TypeVar("Read_co", bound=Understood, covariant=True)


class Question(Protocol[Read_co]):
    """One ask of one call. What it gives back, its requests apart, holds no secret and may be written down."""

    @property
    def call(self) -> Call:
        """Return the call that waits."""

    @property
    def webhook(self) -> RoutingWebhook:
        """Return what is asked, and how patiently."""

    def request(self, url: str, trouble: Trouble = ()) -> HttpRequest:
        """Build the request to one of the webhook's URLs; `trouble` is told at the end of its query."""

    def public(self, url: str) -> str:
        """Return one of the webhook's URLs as others may know it, other endpoints included."""

    def written(self, exchange: Exchange, url: str) -> Exchange:
        """Return the exchange with one of the webhook's URLs as the journal may keep it, its query apart."""

    def read(self, came: HttpResponse | Failure) -> Read_co:
        """Say what came back means for the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionQuestion:
    """Where does the call go? In the dialect of forwarding numbers."""

    webhook: ForwardingNumber
    facts: Facts
    ask_id: str
    product: str

    @property
    def call(self) -> Call:
        """Return the call that waits."""
        return self.facts.call

    def request(self, url: str, trouble: Trouble = ()) -> HttpRequest:
        """Build the request to one of the webhook's URLs."""
        return render_ask(
            self.webhook,
            self.facts,
            ask_id=self.ask_id,
            product=self.product,
            url=url,
            trouble=trouble,
        )

    def public(self, url: str) -> str:
        """Return the URL as it is asked, without its query."""
        return bare(self.request(url).url)

    def written(self, exchange: Exchange, url: str) -> Exchange:  # noqa: ARG002 (the Protocol's)
        """Return the exchange as it was: what is secret stands in its query or headers."""
        return exchange

    def read(self, came: HttpResponse | Failure) -> Reading:
        """Say what came back means for the call."""
        if isinstance(came, Failure):
            return Reading(decision=came)
        return read_answer(self.webhook, came, self.call.plan, ask_id=self.ask_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchQuestion:
    """Which branch does the call take? In the dial-plan dialect, with the code that was entered."""

    webhook: DialPlanWebhook
    facts: Facts
    code: str
    product: str

    @property
    def call(self) -> Call:
        """Return the call that waits."""
        return self.facts.call

    def request(self, url: str, trouble: Trouble = ()) -> HttpRequest:
        """Build the request to one of the webhook's URL templates."""
        return render_dial_plan_ask(
            self.webhook,
            self.facts,
            product=self.product,
            code=self.code,
            url=url,
            trouble=trouble,
        )

    def public(self, url: str) -> str:
        """Return the URL as it is asked, without its query and without the code, masked or not."""
        return bare(public_url(self.webhook, self.facts, code=self.code, url=url))

    def written(self, exchange: Exchange, url: str) -> Exchange:
        """Return the exchange without the code, where it is masked; an answer may repeat it (S-25)."""
        if not self.webhook.mask_code:
            return exchange
        request = replace(exchange.request, url=self.public(url))
        response = exchange.response
        if response is not None:
            body = self._hidden(response.body.decode("utf-8", "replace")).encode()
            response = replace(response, body=body)
        return replace(exchange, request=request, response=response)

    def read(self, came: HttpResponse | Failure) -> DialPlanReading:
        """Say what came back means for the call."""
        if isinstance(came, Failure):
            return DialPlanReading(verdict=self._hidden_in(came))
        reading = read_dial_plan_answer(self.webhook, came, self.call.plan)
        failure = reading.failure
        return replace(
            reading,
            verdict=reading.verdict if failure is None else self._hidden_in(failure),
            notices=tuple(map(self._hidden, reading.notices)),
        )

    def _hidden_in(self, failure: Failure) -> Failure:
        return replace(failure, detail=self._hidden(failure.detail))

    def _hidden(self, text: str) -> str:
        return masked(self.webhook, text, code=self.code)


def bare(url: str) -> str:
    """Return a URL without its query and fragment, which may hold secrets."""
    return url.partition("#")[0].partition("?")[0]
