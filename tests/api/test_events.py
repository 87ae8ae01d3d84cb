"""A project's events are listed and followed from any place, without a gap, by whoever may, and by no other project."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from switchhook.api import events as api
from switchhook.api.stream_readers import MAX_READERS
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.event_stream import MAX_EVENTS, StreamPlace
from tests.support.loop import run
from tests.support.promises import call, ended, record, stream_event
from tests.support.web import KEYS, USER, Web, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchhook.domain.call import Call

EVENTS = "/api/events"
STREAM = "/api/events/stream"
ACME, OTHER = (ProjectSnapshot(Project(id=name, name=name.title())) for name in ("acme", "other"))


def of(snapshot: ProjectSnapshot, made: Call) -> Call:
    """Return a call of another project than that of the tests."""
    return replace(made, snapshot=snapshot)


async def publish(web: Web, *names: str, within: ProjectSnapshot = ACME, seq: int = 1) -> None:
    """Store one event for each call."""
    for name in names:
        event = stream_event(name, seq, project=within.project.id)
        await web.store.commit(record(of(within, call(name)), events=(event,)))


def ids(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["events"]]


# The list


def test_events_are_listed_from_a_place_on() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a", "b", "c")
            first = (await web.ask("GET", f"{EVENTS}?limit=2", key="events")).json
            assert (ids(first), first["is_more"]) == (["a.1", "b.1"], True)
            rest = (await web.ask("GET", f"{EVENTS}?after={first['next']}", key="events")).json
            assert (ids(rest), rest["is_more"]) == (["c.1"], False)
            again = (await web.ask("GET", f"{EVENTS}?after={rest['next']}", key="events")).json
            assert again == {"events": [], "next": rest["next"], "is_more": False}
            await publish(web, "d")
            new = (await web.ask("GET", f"{EVENTS}?after={rest['next']}", key="events")).json
            assert ids(new) == ["d.1"]

    run(scenario())


def test_the_two_words_are_places_too() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a", "b")
            assert ids((await web.ask("GET", f"{EVENTS}?after=oldest")).json) == ["a.1", "b.1"]
            newest = (await web.ask("GET", f"{EVENTS}?after=newest")).json
            assert newest == {"events": [], "next": "2", "is_more": False}

    run(scenario())


def test_a_type_can_be_chosen_and_the_place_moves_past_the_others() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a", "b")
            over = replace(stream_event("b", 2, project="acme"), type=StreamEventType.CALL_ENDED)
            await web.store.commit(record(of(ACME, call("b")), events=(over,)))
            page = (await web.ask("GET", f"{EVENTS}?types=call.ended,call.amended")).json
            assert (ids(page), page["next"]) == (["b.2"], "3")

    run(scenario())


@pytest.mark.row("T-03")
def test_a_project_sees_its_own_events_and_no_others() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a")
            await publish(web, "x", "y", within=OTHER)
            assert ids((await web.ask("GET", EVENTS, key="acme")).json) == ["a.1"]
            assert ids((await web.ask("GET", EVENTS, key="other")).json) == ["x.1", "y.1"]

    run(scenario())


@pytest.mark.parametrize("path", [EVENTS, STREAM])
def test_it_takes_a_token_of_the_scope(path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("GET", path, key="")).status == 401
            wrong = await web.ask("GET", path, key="hooks")
            assert (wrong.status, wrong.json["detail"]) == (
                403,
                "this token is good for subscriptions only; this needs one of scope events",
            )

    run(scenario())


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("after=-1", "after", "no place in the stream"),
        ("after=1.0", "after", "no place"),
        ("after=01", "after", "no place"),
        ("after=%D9%A1", "after", "no place"),
        ("after=" + "9" * 30, "after", "no place"),
        ("limit=0", "limit", f"from 1 to {MAX_EVENTS}"),
        (f"limit={MAX_EVENTS + 1}", "limit", "from 1 to"),
        ("limit=-5", "limit", "from 1 to"),
        ("limit=%C2%B2", "limit", "from 1 to"),
        ("limit=ten", "limit", "from 1 to"),
        ("types=call.vanished", "types", "there is no such type"),
    ],
)
def test_what_cannot_be_followed_is_400_and_names_the_parameter(
    query: str, field: str, words: str
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", f"{EVENTS}?{query}")
            assert (answer.status, answer.json["field"]) == (400, field)
            assert words in answer.json["detail"]

    run(scenario())


@pytest.mark.parametrize("path", [EVENTS, STREAM])
def test_a_reader_who_was_away_too_long_is_told_so(path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            for name, at in (("a", 100.0), ("b", 100.0), ("c", 300.0)):
                event = stream_event(name, project="acme")
                await web.store.commit(record(of(ACME, ended(name, at=at)), events=(event,)))
            assert await web.store.prune(before=200.0) == 2
            gone = await web.ask("GET", f"{path}?after=1")
            assert gone.status == 410
            assert "go on from oldest" in gone.json["detail"]
            assert ids((await web.ask("GET", f"{EVENTS}?after=2")).json) == ["c.1"]
            assert ids((await web.ask("GET", f"{EVENTS}?after=oldest")).json) == ["c.1"]

    run(scenario())


@pytest.mark.parametrize("size", [1, 100])
def test_who_begins_with_the_oldest_reads_all_that_is_kept_around_what_is_gone(size: int) -> None:
    """A long call keeps an early event, when those of a later one are gone already."""

    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "long")
            for name, at in (("a", 100.0), ("b", 100.0), ("c", 300.0)):
                event = stream_event(name, project="acme")
                await web.store.commit(record(of(ACME, ended(name, at=at)), events=(event,)))
            assert await web.store.prune(before=200.0) == 2
            found: list[str] = []
            place, more = "oldest", True
            while more:
                page = (await web.ask("GET", f"{EVENTS}?limit={size}&after={place}")).json
                found += ids(page)
                place, more = page["next"], page["is_more"]
            assert found == ["long.1", "c.1"]
            async with Reader(web).connected("?after=oldest") as reader:
                assert await reader.events(2) == found
            assert (await web.ask("GET", f"{EVENTS}?after=1")).status == 410  # there before

            assert await web.store.prune(before=400.0) == 1
            assert (await web.ask("GET", f"{EVENTS}?after=1-3")).status == 410
            assert ids((await web.ask("GET", f"{EVENTS}?after=1-4")).json) == []

    run(scenario())


def test_a_place_that_was_never_reached_is_of_another_database() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a")
            ahead = await web.ask("GET", f"{EVENTS}?after=2")
            assert ahead.status == 410
            assert "a backup was restored" in ahead.json["detail"]

    run(scenario())


@pytest.mark.parametrize("path", [EVENTS, STREAM])
def test_a_project_that_keeps_no_events_says_so(path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.keeps_events = False
            answer = await web.ask("GET", path)
            assert answer.status == 409
            assert "[event_stream] with keep = true" in answer.json["detail"]

    run(scenario())


def test_the_schema_is_there_for_everybody() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", "/api/events/schema", key="")
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("application/schema+json")
            jsonschema.Draft202012Validator.check_schema(answer.json)

    run(scenario())


def test_the_document_describes_it() -> None:
    async def scenario() -> None:
        async with serving() as web:
            paths = (await web.ask("GET", "/api/openapi.json", key="")).json["paths"]
            listed = paths[EVENTS]["get"]
            assert {one["name"] for one in listed["parameters"]} == {"after", "limit", "types"}
            assert {"200", "400", "401", "403", "409", "410"} <= listed["responses"].keys()
            assert "text/event-stream" in paths[STREAM]["get"]["responses"]["200"]["content"]
            schema = paths["/api/events/schema"]["get"]["responses"]["200"]
            assert "application/schema+json" in schema["content"]

    run(scenario())


# Server-sent events


async def nobody_reads(web: Web) -> None:
    """Return once no stream of the project is open."""
    while web.readers.of_project["acme"]:  # noqa: ASYNC110 (a stream ends without telling anybody)
        await asyncio.sleep(0.01)


class Reader:
    """A client of server-sent events, which remembers the last id as browsers do."""

    def __init__(self, web: Web, key: str = "events", path: str = STREAM) -> None:
        self._web = web
        self._path = path
        self._key = key
        self.last = ""
        self.status = 0
        self._reader: asyncio.StreamReader | None = None

    @asynccontextmanager
    async def connected(self, query: str = "", method: str = "GET") -> AsyncIterator[Reader]:
        """Connect, and read the head; `query` is put behind the path."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._web.port)
        last = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
        writer.write(
            f"{method} {self._path}{query} HTTP/1.1\r\nHost: a\r\n{last}"
            f"Authorization: Token {USER}:{KEYS[self._key]}\r\n\r\n".encode()
        )
        try:
            self.head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.status = int(self.head.split(" ")[1])
            self._reader = reader
            yield self
        finally:
            writer.transport.abort()

    async def chunk(self) -> bytes:
        """Return the next chunk of the body; nothing at its end."""
        assert self._reader is not None
        size = int(await self._reader.readline(), 16)
        body = await self._reader.readexactly(size)
        await self._reader.readexactly(2)
        return body

    async def events(self, most: int) -> list[str]:
        """Return the ids of the next events, as they stand in the data."""
        found: list[str] = []
        while len(found) < most:
            for block in (await self.chunk()).decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines())
                self.last = fields.get("id", self.last)
                if "data" in fields:
                    assert fields["event"] in set(StreamEventType)
                    found.append(fields["data"].split('"')[3])
        return found


