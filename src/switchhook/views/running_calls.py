"""Running calls as rows of a list for people: the step that each is in, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switchhook.domain.call import CallState, LegState
from switchhook.domain.journal import EntryKind
from switchhook.views.call_table import call_line
from switchhook.views.text import one_line
from switchhook.views.timeline import entry_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.records import CallRow

_WAITS: Final = {
    CallState.ARRIVED: "its first step",
    CallState.RINGING_CALLER: "its caller, who is being rung",
    CallState.PLAYING: "the end of what is played",
    CallState.COLLECTING: "keys of the caller",
    CallState.RECORDING: "the end of the message",
    CallState.TRANSFERRING: "the transfer",
    CallState.RATING: "a rating",
    CallState.ENDED: "nothing: it has ended",
}
"""What a call waits for in the states that say it by themselves."""


def running_line(
    row: CallRow, journal: Sequence[JournalEntry], snapshot: ProjectSnapshot | None = None
) -> dict[str, Any]:
    """Return a call as its row, with `step` and `waits_for` in words."""
    steps = [entry for entry in journal if entry.kind is EntryKind.STEP]
    return call_line(row, snapshot) | {
        "step": entry_line(steps[-1]).text if steps else "",
        "waits_for": one_line(_waits_for(row, journal)),
    }


def _waits_for(row: CallRow, journal: Sequence[JournalEntry]) -> str:
    match row.state:
        case CallState.ASKING:
            asked = [entry.text for entry in journal if entry.kind is EntryKind.ASKED]
            return f"the answer of {asked[-1]}" if asked else "an answer"
        case CallState.RINGING:
            rung = [
                str(leg.target)
                for leg in row.legs
                if leg.target and leg.state in {LegState.DIALLING, LegState.RINGING}
            ]
            return f"an answer of {', '.join(rung)}" if rung else "a telephone"
        case CallState.TALKING:
            with_ = next((str(leg.target) for leg in row.legs if leg.id == row.talking_to), "")
            return f"the end of the conversation with {with_}".removesuffix(" with ")
        case state:
            return _WAITS[state]
