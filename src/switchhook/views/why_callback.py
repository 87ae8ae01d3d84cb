"""Why somebody was not rung in a callback: whom it calls first has to answer before it calls the other. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.journal import EntryKind
from switchhook.views.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchhook.domain.journal import JournalEntry

NOT_REACHED: Final = "not_reached"
RANG: Final = "rang"
TURN: Final = "turn"
"""Decisions, as `why.py` names them."""


def of_callback(
    journal: Sequence[JournalEntry], is_it: Callable[[str], bool]
) -> tuple[str, str, JournalEntry] | None:
    """Return the decision about a target of a callback, why, and the entry that shows it.

    None where the call is no callback, or its caller answered and was not asked about.
    """
    if not journal or "callback" not in dict(journal[0].facts):
        return None
    of_caller = [entry for entry in journal if entry.leg == CALLER]
    if not of_caller:
        return None
    kinds = {entry.kind for entry in of_caller}
    last = of_caller[-1]
    said = f" ({one_line(last.text)})" if last.text else ""
    names = {
        name
        for entry in of_caller
        for name in dict(entry.facts).get("target", "").split(", ")
        if name
    }
    if any(map(is_it, names)):
        if kinds & {EntryKind.RANG, EntryKind.ANSWERED}:
            return RANG, "it did ring, as the one that the callback calls first", last
        return NOT_REACHED, f"it was called first, and no telephone of it rang{said}", last
    if EntryKind.ANSWERED in kinds:
        return None
    first = ", ".join(sorted(names))
    return TURN, f"{first} was called first and did not answer{said}, so nobody else was", last
