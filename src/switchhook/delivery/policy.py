"""Delivery policies at work: what an exchange means for a delivery, and when it is tried again. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.delivery.retry_after import retry_after_seconds
from switchhook.domain.delivery_policy import DEFAULT_POLICY, DeliveryPolicy
from switchhook.domain.event import EventMail
from switchhook.domain.failure import BEFORE_SENDING, Failure, FailureKind
from switchhook.domain.scheme import VOICEMAIL_MAIL
from switchhook.domain.tracking.call_tracking import CALL_TRACKING, TrackingScenario
from switchhook.storage.delivery import Attempt, Delivery
from switchhook.webhooks.mail import MAIL_CODES, MAIL_SECONDS, Mail, MailResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchhook.domain.event import EventAction
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.webhooks.http import Exchange, HttpResponse

ANSWER_KEPT: Final = 4096
"""Bytes of a response's body that are kept for those who ask why (S-47)."""

HEADER_KEPT: Final = 200
"""Characters of a response's header that are kept."""
TOLD_HEADERS: Final = frozenset(
    {
        *("allow", "cf-ray", "content-length", "content-type", "date", "retry-after", "server"),
        *("via", "www-authenticate", "x-correlation-id", "x-request-id"),
    }
)
"""Headers of a refusal that are kept: they say who answered, and help that one to find it."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


NO_RETRIES: Final = DeliveryPolicy(breaker_failures=0)
"""One attempt, then given up; for whom the project does not have any more, and nobody is warned of."""
BAD_LOGIN: Final = frozenset({530, 534, 535, 538})
"""SMTP replies about our login, and not about the mail (RFC 4954 6)."""
MAIL_POLICY: Final = DeliveryPolicy(
    success_codes=MAIL_CODES,
    response_timeout=MAIL_SECONDS,
    pauses=(60.0, 180.0, 540.0, 1620.0, 4860.0, *(4 * 3600.0,) * 5),
    final=frozenset(range(500, 600)) - BAD_LOGIN,
    parks=False,
)
"""A mail that was refused for now is tried again for about a day; what was refused for good is not
(RFC 5321 4.2.1, 4.5.4.1). Greylisting lets most in at the second attempt or the third."""

MAX_RETRY_AFTERS: Final = 10
"""Pauses that an endpoint may ask for without using up attempts; one that asks for ever is given up."""

TRANSIENT_4XX: Final = frozenset({408, 425, 429})
"""Statuses of 4xx that blame the moment, and not the request (RFC 9110, 8470 and 6585)."""
SUBSCRIBER_POLICY: Final = DeliveryPolicy(
    success_codes=tuple(range(200, 300)),
    retries=3,
    final=frozenset(range(400, 500)) - TRANSIENT_4XX,
)
"""The retries that REST hooks expect. A receiver says yes in its own way. One that knows some statuses only refuses
the others for good, and must not be kept waiting for those that it knows."""


WARNING_POLICY: Final = DeliveryPolicy(
    success_codes=tuple(range(200, 300)), retries=3, breaker_failures=0
)
"""How an owner's endpoint is told of others; nobody is warned of it."""


def default_policy(delivery: Delivery) -> DeliveryPolicy:
    """Return the default retry policy; an event webhook has no retries (R2-04)."""
    if isinstance(delivery.request, Mail):
        return MAIL_POLICY
    if delivery.is_warning:
        return WARNING_POLICY
    return SUBSCRIBER_POLICY if delivery.is_to_subscriber else DEFAULT_POLICY


def policy_of(delivery: Delivery, snapshot: ProjectSnapshot | None) -> DeliveryPolicy:
    """Return how a delivery is made, as its project says now.

    Who is in the project no longer, under that name, is told once more at most.
    """
    if snapshot is None or delivery.is_to_subscriber or delivery.is_warning:
        return default_policy(delivery)
    request, receiver = delivery.request, receiver_of(delivery.webhook, snapshot)
    if delivery.webhook == VOICEMAIL_MAIL and isinstance(request, Mail):
        is_told = request.recipient in snapshot.voicemail_recipients
        return MAIL_POLICY if is_told else NO_RETRIES
    if isinstance(receiver, EventMail):
        is_told = isinstance(request, Mail) and request.recipient in receiver.to
        return MAIL_POLICY if is_told else NO_RETRIES
    return NO_RETRIES if receiver is None or isinstance(request, Mail) else receiver.policy


def receiver_of(
    name: str, snapshot: ProjectSnapshot
) -> EventAction | StreamWebhook | TrackingScenario | None:
    """Return the event's action, the webhook of the stream or the scenario that has this name."""
    if name == CALL_TRACKING:
        return snapshot.project.call_tracking
    return snapshot.actions.get(name) or snapshot.stream_webhooks.get(name)


def pause_before_first(policy: DeliveryPolicy, delivery: Delivery, now: float) -> float:
    """Return the seconds until a delivery is sent first; a clock that was set back makes them no more."""
    return min(policy.delay, max(0.0, delivery.occurred_at + policy.delay - now))


