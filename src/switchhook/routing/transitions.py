"""Every transition of a call, in one table.

Two rules. (1) A call changes its state here or nowhere: `engine.step` looks the event up under the
call's state, and what does not stand in the table changes nothing. (2) A transition names every
state that it may lead to; the engine refuses any other, and the diagram in the docs is drawn from
this table.

Theory of operation. A call arrives and executes its scheme (`execute`); of a callback the
caller is rung first. A step either takes the call (it asks,
plays, collects keys, rings, records) or hands it to the next, or opens a branch with steps of its own; when
nothing takes it, the project's fallback rings once and then the call ends. In every state but talking the call
has a deadline, `wake_at`, and `TimePassed` is what comes when it is over: no call depends on a driver to say
that a prompt was played. The first leg to answer talks. The first side to hang up ends the call; a rating may
follow. A telephone may transfer the other party: the target rings while the two talk on. Events that
come late, for a leg that is gone or a webhook that is no longer asked, are ignored, but a leg that answers late
is hung up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switchhook.domain.call import CallState
from switchhook.routing.context import TransitionContext
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    CallbackPlaced,
    DigitPressed,
    DirectionGiven,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegMisread,
    LegRedirected,
    LegRetried,
    LegRinging,
    LegUpdated,
    PlaybackFinished,
    RecordingFinished,
    Resynced,
    SchemeGiven,
    TimePassed,
    TransferOrdered,
    TransferRequested,
    VerdictGiven,
)
from switchhook.routing.handlers import (
    asks,
    callback,
    calls,
    ivr,
    legs,
    rating,
    redirection,
    restart,
    transfer,
    voicemail,
)

ARRIVED, ASKING, PLAYING = CallState.ARRIVED, CallState.ASKING, CallState.PLAYING
COLLECTING, RINGING, RECORDING = CallState.COLLECTING, CallState.RINGING, CallState.RECORDING
TALKING, RATING, ENDED = CallState.TALKING, CallState.RATING, CallState.ENDED
TRANSFERRING, RINGING_CALLER = CallState.TRANSFERRING, CallState.RINGING_CALLER

EXECUTED = (ASKING, PLAYING, COLLECTING, RINGING, RECORDING, ENDED)
"""Where the execution of a scheme may come to rest."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition: the handler of an event, and the states that may follow."""

    do: Callable[[TransitionContext, Any], None]
    to: frozenset[CallState]


def _to(do: Callable[[TransitionContext, Any], None], *states: CallState) -> Transition:
    return Transition(do, frozenset(states))


