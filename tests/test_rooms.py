"""The source is arranged in rooms: each says in one line what it does, and none is too full to look over."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import switchhook

SOURCE = Path(switchhook.__file__).parent
ROOMS = sorted(file.parent for file in SOURCE.rglob("__init__.py"))
MOST_FILES = 26
STILL_SHARED_ALIASES = {"AddressInfo"}
"""Names of type aliases that another alias or class has; no other name may join them."""


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(SOURCE)))
def test_a_room_says_in_one_line_what_it_does(room: Path) -> None:
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))

    assert said is not None
    assert said.endswith(".")
    assert "\n" not in said.strip()


@pytest.mark.parametrize("room", ROOMS[1:], ids=lambda room: str(room.relative_to(SOURCE)))
def test_a_newcomer_is_shown_to_a_room(room: Path) -> None:
    """Where there is a room, the page of the architecture has a question that leads into it, or into one around it."""
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    name = room.relative_to(SOURCE)
    around = [one for one in name.parents if len(one.parts) > 1]

    assert any(f"`{one}/" in page for one in (name, *around)), f"add a row to {name}"


def test_no_folder_holds_more_files_than_one_looks_over() -> None:
    folders = [
        SOURCE,
        *(path for path in SOURCE.rglob("*") if path.is_dir() and not path.is_symlink()),
    ]
    folders = [path for path in folders if path.parent.name != "migrations"]  # numbered for ever
    files = {
        str(folder.relative_to(SOURCE)): sum(one.is_file() for one in folder.iterdir())
        for folder in folders
        if folder.name != "__pycache__"
    }

    assert {name: count for name, count in files.items() if count > MOST_FILES} == {}


def test_a_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file.relative_to(SOURCE)))
    shared = {name for name, files in places.items() if len(files) > 1}

    assert {name: places[name] for name in shared} == {}


def test_a_type_alias_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            name = node.name if isinstance(node, ast.ClassDef) else ""
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
            if name[:1].isupper() and not name.isupper():
                places.setdefault(name, []).append(str(file.relative_to(SOURCE)))
    shared = {name for name, files in places.items() if len(files) > 1}

    assert shared <= STILL_SHARED_ALIASES, {name: places[name] for name in shared}
