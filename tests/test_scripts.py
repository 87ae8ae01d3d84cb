"""The scripts behind `make` do what the Makefile promises, whatever comes of their parts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def pytest_that(tmp_path: Path, body: str) -> tuple[Path, Path]:
    """Make a stand-in for pytest that notes how it was called; return it, and the notes."""
    program, notes = tmp_path / "pytest", tmp_path / "notes"
    program.write_text(f'#!/bin/sh\necho "$*" >> "{notes}"\n{body}\n', encoding="utf-8")
    program.chmod(0o755)
    return program, notes


@pytest.mark.row("FE-01")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("exit 0", 0),
        ('case "$*" in *"not alone"*) exit 1;; esac', 1),
        ('case "$*" in *"not alone"*) ;; *) exit 2;; esac', 2),
    ],
    ids=["both pass", "the first part fails", "the second part fails"],
)
def test_both_parts_of_the_tests_run_and_either_can_fail_them(
    tmp_path: Path, body: str, status: int
) -> None:
    program, notes = pytest_that(tmp_path, body)
    done = subprocess.run(
        [str(SCRIPTS / "test"), str(program)], capture_output=True, text=True, check=False
    )
    parts = notes.read_text(encoding="utf-8").splitlines()
    assert (done.returncode, len(parts)) == (status, 2)
    assert [part.endswith("-m not alone") for part in parts] == [True, False]
