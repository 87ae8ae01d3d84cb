"""Backup and restore on the command line: files, pipes, and what is wrong."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a project."""
    file = tmp_path / "acme.toml"
    file.write_text(MINIMAL, encoding="utf-8")
    assert run(["apply", str(file), "--data-dir", str(tmp_path / "data")]) == FINE
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["all.tar", "all.tar.gz", "all.tgz"])
def test_a_file_is_made_and_put_back(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file, other = tmp_path / name, tmp_path / "other"
    assert run(["backup", str(file), "--data-dir", str(data_dir)]) == FINE
    assert f"{file}: 3 files of {data_dir}" in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    assert (file.read_bytes()[:2] == b"\x1f\x8b") is (name != "all.tar")

    assert run(["restore", str(file), "--data-dir", str(other)]) == FINE
    assert f"{other}: restored 3 files" in capsys.readouterr().out
    assert run(["export", "acme", "--data-dir", str(other)]) == FINE
    exported = capsys.readouterr().out
    assert run(["export", "acme", "--data-dir", str(data_dir)]) == FINE
    assert exported == capsys.readouterr().out


def test_it_goes_through_pipes(data_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "switchhook"]
    made = subprocess.run(
        [*command, "backup", "-", "--data-dir", str(data_dir)], capture_output=True, check=True
    )
    assert b"3 files" in made.stderr
    other = tmp_path / "other"
    back = subprocess.run(
        [*command, "restore", "-", "--data-dir", str(other)],
        input=gzip.compress(made.stdout),  # as over ssh with compression of its own
        capture_output=True,
        check=True,
    )
    assert b"restored 3 files" in back.stdout


def test_what_is_wrong_is_said_and_leaves_no_file(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--data-dir", str(data_dir))
    taken = tmp_path / "taken.tar"
    taken.write_bytes(b"mine")
    assert run(["backup", str(taken), *where]) == FAILED
    assert "exists already" in capsys.readouterr().err
    assert taken.read_bytes() == b"mine"

    assert run(["backup", str(tmp_path / "no" / "folder.tar"), *where]) == FAILED
    assert "cannot be made: No such file or directory" in capsys.readouterr().err

    empty = ("--data-dir", str(tmp_path / "empty"))
    assert run(["backup", str(tmp_path / "new.tar"), *empty]) == FAILED
    assert "there is no database" in capsys.readouterr().err
    assert not list(tmp_path.glob("new*"))

    assert run(["restore", str(taken), *empty]) == FAILED
    assert "the archive cannot be read" in capsys.readouterr().err
    assert run(["restore", str(tmp_path / "missing.tar"), *empty]) == FAILED
    assert "cannot be read: No such file or directory" in capsys.readouterr().err
    assert run(["restore", str(taken), *where]) == FAILED
    assert "already" in capsys.readouterr().err
