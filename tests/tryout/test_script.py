"""A script says what everybody does, and afterwards what of it did not come to pass."""

from __future__ import annotations

import pytest

from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Account, Group, Project, ProjectSnapshot
from switchhook.tryout.script import Script, as_dialled


def left_over(*dialled: str, keyed: int = 0, asked: dict[str, int], script: Script) -> list[str]:
    journal = [
        JournalEntry(seq=1, at=0, kind=EntryKind.DIALLED, facts=(("target", target),))
        for target in dialled
    ]
    return list(script.left_over(journal, keyed=keyed, asked=asked))


def test_nothing_is_left_over_of_what_came_to_pass() -> None:
    script = Script(
        caller="1",
        callee="2",
        digits=("1",),
        phones={"mary": "busy", "+380 44 333": "gone"},
        answers={"crm": (b"1", b"2")},
    )
    assert not left_over("mary", "38044333", keyed=1, asked={"crm": 3}, script=script)
    assert left_over("38044", keyed=0, asked={"crm": 1}, script=script) == [
        "--phone mary=busy: mary was not called",
        "--phone +380 44 333=gone: +380 44 333 was not called",
        "--digits 1: no keys were waited for",
        "--answer crm: 1 of 2 answers were asked for",
    ]


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("+380 (44) 222-33-44", "+380442223344"),
        ("10.1", "10.1"),
        ("10.2", "102"),
        ("1-0", "1-0"),
        ("mary", "mary"),
        ("", ""),
    ],
)
def test_a_written_number_is_dialled_by_its_digits(text: str, dialled: str) -> None:
    named = Project(
        id="shop",
        name="Shop",
        accounts=(Account(login="10.1", password="password"),),
        groups=(Group(name="1-0", accounts=("10.1",)),),
    )
    assert as_dialled(text, ProjectSnapshot(named)) == dialled
