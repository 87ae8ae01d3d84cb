"""A scenario is a draft until it is activated; an activation is one change, undoes nothing and says whose it was."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.delivery.http.sender import Sender
from switchhook.domain.failure import FailureKind
from switchhook.domain.project import Project
from switchhook.domain.tracking.call_tracking import Slot, TrackingScenario
from switchhook.operations.project_versions import NoSuchProjectError, export_project
from switchhook.operations.projects import Applied, apply_project
from switchhook.operations.scenario import (
    NoDraftError,
    NothingToTestError,
    OutdatedDraftError,
    ScenarioState,
    UnchangedDraftError,
    activate_scenario,
    discard_draft,
    draft_scenario,
    show_scenario,
    try_scenario,
)
from switchhook.projectfile.file import read_project
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.records import StoredScenario
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.receivers.base import Receiver
from tests.support.receivers.roistat import ROISTAT
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TRACKED = MINIMAL + '\n[call_tracking]\nafter_url = "http://file.example/"\n'
LOCAL = MINIMAL.replace('name = "Acme"', 'name = "Acme"\nallowed_networks = ["127.0.0.0/8"]')


@asynccontextmanager
async def applied(*files: str) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(None)
    for file in files:
        assert isinstance(await apply_project(store, file), Applied)
    try:
        yield store
    finally:
        await store.close()


async def draft(store: SqliteStore, by: str = "anna", **changes: Any) -> ScenarioState:
    made = await draft_scenario(store, "acme", changes, by=by, now=10.0)
    assert isinstance(made, ScenarioState), str(made)
    return made


@pytest.mark.row("S-62", "R4-42", "R4-43", "R4-44", "N-13")
def test_what_is_set_is_a_draft_and_shown_whole_and_changes_no_version() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            made = await draft(store, after_url="crm.example/roistat")
            assert made.draft == TrackingScenario(after_url="http://crm.example/roistat")
            assert (made.active, made.version) == (TrackingScenario(), 1)
            assert (made.drafted_by, made.drafted_at, made.is_outdated) == ("anna", 10.0, False)
            both = await draft(store, "boris", moment_url="http://crm.example/m")
            assert both.draft == TrackingScenario(
                moment_url="http://crm.example/m", after_url="http://crm.example/roistat"
            )
            assert both.drafted_by == "boris"
            assert await show_scenario(store, None) == both
            assert dict(await store.project_versions()) == {"acme": 1}

    run(scenario())


@pytest.mark.row("S-62", "R4-43", "R4-47", "R4-48")
def test_an_activation_is_a_version_of_the_project_and_says_whose_it_was() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url="http://one.example/")
            with capture_logs() as logs:
                first = await activate_scenario(store, "acme", by="anna over the API")
            assert first.active.after_url == "http://one.example/"
            assert (first.version, first.draft) == (2, None)
            assert first.activated_by == "anna over the API"
            assert {"project": "acme", "version": 2, "by": "anna over the API"}.items() <= logs[
                -1
            ].items()
            assert logs[-1]["event"] == "scenario activated"
            await draft(store, after_url="http://two.example/")
            assert (await activate_scenario(store, "acme", by="anna")).active.after_url == (
                "http://two.example/"
            )
            await draft(store, after_url="")
            off = await activate_scenario(store, "acme", by="boris")
            assert not off.active.is_on
            assert (off.version, off.activated_by) == (4, "boris")
            assert (await apply_project(store, MINIMAL)) == Applied(
                project="acme", version=4, is_new=False
            )

    run(scenario())


@pytest.mark.row("R4-46", "S-72")
def test_an_address_that_cannot_be_reached_is_noted_before_anything_is_sent() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            made = await draft(store, after_url="http://10.0.0.5/roistat")
            (note,) = made.notes
            assert note.startswith("call tracking's after_url cannot reach 10.0.0.5: it lies in")
            good = await draft(store, after_url="http://crm.example/roistat")
            assert good.notes == ()

    run(scenario())


def test_a_draft_that_says_what_is_active_is_not_activated() -> None:
    async def scenario() -> None:
        async with applied(TRACKED) as store:
            await draft(store, after_url="file.example/")
            with pytest.raises(UnchangedDraftError, match="says what is active already"):
                await activate_scenario(store, "acme", by="anna")
            shown = await show_scenario(store, "acme")
            assert (shown.version, shown.activated_by) == (1, "")
            assert shown.draft is not None
            await draft(store, retries=1)
            done = await activate_scenario(store, "acme", by="anna")
            assert (done.version, done.draft, done.activated_by) == (2, None, "anna")

    run(scenario())


@pytest.mark.row("S-62", "R4-43")
def test_an_activation_never_undoes_what_a_file_changed_meanwhile() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url="http://draft.example/")
            await apply_project(store, TRACKED)
            shown = await show_scenario(store, "acme")
            assert shown.is_outdated
            assert shown.active.after_url == "http://file.example/"
            with pytest.raises(OutdatedDraftError, match="was changed since this draft was begun"):
                await activate_scenario(store, "acme", by="anna")
            kept = await show_scenario(store, "acme")
            assert kept.draft == TrackingScenario(after_url="http://draft.example/")
            await discard_draft(store, "acme", by="anna", now=11.0)
            await draft(store, moment_url="http://draft.example/")
            done = await activate_scenario(store, "acme", by="anna")
            assert done.active == TrackingScenario(
                moment_url="http://draft.example/", after_url="http://file.example/"
            )

    run(scenario())


def test_a_file_that_changes_other_things_leaves_the_draft_good() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url="http://draft.example/")
            await apply_project(store, MINIMAL.replace("Acme", "Acme Ltd"))
            done = await activate_scenario(store, "acme", by="anna")
            project = read_project(await export_project(store, "acme"))
            assert isinstance(project, Project)
            assert (project.name, project.scenario) == ("Acme Ltd", done.active)

    run(scenario())


@pytest.mark.row("R4-43")
def test_a_scenario_that_a_file_changed_is_nobodys_any_more() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url="http://draft.example/")
            await activate_scenario(store, "acme", by="anna")
            await apply_project(store, TRACKED)
            assert (await show_scenario(store, "acme")).activated_by == ""

    run(scenario())


def test_changes_at_once_lose_none_of_them() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            keys = ("moment_url", "after_url", "order_key", "user_agent")
            await asyncio.gather(*(draft(store, **{key: "http://a.example/"}) for key in keys))
            shown = (await show_scenario(store, "acme")).draft
            assert shown is not None
            assert shown.moment_url == shown.after_url == "http://a.example/"
            assert shown.policy.order_key == shown.user_agent == "http://a.example/"

    run(scenario())


def test_an_activation_and_files_at_once_lose_neither() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url="http://draft.example/")
            names = [f"Acme {number}" for number in range(5)]
            await asyncio.gather(
                activate_scenario(store, "acme", by="anna"),
                *(apply_project(store, MINIMAL.replace("Acme", name)) for name in names),
            )
            project = read_project(await export_project(store, "acme"))
            assert isinstance(project, Project)
            assert project.scenario.after_url == "http://draft.example/"
            assert project.name in names

    run(scenario())


@pytest.mark.row("R4-45", "A-43", "S-62")
@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        (
            {"after_url": ["http://a", "http://b"]},
            "after_url: notifications can be sent only to one destination address; write one URL",
        ),
        (
            {"after_url": "http://a, http://b"},
            "after_url: notifications can be sent only to one destination address; write one URL",
        ),
        ({"after_url": 7}, "after_url: a number is not text; write it in quotes"),
        ({"aftr_url": ""}, "aftr_url: unknown key; did you mean after_url?"),
        (
            {"statuses": [{"outcome": "busy"}]},
            (
                'statuses[0]: status is missing; write "ANSWER", "BUSY", "NOANSWER", "CANCEL",'
                ' "CONGESTION", "CHANUNAVAIL", "DONTCALL", "TORTURE"'
            ),
        ),
        ({"statuses": "BUSY"}, "statuses: text is not a list; write it in [ ]"),
        ({"retries": 11}, "retries: 11 is more than 10; allowed are 0 to 10"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(changes: dict[str, Any], mistake: str) -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            found = await draft_scenario(store, "acme", changes, by="anna", now=1.0)
            assert isinstance(found, Mistakes)
            assert str(found) == mistake
            assert (await show_scenario(store, "acme")).draft is None

    run(scenario())


def test_null_stands_for_the_default() -> None:
    async def scenario() -> None:
        async with applied(TRACKED) as store:
            made = await draft(store, after_url=None, retries=3)
            assert made.draft is not None
            assert (made.draft.after_url, made.draft.policy.retries) == ("", 3)

    run(scenario())


def test_without_a_draft_or_a_project_there_is_nothing_to_activate() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            with pytest.raises(NoDraftError, match="has no draft of its scenario"):
                await activate_scenario(store, "acme", by="anna")
            with pytest.raises(NoDraftError):
                await discard_draft(store, "acme", by="anna", now=1.0)
            with pytest.raises(NoSuchProjectError):
                await show_scenario(store, "nobody")

    run(scenario())


def test_a_draft_of_a_later_release_can_be_discarded() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            later = StoredScenario(project="acme", draft="[call_tracking]\nnew = 1\n[base]\n")
            assert await store.save_draft(later, revision=0)
            assert not await store.save_draft(later, revision=0)
            state = await discard_draft(store, "acme", by="anna", now=1.0)
            assert state.draft is None

    run(scenario())


@pytest.mark.row("R4-46", "R4-38", "S-60", "T-06")
def test_a_test_sends_the_sample_to_each_address_of_the_draft() -> None:
    async def scenario(web: Endpoint) -> None:
        async with applied(LOCAL) as store:
            await draft(store, moment_url=web.url("/m"), after_url=web.url("/a"), send_id=False)
            sender = Sender()
            moment, after = await try_scenario(
                sender.exchange, store, "acme", product="UA", now=1.0
            )
            await sender.close()
            assert (moment.slot, after.slot) == (Slot.MOMENT, Slot.AFTER)
            assert moment.failure is None
            assert [moment.request, after.request] == [one.raw for one in web.ledger.requests]
            assert after.response is not None
            assert (after.response.status, after.response.body) == (200, b"")
            assert after.address == web.authority

    with Receiver(ROISTAT) as web:
        run(scenario(web))
        assert (len(web.accepted), web.refused) == (2, [])


@pytest.mark.row("R4-46", "T-14")
def test_a_test_goes_with_credentials_which_no_result_shows() -> None:
    async def scenario(web: Endpoint) -> None:
        async with applied(LOCAL) as store:
            await draft(store, after_url=web.url("/a/{secret}"), token="t0ken", url_secret="s3cret")
            sender = Sender()
            (one,) = await try_scenario(sender.exchange, store, "acme", product="UA", now=1.0)
            await sender.close()
            (came,) = web.ledger.requests
            assert came.target == "/a/s3cret"
            assert came.header("Authorization") == "Bearer t0ken"
            shown = repr(one)
            assert "****" in shown
            assert [secret for secret in ("s3cret", "t0ken") if secret in shown] == []

    with Endpoint(lambda request: reply(request.raw)) as web:
        run(scenario(web))


@pytest.mark.row("R4-46", "S-72")
def test_a_test_goes_under_the_address_guard_and_says_why_nothing_arrives() -> None:
    async def scenario(web: Endpoint) -> None:
        async with applied(MINIMAL) as store:
            await draft(store, after_url=web.url("/a"))
            sender = Sender()
            (one,) = await try_scenario(sender.exchange, store, "acme", product="UA", now=1.0)
            await sender.close()
            assert one.failure is not None
            assert one.failure.kind is FailureKind.ADDRESS_REFUSED
            assert one.response is None

    with Endpoint(lambda _: reply()) as web:
        run(scenario(web))
        assert web.ledger.requests == []


def test_a_refused_sample_shows_the_answer() -> None:
    async def scenario(web: Endpoint) -> None:
        async with applied(LOCAL) as store:
            await draft(store, after_url=web.url("/a"))
            await activate_scenario(store, "acme", by="anna")
            sender = Sender()
            (one,) = await try_scenario(sender.exchange, store, "acme", product="UA", now=1.0)
            await sender.close()
            assert one.failure is not None
            assert one.failure.kind is FailureKind.STATUS
            assert one.response is not None
            assert (one.response.status, one.response.body) == (404, b"no such page")

    with Endpoint(lambda _: reply("no such page", status="404 Not Found")) as web:
        run(scenario(web))


def test_without_an_address_nothing_is_tested() -> None:
    async def scenario() -> None:
        async with applied(MINIMAL) as store:
            with pytest.raises(NothingToTestError):
                await try_scenario(Sender().exchange, store, "acme", product="UA", now=1.0)

    run(scenario())
