"""A project's token ends that project's running calls, and no others."""

from __future__ import annotations

import pytest

from tests.support.loop import run
from tests.support.web import USER, serving

pytestmark = pytest.mark.row("FD-02")


def test_a_running_call_is_ended() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            answer = await web.ask("DELETE", "/api/calls/1.2")

            assert (answer.status, answer.json) == (202, {"call": "1.2"})
            assert web.ended == [f"1.2 by {USER} over the API"]

    run(scenario())


@pytest.mark.parametrize(("call", "key"), [("1.2", "other"), ("1.3", "acme"), ("%2e%2e", "acme")])
def test_what_is_no_running_call_of_the_project_is_not_there(call: str, key: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            answer = await web.ask("DELETE", f"/api/calls/{call}", key=key)

            assert answer.status == 404
            assert web.ended == []

    run(scenario())


@pytest.mark.parametrize(("key", "status"), [("", 401), ("hooks", 403)])
def test_it_takes_a_token_for_the_whole_project(key: str, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"

            assert (await web.ask("DELETE", "/api/calls/1.2", key=key)).status == status
            assert web.ended == []

    run(scenario())


def test_what_became_known_of_a_call_is_told() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            told = {"facts": {"Source": "google", "custom:deal": "Угода 17"}}
            answer = await web.ask("PATCH", "/api/calls/1.2", told)

            facts = (("source", "google"), ("custom:deal", "Угода 17"))
            assert (answer.status, answer.json) == (200, {"call": "1.2", "facts": dict(facts)})
            assert web.told == [("1.2", facts)]
            assert (await web.ask("PATCH", "/api/calls/1.2", told, key="other")).status == 404
            assert (await web.ask("PATCH", "/api/calls/1.2", told, key="events")).status == 403

    run(scenario())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"facts": {"status": "ANSWERED"}}, "'status' is no attribute of a visit"),
        ({"facts": {f"custom:{n}": "" for n in range(101)}}, "at most 100 attributes"),
        ({"facts": {"source": 1}}, "an object of texts"),
        ({"facts": None}, "an object of texts"),
        ({}, "an object of texts"),
        (b"[", "an object of texts"),
        (b"\xff", "an object of texts"),
        (b'{"a":' * 9_000, "an object of texts"),
    ],
)
def test_what_is_no_fact_is_400(body: dict[str, object] | bytes, words: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            answer = await web.ask("PATCH", "/api/calls/1.2", body)

            assert (answer.status, answer.json["field"]) == (400, "facts")
            assert words in answer.json["detail"]
            assert web.told == []

    run(scenario())
