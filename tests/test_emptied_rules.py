"""The script that empties rules finds each place that notes a mistake, and leaves Python behind."""

from __future__ import annotations

import ast
from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).parents[1]
SCRIPT = run_path(str(ROOT / "scripts" / "emptied_rules.py"))
SOURCE = '''\
def check(table, at):
    """Look for something."""
    if "é" in table:
        at.notes.add(at.path, "é", "remove it")
    if not table:
        raise WrongError("empty") from None
    raise NotedError
'''


def test_each_rule_is_a_place_that_notes_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE, encoding="utf-8")
    found = list(SCRIPT["rules_of"](file))

    assert [rule.line for rule in found] == [4, 6]
    for rule in found:
        assert rule.emptied != file.read_bytes()
        ast.parse(rule.emptied)
    assert b"in table:\n        pass\n    if not table" in found[0].emptied


def test_the_rules_of_project_files_are_found() -> None:
    rules = ROOT / "src/switchhook/projectfile/rules"
    found = [rule for file in rules.glob("*.py") for rule in SCRIPT["rules_of"](file)]

    assert len(found) > 20
