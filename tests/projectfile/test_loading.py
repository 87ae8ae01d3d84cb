"""A project that was applied goes on taking calls after an upgrade, whatever the new release judges of it."""

from __future__ import annotations

import pytest

from switchhook.projectfile.file import read_project
from switchhook.projectfile.loading import load_snapshot
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.records import StoredProject

FILE = """
[project]
id = "shop"
name = "Shop"

[[hours]]
name = "office"
monday = "09:00-18:00"
special_days = ["12-24 09:00-12:00", "12-24 14:00-16:00"]

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
go_to = 2

[[schemes.steps]]
hang_up = 486

[[schemes]]
id = 2
name = "Night"

[[schemes.steps]]
hang_up = 486
"""


def stored(document: str) -> StoredProject:
    return StoredProject(id="shop", version=7, document=document, saved_at=0.0)


def test_a_project_that_was_found_good_once_is_loaded() -> None:
    assert isinstance(read_project(FILE), Mistakes)
    snapshot = load_snapshot(stored(FILE))
    assert snapshot.key == ("shop", 7)
    assert len(snapshot.schemes[1].steps) == 2


@pytest.mark.parametrize("more", ["[project.later]", "[[laters]]", "[screening]\nlater = 1"])
def test_a_project_that_a_later_release_wrote_is_not_loaded_in_part(more: str) -> None:
    with pytest.raises(LookupError, match=r"(?s)version 7 of project shop: .*later"):
        load_snapshot(stored(f"{FILE}\n{more}\n"))
