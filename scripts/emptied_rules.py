"""Empty the rules of the project file one after another, and see whether a test notices: `python scripts/emptied_rules.py`.

A rule is a place that notes a mistake, or raises WrongError, in `projectfile/rules`, `projectfile/types` or `projectfile/schema`.
In a copy of the tree each is replaced by nothing in its turn, and the fast tests of project files run. One that no
test notices is printed with its place. Exit status 1: there is such a rule; 2: the tests fail as it is.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("rules", "types", "schema")
TESTS = (
    "tests/projectfile",
    "tests/operations/test_projects.py",
    "tests/conformance/test_set_up.py",
)
LONGEST = 300
"""Seconds for one run of the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A place that notes a mistake."""

    file: Path
    line: int
    start: int
    end: int

    def __str__(self) -> str:
        text = self.file.read_bytes()[self.start : self.end].decode()
        return f"{self.file.relative_to(ROOT).as_posix()}:{self.line}: {' '.join(text.split())}"

    @property
    def emptied(self) -> bytes:
        """Return the file without it."""
        text = self.file.read_bytes()
        return text[: self.start] + b"pass" + text[self.end :]


def rules_of(file: Path) -> Iterator[Rule]:
    """Yield every rule of a file."""
    text = file.read_bytes()
    begins = [0]
    for line in text.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    for node in ast.walk(ast.parse(text)):
        if _is_rule(node):
            assert isinstance(node, ast.stmt)  # noqa: S101 (for the type checker)
            start = begins[node.lineno - 1] + node.col_offset
            end = begins[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            yield Rule(file=file, line=node.lineno, start=start, end=end)


def _is_rule(node: ast.AST) -> bool:
    match node:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(attr="add", value=ast.Attribute(attr="notes")))
        ):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(id="WrongError"))):
            return True
        case _:
            return False


def is_noticed(rule: Rule, tree: Path) -> bool:
    """Say whether any test fails in a copy of the tree without the rule."""
    place = tree / rule.file.relative_to(ROOT)
    original = place.read_bytes()
    place.write_bytes(rule.emptied)
    try:
        return not passes(tree)
    finally:
        place.write_bytes(original)


def passes(tree: Path) -> bool:
    """Say whether the tests of project files pass in a copy of the tree."""
    options = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not slow and not alone")
    command = (sys.executable, "-m", "pytest", *options, *TESTS)
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Empty each rule in its turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of the paths of the files to change")
    only = parser.parse_args().only
    files = [
        f
        for room in ROOMS
        for f in sorted((ROOT / "src/switchhook/projectfile" / room).glob("*.py"))
    ]
    rules = [rule for file in files if only in file.as_posix() for rule in rules_of(file)]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        tree = Path(folder, "tree")
        ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "recordings")
        shutil.copytree(ROOT, tree, symlinks=True, ignore=ignored)
        if not passes(tree):
            print("the tests fail with all rules in their places")
            return 2
        for rule in rules:
            if not is_noticed(rule, tree):
                survivors += 1
                print(f"not noticed: {rule}", flush=True)
    print(f"{len(rules) - survivors} of {len(rules)} rules are noticed when they are emptied")
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
