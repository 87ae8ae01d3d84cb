"""The script that changes the heart changes what runs, keeps the rest of a file as it is, and names its place."""

from __future__ import annotations

import ast
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = run_path(str(ROOT / "scripts" / "mutants.py"))
HOURS = ROOT / "src/switchhook/domain/hours.py"

SOURCE = '''\
"""A file."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

LIMIT: int | None = 5


def pick(a: int, b: bool | None) -> str:
    """Say 1 or 2."""
    if a < LIMIT and not b:
        return f"{a + 1}"
    return "x" if b is None else "y"
'''


@pytest.mark.row("FT-08")
def test_each_change_is_one_place_of_what_runs(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE, encoding="utf-8")
    made = list(SCRIPT["mutants_of"](file))
    assert sorted((one.before, one.after) for one in made) == [
        ("5", "6"),
        ("a < LIMIT", "a <= LIMIT"),
        ("a < LIMIT and not b", "a < LIMIT or not b"),
        ("a < LIMIT and not b", "not (a < LIMIT and (not b))"),
        ("b is None", "b is not None"),
        ("not b", "b"),
    ]
    for one in made:
        assert one.source != file.read_bytes()
        ast.parse(one.source)


def test_the_heart_has_thousands_and_all_of_them_are_python() -> None:
    made = list(SCRIPT["mutants_of"](HOURS))
    assert len(made) > 20
    for one in made:
        ast.parse(one.source)
