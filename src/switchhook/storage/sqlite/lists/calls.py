"""The list of calls in a database: what it keeps of each that has ended, and searches in it.

A search looks at a bounded number of rows, so that it never takes long: where it comes to that bound, it says how far it
came. What few calls have is found by an index of its own, however many calls there are.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.domain.target import TargetKind
from switchhook.storage.call_search import CallPage, CallPlace, PartOf, plain_digits
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from switchhook.domain.call import Call, Leg
    from switchhook.storage.call_search import CallFilter, NumberPart
    from switchhook.storage.records import CallRow
    from switchhook.storage.sqlite.rows import SqlParameters

MOST_ALONG: Final = 10_000
"""Rows that one search goes through where they lie side by side: some milliseconds."""
MOST_LOOKED_UP: Final = 1_000
"""Rows that it looks up one by one, which takes as long: they are far apart."""
COUNTED: Final = 1_000
"""Calls that are counted; more are `1,000+`."""
UNUSUAL: Final = frozenset(
    {
        Outcome.ABANDONED,
        Outcome.BLOCKED,
        Outcome.BUSY,
        Outcome.FAILED,
        Outcome.REJECTED,
        Outcome.UNREACHABLE,
        Outcome.VOICEMAIL,
    }
)
"""The outcomes that have an index; the same stand in the schema."""
_NEWEST: Final = CallPlace(float("inf"), 2**63 - 1)
_OLDEST: Final = float("-inf")


def register(connection: sqlite3.Connection) -> None:
    """Give SQL the functions with which the migration fills the list."""
    connection.create_function("dialled_digits", 1, lambda text: _dialled(text or ""))
    connection.create_function("party_digits", 3, _party)
    connection.create_function("reversed_text", 1, lambda text: text[::-1])


def call_to_row(call: Call) -> SqlParameters:
    """Return what `list_call` takes, of a call that has ended."""
    party = _party(call.direction.value, call.caller.number, call.callee)
    return (
        call.snapshot.project.id,
        call.id,
        call.arrived_at,
        "" if call.outcome is None else call.outcome.value,
        call.direction.value,
        call.position.scheme,
        _dialled(call.callee),
        party,
        party[::-1],
        _lines(_accounts(call.caller.account, call.legs)),
    )


def search(
    connection: sqlite3.Connection,
    *,
    project: str | None,
    wanted: CallFilter,
    limit: int,
    behind: CallPlace | None,
    count: bool,
) -> CallPage:
    """Return the next calls that fit, newest first, of one project or all."""
    if project is not None:
        return _search_project(connection, project, wanted, limit, behind, count=count)
    projects = [row["project"] for row in connection.execute(sql("listed_projects")).fetchall()]
    return _merged(
        [_search_project(connection, one, wanted, limit, behind, count=count) for one in projects],
        limit,
        count=count,
    )


def _search_project(
    connection: sqlite3.Connection,
    project: str,
    wanted: CallFilter,
    limit: int,
    behind: CallPlace | None,
    *,
    count: bool,
) -> CallPage:
    """Read the running calls first: one that ends meanwhile is found among the ended as well, and taken from there."""
    running = [] if wanted.is_running is False else _running(connection, project, wanted, behind)
    most = max(limit, COUNTED) if count else limit
    places, end = (
        ([], None)
        if wanted.is_running
        else _ended(connection, project, wanted, behind, most=most + 1)
    )
    ended = {place.number for place in places}
    found = {_place(row): row for row in running if row.number not in ended}
    every = sorted({*found, *places}, reverse=True)
    if end is not None:  # a running call may have arrived before that
        every = [place for place in every if place >= end]
    shown = every[:limit]
    found |= _read(connection, [place for place in shown if place not in found])
    stopped = end if len(every) <= limit else None
    return CallPage(
        calls=tuple(found[place] for place in shown if place in found),
        next=shown[-1] if len(every) > limit else stopped,
        searched_to=None if stopped is None else stopped.arrived_at,
        count=min(len(every), COUNTED) if count else None,
        has_more=count and (len(every) > COUNTED or end is not None),
    )


def _running(
    connection: sqlite3.Connection, project: str, wanted: CallFilter, behind: CallPlace | None
) -> list[CallRow]:
    if wanted.outcomes:
        return []
    values = {
        "project": project,
        "webhook": wanted.webhook or None,
        "failed": 1 if wanted.has_failures else None,
    }
    read = connection.execute(sql("running_calls"), values).fetchall()
    found = rows.readable(
        read, rows.call_row, name="number", otherwise="call not read", todo=rows.RESTORE
    )
    return [row for row in found if _fits(row, wanted) and (behind is None or _place(row) < behind)]


def _fits(row: CallRow, wanted: CallFilter) -> bool:
    """Say whether a running call fits, of whose endpoints the database was asked."""
    party = _party(row.direction.value, row.caller, row.callee)
    return (
        (wanted.since is None or row.arrived_at >= wanted.since)
        and (wanted.until is None or row.arrived_at < wanted.until)
        and (wanted.number is None or wanted.number.fits(party))
        and wanted.direction in {None, row.direction}
        and wanted.scheme in {None, row.scheme}
        and wanted.dialled in {"", _dialled(row.callee)}
        and (not wanted.account or wanted.account in _accounts(row.account, row.legs))
    )


def _ended(
    connection: sqlite3.Connection,
    project: str,
    wanted: CallFilter,
    behind: CallPlace | None,
    *,
    most: int,
) -> tuple[list[CallPlace], CallPlace | None]:
    """Return the places of calls that fit, and where the search stopped, if it did before the list's end."""
    start = behind or _NEWEST
    if wanted.until is not None:
        start = min(start, CallPlace(wanted.until, -1))
    since = _OLDEST if wanted.since is None else wanted.since
    values = _values(wanted) | {
        "project": project,
        "at": start.arrived_at,
        "number": start.number,
        "since": since,
        "floor": since,
        "floor_number": -1,
        "limit": most,
    }
    if not wanted.narrows:
        return _places(connection, "search", values), None
    if wanted.number is not None:
        values |= _range(wanted.number)
        way = "_ending" if wanted.number.at is PartOf.END else "_party"
        is_alone = replace(wanted, number=None).narrows is False
        bound = MOST_ALONG if is_alone else MOST_LOOKED_UP
        if _end_of_search(connection, way, values, bound) is None:
            name = "numbers" if is_alone else "search"
            return _places(connection, f"{name}{way}", values), None
    if wanted.has_failures:
        return _bounded(connection, "_failed", values, MOST_ALONG)
    if wanted.outcomes and UNUSUAL.issuperset(wanted.outcomes):
        return _of_outcomes(connection, wanted.outcomes, values)
    return _bounded(connection, "", values, MOST_ALONG)


