"""Empty the rules of the project file one after another, and see whether a test notices: `python scripts/emptied_rules.py`.

A rule is a statement that notes a mistake, raises WrongError, yields a finding or a remark, or calls a function that does.
The modules of projectfile are loaded with a switch at each. The tests run once, to see which tests reach which rule; then each
rule is switched off in its turn, and the tests that reach it run, the quickest first, until one fails. One that no test
notices is printed with its place. Exit status 1: there is such a rule; 2: the tests fail as it is.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/switchhook"
ROOMS = ("projectfile/rules", "projectfile/types", "projectfile/schema", "projectfile/warnings")
MODULES = ("projectfile/toml/tables.py", "projectfile/toml/value_types.py")
TESTS = (
    "tests/projectfile",
    "tests/webhooks/dialects/test_dial_plan.py",
    "tests/operations/test_projects.py",
    "tests/conformance/test_set_up.py",
)
SWITCH = "_rule_stands"
"""The name of the switch in the modules that have rules."""


@dataclass(slots=True)
class Switches:
    """The rules that were found, the one that is off, and those that the running test reached."""

    rules: list[str] = field(default_factory=list)
    off: int | None = None
    reached: set[int] = field(default_factory=set)

    def stands(self, rule: int) -> bool:
        """Say whether a rule is on; called in its place."""
        self.reached.add(rule)
        return rule != self.off

    def add(self, place: str) -> int:
        """Count one more rule, and return its number."""
        self.rules.append(place)
        return len(self.rules) - 1


class Switched(ast.NodeTransformer):
    """Puts each rule of a module behind a switch."""

    def __init__(self, file: Path, switches: Switches) -> None:
        self._file = file
        self._switches = switches

    def visit(self, node: ast.AST) -> ast.AST:
        """Put a statement behind a switch if it is a rule."""
        self.generic_visit(node)
        if not (isinstance(node, ast.Expr | ast.Raise) and _is_rule(node)):
            return node
        text = " ".join(ast.unparse(node).split())
        number = self._switches.add(f"{self._file.relative_to(ROOT)}:{node.lineno}: {text}")
        switch = ast.Call(ast.Name(SWITCH, ast.Load()), [ast.Constant(number)], [])
        return ast.fix_missing_locations(ast.copy_location(ast.If(switch, [node], []), node))


def _is_rule(node: ast.Expr | ast.Raise) -> bool:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id="WrongError"))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add", value=place))):
            return isinstance(place, ast.Attribute | ast.Name) and "notes" in ast.unparse(place)
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name.lstrip("_").startswith(("check", "note"))
        case ast.Expr(value=ast.Yield(value=value)):
            return _is_finding(value)
        case ast.Expr(value=ast.YieldFrom(value=ast.GeneratorExp(elt=value))):
            return _is_finding(value)
        case ast.Expr(value=ast.YieldFrom(value=ast.Call(func=ast.Name(id=name)))):
            return name.lstrip("_").startswith(("check", "of_", "as_they", "passed_by"))
        case _:
            return False


def _is_finding(value: ast.expr | None) -> bool:
    """Say whether a yielded value says something to a person."""
    match value:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Name(id="Finding")):
            return True
        case _:
            return False


class Loader(SourceFileLoader):
    """Loads a module with switches."""

    switches: Switches

    def get_code(self, fullname: str) -> CodeType:
        """Compile the module anew: what is cached has no switches."""
        path = Path(self.get_filename(fullname))
        tree = Switched(path, self.switches).visit(ast.parse(path.read_bytes()))
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its switch, and run it."""
        module.__dict__[SWITCH] = self.switches.stands
        super().exec_module(module)


@dataclass(frozen=True, slots=True)
class Finder(MetaPathFinder):
    """Finds the modules that have rules."""

    switches: Switches

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec with the loader of ours."""
        spec = PathFinder.find_spec(name, path, target) if name.startswith("switchhook.") else None
        if spec is None or spec.origin is None or not _has_rules(Path(spec.origin)):
            return None
        spec.loader = loader = Loader(name, spec.origin)
        loader.switches = self.switches
        return spec


def _has_rules(file: Path) -> bool:
    place = file.relative_to(SOURCE).as_posix() if file.is_relative_to(SOURCE) else ""
    return place in MODULES or any(place.startswith(f"{room}/") for room in ROOMS)


@dataclass(slots=True)
class Emptying:
    """A plugin of pytest: runs the tests with all rules, and then with one after another switched off."""

    switches: Switches
    only: str
    survivors: int = 0
    tried: int = 0
    is_sound: bool = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests in place of pytest's own loop."""
        reaching = self._reaching(session.items)
        self.is_sound = reaching is not None and not session.testsfailed
        if reaching is None or not self.is_sound:
            return True
        for rule, place in enumerate(self.switches.rules):
            if self.only in place:
                self.tried += 1
                if not self._is_noticed(rule, reaching.get(rule, [])):
                    self.survivors += 1
                    reached = f"reached by {len(reaching.get(rule, []))} tests"
                    print(f"not noticed: {place} ({reached})", file=sys.__stdout__, flush=True)
        return True

    def _reaching(self, items: list[pytest.Item]) -> dict[int, list[pytest.Item]] | None:
        """Return the tests that reach each rule; None when one fails."""
        reaching: dict[int, list[pytest.Item]] = {}
        seconds: dict[pytest.Item, float] = {}
        for item in items:
            self.switches.reached = set()
            begun = time.monotonic()
            if not passes(item):
                print(f"fails with all rules on: {item.nodeid}", file=sys.__stdout__, flush=True)
                return None
            seconds[item] = time.monotonic() - begun
            for rule in self.switches.reached:
                reaching.setdefault(rule, []).append(item)
        return {
            rule: sorted(tests, key=lambda test: seconds[test]) for rule, tests in reaching.items()
        }

    def _is_noticed(self, rule: int, items: list[pytest.Item]) -> bool:
        """Say whether any test fails without the rule."""
        self.switches.off = rule
        try:
            return not all(passes(item) for item in items)
        finally:
            self.switches.off = None


def passes(item: pytest.Item) -> bool:
    """Say whether a test passes, or is skipped."""
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def main() -> int:
    """Empty each rule in its turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of the places or texts of the rules")
    switches = Switches()
    sys.meta_path.insert(0, Finder(switches))
    emptying = Emptying(switches, parser.parse_args().only)
    options = ("-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist")
    options += ("--hypothesis-profile=ci",)  # the same examples each time, and none is kept
    tests = (str(ROOT / test) for test in TESTS)
    pytest.main(
        [*options, "-m", "not slow and not alone", f"--rootdir={ROOT}", *tests],
        plugins=[emptying],
    )
    if not emptying.is_sound:
        print("the tests fail with all rules on")
        return 2
    noticed = emptying.tried - emptying.survivors
    print(f"{noticed} of {emptying.tried} rules are noticed when they are emptied")
    return emptying.survivors > 0


if __name__ == "__main__":
    sys.exit(main())
