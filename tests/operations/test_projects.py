"""Applying a file makes a version, or names every mistake; nothing crosses from project to project."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from switchhook.domain.project import Project
from switchhook.operations.project_versions import NoSuchProjectError, export_project
from switchhook.operations.projects import KEPT, Applied, apply_project, check_project
from switchhook.projectfile.file import read_project
from switchhook.projectfile.loading import load_directory
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from switchhook.storage.records import StoredProject

OTHER = """\
[project]
id = "other"
name = "Other"

[[schemes]]
id = 1
name = "Main"

[[accounts]]
login = "101"
password = "somebody-else"

[[numbers]]
number = "+380 44 222-33-44"
scheme = 1
"""


def test_a_new_version_is_made_only_when_something_changed() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        first = await apply_project(store, MINIMAL)
        spaced = await apply_project(store, "# a comment\n" + MINIMAL.replace(" = ", "="))
        second = await apply_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
        await store.close()

        assert first == Applied(project="acme", version=1, is_new=True)
        assert spaced == Applied(project="acme", version=1, is_new=False)
        assert second == Applied(project="acme", version=2, is_new=True)

    run(scenario())


TRACKED = (
    MINIMAL
    + """
[call_tracking]
after_url = "crm.example/roistat"
"""
)


@pytest.mark.row("R4-43", "R4-47", "R4-48")
def test_a_file_that_says_nothing_of_call_tracking_leaves_the_scenario_as_it_is() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, TRACKED)
        without = await apply_project(store, MINIMAL)
        other = await apply_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
        export = await export_project(store, "acme")
        off = await apply_project(store, MINIMAL + "\n[call_tracking]\n")
        after = await apply_project(store, MINIMAL)
        await store.close()

        assert isinstance(without, Applied)
        assert isinstance(other, Applied)
        assert isinstance(after, Applied)
        assert (without.version, without.is_new, without.notes) == (1, False, (KEPT,))
        assert (other.version, other.is_new, other.notes) == (2, True, (KEPT,))
        kept = read_project(export)
        assert isinstance(kept, Project)
        assert kept.scenario.after_url == "http://crm.example/roistat"
        assert off == Applied(project="acme", version=3, is_new=True)
        assert after == Applied(project="acme", version=3, is_new=False)

    run(scenario())


FORMER = (
    MINIMAL
    + """
[[events]]
name = "short"
event = "incoming.after"
only = { shortest = 5.0 }

