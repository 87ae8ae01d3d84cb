"""A call that a telephone system made by itself, as it is brought in once it is over (N-17)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCall:
    """One finished call. Moments are unix seconds."""

    reference: str
    """What the telephone system calls it; no two imported calls of a project have the same."""
    direction: str
    """`incoming`, `outgoing` or `internal`."""
    caller: str
    """The number that called, empty where it was withheld; of an account, what it shows."""
    callee: str
    """What was dialled: of an incoming call, the number of the project."""
    caller_name: str = ""
    account: str = ""
    """The login of who answered; of an outgoing or internal call, of who called."""
    started_at: float
    answered_at: float | None = None
    ended_at: float
    outcome: str
    ended_by: str
    visit: str = ""
    """The visit that it belongs to; empty: who saw the number at that time."""
    recording_link: str = ""
    """Where the telephone system keeps its recording."""
