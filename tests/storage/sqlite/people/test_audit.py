"""The audit log keeps what was done in its order, by project, until its time is over."""

from __future__ import annotations

from dataclasses import replace

from switchhook.storage.people import AuditEntry
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

LINE = AuditEntry(
    project="acme",
    at=5.0,
    actor="olga",
    via="token t1",
    source="192.0.2.1",
    operation="PUT /api/projects/{project}",
    target="/api/projects/acme",
    result="200",
    facts={"before": {"version": 1}, "after": {"version": 2}},
)


def test_lines_are_read_as_they_were_added_newest_first_page_by_page() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        for at, project in enumerate(("acme", "other", "acme", "")):
            await store.audit.add(replace(LINE, at=float(at), project=project))
        found = await store.audit.entries()
        assert [one.at for one in found] == [3.0, 2.0, 1.0, 0.0]
        assert found[3] == replace(LINE, at=0.0, number=found[3].number)
        own = await store.audit.entries(project="acme", limit=1)
        assert [one.at for one in own] == [2.0]
        behind = await store.audit.entries(project="acme", before=own[0].number)
        assert [one.at for one in behind] == [0.0]
        assert await store.audit.forget(before=2.0) == 2
        assert [one.at for one in await store.audit.entries()] == [3.0, 2.0]
        await store.close()

    run(scenario())


def test_a_refusal_is_counted_on_the_line_that_says_the_same() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        refused = replace(LINE, result="403", facts={"why": "x"})
        for seconds in (0, 30, 59):
            await store.audit.add_refusal(replace(refused, at=100.0 + seconds), within=60.0)
        await store.audit.add_refusal(replace(refused, at=110.0, source="192.0.2.2"), within=60.0)
        await store.audit.add_refusal(replace(refused, at=160.0), within=60.0)
        assert [(one.at, one.source, one.facts) for one in await store.audit.entries()] == [
            (160.0, "192.0.2.1", {"why": "x"}),
            (110.0, "192.0.2.2", {"why": "x"}),
            (100.0, "192.0.2.1", {"why": "x", "repeated": 3}),
        ]
        await store.close()

    run(scenario())
