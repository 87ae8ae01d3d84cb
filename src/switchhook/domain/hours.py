"""Working hours: a week, its exceptions, and whether a moment lies within. By the wall clock of a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 24 * 60
"""Minutes; as an end it is midnight, written 24:00."""

_SPAN = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)
_SPECIAL = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)", re.ASCII)
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one time of day up to another, in minutes since midnight.

    One that closes before it opens ends on the next day.
    """

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not (0 <= self.opens < DAY and 0 < self.closes <= DAY and self.opens != self.closes):
            raise ValueError(f"{self} is no span of hours within a day")

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read `09:00-18:00`. Raises ValueError."""
        found = _SPAN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not written like 09:00-18:00")
        opens, closes = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
        if closes == 0:
            raise ValueError(f"{text!r} ends at 00:00; the midnight at the end of a day is 24:00")
        return cls(opens=opens, closes=closes)

    def __str__(self) -> str:
        return f"{_time(self.opens)}-{_time(self.closes)}"

    @property
    def is_overnight(self) -> bool:
        """Say whether it ends on the day after."""
        return self.closes < self.opens


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parse_spans(text: str) -> tuple[Span, ...]:
    """Read `09:00-13:00, 14:00-18:00`; nothing is no hours. Raises ValueError."""
    return tuple(Span.parse(part) for part in text.split(",")) if text.strip() else ()


def spans_text(spans: tuple[Span, ...]) -> str:
    """Write spans as `parse_spans` reads them."""
    return ", ".join(map(str, spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """A day with hours of its own, in one year or in every year; without hours, a holiday."""

    month: int
    day: int
    year: int = 0
    """0: every year."""
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        date(self.year or _LEAP_YEAR, self.month, self.day)

    @classmethod
    def parse(cls, text: str) -> SpecialDay:
        """Read `12-25`, `2026-04-06` or `12-24 09:00-12:00`. Raises ValueError."""
        day, _, hours = text.strip().partition(" ")
        found = _SPECIAL.fullmatch(day)
        if found is None:
            raise ValueError(f"{day!r} is not written like 12-25 or 2026-12-25")
        return cls(
            year=int(found[1] or 0),
            month=int(found[2]),
            day=int(found[3]),
            spans=parse_spans(hours),
        )

    def __str__(self) -> str:
        year = f"{self.year:04}-" if self.year else ""
        hours = f" {spans_text(self.spans)}" if self.spans else ""
        return f"{year}{self.month:02}-{self.day:02}{hours}"

    def is_on(self, day: date) -> bool:
        """Say whether it falls on this day."""
        return (self.month, self.day) == (day.month, day.day) and self.year in {0, day.year}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """A named week with its special days."""

    name: str
    monday: tuple[Span, ...] = ()
    tuesday: tuple[Span, ...] = ()
    wednesday: tuple[Span, ...] = ()
    thursday: tuple[Span, ...] = ()
    friday: tuple[Span, ...] = ()
    saturday: tuple[Span, ...] = ()
    sunday: tuple[Span, ...] = ()
    special_days: tuple[SpecialDay, ...] = ()
    """They take the place of the week's day; one of a year, that of the same day of every year."""
    time_zone: str = ""
    """Empty: the project's."""

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the hours that begin on this day."""
        special = [special for special in self.special_days if special.is_on(day)]
        if special:
            return max(special, key=lambda found: found.year).spans
        spans: tuple[Span, ...] = getattr(self, DAYS[day.weekday()])
        return spans


def is_open(hours: WorkingHours, *, time_zone: str, now: float) -> bool:
    """Say whether `now` (unix seconds) lies within; `time_zone` is the project's.

    Hours are read off the clock on the wall: where it is put back, an hour counts twice, and where it
    is put forward, the hour that is skipped does not count.
    """
    local = datetime.fromtimestamp(now, _zone(hours.time_zone or time_zone))
    minute, today = local.hour * 60 + local.minute, local.date()
    since_yesterday = any(
        span.is_overnight and minute < span.closes
        for span in hours.spans(today - timedelta(days=1))
    )
    return since_yesterday or any(
        span.opens <= minute and (span.is_overnight or minute < span.closes)
        for span in hours.spans(today)
    )


def day_of(now: float, time_zone: str) -> tuple[str, float]:
    """Return the day that `now` (unix seconds) is in, as in ISO 8601, and when it began."""
    return _day_of(int(now // 60), time_zone)


@lru_cache(maxsize=512)  # outside calls are counted by the day, a dozen times in a call
def _day_of(minute: int, time_zone: str) -> tuple[str, float]:
    """Return the day that a minute of unix time is in; midnight is at none of its seconds but the first."""
    local = datetime.fromtimestamp(minute * 60, _zone(time_zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return local.date().isoformat(), midnight.timestamp()


@lru_cache(maxsize=512)
def _zone(name: str) -> tzinfo:
    """Return the zone of this name; UTC where there is none, for a call must not end of it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return UTC
