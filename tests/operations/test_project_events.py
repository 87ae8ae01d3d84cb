"""Events of a project are listed, copied as drafts that are marked, saved by themselves, and the built-in one is locked."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.event import (
    BUILT_IN,
    FOREIGN_KINDS,
    EventKind,
    GoogleAnalytics,
    ProjectEvent,
)
from switchhook.domain.project import Project
from switchhook.operations.document import resources as module
from switchhook.operations.document.resources import (
    Changing,
    LockedResourceError,
    ResourceChanged,
    put_resource,
    remove_resource,
)
from switchhook.operations.project_events import (
    EventTextError,
    NoSuchEventError,
    copy_event,
    event_rows,
    find_event,
    save_event,
)
from switchhook.operations.projects import apply_project
from switchhook.projectfile.file import read_project, write_event, write_project
from switchhook.projectfile.resources import plain_document, rewritten
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.parameters import CATALOGUE, OF_FOREIGN, ONLY_FOREIGN
from switchhook.webhooks.told import OF_ANSWER, OF_END, OF_INCOMING, why_unknown
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FILE = MINIMAL.replace(
    """
[[events.webhooks]]
url = "https://crm.example/told"
""",
    """filter = { outcomes = ["missed"], departments = ["Sales"] }

[[events.webhooks]]
name = "crm"
url = "https://user-key.crm.example/told?key=hunter2&c={call_count}"
headers = [{ name = "Auth-Key", value = "sesame" }]
parameters = [
  { name = "status", value = "status" },
  { name = "length", value = "full_length" },
  { name = "call", object = [{ name = "talk", value = "conversation" }, { name = "by", value = "caller_id" }] },
]

