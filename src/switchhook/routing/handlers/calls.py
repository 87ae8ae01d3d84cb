"""Handlers of a call as a whole: its arrival, and an operator's hang-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import Direction
from switchhook.domain.cause import Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing.ending import end
from switchhook.routing.executor import execute

if TYPE_CHECKING:
    from switchhook.domain.journal import EntryFacts
    from switchhook.routing.context import TransitionContext
    from switchhook.routing.events import (
        CallArrived,
        HangUpRequested,
    )


BLOCKED = Cause(sip=603, q850=21, text="the caller is on the block list")


WITHHELD = Cause(sip=603, q850=21, text="the caller withholds the number")


BEFORE_EVENTS = {
    Direction.INCOMING: EventKind.INCOMING_BEFORE,
    Direction.OUTGOING: EventKind.OUTGOING_BEFORE,
}


def announce(ctx: TransitionContext, *more: tuple[str, str]) -> None:
    """Tell that a call is here, before anything is done with it [A-55]; `more` are facts for the journal."""
    call = ctx.call
    caller = call.caller
    facts: EntryFacts = (("caller", caller.number), ("callee", call.callee))
    facts += (("direction", call.direction), *((("hidden", "yes"),) if caller.is_withheld else ()))
    ctx.write_journal(EntryKind.ARRIVED, facts=(*facts, *more))
    if (event := BEFORE_EVENTS.get(call.direction)) is not None:
        ctx.emit(event)
    ctx.publish(StreamEventType.CALL_CREATED)


def call_arrived(ctx: TransitionContext, _: CallArrived) -> None:
    """Tell that a call is here, before anything is done with it [A-55], and execute its scheme."""
    announce(ctx)
    caller, project = ctx.call.caller, ctx.call.snapshot.project
    if not caller.account and project.screening.blocks(caller.number, project.dialling):
        why = BLOCKED if caller.number else WITHHELD
        end(ctx, Outcome.BLOCKED, EndedBy.SYSTEM, why)
        return
    execute(ctx)


def hang_up_requested(ctx: TransitionContext, event: HangUpRequested) -> None:
    """An operator ends the call."""
    talking = bool(ctx.call.talking_to)
    outcome = Outcome.ANSWERED if talking else Outcome.CANCELLED
    refusal = 503 if event.retry_after else 480
    cause = Cause(sip=200 if talking else refusal, text=f"ended by {event.by}")
    recorder = ctx.call.recording.running
    by = None if recorder is None else recorder.hung_up_by
    end(ctx, outcome, by or EndedBy.SYSTEM, cause, retry_after=event.retry_after)
