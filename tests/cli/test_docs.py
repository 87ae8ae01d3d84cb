"""The documents come with the package, and whoever asks for a page gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchhook.cli.docs import docs
from switchhook.cli.main import run

ROOT = Path(__file__).parents[2]


@pytest.mark.row("FE-11")
def test_every_document_is_listed_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs() == 0
    lines = [line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[2:]]
    assert lines[0] == ["getting-started", "Getting started"]
    pages = [name for name, about in lines if about != "an example"]
    contents = ROOT / "docs" / "README.md"
    files = [file for file in (ROOT / "docs").rglob("*.md") if file != contents]
    assert sorted(pages) == sorted(file.stem for file in files), "docs/README.md lists every page"


def test_examples_are_listed_and_printed_as_they_are(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert docs() == 0
    listed = capsysbinary.readouterr().out.decode().split()
    for file in (ROOT / "examples").glob("*.*"):
        assert file.name in listed
        assert docs(file.name) == 0
        assert capsysbinary.readouterr().out == file.read_bytes()


@pytest.mark.row("FE-11")
@pytest.mark.parametrize("name", ["sip", "sip.md"])
def test_a_page_is_printed_as_it_is(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert docs(name) == 0
    assert capsysbinary.readouterr().out == (ROOT / "docs" / "sip.md").read_bytes()


@pytest.mark.parametrize(
    ("page", "said"), [("getting-startd", "did you mean getting-started?"), ("../x", "no page")]
)
def test_a_page_that_is_not_there_is_said(
    page: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["docs", page]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.row("FE-11")
def test_help_names_the_documents(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])
    assert "switchhook docs getting-started" in " ".join(capsys.readouterr().out.split())
