"""The delivery policy: what an exchange means for a delivery, and when it is retried. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.delivery.retry_after import retry_after_seconds
from switchhook.domain.failure import Failure, FailureKind
from switchhook.storage.delivery import Attempt, Delivery
from switchhook.webhooks.mail import Mail, MailResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.webhooks.http import Exchange, HttpResponse

ANSWER_KEPT: Final = 4096
"""Bytes of a response's body that are kept for those who ask why (S-47)."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a failed delivery is retried: never, unless the project says so (R2-04, A-23).

    Pauses grow from `first_pause` by `factor` up to `longest_pause`, in seconds.
    """

    retries: int = 0
    first_pause: float = 30.0
    factor: float = 4.0
    longest_pause: float = 3600.0
    final: frozenset[int] = frozenset()
    """Statuses after which nothing is tried again."""

    def __post_init__(self) -> None:
        if not 0 <= self.retries <= 10:
            raise ValueError(f"a delivery is tried again 0 to 10 times, not {self.retries}")
        if not (0 < self.first_pause <= self.longest_pause and self.factor >= 1):
            raise ValueError("pauses between attempts begin above 0 and grow up to the longest")

    def pause(self, attempts: int) -> float:
        """Return how long to wait after so many failed attempts."""
        return min(self.first_pause * self.factor ** (attempts - 1), self.longest_pause)


NO_RETRIES: Final = RetryPolicy()
"""One attempt, then given up."""
BAD_LOGIN: Final = frozenset({530, 534, 535, 538})
"""SMTP replies about our login, and not about the mail (RFC 4954 6)."""
MAIL_RETRIES: Final = RetryPolicy(
    retries=10,
    first_pause=60.0,
    factor=3.0,
    longest_pause=4 * 3600.0,
    final=frozenset(range(500, 600)) - BAD_LOGIN,
)
"""A mail that was refused for now is tried again for about a day; what was refused for good is not
(RFC 5321 4.2.1, 4.5.4.1). Greylisting lets most in at the second attempt or the third."""

MAX_RETRY_AFTERS: Final = 10
"""Pauses that an endpoint may ask for without using up attempts; one that asks for ever is given up."""

TRANSIENT_4XX: Final = frozenset({408, 425, 429})
"""Statuses of 4xx that blame the moment, and not the request (RFC 9110, 8470 and 6585)."""
SUBSCRIBER_RETRIES: Final = RetryPolicy(retries=3, final=frozenset(range(400, 500)) - TRANSIENT_4XX)
"""The retries that REST hooks expect. A receiver that knows some statuses only refuses the others for good, and
must not be kept waiting for those that it knows."""


def default_policy(delivery: Delivery) -> RetryPolicy:
    """Return the default retry policy; an event webhook has no retries (R2-04)."""
    if isinstance(delivery.request, Mail):
        return MAIL_RETRIES
    return SUBSCRIBER_RETRIES if delivery.is_to_subscriber else NO_RETRIES


def policy_of(delivery: Delivery, snapshot: ProjectSnapshot | None) -> RetryPolicy:
    """Return how often a delivery is tried again, as its project says now.

    Who is in the project no longer, under that name, is told once more at most.
    """
    if snapshot is None or delivery.is_to_subscriber:
        return default_policy(delivery)
    if isinstance(delivery.request, Mail):
        told = (mail.to for mail in snapshot.project.event_mails if mail.name == delivery.webhook)
        return MAIL_RETRIES if delivery.request.recipient in chain(*told) else NO_RETRIES
    webhook = snapshot.events.get(delivery.webhook)
    return NO_RETRIES if webhook is None else RetryPolicy(retries=webhook.retries)


def default_order(delivery: Delivery) -> str:
    """Return what its call's other deliveries go out in order with: those to the same origin.

    Programs that subscribed have nothing to do with each other, wherever they run.
    """
    if delivery.is_to_subscriber or isinstance(delivery.request, Mail):
        return delivery.webhook
    return _origin(delivery.request.url)


@lru_cache(maxsize=1024)
def _origin(url: str) -> str:
    """Return the origin of a URL, or the text itself if it is no URL; the sender refuses that."""
    try:
        origin = Origin.parse(split(url)[0])
    except ExchangeError:
        return url
    return f"{origin.scheme}://{origin}"


def order_of(delivery: Delivery, snapshot: ProjectSnapshot | None) -> str:
    """Return the same, as its project says now: a webhook may have an order key of its own."""
    webhook = None if snapshot is None else snapshot.events.get(delivery.webhook)
    if webhook is None or not webhook.order_key or delivery.is_to_subscriber:
        return default_order(delivery)
    return f"key {webhook.order_key}"


def attempt_of(
    delivery: Delivery, done: Exchange | MailResult, number: int, *, at: float
) -> Attempt:
    """Return the attempt that this exchange was; `at` is when it began, in unix seconds.

    It is marked as the last. Delivered means a status among the delivery's success codes (R2-03), or
    that the mail server took the mail over.
    """
    if isinstance(done, MailResult):
        seconds, status, failure = done.seconds, done.status, done.failure
        answer, asked = done.reply.encode(errors="replace"), None
    else:
        response = response_of(done)
        seconds = dict(done.seconds).get("total", 0.0)
        status, answer = (0, b"") if response is None else (response.status, response.body)
        failure = _failure(delivery, done)
        asked = None if failure is None else retry_after_seconds(response, at + seconds)
    return Attempt(
        delivery=delivery.id,
        project=delivery.project,
        number=number,
        at=at,
        seconds=seconds,
        status=status,
        failure=failure,
        answer=answer[:ANSWER_KEPT],
        asked=asked,
    )


def response_of(exchange: Exchange) -> HttpResponse | None:
    """Return the result of an event's exchange: the status decides, whatever became of the body (R2-03).

    Where Switchhook stopped meanwhile, nothing is settled.
    """
    failure = exchange.failure
    if failure is not None and failure.kind is FailureKind.INTERRUPTED:
        return None
    return exchange.response or exchange.begun


def pause_before_next(policy: RetryPolicy, history: Sequence[Attempt], now: float) -> float | None:
    """Return the seconds until the next attempt of the delivery, or None when it is settled.

    `history` holds its attempts so far, first to latest. An attempt that got `Retry-After` does not count, up to
    `MAX_RETRY_AFTERS`. A delivery without retries is sent once all the same (R2-04). What has passed of a pause
    counts, and a clock that was set back meanwhile makes no pause longer.
    """
    if not history:
        return 0.0
    latest = history[-1]
    asked = sum(attempt.asked is not None for attempt in history)
    counted = len(history) - min(asked, MAX_RETRY_AFTERS)
    is_over = counted > policy.retries or not policy.retries
    if latest.failure is None or latest.status in policy.final or is_over:
        return None
    pause = policy.pause(counted) if latest.asked is None else latest.asked
    return min(pause, max(0.0, latest.at + latest.seconds + pause - now))


def _failure(delivery: Delivery, exchange: Exchange) -> Failure | None:
    response = response_of(exchange)
    if exchange.failure is not None and response is None:
        # Half a surrogate pair would be refused by every store, and the delivery never be settled.
        detail = exchange.failure.detail.encode(errors="replace").decode()
        return replace(exchange.failure, detail=detail)
    host = _host(delivery.request.url)
    if response is None:
        return Failure(kind=FailureKind.BAD_RESPONSE, detail=f"{host} sent no response.")
    if response.status in delivery.success_codes:
        return None
    said = f"{host} answered {_status(response.status)}"
    if response.status in _REDIRECTS:
        return Failure(kind=FailureKind.REDIRECT, detail=f"{said}{_redirect_target(response)}")
    counts = f"{_codes(delivery.success_codes)} counts as delivered"
    return Failure(kind=FailureKind.STATUS, detail=f"{said}; {counts}. {_advice(response)}")


def _status(status: int) -> str:
    """Return the code with its standard phrase; the endpoint's own words are not to be trusted."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _advice(response: HttpResponse) -> str:
    if 200 <= response.status < 300:
        return "If the endpoint means yes by it, add it to the webhook's success codes."
    return response.advice or "The endpoint's own log says why."


def _redirect_target(response: HttpResponse) -> str:
    """Name the host that a redirect leads to; its path and query may hold secrets."""
    host = _host(dict(response.headers).get("location", ""))
    leads = f" and leads to {host}" if host and host.isprintable() else ""
    return f"{leads}. Redirects are not followed: set the webhook's URL to where it leads."


def _host(url: str) -> str:
    """Return a URL's host and port, without the user's name."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _codes(codes: tuple[int, ...]) -> str:
    """Write codes for people: `200`, `200 or 204`, `200–299`."""
    ordered = sorted(set(codes))
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}–{ordered[-1]}"
    if not ordered:
        return "no status"
    *but_last, last = (str(code) for code in ordered)
    return f"{', '.join(but_last)} or {last}" if but_last else last
