"""The behaviour table holds every row once, nobody claims a row that is none, and its page is current."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.plugin import function_of
from tests.conformance.table import (
    IN_SCOPE,
    Document,
    Result,
    Row,
    gaps,
    page,
    read_table,
    result_of,
    results_of,
    standing_results,
    unknown,
)

ROOT = Path(__file__).parents[2]
UNUSED = {86, 127, 128, 129}
LAST = {"R1": 135, "R2": 44, "R3": 29, "R4": 48, "R5": 56}

RINGS = Row(id="R1-31", text="Several numbers ring at once.")
MENU = Row(id="R1-121", text="A menu path.", information="it is text")
SHOP = (
    Document(id="R1", title="Numbers", scope=IN_SCOPE, rows=(RINGS, MENU)),
    Document(id="R2", title="Events", scope="open", rows=(Row(id="R2-01", text="Told."),)),
)


def test_the_table_holds_every_row_of_every_document_in_order() -> None:
    *documents, faults = read_table()
    beyond = documents.pop()
    expected = {
        name: [
            f"{name}-{number:02}"
            for number in range(1, last + 1)
            if name != "R1" or number not in UNUSED
        ]
        for name, last in LAST.items()
    }
    assert expected == {one.id: [row.id for row in one.rows] for one in documents}
    assert sum(len(one.rows) for one in documents) == 308
    assert faults.id == "F"
    assert [row.id for row in beyond.rows] == [f"N-{number:02}" for number in range(1, 21)]
    assert [one.id for one in documents if one.is_in_scope] == ["R1", "R2", "R3", "R4", "R5"]


def test_every_row_says_something_of_its_own() -> None:
    texts = [row.text for document in read_table() for row in document.rows]
    assert all(text.endswith(".") and "|" not in text for text in texts)
    assert [text for text in texts if texts.count(text) > 1] == []


def test_readings_stories_and_expectations_may_be_claimed_too() -> None:
    claimed = ("R1-31", "A-01", "A-58", "S-81", "T-16")
    assert unknown(claimed, read_table()) == []


@pytest.mark.parametrize("row", ["R1-86", "R1-128", "R3-30", "R6-01", "A-59", "S-82", "A-1", ""])
def test_what_is_no_row_is_unknown(row: str) -> None:
    assert unknown(("R1-01", row), read_table()) == [row]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, Result.UNTESTED),
        ({"t": {"passed"}}, Result.PASSES),
        ({"t": {"skipped"}}, Result.SKIPPED),
        ({"t": {"skipped", "passed"}}, Result.SKIPPED),
        ({"t": {"passed"}, "u": {"skipped"}}, Result.SKIPPED),
        ({"t": {"passed", "failed"}}, Result.FAILS),
        ({"t": {"passed"}, "u": {"failed"}}, Result.FAILS),
        ({"other": {"passed"}}, Result.UNTESTED),
    ],
)
def test_a_row_passes_when_its_tests_passed_and_no_case_was_left_out(
    outcomes: dict[str, set[str]], expected: Result
) -> None:
    assert result_of(RINGS, ("t", "u"), outcomes) is expected


def test_text_needs_no_test() -> None:
    assert result_of(MENU, (), {}) is Result.TEXT


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_row_in_scope_without_a_test_that_passes_is_a_gap(outcome: str) -> None:
    assert gaps(SHOP, {}, {}) == ["R1-31"]
    assert gaps(SHOP, {"R1-31": {"t"}}, {"t": {outcome}}) == ["R1-31"]
    assert gaps(SHOP, {"R1-31": {"t"}}, {"t": {"passed"}}) == []


def test_the_page_names_tests_and_reasons() -> None:
    claims = {
        "R1-31": {"tests/a/test_b.py::test_d", "tests/a/test_b.py::test_c"},
        "S-01": {"tests/a/test_b.py::test_d"},
    }
    lines = page(SHOP, claims, {"R1-31": Result.PASSES})
    assert "| R1: Numbers | 2 | 1 | 1 | in scope |" in lines
    tests = "`a/test_b test_c`<br>`a/test_b test_d`"
    assert f"| R1-31 | Several numbers ring at once. | passes | {tests} |" in lines
    assert "| R1-121 | A menu path. | text | Text only: it is text. |" in lines
    assert "| R2-01 | Told. | no test | none yet |" in lines
    assert "| S-01 | not run | `a/test_b test_d` |" in lines
    assert "\nNo test claims: A-01, A-02," in lines


@pytest.mark.row("FT-08")
def test_the_page_keeps_what_the_last_full_run_said_of_the_same_tests() -> None:
    claims = {"R1-31": {"tests/a.py::test_b"}, "S-01": {"tests/a.py::test_c"}}
    ran = results_of(
        SHOP, claims, {"tests/a.py::test_b": {"failed"}, "tests/a.py::test_c": {"passed"}}
    )
    text = page(SHOP, claims, ran)
    kept = standing_results(text, claims)
    assert (kept["R1-31"], kept["S-01"]) == (Result.FAILS, Result.PASSES)
    assert page(SHOP, claims, kept) == text
    others = {"R1-31": {"tests/a.py::test_b", "tests/a.py::test_d"}}
    assert "R1-31" not in standing_results(text, others)


def test_parameters_of_a_test_are_no_part_of_its_name() -> None:
    assert function_of("tests/a.py::test_b[x-[1]]") == "tests/a.py::test_b"
    assert function_of("tests/a.py::test_b@group") == "tests/a.py::test_b"


CLAIMS = """\
import pytest

