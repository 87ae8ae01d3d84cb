"""A project file under the former names of its keys is the same project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from switchhook.projectfile.file import read_project, renewed, write_project
from switchhook.projectfile.schema.event import FORMER_TABLES
from switchhook.projectfile.schema.project import former_names
from tests.support.projects import projects

if TYPE_CHECKING:
    from switchhook.domain.project import Project

KEPT = "ring_destination"
"""The one that is still a name, of another key."""


def aged(text: str) -> tuple[str, int]:
    """Write an export under former names; say how many there are in it."""
    count = 0
    for _, now, former in former_names():
        if former.name not in {KEPT, *FORMER_TABLES}:
            place = rf"(^|\{{ |, ){now} = "
            text, found = re.subn(place, rf"\1{former.name} = ", text, flags=re.MULTILINE)
            count += found
    text, found = re.subn(rf"^{KEPT} = true\ntimeout = ", f"{KEPT} = ", text, flags=re.MULTILINE)
    return text, count + found


@given(projects())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_file_under_former_names_is_the_same_project(project: Project) -> None:
    text = write_project(project)
    former, count = aged(text)
    remarks: list[str] = []

    assert read_project(former, remark=remarks.append) == project
    assert len(remarks) == count
    assert read_project(renewed(former)) == project
    assert renewed(text) == text


def test_a_former_name_is_no_key_of_the_same_table() -> None:
    names = list(former_names())
    assert len(names) >= 14
    for _, now, former in names:
        assert former.name != now
        assert former.name == KEPT or re.fullmatch("[a-z_]+", former.name)
