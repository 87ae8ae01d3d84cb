"""Parts of a file over HTTP: which were asked for (RFC 9110 §14), and whether the client has it already (§13). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_RANGES: Final = 16
"""Parts of one request. More, or parts that overlap, are answered with the whole file (RFC 9110 §14.2, §17.15)."""
_SPEC: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def parse_ranges(header: str, size: int) -> tuple[range, ...] | None:
    """Return the bytes that a Range header asks for, in its order; none where the file has none of them.

    None: the header is to be ignored, and the whole file sent.
    """
    unit, is_there, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or not is_there:
        return None
    written = [spec.strip(" \t") for spec in specs.split(",") if spec.strip(" \t")]
    if not 1 <= len(written) <= MAX_RANGES:
        return None
    found: list[range] = []
    for spec in written:
        match = _SPEC.fullmatch(spec)
        if match is None or not (match[1] or match[2]):
            return None
        first, last = match[1], match[2]
        if first and last and int(first) > int(last):
            return None
        found.append(_range(first, last, size))
    wanted = tuple(one for one in found if one)
    return None if _overlap(wanted) else wanted


def _range(first: str, last: str, size: int) -> range:
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(size, int(last) + 1 if last else size))


def _overlap(ranges: tuple[range, ...]) -> bool:
    ordered = sorted(ranges, key=lambda one: one.start)
    return any(a.stop > b.start for a, b in pairwise(ordered))


def has_it(headers: Mapping[str, str], *, tag: str, at: float) -> bool:
    """Say whether the client has this version, by If-None-Match, else by If-Modified-Since (RFC 9110 §13.2.2)."""
    known = headers.get("if-none-match")
    if known is not None:
        tags = [one.strip().removeprefix("W/") for one in known.split(",")]
        return known.strip() == "*" or tag in tags
    since = _moment(headers.get("if-modified-since", ""))
    return since is not None and int(at) <= since


def is_of_this(headers: Mapping[str, str], *, tag: str, at: float) -> bool:
    """Say whether parts may be sent: If-Range, where there is one, names this very version (RFC 9110 §13.1.5)."""
    wanted = headers.get("if-range")
    if wanted is None:
        return True
    wanted = wanted.strip()
    return wanted == tag if '"' in wanted else _moment(wanted) == int(at)


def http_date(at: float) -> str:
    """Write Unix seconds as HTTP does (RFC 9110 §5.6.7)."""
    return format_datetime(datetime.fromtimestamp(int(at), UTC), usegmt=True)


def _moment(written: str) -> int | None:
    try:
        return int(parsedate_to_datetime(written).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None
