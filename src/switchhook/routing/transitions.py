"""Every transition of a call, in one table.

Two rules. (1) A call changes its state here or nowhere: `engine.step` looks the event up under the
call's state, and what does not stand in the table changes nothing. (2) A transition names every
state that it may lead to; the engine refuses any other, and the diagram in the docs is drawn from
this table.

Theory of operation. A call arrives and walks its scheme (`walk`). A step either takes the call
(it asks, plays, collects keys, rings, records) or hands it to the next, or opens a branch with steps
of its own; when nothing takes it, the project's fallback rings once and then the call ends. In every
state but talking the call has a deadline, `wake_at`, and `TimePassed` is what comes when it is over: no
call depends on a telephone side to say that a prompt was played. Whoever answers first talks; whoever
hangs up first ends it, though the caller may be asked for a mark then. A telephone may transfer the
other party: then somebody else is rung while the two talk on. Events that come late, for a leg that is gone or a webhook that is no longer asked, are ignored,
but a leg that answers late is hung up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switchhook.domain.call import CallState
from switchhook.routing import hear, hear_keys, redirecting, transferring
from switchhook.routing.context import TransitionContext
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
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
    TransferRequested,
    VerdictGiven,
)

ARRIVED, ASKING, PLAYING = CallState.ARRIVED, CallState.ASKING, CallState.PLAYING
COLLECTING, RINGING, RECORDING = CallState.COLLECTING, CallState.RINGING, CallState.RECORDING
TALKING, RATING, ENDED = CallState.TALKING, CallState.RATING, CallState.ENDED
TRANSFERRING = CallState.TRANSFERRING

WALKED = (ASKING, PLAYING, COLLECTING, RINGING, RECORDING, ENDED)
"""Where a walk from step to step may come to rest."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What is done on an event, and the states that may follow."""

    do: Callable[[TransitionContext, Any], None]
    to: frozenset[CallState]


def _to(do: Callable[[TransitionContext, Any], None], *states: CallState) -> Transition:
    return Transition(do, frozenset(states))


