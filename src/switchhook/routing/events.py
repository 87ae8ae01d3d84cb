"""Events that the engine takes. Past tense: it has happened, and cannot be refused.

Telephone sides make these from their own protocol; the switchboard makes those about asks and time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from switchhook.domain.cause import Cause
from switchhook.domain.failure import Failure
from switchhook.domain.journal import EntryFacts
from switchhook.domain.target import Target
from switchhook.quick_init import quick_init


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived:
    """A call has reached us and waits; the first event of every call but a callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPlaced:
    """A callback was placed; the first event of a call that we make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging:
    """The far end of a called leg rings, or that of the caller in a callback."""

    leg: str
    early_media: bool = False
    """Whether it sends audio already (183 with SDP)."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered:
    """A leg is up: one that we rang was picked up, or the caller has heard our answer."""

    leg: str
    handle: str = ""
    """The driver's handle to resume the leg after a restart."""
    account: str = ""
    """The account whose telephone picked up, where several ring as the caller of a callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUpdated:
    """A talking leg's handle changed (re-INVITE, new sequence numbers)."""

    leg: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRetried:
    """A destination of a called leg failed, and the next one is tried."""

    leg: str
    text: str
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMisread:
    """A leg's telephone sent a message that was read in part or not at all, for the timeline."""

    leg: str
    text: str
    """One line without quoted input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRedirected:
    """A telephone of a called leg sends the call elsewhere (3xx), such as one set to forward all calls.

    `LegEnded` follows where it was the leg's only telephone.
    """

    leg: str
    users: tuple[str, ...]
    """The targets that it names, in its order: logins, groups, numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """A leg is gone: refused, failed, cancelled by the caller, or hung up."""

    leg: str
    cause: Cause
    is_forbidden: bool = False
    """Whether it was not rung at all, since the project's rules of outside calls forbid it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionGiven:
    """The asked webhook said where the call goes: ring these."""

    ask: str
    targets: tuple[Target, ...]
    caller_name: str = field(default="", repr=False)
    """Empty where the answer gave none."""
    notices: tuple[str, ...] = ()
    """Notices of dropped and leniently read parts, for the journal."""
    exchange: EntryFacts = ()
    """The request and the response, for the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeGiven:
    """The asked webhook said: go on with this scheme of the project."""

    ask: str
    scheme: int
    caller_name: str = field(default="", repr=False)
    notices: tuple[str, ...] = ()
    exchange: EntryFacts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGiven:
    """The asked dial-plan webhook judged the input, ACK or NAK (R5-34, R5-35)."""

    ask: str
    accepted: bool
    text: str
    """For the journal: `ACK`, or `NAK (HTTP 401)`."""
    destination: Target | None = None
    caller_name: str = field(default="", repr=False)
    """Empty where the answer gave none. Like a variable, it may repeat a PIN, and is not shown."""
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    notices: tuple[str, ...] = ()
    exchange: EntryFacts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFailed:
    """The asked webhook gave nothing that can be followed."""

    ask: str
    failure: Failure
    notices: tuple[str, ...] = ()
    exchange: EntryFacts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished:
    """A playback is over: it came to its end, or could not be played."""

    playback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed:
    """A key was pressed on a leg's telephone."""

    leg: str
    digit: str = field(repr=False)
    """One of `0123456789*#ABCD`. It may be part of a PIN, and is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFinished:
    """A recording is over: ordered, with its legs, or because it could not be made."""

    recording: str
    seconds: float
    """0 where there is none."""
    path: str
    """The path of the recording; "" without one."""
    trouble: str = ""
    """Why a due recording is missing; a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """The call's `wake_at` has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpRequested:
    """An operator wants the call ended."""

    by: str
    retry_after: int = 0
    """The Retry-After (seconds) of the 503 at a stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested:
    """A telephone transfers the other party (REFER, RFC 3515)."""

    leg: str
    request: str
    """Names it for `AnswerTransfer` and `TellTransfer`."""
    to: str
    """The target: a login, a group, a number."""
    is_attended: bool = False
    """Whether it names a call that the telephone has with them already (Replaces, RFC 3891)."""


class Side(StrEnum):
    """A side of a conversation."""

    CALLER = "caller"
    CALLEE = "callee"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrdered:
    """An operator or a program transfers one party of a conversation; the other leaves."""

    by: str
    """Who wants it, for people."""
    to: str
    """The target: a login, a group, a number; for people, where a scheme is named."""
    scheme: int = 0
    """The scheme that says who rings; 0: the target does."""
    leaves: Side | None = None
    """Who leaves; None: the party with an account of the project, of two the callee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynced:
    """After a restart, the driver reports the live legs, and the rest of a recording."""

    live_legs: frozenset[str]
    recorded: RecordingFinished | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFacts:
    """Facts about caller or visitor became known while the call runs, or after it; in every state (`engine.amend`)."""

    facts: tuple[tuple[str, str], ...] = ()
    """Under parameters' keys."""
    recording: RecordingFinished | None = None
    """A recording whose file was whole only after the call's end: a slow disk."""


Event = (
    CallArrived
    | CallbackPlaced
    | LegRinging
    | LegAnswered
    | LegUpdated
    | LegRetried
    | LegMisread
    | LegRedirected
    | LegEnded
    | DirectionGiven
    | SchemeGiven
    | VerdictGiven
    | AskFailed
    | PlaybackFinished
    | DigitPressed
    | RecordingFinished
    | TimePassed
    | HangUpRequested
    | TransferRequested
    | TransferOrdered
    | Resynced
)