def _of_outcomes(
    connection: sqlite3.Connection, outcomes: Iterable[Outcome], values: dict[str, Any]
) -> tuple[list[CallPlace], CallPlace | None]:
    """Search each outcome by itself; all of them are known as far as the shortest search came."""
    found: list[CallPlace] = []
    ends: list[CallPlace] = []
    for outcome in outcomes:
        of_one = values | {"outcome": outcome.value}
        places, end = _bounded(connection, "_unusual", of_one, MOST_ALONG)
        found += places
        ends += [] if end is None else [end]
        if len(places) == values["limit"]:
            ends.append(places[-1])
    end = max(ends, default=None)
    found = sorted((one for one in found if end is None or one >= end), reverse=True)
    most = int(values["limit"])
    return found[:most], (None if len(found) >= most else end)


def _bounded(
    connection: sqlite3.Connection, way: str, values: dict[str, Any], most: int
) -> tuple[list[CallPlace], CallPlace | None]:
    """Search as far as so many rows go."""
    end = _end_of_search(connection, way, values, most)
    if end is not None:
        values = values | {"floor": end.arrived_at, "floor_number": end.number}
    found = _places(connection, f"search{way}", values)
    return found, (None if len(found) == values["limit"] else end)


def _places(
    connection: sqlite3.Connection, statement: str, values: dict[str, Any]
) -> list[CallPlace]:
    read = connection.execute(sql(statement), values).fetchall()
    return [CallPlace(row["arrived_at"], row["number"]) for row in read]