[[events.webhooks]]
url = "https://crm.example/told"
"""
)


def test_former_names_of_keys_are_noted_and_not_stored() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        applied = await apply_project(store, FORMER)
        now = FORMER.replace("only = { shortest =", "filter = { min_duration =")
        again = await apply_project(store, now)
        export = await export_project(store, "acme")
        await store.close()

        line = FORMER.count("\n", 0, FORMER.index("only")) + 1
        assert isinstance(applied, Applied)
        assert applied.notes == (
            f"line {line}: events[1].only: a former name; write filter",
            f"line {line}: events[1].only.shortest: a former name; write min_duration",
        )
        assert again == Applied(project="acme", version=1, is_new=False)
        assert "filter = { min_duration = 5.0 }" in export

    run(scenario())


def test_a_project_that_was_stored_under_former_names_is_read_and_exported_under_those_of_today() -> (
    None
):
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.save_project("acme", FORMER)
        directory = await load_directory(store)
        export = await export_project(store, "acme")
        checked = await check_project(store, export)
        applied = await apply_project(store, export)
        await store.close()

        _, event = directory.snapshots["acme"].project.events
        assert event.filter.min_duration == 5
        assert "filter = { min_duration = 5 }" in export
        assert "only" not in export
        assert checked == applied == Applied(project="acme", version=1, is_new=False)

    run(scenario())


def test_a_stored_project_that_nobody_can_read_is_exported_as_it_is() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        later = FORMER.replace("[project]", "[project]\nmood = 5")
        await store.save_project("acme", later)
        assert await export_project(store, "acme") == later
        await store.close()

    run(scenario())


def test_a_file_with_mistakes_changes_nothing() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        applied = await apply_project(store, MINIMAL.replace("scheme = 1", "scheme = 2"))

        assert isinstance(applied, Mistakes)
        assert await store.projects() == ()
        await store.close()

    run(scenario())


def test_a_check_says_what_would_be_and_applies_nothing() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        assert await check_project(store, MINIMAL) == Applied(
            project="acme", version=1, is_new=True
        )
        assert await store.projects() == ()
        await apply_project(store, MINIMAL)
        same = await check_project(store, "# a comment\n" + MINIMAL)
        other = await check_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
        taken = await check_project(store, OTHER)
        assert [one.version for one in await store.projects()] == [1]
        await store.close()

        assert same == Applied(project="acme", version=1, is_new=False)
        assert other == Applied(project="acme", version=2, is_new=True)
        assert isinstance(taken, Mistakes)

    run(scenario())


def test_a_file_may_be_held_to_one_project() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        for act in (apply_project, check_project):
            refused = await act(store, MINIMAL, only="other")
            assert str(refused) == (
                "line 2: project.id: this is project acme, not other; write other"
            )
        assert await store.projects() == ()
        assert isinstance(await apply_project(store, MINIMAL, only="acme"), Applied)
        await store.close()

    run(scenario())


def test_numbers_and_logins_belong_to_one_project() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, MINIMAL)
        applied = await apply_project(store, OTHER)

        assert isinstance(applied, Mistakes)
        assert str(applied).splitlines() == [
            (
                "line 10: accounts[0].login: login 101 belongs to project acme; use another login, or remove"
                " it there: `switchhook config remove accounts 101 --project acme --cascade`"
            ),
            (
                "line 14: numbers[0].number: 380442223344 belongs to project acme; remove it from one of"
                " the two: `switchhook config remove numbers 380442223344 --project acme --cascade`"
            ),
        ]
        assert [stored.id for stored in await store.projects()] == ["acme"]
        await store.close()

    run(scenario())


def test_a_number_that_was_given_up_is_free() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, MINIMAL)
        await apply_project(store, MINIMAL.partition("[[numbers]]")[0].replace('"101"', '"102"'))
        applied = await apply_project(store, OTHER)
        await store.close()

        assert applied == Applied(project="other", version=1, is_new=True)

    run(scenario())


def test_an_export_is_the_latest_version_in_order() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        with pytest.raises(NoSuchProjectError, match="there is no project yet"):
            await export_project(store, None)
        await apply_project(store, MINIMAL)
        await apply_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
        only, named = await export_project(store, None), await export_project(store, "acme")
        project = read_project(only)

        assert only == named
        assert not isinstance(project, Mistakes)
        assert project.name == "Acme Ltd"
        assert only == MINIMAL.replace("Acme", "Acme Ltd")

        await apply_project(store, OTHER.replace("101", "201").replace("44 222", "44 333"))
        with pytest.raises(NoSuchProjectError, match="say which project: acme, other"):
            await export_project(store, None)
        with pytest.raises(NoSuchProjectError, match="no project third; there are: acme, other"):
            await export_project(store, "third")
        await store.close()

    run(scenario())


def test_who_is_held_to_one_project_opens_nothing_new_and_learns_of_no_other() -> None:
    """Else a project's token would reach the machine's own network, and the recordings of others."""
    open_before = MINIMAL.replace(
        'name = "Acme"', 'name = "Acme"\nallowed_networks = ["10.0.0.0/8", "192.168.1.0/24"]'
    )
    more = open_before.replace('"10.0.0.0/8", "192', '"10.0.0.0/8", "169.254.169.254/32", "192')
    sounds = (
        '\n[[sounds]]\nname = "a"\nfile = "b/a.wav"\n'
        '\n[[sounds]]\nname = "b"\nfile = "/srv/b.wav"\n'
    )

    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, open_before)
        for act in (check_project, apply_project):
            refused = await act(store, more + sounds, only="acme")
            assert isinstance(refused, Mistakes)
            assert [(one.path, one.problem) for one in refused.mistakes] == [
                (
                    ("project", "allowed_networks", 1),
                    "169.254.169.254/32 is opened by the operator alone",
                ),
                (
                    ("sounds", 1, "file"),
                    "a file outside the project's folder for sounds is named by the operator alone",
                ),
            ]
        assert isinstance(await apply_project(store, more + sounds), Applied)
        fewer = more.replace('"10.0.0.0/8", ', "")
        assert isinstance(await apply_project(store, fewer + sounds, only="acme"), Applied)
        await store.close()

    run(scenario())


TRUNKED = MINIMAL.replace('host = "carrier.example"', 'host = "127.0.0.1"\nport = 5080').replace(
    "[[forwarding_numbers]]", 'sources = ["10.0.0.0/8"]\n\n[[forwarding_numbers]]', 1
)
TRUNK = ("trunks", 0)


@pytest.mark.row("FD-05", "FD-06")
@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        # As it is, moved, or narrowed.
        ("5080", "5080", []),
        ('name = "carrier"', 'name = "other"', []),
        ("10.0.0.0/8", "10.1.0.0/16", []),
        ("127.0.0.1", "sip.carrier.example", []),
        ("127.0.0.1", "8.8.8.8", []),
        # Sources.
        ("10.0.0.0/8", "10.0.0.0/7", [(*TRUNK, "sources", 0)]),
        ("10.0.0.0/8", "203.0.113.9", [(*TRUNK, "sources", 0)]),
        ('["10.0.0.0/8"]', '["0.0.0.0/0", "::/0"]', [(*TRUNK, "sources", i) for i in (0, 1)]),
        # Where calls go: host, port, transport, in each spelling.
        ("5080", "24095", [(*TRUNK, "host")]),
        ("port = 5080", 'port = 5080\ntransport = "tcp"', [(*TRUNK, "host")]),
        ("127.0.0.1", "127.0.0.2", [(*TRUNK, "host")]),
        ("127.0.0.1", "127.1", [(*TRUNK, "host")]),
        ("127.0.0.1", "2130706433", [(*TRUNK, "host")]),
        ("127.0.0.1", "localhost", [(*TRUNK, "host")]),
        ("127.0.0.1", "10.0.0.5", [(*TRUNK, "host")]),
        ("127.0.0.1", "169.254.169.254", [(*TRUNK, "host")]),
        ("127.0.0.1", "::1", [(*TRUNK, "host")]),
        ("127.0.0.1", "::ffff:127.0.0.1", [(*TRUNK, "host")]),
        ('"127.0.0.1"\nport = 5080', '"8.8.8.8"\nport = 25', [(*TRUNK, "host")]),
        # SIP addresses.
        ('ring = ["101"]', 'ring = ["sip:a@sip.other.example"]', []),
        ('ring = ["101"]', 'ring = ["sip:a@127.0.0.1:24095"]', [("schemes", 0, "steps")]),
        ('name = "Acme"', 'name = "Acme"\nfallback = "sip:a@10.0.0.5"', [("project", "fallback")]),
        (
            'name = "Acme"',
            'name = "Acme"\nallowed_sip_hosts = ["pbx.example", "127.0.0.1", "localhost"]',
            [("project", "allowed_sip_hosts", i) for i in (1, 2)],
        ),
    ],
)
def test_who_is_held_to_one_project_widens_neither_who_calls_nor_who_is_called(
    old: str, new: str, places: list[tuple[str | int, ...]]
) -> None:
    wished = TRUNKED.replace(old, new, 1)
    assert wished != TRUNKED or old == new

    async def scenario() -> None:
        store = await SqliteStore.open(None)
        assert isinstance(await apply_project(store, TRUNKED), Applied)
        told = await apply_project(store, wished, only="acme")
        found = told.mistakes if isinstance(told, Mistakes) else ()
        assert [mistake.path for mistake in found] == places
        assert all(
            "opened by the operator" in m.problem or "allowed by" in m.problem for m in found
        )
        assert isinstance(await apply_project(store, wished), Applied)
        await store.close()

    run(scenario())


def test_who_is_held_to_one_project_is_not_told_who_has_a_number() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await apply_project(store, MINIMAL)
        told = str(await check_project(store, OTHER, only="other"))
        assert told.count("belongs to another project") == 2
        assert "acme" not in told
        await store.close()

    run(scenario())


class Counting:
    """A store that counts which versions are read whole."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def projects(self) -> tuple[StoredProject, ...]:
        self.read.append("all")
        return await self._store.projects()

    async def latest_project(self, project_id: str) -> StoredProject | None:
        self.read.append(project_id)
        return await self._store.latest_project(project_id)


