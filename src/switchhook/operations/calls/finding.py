"""Operations on stored calls: find them by what a person knows of them, page by page or all."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.operations.event_stream import NEWEST, find_place
from switchhook.storage.call_search import (
    EVERY_CALL,
    CallFilter,
    CallPage,
    CallPlace,
    NumberPart,
    PartOf,
    plain_digits,
)
from switchhook.storage.ports import CallList, StreamEvents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from switchhook.operations.event_stream import StreamPlace
    from switchhook.storage.records import CallRow

MAX_LISTED: Final = 200
"""Calls of one page."""
MAX_RUNNING: Final = 10_000
"""Running calls of a project that are told at once."""
EXPORTED_AT_ONCE: Final = 200
"""Calls of an export that are in memory."""
FILTER_KEYS: Final = {
    "since": "Calls that arrived then or later: a date or time, or how long ago, such as 2h or 7d.",
    "until": "Calls that arrived before, likewise.",
    "number": "The number of who called from outside, or was called there: 4930* begins so, *1234 ends so.",
    "outcome": "How they ended: one or several, between commas.",
    "direction": "Only incoming, outgoing or internal ones.",
    "scheme": "Number of the scheme that they were in last.",
    "dialled": "The number that was dialled.",
    "account": "Login of an account that called, rang or transferred.",
    "webhook": "Name of a webhook or event mail that was asked or told.",
    "failed": "Only calls of which an ask failed or a delivery was given up; with a webhook, one of its own.",
    "running": "Only calls that run; false: only calls that have ended.",
}
"""What calls are found by, with a sentence for people: the parameters of the API, and the options of the command."""
_AGO: Final = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[smhdw])")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PLACE: Final = re.compile(r"(?P<at>[0-9]{1,12}(?:\.[0-9]{1,9})?)-(?P<number>[0-9]{1,18})")
_YES_NO: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class WrongFilterError(ValueError):
    """What calls are to be found by cannot be understood; `field` says which part."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


def read_call_filter(given: Mapping[str, str], *, now: float) -> CallFilter:
    """Read what is given under FILTER_KEYS; empty texts are not given. Raises WrongFilterError."""
    texts = {name: text.strip() for name, text in given.items() if text.strip()}
    if unknown := texts.keys() - FILTER_KEYS.keys():
        raise WrongFilterError(
            min(unknown), f"there is no such filter; there are {', '.join(FILTER_KEYS)}"
        )
    since, until = (_moment(texts, name, now=now) for name in ("since", "until"))
    if since is not None and until is not None and since >= until:
        raise WrongFilterError("until", "it is not later than since")
    dialled = texts.get("dialled", "")
    return CallFilter(
        since=since,
        until=until,
        number=_number(texts["number"]) if "number" in texts else None,
        outcomes=_outcomes(texts.get("outcome", "")),
        direction=_direction(texts["direction"]) if "direction" in texts else None,
        scheme=_scheme(texts["scheme"]) if "scheme" in texts else None,
        dialled=plain_digits(dialled) or dialled,
        account=texts.get("account", ""),
        webhook=texts.get("webhook", ""),
        has_failures=bool(_yes_no(texts, "failed")),
        is_running=_yes_no(texts, "running"),
    )


def _moment(texts: Mapping[str, str], name: str, *, now: float) -> float | None:
    """Read a moment; without a zone it is one of this machine's, as all times are shown."""
    text = texts.get(name)
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - int(ago["count"]) * _UNITS[ago["unit"]]
    # A plus in a URL is a blank.
    written = re.sub(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)", "+", text) if "T" in text else text
    try:
        moment = datetime.fromisoformat(written).timestamp()
    except (ValueError, OverflowError, OSError):
        moment = math.nan
    if not math.isfinite(moment):
        raise WrongFilterError(
            name, "write a date or time such as 2026-12-01 or 2026-12-01T09:30+01:00, or 2h, 7d ago"
        )
    return moment


def _number(text: str) -> NumberPart:
    """Read a number; its beginning may be written in several ways, so that without a star its end counts."""
    digits = plain_digits(text.strip("*"))
    stars = text.startswith("*"), text.endswith("*")
    if not digits or all(stars) or "*" in text.strip("*"):
        raise WrongFilterError(
            "number", "write digits with one star where others may stand: 4930* or *1234"
        )
    if stars == (False, True):
        return NumberPart(digits=digits, at=PartOf.BEGIN)
    if stars == (False, False) and text.startswith(("+", "00")):
        return NumberPart(digits=digits, at=PartOf.WHOLE)
    written = re.sub(r"\D", "", text)
    return NumberPart(digits=written if stars[0] else written.lstrip("0") or written, at=PartOf.END)


def _outcomes(text: str) -> tuple[Outcome, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if any(name not in set(Outcome) for name in names):
        raise WrongFilterError("outcome", f"choose of {', '.join(Outcome)}")
    return tuple(dict.fromkeys(map(Outcome, names)))


def _direction(text: str) -> Direction:
    if text not in set(Direction):
        raise WrongFilterError("direction", f"choose of {', '.join(Direction)}")
    return Direction(text)


def _scheme(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise WrongFilterError("scheme", "it is the number of a scheme")
    return int(text)


def _yes_no(texts: Mapping[str, str], name: str) -> bool | None:
    text = texts.get(name)
    if text is None:
        return None
    if text.lower() not in _YES_NO:
        raise WrongFilterError(name, "it is true or false")
    return _YES_NO[text.lower()]


def read_place(text: str) -> CallPlace | None:
    """Read a place that was written as text; "" is the list's begin. Raises WrongFilterError."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise WrongFilterError("after", "this is no place in the list: send what `next` said")
    return CallPlace(float(found["at"]), int(found["number"]))


class CallsAndEvents(CallList, StreamEvents, Protocol):
    """Keeps the list of calls, and the streams of projects."""


async def find_calls(
    store: CallList,
    *,
    project: str | None = None,
    wanted: CallFilter = EVERY_CALL,
    limit: int = 50,
    behind: CallPlace | None = None,
) -> tuple[tuple[CallRow, ...], CallPlace | None]:
    """Return calls newest first, and the place to go on from, if there are more; however long the search takes."""
    found: list[CallRow] = []
    while True:
        page = await store.find_calls(
            project=project, wanted=wanted, limit=limit - len(found), behind=behind
        )
        found += page.calls
        behind = page.next
        if behind is None or len(found) >= limit:
            return tuple(found), behind


async def running_calls(
    store: CallsAndEvents, *, project: str
) -> tuple[StreamPlace, tuple[CallRow, ...]]:
    """Return a project's calls that run, and the place in its event stream from which to follow them.

    What happens from then on stands behind that place; a little of it may be in the calls already.
    """
    place = await find_place(store, project, NEWEST)
    page = await store.find_calls(
        project=project, wanted=CallFilter(is_running=True), limit=MAX_RUNNING
    )
    return place, page.calls


async def export_calls(
    store: CallList, *, project: str | None = None, wanted: CallFilter = EVERY_CALL
) -> AsyncIterator[tuple[CallRow, ...]]:
    """Yield all calls that fit, newest first, a few at a time; an empty few while the search goes on.

    What arrives meanwhile is not among them; a call that ends meanwhile comes once.
    """
    behind: CallPlace | None = None
    while True:
        page: CallPage = await store.find_calls(
            project=project, wanted=wanted, limit=EXPORTED_AT_ONCE, behind=behind
        )
        yield page.calls
        if page.next is None:
            return
        behind = page.next
