"""A call's path says in one line which locations it came to, what rang there, and why it went on."""

from __future__ import annotations

import pytest

from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.views.path import path_of
from tests.support.loop import run

FILE = """
[project]
id = "shop"
name = "Shop"

[[numbers]]
number = "380800111222"
scheme = 1

[[accounts]]
login = "mary"
password = "a-password"

[[trunks]]
name = "carrier"
host = "192.0.2.9"

[[forwarding_numbers]]
name = "crm"
url = "https://crm.example/"
ring_timeout = 90

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
play = ["hello"]

[[schemes.steps]]
ask = "crm"

[[schemes.steps]]
ring = ["mary"]
timeout = 25

[[schemes]]
id = 2
name = "Shop"

[[schemes.steps]]
ring = ["mary"]
timeout = 20

[[sounds]]
name = "hello"
file = "hello.wav"
"""
WAY = "webhookNumber:90"


def path(answer: str, more: str = "", **phones: str) -> str:
    project = read_project(FILE.replace('name = "Shop"\n', f'name = "Shop"\n{more}', 1))
    assert isinstance(project, Project), project
    script = Script(
        caller="380441112233",
        callee="380800111222",
        phones=phones,
        answers={"crm": (answer.encode(),)},
    )
    return path_of(
        run(simulate_call(ProjectSnapshot(project), script, now=0.0, product="UA")).journal
    )


def entry(happening: EntryKind, **facts: str) -> JournalEntry:
    return JournalEntry(seq=1, at=0.0, kind=happening, facts=tuple(facts.items()))


@pytest.mark.row("S-01", "R1-126")
def test_the_answers_number_stands_behind_the_location() -> None:
    assert path('{"dst_phone":380443334455}') == f"{WAY} → 380443334455"


@pytest.mark.row("S-12", "R1-126")
def test_a_failed_location_says_how_and_the_next_follows() -> None:
    assert path("<html>") == f"{WAY} (failed: bad_body) → phone:25 → mary"


@pytest.mark.row("S-02", "R1-25")
def test_another_scheme_is_named() -> None:
    assert path('{"schema":2}') == f"{WAY} → scheme 2 → phone:20 → mary"


@pytest.mark.row("S-03", "S-13")
def test_those_who_rang_together_stand_together_each_with_its_end() -> None:
    answer = '{"dst_phone":"101,102,103"}'
    called = path(answer, **{"101": "busy", "102": "rings", "103": "rings"})

    assert called == f"{WAY} → 101 (busy), 102 (timeout), 103 (timeout) → phone:25 → mary"


@pytest.mark.row("S-78")
def test_a_destination_that_is_not_called_is_told() -> None:
    refused = path('{"dst_phone":"4900111,4900222"}', '\n[screening]\ndenied_prefixes = ["4900"]\n')

    assert refused == f"{WAY} (destination refused) → phone:25 → mary"


def test_another_steps_failure_is_not_that_of_the_location_before_it() -> None:
    journal = (
        entry(EntryKind.STEP, location=WAY),
        entry(EntryKind.ASK_FAILED, kind="refused"),
        entry(EntryKind.STEP, step="askdialplan"),
        entry(EntryKind.ASK_FAILED, kind="dns"),
    )

    assert path_of(journal) == f"{WAY} (failed: refused)"


@pytest.mark.row("A-54", "S-12")
def test_the_fallback_and_nobody_are_told() -> None:
    lost = path("{}", mary="gone")
    caught = path("{}", 'fallback = "380449999999"\n', mary="gone")

    assert lost == f"{WAY} (failed: bad_body) → phone:25 → mary (unreachable)"
    assert caught == f"{lost} → fallback → 380449999999"


def test_an_empty_journal_has_no_path() -> None:
    assert path_of(()) == ""
