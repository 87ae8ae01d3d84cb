"""Telephone numbers in JSON, masked but for their last digits, for those who may not see them (T-35)."""

from __future__ import annotations

import re
from typing import Any, Final

SHOWN: Final = 2
"""Digits at the end that stay."""
_NUMBER: Final = re.compile(r"\+?\d{7,}|[+(](?:[() \-]{0,8}\d){5,}|\b0(?:[() \-]{0,8}\d){5,}")
"""Seven digits in a row, or fewer in groups where a plus, a bracket or a zero says that a number begins.

What stands between two digits is bounded: else a text of brackets alone would take the square of its length.
"""
_IDS: Final = frozenset({"id", "call", "delivery", "at", "next", "since", "until", "searched_to"})
"""Members that hold ids and moments, which are no numbers though they may look so."""
_NAMED_BY_OTHERS: Final = frozenset({"variables"})
"""Members whose own members an endpoint names, `id` perhaps."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ABOUT: Final = re.compile(r"[a-z]+:")
"""Begins the id of what is no call, such as `deal:17`: its subject, which may be a number, stands behind."""


def masked(value: Any, member: str = "") -> Any:  # noqa: ANN401 (any JSON)
    """Return JSON with all texts masked, but for ids and moments: too much is masked rather than too little."""
    match value:
        case dict():
            return {
                mask_numbers(name): masked(inner, "" if member in _NAMED_BY_OTHERS else name)
                for name, inner in value.items()
            }
        case list():
            return [masked(inner, member) for inner in value]
        case str() if not _is_id(member, value):
            return mask_numbers(value)
        case _:
            return value


def _is_id(member: str, value: str) -> bool:
    if member.endswith("_at"):
        return _DATE.match(value) is not None
    return member in _IDS and _ABOUT.match(value) is None


def mask_numbers(text: str) -> str:
    """Return a text in which of each telephone number the last digits alone can be read."""
    return _NUMBER.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    number = found[0]
    hidden = sum(char.isdigit() for char in number) - SHOWN
    out = []
    for char in number:
        is_hidden = char.isdigit() and hidden > 0
        hidden -= char.isdigit()
        out.append("*" if is_hidden else char)
    return "".join(out)
