"""The script that empties rules finds each of them, and switches one off at a time."""

from __future__ import annotations

import ast
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = run_path(str(ROOT / "scripts" / "emptied_rules.py"))
SOURCE = '''\
def check(table, notes):
    """Look for something."""
    if "é" in table:
        notes.add("é")
    check_more(table, notes)
    if not table:
        raise WrongError("empty") from None


def remarks(table):
    yield from (f"{name} is odd" for name in table)
    yield table
    yield "that is all"
'''


def test_each_rule_stands_behind_a_switch_of_its_own() -> None:
    switches = SCRIPT["Switches"]()
    tree = SCRIPT["Switched"](ROOT / "a.py", switches).visit(ast.parse(SOURCE))
    noted: set[str] = set()
    names: dict[str, Any] = {
        SCRIPT["SWITCH"]: switches.stands,
        "WrongError": ValueError,
        "check_more": lambda _, notes: notes.add("more"),
    }
    exec(compile(tree, "a.py", "exec"), names)
    check, remarks = names["check"], names["remarks"]

    check("é", noted)
    assert noted == {"é", "more"}
    with pytest.raises(ValueError, match="empty"):
        check("", noted)
    assert list(remarks("x")) == ["x is odd", "x", "that is all"]
    assert [rule.split(":")[1] for rule in switches.rules] == ["4", "5", "7", "11", "13"]
    assert switches.reached == set(range(5))

    switches.off = 2
    check("", noted)
    switches.off = 3
    assert list(remarks("x")) == ["x", "that is all"]


def test_the_rules_of_project_files_are_found() -> None:
    switches = SCRIPT["Switches"]()
    for file in (ROOT / "src/switchhook/projectfile/rules").glob("*.py"):
        SCRIPT["Switched"](file, switches).visit(ast.parse(file.read_bytes()))

    assert len(switches.rules) > 20
