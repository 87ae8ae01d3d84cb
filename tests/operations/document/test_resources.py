"""A part of a project is put, patched and removed as an edit of its file, checked like one, and never over another's change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.document.diff import diff_versions
from switchhook.operations.document.resources import (
    ChangedMeanwhile,
    ChangeOutcome,
    Changing,
    NoSuchResourceError,
    Precondition,
    ResourceChanged,
    ResourceError,
    ResourceInUse,
    list_resources,
    patch_document,
    patch_resource,
    put_resource,
    read_resource,
    remove_resource,
    replace_document,
    restore_version,
)
from switchhook.operations.project_versions import NoSuchVersionError, export_project, list_versions
from switchhook.operations.projects import Applied, apply_project
from switchhook.projectfile.resources import plain_document
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FILE = f"# the office\n{MINIMAL}"
BY = Changing(by="mary")
LOGIN = {"login": "301", "password": "workshop-301"}


async def stored(text: str = FILE) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(None)
    await apply_project(store, text, by="john")
    yield store
    await store.close()


def done(outcome: ChangeOutcome) -> ResourceChanged:
    """Return a change that was made."""
    assert isinstance(outcome, ResourceChanged), outcome
    return outcome


def test_a_resource_is_put_patched_and_removed_and_the_rest_of_the_file_stays() -> None:
    async def scenario() -> None:
        async for store in stored():
            put = done(await put_resource(store, None, "accounts", "301", LOGIN, how=BY))
            assert (put.applied.version, put.applied.is_new) == (2, True)
            one = await read_resource(store, None, "accounts", "301")
            assert (one.value, one.tag) == (LOGIN, put.tag)
            patch = {"name": "Workshop", "department": None}
            done(await patch_resource(store, "acme", "accounts", "301", patch, how=BY))
            assert (await read_resource(store, None, "accounts", "301")).value["name"] == "Workshop"
            done(await put_resource(store, None, "screening", "", {"block_withheld": True}, how=BY))
            done(await remove_resource(store, None, "screening", "", how=BY))
            done(await remove_resource(store, None, "accounts", "301", how=BY))
            assert await export_project(store, "acme") == FILE
            _, versions = await list_versions(store, None)
            assert [(one.version, one.saved_by) for one in versions] == [
                *((version, "mary") for version in (6, 5, 4, 3, 2)),
                (1, "john"),
            ]

    run(scenario())


def test_a_change_is_held_to_the_same_rules_as_a_file() -> None:
    async def scenario() -> None:
        async for store in stored():
            for value, said in (
                ({"login": "301"}, "password is missing"),
                (LOGIN | {"department": None}, "department: null is not text"),
                (LOGIN | {"nmae": "x"}, "nmae: unknown key; did you mean name?"),
            ):
                wrong = await put_resource(store, None, "accounts", "301", value, how=BY)
                assert isinstance(wrong, Mistakes)
                assert said in str(wrong)
                assert str(wrong).startswith("accounts[")
            number = await patch_resource(
                store, None, "numbers", "380442223344", {"scheme": 9}, how=BY
            )
            assert "numbers[0].scheme: there is no scheme 9" in str(number)
            moved = await patch_document(store, None, {"project": {"id": "other"}}, BY)
            assert "project.id: a change leaves the id as it is; write acme" in str(moved)
            assert (await list_versions(store, None))[1][0].version == 1

    run(scenario())


def test_what_is_used_is_refused_with_its_users_and_goes_with_them_when_it_is_to() -> None:
    async def scenario() -> None:
        async for store in stored():
            refused = await remove_resource(store, None, "schemes", "1", how=BY)
            assert isinstance(refused, ResourceInUse)
            assert [(one.kind, one.name) for one in refused.uses] == [("numbers", "380442223344")]
            assert "numbers[0].scheme" in refused.detail
            gone = done(await remove_resource(store, None, "schemes", "1", how=BY, cascade=True))
            assert [(one.kind, one.change) for one in gone.changes] == [
                ("numbers", "removed"),
                ("schemes", "removed"),
            ]

    run(scenario())


def test_a_change_of_what_was_changed_meanwhile_is_refused_and_says_what_was() -> None:
    async def scenario() -> None:
        async for store in stored():
            seen = await read_resource(store, None, "accounts", "101")
            how = Changing(when=Precondition(tags=(seen.tag,)))
            done(await put_resource(store, None, "accounts", "301", LOGIN, how=BY))
            name = {"name": "Mary"}
            done(await patch_resource(store, None, "accounts", "101", name, how=how))
            late = await patch_resource(store, None, "accounts", "101", {"name": "Ann"}, how=how)
            assert isinstance(late, ChangedMeanwhile)
            assert [(one.kind, one.name, one.keys) for one in late.changes] == [
                ("accounts", "101", ("name",))
            ]
            now = await read_resource(store, None, "accounts", "101")
            assert (late.version, late.tag) == (3, now.tag)
            again = Changing(when=Precondition(tags=(now.tag,)))
            done(await patch_resource(store, None, "accounts", "101", {"name": "Ann"}, how=again))
            new = Changing(when=Precondition(is_absent=True))
            there = await put_resource(store, None, "accounts", "301", LOGIN, how=new)
            assert isinstance(there, ChangedMeanwhile)

    run(scenario())


def test_two_editors_at_once_both_count_and_of_two_who_saw_the_same_one_is_first() -> None:
    async def scenario() -> None:
        async for store in stored():
            many = [f"{number}" for number in range(301, 307)]
            await asyncio.gather(
                *(
                    put_resource(store, None, "accounts", login, {"password": "x" * 9}, how=BY)
                    for login in many
                )
            )
            names = [one.name for one in await list_resources(store, None, "accounts")]
            assert sorted(names) == sorted(["101", *many])
            seen = await read_resource(store, None, "accounts", "301")
            how = Changing(when=Precondition(tags=(seen.tag,)))
            made = await asyncio.gather(
                *(
                    patch_resource(store, None, "accounts", "301", {"name": name}, how=how)
                    for name in ("Mary", "Ann")
                )
            )
            assert sorted(type(one).__name__ for one in made) == [
                "ChangedMeanwhile",
                "ResourceChanged",
            ]

    run(scenario())


def test_a_trial_says_what_would_be_and_stores_nothing() -> None:
    async def scenario() -> None:
        async for store in stored():
            how = Changing(is_trial=True)
            tried = done(await put_resource(store, None, "accounts", "301", LOGIN, how=how))
            assert (tried.applied.version, tried.applied.is_new) == (2, True)
            assert len(await list_resources(store, None, "accounts")) == 1

    run(scenario())


def test_what_is_not_there_or_not_meant_is_said() -> None:
    async def scenario() -> None:
        async for store in stored():
            with pytest.raises(
                NoSuchResourceError, match="there is no kind 'acounts'; did you mean"
            ):
                await list_resources(store, None, "acounts")
            with pytest.raises(NoSuchResourceError, match="no '102' in accounts; did you mean 101"):
                await read_resource(store, None, "accounts", "102")
            with pytest.raises(NoSuchResourceError, match="no '102' in accounts"):
                await patch_resource(store, None, "accounts", "102", {}, how=BY)
            with pytest.raises(NoSuchResourceError, match="say which of accounts, by its login"):
                await put_resource(store, None, "accounts", "", LOGIN, how=BY)
            with pytest.raises(NoSuchResourceError, match="there is one screening"):
                await put_resource(store, None, "screening", "x", {}, how=BY)
            with pytest.raises(ResourceError, match="the login is '301', and not '302'"):
                await put_resource(store, None, "accounts", "302", LOGIN, how=BY)

    run(scenario())


def test_an_earlier_version_comes_back_as_a_new_one() -> None:
    async def scenario() -> None:
        async for store in stored():
            done(await put_resource(store, None, "accounts", "301", LOGIN, how=BY))
            diff = await diff_versions(store, None, None)
            assert [(one.kind, one.name, one.change) for one in diff.changes] == [
                ("accounts", "301", "added")
            ]
            assert (diff.before, diff.after) == ("version 1", "version 2")
            assert '\n+login = "301"\n' in diff.text
            back = done(await restore_version(store, None, 1, BY))
            assert (back.applied.version, await export_project(store, None)) == (3, FILE)
            with pytest.raises(NoSuchVersionError, match="has no version 9"):
                await restore_version(store, None, 9, BY)

    run(scenario())


def test_a_document_of_json_is_applied_as_its_toml_is() -> None:
    async def scenario() -> None:
        async for store in stored():
            document = plain_document(FILE)
            same = done(await replace_document(store, None, document, BY))
            assert (same.applied.is_new, await export_project(store, None)) == (False, FILE)
            document["project"]["name"] = "Acme Ltd"
            done(await replace_document(store, None, document, BY))
            assert await export_project(store, None) == FILE.replace('"Acme"', '"Acme Ltd"')

    run(scenario())


def test_a_file_says_which_events_it_drops() -> None:
    async def scenario() -> None:
        async for store in stored():
            new = {"event": "incoming.after", "webhooks": [{"url": "https://crm.example/new"}]}
            done(await put_resource(store, None, "events", "new", new, how=BY))
            applied = await apply_project(store, FILE)
            assert isinstance(applied, Applied)
            assert applied.notes == ("event 'new' of version 2 is not in this file",)

    run(scenario())


def test_comments_of_a_file_that_says_the_same_are_kept_without_a_version() -> None:
    async def scenario() -> None:
        async for store in stored():
            applied = await apply_project(store, f"# new words\n{FILE}")
            assert isinstance(applied, Applied)
            assert (applied.version, applied.is_new) == (1, False)
            assert await export_project(store, None) == f"# new words\n{FILE}"

    run(scenario())
