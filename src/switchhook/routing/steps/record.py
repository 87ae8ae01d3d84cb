"""The step that has later conversations recorded, and how a recorded conversation ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.routing import recording
from switchhook.routing.commands import EndLeg
from switchhook.routing.ending import end
from switchhook.routing.places import Went

if TYPE_CHECKING:
    from switchhook.domain.scheme import Record
    from switchhook.routing.events import RecordingFinished
    from switchhook.routing.move import Move

OVER = Cause(sip=200, q850=16, text="hung up")


def begin(move: Move, step: Record) -> Went:
    """Remember it for the conversation."""
    move.change(is_to_be_recorded=step.is_on)
    return Went.HANDED_ON


def talk_is_over(move: Move, side: EndedBy, why: Cause = OVER) -> None:
    """End the call; one that was recorded a moment later, so that its last event knows the recording.

    `why` is how the leg on that side ended.
    """
    by, cause = why.ended_by(side), why if why.is_ours else OVER
    recording.stop(move)
    recorder = move.call.recorder
    if recorder is None:
        end(move, Outcome.ANSWERED, by, cause)
        return
    for leg in move.call.live_called_legs:
        move.end_leg(leg, AttemptEnd.ANSWERED, cause)
    caller = move.call.leg(CALLER)
    if caller is not None and caller.is_live:
        move.order(EndLeg(leg=CALLER, cause=cause))
        move.change_leg(caller, state=LegState.ENDED, ended_at=move.now, cause=cause)
    move.change(
        state=CallState.RECORDING,
        recorder=replace(recorder, hung_up_by=by),
        collecting=None,
        playing="",
        wake_at=move.now + recording.SETTLING,
    )


def finished(move: Move, made: RecordingFinished | None) -> None:
    """End the call whose recording was waited for."""
    recorder = move.call.recorder
    by = None if recorder is None else recorder.hung_up_by
    recording.keep(move, made)
    ends = [
        leg.cause for leg in move.call.legs if leg.id in {move.call.party, move.call.talking_to}
    ]
    why = next((cause for cause in ends if cause is not None and cause.is_ours), None)
    end(move, Outcome.ANSWERED, by or EndedBy.SYSTEM, why or OVER)
