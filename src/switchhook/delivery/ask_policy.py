"""The policy of an ask: which URLs are tried, in which order, how often and for how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.delivery.breaker import BreakerPolicy
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.retry_policy import RetryOn, overrides_of

if TYPE_CHECKING:
    from switchhook.domain.webhook import RoutingWebhook

REDIRECTS = 3
"""How many redirects an ask follows; every hop is vetted anew (S-12, A-50)."""
FIRST_PAUSE = 0.1
"""Seconds before the first retry; each further one waits twice as long."""
MAX_PAUSE = 0.4
MIN_SECONDS = 0.05
"""Less is not worth a try any more."""

_CONNECT = frozenset(
    {
        FailureKind.DNS,
        FailureKind.DNS_TIMEOUT,
        FailureKind.REFUSED,
        FailureKind.UNREACHABLE,
        FailureKind.TLS,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TLS_TIMEOUT,
        FailureKind.PROXY,
    }
)
_RESPONSE = frozenset(
    {
        FailureKind.WRITE_TIMEOUT,
        FailureKind.HEADERS_TIMEOUT,
        FailureKind.BODY_TIMEOUT,
        FailureKind.RESET,
    }
)
_OURS = frozenset(
    {
        FailureKind.ADDRESS_REFUSED,
        FailureKind.BAD_URL,
        FailureKind.INTERRUPTED,
        FailureKind.TABLE,
    }
)
_BODY = frozenset({FailureKind.BAD_BODY, FailureKind.TOO_LARGE})
_OVERLOADED = frozenset({408, 425, 429})
"""Statuses of 4xx that blame the endpoint and not the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUrl:
    """One URL of an ask, and how it is tried. Seconds; None: only the ask's own limit."""

    url: str
    is_fallback: bool = False
    connect: float | None = None
    response: float | None = None
    total: float | None = None
    """For one try of it."""
    retries: int = 0
    retry_on: tuple[RetryOn, ...] = ()


def ask_urls(webhook: RoutingWebhook) -> tuple[AskUrl, ...]:
    """Return what is tried for an ask, first to last. What a URL says goes before what the webhook says."""
    first, fallback = webhook.first_url, webhook.fallback_url
    urls = (first, fallback) if fallback else (first,)
    return tuple(_ask_url(webhook, url, is_fallback=place > 0) for place, url in enumerate(urls))


def _ask_url(webhook: RoutingWebhook, url: str, *, is_fallback: bool) -> AskUrl:
    own = overrides_of(url)
    return AskUrl(
        url=url,
        is_fallback=is_fallback,
        connect=webhook.connect_timeout if own.connect is None else own.connect,
        response=webhook.try_timeout if own.response is None else own.response,
        total=own.total if is_fallback else None,
        retries=webhook.retries if own.retries is None else own.retries,
        retry_on=webhook.retry_on if own.retry_on is None else own.retry_on,
    )


def policy_of(webhook: RoutingWebhook) -> BreakerPolicy:
    """Return how the breakers of a webhook's URLs behave."""
    return BreakerPolicy(failures=webhook.breaker_failures, pause=webhook.breaker_pause)


def seconds_for(ask_url: AskUrl, *, left: float, retries_left: int, is_last: bool) -> float:
    """Return how long one try may take, of what is left for all.

    A time-out must leave time for what comes after it: each try has its fair share, unless its own
    limits ask for more. The last has all that is left.
    """
    after_timeout = retries_left if {RetryOn.RESPONSE, RetryOn.ALL} & {*ask_url.retry_on} else 0
    share = left / (1 + after_timeout + (0 if is_last else 1))
    asked = (ask_url.connect or 0.0) + (ask_url.response or 0.0)
    seconds = min(left, max(share, asked))
    return seconds if ask_url.total is None else min(seconds, ask_url.total)


def pause_before(retry: int, asked: float | None = None) -> float:
    """Return the pause before a retry; the first retry is 1, and `asked` is the endpoint's Retry-After."""
    return max(min(FIRST_PAUSE * 2.0 ** (retry - 1), MAX_PAUSE), asked or 0.0)


def may_retry(
    retry: int, *, left: float, limit: float, is_last: bool, asked: float | None = None
) -> bool:
    """Say whether there is time for a retry: the fallback URL keeps half of the ask's limit."""
    kept = 0.0 if is_last else limit / 2
    return left - pause_before(retry, asked) > max(kept, MIN_SECONDS)


def is_retried(retry_on: tuple[RetryOn, ...], failure: Failure, status: int) -> bool:
    """Say whether the same URL is worth another try; `status` is 0 where no answer came."""
    found = _class_of(failure.kind, status)
    return found is not None and bool({RetryOn.ALL, found} & {*retry_on})


def _class_of(kind: FailureKind, status: int) -> RetryOn | None:
    if kind in _CONNECT:
        return RetryOn.CONNECT
    if kind in _RESPONSE:
        return RetryOn.RESPONSE
    if kind is FailureKind.STATUS:
        return RetryOn.STATUS_4XX if status < 500 else RetryOn.STATUS_5XX
    return None


def is_endpoints_fault(failure: Failure, status: int, *, is_about_call: bool) -> bool:
    """Say whether a failure tells against the endpoint as a whole, and so counts for its breaker.

    A body of no use does, unless it `is_about_call`, this one alone. A status such as 404 always
    is; our own refusals are none of its business.
    """
    if failure.kind in _OURS:
        return False
    if failure.kind is FailureKind.STATUS:
        return status >= 500 or status in _OVERLOADED
    return not (failure.kind in _BODY and is_about_call)


def error_code(failure: Failure, status: int) -> str:
    """Return what the fallback URL is told: the status that came, else the kind of the failure."""
    return str(status) if failure.kind is FailureKind.STATUS and status else failure.kind.value
