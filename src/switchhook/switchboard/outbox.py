"""The transactional outbox: renders the deliveries of emitted events, to be committed with the call.

Pure, but for the log of what is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, assert_never

import structlog

from switchhook.delivery.policy import MAIL_POLICY, SUBSCRIBER_POLICY
from switchhook.domain.call import Call, CallState
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventKind, EventMail, EventWebhook, Subscription
from switchhook.domain.masking import redacted
from switchhook.domain.scheme import VOICEMAIL_MAIL, VoicemailStep
from switchhook.domain.tracking.call_tracking import CALL_TRACKING
from switchhook.routing.commands import (
    AmendEvent,
    AskWebhook,
    EmitEvent,
    PhoneCommand,
    PublishEvent,
    ShowRinging,
    WriteJournal,
)
from switchhook.routing.ending import AFTER_EVENTS
from switchhook.routing.position import step_of
from switchhook.storage.delivery import Delivery, delivery_id
from switchhook.storage.records import CallRecord
from switchhook.storage.stream import StreamEvent
from switchhook.webhooks.dialects import event_stream
from switchhook.webhooks.dialects.call_notification import STATUS, is_subscribed, notification
from switchhook.webhooks.dialects.call_tracking import slot_of
from switchhook.webhooks.listeners import actions_at
from switchhook.webhooks.mail import DEFAULT_SENDER, Mail, render_mail
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.request import (
    render_call_tracking,
    render_event,
    render_notification,
    render_stream_event,
    why_not_sent,
)
from switchhook.webhooks.voicemail_mail import render_voicemail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.outside import OutsideUse
    from switchhook.domain.project import Project
    from switchhook.domain.tracking.caller_history import Caller
    from switchhook.routing.commands import Command
    from switchhook.webhooks.http import HttpRequest

log = structlog.get_logger(__name__)

FactsOf = Callable[[Call], Mapping[str, str]]
"""Returns what may be told of a call from outside it, under parameters' keys."""

SubscriptionsOf = Callable[[str], Sequence[Subscription]]
"""Returns the subscriptions of the project with this id."""


def known_at_arrival(call: Call) -> Mapping[str, str]:
    """Return no more facts from outside a call than it came with."""
    return dict(call.facts)


def no_subscriptions(_project: str) -> Sequence[Subscription]:
    """Return no subscriptions."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxContext:
    """The input of rendering an event, besides the call."""

    product: str
    """The User-Agent of webhooks that set none."""
    facts_of: FactsOf = known_at_arrival
    subscriptions_of: SubscriptionsOf = no_subscriptions
    mail_from: str = DEFAULT_SENDER
    """The sender of mail."""


def call_record(
    call: Call,
    commands: Sequence[Command],
    context: OutboxContext,
    *,
    callers: tuple[Caller, ...] = (),
    outside: tuple[OutsideUse, ...] = (),
) -> CallRecord:
    """Return what must be durable before `commands` are carried out.

    `callers` and `outside` are what is known now.
    """
    not_told: list[NotTold] = []
    deliveries = tuple(
        delivery
        for command in commands
        if isinstance(command, EmitEvent)
        for delivery in event_deliveries(command, context, not_told)
    )
    deliveries += tuple(
        delivery
        for command in commands
        if isinstance(command, AmendEvent)
        for delivery in late_deliveries(command, context)
    )
    events: tuple[StreamEvent, ...] = ()
    if call.snapshot.has_stream:
        published = [command for command in commands if isinstance(command, PublishEvent)]
        events, streamed = _published(published, context)
        deliveries += streamed
    entries = tuple(command.entry for command in commands if isinstance(command, WriteJournal))
    return CallRecord(
        call=redacted(call),
        entries=_with_reasons(entries, not_told) if not_told else entries,
        deliveries=deliveries,
        callers=callers,
        outside=outside,
        events=events if call.snapshot.project.event_stream.keep else (),
        can_wait=not (deliveries or events or callers or outside) and _can_wait(call, commands),
    )


def _can_wait(call: Call, commands: Sequence[Command]) -> bool:
    """Say whether nobody notices when a step is stored a little later: the caller hears that it rings, at most."""
    return call.state is not CallState.ENDED and all(
        isinstance(command, _PATIENT) for command in commands
    )


_PATIENT: Final = (WriteJournal, EmitEvent, PublishEvent, AmendEvent, ShowRinging)
"""Commands that are for the store alone, and one whose delay is not heard."""


_NOT_FOR_PHONES: Final = (AskWebhook, WriteJournal, EmitEvent, PublishEvent, AmendEvent)
"""Commands that no driver carries out. A union in their place is built anew at each look: three times the time."""


NotTold = tuple[str, str]
"""The name of a webhook that was not told of an event, and why."""


def _with_reasons(
    entries: tuple[JournalEntry, ...], not_told: Sequence[NotTold]
) -> tuple[JournalEntry, ...]:
    """Return a step's lines of the journal, the last with who was not told of it, and why."""
    if not entries:
        return entries
    told = [(f"not_told_{number}", f"{name}: {why}") for number, (name, why) in enumerate(not_told)]
    return (*entries[:-1], replace(entries[-1], facts=(*entries[-1].facts, *told)))


