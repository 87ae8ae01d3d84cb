"""A call's path in one line, as vendors' call logs have it: `webhookNumber:90 (failed: refused) → phone:30 → 101`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.domain.cause import AttemptEnd
from switchhook.domain.journal import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.domain.journal import JournalEntry


_TOLD: Final = frozenset(
    {
        EntryKind.STEP,
        EntryKind.ASK_FAILED,
        EntryKind.NOTICE,
        EntryKind.JUMPED,
        EntryKind.FALLBACK,
        EntryKind.DIALLED,
        EntryKind.ATTEMPT_ENDED,
    }
)
"""The entries that a path is made of."""


@dataclass(slots=True)
class _Hop:
    """One stage of a path: a location, or the targets that rang together."""

    words: dict[str, str] = field(default_factory=dict)
    """The word for it, by leg; a location has none."""
    is_over: bool = False

    def add(self, why: str, leg: str = "") -> None:
        """Say why the call went on from here; once, where that was so several times."""
        if f"({why})" not in self.words[leg]:
            self.words[leg] += f" ({why})"

    def __str__(self) -> str:
        return ", ".join(self.words.values())


def path_of(journal: Iterable[JournalEntry]) -> str:
    """Return the locations that a call came to and what rang there, each with why it went on (S-01, S-12).

    Empty while it came to none. Steps that place no call, such as a greeting, are left out.
    """
    path = _Path()
    for entry in journal:
        if entry.kind in _TOLD:
            path.take(entry, dict(entry.facts))
    return " → ".join(map(str, path.hops))


class _Path:
    """The path up to one entry of a journal."""

    def __init__(self) -> None:
        self.hops: list[_Hop] = []
        self._location: _Hop | None = None
        """That of the step that is executed."""

    def take(self, entry: JournalEntry, facts: Mapping[str, str]) -> None:
        """Go on by one entry."""
        match entry.kind:
            case EntryKind.STEP:
                location = facts.get("location")
                self._location = self._come_to(location) if location else None
            case EntryKind.ASK_FAILED if self._location is not None:
                self._location.add(f"failed: {facts['kind']}")
            case EntryKind.NOTICE if self._location is not None and facts.get("alert"):
                self._location.add(facts["alert"])
            case EntryKind.JUMPED:
                self._come_to(f"scheme {facts['scheme']}")
            case EntryKind.FALLBACK:
                self._come_to("fallback")
            case EntryKind.DIALLED:
                self._dial(entry.leg, facts["target"])
            case EntryKind.ATTEMPT_ENDED:
                self._end(entry.leg, facts["end"])
            case _:
                pass

    def _come_to(self, where: str) -> _Hop:
        self.hops.append(_Hop({"": where}, is_over=True))
        return self.hops[-1]

    def _dial(self, leg: str, target: str) -> None:
        if not self.hops or self.hops[-1].is_over:
            self.hops.append(_Hop())
        self.hops[-1].words[leg] = target

    def _end(self, leg: str, end: str) -> None:
        for hop in self.hops:
            if leg in hop.words:
                hop.is_over = True
                if end != AttemptEnd.ANSWERED:
                    hop.add(end.replace("_", " "), leg)
