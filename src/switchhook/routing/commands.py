"""Commands that the engine issues. Imperative; the switchboard carries it out after the commit.

Every phone command may be repeated: a leg is named by the engine, so a second `RingLeg` of the same
leg, or an `EndLeg` of one that is gone, does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switchhook.domain.call import CALLER, Call
from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import Amendment, StreamEventType
from switchhook.domain.journal import JournalEntry
from switchhook.domain.target import Target
from switchhook.domain.webhook import Dialect
from switchhook.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class RingLeg:
    """Start a new leg towards `target`. Answered by LegRinging, LegAnswered or LegEnded.

    The caller's leg is rung in a callback: there is no other yet.
    """

    leg: str
    target: Target
    caller: str
    """The number shown to the called party; empty: anonymous, with privacy asked for."""
    caller_name: str
    identity: str = ""
    """The withheld number or login, for a trusted trunk; empty when nothing is withheld."""
    party: str = ""
    """The leg that is transferred to it, and talks already; empty where none is."""
    also: tuple[Target, ...] = ()
    """Further accounts that ring as the caller of a callback: the first to answer is the leg."""
    turn: int = 1
    """The turn of the callback's caller: each is a new leg to telephones, under the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRinging:
    """Let the caller hear that it rings; with `media_from`, let them hear that leg's early media."""

    media_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectLegs:
    """Let this called leg talk to `party`; answer the caller, where that is who waits for it."""

    leg: str
    party: str = CALLER


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLeg:
    """End a leg in whatever phase it is: refuse, cancel or hang up. No LegEnded need follow."""

    leg: str
    cause: Cause
    """For the caller's leg before its answer: `sip` is the status of the refusal."""
    why: AttemptEnd | None = None
    """For a called leg: how its attempt ended, for the Reason header."""
    retry_after: int = 0
    """For the caller's leg before its answer: seconds until trying again helps; 0 where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCaller:
    """Answer the caller without a called leg, for prompts. Answered by LegAnswered of the caller.

    Nothing for a caller who was answered already. `ConnectLegs` may follow: the caller then talks.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Let the far end of a leg hear sounds, one after another, in place of what it heard before.

    Answered by PlaybackFinished when the last is over, or when it cannot be played. One that loops is
    never finished by itself. Ordered right behind `AnswerCaller`: it begins when the answer is through.
    """

    leg: str
    playback: str
    """Names it for `StopPlaying`; unique in the call."""
    sounds: tuple[str, ...]
    """Names of the project's sounds; one that is missing is left out."""
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlaying:
    """Break a playback off. No PlaybackFinished need follow."""

    playback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording:
    """Record the caller; with `both`, the party that they talk to too. Answered by RecordingFinished."""

    recording: str
    """Names it for `StopRecording`; unique in the call."""
    both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording:
    """End a recording; it also ends by itself with its legs. Answered by RecordingFinished."""

    recording: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTransfer:
    """Answer a telephone that asked for a transfer: 202, or why it is refused."""

    leg: str
    request: str
    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyTransfer:
    """Tell a telephone what became of the transfer it asked for (NOTIFY); from 200 on, for the last time."""

    leg: str
    request: str
    status: int
    reason: str = ""
    """Why it failed, where that is known; a clause."""


MediaCommand = AnswerCaller | Play | StopPlaying | StartRecording | StopRecording
TransferCommand = AnswerTransfer | NotifyTransfer
PhoneCommand = RingLeg | ShowRinging | ConnectLegs | EndLeg | MediaCommand | TransferCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWebhook:
    """Put the call to this webhook.

    The result is AskFailed; else DirectionGiven or SchemeGiven of a forwarding number, VerdictGiven of a
    dial-plan webhook.
    """

    ask: str
    webhook: str
    dialect: Dialect = Dialect.FORWARDING_NUMBER
    code: str = field(default="", repr=False)
    """The caller's code with leading zeros; empty without an IVR menu (R5-11)."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class WriteJournal:
    """Write this into the call's journal."""

    entry: JournalEntry


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class EmitEvent:
    """Emit this event to the webhooks that want it."""

    event: EventKind
    seq: int
    """The event's place among the call's events: 1, 2, 3 …"""
    at: float
    call: Call
    """The call as it was at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishEvent:
    """Publish this on the project's event stream."""

    type: StreamEventType
    seq: int
    """The event's place among those of the call that are published: 1, 2, 3 … without a gap."""
    at: float
    call: Call
    """The call as it was at that moment."""
    leg: str = ""
    """The called leg that it is about; of a transfer, that of the telephone that transferred."""
    recording: str = ""
    """The recording that it is about."""
    changes: tuple[Amendment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendEvent:
    """Tell of a call's end whom it was not told for want of facts that are known now (N-18)."""

    event: EventKind
    seq: int
    """The place of that end among the call's events."""
    at: float
    before: Call
    """The call without these facts."""
    call: Call


Command = PhoneCommand | AskWebhook | WriteJournal | EmitEvent | PublishEvent | AmendEvent