def event_deliveries(
    emit: EmitEvent, context: OutboxContext, not_told: list[NotTold] | None = None
) -> Iterator[Delivery]:
    """Render an emitted event once for each action and subscriber; `not_told` gets those that cannot be told."""
    facts = CallFacts(
        call=emit.call,
        now=emit.at,
        event=emit.event,
        seq=emit.seq,
        extra=context.facts_of(emit.call),
    )
    for action in actions_at(emit.call, emit.event):
        match action:
            case EventWebhook() if why := why_not_sent(action, facts):
                log.info("event not sent", call=emit.call.id, webhook=action.name, reason=why)
                if not_told is not None:
                    not_told.append((action.name, why))
            case EventWebhook():
                yield _webhook_delivery(action, emit, facts, context)
            case EventMail():
                for recipient in action.to:
                    yield _mail_delivery(action, recipient, emit, facts, context)
            case _:
                assert_never(action)
    yield from _voicemail_deliveries(emit, facts, context)
    yield from _call_tracking_deliveries(emit, facts, context)
    yield from _subscription_deliveries(emit, context)


def late_deliveries(amended: AmendEvent, context: OutboxContext) -> Iterator[Delivery]:
    """Render the end of a call for those whom it could not be told before its visitor was known (N-18)."""
    call = amended.call
    ended_at = amended.at if call.ended_at is None else call.ended_at
    emit = EmitEvent(event=amended.event, seq=amended.seq, at=ended_at, call=call)
    facts = CallFacts(
        call=call,
        now=amended.at,
        event=emit.event,
        seq=emit.seq,
        extra=context.facts_of(call),
    )
    before = replace(facts, call=amended.before, extra=context.facts_of(amended.before))
    for action in actions_at(call, emit.event):
        if not isinstance(action, EventWebhook):
            continue
        if why_not_sent(action, before) and not why_not_sent(action, facts):
            yield _webhook_delivery(action, emit, facts, context)


def written_anew(delivery: Delivery, call: Call, context: OutboxContext) -> HttpRequest | None:
    """Render the request of an event after a call with what is known of the call now (N-18).

    None where its action is told nothing any more. Its moment stays that of the event.
    """
    assert isinstance(delivery.event, EventKind)  # noqa: S101 (no other delivery is a draft)
    facts = CallFacts(
        call=call,
        now=delivery.occurred_at,
        event=delivery.event,
        seq=delivery.seq,
        extra=context.facts_of(call),
    )
    named = {"delivery_id": delivery.id, "product": context.product}
    if delivery.webhook == CALL_TRACKING:
        tracking, slot = call.snapshot.project.scenario, slot_of(call, delivery.event)
        return None if slot is None else render_call_tracking(tracking, slot, facts, **named)
    action = call.snapshot.actions.get(delivery.webhook)
    if not isinstance(action, EventWebhook) or why_not_sent(action, facts):
        return None
    return render_event(action, facts, **named)


def _drafted(request: HttpRequest, policy: DeliveryPolicy, call: Call) -> HttpRequest:
    """Return what is promised of a request: of one that waits by choice after a call, a draft."""
    is_draft = policy.delay > 0 and call.state is CallState.ENDED
    return replace(request, is_draft=True) if is_draft else request


def _webhook_delivery(
    webhook: EventWebhook, emit: EmitEvent, facts: CallFacts, context: OutboxContext
) -> Delivery:
    call = emit.call
    name = delivery_id(call.id, emit.seq, webhook.name)
    request = render_event(webhook, facts, delivery_id=name, product=context.product)
    return Delivery(
        id=name,
        project=call.snapshot.project.id,
        call=call.id,
        seq=emit.seq,
        event=emit.event,
        webhook=webhook.name,
        occurred_at=emit.at,
        request=_drafted(request, webhook.policy, call),
        success_codes=webhook.policy.success_codes,
        response_timeout=webhook.policy.response_timeout,
        keep_alive=webhook.keep_alive,
    )


def _mail_delivery(
    mail: EventMail, recipient: str, emit: EmitEvent, facts: CallFacts, context: OutboxContext
) -> Delivery:
    """Each person has a delivery: when one address is refused, the others neither miss it nor get it twice."""
    name = delivery_id(emit.call.id, emit.seq, mail.name, recipient)
    rendered = render_mail(mail, recipient, facts, delivery_id=name, sender=context.mail_from)
    return _mail(emit, mail.name, name, rendered)


def _voicemail_deliveries(
    emit: EmitEvent, facts: CallFacts, context: OutboxContext
) -> Iterator[Delivery]:
    """Bring a message that was left to its people, once each."""
    call = emit.call
    if call.outcome is not Outcome.VOICEMAIL or emit.event not in AFTER_EVENTS.values():
        return
    step = step_of(call)
    if not isinstance(step, VoicemailStep) or not call.recording.finished:
        return
    for recipient in {address.lower(): address for address in step.mail_to}.values():
        name = delivery_id(call.id, emit.seq, VOICEMAIL_MAIL, recipient)
        yield _mail(
            emit,
            VOICEMAIL_MAIL,
            name,
            render_voicemail(step, recipient, facts, delivery_id=name, sender=context.mail_from),
        )