def order_of(delivery: Delivery, policy: DeliveryPolicy) -> str:
    """Return what its call's other deliveries go out in order with: those of one key, or to one origin.

    Programs that subscribed have nothing to do with each other, wherever they run. Where a policy keeps no order,
    each delivery goes by itself.
    """
    if not policy.keep_order:
        return f"alone {delivery.id}"
    if delivery.is_to_subscriber or delivery.is_warning or isinstance(delivery.request, Mail):
        return delivery.webhook
    return f"key {policy.order_key}" if policy.order_key else origin_of(delivery.request.url)


@lru_cache(maxsize=1024)
def origin_of(url: str) -> str:
    """Return the origin of a URL, or the text itself if it is no URL; the sender refuses that."""
    try:
        origin = Origin.parse(split(url)[0])
    except ExchangeError:
        return url
    return f"{origin.scheme}://{origin}"


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
        facts=() if isinstance(done, MailResult) else _facts(done, failure),
    )


def _facts(exchange: Exchange, failure: Failure | None) -> tuple[tuple[str, str], ...]:
    """Return how an exchange went: of a failure, where to, in which time, and the head of the response.

    A success says little, for there are many: by what it proved who sent it.
    """
    proofs = (("proved_by", ", ".join(exchange.proofs)),) if exchange.proofs else ()
    if failure is None:
        return proofs
    seconds = ((f"seconds_{phase}", f"{took:.4f}") for phase, took in exchange.seconds)
    address = (("address", exchange.address),) if exchange.address else ()
    response = response_of(exchange)
    return (*proofs, *address, *seconds, *(() if response is None else _head(response)))


def _head(response: HttpResponse) -> Iterator[tuple[str, str]]:
    """Yield the headers of a response that say why, and hold no secret."""
    for name, value in response.headers:
        if name in TOLD_HEADERS:
            yield f"header_{name}", value[:HEADER_KEPT]


def response_of(exchange: Exchange) -> HttpResponse | None:
    """Return the result of an event's exchange: the status decides, whatever became of the body (R2-03).

    Where Switchhook stopped meanwhile, nothing is settled.
    """
    failure = exchange.failure
    if failure is not None and failure.kind is FailureKind.INTERRUPTED:
        return None
    return exchange.response or exchange.begun


def pause_before_next(
    policy: DeliveryPolicy, history: Sequence[Attempt], now: float, chance: float
) -> float | None:
    """Return the seconds until the next attempt of the delivery, or None when it is settled.

    `history` holds its attempts so far, first to latest. `chance`, from 0 to 1, makes each pause of the policy
    between half of it and the whole, so that many do not come back at once. An attempt that got `Retry-After` does
    not count, up to `MAX_RETRY_AFTERS`; its pause is as long as was asked for. A delivery without retries is sent
    once all the same (R2-04). What has passed of a pause counts, and a clock that was set back meanwhile makes no
    pause longer.
    """
    if not history:
        return 0.0
    latest = history[-1]
    if latest.failure is None or is_final(policy, latest, latest.failure):
        return None
    counted = _counted(history)
    if counted > policy.most_retries or not policy.most_retries:
        return None
    whole = latest.asked
    pause = policy.pause(counted) * (1 + chance) / 2 if whole is None else whole
    return min(pause, max(0.0, latest.at + latest.seconds + pause - now))


def _counted(history: Sequence[Attempt]) -> int:
    """Return how many attempts count among those that the policy allows."""
    asked = sum(attempt.asked is not None for attempt in history)
    return len(history) - min(asked, MAX_RETRY_AFTERS)


def is_final(policy: DeliveryPolicy, attempt: Attempt, failure: Failure) -> bool:
    """Say whether nothing may be tried again after a failure, however many retries are left."""
    may_have_arrived = failure.kind not in BEFORE_SENDING
    return attempt.status in policy.final or (policy.at_most_once and may_have_arrived)


def seconds_left(policy: DeliveryPolicy, delivery: Delivery, now: float) -> float | None:
    """Return for how many seconds more a delivery may be sent; None: for ever, 0 or less: no more.

    `now` is in unix seconds. A clock that was set back since the event makes nobody younger than just born.
    """
    if policy.max_age is None:
        return None
    return min(policy.max_age, delivery.occurred_at + policy.max_age - now)


def _failure(delivery: Delivery, exchange: Exchange) -> Failure | None:
    response = response_of(exchange)
    if exchange.failure is not None and response is None:
        # Half a surrogate pair would be refused by every store, and the delivery never be settled.
        detail = exchange.failure.detail.encode(errors="replace").decode()
        return replace(exchange.failure, detail=detail)
    if response is not None and response.status in delivery.success_codes:
        return None
    host = _host(delivery.request.url)
    if response is None:
        return Failure(kind=FailureKind.BAD_RESPONSE, detail=f"{host} sent no response.")
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
