"""The changelog is grouped by who is concerned, and no line of it stands twice."""

from __future__ import annotations

import re
from pathlib import Path

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
UNRELEASED = CHANGELOG.partition("## [Unreleased]")[2].partition("\n## [")[0]
GROUPS = [
    "Upgrading",
    "Callers and telephones",
    "Asks",
    "Events",
    "API",
    "Operators",
    "Contributors",
]


def test_it_is_grouped_by_who_is_concerned() -> None:
    assert re.findall(r"^### (.+)$", UNRELEASED, re.MULTILINE) == GROUPS
    for group in re.split(r"^### ", UNRELEASED, flags=re.MULTILINE)[2:]:
        kinds = re.findall(r"^#### (.+)$", group, re.MULTILINE)
        assert kinds == [kind for kind in ("Added", "Changed", "Fixed") if kind in kinds]


def test_no_line_stands_twice() -> None:
    lines = re.findall(r"^- .+$", UNRELEASED, re.MULTILINE)
    assert {line for line in lines if lines.count(line) > 1} == set()