def _mail(emit: EmitEvent, action: str, name: str, mail: Mail) -> Delivery:
    """Return the delivery of a mail, listed under the name of its action."""
    return Delivery(
        id=name,
        project=emit.call.snapshot.project.id,
        call=emit.call.id,
        seq=emit.seq,
        event=emit.event,
        webhook=action,
        occurred_at=emit.at,
        request=mail,
        success_codes=MAIL_POLICY.success_codes,
        response_timeout=MAIL_POLICY.response_timeout,
        keep_alive=False,
    )


def _call_tracking_deliveries(
    emit: EmitEvent, facts: CallFacts, context: OutboxContext
) -> Iterator[Delivery]:
    """Post in the moment of an incoming call, and after it, as the active scenario says (R4-02)."""
    call = emit.call
    tracking = call.snapshot.project.scenario
    slot = slot_of(call, emit.event) if tracking.is_on else None
    if slot is None or not tracking.url(slot):
        return
    name = delivery_id(call.id, emit.seq, CALL_TRACKING)
    request = render_call_tracking(tracking, slot, facts, delivery_id=name, product=context.product)
    yield Delivery(
        id=name,
        project=call.snapshot.project.id,
        call=call.id,
        seq=emit.seq,
        event=emit.event,
        webhook=CALL_TRACKING,
        occurred_at=emit.at,
        request=_drafted(request, tracking.policy, call),
        success_codes=tracking.policy.success_codes,
        response_timeout=tracking.policy.response_timeout,
        keep_alive=tracking.keep_alive,
    )


def _subscription_deliveries(emit: EmitEvent, context: OutboxContext) -> Iterator[Delivery]:
    """Write a notification once for all who subscribed to it in the same way."""
    status = STATUS.get(emit.event)
    if status is None:
        return
    project = emit.call.snapshot.project.id
    told = [
        one for one in context.subscriptions_of(project) if is_subscribed(one, status, emit.call)
    ]
    bodies = {
        options: notification(emit.call, status, at=emit.at, options=options)
        for options in {one.options for one in told}
    }
    for subscription in told:
        name = delivery_id(emit.call.id, emit.seq, subscription.webhook)
        yield Delivery(
            id=name,
            project=project,
            call=emit.call.id,
            seq=emit.seq,
            event=emit.event,
            webhook=subscription.webhook,
            occurred_at=emit.at,
            request=render_notification(
                subscription,
                bodies[subscription.options],
                delivery_id=name,
                product=context.product,
            ),
            success_codes=SUBSCRIBER_POLICY.success_codes,
            response_timeout=SUBSCRIBER_POLICY.response_timeout,
        )


def _published(
    published: Iterable[PublishEvent], context: OutboxContext
) -> tuple[tuple[StreamEvent, ...], tuple[Delivery, ...]]:
    """Write the events of the stream, and bring each to the stream's webhooks."""
    events: list[StreamEvent] = []
    deliveries: list[Delivery] = []
    for one in published:
        event = _stream_event(one, context)
        events.append(event)
        deliveries.extend(stream_deliveries(one.call.snapshot.project, event, context))
    return tuple(events), tuple(deliveries)


def _stream_event(published: PublishEvent, context: OutboxContext) -> StreamEvent:
    """Write an event of the stream, once for all who are told of it."""
    call = published.call
    told = event_stream.StreamFacts(
        type=published.type,
        seq=published.seq,
        at=published.at,
        call=call,
        leg=published.leg,
        recording=published.recording,
        changes=published.changes,
        facts=context.facts_of(call),
    )
    return StreamEvent(
        project=call.snapshot.project.id,
        call=call.id,
        seq=published.seq,
        type=published.type,
        at=published.at,
        body=event_stream.write(told),
    )


def stream_deliveries(
    project: Project, event: StreamEvent, context: OutboxContext
) -> Iterator[Delivery]:
    """Bring an event to each of the stream's webhooks, with the same bytes and the same id."""
    for webhook in project.stream_webhooks:
        if webhook.wants(event.type):
            yield Delivery(
                id=delivery_id(event.call, event.seq, webhook.name),
                project=event.project,
                call=event.call,
                seq=event.seq,
                event=event.type,
                webhook=webhook.name,
                occurred_at=event.at,
                request=render_stream_event(
                    webhook,
                    event.body,
                    event=event_stream.event_id(event.call, event.seq),
                    product=context.product,
                ),
                success_codes=webhook.policy.success_codes,
                response_timeout=webhook.policy.response_timeout,
                keep_alive=webhook.keep_alive,
            )


def phone_commands(commands: Sequence[Command]) -> Iterator[PhoneCommand]:
    """Yield what the driver has to do, in order."""
    for command in commands:
        if not isinstance(command, _NOT_FOR_PHONES):
            yield command


def webhooks_to_ask(commands: Sequence[Command]) -> Iterator[AskWebhook]:
    """Yield the webhooks that have to be asked."""
    return (command for command in commands if isinstance(command, AskWebhook))
