"""Separators between digits: they group one number, or keep two numbers apart.

Two numbers never become one: a blank groups digits only when the whole is a number of the country or of the
world (FJ-04).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from switchhook.domain.numbering import international, is_possible
from switchhook.domain.screening import MIN_OUTSIDE_DIGITS
from switchhook.domain.target import clean_number, without_separators, written_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.dialling import Dialling

MAX_GROUP_DIGITS = 8
"""Digits that people write together within one number."""
MAX_GROUPS = 8
"""That are looked at each by itself, where no plan has the whole."""
MIN_PART_DIGITS = 3
"""Digits from which a part may be a number or an extension by itself."""
_PART = re.compile(r"\+?[0-9]+")


def single_number(
    text: str, dialling: Dialling, is_known: Callable[[str], bool] = lambda _: False
) -> str:
    """Return the dialable number of a text; "" where it is none, or may be two.

    `is_known` says whether digits are an account or a group of the project.
    """
    if text.isascii() and text.removeprefix("+").isdigit():
        return clean_number(text) or ""
    text = text.replace("/", " ")  # of an area code: `030/123456`
    whole = clean_number(text) or ""
    bare = without_separators(text).strip()
    found = list(_PART.finditer(bare))
    parts = [part[0] for part in found]
    if not whole or len(parts) == 1 or is_known(whole):
        return whole
    if len(whole) >= MIN_OUTSIDE_DIGITS and international(whole, dialling.country):
        return whole

    def is_complete(digits: str) -> bool:
        is_long = len(digits) >= MIN_OUTSIDE_DIGITS
        return is_known(digits) or (is_long and bool(international(digits, dialling.country)))

    has_blanks = any(bare[a.end() : b.start()].isspace() for a, b in pairwise(found))
    fits = (
        _may_be_single(whole, parts, dialling) if has_blanks else len(whole) >= MIN_OUTSIDE_DIGITS
    )
    fits = fits and len(parts) <= MAX_GROUPS
    places = range(1, len(parts)) if fits else ()
    are_two = any(_are_two(parts, place, is_complete) for place in places)
    return whole if fits and not are_two else ""


def dialled_number(
    text: str, dialling: Dialling, is_known: Callable[[str], bool] = lambda _: False
) -> str:
    """Return a dialled number of any length; "" if it is none, or may be two.

    Hyphens, dots and brackets are ornaments of one number there (RFC 3966 §5.1.1).
    """
    has_blanks = " " in without_separators(text).strip() or "/" in text
    return single_number(text, dialling, is_known) if has_blanks else written_number(text)


def _are_two(parts: list[str], place: int, is_complete: Callable[[str], bool]) -> bool:
    """Say whether a side of a gap is a complete number or name by itself."""
    left, right = "".join(parts[:place]), "".join(parts[place:])
    return is_complete(left) or (len(left) >= MIN_PART_DIGITS and is_complete(right))


def _may_be_single(whole: str, parts: list[str], dialling: Dialling) -> bool:
    """Say whether groups make a number as long as one of the country, of the world, or of no country we know.

    Of groups too short to be anything by themselves, a short number is made.
    """
    longest = max(map(len, parts))
    if longest < MIN_PART_DIGITS:
        return True
    is_national = not dialling.country and whole.startswith("0") and 9 <= len(whole) <= 11
    before = "".join(parts[:-1]).removeprefix("+")
    are_groups = (
        longest <= MAX_GROUP_DIGITS or len(before) < MIN_PART_DIGITS
    )  # the seed's `3 80123456789`
    is_long = len(whole) >= MIN_OUTSIDE_DIGITS  # shorter ones may be two extensions
    return are_groups and is_long and (is_national or is_possible(whole, dialling.country))