[[events.mails]]
to = ["desk@example.com", "boss@example.com"]
subject = "{{caller_id}} rated {{rating}}"
""",
)
SECOND = '[[events]]\nname = "more"\nevent = "incoming.before"\n\n[[events.webhooks]]\nurl = "https://x.example/"\n'


def project(text: str = FILE) -> Project:
    found = read_project(text)
    assert isinstance(found, Project), str(found)
    return found


@pytest.mark.row("R2-16", "R2-17", "R2-39", "S-48")
def test_the_table_has_the_built_in_event_and_those_of_the_project() -> None:
    built_in, told = event_rows(project())

    assert (built_in.name, built_in.event, built_in.state) == (
        BUILT_IN,
        EventKind.INCOMING_AFTER,
        "not configured",
    )
    assert (built_in.is_built_in, told.is_built_in) == (True, False)
    assert built_in.actions[0].to == "https://www.google-analytics.com"
    assert (told.name, told.state, told.is_filtered) == ("told", "active", True)
    assert [(one.name, one.to, one.format) for one in told.actions] == [
        ("crm", "https://user-key.crm.example", "json"),
        ("told 2", "desk@example.com, boss@example.com", "mail"),
    ]
    assert "hunter2" not in repr(event_rows(project()))


@pytest.mark.row("S-48")
def test_the_built_in_event_is_active_once_it_is_set_up() -> None:
    analytics = GoogleAnalytics(measurement_id="G-TEST", api_secret="sesame")

    assert event_rows(replace(project(), google_analytics=analytics))[0].state == "active"


def test_an_unknown_event_is_named_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchEventError, match=r"no event 'tolt'; did you mean told\?"):
        find_event(project(), "tolt")
    with pytest.raises(NoSuchEventError, match="known are Google Analytics, told"):
        copy_event(project(), "x" * 40, to=EventKind.INCOMING_AFTER)


@pytest.mark.row("R2-40", "R2-41", "S-49")
def test_a_copy_is_like_the_original_but_for_its_event_and_its_names() -> None:
    original = find_event(project(), "told")
    draft = copy_event(project(), "told", to=EventKind.OUTGOING_AFTER)

    assert draft.event.event is EventKind.OUTGOING_AFTER
    assert [one.name for one in (draft.event, *draft.event.actions)] == [
        "told copy",
        "crm copy",
        "told copy 2",
    ]
    for copied, was in zip(draft.event.actions, original.actions, strict=True):
        assert replace(copied, name=was.name) == was
    assert draft.event.filter == original.filter


@pytest.mark.row("R2-41", "S-49")
def test_what_does_not_fit_the_new_event_is_marked() -> None:
    at = "which has no value at outgoing.before"
    turned = "which is at outgoing.before the account that calls: destination_id is the number that it calls"
    draft = copy_event(project(), "told", to=EventKind.OUTGOING_BEFORE, new_name="early")

    assert draft.marks == (
        "outcomes is not known yet at the time of outgoing.before: left out of the filter",
        f"'crm copy' sends call_count, {at}: only incoming calls have it",
        f"'crm copy' sends full_length, {at}: it is known after the call",
        f"'crm copy' sends conversation, {at}: it is known from the answer on",
        f"'early 2' sends rating, {at}: only incoming calls have it",
        f"'crm copy' sends caller_id, {turned}",
        f"'early 2' sends caller_id, {turned}",
    )
    assert draft.event.filter.outcomes == ()
    assert draft.event.filter.departments == ("Sales",)
    assert read_project(f"{FILE}\n{write_event(draft.event)}") == with_event(draft.event)


@pytest.mark.row("R2-40")
def test_a_copy_keeps_the_names_that_people_gave_to_actions() -> None:
    once = copy_event(project(), "told", to=EventKind.INCOMING_AFTER).event
    twice = copy_event(with_event(once), "told", to=EventKind.INCOMING_AFTER).event

    assert once.webhooks[0].name == "crm copy"
    assert twice.webhooks[0].name == "crm copy 2"
    assert 'name = "crm copy"' in write_event(once)


@pytest.mark.row("R2-41")
def test_a_copy_for_the_same_event_has_no_marks() -> None:
    assert copy_event(project(), "told", to=EventKind.INCOMING_AFTER).marks == ()


def test_every_parameter_that_is_marked_is_one_and_fits_the_event_that_has_most() -> None:
    assert CATALOGUE.keys() >= OF_END | OF_ANSWER | OF_INCOMING
    unknown = {key for key in CATALOGUE if why_unknown(key, EventKind.INCOMING_AFTER)}
    assert unknown == ONLY_FOREIGN
    for kind in FOREIGN_KINDS:
        assert {key for key in CATALOGUE if not why_unknown(key, kind)} == OF_FOREIGN
    assert why_unknown("caller_id", EventKind.OUTGOING_BEFORE) == ""
    assert why_unknown("rating", EventKind.INCOMING_PICKUP) == "it is known after the rating"
    assert why_unknown("rating", EventKind.INCOMING_RATED) == ""


@pytest.mark.row("S-49")
def test_a_copy_s_name_is_free() -> None:
    once = copy_event(project(), "told", to=EventKind.INCOMING_AFTER).event
    twice = copy_event(with_event(once), "told", to=EventKind.INCOMING_AFTER).event

    assert (
        twice.name == "told copy 3"
    )  # the second action of the first copy is called `told copy 2`
    for taken in ("told", BUILT_IN):
        with pytest.raises(EventTextError, match=f"an event '{taken}' already"):
            copy_event(project(), "told", to=EventKind.INCOMING_AFTER, new_name=taken)


@pytest.mark.row("S-48", "A-24")
def test_the_built_in_event_is_copied_and_the_copy_is_an_ordinary_row() -> None:
    analytics = GoogleAnalytics(measurement_id="G-TEST", api_secret="sesame", delay=60)
    set_up = replace(project(), google_analytics=analytics)
    draft = copy_event(set_up, BUILT_IN, to=EventKind.INCOMING_AFTER, new_name="mine")
    both = replace(set_up, events=(*set_up.events, draft.event))

    assert read_project(write_project(both)) == both
    (_, own) = both.events
    assert own.webhooks[0].format == analytics.event.webhooks[0].format


@pytest.mark.row("S-48", "R2-17")
def test_the_built_in_event_is_neither_changed_nor_removed() -> None:
    how = Changing()

    async def scenario() -> None:
        async for store in stored():
            with pytest.raises(
                LockedResourceError, match="built-in: it is neither changed nor removed"
            ):
                await put_resource(store, "acme", "events", BUILT_IN, {}, how=how)
            with pytest.raises(LockedResourceError, match="set it up in"):
                await remove_resource(store, "acme", "events", BUILT_IN, how=how)

    run(scenario())


def with_event(event: ProjectEvent) -> Project:
    """Return the project with one more event."""
    return replace(project(), events=(*project().events, event))


async def stored(text: str = FILE) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(None)
    await store.save_project("acme", text)
    yield store
    await store.close()


async def events_in(store: SqliteStore) -> list[str]:
    latest = await store.latest_project("acme")
    assert latest is not None
    return [event.name for event in project(latest.document).events]


@pytest.mark.row("R2-42", "S-49")
def test_a_copy_is_stored_when_it_is_saved_and_each_is_changed_by_itself() -> None:
    async def scenario() -> None:
        async for store in stored():
            draft = copy_event(project(), "told", to=EventKind.OUTGOING_AFTER, new_name="out")
            assert await events_in(store) == ["told"]
            saved = await save_event(store, None, write_event(draft.event), Changing())
            assert isinstance(saved, ResourceChanged)
            assert (saved.applied.version, saved.applied.is_new) == (2, True)
            assert await events_in(store) == ["told", "out"]
            changed = write_event(draft.event).replace("desk@example.com", "out@example.com")
            await save_event(store, "acme", changed, Changing())
            latest = await store.latest_project("acme")
            assert latest is not None
            told, out = project(latest.document).events
            assert told == find_event(project(), "told")
            assert out.mails[0].to == ("out@example.com", "boss@example.com")
            removed = await remove_resource(store, "acme", "events", "told", how=Changing())
            assert isinstance(removed, ResourceChanged)
            assert await events_in(store) == ["out"]

    run(scenario())


def test_an_event_is_read_and_its_project_written_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beside: list[bool] = []

    def noted(call: Callable[..., object]) -> Callable[..., object]:
        def run_noted(*args: object, **options: object) -> object:
            beside.append(threading.current_thread() is not threading.main_thread())
            return call(*args, **options)

        return run_noted

    monkeypatch.setattr(module, "plain_document", noted(plain_document))
    monkeypatch.setattr(module, "rewritten", noted(rewritten))

    async def scenario() -> None:
        async for store in stored():
            draft = copy_event(project(), "told", to=EventKind.OUTGOING_AFTER, new_name="out")
            await save_event(store, "acme", write_event(draft.event), Changing())
            assert beside == [True, True]

    run(scenario())


def test_a_file_that_is_applied_meanwhile_is_not_lost() -> None:
    async def scenario() -> None:
        async for store in stored():
            renamed = FILE.replace('"Acme"', '"Acme Ltd"')
            await asyncio.gather(
                save_event(store, "acme", SECOND, Changing()),
                apply_project(store, renamed),
                save_event(store, "acme", SECOND.replace("more", "most"), Changing()),
            )
            latest = await store.latest_project("acme")
            assert latest is not None
            versions = [await store.project("acme", n) for n in range(1, latest.version + 1)]
            made = [project(one.document) for one in versions if one is not None]
            assert made[-1].name == "Acme Ltd", "an event that is saved leaves what the file says"
            # The file says all events: one saved before it is gone with it, and had its version all the same.
            saved = [{event.name for event in one.events} - {"told"} for one in made]
            assert {"more", "most"} <= set().union(*saved)

    run(scenario())


def test_two_changes_at_once_both_count() -> None:
    async def scenario() -> None:
        async for store in stored():
            texts = [SECOND.replace("more", f"more {place}") for place in range(5)]
            await asyncio.gather(*(save_event(store, "acme", text, Changing()) for text in texts))
            assert len(await events_in(store)) == 6

    run(scenario())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SECOND.replace("incoming.before", "incoming.befour"),
            "line 3: events[0].event: 'incoming.b",
        ),
        (SECOND.replace("https", "ftp"), "line 6: events[0].webhooks[0].url: the URL begins with"),
        (SECOND.replace('name = "more"\n', ""), "events[0]: name is missing"),
        (
            SECOND.replace('"more"', '"told 2"'),
            "an action called 'told 2' stands already; give one of them another name",
        ),
        (
            SECOND.replace("url", 'name = "Google Analytics"\nurl'),
            "'Google Analytics' is the name of the built-in event; use another name",
        ),
    ],
)
def test_what_is_wrong_with_an_event_is_said_and_nothing_is_stored(text: str, said: str) -> None:
    async def scenario() -> None:
        async for store in stored():
            found = await save_event(store, "acme", text, Changing())
            assert isinstance(found, Mistakes)
            assert said in str(found)
            assert await events_in(store) == ["told"]

    run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events = 7",
        "events = []",
        f"{SECOND}\n{SECOND}",
        f'[project]\nid = "acme"\n\n{SECOND}',
        "[[events",
        "x = 1\n",
        "a" * 10_000,
    ],
)
def test_what_is_not_one_event_is_refused(text: str) -> None:
    async def scenario() -> None:
        async for store in stored():
            with pytest.raises(EventTextError, match=r"write one event|this is no TOML"):
                await save_event(store, "acme", text, Changing())

    run(scenario())


@pytest.mark.parametrize("text", ["events = [7]", 'events = ["a"]', "events = [[]]"])
def test_an_event_that_is_no_table_is_a_mistake(text: str) -> None:
    async def scenario() -> None:
        async for store in stored():
            found = await save_event(store, "acme", text, Changing())
            assert isinstance(found, Mistakes)
            assert "is not a table" in str(found)

    run(scenario())
