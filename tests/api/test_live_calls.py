"""A project's calls are followed as they run: all that run first, then what becomes of them; nothing is missed."""

from __future__ import annotations

import json

import pytest

from tests.api.test_call_list import keep
from tests.api.test_events import Reader, publish
from tests.conformance.test_call_list import made
from tests.support.loop import run
from tests.support.web import serving

LIVE = "/api/calls/live"


def fields(chunk: bytes) -> dict[str, str]:
    """Read the one event of a chunk."""
    (block,) = (one for one in chunk.decode().split("\n\n") if "data: " in one)
    return dict(line.split(": ", 1) for line in block.splitlines())


def test_what_runs_comes_first_and_then_what_happens() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a", "b")
            await keep(web, made("now", outcome=None), made("over"))
            await keep(web, made("theirs", outcome=None), project="other")
            async with Reader(web, "calls", LIVE).connected() as reader:
                first = fields(await reader.chunk())
                assert (first["event"], first["id"]) == ("calls.running", "2")
                told = [one["id"] for one in json.loads(first["data"])["calls"]]
                assert "now" in told
                assert not {"over", "theirs"} & {*told}
                await publish(web, "c")
                assert await reader.events(1) == ["c.1"]

    run(scenario())


def test_who_comes_again_gets_what_came_meanwhile() -> None:
    async def scenario() -> None:
        async with serving() as web:
            reader = Reader(web, "calls", LIVE)
            async with reader.connected():
                assert fields(await reader.chunk())["event"] == "calls.running"
                await publish(web, "a")
                assert await reader.events(1) == ["a.1"]
            await publish(web, "b", "c")
            async with reader.connected():
                assert await reader.events(2) == ["b.1", "c.1"]

    run(scenario())


@pytest.mark.parametrize("last", ["99", "nonsense"])
def test_who_was_away_too_long_gets_all_that_run_once_more(last: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a")
            await keep(web, made("now", outcome=None))
            reader = Reader(web, "calls", LIVE)
            reader.last = last
            async with reader.connected():
                first = fields(await reader.chunk())
                assert (first["event"], first["id"]) == ("calls.running", "1")

    run(scenario())


@pytest.mark.parametrize(("key", "status"), [("", 401), ("events", 403), ("calls", 200)])
def test_it_takes_a_token_for_calls(key: str, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("HEAD", LIVE, key=key)).status == status

    run(scenario())


def test_a_project_that_keeps_no_events_says_so() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.keeps_events = False
            answer = await web.ask("GET", LIVE, key="calls")
            assert answer.status == 409
            assert "[event_stream] with keep = true" in answer.json["detail"]

    run(scenario())
