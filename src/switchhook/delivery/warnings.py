"""Writes the deliveries that warn an owner of an endpoint: durable ones as all others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from switchhook.delivery.policy import MAIL_POLICY, WARNING_POLICY
from switchhook.domain.delivery_policy import WARNINGS
from switchhook.domain.masking import MASK
from switchhook.storage.delivery import Delivery, DeliveryRequest, delivery_id
from switchhook.webhooks.dialects import endpoint_warning
from switchhook.webhooks.dialects.endpoint_warning import EndpointFacts
from switchhook.webhooks.mail import write_mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.delivery.incidents import EndpointNews
    from switchhook.domain.delivery_policy import DeliveryPolicy, OwnerWarnings


def warnings_to(
    owner: OwnerWarnings, news: EndpointNews, *, product: str, sender: str
) -> Iterator[Delivery]:
    """Write news once for each person, and once for the endpoint that gets them.

    `product` is the User-Agent, `sender` the sender of mail.
    """
    facts = facts_of(news)
    for person in owner.to:
        name = _id(news, person)
        mail = write_mail(
            person,
            subject=endpoint_warning.subject(facts),
            text=endpoint_warning.text(facts),
            moment=datetime.fromtimestamp(news.at, UTC),
            delivery_id=name,
            sender=sender,
        )
        yield _delivery(news, name, mail, MAIL_POLICY)
    if owner.url:
        name = _id(news)
        body = endpoint_warning.write(facts)
        request = endpoint_warning.render(owner.url, body, delivery_id=name, product=product)
        yield _delivery(news, name, request, WARNING_POLICY)


def facts_of(news: EndpointNews) -> EndpointFacts:
    """Return what may be told of an endpoint."""
    delivery, attempt, incident = news.delivery, news.attempt, news.incident
    return EndpointFacts(
        kind=news.kind,
        project=delivery.project,
        webhook=delivery.webhook,
        url=shown_url(delivery),
        since=incident.since,
        at=news.at,
        failures=incident.failures,
        parked_until=incident.parked_until if attempt.failure is not None else None,
        call=delivery.call,
        delivery=delivery.id,
        attempt=attempt.number,
        status=attempt.status,
        failure="" if attempt.failure is None else str(attempt.failure),
        answer=attempt.answer,
    )


def shown_url(delivery: Delivery) -> str:
    """Return the URL of a delivery without user, query and fragment; a subscriber's path is a secret, too."""
    try:
        parts = urlsplit(delivery.request.url)
    except ValueError:
        return MASK
    hides_path = delivery.is_to_subscriber and parts.path.strip("/")
    return urlunsplit(
        parts._replace(
            netloc=parts.netloc.rpartition("@")[2],
            path=f"/{MASK}" if hides_path else parts.path,
            query=MASK if parts.query else "",
            fragment="",
        )
    )


def _id(news: EndpointNews, person: str = "") -> str:
    """Return the id of a warning: the same incident is told of once to each."""
    about = f"{WARNINGS} {news.kind.word} {news.incident.since:.0f} {news.delivery.webhook}"
    return delivery_id(news.delivery.call, news.delivery.seq, about, person)


def _delivery(
    news: EndpointNews, name: str, request: DeliveryRequest, policy: DeliveryPolicy
) -> Delivery:
    return Delivery(
        id=name,
        project=news.delivery.project,
        call=news.delivery.call,
        seq=news.delivery.seq,
        event=news.kind,
        webhook=WARNINGS,
        occurred_at=news.at,
        request=request,
        success_codes=policy.success_codes,
        response_timeout=policy.response_timeout,
    )
