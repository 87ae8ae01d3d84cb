"""Timestamps as text: a project's time zone and the formats that a webhook may choose (R1-43, A-30)."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STANDARD = "%Y-%m-%d %H:%M:%S"
"""`Standard date`, the form of the vendor's sample payload (R1-89)."""


@lru_cache(maxsize=512)
def time_zone_of(name: str) -> tzinfo:
    """Return the IANA time zone of this name; UTC for an unknown one, so that no call fails."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # a bad key, a directory, no such zone
        return UTC


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _unix(factor: int) -> Callable[[datetime], str]:
    # Whole seconds first: a float of microseconds since 1970 has no exact digits left.
    return lambda moment: str(
        int(moment.replace(microsecond=0).timestamp()) * factor
        + moment.microsecond * factor // 1_000_000
    )


def _pattern(pattern: str) -> Callable[[datetime], str]:
    return lambda moment: moment.strftime(pattern)


FORMATS: Mapping[str, Callable[[datetime], str]] = MappingProxyType(
    {
        "standard": _pattern(STANDARD),
        "iso8601": _iso,
        "unix": _unix(1),
        "unix-ms": _unix(1_000),
        "unix-us": _unix(1_000_000),
        "day-first": _pattern("%d.%m.%Y %H:%M:%S"),
        "date": _pattern("%Y-%m-%d"),
    }
)
"""The named formats; anything else that holds a `%` is a pattern of strftime [A-30]."""


def format_timestamp(at: float, *, time_zone: str, style: str = "") -> str:
    """Write the unix time `at` in this zone; an unknown or empty style means `standard`."""
    moment = datetime.fromtimestamp(at, time_zone_of(time_zone))
    if style not in FORMATS and "%" in style:
        return moment.strftime(style)
    return FORMATS.get(style, FORMATS["standard"])(moment)