TRANSITIONS: Mapping[CallState, Mapping[type, Transition]] = {
    ARRIVED: {
        CallArrived: _to(hear.arrived, *WALKED),
    },
    ASKING: {
        DirectionGiven: _to(hear.direction_given, *WALKED),
        SchemeGiven: _to(hear.scheme_given, *WALKED),
        VerdictGiven: _to(hear.verdict_given, *WALKED),
        AskFailed: _to(hear.ask_failed, *WALKED),
        TimePassed: _to(hear.ask_overdue, *WALKED),
        LegAnswered: _to(hear.caller_connected, ASKING),
        LegUpdated: _to(hear.leg_updated, ASKING),
        LegMisread: _to(hear.leg_misread, ASKING),
        LegEnded: _to(hear.leg_ended, ASKING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, ASKING),
        Resynced: _to(hear.resynced, *WALKED),
    },
    PLAYING: {
        PlaybackFinished: _to(hear_keys.played, *WALKED),
        TimePassed: _to(hear_keys.play_overdue, *WALKED),
        LegAnswered: _to(hear.caller_connected, PLAYING),
        LegUpdated: _to(hear.leg_updated, PLAYING),
        LegMisread: _to(hear.leg_misread, PLAYING),
        LegEnded: _to(hear.leg_ended, PLAYING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, PLAYING),
        Resynced: _to(hear.resynced, *WALKED),
    },
    COLLECTING: {
        DigitPressed: _to(hear_keys.digit_pressed, *WALKED),
        PlaybackFinished: _to(hear_keys.prompt_over, COLLECTING),
        TimePassed: _to(hear_keys.collect_overdue, *WALKED),
        LegAnswered: _to(hear.caller_connected, COLLECTING),
        LegUpdated: _to(hear.leg_updated, COLLECTING),
        LegMisread: _to(hear.leg_misread, COLLECTING),
        LegEnded: _to(hear.leg_ended, COLLECTING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, COLLECTING),
        Resynced: _to(hear.resynced, *WALKED),
    },
    RINGING: {
        LegRinging: _to(hear.leg_ringing, RINGING),
        LegAnswered: _to(hear.leg_answered, RINGING, TALKING),
        LegUpdated: _to(hear.leg_updated, RINGING),
        LegRetried: _to(hear.leg_retried, RINGING),
        LegMisread: _to(hear.leg_misread, RINGING),
        LegRedirected: _to(redirecting.leg_redirected, *WALKED),
        LegEnded: _to(hear.leg_ended, *WALKED),
        TimePassed: _to(hear.ring_overdue, *WALKED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, RINGING),
        Resynced: _to(hear.resynced, *WALKED),
    },
    RECORDING: {
        PlaybackFinished: _to(hear_keys.greeted, RECORDING),
        DigitPressed: _to(hear_keys.message_key, RECORDING),
        TimePassed: _to(hear_keys.message_overdue, *WALKED),
        RecordingFinished: _to(hear_keys.recorded, *WALKED),
        LegAnswered: _to(hear.caller_connected, RECORDING),
        LegUpdated: _to(hear.leg_updated, RECORDING),
        LegMisread: _to(hear.leg_misread, RECORDING),
        LegEnded: _to(hear_keys.hung_up_recording, RECORDING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, RECORDING),
        Resynced: _to(hear.resynced_recording, *WALKED),
    },
    TALKING: {
        LegAnswered: _to(hear.caller_connected, TALKING),
        LegUpdated: _to(hear.leg_updated, TALKING),
        LegMisread: _to(hear.leg_misread, TALKING),
        LegEnded: _to(transferring.hung_up, TALKING, TRANSFERRING, RATING, RECORDING, ENDED),
        RecordingFinished: _to(transferring.recorded, TALKING),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested, TALKING, TRANSFERRING),
        Resynced: _to(hear.resynced_talking, TALKING, ENDED),
    },
    TRANSFERRING: {
        LegRinging: _to(transferring.leg_ringing, TRANSFERRING),
        LegAnswered: _to(transferring.leg_answered, TRANSFERRING, TALKING),
        LegUpdated: _to(hear.leg_updated, TRANSFERRING),
        LegRetried: _to(hear.leg_retried, TRANSFERRING),
        LegMisread: _to(hear.leg_misread, TRANSFERRING),
        LegRedirected: _to(transferring.leg_redirected, TRANSFERRING),
        DirectionGiven: _to(transferring.direction_given, TRANSFERRING, TALKING),
        SchemeGiven: _to(transferring.scheme_given, TRANSFERRING, TALKING),
        AskFailed: _to(transferring.ask_failed, TRANSFERRING, TALKING),
        LegEnded: _to(transferring.leg_ended, TRANSFERRING, TALKING, RECORDING, ENDED),
        TimePassed: _to(transferring.overdue, TRANSFERRING, TALKING, RECORDING, ENDED),
        RecordingFinished: _to(transferring.recorded, TRANSFERRING),
        TransferRequested: _to(transferring.requested_too_early, TRANSFERRING),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        Resynced: _to(transferring.resynced, TRANSFERRING, TALKING, RECORDING, ENDED),
    },
    RATING: {
        PlaybackFinished: _to(hear_keys.mark_prompt_over, RATING, RECORDING, ENDED),
        DigitPressed: _to(hear_keys.mark_pressed, RATING, RECORDING, ENDED),
        TimePassed: _to(hear_keys.mark_overdue, RATING, RECORDING, ENDED),
        RecordingFinished: _to(hear_keys.talk_recorded, RATING),
        LegAnswered: _to(hear.caller_connected, RATING),
        LegUpdated: _to(hear.leg_updated, RATING),
        LegMisread: _to(hear.leg_misread, RATING),
        LegEnded: _to(hear_keys.hung_up_rating, RATING, RECORDING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        TransferRequested: _to(transferring.requested_too_early, RATING),
        Resynced: _to(hear.resynced_rating, ENDED),
    },
    ENDED: {
        LegAnswered: _to(hear.late_answer, ENDED),
    },
}
