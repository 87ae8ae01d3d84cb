"""Over HTTP events are listed without secrets, copied without being stored, saved and removed as parts of the project; the built-in one is locked."""

from __future__ import annotations

import json

import pytest

from tests.support.loop import run
from tests.support.web import serving

PATH = "/api/projects/acme/events"
COPY = json.dumps({"to": "outgoing.after", "name": "out"}).encode()
GOOGLE = f"{PATH}/Google%20Analytics"
PARTS = "/api/projects/acme/config/events"
LOCKED = f"{PARTS}/Google%20Analytics"


@pytest.mark.row("R2-16", "R2-17", "S-48")
def test_events_are_listed() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", PATH)

            assert answer.status == 200
            assert [(one["name"], one["built_in"], one["state"]) for one in answer.json] == [
                ("Google Analytics", True, "not configured"),
                ("told", False, "active"),
            ]
            assert answer.json[1] == {
                "name": "told",
                "event": "incoming.after",
                "state": "active",
                "built_in": False,
                "filtered": False,
                "with_error": False,
                "actions": [
                    {
                        "name": "told",
                        "to": "https://crm.example",
                        "format": "json",
                        "unchecked": 0,
                    }
                ],
            }

    run(scenario())


@pytest.mark.row("R2-40", "R2-41", "R2-42", "S-49")
def test_a_copy_is_answered_and_stored_only_by_put() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", f"{PATH}/told/copy?secrets=true", COPY)

            assert answer.status == 200
            assert answer.json["event"] == {
                "name": "out",
                "event": "outgoing.after",
                "webhooks": [{"url": "https://crm.example/told"}],
            }
            assert answer.json["toml"].startswith('[[events]]\nname = "out"\n')
            assert answer.json["notes"] == []
            assert len((await web.ask("GET", PATH)).json) == 2
            assert web.applied == []
            draft = json.dumps(answer.json["event"]).encode()
            saved = await web.ask("PUT", f"{PARTS}/out", draft)
            assert (saved.status, saved.json["version"]) == (200, 2)
            assert len((await web.ask("GET", PATH)).json) == 3
            assert web.applied == [0]
            shown = await web.ask("GET", f"{PATH}/out?secrets=true")
            assert shown.json["event"] == answer.json["event"]
            removed = await web.ask("DELETE", f"{PARTS}/out")
            assert (removed.status, removed.json["version"]) == (200, 3)
            assert (await web.ask("DELETE", f"{PARTS}/out")).status == 404

    run(scenario())


@pytest.mark.row("R2-17", "S-48", "A-24")
def test_the_built_in_event_is_locked() -> None:
    async def scenario() -> None:
        async with serving() as web:
            shown = (await web.ask("GET", f"{GOOGLE}?secrets=true")).json["event"]
            for answer in (
                await web.ask("PUT", LOCKED, json.dumps(shown).encode()),
                await web.ask("DELETE", LOCKED),
            ):
                assert answer.status == 403
                assert "built-in" in answer.json["detail"]
            copied = await web.ask("POST", f"{GOOGLE}/copy?secrets=true", COPY)
            assert copied.json["event"]["webhooks"][0]["format"] == "ga4"
            assert web.applied == []

    run(scenario())


@pytest.mark.parametrize("query", ["", "?secrets=false"])
def test_without_being_asked_for_secrets_are_not_told(query: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            for answer in (
                await web.ask("GET", f"{PATH}/told{query}"),
                await web.ask("POST", f"{PATH}/told/copy{query}", COPY),
            ):
                assert answer.status == 400
                assert "secrets" in answer.json["detail"]

    run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", f"{PATH}/nothing?secrets=true", b"", 404, "no event 'nothing'"),
        ("POST", f"{PATH}/told/copy?secrets=true", b"", 400, "send {"),
        ("POST", f"{PATH}/told/copy?secrets=true", b"[]", 400, "send {"),
        ("POST", f"{PATH}/told/copy?secrets=true", b'{"to":"x"}', 400, "send {"),
        ("POST", f"{PATH}/told/copy?secrets=true", b'{"to":"incoming.after","a":1}', 400, "send {"),
        (
            "POST",
            f"{PATH}/told/copy?secrets=true",
            b'{"to":"incoming.after","name":"told"}',
            400,
            "already",
        ),
        *(
            (
                "POST",
                f"{PATH}/told/copy?secrets=true",
                json.dumps({"to": "incoming.after", "name": name}).encode(),
                400,
                "the name of the copy: ",
            )
            for name in ("a\r\nb", "a\0", " a", "a\u2028b", "x" * 101)
        ),
        ("PUT", f"{PARTS}/new", b"", 400, "no JSON"),
        ("PUT", f"{PARTS}/new", b"\xff", 400, "no JSON"),
        ("PUT", f"{PARTS}/new", b'{"a":' * 3000, 400, "no JSON"),
        ("PUT", f"{PARTS}/new", b"[]", 400, "send one table of events"),
        ("PUT", f"{PARTS}/new", b"{}", 422, "1 mistake"),
        ("PUT", f"{PARTS}/new", b'{"name":"other"}', 400, "is 'other', and not 'new'"),
        ("PUT", f"{PARTS}/new", b'{"event":"incoming.after","webhooks":[{}]}', 422, "1 mistake"),
        ("PUT", f"{PARTS}/new", b'{"event":null,"webhooks":{}}', 422, "2 mistakes"),
    ],
)
def test_what_is_wrong_is_said(method: str, path: str, body: bytes, status: int, said: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask(method, path, body)
            assert (answer.status, said in answer.json["detail"]) == (status, True), answer.body
            assert web.applied == []

    run(scenario())


def test_another_project_is_not_there() -> None:
    async def scenario() -> None:
        async with serving() as web:
            other = "/api/projects/other/events"
            answers = [
                await web.ask("GET", other),
                await web.ask("GET", f"{other}/told?secrets=true"),
                await web.ask("POST", f"{other}/told/copy?secrets=true", COPY),
            ]
            assert [answer.status for answer in answers] == [404] * 3

    run(scenario())
