"""Regular expressions mean the same on every Python that is supported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import switchhook

SOURCE = Path(switchhook.__file__).parent
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")


@pytest.mark.parametrize("pattern", ["(?:a|bc)*+", "(ab)?+", "(?:a){2,}+", "(?>ab)"])
def test_a_possessive_group_is_known(pattern: str) -> None:
    assert POSSESSIVE_GROUP.search(pattern)


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5, such as Debian 12's, goes on behind a group that failed half way (gh-106052)."""
    found = [
        f"{file.relative_to(SOURCE)}:{number}"
        for file in sorted(SOURCE.rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if POSSESSIVE_GROUP.search(line) and "&'()*+,;=" not in line  # RFC 3986, sub-delims
    ]

    assert found == []
