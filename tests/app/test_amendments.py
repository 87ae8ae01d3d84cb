"""What becomes known of a call late is told of it, while it runs and after its end, once, and to its project alone."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.app.amendments import Amendments
from switchhook.app.application import Application, open_application
from switchhook.app.ended_calls import EndedCallReader
from switchhook.domain.event_stream import EventStream, StreamWebhook
from switchhook.domain.project import ProjectSnapshot
from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.drivers.simulator.driver import SimulatedDriver
from switchhook.drivers.simulator.script import answering
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.routing.admission import OfferedCall
from switchhook.routing.events import LateFacts, RecordingFinished
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.http import HttpRequest
from tests.conformance.drivers import Memory
from tests.conformance.test_event_stream import check
from tests.conformance.test_notifications import Life, Story, switchboard
from tests.support.loop import run
from tests.support.snapshots import MARY, ring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DOCUMENT = """
[project]
id = "acme"
name = "Acme"

[event_stream]
keep = true

[[trunks]]
name = "carrier"
host = "192.0.2.9"

[[numbers]]
number = "380442223344"
scheme = 1

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
hang_up = 486
"""
OFFERED = OfferedCall(
    caller="380671112233", caller_name="", callee="380442223344", trunk="carrier", project="acme"
)
GOOGLE = LateFacts(facts=(("source", "google"), ("custom:deal", "Угода 17")))


@asynccontextmanager
async def an_ended_call(tmp_path: Path) -> AsyncIterator[tuple[Application, str, Amendments]]:
    """Run a server whose only call has ended."""
    store = await SqliteStore.open(tmp_path / DATABASE)
    await apply_project(store, DOCUMENT)
    await store.close()
    async with open_application(Settings(data_dir=tmp_path, sip_port=0, web_host="")) as app:
        call = app.switchboard.arrived(OFFERED)
        assert isinstance(call, str)
        await app.switchboard.idle()
        yield app, call, Amendments(app.ended_calls, app.switchboard)


def test_a_recording_that_a_slow_disk_finishes_late_is_told_as_an_amendment(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path) as (app, call, _):
            made = RecordingFinished(recording="r1", seconds=5.0, path="r1.wav")
            for _ in range(2):
                app.switchboard.handle(call, made)
                app.switchboard.handle("nobody", made)
            while (last := (await stream(app))[-1])["type"] != "call.amended":  # noqa: ASYNC110 -- a stored list
                await asyncio.sleep(0.01)
            assert last["changes"] == [{"field": "recordings", "before": None, "after": "r1"}]
            assert [one["id"] for one in last["call"]["recordings"]] == ["r1"]
            await app.switchboard.idle()
            types = [one["type"] for one in await stream(app)]
            assert types.count("call.amended") == 1
            entries = await app.store.journal(call)
            assert entries[-1].text == "r1.wav"

    run(scenario())


async def stream(app: Application) -> list[dict[str, Any]]:
    page = await app.store.stream_events("acme", after=0, limit=100)
    return [json.loads(one.body) for one in page.events]


def test_an_ended_call_is_amended_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path) as (app, call, amendments):
            assert await amendments.amend("acme", call, GOOGLE)
            events = await stream(app)
            check(events)
            assert [one["type"] for one in events] == ["call.created", "call.ended", "call.amended"]
            assert events[-1]["changes"] == [
                {"field": "facts.source", "before": None, "after": "google"},
                {"field": "facts.custom:deal", "before": None, "after": "Угода 17"},
            ]
            assert events[-1]["call"]["facts"].items() >= dict(GOOGLE.facts).items()
            assert events[-1]["call"]["outcome"] == events[-2]["call"]["outcome"]
            later = LateFacts(facts=(("source", "bing"),))
            assert await amendments.amend("acme", call, later)
            change = {"field": "facts.source", "before": "google", "after": "bing"}
            assert (await stream(app))[-1]["changes"] == [change]
            assert await amendments.amend("acme", call, later)  # nothing new
            assert len(await stream(app)) == 4
            journal = await app.store.journal(call)
            assert [one.text for one in journal][-2:] == [
                "told of the call: source, custom:deal",
                "told of the call: source",
            ]
            assert not app.switchboard.calls

    run(scenario())


def test_a_call_of_a_former_version_is_amended_by_that(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path) as (app, call, _):
            amendments = Amendments(
                EndedCallReader(app.store, "127.0.0.1", lambda _: None), app.switchboard
            )
            for deal in ("1", "2"):
                late = LateFacts(facts=(("custom:deal", deal),))
                assert await amendments.amend("acme", call, late)
            check(await stream(app))
            row = await app.store.call(call)
            assert row is not None
            assert row.snapshot == ("acme", 1)

    run(scenario())


def test_amendments_at_once_come_one_after_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path) as (app, call, amendments):
            facts = [LateFacts(facts=((f"custom:{n}", str(n)),)) for n in range(20)]
            done = await asyncio.gather(*(amendments.amend("acme", call, one) for one in facts))
            assert all(done)
            events = await stream(app)
            check(events)
            assert len(events) == 22
            assert (
                events[-1]["call"]["facts"].items()
                >= {f"custom:{n}": str(n) for n in range(20)}.items()
            )

    run(scenario())


@pytest.mark.parametrize(("project", "call"), [("other", ""), ("acme", "1.2")])
def test_what_is_no_call_of_the_project_is_not_amended(
    tmp_path: Path, project: str, call: str
) -> None:
    async def scenario() -> None:
        async with an_ended_call(tmp_path) as (app, known, amendments):
            assert not await amendments.amend(project, call or known, GOOGLE)
            assert len(await stream(app)) == 2

    run(scenario())


def test_a_running_call_is_amended_in_its_turn() -> None:
    async def scenario() -> None:
        story = Story(steps=(ring(MARY),), phones={"mary": answering(2.0, talks=10.0)}, told=())
        project = replace(
            story.snapshot.project,
            event_stream=EventStream(keep=True),
            stream_webhooks=(StreamWebhook(name="erp", url="https://erp.example/"),),
        )
        clock, memory = VirtualClock(1_760_000_000.0), Memory(b"{}")
        driver = SimulatedDriver(clock, story.phones)
        driver.place(story.caller)
        within = ProjectSnapshot(project)
        async with AsyncExitStack() as stack:
            board = switchboard(within, driver, memory, Life(clock))
            await board.start(stack, lambda _project, _version: within)
            await clock.run(clock.now() + 5.0)
            assert not board.amend("c1", GOOGLE, project="other")
            assert board.amend("c1", GOOGLE, project="shop")
            await clock.run(clock.now() + 1000.0)
            assert not board.amend("c1", GOOGLE, project="shop")
        bodies = [
            json.loads(one.request.body)
            for one in memory.deliveries
            if isinstance(one.request, HttpRequest)
        ]
        events = [one for one in bodies if "sequence" in one]
        check(events)
        types = [one["type"] for one in events]
        assert (
            types.index("call.answered") < types.index("call.amended") < types.index("call.ended")
        )
        assert events[-1]["call"]["facts"]["source"] == "google"

    run(scenario())
