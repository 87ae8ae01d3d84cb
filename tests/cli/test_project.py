"""A project file is summed up by what it holds."""

from __future__ import annotations

from switchhook.cli.project import summary
from switchhook.domain.project import Project
from tests.support.told import example_plan


def test_a_project_is_summed_up() -> None:
    assert summary(example_plan().project) == (
        "Project acme: 2 numbers, 2 accounts, 1 trunk, 2 schemes, 1 forwarding number,"
        " 2 event webhooks."
    )
    assert summary(Project(id="new", name="New")) == "Project new: nothing yet."
