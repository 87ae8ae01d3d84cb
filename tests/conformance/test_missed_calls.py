"""The example of an office that is told of missed calls is good, and tells of each of them and of no other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.projectfile.warnings.project import project_warnings
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail
from tests.support.loop import run

FILE = Path(__file__).parents[2] / "examples" / "missed_calls.toml"


def office() -> Project:
    project = read_project(FILE.read_text(encoding="utf-8"))
    assert isinstance(project, Project), project
    return project


def call(*phones: str, patience: float = 300.0) -> CallSimulation:
    """Call the office, whose telephones do this, and wait so many seconds."""
    script = Script(
        caller="+31612345678",
        callee="+31850001001",
        phones=dict(zip(("201", "202"), phones, strict=False)),
        patience=patience,
    )
    return run(simulate_call(ProjectSnapshot(office()), script, now=1_714_550_400.0, product="UA"))


def test_there_is_nothing_to_remark_on() -> None:
    assert list(project_warnings(office())) == []


@pytest.mark.parametrize(
    ("does", "patience", "outcome"),
    [
        ("rings", 300.0, Outcome.MISSED),
        ("rings", 5.0, Outcome.CANCELLED),
        ("busy", 300.0, Outcome.BUSY),
        ("declines", 300.0, Outcome.REJECTED),
        ("gone", 300.0, Outcome.UNREACHABLE),
    ],
)
def test_a_call_that_nobody_took_is_told_by_mail_and_in_the_chat(
    does: str, patience: float, outcome: Outcome
) -> None:
    made = call(does, does, patience=patience)
    assert made.call is not None
    assert made.call.outcome is outcome
    chat, mail = (delivery.request for delivery in made.deliveries)

    assert isinstance(chat, HttpRequest)
    assert ("Content-Type", "application/json") in chat.headers
    assert msgspec.json.decode(chat.body) == {
        "text": "Missed call from +31612345678 to +31850001001 at 10:00"
    }
    assert isinstance(mail, Mail)
    assert mail.recipient == "desk@example.com"
    assert b"\r\nSubject: Missed call from +31612345678\r\n" in mail.message


def test_a_call_that_was_answered_is_told_to_nobody() -> None:
    assert call("rings", "answers").deliveries == ()
