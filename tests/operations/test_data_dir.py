"""One data directory serves one server; it is private, and a wrong one is explained."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from switchhook.operations.data_dir import DataDirError, held, prepare

OPEN_FILES = Path("/proc/self/fd")


def test_a_missing_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    prepare(folder)
    prepare(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataDirError, match=r"cannot be made .* choose another with --data-dir"):
        prepare(tmp_path / "file" / "data")


def test_only_one_server_holds_it(tmp_path: Path) -> None:
    refused = pytest.raises(DataDirError, match="another Switchhook runs")
    with held(tmp_path), refused, held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_a_lock_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    (tmp_path / "switchhook.lock").mkdir()

    with pytest.raises(DataDirError, match="cannot be opened"), held(tmp_path):
        pass


def test_no_file_is_left_open(tmp_path: Path) -> None:
    before = len(list(OPEN_FILES.iterdir()))
    with held(tmp_path):
        pass

    assert len(list(OPEN_FILES.iterdir())) == before
