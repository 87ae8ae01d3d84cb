"""What was asked about a call and what came back, read from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switchhook.domain.journal import EntryKind
from switchhook.views.text import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from switchhook.domain.journal import JournalEntry

_PHASE: Final = "seconds_"
_HEADER: Final = "header_"
_TRY: Final = "try_"


def exchanges_of(journal: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Return the asks of a call in order; one that is not answered yet has neither answer nor failure.

    Secrets are hidden as in the journal.
    """
    found: list[dict[str, Any]] = []
    for entry in journal:
        facts = dict(entry.facts)
        if entry.kind is EntryKind.ASKED:
            found.append(_asked(entry, facts))
        elif entry.kind in {EntryKind.ANSWER, EntryKind.ASK_FAILED} and found:
            found[-1] |= _came_back(entry, facts)
    return found


def _asked(entry: JournalEntry, facts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ask": facts.get("ask"),
        "webhook": entry.text,
        "asked_at": iso(entry.at),
        "ended_at": None,
        "seconds": None,
        "request": None,
        "address": None,
        "redirected_to": None,
        "status": None,
        "bytes": None,
        "body": None,
        "request_headers": None,
        "request_body": None,
        "response_headers": None,
        "response_body": None,
        "read_as": None,
        "answer": None,
        "failure": None,
        "detail": None,
        "phases": {},
        "tries": [],
    }


def _came_back(entry: JournalEntry, facts: Mapping[str, str]) -> dict[str, Any]:
    has_failed = entry.kind is EntryKind.ASK_FAILED
    return {
        "ended_at": iso(entry.at),
        "seconds": _number(facts.get("seconds")),
        "request": facts.get("request"),
        "address": facts.get("address") or None,
        "redirected_to": facts.get("redirected_to"),
        "status": _number(facts.get("status")),
        "bytes": _number(facts.get("bytes")),
        "body": facts.get("body"),
        "request_headers": _headers(facts.get("request_headers")),
        "request_body": facts.get("request_body"),
        "response_headers": _headers(facts.get("response_headers")),
        "response_body": facts.get("response_body", facts.get("body")),
        "read_as": facts.get("read_as") or None,
        "answer": None if has_failed else entry.text,
        "failure": facts.get("kind") if has_failed else None,
        "detail": entry.text if has_failed else None,
        "phases": phases_of(facts),
        "tries": [said for name, said in facts.items() if name.startswith(_TRY)],
    }


def phases_of(facts: Mapping[str, str]) -> dict[str, float | None]:
    """Return where the time of an exchange went, by its parts; in seconds, None for what cannot be read."""
    return {
        name.removeprefix(_PHASE): _number(took)
        for name, took in facts.items()
        if name.startswith(_PHASE)
    }


def answer_headers(facts: Mapping[str, str]) -> list[list[str]]:
    """Return the headers that an attempt was answered with, as pairs in their order."""
    return [
        [name.removeprefix(_HEADER), value]
        for name, value in facts.items()
        if name.startswith(_HEADER)
    ]


def _headers(lines: str | None) -> list[list[str]] | None:
    """Return header lines as pairs, in their order."""
    if lines is None:
        return None
    return [[name, value] for name, _, value in (one.partition(": ") for one in lines.split("\n"))]


def whole_exchange(facts: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a request and its answer as they went over the wire, within bounds."""
    for sign, side in ((">", "request"), ("<", "response")):
        body = facts.get(f"{side}_body", facts.get("body", "") if side == "response" else "")
        for part in (facts.get(f"{side}_headers", ""), body):
            yield from (f"{sign} {line}" for line in part.split("\n") if part)


def _number(text: str | None) -> float | int | None:
    try:
        return None if text is None else float(text) if "." in text else int(text)
    except ValueError:
        return None
