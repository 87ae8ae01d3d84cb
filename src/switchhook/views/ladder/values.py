"""The values that a ladder is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LaneKind(StrEnum):
    """What stands at the head of a lane, in the order from left to right."""

    CALLER = "caller"
    SWITCHHOOK = "switchhook"
    ENDPOINT = "endpoint"
    TELEPHONE = "telephone"
    RECEIVER = "receiver"


class RungKind(StrEnum):
    """What a rung is, which its colour says as well."""

    CALL = "call"
    ASK = "ask"
    GOOD = "good"
    BAD = "bad"
    TOLD = "told"
    NOTE = "note"
    SIP = "sip"


class LadderSpanKind(StrEnum):
    """What goes on for a while."""

    ASKING = "asking"
    RINGING = "ringing"
    TALKING = "talking"


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderLane:
    """A party."""

    kind: LaneKind
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """Something that one party told another; a note where both are the same."""

    at: float
    """Unix seconds."""
    source: LadderLane
    target: LadderLane
    text: str
    kind: RungKind
    href: str = ""
    """Where there is more of it, within the page; empty: nowhere."""

    @property
    def is_note(self) -> bool:
        """Say whether it stays with one party."""
        return self.source == self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSpan:
    """What went on at a party from one moment to another."""

    lane: LadderLane
    kind: LadderSpanKind
    began_at: float
    ended_at: float

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return max(0.0, self.ended_at - self.began_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A call."""

    began_at: float
    ended_at: float
    lanes: tuple[LadderLane, ...]
    """From left to right."""
    rungs: tuple[Rung, ...]
    """In the order of time."""
    spans: tuple[LadderSpan, ...] = ()
