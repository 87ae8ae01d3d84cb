"""The decision: a call, what happened, and the time go in; the call as it is now and orders come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CallState
from switchhook.domain.cause import OUR_ERROR, EndedBy, Outcome
from switchhook.domain.event import EventKind, Ga4Format
from switchhook.domain.event_stream import Amendment, StreamEventType
from switchhook.domain.journal import EntryKind
from switchhook.routing import recording
from switchhook.routing.commands import AmendEvent
from switchhook.routing.context import TransitionContext
from switchhook.routing.ending import end
from switchhook.routing.transitions import TRANSITIONS

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.routing.commands import Command
    from switchhook.routing.events import Event, LateFacts, RecordingFinished


def fail_call(call: Call, now: float) -> tuple[Call, tuple[Command, ...]]:
    """End a call that a mistake of ours would leave without a way on; one that has ended is left as it is."""
    if call.state is CallState.ENDED:
        return call, ()
    ctx = TransitionContext(call, now)
    end(ctx, Outcome.ANSWERED if call.talking_to else Outcome.FAILED, EndedBy.SYSTEM, OUR_ERROR)
    return ctx.call, tuple(ctx.commands)


def amend(call: Call, late: LateFacts, now: float) -> tuple[Call, tuple[Command, ...]]:
    """Return the call with facts that became known late, and the commands; an ended call too.

    Nothing else of it changes. Where nothing is new, it is the very same call, and there are no commands.
    """
    known = dict(call.facts)
    changes = tuple(
        Amendment(field=f"facts.{key}", before=known.get(key, ""), after=value)
        for key, value in late.facts
        if known.get(key, "") != value
    )
    if late.recording is not None:
        return _add_recording(call, late.recording, now)
    if not changes:
        return call, ()
    ctx = TransitionContext(call, now)
    ctx.change(facts=tuple((known | dict(late.facts)).items()))
    names = ", ".join(change.field.removeprefix("facts.") for change in changes)
    ctx.write_journal(EntryKind.NOTICE, f"told of the call: {names}")
    ctx.publish(StreamEventType.CALL_AMENDED, changes=changes)
    event = EventKind(f"{call.direction}.after")
    if call.state is CallState.ENDED and _waits_for_facts(call, event):
        ctx.issue(AmendEvent(event=event, seq=call.emitted, at=now, before=call, call=ctx.call))
    return ctx.call, tuple(ctx.commands)


def _add_recording(
    call: Call, made: RecordingFinished, now: float
) -> tuple[Call, tuple[Command, ...]]:
    """Add a recording that was not waited for any longer; once."""
    made_before = {one.id for one in call.recording.finished}
    if not made.path or made.recording in made_before:
        return call, ()
    ctx = TransitionContext(call, now)
    recording.add(ctx, made.recording, made)
    change = Amendment(field="recordings", before="", after=made.recording)
    ctx.publish(StreamEventType.CALL_AMENDED, changes=(change,))
    return ctx.call, tuple(ctx.commands)


def _waits_for_facts(call: Call, event: EventKind) -> bool:
    """Say whether an action at an event tells nothing without a visitor: Google Analytics wants one."""
    told = (one for one in call.snapshot.events if one.event is event)
    return any(isinstance(webhook.format, Ga4Format) for one in told for webhook in one.webhooks)


def step(call: Call, event: Event, now: float) -> tuple[Call, tuple[Command, ...]]:
    """Return the call after `event` at `now` (unix seconds), and the commands.

    Pure: the same input gives the same output, and nothing else is touched. An event that means
    nothing in the call's state returns the very same call and no commands.
    """
    transition = TRANSITIONS[call.state].get(type(event))
    if transition is None:
        return call, ()
    ctx = TransitionContext(call, now)
    transition.do(ctx, event)
    if ctx.call.state not in transition.to:
        name = type(event).__name__
        raise AssertionError(f"{name} changed {call.state} to {ctx.call.state}, not in the table")
    return ctx.call, tuple(ctx.commands)
