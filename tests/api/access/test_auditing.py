"""Each change over the API is in the audit log, with what was there before and after, and each refusal; no secret is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.people import Role, User
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.tokens import digest_of
from tests.support.loop import run
from tests.support.web import KEYS, USER, serving

if TYPE_CHECKING:
    from switchhook.storage.people import AuditEntry
    from tests.support.web import Answer, Web

WEBHOOK = {"name": "crm", "url": "https://crm.example/s3cret/told"}
PATH = "/api/projects/acme/config/forwarding_numbers/crm"


async def viewer(web: Web, role: Role = Role.VIEWER) -> None:
    """Make the user olga, with a token whose key is hers."""
    user = User(id="u1", login="olga", created_at=0.0)
    await web.store.people.add_user(user, password="")
    await web.store.people.set_role("acme", "u1", role, at=0.0)
    token = Token(
        project="acme", id="t1", user="olga", scope=Scope.ADMIN, created_at=0.0, person="u1"
    )
    await web.store.tokens.save(token, digest_of("hers"))


async def ask(web: Web, method: str, path: str, body: object = None) -> Answer:
    sent = b"" if body is None else json.dumps(body).encode()
    return await web.ask(method, path, sent, key="", Authorization="Bearer hers")


async def latest(web: Web) -> AuditEntry:
    return (await web.store.audit.entries(limit=1))[0]


@pytest.mark.row("S-75")
def test_a_viewer_who_edits_a_webhook_is_refused_and_the_attempt_is_noted() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web)
            web.now = 4_000.0
            for method in ("PUT", "PATCH", "DELETE"):
                answer = await ask(web, method, PATH, WEBHOOK)
                assert answer.status == 403
                assert "your role is viewer; this needs the role editor" in answer.json["detail"]
                found = await latest(web)
                assert (found.actor, found.via, found.source) == ("olga", "token t1", "127.0.0.1")
                assert (found.result, found.at, found.project) == ("403", 4_000.0, "acme")
                operation = "/api/projects/{project}/config/{kind}/{name}"
                assert (found.operation, found.target) == (f"{method} {operation}", PATH)
            assert await web.store.project_versions() == {"acme": 1, "other": 1}

    run(scenario())


def test_a_change_is_noted_with_its_versions_and_without_its_values() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web, Role.EDITOR)
            assert (await ask(web, "PUT", PATH, WEBHOOK)).status == 200
            found = await latest(web)
            assert (found.actor, found.result) == ("olga", "200")
            assert found.facts["before"] == {"version": 1}
            assert found.facts["after"]["version"] == 2
            (change,) = found.facts["after"]["changes"]
            assert (change["kind"], change["name"]) == ("forwarding_numbers", "crm")
            assert "s3cret" not in repr(found)
            assert (await ask(web, "PUT", PATH, {"name": "crm"})).status == 422
            assert (await latest(web)).result == "422"

    run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/projects/acme?secrets=true", 200),
        ("GET", "/api/projects/other?secrets=true", 404),
        ("PUT", "/api/projects/other", 404),
        ("DELETE", "/api/calls/none", 404),
    ],
)
def test_looks_at_secrets_and_tries_at_others_are_noted(
    method: str, path: str, status: int
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask(method, path)).status == status
            found = await latest(web)
            assert (found.actor, found.project, found.result) == (USER, "acme", str(status))
            assert KEYS["acme"] not in repr(found)

    run(scenario())


def test_reading_and_what_a_website_tells_are_not_noted() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("GET", "/api/calls")
            await web.ask("GET", "/api/projects/acme/config/accounts?secrets=false")
            await web.ask("PUT", "/api/projects/acme/visits/v1", {"attributes": {}})
            await web.ask("POST", "/api/projects/acme/check", "")
            await web.ask("GET", "/api/calls", key="")
            assert await web.store.audit.entries() == ()

    run(scenario())


def test_a_project_reads_its_own_audit_log_page_by_page() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web, Role.ADMIN)
            await web.ask("DELETE", "/api/calls/1", key="other")
            for call in ("1", "2", "3"):
                await web.ask("DELETE", f"/api/calls/{call}")
            path = "/api/projects/acme/audit"
            told = (await ask(web, "GET", f"{path}?limit=2")).json
            assert [one["target"] for one in told["entries"]] == ["/api/calls/3", "/api/calls/2"]
            more = (await ask(web, "GET", f"{path}?after={told['next']}")).json
            assert [one["target"] for one in more["entries"]] == ["/api/calls/1"]
            assert (await ask(web, "GET", f"{path}?limit=0")).status == 400
            assert (await ask(web, "GET", f"{path}?after={2**63}")).status == 400
            assert (await web.ask("GET", path)).status == 403  # the scope project is no admin's

    run(scenario())


@pytest.mark.row("S-75")
def test_a_refusal_that_is_repeated_is_one_line_a_minute_with_a_count() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web)
            web.now = 4_000.0
            for second in (0, 10, 59):
                web.now = 4_000.0 + second
                assert (await ask(web, "PUT", PATH, WEBHOOK)).status == 403
            assert (await ask(web, "DELETE", PATH)).status == 403
            web.now = 4_061.0
            assert (await ask(web, "PUT", PATH, WEBHOOK)).status == 403
            assert (await ask(web, "GET", "/api/projects/other/versions")).status == 404
            assert (await ask(web, "GET", "/api/projects/other/versions")).status == 404
            found = await web.store.audit.entries()
            assert [(one.operation.split()[0], one.at, one.facts) for one in found] == [
                ("GET", 4_061.0, {"repeated": 2}),
                ("PUT", 4_061.0, {}),
                ("DELETE", 4_059.0, {}),
                ("PUT", 4_000.0, {"repeated": 3}),
            ]

    run(scenario())
