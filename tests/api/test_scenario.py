"""A program shows, sets, activates and tests the scenario of its token's project, and of no other."""

from __future__ import annotations

import json

import pytest

from switchhook.operations.projects import apply_project
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.web import serving
from tests.support.wire import Endpoint, reply

PATH = "/api/projects/acme/scenario"
LOCAL = MINIMAL.replace('name = "Acme"', 'name = "Acme"\nallowed_networks = ["127.0.0.0/8"]')


def sent(**changes: object) -> bytes:
    return json.dumps(changes).encode()


@pytest.mark.row("R4-43", "R4-44", "R4-47", "N-13", "S-62")
def test_a_draft_is_set_shown_activated_and_followed() -> None:
    async def scenario() -> None:
        async with serving() as web:
            drafted = await web.ask("PATCH", PATH, sent(after_url="crm.example/roistat", retries=2))
            assert drafted.status == 200
            assert drafted.json["active"] == {"moment_url": "", "after_url": ""}
            assert drafted.json["draft"]["after_url"] == "http://crm.example/roistat"
            assert drafted.json["draft"]["by"] == "user@example.com over the API"
            assert (await web.ask("GET", PATH)).json == drafted.json
            assert web.applied == []
            done = await web.ask("POST", f"{PATH}/activate")
            assert (done.status, done.json["version"], done.json["draft"]) == (200, 2, None)
            assert done.json["active"] == {
                "moment_url": "",
                "after_url": "http://crm.example/roistat",
                "retries": 2,
            }
            assert done.json["activated"]["by"] == "user@example.com over the API"
            assert web.applied == [0]

    run(scenario())


@pytest.mark.row("R4-45")
@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        (
            sent(after_url=["http://a", "http://b"]),
            "after_url",
            "notifications can be sent only to one destination address",
        ),
        (sent(headers=[{"name": "Host", "value": "x"}]), "headers[0].name", "is not a header"),
        (b"[]", "", "the body is no JSON object"),
        (b"\xff", "", "the body is no JSON object"),
        (b"[" * 30_000, "", "the body is no JSON object"),
        (b"", "", "the body is no JSON object"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(body: bytes, field: str, detail: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("PATCH", PATH, body)
            assert (answer.status, answer.json["field"]) == (400, field)
            assert detail in answer.json["detail"]
            assert (await web.ask("GET", PATH)).json["draft"] is None

    run(scenario())


def test_there_is_nothing_to_activate_or_discard_or_test() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for method, path in (
                ("POST", f"{PATH}/activate"),
                ("DELETE", f"{PATH}/draft"),
                ("POST", f"{PATH}/test"),
            ):
                answer = await web.ask(method, path)
                assert answer.status == 409
                assert "scenario" in answer.json["detail"]

    run(scenario())


def test_an_outdated_draft_is_not_activated_and_may_be_discarded() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("PATCH", PATH, sent(after_url="http://draft.example/"))
            await apply_project(web.store, MINIMAL + '\n[call_tracking]\nafter_url = "f.example"\n')
            refused = await web.ask("POST", f"{PATH}/activate")
            assert refused.status == 409
            assert "was changed since this draft was begun" in refused.json["detail"]
            shown = (await web.ask("GET", PATH)).json
            assert shown["draft"]["is_outdated"] is True
            assert (await web.ask("DELETE", f"{PATH}/draft")).json["draft"] is None

    run(scenario())


@pytest.mark.row("R4-46", "S-72")
def test_a_test_answers_what_went_both_ways() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with serving() as web:
            await web.ask("PATCH", PATH, sent(after_url=endpoint.url("/a")))
            (guarded,) = (await web.ask("POST", f"{PATH}/test")).json
            assert guarded["failure"]["kind"] == "address_refused"
            await apply_project(web.store, LOCAL)
            (one,) = (await web.ask("POST", f"{PATH}/test")).json
            assert (one["slot"], one["status"], one["failure"]) == ("after", 200, None)
            assert one["request"].encode() == endpoint.ledger.requests[0].raw
            assert one["response"].startswith("HTTP/1.1 200 OK\r\n")

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        assert len(endpoint.ledger.requests) == 1


@pytest.mark.row("S-74")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", "/draft"),
        ("POST", "/activate"),
        ("POST", "/test"),
    ],
)
def test_another_projects_scenario_is_not_there(method: str, path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask(method, PATH + path, b"{}", key="other")).status == 404
            assert (await web.ask(method, PATH + path, b"{}", key="hooks")).status == 403

    run(scenario())
