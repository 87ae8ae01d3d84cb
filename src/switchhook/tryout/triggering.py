"""The event webhooks of a project, rendered for an example call and sent to any URL, as a delivery is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.domain.event import EventKind, EventWebhook
from switchhook.projectfile.toml.mistakes import did_you_mean
from switchhook.storage.delivery import delivery_id
from switchhook.tryout.examples import Example, example_facts
from switchhook.tryout.lookup import NoSuchWebhookError
from switchhook.tryout.previewing import FETCHED
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.request import render_event

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggeredEvent:
    """One delivery of the example call."""

    kind: EventKind
    webhook: EventWebhook
    id: str
    request: HttpRequest
    """Without what proves who sends."""

    def proved(self, at: float) -> HttpRequest:
        """Return the request of an attempt, with the webhook's credentials, at a moment in unix seconds."""
        credentials = self.webhook.credentials
        token = FETCHED if credentials.oauth else ""
        return authenticated(self.request, credentials, id_=self.id, at=at, access_token=token)


def chosen_webhooks(
    snapshot: ProjectSnapshot, wanted: str
) -> tuple[tuple[EventKind, EventWebhook], ...]:
    """Return the event webhooks that `wanted` means, in the order of a call.

    `wanted` is a moment (`incoming.after`), a direction (`incoming`: all moments of such a call), or the name of an
    event or of a webhook. Raises NoSuchWebhookError.
    """
    found = [
        (event.event, webhook)
        for event in snapshot.project.events
        for webhook in event.webhooks
        if wanted in {event.event.value, event.event.partition(".")[0], event.name, webhook.name}
    ]
    if not found:
        known = sorted(
            {event.event.value for event in snapshot.project.events if event.webhooks}
            | {webhook.name for event in snapshot.project.events for webhook in event.webhooks}
        )
        advice = did_you_mean(wanted, known) or "it has no event webhook at all"
        raise NoSuchWebhookError(
            f"project {snapshot.project.id} has no event webhook at {wanted!r}; {advice}"
        )
    order = list(EventKind)
    return tuple(sorted(found, key=lambda one: order.index(one[0])))


def events_of_example(
    snapshot: ProjectSnapshot,
    chosen: tuple[tuple[EventKind, EventWebhook], ...],
    url: str,
    example: Example,
    *,
    now: float,
    product: str,
    first: int = 1,
) -> tuple[TriggeredEvent, ...]:
    """Render the chosen webhooks for one call, `url` in place of their own. Raises ExampleError.

    `first` is the place of the first one among the call's events.
    """
    made = []
    for place, (kind, webhook) in enumerate(chosen, start=first):
        there = replace(webhook, url=url)
        facts = replace(example_facts(snapshot, webhook, example, now=now), seq=place)
        id_ = delivery_id(example.id, place, webhook.name)
        request = render_event(there, facts, delivery_id=id_, product=product)
        made.append(TriggeredEvent(kind=kind, webhook=there, id=id_, request=request))
    return tuple(made)
