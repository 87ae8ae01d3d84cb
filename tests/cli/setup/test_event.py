"""`switchhook event` lists, shows, copies, saves and removes what a project tells of its calls."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("SWITCHHOOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


@pytest.fixture
def applied(tmp_path: Path, capsys: Capture) -> Path:
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    assert run(["apply", str(file)]) == FINE
    capsys.readouterr()
    return file


def told(capsys: Capture, *arguments: str, code: int = FINE) -> str:
    assert run(["event", *arguments]) == code
    printed = capsys.readouterr()
    return printed.out if code == FINE else printed.err


@pytest.mark.row("R2-16", "R2-17", "R2-39", "S-48")
def test_events_are_listed_of_a_project_or_a_file(applied: Path, capsys: Capture) -> None:
    shown = told(capsys, "list")

    assert "Google Analytics" in shown
    assert "built-in, not configured" in shown
    assert "https://crm.example (json)" in shown
    assert told(capsys, "list", "--file", str(applied)) == shown
    rows = json.loads(told(capsys, "list", "--json"))
    assert [row["name"] for row in rows] == ["Google Analytics", "told"]


@pytest.mark.row("R2-40", "R2-41", "R2-42", "S-49")
@pytest.mark.usefixtures("applied")
def test_a_copy_is_printed_and_stored_with_save(tmp_path: Path, capsys: Capture) -> None:
    piece = tmp_path / "piece.toml"
    printed = told(capsys, "copy", "told", "--to", "outgoing.after", "--name", "out")
    assert printed == (
        '[[events]]\nname = "out"\nevent = "outgoing.after"\n\n[[events.webhooks]]\n'
        'url = "https://crm.example/told"\n'
    )
    assert "out" not in told(capsys, "list")
    saved = told(capsys, "copy", "told", "--to", "outgoing.after", "--name", "out", "--save")
    assert saved == "project acme is now version 2\nadded events out\n"
    assert told(capsys, "show", "out") == printed
    piece.write_text(printed.replace("crm.example", "other.example"))
    assert (
        told(capsys, "save", str(piece))
        == "project acme is now version 3\nchanged events out: webhooks\n"
    )
    assert "https://other.example" in told(capsys, "show", "out")
    assert "https://crm.example" in told(capsys, "show", "told")
    assert told(capsys, "remove", "out") == "project acme is now version 4\nremoved events out\n"
    assert "out" not in told(capsys, "list")


@pytest.mark.row("R2-41", "S-49")
def test_what_does_not_fit_is_marked(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "file.toml"
    webhook = 'url = "https://crm.example/told"\n'
    file.write_text(
        MINIMAL.replace(
            webhook, f'{webhook}parameters = [{{ name = "n", value = "call_count" }}]\n'
        )
    )
    copy = ("copy", "told", "--to", "outgoing.before", "--file", str(file))
    mark = "'told copy' sends call_count, which has no value at outgoing.before: only incoming calls have it"

    assert told(capsys, *copy).startswith(f"# note: {mark}\n[[events]]\n")
    assert json.loads(told(capsys, *copy, "--json"))["notes"] == [mark]


@pytest.mark.row("S-48")
@pytest.mark.usefixtures("applied")
def test_the_built_in_event_is_locked(tmp_path: Path, capsys: Capture) -> None:
    piece = tmp_path / "piece.toml"
    piece.write_text(told(capsys, "show", "Google Analytics"))

    assert "is built-in: it is neither" in told(capsys, "save", str(piece), code=FAILED)
    assert "is built-in: it is neither" in told(capsys, "remove", "Google Analytics", code=FAILED)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "tolt"), FAILED, "did you mean told?"),
        (("remove", "tolt"), FAILED, "did you mean told?"),
        (("copy", "told", "--to", "outgoing.afer"), MISUSED, "did you mean outgoing.after?"),
        (("copy", "told"), MISUSED, "--to"),
        (("copy", "told", "--to", "incoming.after", "--name", "told"), FAILED, "already"),
        (("save", "/nothing/there"), FAILED, "cannot be read"),
        (("list", "--project", "nobody"), FAILED, "there is no project nobody"),
    ],
)
@pytest.mark.usefixtures("applied")
def test_what_is_wrong_is_said(
    arguments: tuple[str, ...], code: int, said: str, capsys: Capture
) -> None:
    assert said in told(capsys, *arguments, code=code)


def test_a_copy_goes_into_no_file(applied: Path, capsys: Capture) -> None:
    copy = ("copy", "told", "--to", "incoming.after", "--save", "--file", str(applied))

    assert "--save stores in the applied project" in told(capsys, *copy, code=MISUSED)
    assert applied.read_text() == MINIMAL


@pytest.mark.usefixtures("applied")
def test_mistakes_in_a_piece_are_named_with_their_lines(tmp_path: Path, capsys: Capture) -> None:
    piece = tmp_path / "piece.toml"
    piece.write_text('[[events]]\nname = "x"\nevent = "after"\n')

    said = told(capsys, "save", str(piece), code=FAILED)
    assert "line 3: events[0].event: 'after' is not known here" in said
    assert "Traceback" not in said
