"""Calls as rows of a table for spreadsheets and imports (RFC 4180)."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.views.path import path_of
from switchhook.views.text import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switchhook.operations.calls.details import CallDetails
    from switchhook.storage.records import CallRow

MEDIA_TYPE: Final = "text/csv; header=present"
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
"""The characters with which a spreadsheet takes a cell for a formula, or comes to do so."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else round(max(0.0, end - begin), 3)


def _encoded(variables: tuple[tuple[str, str], ...]) -> str:
    """Return variables as one JSON object, or nothing."""
    return msgspec.json.encode(dict(variables)).decode() if variables else ""


def _answered_by(row: CallRow) -> str:
    leg = next((leg for leg in row.legs if leg.id == row.talking_to), None)
    return "" if leg is None or leg.target is None else str(leg.target)


COLUMNS: Final[Mapping[str, Callable[[CallRow], object]]] = {
    "id": lambda row: row.id,
    "project": lambda row: row.project,
    "direction": lambda row: row.direction.value,
    "caller": lambda row: row.caller,
    "caller_name": lambda row: row.caller_name,
    "callee": lambda row: row.callee,
    "account": lambda row: row.account,
    "scheme": lambda row: row.scheme or None,
    "state": lambda row: row.state.value,
    "outcome": lambda row: row.outcome and row.outcome.value,
    "ended_by": lambda row: row.ended_by and row.ended_by.value,
    "sip": lambda row: None if row.cause is None else row.cause.sip,
    "arrived_at": lambda row: iso(row.arrived_at),
    "answered_at": lambda row: iso(row.answered_at),
    "ended_at": lambda row: iso(row.ended_at),
    "waiting_seconds": lambda row: _between(row.arrived_at, row.answered_at or row.ended_at),
    "talk_seconds": lambda row: _between(row.answered_at, row.ended_at),
    "answered_by": _answered_by,
    "recordings": lambda row: len(row.recordings),
    "variables": lambda row: _encoded(row.variables),
    "rang": lambda row: " ".join(str(leg.target) for leg in row.legs if leg.target is not None),
}
"""The columns in order; new ones come at the end."""


DETAILS: Final = ("path", "recording_link")
"""The columns behind them, where details are wanted."""


def header(*, has_details: bool = False) -> bytes:
    """Return the first line."""
    return _line((*COLUMNS, *DETAILS) if has_details else COLUMNS)


def detailed_lines(found: Iterable[CallDetails]) -> bytes:
    """Return a line for each call, with its details."""
    return b"".join(
        _line(
            cell(value)
            for value in (
                *(column(one.call) for column in COLUMNS.values()),
                path_of(one.journal),
                one.recording_link,
            )
        )
        for one in found
    )


def call_lines(found: Iterable[CallRow]) -> bytes:
    """Return a line for each call."""
    return b"".join(_line(cell(column(row)) for column in COLUMNS.values()) for row in found)


def cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet executes; a number stays one, with its plus."""
    text = "" if value is None else str(value)
    is_formula = _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
    return f"'{text}" if is_formula else text


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8", "replace")
