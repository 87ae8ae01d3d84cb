"""An open page hears of each change among its project's calls, and else that the server is there; of no other project's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.api.stream_readers import MAX_READERS
from switchhook.console import news
from switchhook.console.news import reader_key, see_calls
from switchhook.domain.project import Project, ProjectSnapshot
from tests.conformance.test_call_list import made
from tests.support.console import ACME, in_office, key_of
from tests.support.promises import record, stream_event

if TYPE_CHECKING:
    from tests.support.console import Office

NEWS = "/console/projects/acme/calls/news"
OTHER = ProjectSnapshot(Project(id="other", name="Other"))


async def opened(office: Office, login: str = "viewer") -> tuple[asyncio.StreamReader, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", office.web.port)
    head = f"GET {NEWS} HTTP/1.1\r\nHost: x\r\nCookie: switchhook_session={key_of(login)}\r\n\r\n"
    writer.write(head.encode())
    told = await reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in told
    assert b"text/event-stream" in told
    return reader, writer


async def heard(reader: asyncio.StreamReader) -> str:
    """Return the next event, without the frames that it came in."""
    while True:
        line = (await reader.readline()).decode().strip()
        if line.startswith("event: "):
            data = (await reader.readline()).decode().strip()
            return f"{line.removeprefix('event: ')} {data.removeprefix('data: ')}"


@pytest.mark.parametrize("keeps", [True, False], ids=["stream", "no-stream"])
def test_what_changes_is_told_once_with_how_many_calls_are_new(
    monkeypatch: pytest.MonkeyPatch, *, keeps: bool
) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)
    monkeypatch.setattr(news, "ALIVE", 0.3)

    async def scenario(office: Office) -> None:
        office.web.keeps_events = keeps
        reader, writer = await opened(office)
        assert await heard(reader) == "alive 0"
        store = office.web.store
        call = replace(made("n1", at=900.0, outcome=None), snapshot=ACME)
        event = (stream_event("n1", project="acme"),) if keeps else ()
        await store.commit(record(call, events=event))
        while (told := await heard(reader)) == "alive 0":
            pass
        assert told == "news 1"
        await store.commit(record(replace(made("n1", at=900.0), snapshot=ACME)))
        while (told := await heard(reader)) == "alive 0":
            pass
        assert told == "news 0"
        foreign = replace(made("x1", at=950.0, outcome=None), snapshot=OTHER)
        await store.commit(record(foreign))
        assert [await heard(reader) for _ in range(2)] == ["alive 0"] * 2
        assert office.web.readers.of_project[reader_key("acme")] == 1
        assert office.web.readers.of_project["acme"] == 0
        writer.close()

    in_office(scenario)


def test_a_session_that_ends_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK", 0.05)
    monkeypatch.setattr(news, "CHECK", 0.1)

    async def scenario(office: Office) -> None:
        office.web.keeps_events = False
        reader, writer = await opened(office)
        assert await heard(reader) == "alive 0"
        await office.as_user("viewer").post("/console/sign-out", {})
        await reader.read()
        writer.close()

    in_office(scenario)


def test_who_has_no_right_hears_nothing_and_too_many_are_sent_away() -> None:
    async def scenario(office: Office) -> None:
        assert (await office.as_user("nobody").get(NEWS)).status == 404
        assert (await office.as_user("").get(NEWS)).status in {303, 401}
        office.web.readers.of_project[reader_key("acme")] = MAX_READERS
        assert (await office.as_user("viewer").get(NEWS)).status == 204

    in_office(scenario)


def test_new_calls_are_those_that_were_stored_since() -> None:
    async def scenario(office: Office) -> None:
        store = office.web.store
        before = await see_calls(store, "acme")
        for name in ("n1", "n2"):
            await store.commit(record(replace(made(name, at=900.0, outcome=None), snapshot=ACME)))
        after = await see_calls(store, "acme")
        assert (after.new_since(before), before.new_since(before)) == (2, 0)

    in_office(scenario)
