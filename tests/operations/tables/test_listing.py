"""The list of tables reads a file once for each change of it, and of the version of its project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.tables import listing
from switchhook.operations.tables.files import import_table, load, path_of
from switchhook.operations.tables.listing import TableList
from tests.support.snapshots import snapshot

if TYPE_CHECKING:
    from pathlib import Path

ROWS = b"caller,destination\n+380441112233,101\n"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return which tables were read."""
    names: list[str] = []

    def counted(path: Path, of: object, name: str) -> object:
        names.append(name)
        return load(path, of, name)  # type: ignore[arg-type] # what it was given

    monkeypatch.setattr(listing, "load", counted)
    return names


def test_a_table_is_read_again_when_its_file_or_its_project_changed(
    tmp_path: Path, read: list[str]
) -> None:
    of, found = snapshot(), TableList(tmp_path)
    for name in ("a", "b"):
        import_table(tmp_path, ROWS.replace(b"101", b""), of, name)
    assert [one.rows for one in found.tables(of)] == [1, 1]
    assert found.tables(of) == found.tables(of)
    assert read == ["a", "b"]
    path = path_of(tmp_path, of.project.id, "b")
    path.write_bytes(b"caller\nx\n")
    os.utime(path, (1, 1))
    assert [one.rows for one in found.tables(of)] == [1, None]
    assert read == ["a", "b", "b"]
    assert found.table(of, "b").trouble == "line 2: caller: 'x' is no number and no account; write it as +380441112233, or as people dial it"  # fmt: skip
    other = snapshot()
    found.tables(other)
    assert read == ["a", "b", "b", "a", "b"]
    path.unlink()
    assert [one.name for one in found.tables(other)] == ["a"]
    assert found.table(other, "b").trouble == "there is no table b"
