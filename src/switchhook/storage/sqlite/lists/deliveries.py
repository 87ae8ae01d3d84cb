"""The lists of deliveries in a database: pages, counts, and which webhooks have some that need somebody.

Each list is put together of the lists of single webhooks, which have an index each. A search looks at a bounded number of
deliveries, so that it never takes long: where it comes to that bound, it says how far it came.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from switchhook.storage.records import MOST_COUNTED, Count, DeliveriesFound
from switchhook.storage.sqlite import rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import HOUR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from switchhook.storage.encryption import Cipher
    from switchhook.storage.records import DeliveryFilter, DeliveryRow

NEWEST: Final = 2**63 - 1
"""Above every number: a list begins with the newest."""
OLDEST: Final = 0
"""Below every number."""
MOST_ALONG: Final = 10_000
"""Deliveries that one search goes through in an index: some milliseconds."""
MOST_LOOKED_UP: Final = 1_500
"""Deliveries that it looks up one by one, which takes as long."""
LEAST: Final = 100
"""Of one webhook at least, however many webhooks there are."""

Values: TypeAlias = dict[str, str | float | None]
_Kind: TypeAlias = tuple[str, bool]
"""A state in which a delivery was given up, and whether somebody checked it."""

_KINDS: Final[Mapping[str, tuple[_Kind, ...]]] = {
    "unchecked": (("failed", False), ("expired", False)),
    "checked": (("failed", True), ("expired", True)),
    "failed": (("failed", False), ("failed", True)),
    "expired": (("expired", False), ("expired", True)),
    "superseded": (("superseded", False),),
    "unsubscribed": (("unsubscribed", False),),
}
_EVERY_KIND: Final = tuple(dict.fromkeys(kind for kinds in _KINDS.values() for kind in kinds))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Deliveries that lie together in an index, in their order."""

    listing: str
    """The statement that lists them."""
    reach: str
    """The statement that says how far so many of them go; empty where they are few."""
    most: int
    values: Values