@pytest.mark.row("R1-31")
def test_it(): assert {holds}

@pytest.mark.row({row!r})
@pytest.mark.parametrize("number", [1, 2])
def test_more(number): assert number
"""


def pytest_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the listener and without this repository's other settings."""
    command = (sys.executable, "-m", "pytest", "-p", "tests.conformance.plugin", "-c", "/dev/null")
    started = (*command, "--rootdir", str(folder), *options, str(folder))
    return subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_run_fails_for_gaps_and_prints_each_row_with_its_tests(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(CLAIMS.format(holds=True, row="R3-01"), "utf-8")
    run = pytest_in(tmp_path, "--conformance")
    assert run.returncode == 1, run.stdout
    assert "3 passed" in run.stdout
    row, test = run.stdout.partition("R1-31   passes")[2].splitlines()[:2]
    assert row.strip() == next(row.text for row in read_table()[0].rows if row.id == "R1-31")
    assert test.strip() == "test_x.py::test_it"
    to_do = next(line for line in run.stdout.splitlines() if line.startswith("to do: "))
    assert "R1-01" in to_do.split()
    assert not {"R1-31", "R3-01", "R1-121", "N-01"} & set(to_do.split())


@pytest.mark.slow
def test_without_the_option_gaps_are_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(CLAIMS.format(holds=True, row="R3-01"), "utf-8")
    assert pytest_in(tmp_path).returncode == 0


@pytest.mark.slow
def test_a_run_in_parts_is_judged_as_one(tmp_path: Path) -> None:
    record = tmp_path / "seen.json"
    for part, row, holds in (("a", "R3-01", True), ("b", "R3-02", False)):
        folder = tmp_path / part
        folder.mkdir()
        (folder / f"test_{part}.py").write_text(CLAIMS.format(holds=holds, row=row), "utf-8")
        run = pytest_in(folder, f"--conformance-record={record}", "--conformance")

    assert "R3-01   passes" in run.stdout
    assert "R3-02   passes" in run.stdout
    assert "R1-31   FAILS" in run.stdout, "it passed in the first part, and failed in the second"
    seen = json.loads(record.read_text("utf-8"))
    assert seen["outcomes"]["test_a.py::test_it"] == ["passed"]
    assert seen["claims"]["R1-31"] == ["test_a.py::test_it", "test_b.py::test_it"]


@pytest.mark.slow
def test_a_claim_of_no_row_fails(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(CLAIMS.format(holds=True, row="R1-86"), "utf-8")
    run = pytest_in(tmp_path)
    assert run.returncode == 1
    assert "2 errors" in run.stdout
    assert "claims R1-86: no row of rows.toml" in run.stdout


@pytest.mark.slow
def test_the_page_is_current(tmp_path: Path) -> None:
    current = (ROOT / "docs" / "conformance.md").read_text("utf-8")
    fresh = tmp_path / "conformance.md"
    fresh.write_text(current, "utf-8")
    command = (sys.executable, "-m", "pytest", "-qq", "--collect-only")
    run = subprocess.run(
        (*command, f"--conformance-page={fresh}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:]
    assert fresh.read_text("utf-8") == current, (
        "docs/conformance.md is stale: make conformance-page"
    )