def _end_of_search(
    connection: sqlite3.Connection, way: str, values: dict[str, Any], most: int
) -> CallPlace | None:
    row = connection.execute(sql(f"end_of_search{way}"), values | {"most": most}).fetchone()
    return None if row is None else CallPlace(row["arrived_at"], row["number"])


def _values(wanted: CallFilter) -> dict[str, Any]:
    """Return what a search compares; None for what does not matter."""
    outcomes = " ".join(wanted.outcomes)
    values: dict[str, Any] = {
        "outcomes": f" {outcomes} " if outcomes else None,
        "direction": wanted.direction and wanted.direction.value,
        "scheme": wanted.scheme,
        "dialled": wanted.dialled or None,
        "account_line": _lines([wanted.account]) or None,
        "webhook_line": _lines([wanted.webhook]) or None,
        "failed": 1 if wanted.has_failures else None,
        **dict.fromkeys(("party_low", "party_high", "ending_low", "ending_high")),
    }
    if wanted.number is not None:
        name = "ending" if wanted.number.at is PartOf.END else "party"
        limits = _range(wanted.number)
        values |= {f"{name}_low": limits["low"], f"{name}_high": limits["high"]}
    return values


def _range(part: NumberPart) -> dict[str, str]:
    """Return the texts between which numbers stand that fit; a blank is before all digits, a colon behind."""
    match part.at:
        case PartOf.WHOLE:
            return {"low": part.digits, "high": f"{part.digits} "}
        case PartOf.BEGIN:
            return {"low": part.digits, "high": f"{part.digits}:"}
        case PartOf.END:
            return {"low": part.digits[::-1], "high": f"{part.digits[::-1]}:"}


def _read(connection: sqlite3.Connection, places: list[CallPlace]) -> dict[CallPlace, CallRow]:
    numbers = json.dumps([place.number for place in places])
    read = connection.execute(sql("calls_of_numbers"), {"numbers": numbers}).fetchall()
    found = rows.readable(
        read, rows.call_row, name="call", otherwise="call not read", todo=rows.RESTORE
    )
    by_number = {row.number: row for row in found}
    return {place: by_number[place.number] for place in places if place.number in by_number}


def _merged(pages: list[CallPage], limit: int, *, count: bool) -> CallPage:
    """Put the pages of several projects together: each is the newest of its project."""
    stopped = [page.next for page in pages if page.searched_to is not None and page.next]
    floor = max(stopped, default=None)
    every = sorted((row for page in pages for row in page.calls), key=_place, reverse=True)
    kept = [row for row in every if floor is None or _place(row) >= floor]
    shown = kept[:limit]
    has_more = len(kept) > limit or any(page.next and not page.searched_to for page in pages)
    is_cut = floor is not None and len(kept) <= limit
    counts = [page.count or 0 for page in pages]
    return CallPage(
        calls=tuple(shown),
        next=floor if is_cut else _place(shown[-1]) if has_more and shown else None,
        searched_to=floor.arrived_at if is_cut and floor is not None else None,
        count=min(sum(counts), COUNTED) if count else None,
        has_more=any(page.has_more for page in pages) or sum(counts) > COUNTED,
    )


def _place(row: CallRow) -> CallPlace:
    return CallPlace(row.arrived_at, row.number)


def _party(direction: str, caller: str | None, callee: str | None) -> str:
    """Return the digits of who called from outside, or was called there; of an internal call its caller's."""
    return plain_digits((callee if direction == Direction.OUTGOING else caller) or "")


def _dialled(callee: str) -> str:
    return plain_digits(callee) or callee


def _accounts(caller: str, legs: Iterable[Leg]) -> list[str]:
    """Return the logins of the accounts that have to do with a call, each once."""
    found = dict.fromkeys([caller])
    for leg in legs:
        found[leg.account] = None
        if leg.target is not None and leg.target.kind is TargetKind.ACCOUNT:
            found[leg.target.value] = None
    return [login for login in found if login]


def _lines(names: Iterable[str]) -> str:
    """Return names with a line break before and behind each; "" for none."""
    lines = "\n".join(name for name in names if name)
    return f"\n{lines}\n" if lines else ""
