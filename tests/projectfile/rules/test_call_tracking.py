"""A scenario's posts stay JSON, and each ending has one status."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.project import Project
from switchhook.domain.tracking.call_tracking import TrackingScenario
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.toml.mistakes import Mistakes

FILE = '[project]\nid = "p"\nname = "P"\n\n[call_tracking]\n'


def tracking(lines: str) -> TrackingScenario:
    project = read_project(FILE + lines)
    assert isinstance(project, Project), str(project)
    assert project.call_tracking is not None
    return project.call_tracking


@pytest.mark.row("R4-40", "R4-42")
@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        (
            'headers = [{ name = "Content-Type", value = "application/x-www-form-urlencoded" }]',
            (
                "line 6: call_tracking.headers[0].name: the posts of call tracking are JSON, and never a"
                " form; remove it"
            ),
        ),
        (
            'headers = [{ name = "Host", value = "x" }]',
            (
                "line 6: call_tracking.headers[0].name: 'Host' is not a header that can be set; use"
                " letters, digits and hyphens; Host, Content-Length and the like are ours"
            ),
        ),
        (
            'statuses = [{ outcome = "busy", status = "CANCEL" }, { outcome = "busy", status = "BUSY" }]',
            "line 6: call_tracking.statuses[1]: busy has a status already, CANCEL; keep one of the two",
        ),
        (
            (
                'statuses = [{ outcome = "busy", ended_by = "caller", status = "BUSY" },'
                ' { outcome = "busy", ended_by = "caller", status = "BUSY" }]'
            ),
            (
                "line 6: call_tracking.statuses[1]: busy ended by the caller has a status already, BUSY;"
                " keep one of the two"
            ),
        ),
        (
            'statuses = [{ outcome = "busy", status = "OCCUPIED" }]',
            (
                "line 6: call_tracking.statuses[0].status: 'OCCUPIED' is not known here; known are ANSWER,"
                " BUSY, CANCEL, CHANUNAVAIL, CONGESTION, DONTCALL, NOANSWER, TORTURE"
            ),
        ),
        (
            'aftr_url = "http://a.example"',
            "line 6: call_tracking.aftr_url: unknown key; did you mean after_url?",
        ),
        (
            'after_url = ["http://a.example", "http://b.example"]',
            (
                "line 6: call_tracking.after_url: notifications can be sent only to one destination"
                " address; write one URL"
            ),
        ),
    ],
)
def test_what_does_not_go_together_is_said(lines: str, mistake: str) -> None:
    found = read_project(FILE + lines)

    assert isinstance(found, Mistakes)
    assert str(found) == mistake


@pytest.mark.row("A-42")
def test_entries_of_the_table_are_read() -> None:
    read = tracking(
        'statuses = [{ outcome = "rejected", status = "NOANSWER" },'
        ' { outcome = "rejected", ended_by = "system", status = "CONGESTION" }]'
    )

    assert read.status(Outcome.REJECTED, EndedBy.CALLEE) == "NOANSWER"
    assert read.status(Outcome.REJECTED, EndedBy.SYSTEM) == "CONGESTION"


@pytest.mark.row("R4-42", "R4-48")
def test_a_scenario_that_is_off_and_none_are_two_things() -> None:
    off = read_project(FILE)
    none = read_project('[project]\nid = "p"\nname = "P"\n')

    assert isinstance(off, Project)
    assert isinstance(none, Project)
    assert off.call_tracking == TrackingScenario()
    assert none.call_tracking is None
    assert write_project(off) == FILE
    assert not off.scenario.is_on
    assert not none.scenario.is_on


def test_the_name_of_its_deliveries_is_taken() -> None:
    text = (
        FILE
        + '\n[[event_webhooks]]\nname = "call tracking"\nevent = "incoming.after"\nurl = "http://a.example"\n'
    )
    found = read_project(text)

    assert isinstance(found, Mistakes)
    assert "'call tracking' is how the posts of [call_tracking] are listed" in str(found)
