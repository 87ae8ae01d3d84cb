"""Over HTTP each project lists its own deliveries, checks them and sends them again; bad requests are told what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.bulk_jobs import MOST_RUNNING
from switchhook.storage.sqlite.lists import deliveries as lists
from tests.support.loop import run
from tests.support.promises import DOWN, attempt, delivery, ended, record
from tests.support.web import Web, serving

PATH = "/api/projects/acme/deliveries"
ACME = ProjectSnapshot(Project(id="acme", name="Acme"))


async def give_up(web: Web, *seqs: int) -> list[str]:
    """Give up deliveries to the webhook of `acme`, and return their ids."""
    made = [delivery("c1", seq, webhook="told", project="acme") for seq in seqs]
    await web.store.commit(record(replace(ended("c1"), snapshot=ACME), *made))
    for one in made:
        await web.store.record_attempt(attempt(one, failure=DOWN, answer=b"down"))
    return [one.id for one in made]


@pytest.mark.row("R2-07", "N-11", "T-09")
def test_pages_counts_and_marks() -> None:
    async def scenario() -> None:
        async with serving() as web:
            ids = await give_up(web, 1, 2, 3)
            first = (await web.ask("GET", f"{PATH}?limit=2")).json
            assert [one["id"] for one in first["deliveries"]] == [ids[2], ids[1]]
            rest = (await web.ask("GET", f"{PATH}?limit=2&after={first['next']}")).json
            assert [one["id"] for one in rest["deliveries"]] == [ids[0]]
            assert rest["next"] is None
            count = await web.ask("GET", f"{PATH}/count?text=answered%20503&since=9000d")
            assert count.json == {"count": 3, "is_more": False}
            marks = await web.ask("GET", f"{PATH}/webhooks-with-error")
            assert marks.json == [{"webhook": "told", "count": 3, "is_more": False}]
            events = (await web.ask("GET", "/api/projects/acme/events")).json
            assert events[1]["with_error"]
            assert events[1]["actions"][0]["unchecked"] == 3
            shown = await web.ask("GET", f"{PATH}/{quote(ids[0], safe='')}")
            assert shown.json["attempts"][0]["answer"] == "down"

    run(scenario())


def test_a_search_that_stopped_says_where_and_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "MOST_LOOKED_UP", 2)
    monkeypatch.setattr(lists, "LEAST", 2)

    async def scenario() -> None:
        async with serving() as web:
            ids = await give_up(web, 1, 2, 3, 4)
            path = f"{PATH}?until=2025-10-09T08:53:22%2B00:00&webhook=told&limit=3"
            page = (await web.ask("GET", path)).json
            assert page["deliveries"] == []
            assert page["searched_to"] is not None
            count = await web.ask("GET", f"{PATH}/count?{path.partition('?')[2]}")
            assert count.json == {"count": 0, "is_more": True}
            page = (await web.ask("GET", f"{path}&after={page['next']}")).json
            assert [one["id"] for one in page["deliveries"]] == [ids[0]]
            assert (page["next"], page["searched_to"]) == (None, None)

    run(scenario())


@pytest.mark.row("N-11", "T-09")
def test_named_ones_are_checked_and_sent_again_and_jobs_are_told() -> None:
    async def scenario() -> None:
        async with serving() as web:
            ids = await give_up(web, 1, 2)
            for act in ("check", "uncheck", "send"):
                answer = await web.ask("POST", f"{PATH}/{act}", {"ids": ids[:1]})
                assert answer.status == 200
                assert answer.json[0]["done"], act
            job = await web.ask("POST", f"{PATH}/jobs", {"act": "check"})
            assert (job.status, job.json["state"], job.json["by"]) == (
                202,
                "running",
                "user@example.com over the API",
            )
            number = job.json["number"]
            assert (await web.ask("GET", f"{PATH}/jobs")).json == [job.json]
            assert (await web.ask("GET", f"{PATH}/jobs/{number}")).json == job.json
            stopped = await web.ask("DELETE", f"{PATH}/jobs/{number}")
            assert stopped.json["state"] == "stopped"

    run(scenario())


def test_so_many_jobs_of_a_project_run_and_no_more() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for _ in range(MOST_RUNNING):
                job = await web.ask("POST", f"{PATH}/jobs", {"act": "check"})
                assert job.status == 202
            refused = await web.ask("POST", f"{PATH}/jobs", {"act": "check"})
            assert (refused.status, refused.json["detail"][:14]) == (409, "5 jobs of proj")
            theirs = PATH.replace("acme", "other")
            other = await web.ask("POST", f"{theirs}/jobs", {"act": "check"}, key="other")
            assert other.status == 202
            await web.ask("DELETE", f"{PATH}/jobs/{job.json['number']}")
            assert (await web.ask("POST", f"{PATH}/jobs", {"act": "check"})).status == 202

    run(scenario())


def test_another_projects_token_finds_nothing() -> None:
    async def scenario() -> None:
        async with serving() as web:
            (id_,) = await give_up(web, 1)
            theirs = PATH.replace("acme", "other")
            for key, path, status in (
                ("other", PATH, 404),
                ("hooks", PATH, 403),
                ("", PATH, 401),
                ("other", f"{theirs}/{id_}", 404),
                ("other", f"{theirs}/jobs/1", 404),
            ):
                assert (await web.ask("GET", path, key=key)).status == status
            assert (await web.ask("GET", theirs, key="other")).json["deliveries"] == []
            for act in ("check", "uncheck", "send"):
                answer = await web.ask("POST", f"{theirs}/{act}", {"ids": [id_]}, key="other")
                assert answer.status == 404
            await web.ask("POST", f"{theirs}/jobs", {"act": "check"}, key="other")
            assert len((await web.ask("GET", PATH)).json["deliveries"]) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "?state=lost", b"", "state"),
        ("GET", "?limit=0", b"", "limit"),
        ("GET", "?limit=100000", b"", "limit"),
        ("GET", "?after=x", b"", "after"),
        ("GET", "?since=yesterday", b"", "since: 'yesterday' is no moment"),
        ("GET", "/count?until=%22", b"", "until"),
        ("POST", "/check", {"ids": []}, "name 1 to 1000 deliveries"),
        ("POST", "/check", {"ids": ["x"] * 1001}, "a job takes more"),
        ("POST", "/check", {"id": "x"}, 'send {"ids"'),
        ("POST", "/send", b"[", 'send {"ids"'),
        ("POST", "/jobs", {"act": "burn"}, 'send {"act"'),
        ("POST", "/jobs", {"act": "send", "filter": {"project": "other"}}, 'send {"act"'),
        ("POST", "/jobs", {"act": "send", "filter": {"since": "x"}}, "is no moment"),
    ],
)
def test_a_request_that_cannot_be_followed_says_why(
    method: str, path: str, body: Any, said: str
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask(method, PATH + path, body)
            assert answer.status == 400
            assert said in answer.json["detail"]

    run(scenario())


def test_what_is_not_there_is_not_found() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for method, path, body in (
                ("GET", "/c1.1.told", b""),
                ("POST", "/burn", {"ids": ["x"]}),
                ("POST", "/send", {"ids": ["c1.1.told"]}),
                ("DELETE", "/jobs/1", b""),
                ("GET", "/jobs/99999999999999999999999", b""),
            ):
                assert (await web.ask(method, PATH + path, body)).status == 404, path

    run(scenario())