def test_a_stream_begins_with_the_next_event_and_goes_on() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a")
            async with Reader(web).connected() as reader:
                assert "content-type: text/event-stream" in reader.head
                assert await reader.chunk() == b"retry: 3000\n\n"
                await publish(web, "b", "c")
                assert await reader.events(2) == ["b.1", "c.1"]
                await publish(web, "d")
                assert await reader.events(1) == ["d.1"]
                assert reader.last == "4"

    run(scenario())


def test_who_reconnects_gets_what_was_missed_and_nothing_twice() -> None:
    async def scenario() -> None:
        async with serving() as web:
            reader = Reader(web)
            async with reader.connected("?after=oldest"):
                await publish(web, "a", "b")
                assert await reader.events(2) == ["a.1", "b.1"]
            await publish(web, "c", "d")
            async with reader.connected("?after=oldest"):  # Last-Event-ID goes before it
                assert await reader.events(2) == ["c.1", "d.1"]
                await publish(web, "e")
                assert await reader.events(1) == ["e.1"]

    run(scenario())


@pytest.mark.row("T-03")
def test_two_projects_follow_each_its_own() -> None:
    async def scenario() -> None:
        async with (
            serving() as web,
            Reader(web).connected() as mine,
            Reader(web, key="other").connected() as others,
        ):
            await publish(web, "a")
            await publish(web, "x", within=OTHER)
            await publish(web, "b")
            assert await mine.events(2) == ["a.1", "b.1"]
            assert await others.events(1) == ["x.1"]

    run(scenario())


