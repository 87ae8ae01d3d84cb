"""Everything answers small JSON, and describes itself; a crash costs one answer; the log holds no secret."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path
from typing import Any, cast

import pytest
import structlog.testing

from switchhook.api.asgi import _COMPLETED
from switchhook.api.description import document
from switchhook.api.description.operations import OPERATIONS
from tests.support.loop import run
from tests.support.web import HOOKS, KEYS, PROBLEM, serving

PATHS = {
    "/healthz": {"get"},
    "/livez": {"get"},
    "/metrics": {"get"},
    "/readyz": {"get"},
    HOOKS.rstrip("/"): {"get", "post"},
    f"{HOOKS}samples": {"get"},
    f"{HOOKS}{{number}}": {"get", "delete"},
    "/api/permission/systemuser/profile": {"get"},
    "/api/calls": {"get", "post"},
    "/api/calls/export": {"get"},
    "/api/calls/live": {"get"},
    "/api/calls/{call}": {"delete", "get", "patch"},
    "/api/calls/{call}/recordings": {"get"},
    "/api/calls/{call}/recordings/{recording}": {"delete"},
    "/recordings/{project}/{call}/{file}": {"get"},
    "/api/calls/{call}/transfer": {"post"},
    "/api/calls/{call}/report": {"get"},
    "/api/calls/{call}/sip": {"get"},
    "/api/calls/{call}/why": {"get"},
    "/callback/outward_call": {"post"},
    "/api/events/{kind}": {"post"},
    "/api/imports": {"post"},
    "/api/imports/{number}": {"get"},
    "/api/projects/{project}": {"get", "put"},
    "/api/projects/{project}/check": {"post"},
    "/api/projects/{project}/document": {"get", "put", "patch"},
    "/api/projects/{project}/drafts": {"get"},
    "/api/projects/{project}/drafts/{draft}": {"get", "put", "patch", "delete"},
    "/api/projects/{project}/drafts/{draft}/activate": {"post"},
    "/api/projects/{project}/drafts/{draft}/check": {"post"},
    "/api/projects/{project}/drafts/{draft}/diff": {"get"},
    "/api/projects/{project}/deliveries": {"get"},
    "/api/projects/{project}/deliveries/count": {"get"},
    "/api/projects/{project}/deliveries/jobs": {"get", "post"},
    "/api/projects/{project}/deliveries/jobs/{number}": {"get", "delete"},
    "/api/projects/{project}/deliveries/webhooks-with-error": {"get"},
    "/api/projects/{project}/deliveries/{act}": {"post"},
    "/api/projects/{project}/deliveries/{delivery}": {"get"},
    "/api/projects/{project}/events": {"get"},
    "/api/projects/{project}/config": {"get"},
    "/api/projects/{project}/config/{kind}": {"get", "put", "patch", "delete"},
    "/api/projects/{project}/config/{kind}/{name}": {"get", "put", "patch", "delete"},
    "/api/projects/{project}/events/{event}": {"get"},
    "/api/projects/{project}/events/{event}/copy": {"post"},
    "/api/projects/{project}/endpoints/cost": {"get"},
    "/api/projects/{project}/endpoints/shadows": {"get"},
    "/api/projects/{project}/rehearsals": {"get", "post"},
    "/api/projects/{project}/rehearsals/{number}": {"get", "delete"},
    "/api/projects/{project}/rehearsals/{number}/calls": {"get"},
    "/api/projects/{project}/scenario": {"get", "patch"},
    "/api/projects/{project}/scenario/activate": {"post"},
    "/api/projects/{project}/scenario/draft": {"delete"},
    "/api/projects/{project}/scenario/test": {"post"},
    "/api/projects/{project}/tables": {"get"},
    "/api/projects/{project}/tables/{table}": {"get", "put", "delete"},
    "/api/projects/{project}/tables/{table}/check": {"post"},
    "/api/projects/{project}/tables/{table}/look-up": {"get"},
    "/api/projects/{project}/versions": {"get"},
    "/api/projects/{project}/versions/{version}": {"get"},
    "/api/projects/{project}/versions/{version}/diff": {"get"},
    "/api/projects/{project}/versions/{version}/restore": {"post"},
    "/api/projects/{project}/visits/{visit}": {"put"},
    "/api/projects/{project}/users": {"get"},
    "/api/projects/{project}/users/{login}": {"put", "delete"},
    "/api/projects/{project}/tokens": {"get", "post"},
    "/api/projects/{project}/tokens/{token}": {"delete"},
    "/api/projects/{project}/audit": {"get"},
    "/api/projects/{project}/erasures": {"post"},
    "/api/events": {"get"},
    "/api/events/stream": {"get"},
    "/api/events/schema": {"get"},
}


def test_the_document_describes_every_path_and_loads_nothing_from_afar() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", "/api/openapi.json", key="")
            assert answer.status == 200
            told = answer.json
            assert {path: set(one) for path, one in told["paths"].items()} == PATHS
            described = {f"{method} {path}" for path, one in PATHS.items() for method in one}
            assert described == set(OPERATIONS)  # each with its id and examples
            assert not re.search(rb'"\$ref":"(?!#)', answer.body)
            put = told["paths"]["/api/projects/{project}"]["put"]
            assert set(put["requestBody"]["content"]) == {"application/toml"}
            post = told["paths"][HOOKS.rstrip("/")]["post"]
            assert len(post["requestBody"]["content"]) == 2
            outward = told["paths"]["/callback/outward_call"]["post"]
            assert len(outward["requestBody"]["content"]) == 2
            assert {"401", "403", "422", "429"} <= set(put["responses"])
            assert told["security"] == [{"token": []}, {"bearer": []}]
            assert told["paths"]["/healthz"]["get"]["security"] == [{}]  # nobody needs a token

    run(scenario())


def test_the_document_is_built_once_and_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    complete = document.complete

    def noted(told: dict[str, Any]) -> dict[str, Any]:
        threads.append(threading.get_ident())
        return complete(told)

    monkeypatch.setattr(document, "complete", noted)
    monkeypatch.setattr(_COMPLETED, "_built", b"")

    async def scenario() -> None:
        async with serving() as web:
            asked = (web.ask("GET", "/api/openapi.json", key="") for _ in range(3))
            answers = await asyncio.gather(*asked)
            assert {answer.status for answer in answers} == {200}
            assert len({answer.body for answer in answers}) == 1

    run(scenario())
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_every_path_and_answer_is_told_of() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    for path, methods in PATHS.items():
        for method in methods:
            assert re.search(rf"`{method.upper()} {re.escape(path)}/?`", page), (method, path)
    for status in (
        200,
        201,
        202,
        400,
        401,
        403,
        404,
        405,
        409,
        410,
        412,
        413,
        422,
        429,
        431,
        500,
        503,
    ):
        assert f"| {status} " in page


SAID = {404: "there is nothing here; GET ", 405: "that method does nothing here; Allow ", 400: ""}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/schema", 404),
        ("GET", "/%ff%00", 404),
        ("GET", "/api/projects/acme/check/more", 404),
        ("PATCH", HOOKS, 405),
        ("PUT", HOOKS, 405),
        ("DELETE", HOOKS, 405),
        ("POST", "/healthz", 405),
        ("DELETE", "/api/projects/acme", 405),
        ("BREW", "/healthz", 400),
    ],
)
def test_what_is_not_there_is_told_in_json(method: str, path: str, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask(method, path)
            assert (answer.status, set(answer.json)) == (status, PROBLEM)
            assert answer.json["detail"].startswith(SAID[status])
            if status == 405:
                assert "OPTIONS" in answer.headers["allow"]

    run(scenario())


@pytest.mark.row("FB-14")
@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/healthz", "", 200),
        ("/api/openapi.json", "", 200),
        (HOOKS, "acme", 200),
        (HOOKS, "", 401),
        ("/api/projects/acme?secrets=true", "acme", 200),
        ("/nowhere", "acme", 404),
        ("/api/projects/acme/check", "acme", 405),
    ],
)
def test_head_is_answered_as_get_without_a_body(path: str, key: str, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            told = await web.ask("GET", path, key=key)
            answer = await web.ask("HEAD", path, key=key)
            assert (answer.status, told.status, answer.body) == (status, status, b"")
            assert answer.headers["content-length"] == told.headers["content-length"]
            assert answer.headers["content-type"] == told.headers["content-type"]

    run(scenario())


def test_options_says_what_there_is() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("PATCH", HOOKS)
            assert {"GET", "HEAD", "POST"} <= {*answer.headers["allow"].split(", ")}
            assert (await web.ask("OPTIONS", HOOKS, key="")).status == 204

    run(scenario())


class Broken:
    """A store with a mistake of ours in it."""

    async def subscriptions(self, *, project: str | None = None) -> tuple[()]:
        raise ZeroDivisionError(f"nobody thought of {project}")

    async def check(self) -> None:
        """Work."""


def test_a_crash_is_500_without_its_inside_and_costs_nobody_else() -> None:
    async def scenario() -> None:
        async with serving(store=cast("Any", Broken())) as web:
            with structlog.testing.capture_logs() as logged:
                answer = await web.ask("GET", HOOKS)
            assert (answer.status, set(answer.json)) == (500, PROBLEM)
            assert b"Zero" not in answer.body
            assert b"nobody" not in answer.body
            (line,) = [line for line in logged if line["log_level"] == "error"]
            assert (line["event"], line["path"]) == ("api request crashed", HOOKS)
            assert isinstance(line["exc_info"], ZeroDivisionError)
            assert (await web.ask("GET", "/healthz", key="")).status == 200

    run(scenario())


def test_a_line_of_the_log_tells_no_secret() -> None:
    async def scenario() -> None:
        async with serving() as web:
            with structlog.testing.capture_logs() as logged:
                await web.ask("GET", f"{HOOKS}?key={KEYS['hooks']}", key="hooks")
                await web.ask("POST", HOOKS, {"target_url": "https://s3cret.example"}, key="hooks")
                await web.ask("GET", "/%0a%1b[2J" + "x" * 999, key="")
            lines = [line for line in logged if line["event"] == "request"]
            assert [line["log_level"] for line in lines] == ["debug"] * 3
            assert [(line["method"], line["path"], line["status"]) for line in lines[:2]] == [
                ("GET", HOOKS, 200),
                ("POST", HOOKS, 400),
            ]
            assert lines[2]["path"].startswith("/%0a%1b[2Jxxx")
            assert len(lines[2]["path"]) == 200
            for secret in (KEYS["hooks"], "s3cret"):
                assert secret not in json.dumps(logged, default=str)

    run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme-key\r\nContent-Length: 9\r\n\r\n{"
        % HOOKS.encode(),
    ],
)
def test_who_goes_away_disturbs_nobody_and_is_no_mistake_of_ours(sent: bytes) -> None:
    async def scenario() -> None:
        async with serving() as web:
            with structlog.testing.capture_logs() as logged:
                for _ in range(20):
                    _, writer = await asyncio.open_connection("127.0.0.1", web.port)
                    writer.write(sent)
                    await writer.drain()
                    writer.close()
                assert (await web.ask("GET", "/healthz", key="")).status == 200
                while sum(line["event"] == "request" for line in logged) < 21:  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.01)
            assert {line["log_level"] for line in logged} == {"debug"}

    run(scenario())
