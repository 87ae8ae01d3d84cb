"""A database of an earlier version lists its calls as one that listed them from the first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.storage.records import MAIN
from switchhook.storage.sqlite.connection import migrate, migrations, open_to_write
from switchhook.storage.sqlite.lists import calls
from switchhook.storage.sqlite.rows import (
    attempt_to_row,
    call_to_row,
    delivery_to_row,
    entry_to_row,
    settling_to_row,
)
from switchhook.storage.sqlite.statements import sql
from tests.conformance.test_call_list import made
from tests.storage.sqlite.test_connection import empty
from tests.support.promises import CIPHER, DOWN, attempt, delivery

BEFORE = next(number for number, text in enumerate(migrations()) if "call_list" in text)
"""How many migrations led to the version before the list."""
CALLS = (
    made("c1", at=0.123456789, rang=("101", "102"), caller="00380441112233"),
    made("c2", at=1, outcome=Outcome.BLOCKED, caller=""),
    made("c3", at=2, direction=Direction.OUTGOING, callee="+49 30 1234", scheme=7),
    made("c4", at=3, outcome=None),
)
FAILED = (("webhook", "route"), ("kind", "timeout"))
JOURNAL = (
    JournalEntry(seq=1, at=0.0, kind=EntryKind.ASKED, text="route"),
    JournalEntry(seq=2, at=0.0, kind=EntryKind.ASK_FAILED, text="late", facts=FAILED),
)


def test_the_migration_lists_calls_as_their_end_does() -> None:
    with closing(empty()) as former, closing(open_to_write(None)) as present:
        migrate(former, migrations()[:BEFORE])
        for connection in (former, present):
            for call in CALLS:
                connection.execute(sql("save_call"), call_to_row(call, MAIN))
            for entry in JOURNAL:
                connection.execute(sql("add_entry"), entry_to_row("shop", "c1", entry))
            for name in ("c1", "c3"):
                told = delivery(name)
                tried = attempt(told, failure=DOWN if name == "c3" else None)
                connection.execute(sql("promise"), delivery_to_row(told, CIPHER, MAIN))
                connection.execute(sql("add_attempt"), attempt_to_row(tried))
                connection.execute(sql("settle"), settling_to_row(tried))
        for call in CALLS[:3]:
            present.execute(sql("list_call"), calls.call_to_row(call))
        migrate(former, migrations()[: BEFORE + 1])
        rows = "SELECT * FROM call_list ORDER BY number"
        listed = [tuple(row) for row in present.execute(rows)]
        assert [tuple(row) for row in former.execute(rows)] == listed
        assert len(listed) == 3
        assert [row[-2:] for row in listed] == [
            ("\ncrm\nroute\n", "\nroute\n"),
            ("", ""),
            ("\ncrm\n", "\ncrm\n"),
        ]


@pytest.mark.parametrize("value", ["{", "[]", '{"arrived_at": "soon"}'])
def test_a_damaged_call_keeps_no_database_from_being_migrated(value: str) -> None:
    with closing(empty()) as former:
        migrate(former, migrations()[:BEFORE])
        row = (*call_to_row(replace(CALLS[0]), MAIN)[:-1], value)
        former.execute(sql("save_call"), row)
        migrate(former, migrations())
        assert former.execute("SELECT count(*) FROM call_list").fetchone() == (0,)
