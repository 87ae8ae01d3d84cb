"""What is told of an event that is no call (N-07): it has the form of a call that only began, for all who render and filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Call, CallerId, Direction, Leg, LegState
from switchhook.domain.event import EVENT_SUBJECT
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.tracking.foreign_event import ForeignEvent
from switchhook.routing.commands import EmitEvent
from switchhook.storage.stream import StreamEvent
from switchhook.switchboard.outbox import OutboxContext, event_deliveries, stream_deliveries
from switchhook.webhooks.dialects import event_stream

if TYPE_CHECKING:
    from switchhook.storage.delivery import Delivery
    from switchhook.switchboard.outbox import NotTold


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignOutbox:
    """Renders the deliveries of one event."""

    event: ForeignEvent
    snapshot: ProjectSnapshot
    context: OutboxContext

    def deliveries(self, seq: int) -> tuple[Delivery, ...]:
        """Render the event as the `seq`th about its subject, for all who are told of it."""
        project = self.snapshot.project
        streamed = stream_deliveries(project, self._streamed(seq), self.context)
        told = event_deliveries(self._emitted(seq), self.context)
        return (*told, *(streamed if project.stream_webhooks else ()))

    def stream_events(self, seq: int) -> tuple[StreamEvent, ...]:
        """Write the event as the project's stream keeps it; nothing where none is kept."""
        return (self._streamed(seq),) if self.snapshot.project.event_stream.keep else ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return who is not told of it: events whose filter keeps it out, and webhooks, each with the reason."""
        call = as_call(self.event, self.snapshot)
        filtered = tuple(
            f"{one.name}: its filter lets this event not pass"
            for one in self.snapshot.events
            if one.event is self.event.kind and not call.passes(one.filter)
        )
        not_told: list[NotTold] = []
        for _ in event_deliveries(self._emitted(1), self.context, not_told):
            pass
        return (*filtered, *(f"{name}: {why}" for name, why in not_told))

    def _streamed(self, seq: int) -> StreamEvent:
        call = as_call(self.event, self.snapshot)
        told = event_stream.StreamFacts(
            type=StreamEventType.EVENT_POSTED,
            seq=seq,
            at=self.event.at,
            call=call,
            posted=self.event.kind.value,
            facts={},
        )
        return StreamEvent(
            project=self.event.project,
            call=call.id,
            seq=seq,
            type=told.type,
            at=told.at,
            body=event_stream.write(told),
        )

    def _emitted(self, seq: int) -> EmitEvent:
        call = as_call(self.event, self.snapshot)
        return EmitEvent(event=self.event.kind, seq=seq, at=self.event.at, call=call)


def as_call(event: ForeignEvent, snapshot: ProjectSnapshot) -> Call:
    """Return an event in the form of a call; it is rendered and filtered, and never stored or run."""
    caller = Leg(id=CALLER, target=None, state=LegState.TALKING, started_at=event.at)
    legs: tuple[Leg, ...] = (caller,)
    if event.account:
        target = Target(kind=TargetKind.ACCOUNT, value=event.account)
        legs += (Leg(id="b1", target=target, state=LegState.TALKING, started_at=event.at),)
    return Call(
        id=event.key,
        snapshot=snapshot,
        direction=Direction.INCOMING,
        caller=CallerId(number=event.caller, name=event.caller_name),
        callee=event.number,
        arrived_at=event.at,
        legs=legs,
        talking_to="b1" if event.account else "",
        facts=((EVENT_SUBJECT, event.subject), *event.facts),
    )
