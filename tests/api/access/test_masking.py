"""Where a project says so, its viewers see the last digits of numbers alone, in every operation that shows calls."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from switchhook.api.access.masking import LONG
from switchhook.api.access.rights import RIGHTS
from switchhook.domain.access.people import Role
from switchhook.domain.access.rights import ShownNumbers
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.tokens import digest_of
from switchhook.webhooks.recording_links import RecordingLinks, RecordingName
from tests.conformance.test_call_list import made
from tests.operations.people.test_erasure import commit
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.promises import delivery, record, stream_event
from tests.support.web import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.web import Answer, Web

NUMBER = "+380441112233"
HIDING = MINIMAL.replace("[project]", "[project]\nviewers_see_numbers = false")


@asynccontextmanager
async def office(document: str = HIDING) -> AsyncIterator[Web]:
    async with serving(document=document, requests_per_minute=10**6) as web:
        for role in Role:
            token = Token(
                project="acme", id=role, user=role, scope=Scope.PROJECT, created_at=0.0, role=role
            )
            await web.store.tokens.save(token, digest_of(role))
        await commit(web.store, made("c1", caller=NUMBER))
        yield web


async def ask(web: Web, path: str, role: Role = Role.VIEWER, method: str = "GET") -> Answer:
    return await web.ask(method, path, key="", Authorization=f"Bearer {role}")


@pytest.mark.row("T-35")
def test_no_operation_tells_a_viewer_the_number_of_a_caller() -> None:
    async def scenario() -> None:
        async with office() as web:
            for operation, need in RIGHTS.items():
                method, _, path = operation.partition(" ")
                if need.role is not Role.VIEWER or method != "GET":
                    continue
                path = path.replace("{project}", "acme").replace("{call}", "c1")
                path = path.replace("{delivery}", "c1.1.crm")
                answer = await ask(web, re.sub(r"\{\w+\}", "1", path))
                assert answer.status < 500
                assert b"1112233" not in answer.body, operation
                if need.numbers is ShownNumbers.FULL:
                    assert answer.status == 403, operation

    run(scenario())


@pytest.mark.row("T-35")
def test_the_rest_is_as_others_see_it() -> None:
    async def scenario() -> None:
        async with office() as web:
            for path in ("/api/calls", "/api/calls/c1", "/api/projects/acme/deliveries/c1.1.crm"):
                hidden, shown = await ask(web, path), await ask(web, path, Role.EDITOR)
                assert (hidden.status, shown.status) == (200, 200)
                assert b"**33" in hidden.body
                assert b"1112233" in shown.body
                assert len(hidden.body) == len(shown.body)
                assert hidden.json.keys() == shown.json.keys()
            head = await ask(web, "/api/calls", method="HEAD")
            assert head.headers["content-length"] == hidden_length(await ask(web, "/api/calls"))

    run(scenario())


def hidden_length(answer: Answer) -> str:
    return answer.headers["content-length"]


def test_a_number_cannot_be_found_out_by_searching() -> None:
    async def scenario() -> None:
        async with office() as web:
            answer = await ask(web, "/api/calls?number=38044*")
            assert (answer.status, "cannot search" in answer.json["detail"]) == (403, True)
            assert (await ask(web, "/api/calls?number=38044*", Role.EDITOR)).status == 200
            deliveries = "/api/projects/acme/deliveries"
            for path in (
                "/api/calls?dialled=380441112233",
                "/api/calls/c1/why?target=%2B380441112233",
                "/api/calls/c1/why?target=101&target=%2B380441112233",
                f"{deliveries}?text=112",
                f"{deliveries}/count?text=112",
            ):
                assert (await ask(web, path)).status == 403, path
                assert (await ask(web, path, Role.EDITOR)).status in {200, 410}, path
            assert (await ask(web, f"{deliveries}?text=refused")).status == 200
            assert (await ask(web, "/api/calls/c1/why?target=101")).status in {200, 410}

    run(scenario())


def test_a_long_answer_is_masked_beside_the_loop() -> None:
    async def scenario() -> None:
        async with office() as web:
            for number in range(140):
                await commit(web.store, made(f"more-{number}", caller=NUMBER))
            hidden = await ask(web, "/api/calls?limit=200")
            assert (hidden.status, len(hidden.json["calls"])) == (200, 141)
            assert len(hidden.body) >= LONG
            assert b"1112233" not in hidden.body
            assert hidden.headers["content-length"] == str(len(hidden.body))

    run(scenario())


def test_viewers_see_numbers_unless_the_project_says_otherwise() -> None:
    async def scenario() -> None:
        async with office(MINIMAL) as web:
            assert b"1112233" in (await ask(web, "/api/calls")).body
            assert (await ask(web, "/api/calls/export")).status == 200

    run(scenario())


LINK = RecordingLinks(base="https://pbx.example.com", key=b"k" * 32, keep_days=9).link(
    RecordingName(project="acme", call="c2", recording="r1"), expires=2_000_000_000.0
)


def test_who_may_not_hear_recordings_cannot_follow_a_link_in_a_delivery() -> None:
    async def scenario() -> None:
        async with office(MINIMAL) as web:
            scopes = {"reads-calls": Scope.CALLS, "follows": Scope.EVENTS}
            for name, scope in scopes.items():
                token = Token(project="acme", id=name, user="crm", scope=scope, created_at=0.0)
                await web.store.tokens.save(token, digest_of(name))
            body = urlencode({"recording": LINK}).encode()
            told = delivery("c2", project="acme", body=body)
            event = stream_event("c2", project="acme")
            event = replace(event, body=json.dumps({"link": LINK, "fill": " " * LONG}).encode())
            of_acme = replace(made("c2"), snapshot=ProjectSnapshot(Project(id="acme", name="Acme")))
            await web.store.commit(replace(record(of_acme, told), events=(event,)))
            secret = LINK[-32:].encode()
            one = f"/api/projects/acme/deliveries/{told.id}"
            for path in (one, "/api/projects/acme/deliveries?state=all&full=true", "/api/calls/c2"):
                hidden, shown = await ask(web, path), await ask(web, path, Role.EDITOR)
                assert (hidden.status, secret in hidden.body) == (200, False), path
                assert len(hidden.body) == len(shown.body)
                assert (path == "/api/calls/c2") or secret in shown.body, path
            events = "/api/events?after=oldest"
            assert secret not in (await ask(web, events)).body
            assert secret in (await ask(web, events, Role.EDITOR)).body
            followed = await web.ask("GET", events, key="", Authorization="Bearer follows")
            assert secret in followed.body
            called = await web.ask(
                "GET", "/api/calls/c2", key="", Authorization="Bearer reads-calls"
            )
            assert (called.status, secret in called.body) == (200, False)

    run(scenario())
