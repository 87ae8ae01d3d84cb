"""The journal: the history of a call, in order, for troubleshooting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from switchhook.quick_init import quick_init

EntryFacts = tuple[tuple[str, str], ...]
"""Names and values for programs; names stay stable over versions."""


class EntryKind(StrEnum):
    """The kind of an entry; stored, so a value never changes."""

    ARRIVED = "arrived"
    STEP = "step"
    """The call reached a step of a scheme."""
    ASKED = "asked"
    ANSWER = "answer"
    """A webhook's answer was followed."""
    ASK_FAILED = "ask_failed"
    NOTICE = "notice"
    """Something was dropped, ignored or read leniently."""
    DIALLED = "dialled"
    RANG = "rang"
    ANSWERED = "answered"
    ATTEMPT_ENDED = "attempt_ended"
    BRANCH = "branch"
    """A step chose one of its branches by itself."""
    KEYED = "keyed"
    """The caller pressed a key that is no secret, or none in time."""
    RECORDED = "recorded"
    RATED = "rated"
    TRANSFER_REQUESTED = "transfer_requested"
    TRANSFER_COMPLETED = "transfer_completed"
    TRANSFER_FAILED = "transfer_failed"
    JUMPED = "jumped"
    FALLBACK = "fallback"
    FILTERED = "filtered"
    """An event was not told, because a filter keeps calls like this one out."""
    RESUMED = "resumed"
    ENDED = "ended"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of a call's path."""

    seq: int
    """1, 2, 3 … without a gap within the call."""
    at: float
    kind: EntryKind
    leg: str = ""
    text: str = ""
    """For people; one line. Holds no secret."""
    facts: EntryFacts = ()
