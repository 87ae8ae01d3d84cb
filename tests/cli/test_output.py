"""Long cells are folded, never cut, and no value moves the cursor."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from switchhook.cli.output import print_json, print_table, table

if TYPE_CHECKING:
    import pytest


def test_no_cell_is_cut() -> None:
    output = io.StringIO()
    long = "https://crm.example/a/very/long/path/indeed"
    Console(file=output, width=30).print(table(("a", "b"), [("x", long)]))

    assert "".join(output.getvalue().split()).endswith(long)


ROW = (
    "1795233825.654003715851",
    "2026-11-21\n04:03:45",
    "380441112233\n→ 380442223344",
    "answered",
)


def test_where_there_is_no_terminal_a_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("call", "arrived", "caller → callee", "outcome"), [ROW] * 2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[-1].split() == " ".join(ROW).split()


def test_in_a_narrow_terminal_the_id_stays_whole_and_cells_break_where_they_may() -> None:
    output = io.StringIO()
    Console(file=output, width=80).print(table(("call", "arrived", "callers", "outcome"), [ROW]))
    first, second = output.getvalue().splitlines()[-2:]
    assert first.split() == [ROW[0], "2026-11-21", "380441112233", "answered"]
    assert second.split() == ["04:03:45", "→", "380442223344"]


def test_where_there_is_room_a_longer_id_stays_whole_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id of a mail's delivery ends with an address."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    long = "1795741255.865382122144.3.missed.desk%40example.com"
    print_table(("delivery", "why"), [(long, "No mail server is set up. " * 8)])

    assert capsys.readouterr().out.splitlines()[2].startswith(f"{long}  No mail server")


HOSTILE = "\x1b]0;x\x07\x9b2J\u202eeman\u2066\r\U000e0041"


def test_no_cell_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("call", "caller"), [("1", f"{HOSTILE}\n→ 2")])

    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


def test_no_value_in_json_moves_the_cursor_and_each_is_whole(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    print_json({HOSTILE: [HOSTILE, "Київ 😀"]})

    out = capfdbinary.readouterr().out.decode()
    assert all(line.isprintable() for line in out.splitlines())
    assert json.loads(out) == {HOSTILE: [HOSTILE, "Київ 😀"]}
    assert "Київ 😀" in out
