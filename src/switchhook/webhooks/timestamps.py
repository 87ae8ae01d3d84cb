"""Timestamps and lengths as text: the time zones and formats that a webhook may choose (R1-43, A-30)."""

from __future__ import annotations

import re
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


@lru_cache(maxsize=512)
def is_time_zone(name: str) -> bool:
    """Say whether this machine knows an IANA time zone of this name; UTC needs no data."""
    if name == "UTC":
        return True
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        "iso8601-z": _zulu,
        "unix": _unix(1),
        "unix-ms": _unix(1_000),
        "unix-us": _unix(1_000_000),
        "day-first": _pattern("%d.%m.%Y %H:%M:%S"),
        "date": _pattern("%Y-%m-%d"),
        "time": _pattern("%H:%M:%S"),
    }
)
"""The named formats; anything else that holds a `%` is a pattern of strftime [A-30]."""


_ZONE_LIKE = re.compile(r"[A-Za-z_]+/[A-Za-z0-9_+/-]+")
"""How names of time zones look."""


def split_zone(style: str) -> tuple[str, str]:
    """Return a style without the time zone behind its last `@`, and that zone; "" where none is named."""
    pattern, _, zone = style.rpartition("@")
    return (pattern, zone) if zone and is_time_zone(zone) else (style, "")


def unknown_zone(style: str) -> str:
    """Return what is written as the time zone of a style, and is none; "" without."""
    pattern, at, zone = style.rpartition("@")
    is_meant = _ZONE_LIKE.fullmatch(zone) or pattern in FORMATS
    return zone if at and is_meant and not is_time_zone(zone) else ""


def format_timestamp(at: float, *, time_zone: str, style: str = "") -> str:
    """Write the unix time `at` in this zone, or in that of a style like `iso8601@Europe/Kyiv`.

    An unknown or empty style means `standard`.
    """
    if "@" in style:
        style, zone = split_zone(style)
        time_zone = zone or time_zone
    moment = datetime.fromtimestamp(at, time_zone_of(time_zone))
    if style not in FORMATS and "%" in style:
        return moment.strftime(style)
    return FORMATS.get(style, FORMATS["standard"])(moment)


def _clock(seconds: float) -> str:
    return "{:02}:{:02}".format(*divmod(int(seconds), 60))


def _long_clock(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    return "{:02}:{:02}:{:02}".format(*divmod(minutes, 60), left)


def _iso_length(seconds: float) -> str:
    """Write as ISO 8601 does: `PT1H2M5S`, without the parts that are 0."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if n]
    return f"PT{''.join(parts) or '0S'}"


LENGTH_FORMATS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "mm:ss": _clock,
        "hh:mm:ss": _long_clock,
        "ms": lambda seconds: str(round(seconds * 1000)),
        "iso8601": _iso_length,
    }
)
"""The named formats of lengths; without one, whole seconds that have passed."""


def format_length(seconds: float, style: str = "") -> str:
    """Write a length; an unknown or empty style means whole seconds."""
    how = LENGTH_FORMATS.get(style)
    return str(int(seconds)) if how is None else how(seconds)
