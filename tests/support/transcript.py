"""A call as a story: it hears this, it orders that.

    story = Transcript(incoming(ASK))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    story.hears(1.5, DirectionGiven(ask="c-1", targets=(MARY,)), "ring b1 mary", "emit …")

Each `hears` names everything that has to be ordered, in order; naming nothing demands nothing. What
is written into the journal is kept apart, in `journal`, so that a story reads as one.
"""

from __future__ import annotations

from contextlib import contextmanager
from difflib import ndiff
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.domain.failure import Failure, FailureKind
from switchhook.routing.commands import (
    AmendEvent,
    AnswerCaller,
    AnswerTransfer,
    AskWebhook,
    ConnectLegs,
    EmitEvent,
    EndLeg,
    NotifyTransfer,
    Play,
    PublishEvent,
    RingLeg,
    ShowRinging,
    StartRecording,
    StopPlaying,
    StopRecording,
    WriteJournal,
)
from switchhook.routing.engine import step
from switchhook.routing.events import (
    AskFailed,
    DigitPressed,
    DirectionGiven,
    LegAnswered,
    LegEnded,
    LegRinging,
    PlaybackFinished,
    RecordingFinished,
    SchemeGiven,
    TransferRequested,
    VerdictGiven,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call, CallState
    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.target import Target
    from switchhook.routing.commands import Command, MediaCommand, TransferCommand
    from switchhook.routing.events import Event

Transition = tuple["CallState", type, "CallState"]
"""What was heard, in which state, and to which it led."""

_watchers: list[set[Transition]] = []


@contextmanager
def watched() -> Iterator[set[Transition]]:
    """Collect the transitions that all transcripts go through meanwhile."""
    seen: set[Transition] = set()
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


class Transcript:
    """Plays a story to the engine and compares what comes out, line by line."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.entries: list[JournalEntry] = []
        self.commands: list[Command] = []
        self._lines: list[str] = []

    def comes_to(self, now: float, *events: Event) -> None:
        """Let the call hear events at `now`, whatever it orders."""
        for event in events:
            before = self.call.state
            self.call, commands = step(self.call, event, now)
            self._keep(before, event, commands)
            self._lines.append(f"{now:>7g} > {event}")

    def _keep(self, before: CallState, event: Event, commands: tuple[Command, ...]) -> None:
        for seen in _watchers:
            seen.add((before, type(event), self.call.state))
        self.commands.extend(commands)
        self.entries.extend(c.entry for c in commands if isinstance(c, WriteJournal))

    def hears(self, now: float, event: Event, *orders: str) -> None:
        """Let the call hear `event` at `now` and demand exactly these orders."""
        self._lines.append(f"{now:>7g} > {event}")
        before = self.call.state
        self.call, commands = step(self.call, event, now)
        self._keep(before, event, commands)
        ordered = [line for c in commands if (line := order(c))]
        expected = [f"        < {line}" for line in orders]
        got = [f"        < {line}" for line in ordered]
        if expected != got:
            diff = "\n".join(line.rstrip() for line in ndiff(expected, got))
            raise AssertionError(
                f"\n{self}\n{diff}\n(- was to be ordered, + was; then: {self.call.state})"
            )
        self._lines += got

    @property
    def journal(self) -> list[str]:
        """Return the journal so far, one line each."""
        return [written(entry) for entry in self.entries]

    @property
    def end(self) -> str:
        """Return how the call ended, on both axes, with what the caller got."""
        call = self.call
        assert call.cause is not None, f"the call has not ended:\n{self}"
        return f"{call.outcome} by {call.ended_by}, {call.cause.sip} {call.cause.text}"

    @property
    def attempts(self) -> list[str]:
        """Return how each called leg ended, in the order in which they were dialled."""
        return [f"{leg.id} {leg.target} {leg.end}" for leg in self.call.called_legs]

    def __str__(self) -> str:
        return "\n".join(self._lines)


EVENT_WORDS = {EmitEvent: "emit", PublishEvent: "publish", AmendEvent: "amend"}


def order(command: Command) -> str:
    """Return an order as one line; a line of the journal gives none."""
    match command:
        case RingLeg(leg=leg, target=target, party=party, also=also):
            more = f" also {', '.join(map(str, also))}" if also else ""
            return f"ring {leg} {target}{more}{f' for {party}' if party else ''}"
        case AnswerTransfer() | NotifyTransfer():
            return transfer_order(command)
        case ShowRinging(media_from=leg):
            return f"play {leg}" if leg else "show ringing"
        case ConnectLegs(leg=leg, party=party):
            return f"connect {leg}" if party == CALLER else f"connect {leg} to {party}"
        case EndLeg(leg=leg, cause=cause, why=why):
            return f"end {leg} {why or cause.sip}"
        case AnswerCaller() | Play() | StopPlaying() | StartRecording() | StopRecording():
            return media_order(command)
        case AskWebhook(ask=ask, webhook=webhook, code=code):
            return f"ask {webhook} as {ask}{f' with {code}' if code else ''}"
        case EmitEvent(event=event) | PublishEvent(type=event) | AmendEvent(event=event):
            return f"{EVENT_WORDS[type(command)]} {event}"
        case WriteJournal():
            return ""
        case _:
            assert_never(command)


def transfer_order(command: TransferCommand) -> str:
    """Return an order about a transfer as one line."""
    match command:
        case AnswerTransfer(leg=leg, status=status):
            return f"answer transfer of {leg} {status}"
        case NotifyTransfer(leg=leg, status=status):
            return f"notify {leg} of transfer {status}"
        case _:
            assert_never(command)


def media_order(command: MediaCommand) -> str:
    """Return an order about sound as one line."""
    match command:
        case AnswerCaller():
            return "answer caller"
        case Play(leg=leg, playback=playback, sounds=sounds, loop=loop):
            return f"play {' '.join(sounds)} to {leg} as {playback}{' for ever' if loop else ''}"
        case StopPlaying(playback=playback):
            return f"stop {playback}"
        case StartRecording(recording=recording, both=both):
            return f"record {'both' if both else 'caller'} as {recording}"
        case StopRecording(recording=recording):
            return f"stop {recording}"
        case _:
            assert_never(command)


def written(entry: JournalEntry) -> str:
    """Return an entry as one line: what happened, on which leg, in words."""
    return " ".join(filter(None, (entry.kind, entry.leg, entry.text)))


def rings(leg: str, *, early_media: bool = False) -> LegRinging:
    """Say that the far end of a leg rings."""
    return LegRinging(leg=leg, early_media=early_media)


def answers(leg: str) -> LegAnswered:
    """Say that a leg is up."""
    return LegAnswered(leg=leg, handle=f"handle of {leg}")


def refuses(leg: str, status: int, q850: int = 0) -> LegEnded:
    """Say that a called leg was refused with this SIP status."""
    return LegEnded(leg=leg, cause=Cause(sip=status, q850=q850))


def transfers(leg: str, to: str, *, is_attended: bool = False) -> TransferRequested:
    """Say that a telephone transfers the other party."""
    request = f"transfer to {to}"
    return TransferRequested(leg=leg, request=request, to=to, is_attended=is_attended)


def hangs_up(leg: str) -> LegEnded:
    """Say that somebody who talked hung up."""
    return LegEnded(leg=leg, cause=Cause(sip=200, q850=16))


def gives_up() -> LegEnded:
    """Say that the caller hung up before an answer."""
    return LegEnded(leg="caller", cause=Cause(sip=487))


def directs(*targets: Target, ask: str = "c-1") -> DirectionGiven:
    """Say that the webhook returned these targets."""
    return DirectionGiven(ask=ask, targets=targets)


def sends_to(scheme: int, ask: str = "c-1") -> SchemeGiven:
    """Say that the webhook returned a scheme."""
    return SchemeGiven(ask=ask, scheme=scheme)


def accepts(ask: str = "c-1", destination: Target | None = None, name: str = "") -> VerdictGiven:
    """Say that the dial-plan webhook returned ACK."""
    return VerdictGiven(
        ask=ask, accepted=True, text="ACK", destination=destination, caller_name=name
    )


def declines(ask: str = "c-1", name: str = "") -> VerdictGiven:
    """Say that the dial-plan webhook returned NAK."""
    return VerdictGiven(ask=ask, accepted=False, text="NAK (HTTP 200)", caller_name=name)


def presses(digit: str, leg: str = "caller") -> DigitPressed:
    """Say that a key was pressed."""
    return DigitPressed(leg=leg, digit=digit)


def is_played(playback: str) -> PlaybackFinished:
    """Say that a playback is over."""
    return PlaybackFinished(playback=playback)


def is_recorded(
    recording: str = "r1", seconds: float = 7.0, trouble: str = ""
) -> RecordingFinished:
    """Say that a recording is over; one of no seconds has no file."""
    path = f"{recording}.wav" if seconds else ""
    return RecordingFinished(recording=recording, seconds=seconds, path=path, trouble=trouble)


def fails(ask: str = "c-1") -> AskFailed:
    """Say that the webhook returned nothing that can be followed."""
    failure = Failure(kind=FailureKind.STATUS, detail="crm.example answered 500")
    return AskFailed(ask=ask, failure=failure)
