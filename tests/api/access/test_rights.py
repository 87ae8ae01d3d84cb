"""The authorisation matrix: every operation of the API for every role, scope and project (S-74).

It is made from the OpenAPI document, so that an operation of which nobody said what it needs fails here.
"""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from switchhook.api.access.rights import RIGHTS
from switchhook.api.rate_limit import REFILL_SECONDS
from switchhook.domain.access.people import Role, User
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.event import Subscription
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.tokens import digest_of
from tests.conformance.test_call_list import made
from tests.support.loop import run
from tests.support.promises import delivery, record
from tests.support.web import KEYS, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.web import Web

STREAMS: Final = frozenset({"GET /api/events/stream", "GET /api/calls/live"})
"""They are asked by HEAD: the body has no end."""
THERE: Final = {"acme": "1", "other": "2"}
"""What a project's things are called, each kind of them."""


def key_of(role: Role, scope: Scope) -> str:
    return f"{role}-{scope}"


@asynccontextmanager
async def office() -> AsyncIterator[Web]:
    """Serve two projects with calls, deliveries and subscriptions, and a user of each role in `acme`."""
    async with serving(requests_per_minute=10**6) as web:
        for role in Role:
            user = User(id=role, login=role, created_at=0.0)
            await web.store.people.add_user(user, password="")
            await web.store.people.set_role("acme", user.id, role, at=0.0)
            for scope in Scope:
                key = key_of(role, scope)
                token = Token(
                    project="acme", id=key, user=role, scope=scope, created_at=0.0, person=user.id
                )
                await web.store.tokens.save(token, digest_of(key))
        for project, name in THERE.items():
            call = replace(made(name), snapshot=ProjectSnapshot(Project(id=project, name=project)))
            await web.store.commit(record(call, delivery(name, project=project)))
            web.calls[f"running-{name}"] = project
            subscribed = Subscription(
                project=project, user="u", target_url="https://a.example", event="custom", created_at=0.0
            )  # fmt: skip
            await web.store.add_subscription(subscribed, most=9)
        yield web


async def operations(web: Web) -> dict[str, bool]:
    """Return the operations of the OpenAPI document, and whether each needs a token."""
    told = (await web.ask("GET", "/api/openapi.json", key="")).json["paths"]
    return {
        f"{method.upper()} {path}": "security" not in one
        for path, methods in told.items()
        for method, one in methods.items()
    }


def path_to(operation: str, project: str) -> str:
    """Fill an operation's path with what there is in a project."""
    path = operation.partition(" ")[2].replace("{project}", project)
    name = THERE[project]
    path = path.replace("{delivery}", f"{name}.1.crm").replace("{kind}/{name}", "numbers/1")
    path = path.replace("{kind}", "screening").replace("{act}", "check")
    return re.sub(r"\{\w+\}", name, path)


async def status(web: Web, operation: str, project: str, authorization: str) -> int:
    method = "HEAD" if operation in STREAMS else operation.partition(" ")[0]
    headers = {"Authorization": authorization} if authorization else {}
    return (await web.ask(method, path_to(operation, project), key="", **headers)).status


def test_every_operation_says_what_it_needs_and_nothing_else_does() -> None:
    async def scenario() -> None:
        async with serving() as web:
            found = await operations(web)
            assert {one for one, needs_token in found.items() if needs_token} == RIGHTS.keys()

    run(scenario())


def test_an_operation_of_which_nothing_is_said_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("GET", "/api/calls")).status == 200
            monkeypatch.delitem(RIGHTS, "GET /api/calls")
            assert (await web.ask("GET", "/api/calls")).status == 403

    run(scenario())


@pytest.mark.row("S-74")
@pytest.mark.parametrize("role", Role)
def test_each_operation_is_open_to_those_who_may_in_their_own_project_alone(role: Role) -> None:
    async def scenario() -> None:
        async with office() as web:
            wrong = []
            for operation, scope in product(RIGHTS, Scope):
                key = f"Bearer {key_of(role, scope)}"
                need = RIGHTS[operation]
                may = not need.refusal(role, scope)
                theirs = await status(web, operation, "other", key)
                own = await status(web, operation, "acme", key)
                if not may:
                    expected = {403}
                elif "{project}" in operation:
                    expected = {404}
                else:  # a thing of another project, or what was sent is looked at before
                    expected = {404, 400} if "{" in operation else {own}
                if theirs not in expected or (own in {401, 403}) == may or own >= 500:
                    wrong.append((operation, scope, own, theirs))
            assert wrong == []

    run(scenario(), deadline=100.0)


@pytest.mark.parametrize(
    ("authorization", "expected"), [("", 401), ("Basic dTpw", 401), ("Bearer wrong", 403)]
)
def test_without_a_good_key_nothing_is_open(authorization: str, expected: int) -> None:
    async def scenario() -> None:
        async with office() as web:
            for operation, project in product(RIGHTS, THERE):
                web.ticks += REFILL_SECONDS
                assert await status(web, operation, project, authorization) == expected, operation

    run(scenario())


@pytest.mark.row("S-74")
def test_a_project_that_there_is_looks_like_one_that_there_is_not() -> None:
    async def scenario() -> None:
        async with office() as web:
            key = f"Bearer {key_of(Role.OWNER, Scope.ADMIN)}"
            for operation in RIGHTS:
                method, _, path = operation.partition(" ")
                if "{project}" not in path or operation in STREAMS:
                    continue
                paths = [
                    re.sub(r"\{\w+\}", "1", path.replace("{project}", name))
                    for name in ("other", "nowhere")
                ]
                answers = [await web.ask(method, one, key="", Authorization=key) for one in paths]
                assert [one.status for one in answers] == [404, 404], operation
                assert answers[0].json == answers[1].json

    run(scenario())


def test_secrets_take_an_editor_however_they_are_asked_for() -> None:
    async def scenario() -> None:
        async with office() as web:
            path = "/api/projects/acme/config/accounts"
            for query, expected in (
                ("", 200),
                ("?secrets=false", 200),
                ("?secrets=true", 403),
                ("?secrets=1", 403),
                ("?secrets=false&secrets=true", 403),
                ("?secrets=true&secrets=false", 403),
            ):
                key = f"Bearer {key_of(Role.VIEWER, Scope.PROJECT)}"
                answer = await web.ask("GET", path + query, key="", Authorization=key)
                assert answer.status == expected, query
                assert b"password" not in answer.body
            key = f"Bearer {key_of(Role.EDITOR, Scope.PROJECT)}"
            answer = await web.ask("GET", f"{path}?secrets=true", key="", Authorization=key)
            assert answer.status == 200

    run(scenario())


def test_a_role_that_is_taken_away_is_gone_from_the_next_request_on() -> None:
    async def scenario() -> None:
        async with office() as web:
            key = f"Bearer {key_of(Role.EDITOR, Scope.PROJECT)}"

            async def ask() -> int:
                return (await web.ask("GET", "/api/calls", key="", Authorization=key)).status

            assert await ask() == 200
            await web.store.people.set_disabled(Role.EDITOR, 1.0)
            assert await ask() == 403
            await web.store.people.set_disabled(Role.EDITOR, None)
            assert await ask() == 200
            await web.store.people.set_role("acme", Role.EDITOR, None, at=1.0)
            assert await ask() == 403
            assert (await web.ask("GET", "/api/calls")).status == 200
            assert KEYS["acme"]

    run(scenario())
