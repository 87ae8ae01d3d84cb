"""A command takes the project that was applied or the one in a file, and says what is wrong with either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.cli.errors import CommandError
from switchhook.cli.project_source import snapshot_of
from switchhook.operations.project_versions import NoSuchProjectError
from tests.support.loop import run
from tests.support.told import EXAMPLE, remember

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_need_not_be_applied(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(EXAMPLE)
    assert snapshot_of(None, file, None, None).key == ("acme", 1)


def test_an_applied_project_is_found_with_or_without_its_id(tmp_path: Path) -> None:
    run(remember(tmp_path))
    assert snapshot_of(None, None, None, tmp_path).key == ("acme", 1)
    assert snapshot_of("acme", None, None, tmp_path).key == ("acme", 1)
    with pytest.raises(NoSuchProjectError, match="there is no project other; there are: acme"):
        snapshot_of("other", None, None, tmp_path)


def test_without_a_database_there_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no database in"):
        snapshot_of(None, None, None, tmp_path)


def test_a_file_with_mistakes_is_refused_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(EXAMPLE.replace('id = "acme"', "id = 5"))
    with pytest.raises(CommandError, match=r"bad\.toml: line 5: project\.id"):
        snapshot_of(None, file, None, None)
    with pytest.raises(CommandError, match=r"missing\.toml cannot be read"):
        snapshot_of(None, tmp_path / "missing.toml", None, None)


def test_a_file_and_a_project_cannot_go_together(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot go together"):
        snapshot_of("acme", tmp_path / "project.toml", None, None)
