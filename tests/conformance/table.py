"""The behaviour table: its rows, who claims them, and what came of it. Pure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROWS = Path(__file__).with_name("rows.toml")
IN_SCOPE = "in scope"
OTHERS = {"A": 58, "S": 81, "T": 45}
"""What else a test may claim, and the last number of each: A-nn, a reading of what the documents leave
open; S-nn, a story from end to end; T-nn, what users take for granted."""

Claims = dict[str, set[str]]
"""The ids of tests (their functions; parameters aside) by the row that they claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One behaviour that a document promises, or a piece of text that no test can hold."""

    id: str
    text: str
    information: str = ""
    """Why it is no behaviour; empty for a behaviour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One of the documents that the behaviour was taken from."""

    id: str
    title: str
    scope: str
    rows: tuple[Row, ...]

    @property
    def is_in_scope(self) -> bool:
        """Say whether each of its behaviours must have a passing test."""
        return self.scope == IN_SCOPE


class Result(StrEnum):
    """What the tests that claim a row say of it."""

    PASSES = "passes"
    FAILS = "FAILS"
    SKIPPED = "skipped"
    """A test of it was left out, wholly or for one of its cases: what it would have said is not known."""
    UNTESTED = "no test"
    NOT_RUN = "not run"
    """Its tests are others than at the last full run."""
    TEXT = "text"


def read_table(file: Path = ROWS) -> tuple[Document, ...]:
    """Read the documents with their rows."""
    tables = tomllib.loads(file.read_text("utf-8"))["documents"]
    return tuple(
        Document(id=name, title=table["title"], scope=table["scope"], rows=tuple(_rows(table)))
        for name, table in tables.items()
    )


def _rows(table: Mapping[str, Any]) -> Iterator[Row]:
    for row, value in table["rows"].items():
        said = value if isinstance(value, dict) else {"text": value}
        yield Row(id=row, **said)


def unknown(ids: Iterable[str], documents: Iterable[Document]) -> list[str]:
    """Return the ids that nothing has, sorted."""
    known = {row.id for document in documents for row in document.rows}
    known |= {f"{kind}-{nr:02}" for kind, last in OTHERS.items() for nr in range(1, last + 1)}
    return sorted(set(ids) - known)


def result_of(row: Row, tests: Iterable[str], outcomes: Mapping[str, set[str]]) -> Result:
    """Say what became of a row: it passes when its tests passed, none failed, and no case was left out.

    `outcomes` holds for each test what its runs came to: passed, failed, skipped.
    """
    seen = {outcome for test in tests for outcome in outcomes.get(test, ())}
    if "failed" in seen:
        return Result.FAILS
    if row.information:
        return Result.TEXT
    if not seen:
        return Result.UNTESTED
    return Result.SKIPPED if "skipped" in seen else Result.PASSES


def gaps(
    documents: Iterable[Document], claims: Claims, outcomes: Mapping[str, set[str]]
) -> list[str]:
    """Return the rows that have to pass and do not, in their order."""
    return [
        row.id
        for document in documents
        if document.is_in_scope
        for row in document.rows
        if result_of(row, claims.get(row.id, ()), outcomes) not in {Result.PASSES, Result.TEXT}
    ]


def others() -> dict[str, list[str]]:
    """Return the ids of what else may be claimed, by kind."""
    return {kind: [f"{kind}-{nr:02}" for nr in range(1, last + 1)] for kind, last in OTHERS.items()}


def results_of(
    documents: Iterable[Document], claims: Claims, outcomes: Mapping[str, set[str]]
) -> dict[str, Result]:
    """Return what a run said of each row, and of what else its tests claim."""
    rows = [row for document in documents for row in document.rows]
    rows += [Row(id=one, text="") for ids in others().values() for one in ids]
    return {row.id: result_of(row, claims.get(row.id, ()), outcomes) for row in rows}


def standing_results(text: str, claims: Claims) -> dict[str, Result]:
    """Return the results that a page holds, of the rows whose tests are the same by now."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        row, result, tests = cells[0], cells[-2:-1], cells[-1]
        if result and result[0] in set(Result) and tests == _named(claims.get(row, ())):
            found[row] = Result(result[0])
    return found


def page(documents: Iterable[Document], claims: Claims, results: Mapping[str, Result]) -> str:
    """Write the page of the docs: each row, what the last full run said of it, and the tests that claim it."""
    return "\n".join(_page(tuple(documents), claims, results)) + "\n"


def _page(
    documents: tuple[Document, ...], claims: Claims, results: Mapping[str, Result]
) -> Iterator[str]:
    yield from HEAD.splitlines()
    yield ""
    yield "| document | rows | behaviours | with a test | state |"
    yield "|---|---|---|---|---|"
    for document in documents:
        behaviours = [row for row in document.rows if not row.information]
        tested = sum(row.id in claims for row in behaviours)
        name = f"{document.id}: {document.title}"
        counts = f"{len(document.rows)} | {len(behaviours)} | {tested}"
        yield f"| {name} | {counts} | {document.scope} |"
    for document in documents:
        yield f"\n## {document.id}: {document.title}\n"
        yield "| row | what | last run | tests |"
        yield "|---|---|---|---|"
        for row in document.rows:
            tests = claims.get(row.id, set())
            result = _result(row, tests, results)
            yield f"| {row.id} | {row.text} | {result} | {_tests(row, tests)} |"
    yield "\n## Readings, stories and expectations\n"
    yield "| id | last run | tests |"
    yield "|---|---|---|"
    for ids in others().values():
        for one in (one for one in ids if one in claims):
            result = results.get(one, Result.NOT_RUN)
            yield f"| {one} | {result} | {_named(claims[one])} |"
    without = [one for ids in others().values() for one in ids if one not in claims]
    yield f"\nNo test claims: {', '.join(without) or 'none'}."


def _result(row: Row, tests: Iterable[str], results: Mapping[str, Result]) -> Result:
    if row.information:
        return Result.TEXT
    return results.get(row.id, Result.NOT_RUN) if tests else Result.UNTESTED


def _named(tests: Iterable[str]) -> str:
    return "<br>".join(f"`{_short(test)}`" for test in sorted(tests))


def _tests(row: Row, tests: Iterable[str]) -> str:
    return _named(tests) or (f"Text only: {row.information}." if row.information else "none yet")


def _short(test: str) -> str:
    """Leave out of a test's name what all have."""
    return test.removeprefix("tests/").replace(".py::", " ").replace("::", " ")


HEAD = """\
# Conformance

What the documents of the telephone services promise, row by row, and the tests that hold Switchhook to it. Tests stand under
`tests/`. `make conformance` runs them all, prints each row with its tests and their results, and fails where a row that is in scope has
no test that passes, or one of whose cases was skipped. It writes this page too; `make conformance-page` writes it without running a
test, and keeps what the last full run said (`not run`: the tests of the row are others since). Change `tests/conformance/rows.toml`
or a test's mark instead of this page.

R1 and R3 describe the forwarding number, R5 the dial-plan webhook, R2 and R4 two families of event webhooks; F lists what trials of
version 0.1.0 found. Tests may also claim A-nn, a reading of something that the documents leave open, S-nn, a story from end to end, and
T-nn, what users take for granted; those stand at the end, with the ones that no test claims."""
