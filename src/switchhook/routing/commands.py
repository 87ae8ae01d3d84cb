"""What the engine orders. Imperative; somebody else carries it out, after it has been recorded.

Every phone command may be repeated: a leg is named by the engine, so a second `RingLeg` of the same
leg, or an `EndLeg` of one that is gone, does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.call import Call
from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.domain.journal import Entry
from switchhook.domain.target import Target
from switchhook.domain.webhook import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RingLeg:
    """Start a new leg towards `target`. Answered by LegRinging, LegAnswered or LegEnded."""

    leg: str
    target: Target
    caller: str
    """The number shown to the called party; empty: anonymous, with privacy asked for."""
    caller_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRinging:
    """Let the caller hear that it rings; with `media_from`, let them hear that leg's early media."""

    media_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectLegs:
    """Answer the caller, with this called leg as the other party."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLeg:
    """End a leg in whatever phase it is: refuse, cancel or hang up. No LegEnded need follow."""

    leg: str
    cause: Cause
    """For the caller's leg before its answer: `sip` is the status of the refusal."""
    why: AttemptEnd | None = None
    """For a called leg: how its attempt ended, for the Reason header."""


PhoneCommand = RingLeg | ShowRinging | ConnectLegs | EndLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWebhook:
    """Put the call to this forwarding number. Answered by DirectionGiven, SchemeGiven or AskFailed."""

    ask: str
    webhook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write this into the call's journal."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Promise this event to the webhooks that want it."""

    event: EventKind
    seq: int
    """The event's place among the call's events: 1, 2, 3 …"""
    at: float
    call: Call
    """The call as it was at that moment."""


Command = PhoneCommand | AskWebhook | Record | Tell
