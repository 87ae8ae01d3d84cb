"""Why deliveries are not sent, or not again, and what the log says of each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.delivery.policy import response_of
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.http import Exchange

if TYPE_CHECKING:
    from switchhook.storage.delivery import Attempt, Delivery
    from switchhook.webhooks.mail import MailResult

log = structlog.get_logger(__name__)


def log_unread(delivery: Delivery, done: Exchange | MailResult) -> None:
    """Leave a trace of what could not be read of an answer that counts all the same."""
    if not isinstance(done, Exchange) or (response := response_of(done)) is None:
        return
    if done.failure is not None:
        log.info("response body not read", delivery=delivery.id, failure=str(done.failure))
    if response.left_out:
        log.info("response headers dropped", delivery=delivery.id, lines=response.left_out)


def log_again(attempt: Attempt) -> None:
    """Tell the log of an attempt that is not the last."""
    log.info(
        "delivery attempt failed",
        delivery=attempt.delivery,
        attempt=attempt.number,
        failure=str(attempt.failure),
    )


def is_under_way(attempt: Attempt) -> bool:
    """Say whether an attempt was begun, and nobody knows what came of it."""
    return attempt.failure is not None and attempt.failure.kind is FailureKind.UNDER_WAY


def log_settled(delivery: Delivery, attempt: Attempt, *, after: float) -> None:
    """Tell the log what became of a delivery, in its one line; one that nobody wants any more is no trouble.

    `after` is how many seconds ago the event happened. A line takes a tenth of what a delivery takes, so that those of
    successes are written only where somebody debugs.
    """
    failure = attempt.failure
    if failure is None and not log.is_enabled_for(logging.DEBUG):
        return
    facts = {
        "delivery": delivery.id,
        "project": delivery.project,
        "call": delivery.call,
        "webhook": delivery.webhook,
        "told": str(delivery.event),
        "attempts": attempt.number,
        "status": attempt.status,
        "seconds": round(max(0.0, after), 3),
    }
    if failure is None:
        log.debug("delivery succeeded", **facts)
    elif failure.kind in NOT_WANTED:
        log.info("delivery not sent", **facts, reason=str(failure))
    else:
        log.warning("delivery failed", **facts, failure=str(failure))


UNWANTED: Final = Failure(
    kind=FailureKind.UNSUBSCRIBED, detail="The subscription was removed before this was sent."
)
UNDER_WAY: Final = Failure(
    kind=FailureKind.UNDER_WAY, detail="It was begun, and is sent at most once."
)
CUT_SHORT: Final = Failure(
    kind=FailureKind.INTERRUPTED,
    detail="Switchhook stopped while it was under way. It may have arrived; it is sent at most once"
    " (at_most_once), so it was not sent again.",
)
NOT_WANTED: Final = frozenset(
    {FailureKind.UNSUBSCRIBED, FailureKind.EXPIRED, FailureKind.SUPERSEDED}
)
"""Reasons for which a delivery that could be sent is not."""


def expired(max_age: float | None) -> Failure:
    """Return the reason of a delivery that is too old."""
    return Failure(
        kind=FailureKind.EXPIRED,
        detail=f"The event was older than {max_age or 0:g} seconds (max_age) before it could be sent.",
    )


def superseded(newer: Delivery) -> Failure:
    """Return the reason of a delivery whose place a newer event took."""
    return Failure(
        kind=FailureKind.SUPERSEDED,
        detail=f"A newer event of the call took its place (collapse): {newer.event}, {newer.id}.",
    )


def defect(error: Exception) -> Failure:
    """Return the reason of a delivery that a mistake of ours cost."""
    return Failure(
        kind=FailureKind.INTERRUPTED,
        detail=f"Switchhook failed while sending ({type(error).__name__}). Please report this defect:"
        " the log holds its details.",
    )