def search(
    connection: sqlite3.Connection,
    *,
    cipher: Cipher,
    which: DeliveryFilter,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> DeliveriesFound:
    """Return the next deliveries before a number, newest first; with `after`, those behind it, oldest first."""
    is_forward = after is not None
    found: set[int] = set()
    ends: list[int] = []
    """Where the search of a part stopped before its end."""
    for part in _parts(connection, which, before=before, after=after):
        end, values = _bounded(connection, part, which, is_forward=is_forward)
        listing = _turned(sql(part.listing), is_forward=is_forward)
        numbers = [row[0] for row in connection.execute(listing, values | {"limit": limit + 1})]
        found.update(numbers)
        if len(numbers) > limit:
            ends.append(numbers[-1])
        elif end is not None:
            ends.append(end)
    stop = (min if is_forward else max)(ends, default=None)
    known = sorted(found, reverse=not is_forward)
    if stop is not None:
        known = [number for number in known if number == stop or (number < stop) == is_forward]
    shown = known[:limit]
    is_cut = stop is not None and len(known) < limit
    return DeliveriesFound(
        rows=_read(connection, cipher, shown),
        next=shown[-1] if len(known) > limit else stop,
        searched_to=_moment(connection, stop) if is_cut else None,
    )


def count(connection: sqlite3.Connection, *, which: DeliveryFilter) -> Count:
    """Count the deliveries of a filter, as far as a search goes."""
    number, is_more = 0, False
    for part in _parts(connection, which):
        end, values = _bounded(connection, part, which)
        listing, _, _ = sql(part.listing).rpartition("ORDER BY")
        counting = f"SELECT count(*) FROM ({listing} LIMIT :limit)"  # noqa: S608 - a statement of ours
        wanted = values | {"limit": MOST_COUNTED + 1 - number}
        number += connection.execute(counting, wanted).fetchone()[0]
        is_more = is_more or end is not None
        if number > MOST_COUNTED:
            break
    counted = Count.of(number)
    return Count(number=counted.number, is_more=counted.is_more or is_more)


def unchecked_by_webhook(connection: sqlite3.Connection, *, project: str) -> dict[str, Count]:
    """Count the deliveries of each webhook that need somebody, of those that have any."""
    values = {"project": project, "limit": MOST_COUNTED + 1}
    found = connection.execute(sql("unchecked_by_webhook"), values).fetchall()
    return {row["webhook"]: Count.of(row["unchecked"]) for row in found if row["unchecked"]}


def _parts(
    connection: sqlite3.Connection,
    which: DeliveryFilter,
    *,
    before: int | None = None,
    after: int | None = None,
) -> list[_Part]:
    """Return the parts of the database that a list is put together of, with what their statements take."""
    projects = [which.project]
    if which.project is None:
        projects = [row[0] for row in connection.execute(sql("told_projects")).fetchall()]
    found: list[_Part] = []
    for project in projects:
        values: Values = asdict(which) | {
            "project": project,
            "before": NEWEST if before is None else before,
            "after": OLDEST if after is None else after,
        }
        if which.call is not None:
            found.append(_Part(listing="list_of_call", reach="", most=0, values=values))
        elif _narrow_to_time(connection, which, values):
            found += _parts_of_project(connection, which, values)
    share = max(1, len(found))
    return [
        _Part(
            listing=part.listing,
            reach=part.reach,
            most=max(LEAST, part.most // share),
            values=part.values,
        )
        for part in found
    ]


def _parts_of_project(
    connection: sqlite3.Connection, which: DeliveryFilter, values: Values
) -> Iterator[_Part]:
    """Yield the parts for a project; what is searched for words of an error can only be what had one."""
    state = which.state
    if state == "delivered" and which.text is not None:
        return
    if state in {"all", "delivered"} and which.text is None:
        is_all = state == "all"
        for webhook in _webhooks(connection, "told_webhooks", which, values):
            yield _Part(
                listing="list_of_webhook" if is_all else "list_delivered",
                reach="reach_of_webhook",
                most=MOST_ALONG if is_all else MOST_LOOKED_UP,
                values=values | {"webhook": webhook},
            )
        return
    if state not in {"pending", "parked"}:
        for webhook in _webhooks(connection, "webhooks_given_up", which, values):
            for given_up, is_checked in _KINDS.get(state, _EVERY_KIND):
                kind: Values = {"given_up": given_up, "is_checked": is_checked}
                yield _Part(
                    listing="list_given_up",
                    reach="reach_given_up",
                    most=MOST_LOOKED_UP,
                    values=values | {"webhook": webhook} | kind,
                )
    if state in {"all", "pending", "parked"}:
        yield _Part(
            listing="list_waiting", reach="reach_waiting", most=MOST_LOOKED_UP, values=values
        )


def _webhooks(
    connection: sqlite3.Connection, statement: str, which: DeliveryFilter, values: Values
) -> list[str]:
    if which.webhook is not None:
        return [which.webhook]
    return [row[0] for row in connection.execute(sql(statement), values)]


def _narrow_to_time(
    connection: sqlite3.Connection, which: DeliveryFilter, values: dict[str, Any]
) -> bool:
    """Begin and end where the deliveries of the wanted time lie; False where there are none."""
    if which.since is None and which.until is None:
        return True
    hours = {
        "project": values["project"],
        "since": OLDEST if which.since is None else int(which.since / HOUR),
        "until": NEWEST if which.until is None else int(which.until / HOUR),
        "newest": NEWEST,
    }
    first, last = connection.execute(sql("delivery_bounds"), hours).fetchone()
    if first is None or last is None:
        return False
    values["before"] = min(values["before"], last if last == NEWEST else last + 1)
    values["after"] = max(values["after"], first - 1)
    return True


def _bounded(
    connection: sqlite3.Connection,
    part: _Part,
    which: DeliveryFilter,
    *,
    is_forward: bool = False,
) -> tuple[int | None, Values]:
    """Return the number to which a part is searched, None for its end, and what its listing takes."""
    narrows = part.listing in {"list_delivered", "list_waiting"} or (
        (which.event, which.since, which.until, which.text) != (None, None, None, None)
    )
    if not part.reach or not narrows:
        return None, part.values
    statement = _turned(sql(part.reach), is_forward=is_forward)
    row = connection.execute(statement, part.values | {"most": part.most}).fetchone()
    if row is None:
        return None, part.values
    end = int(row[0])
    bound: Values = {"before": end + 1} if is_forward else {"after": end - 1}
    return end, part.values | bound


def _turned(statement: str, *, is_forward: bool) -> str:
    """Return a statement that reads in the direction of the numbers."""
    return statement.replace(" DESC", " ASC") if is_forward else statement


def _read(
    connection: sqlite3.Connection, cipher: Cipher, numbers: list[int]
) -> tuple[DeliveryRow, ...]:
    """Read deliveries in this order; one that cannot be read is left out, and logged."""
    found = connection.execute(sql("deliveries_of_numbers"), {"numbers": json.dumps(numbers)})
    in_order = {row["number"]: row for row in found.fetchall()}
    return tuple(
        rows.readable(
            [in_order[number] for number in numbers if number in in_order],
            partial(rows.delivery_row, cipher=cipher),
            name="id",
            otherwise="delivery not read",
            todo=rows.RESTORE,
        )
    )


def _moment(connection: sqlite3.Connection, number: int | None) -> float | None:
    row = connection.execute(sql("moment_of_delivery"), {"number": number}).fetchone()
    return None if row is None else row[0]