def test_a_silent_stream_has_heartbeats_that_bear_the_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT", 0.0)
    monkeypatch.setattr(api, "LOOK", 0.02)

    async def scenario() -> None:
        async with serving() as web:
            await publish(web, "a")
            async with Reader(web).connected("?types=call.ended&after=oldest") as reader:
                await reader.chunk()
                assert await reader.chunk() == b": heartbeat\nid: 1\n\n"

    run(scenario())


def test_a_revoked_or_expired_token_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "HEARTBEAT", 0.0)
    monkeypatch.setattr(api, "LOOK", 0.02)

    async def scenario() -> None:
        async with serving() as web, Reader(web).connected() as reader:
            await reader.chunk()
            await web.store.tokens.delete("events")
            while await reader.chunk():
                pass

    run(scenario())


def test_streams_end_when_the_server_stops_and_their_places_are_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "LOOK", 0.02)

    async def scenario() -> None:
        async with serving() as web:
            async with Reader(web).connected() as reader:
                await reader.chunk()
                assert web.readers.of_project["acme"] == 1
                web.readers.stop()
                assert await reader.chunk() == b""
            await nobody_reads(web)

    run(scenario())


def test_a_reader_who_leaves_frees_the_place() -> None:
    async def scenario() -> None:
        async with serving() as web:
            async with Reader(web).connected() as reader:
                await reader.chunk()
                assert web.readers.of_project["acme"] == 1
            await nobody_reads(web)

    run(scenario())


def test_a_project_has_so_many_streams_and_leaves_room_for_others() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.readers.of_project["acme"] = MAX_READERS
            async with Reader(web).connected() as one_more:
                assert one_more.status == 429
                assert "retry-after: 5" in one_more.head.lower()
            async with Reader(web, key="other").connected() as another:
                assert another.status == 200

    run(scenario())


def test_streams_that_are_opened_at_once_are_no_more_than_one_after_another() -> None:
    async def scenario() -> None:
        async with serving() as web, AsyncExitStack() as stack:
            readers = [Reader(web).connected() for _ in range(MAX_READERS + 5)]
            await asyncio.gather(*(stack.enter_async_context(one) for one in readers))
            await asyncio.sleep(0.1)
            assert web.readers.of_project["acme"] == MAX_READERS

    run(scenario())


def test_head_is_answered_and_ends() -> None:
    async def scenario() -> None:
        async with serving() as web:
            async with Reader(web).connected(method="HEAD") as head:
                assert head.status == 200
            assert not web.readers.of_project["acme"]

    run(scenario())


@pytest.mark.slow
def test_who_does_not_read_is_cut_off_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("switchhook.api.protocol.TIMEOUT", 3.0)
    monkeypatch.setattr(api, "HEARTBEAT", 0.1)
    monkeypatch.setattr(api, "LOOK", 0.02)

    async def scenario() -> None:
        async with serving() as web, Reader(web).connected("?after=oldest") as asleep:
            assert asleep.status == 200
            large = replace(stream_event("a", project="acme"), body=b'{"id":"' + b"x" * 8_000_000)
            await web.store.commit(record(of(ACME, call("a")), events=(large,)))
            async with Reader(web).connected() as awake:
                while web.readers.of_project["acme"] != 1:
                    await awake.chunk()
                await publish(web, "b")
                assert await awake.events(1) == ["b.1"]

    run(scenario())


def test_only_a_part_that_was_taken_gives_a_stream_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT", 0.0)
    taken: list[str] = []

    async def scenario() -> None:
        async with serving() as web:
            deps: Any = SimpleNamespace(
                store=web.store, readers=web.readers, tokens=web.store.tokens, clock=lambda: 0.0
            )
            (token,) = [one for one in await web.store.tokens.all() if one.id == "events"]
            every = frozenset(StreamEventType)
            sent = api._sent(deps, token, StreamPlace(0), every, lambda: taken.append("more time"))
            await publish(web, "a")
            assert await anext(sent) == b"retry: 3000\n\n"
            assert b"call.created" in await anext(sent)
            assert taken == []
            await publish(web, "b")
            await anext(sent)
            assert taken == ["more time"]
            await sent.aclose()
            assert not web.readers.of_project["acme"]

    run(scenario())
