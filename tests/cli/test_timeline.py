"""A call is drawn line by line, with the seconds since it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.cli.timeline import draw, draw_whole
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import show_call
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.timeline import call_lines, entry_line
from tests.support.loop import run
from tests.support.told import BEGAN, CALL, remember

if TYPE_CHECKING:
    from pathlib import Path

ASKED = (
    ("request", "GET http://crm.example/route"),
    ("address", "192.0.2.7:80"),
    ("seconds_dns", "0.0000"),
    ("seconds_connect", "0.0012"),
    ("seconds_total", "0.0123"),
    ("status", "200"),
    ("body", "<br />\n<b>Warning</b>\x1b[2J"),
    ("read_as", ""),
)


def test_a_call_reads_as_a_story(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        story = await show_call(store, CALL)
        await store.close()
        return [
            draw(line, began=BEGAN).plain for line in call_lines(story.journal, story.deliveries)
        ]

    assert run(scenario()) == [
        "     0.000 s  → 380441112233 calls 380442223344",
        "     0.000 s  · scheme Main: ask",
        "     0.000 s  ? asks PHP demo",
        "     0.004 s  ✉ incoming.before to crm before: delivered, 200 in 4 ms",
        "     0.012 s  ! PHP demo answers 380443334455 after 12 ms",
        "     0.012 s  ☎ dials 380443334455",
        "     0.100 s  ☎ 380443334455 rings",
        "     2.500 s  ✓ 380443334455 answers the call",
        "    14.500 s  · 380443334455: answered (hung up)",
        "    14.500 s  ■ ends: answered, by the callee (hung up)",
        "    14.504 s  ✗ incoming.after to crm after: status: the endpoint answered 503, not 200",
    ]


def test_below_an_answer_stands_what_was_asked_what_came_back_and_how_long_each_part_took() -> None:
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ASK_FAILED, text="no JSON", facts=ASKED)

    drawn = draw_whole(entry_line(entry), began=5.0).plain.split("\n")

    assert drawn[1:] == [
        "                GET http://crm.example/route: 200 from 192.0.2.7:80, not read",
        "                body: <br />·<b>Warning</b>·[2J",
        "                took: connection 1.2 ms, in all 12.3 ms",
    ]