@pytest.mark.row("FC-01")
def test_applying_one_project_reads_no_other() -> None:
    async def scenario() -> None:
        store = Counting(await SqliteStore.open(None))
        await apply_project(cast("SqliteStore", store), MINIMAL)
        assert store.read == ["acme", "all"], "once: which names there are is not known yet"
        store.read.clear()
        refused = await apply_project(cast("SqliteStore", store), OTHER)
        assert isinstance(refused, Mistakes)
        assert "belongs to project acme" in str(refused)
        await apply_project(cast("SqliteStore", store), MINIMAL.replace("Acme", "Acme Ltd"))
        assert store.read == ["other", "acme"]
        await store.close()

    run(scenario())


@pytest.mark.row("FC-01")
def test_the_names_of_projects_that_an_older_release_stored_are_known() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.save_project("acme", MINIMAL)  # as an older release did: without names
        refused = await apply_project(store, OTHER)
        assert "belongs to project acme" in str(refused)
        await store.close()

    run(scenario())


@pytest.mark.row("FC-01")
def test_two_files_with_one_number_that_are_applied_at_once_are_not_both_taken() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        both = await asyncio.gather(
            apply_project(store, MINIMAL), apply_project(store, OTHER), return_exceptions=True
        )
        taken = [one for one in both if isinstance(one, Applied)]
        assert len(taken) == 1
        assert len(await store.projects()) == 1
        await store.close()

    run(scenario())
