"""Events that stand for work that failed by an internal error, so that no call waits for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.cause import OUR_ERROR
from switchhook.domain.failure import Failure, FailureKind
from switchhook.routing.commands import (
    AnswerCaller,
    ConnectLegs,
    Play,
    RingLeg,
    StartRecording,
)
from switchhook.routing.events import (
    AskFailed,
    HangUpRequested,
    LegEnded,
    PlaybackFinished,
    RecordingFinished,
)

if TYPE_CHECKING:
    from switchhook.routing.commands import PhoneCommand
    from switchhook.routing.events import Event


def failed_command(command: PhoneCommand) -> Event | None:
    """Return the event of a command that could not be carried out; None when no event is due."""
    match command:
        case RingLeg(leg=leg):
            return LegEnded(leg=leg, cause=OUR_ERROR)
        case AnswerCaller() | ConnectLegs():
            return HangUpRequested(by=OUR_ERROR.text)
        case Play(playback=playback, loop=False):
            return PlaybackFinished(playback=playback)
        case StartRecording(recording=recording):
            return RecordingFinished(recording=recording, seconds=0, path="")
        case _:
            return None


def failed_ask(ask: str) -> AskFailed:
    """Return what follows from a webhook that could not be asked."""
    failure = Failure(kind=FailureKind.OUR_ERROR, detail=OUR_ERROR.text)
    return AskFailed(ask=ask, failure=failure)
