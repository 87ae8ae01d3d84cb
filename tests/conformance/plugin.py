"""Collects which tests claim which rows of the behaviour table, and what came of them.

`--conformance` prints the table and fails where a row that is in scope has no test that passes;
`--conformance-page FILE` writes the page of the docs. Both want a run of all tests; one in several parts
hands on what it saw in the file of `--conformance-record`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.table import (
    ROWS,
    Claims,
    Document,
    gaps,
    page,
    read_table,
    result_of,
    results_of,
    standing_results,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPERTY = "row"
WHOLE = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
"""How a run ends that knows every claim: no file was left out for an error in it."""


class Conformance:
    """Listens to one run. With pytest-xdist it hears the workers' reports in the controller."""

    def __init__(self, config: pytest.Config) -> None:
        self.documents = read_table()
        self.claims: Claims = defaultdict(set)
        self.outcomes: dict[str, set[str]] = defaultdict(set)
        self.prints = bool(config.getoption("--conformance"))
        self.page = config.getoption("--conformance-page")
        self.is_worker = hasattr(config, "workerinput")
        self.record = config.getoption("--conformance-record")
        if self.record and Path(self.record).exists():
            self._join(json.loads(Path(self.record).read_text(encoding="utf-8")))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note every claim; the reports carry them on to whoever listens."""
        for item in items:
            rows = claimed_by(item)
            for row in rows:
                self.claims[row].add(function_of(item.nodeid))
            item.user_properties += [(PROPERTY, row) for row in rows]

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test that claims a row which does not exist."""
        wrong = unknown(claimed_by(item), self.documents)
        if wrong:
            pytest.fail(f"claims {', '.join(wrong)}: no row of {ROWS.name}", pytrace=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a test; the claims travel with the report."""
        test = function_of(report.nodeid)
        for name, row in report.user_properties:
            if name == PROPERTY:
                self.claims[str(row)].add(test)
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[test].add(report.outcome)

    def _page(self, file: Path) -> str:
        """Write the page with what this run said where it was a full one, else with what stands there."""
        if self.prints:
            results = results_of(self.documents, self.claims, self.outcomes)
        else:
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            results = standing_results(text, self.claims)
        return page(self.documents, self.claims, results)

    def _join(self, seen: dict[str, dict[str, list[str]]]) -> None:
        """Take over what an earlier part of the run saw."""
        for row, tests in seen["claims"].items():
            self.claims[row] |= set(tests)
        for test, outcomes in seen["outcomes"].items():
            self.outcomes[test] |= set(outcomes)

    def _seen(self) -> dict[str, dict[str, list[str]]]:
        return {
            "claims": {row: sorted(tests) for row, tests in self.claims.items()},
            "outcomes": {test: sorted(seen) for test, seen in self.outcomes.items()},
        }

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, and fail for the gaps."""
        if self.is_worker:
            return
        if self.record:
            Path(self.record).write_text(json.dumps(self._seen()), encoding="utf-8")
        if self.page and session.exitstatus in WHOLE:
            Path(self.page).write_text(self._page(Path(self.page)), encoding="utf-8")
        missing = gaps(self.documents, self.claims, self.outcomes)
        if self.prints and missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, and what is missing."""
        if not self.prints:
            return
        for document in self.documents:
            title = f"{document.id}: {document.title} ({document.scope})"
            terminalreporter.section(title, sep="-")
            for line in self._lines(document):
                terminalreporter.write_line(line)
        terminalreporter.section("conformance", sep="=")
        missing = gaps(self.documents, self.claims, self.outcomes)
        for document in self.documents:
            terminalreporter.write_line(self._summary(document))
        said = f"to do: {' '.join(missing)}" if missing else "every row that is in scope passes"
        terminalreporter.write_line(said)

    def _lines(self, document: Document) -> Iterator[str]:
        for row in document.rows:
            tests = sorted(self.claims.get(row.id, ()))
            result = result_of(row, tests, self.outcomes)
            yield f"{row.id:7} {result:8} {row.text}"
            yield from (f"{'':16} {test}" for test in tests)

    def _summary(self, document: Document) -> str:
        results = [
            result_of(row, self.claims.get(row.id, ()), self.outcomes) for row in document.rows
        ]
        counts = {result: results.count(result) for result in dict.fromkeys(sorted(results))}
        said = ", ".join(f"{count} {result}" for result, count in counts.items())
        return f"{document.id}: {len(results)} rows, {said} ({document.scope})"


def claimed_by(item: pytest.Item) -> list[str]:
    """Return the rows that a test claims, sorted."""
    return sorted({row for mark in item.iter_markers(PROPERTY) for row in mark.args})


def function_of(nodeid: str) -> str:
    """Return a test's name without its parameters, or the worker that pytest-xdist puts behind them."""
    return nodeid.partition("[")[0].partition("@")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("conformance")
    group.addoption("--conformance", action="store_true", help="print rows, tests and results")
    group.addoption("--conformance-page", metavar="FILE", help="write the page of the docs here")
    group.addoption(
        "--conformance-record",
        metavar="FILE",
        help="go on from what this file holds, and add to it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen."""
    config.pluginmanager.register(Conformance(config), "conformance-of-rows")
