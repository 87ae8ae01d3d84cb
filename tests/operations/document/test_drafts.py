"""A draft of a project is kept with its mistakes, compared, and activated only while nothing was changed since it was begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.operations.document import drafts
from switchhook.operations.document.drafts import (
    DraftError,
    NoSuchDraftError,
    activate_draft,
    check_draft,
    diff_draft,
    discard_document_draft,
    list_drafts,
    patch_draft,
    read_draft,
    save_draft,
)
from switchhook.operations.document.resources import (
    ChangedMeanwhile,
    Changing,
    ResourceChanged,
    patch_resource,
)
from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import apply_project
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BY = Changing(by="mary")


async def stored() -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(None)
    await apply_project(store, MINIMAL)
    yield store
    await store.close()


async def keep(store: SqliteStore, name: str, text: str) -> None:
    await save_draft(store, None, name, text, by="mary", now=1.0)


def test_a_draft_is_kept_compared_and_activated() -> None:
    async def scenario() -> None:
        async for store in stored():
            patch = {"project": {"name": "Acme Ltd"}}
            await patch_draft(store, None, "rename", patch, by="mary", now=1.0)
            (one,) = await list_drafts(store, "acme")
            assert (one.name, one.base, one.latest, one.saved_by) == ("rename", 1, 1, "mary")
            diff = await diff_draft(store, None, "rename")
            assert [(change.kind, change.keys) for change in diff.changes] == [
                ("project", ("name",))
            ]
            assert '\n+name = "Acme Ltd"\n' in diff.text
            checked = await check_draft(store, None, "rename", BY)
            assert isinstance(checked, ResourceChanged)
            assert await export_project(store, None) == MINIMAL
            done = await activate_draft(store, None, "rename", BY)
            assert isinstance(done, ResourceChanged)
            assert (done.applied.version, await list_drafts(store, None)) == (2, ())
            assert await export_project(store, None) == MINIMAL.replace('"Acme"', '"Acme Ltd"')

    run(scenario())


def test_a_draft_may_have_mistakes_and_is_not_activated_with_them() -> None:
    async def scenario() -> None:
        async for store in stored():
            await keep(store, "wrong", MINIMAL.replace("scheme = 1", "scheme = 9"))
            for done in (
                await check_draft(store, None, "wrong", BY),
                await activate_draft(store, None, "wrong", BY),
            ):
                assert isinstance(done, Mistakes)
                assert "there is no scheme 9" in str(done)
            await keep(store, "torn", "[[[")
            assert isinstance(await check_draft(store, None, "torn", BY), Mistakes)
            assert (await diff_draft(store, None, "torn")).changes == ()
            with pytest.raises(DraftError, match="no TOML"):
                await patch_draft(store, None, "torn", {}, by="mary", now=1.0)
            assert await export_project(store, None) == MINIMAL

    run(scenario())


def test_a_draft_undoes_nothing_that_was_changed_since_unless_it_is_forced() -> None:
    async def scenario() -> None:
        async for store in stored():
            await keep(store, "a", MINIMAL.replace('"Acme"', '"Acme Ltd"'))
            await patch_resource(store, None, "accounts", "101", {"name": "Ann"}, how=BY)
            refused = await activate_draft(store, None, "a", BY)
            assert isinstance(refused, ChangedMeanwhile)
            assert [(one.kind, one.name) for one in refused.changes] == [("accounts", "101")]
            diff = await diff_draft(store, None, "a", to_base=True)
            assert [one.kind for one in diff.changes] == ["project"]
            assert isinstance(
                await activate_draft(store, None, "a", BY, is_forced=True), ResourceChanged
            )

    run(scenario())


def test_drafts_have_names_are_few_and_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST", 2)

    async def scenario() -> None:
        async for store in stored():
            for name in ("a", "b", "a"):
                await keep(store, name, MINIMAL)
            with pytest.raises(DraftError, match="2 drafts already"):
                await keep(store, "c", MINIMAL)
            for name in ("", "x" * 81, "a\nb"):
                with pytest.raises(DraftError, match="1 to 80 characters"):
                    await keep(store, name, MINIMAL)
            await discard_document_draft(store, None, "a")
            with pytest.raises(NoSuchDraftError, match="no draft 'a'; known are b"):
                await read_draft(store, None, "a")

    run(scenario())