TRANSITIONS: Mapping[CallState, Mapping[type, Transition]] = {
    ARRIVED: {
        CallArrived: _to(calls.call_arrived, *EXECUTED),
        CallbackPlaced: _to(callback.placed, RINGING_CALLER),
    },
    RINGING_CALLER: {
        LegRinging: _to(callback.caller_ringing, RINGING_CALLER),
        LegAnswered: _to(callback.caller_answered, RINGING_CALLER, *EXECUTED),
        LegUpdated: _to(legs.leg_updated, RINGING_CALLER),
        LegRetried: _to(legs.leg_retried, RINGING_CALLER),
        LegMisread: _to(legs.leg_misread, RINGING_CALLER),
        LegEnded: _to(callback.caller_failed, RINGING_CALLER, ENDED),
        TimePassed: _to(callback.caller_overdue, RINGING_CALLER, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, RINGING_CALLER),
        Resynced: _to(callback.resynced, RINGING_CALLER, ENDED),
    },
    ASKING: {
        DirectionGiven: _to(asks.direction_given, *EXECUTED),
        SchemeGiven: _to(asks.scheme_given, *EXECUTED),
        VerdictGiven: _to(asks.verdict_given, *EXECUTED),
        AskFailed: _to(asks.ask_failed, *EXECUTED),
        TimePassed: _to(asks.ask_overdue, *EXECUTED),
        LegAnswered: _to(legs.caller_connected, ASKING),
        LegUpdated: _to(legs.leg_updated, ASKING),
        LegMisread: _to(legs.leg_misread, ASKING),
        LegEnded: _to(legs.leg_ended, ASKING, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, ASKING),
        Resynced: _to(restart.resynced, *EXECUTED),
    },
    PLAYING: {
        PlaybackFinished: _to(ivr.prompt_finished, *EXECUTED),
        TimePassed: _to(ivr.prompt_overdue, *EXECUTED),
        LegAnswered: _to(legs.caller_connected, PLAYING),
        LegUpdated: _to(legs.leg_updated, PLAYING),
        LegMisread: _to(legs.leg_misread, PLAYING),
        LegEnded: _to(legs.leg_ended, PLAYING, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, PLAYING),
        Resynced: _to(restart.resynced, *EXECUTED),
    },
    COLLECTING: {
        DigitPressed: _to(ivr.digit_pressed, *EXECUTED),
        PlaybackFinished: _to(ivr.collect_prompt_finished, COLLECTING),
        TimePassed: _to(ivr.collect_overdue, *EXECUTED),
        LegAnswered: _to(legs.caller_connected, COLLECTING),
        LegUpdated: _to(legs.leg_updated, COLLECTING),
        LegMisread: _to(legs.leg_misread, COLLECTING),
        LegEnded: _to(legs.leg_ended, COLLECTING, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, COLLECTING),
        Resynced: _to(restart.resynced, *EXECUTED),
    },
    RINGING: {
        LegRinging: _to(legs.leg_ringing, RINGING),
        LegAnswered: _to(legs.leg_answered, RINGING, TALKING),
        LegUpdated: _to(legs.leg_updated, RINGING),
        LegRetried: _to(legs.leg_retried, RINGING),
        LegMisread: _to(legs.leg_misread, RINGING),
        LegRedirected: _to(redirection.leg_redirected, *EXECUTED),
        LegEnded: _to(legs.leg_ended, *EXECUTED),
        TimePassed: _to(legs.ring_overdue, *EXECUTED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, RINGING),
        Resynced: _to(restart.resynced, *EXECUTED),
    },
    RECORDING: {
        PlaybackFinished: _to(voicemail.greeting_finished, RECORDING),
        DigitPressed: _to(voicemail.digit_pressed, RECORDING),
        TimePassed: _to(voicemail.overdue, *EXECUTED),
        RecordingFinished: _to(voicemail.recording_finished, *EXECUTED),
        LegAnswered: _to(legs.caller_connected, RECORDING),
        LegUpdated: _to(legs.leg_updated, RECORDING),
        LegMisread: _to(legs.leg_misread, RECORDING),
        LegEnded: _to(voicemail.caller_left, RECORDING, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, RECORDING),
        Resynced: _to(restart.resynced_recording, *EXECUTED),
    },
    TALKING: {
        LegAnswered: _to(legs.caller_connected, TALKING),
        LegUpdated: _to(legs.leg_updated, TALKING),
        LegMisread: _to(legs.leg_misread, TALKING),
        LegEnded: _to(transfer.hung_up, TALKING, TRANSFERRING, RATING, RECORDING, ENDED),
        RecordingFinished: _to(transfer.recorded, TALKING),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.requested, TALKING, TRANSFERRING),
        TransferOrdered: _to(transfer.ordered, TALKING, TRANSFERRING),
        Resynced: _to(restart.resynced_talking, TALKING, ENDED),
    },
    TRANSFERRING: {
        LegRinging: _to(transfer.leg_ringing, TRANSFERRING),
        LegAnswered: _to(transfer.leg_answered, TRANSFERRING, TALKING),
        LegUpdated: _to(legs.leg_updated, TRANSFERRING),
        LegRetried: _to(legs.leg_retried, TRANSFERRING),
        LegMisread: _to(legs.leg_misread, TRANSFERRING),
        LegRedirected: _to(transfer.leg_redirected, TRANSFERRING),
        DirectionGiven: _to(transfer.direction_given, TRANSFERRING, TALKING, RECORDING, ENDED),
        SchemeGiven: _to(transfer.scheme_given, TRANSFERRING, TALKING, RECORDING, ENDED),
        AskFailed: _to(transfer.ask_failed, TRANSFERRING, TALKING, RECORDING, ENDED),
        LegEnded: _to(transfer.leg_ended, TRANSFERRING, TALKING, RECORDING, ENDED),
        TimePassed: _to(transfer.overdue, TRANSFERRING, TALKING, RECORDING, ENDED),
        RecordingFinished: _to(transfer.recorded, TRANSFERRING),
        TransferRequested: _to(transfer.request_refused, TRANSFERRING),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        Resynced: _to(transfer.resynced, TRANSFERRING, TALKING, RECORDING, ENDED),
    },
    RATING: {
        PlaybackFinished: _to(rating.prompt_finished, RATING, RECORDING, ENDED),
        DigitPressed: _to(rating.digit_pressed, RATING, RECORDING, ENDED),
        TimePassed: _to(rating.overdue, RATING, RECORDING, ENDED),
        RecordingFinished: _to(rating.recording_finished, RATING),
        LegAnswered: _to(legs.caller_connected, RATING),
        LegUpdated: _to(legs.leg_updated, RATING),
        LegMisread: _to(legs.leg_misread, RATING),
        LegEnded: _to(rating.caller_left, RATING, RECORDING, ENDED),
        HangUpRequested: _to(calls.hang_up_requested, ENDED),
        TransferRequested: _to(transfer.request_refused, RATING),
        Resynced: _to(restart.resynced_rating, ENDED),
    },
    ENDED: {
        LegAnswered: _to(legs.late_answer, ENDED),
    },
}
