"""An operator checks, imports, looks up and removes tables; mistakes are named by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, run
from tests.support.rehearsed import LESS_FILE
from tests.support.snapshots import CUSTOMER

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = LESS_FILE + '\n[[forwarding_numbers]]\nname = "vip"\nurl = "table:vip"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "shop.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "vip.csv").write_text(
        f"caller,destination,name\n+{CUSTOMER},mary,Anna\n", encoding="utf-8"
    )
    (tmp_path / "bad.csv").write_text("caller,destination\nx,mary\n", encoding="utf-8")
    assert command(tmp_path, "apply", str(tmp_path / "shop.toml")) == FINE
    return tmp_path


def command(home: Path, *words: str) -> int:
    return run([*words, "--data-dir", str(home / "data")])


def test_a_table_is_imported_listed_looked_up_and_removed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(home / "vip.csv")
    assert command(home, "table", "check", file) == FINE
    assert "no mistakes, 1 rows" in capsys.readouterr().out
    assert command(home, "table", "import", file, "--name", "vip") == FINE
    assert "table vip of project shop has 1 rows now" in capsys.readouterr().out
    assert command(home, "table", "list") == FINE
    assert "vip" in capsys.readouterr().out
    assert command(home, "table", "list", "--json") == FINE
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["name"], one["rows"], one["asked_by"], one["trouble"]) == ("vip", 1, ["vip"], None)
    assert command(home, "table", "look-up", "vip", "--caller", f"+{CUSTOMER}") == FINE
    assert capsys.readouterr().out.startswith("line 2: mary Anna, in ")
    assert command(home, "table", "look-up", "vip", "--json") == FAILED
    assert json.loads(capsys.readouterr().out) == {"row": None, "line": None}
    assert command(home, "table", "look-up", "vip") == FAILED
    assert "has no row for this call" in capsys.readouterr().out
    assert command(home, "table", "export", "vip") == FINE
    assert capsys.readouterr().out.startswith("caller,destination,name\n")
    assert command(home, "table", "remove", "vip") == FAILED
    assert "webhook vip asks table vip" in capsys.readouterr().err
    assert command(home, "table", "remove", "vip", "--force") == FINE
    capsys.readouterr()
    assert command(home, "table", "list") == FINE
    assert "there is no" in capsys.readouterr().out


def test_mistakes_are_named_by_line_and_nothing_is_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = str(home / "bad.csv")
    assert command(home, "table", "check", bad) == FAILED
    assert "bad.csv: line 2: caller: 'x' is no number" in capsys.readouterr().err
    assert command(home, "table", "import", bad, "--name", "vip") == FAILED
    assert command(home, "table", "look-up", "vip") == FAILED
    assert "there is no " in capsys.readouterr().err
    assert command(home, "table", "import", str(home / "vip.csv"), "--name", "a/b") == FAILED
    assert "cannot name a table" in capsys.readouterr().err
    assert command(home, "table", "import", str(home / "vip.csv"), "--name", "more") == FINE
    assert 'no webhook asks it yet: write url = "table:more"' in capsys.readouterr().err


def test_check_and_apply_say_that_a_table_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(home, "check", str(home / "shop.toml")) == FINE
    assert "table vip: there is no " in capsys.readouterr().out
