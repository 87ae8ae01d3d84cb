"""A project's token finds, exports and reads that project's calls, and no others."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.project import Project, ProjectSnapshot
from tests.conformance.test_call_list import made
from tests.support.loop import run
from tests.support.promises import record
from tests.support.web import USER, read_answer, serving

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from tests.support.web import Web


async def keep(web: Web, *calls: Call, project: str = "acme") -> None:
    within = ProjectSnapshot(Project(id=project, name=project))
    for one in calls:
        await web.store.commit(record(replace(one, snapshot=within)))


def test_calls_are_found_page_by_page_and_counted() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await keep(web, *(made(f"c{n}", at=n, outcome=Outcome.MISSED) for n in range(3)))
            await keep(web, made("now", at=9, outcome=None))
            await keep(web, made("theirs"), project="other")
            first = await web.ask("GET", "/api/calls?limit=2&count=true", key="calls")
            assert first.status == 200
            assert [one["id"] for one in first.json["calls"]] == ["now", "c2"]
            assert (first.json["count"], first.json["is_more"]) == (4, False)
            behind = first.json["next"]
            second = await web.ask("GET", f"/api/calls?limit=2&after={behind}", key="calls")
            assert [one["id"] for one in second.json["calls"]] == ["c1", "c0"]
            assert (second.json["next"], second.json["count"]) == (None, None)
            missed = await web.ask("GET", "/api/calls?outcome=missed,busy&number=*2233")
            assert [one["id"] for one in missed.json["calls"]] == ["c2", "c1", "c0"]
            running = await web.ask("GET", "/api/calls?running=true")
            assert [one["id"] for one in running.json["calls"]] == ["now"]

    run(scenario())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("since=2026-12-02&until=2026-12-01", "until"),
        ("number=12*34", "number"),
        ("outcome=lost", "outcome"),
        ("direction=up", "direction"),
        ("scheme=one", "scheme"),
        ("failed=maybe", "failed"),
        ("outcom=missed", "outcom"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after=there", "after"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, field: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", f"/api/calls?{query}")
            assert (answer.status, answer.json["field"]) == (400, field)

    run(scenario())


@pytest.mark.parametrize("path", ["/api/calls", "/api/calls/export", "/api/calls/c1"])
def test_it_takes_a_token_for_calls(path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            await keep(web, made("c1"))
            statuses = {
                key: (await web.ask("HEAD", path, key=key)).status
                for key in ("", "hooks", "events", "visits", "calls", "acme")
            }
            wrong = dict.fromkeys(("hooks", "events", "visits"), 403)
            assert statuses == {"": 401, **wrong, "calls": 200, "acme": 200}

    run(scenario())


def test_one_call_is_shown_whole_and_another_projects_is_not_there() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await keep(web, made("c1"))
            await keep(web, made("c2"), project="other")
            shown = await web.ask("GET", "/api/calls/c1", key="calls")
            assert shown.status == 200
            assert {"id", "journal", "deliveries", "path"} <= shown.json.keys()
            for path in ("/api/calls/c2", "/api/calls/none"):
                assert (await web.ask("GET", path)).status == 404

    run(scenario())


async def exported(web: Web, query: str) -> tuple[str, bytes]:
    """Return head and body of an export, which comes in chunks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    head = f"GET /api/calls/export?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    writer.write(f"{head}Authorization: Token {USER}:calls-key\r\n\r\n".encode())
    answer = await read_answer(reader, has_body=False)
    rest, body = await reader.read(), b""
    writer.close()
    while rest and (size := int(rest.partition(b"\r\n")[0], 16)):
        rest = rest.partition(b"\r\n")[2]
        body, rest = body + rest[:size], rest[size + 2 :]
    return answer.headers["content-type"], body


def test_calls_are_exported_whole_as_csv_and_json_lines() -> None:
    async def scenario() -> None:
        async with serving() as web:
            many = [made(f"c{n}", at=n) for n in range(450)]
            many.append(replace(made("odd", at=1_000), callee='=1+1,"x"'))
            await keep(web, *many)
            await keep(web, made("theirs"), project="other")
            media, body = await exported(web, "format=csv")
            assert media == "text/csv; header=present; charset=utf-8"
            assert body.count(b"\r\n") == 452
            rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
            assert [row["id"] for row in rows] == ["odd", *(f"c{n}" for n in reversed(range(450)))]
            assert rows[0]["callee"] == '\'=1+1,"x"'
            assert rows[1]["caller"] == "+380441112233"

            moment = "2025-10-09T09:00:48Z"
            media, body = await exported(web, f"format=jsonl&since={moment}")
            lines = [json.loads(line) for line in body.splitlines()]
            assert [one["id"] for one in lines][-1].startswith("c")
            assert "application/x-ndjson" in media
            page = await web.ask("GET", "/api/calls?limit=1")
            assert lines[0] == page.json["calls"][0]

    run(scenario())


def test_an_unknown_format_is_named() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", "/api/calls/export?format=xls")
            assert (answer.status, answer.json["field"]) == (400, "format")

    run(scenario())


def test_why_a_telephone_did_not_ring_is_told() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await keep(web, made("c1"))
            await keep(web, made("c2"), project="other")
            told = await web.ask("GET", "/api/calls/c1/why?target=nobody", key="calls")
            assert (told.status, told.json["decision"]) == (200, "unknown")
            assert (await web.ask("GET", "/api/calls/c1/why", key="calls")).status == 400
            assert (await web.ask("GET", "/api/calls/c2/why?target=x", key="calls")).status == 404
            assert (await web.ask("GET", "/api/calls/c1/why?target=x", key="events")).status == 403
            gone = replace(
                made("c3"), snapshot=ProjectSnapshot(Project(id="acme", name="A", version=9))
            )
            await web.store.commit(record(gone))
            answer = await web.ask("GET", "/api/calls/c3/why?target=x", key="calls")
            assert answer.status == 410
            assert "version 9 of project acme" in answer.json["detail"]

    run(scenario())
