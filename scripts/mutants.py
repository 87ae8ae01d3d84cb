"""Change the heart one place at a time, and see whether a test notices: `python scripts/mutants.py --count 400`.

The heart is what decides and what is said: `domain`, `routing`, `webhooks`. Each change (a mutant) is made in a copy of
the tree, and the tests of its file run, then those of its package, then those of all three. One that none notices is
printed with its place. Those that mean the same as before stand in `scripts/mutants.toml` with the reason.
Exit status 1: fewer were noticed than the goal.
"""

from __future__ import annotations

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
HEART = ("domain", "routing", "webhooks")
GOAL = 0.95
WORKERS = 2
LONGEST = 300
"""Seconds for one run of tests: a change may make a loop without end, which is noticed."""
KNOWN = ROOT / "scripts" / "mutants.toml"
OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.And: ast.Or,
    ast.Add: ast.Sub,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one file; `start` and `end` are places in its bytes."""

    file: Path
    line: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        where = self.file.relative_to(ROOT).as_posix()
        return f"{where}:{self.line}: {' '.join(self.before.split())} -> {self.after}"

    @property
    def source(self) -> bytes:
        """Return the changed file."""
        text = self.file.read_bytes()
        return text[: self.start] + f"({self.after})".encode() + text[self.end :]


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Yield every change of a file that this script knows."""
    text = file.read_bytes()
    lines = [0]
    for line in text.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for node, changed in _changes(ast.parse(text)):
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        yield Mutant(
            file=file,
            line=node.lineno,
            start=start,
            end=end,
            before=text[start:end].decode(),
            after=ast.unparse(changed),
        )


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield expressions, each with another in its place. What types and patterns say is left alone."""
    idle = {id(part) for node in ast.walk(tree) for root in _idle(node) for part in ast.walk(root)}
    for node in ast.walk(tree):
        if id(node) in idle:
            continue
        match node:
            case ast.Compare(ops=[op, *rest]) if type(op) in OPPOSITE:
                changed = deepcopy(node)
                changed.ops = [OPPOSITE[type(op)](), *rest]  # type: ignore[list-item]
                yield node, changed
            case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in OPPOSITE:
                changed_too = deepcopy(node)
                changed_too.op = OPPOSITE[type(op)]()  # type: ignore[assignment]
                yield node, changed_too
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield node, operand
            case ast.Constant(value=bool() as value):
                yield node, ast.Constant(value=not value)
            case ast.Constant(value=int() | float() as value):
                yield node, ast.Constant(value=value + 1)
            case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare):
                yield test, ast.UnaryOp(op=ast.Not(), operand=test)
            case _:
                pass


def _idle(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            yield from filter(None, [node.returns])
        case ast.ClassDef():
            yield from node.decorator_list
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node
        case ast.match_case(pattern=pattern):
            yield pattern
        case ast.JoinedStr():
            yield node
        case ast.BinOp(op=ast.BitOr(), left=ast.Name() | ast.Constant(value=None)):
            yield node  # a union of types
        case _:
            pass


class Copy:
    """A copy of the tree in which files are changed, and the tests that judge it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("src", "tests", "docs", "examples", "deploy", "scripts", "benchmarks"):
            if (ROOT / name).exists():
                shutil.copytree(ROOT / name, folder / name, symlinks=True)
        for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
            shutil.copy(ROOT / name, folder / name)

    def is_noticed(self, mutant: Mutant) -> bool:
        """Say whether any test fails with the change."""
        inside = mutant.file.relative_to(ROOT)
        place = self.folder / inside
        original = place.read_bytes()
        place.write_bytes(mutant.source)
        try:
            return any(not self._passes(tests) for tests in _stages(inside))
        finally:
            place.write_bytes(original)

    def _passes(self, tests: list[str]) -> bool:
        options = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not slow and not alone")
        command = (sys.executable, "-m", "pytest", *options, *tests)
        try:
            done = subprocess.run(
                command, cwd=self.folder, capture_output=True, timeout=LONGEST, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode in {0, 5}  # 5: no tests there


def _stages(inside: Path) -> Iterator[list[str]]:
    parts = inside.relative_to("src/switchhook")
    mirror = Path("tests", *parts.parts[:-1], f"test_{parts.name}")
    if (ROOT / mirror).exists():
        yield [str(mirror)]
    yield [f"tests/{parts.parts[0]}", "tests/test_limits.py"]
    others = [f"tests/{name}" for name in HEART if name != parts.parts[0]]
    yield [*others, "tests/switchboard", "tests/operations", "tests/tryout", "tests/conformance"]


def main() -> int:
    """Try a random sample, always the same for one seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many changes are tried")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the paths of the files to change")
    chosen = parser.parse_args()
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["same"] if KNOWN.exists() else {}
    files = [f for name in HEART for f in sorted((ROOT / "src/switchhook" / name).rglob("*.py"))]
    every = [m for file in files if chosen.only in str(file) for m in mutants_of(file)]
    tried = random.Random(chosen.seed).sample(every, min(chosen.count, len(every)))  # noqa: S311
    print(f"{len(every)} changes are known, {len(tried)} are tried", flush=True)
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for worker in range(WORKERS):
            copies.put(Copy(Path(folder, str(worker))))

        def look(mutant: Mutant) -> None:
            copy = copies.get()
            try:
                if not copy.is_noticed(mutant):
                    survivors.append(mutant)
                    print(f"not noticed: {mutant}", flush=True)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(look, tried))
    harmless = [one for one in survivors if _key(one) in known]
    for one in harmless:
        print(f"the same as before: {one}: {known[_key(one)]}")
    noticed = len(tried) - len(survivors)
    counted = len(tried) - len(harmless)
    print(f"{noticed} of {counted} changes that mean something were noticed")
    return 0 if noticed >= GOAL * counted else 1


def _key(mutant: Mutant) -> str:
    """Name a change without its line, which moves."""
    where = mutant.file.relative_to(ROOT / "src/switchhook").as_posix()
    return f"{where}: {' '.join(mutant.before.split())} -> {mutant.after}"


if __name__ == "__main__":
    sys.exit(main())
