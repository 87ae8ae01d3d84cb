"""Admins give roles and tokens up to their own, and learn nothing of other projects' people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.people import Role, User
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.tokens import digest_of, list_tokens
from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    from tests.support.web import Answer, Web

USERS, TOKENS = "/api/projects/acme/users", "/api/projects/acme/tokens"


async def admin(web: Web, role: Role = Role.ADMIN) -> None:
    """Make the user boss of `acme`, and a stranger of `other`."""
    for name, project in (("boss", "acme"), ("stranger", "other")):
        await web.store.people.add_user(User(id=name, login=name, created_at=0.0), password="")
        await web.store.people.set_role(project, name, role, at=0.0)
    token = Token(
        project="acme", id="t1", user="boss", scope=Scope.ADMIN, created_at=0.0, person="boss"
    )
    await web.store.tokens.save(token, digest_of("boss-key"))


async def ask(web: Web, method: str, path: str, body: object = None, *, key: str = "boss-key") -> Answer:  # fmt: skip
    sent = b"" if body is None else json.dumps(body).encode()
    return await web.ask(method, path, sent, key="", Authorization=f"Bearer {key}")


def test_an_admin_gives_and_takes_roles_and_it_is_noted() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            given = await ask(web, "PUT", f"{USERS}/Olga", {"role": "viewer"})
            expected = {"login": "olga", "role": "viewer", "is_disabled": False}
            assert (given.status, given.json) == (200, expected)
            assert [one["login"] for one in (await ask(web, "GET", USERS)).json] == ["boss", "olga"]
            await ask(web, "PUT", f"{USERS}/olga", {"role": "editor"})
            noted = (await web.store.audit.entries(limit=1))[0]
            assert noted.facts == {"before": {"role": "viewer"}, "after": {"role": "editor"}}
            assert (await ask(web, "DELETE", f"{USERS}/olga")).status == 200
            assert (await ask(web, "DELETE", f"{USERS}/olga")).status == 404

    run(scenario())


@pytest.mark.parametrize("login", ["stranger", "nobody"])
def test_a_user_of_another_project_looks_like_one_that_there_is_not(login: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            refused = await ask(web, "PUT", f"{USERS}/{login}", {"role": "owner"})
            assert (refused.status, "owners are made" in refused.json["detail"]) == (403, True)
            assert (await ask(web, "DELETE", f"{USERS}/{login}")).status == 404
            token = await ask(web, "POST", TOKENS, {"user": login})
            assert (token.status, token.json["is_of_program"]) == (201, True)
            given = await ask(web, "PUT", f"{USERS}/{login}", {"role": "viewer"})
            assert (given.status, set(given.json)) == (200, {"login", "role", "is_disabled"})

    run(scenario())


def test_an_admin_neither_makes_nor_unmakes_an_owner_and_the_last_owner_stays() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            await web.store.people.add_user(User(id="o", login="o", created_at=0.0), password="")
            await web.store.people.set_role("acme", "o", Role.OWNER, at=0.0)
            for method, body in (("PUT", {"role": "viewer"}), ("DELETE", None)):
                assert (await ask(web, method, f"{USERS}/o", body)).status == 403
            await web.store.people.set_role("acme", "o", None, at=0.0)
            await web.store.people.set_role("acme", "boss", Role.OWNER, at=0.0)
            answer = await ask(web, "DELETE", f"{USERS}/boss")
            assert (answer.status, "last owner" in answer.json["detail"]) == (403, True)

    run(scenario())


def test_a_token_that_is_made_may_do_what_its_maker_may_and_no_more() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            wanted = {"user": "crm", "scope": "admin", "role": "owner", "days": 30}
            made = await ask(web, "POST", TOKENS, wanted)
            assert (made.status, made.json["role"], made.json["scope"]) == (201, "admin", "admin")
            key = made.json["key"]
            assert (await ask(web, "GET", USERS, key=key)).status == 200
            owner = await ask(web, "PUT", f"{USERS}/crm", {"role": "owner"}, key=key)
            assert owner.status == 403
            listed = await ask(web, "GET", TOKENS)
            assert key not in listed.body.decode()
            noted = await web.store.audit.entries()
            assert key not in repr(noted)
            revoked = await ask(web, "DELETE", f"{TOKENS}/{made.json['id']}")
            assert revoked.status == 200
            assert (await ask(web, "GET", USERS, key=key)).status == 403
            assert (await ask(web, "DELETE", f"{TOKENS}/other")).status == 404
            assert (await web.ask("GET", "/api/calls", key="other")).status == 200

    run(scenario())


def test_a_disabled_user_gets_no_token_and_least_of_all_a_programs() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            assert (await ask(web, "PUT", f"{USERS}/olga", {"role": "viewer"})).status == 200
            (olga,) = [one for one in await web.store.people.users() if one.login == "olga"]
            await web.store.people.set_disabled(olga.id, 1.0)
            for name in ("olga", "OLGA"):
                refused = await ask(web, "POST", TOKENS, {"user": name, "scope": "project"})
                assert (refused.status, "is disabled" in refused.json["detail"]) == (400, True)

    run(scenario())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{USERS}/olga", {"role": "king"}),
        (f"{USERS}/olga", []),
        (f"{USERS}/a%20b", {"role": "viewer"}),
        (TOKENS, {"user": "a b"}),
        (TOKENS, {"user": "crm", "days": 0}),
        (TOKENS, {}),
    ],
)
def test_what_cannot_be_read_is_400(path: str, body: object) -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            method = "POST" if path == TOKENS else "PUT"
            assert (await ask(web, method, path, body)).status == 400

    run(scenario())


def test_an_admin_acts_on_no_token_that_is_above_them() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            await web.store.people.add_user(User(id="o", login="o", created_at=0.0), password="")
            await web.store.people.set_role("acme", "o", Role.OWNER, at=0.0)
            tokens = {
                "theirs": Token(project="acme", id="theirs", user="o", scope=Scope.CALLS, created_at=0.0, person="o"),
                "ruling": Token(project="acme", id="ruling", user="crm", scope=Scope.ADMIN, created_at=0.0),
                "reading": Token(project="acme", id="reading", user="crm", scope=Scope.PROJECT, created_at=0.0),
            }  # fmt: skip
            for name, token in tokens.items():
                await web.store.tokens.save(token, digest_of(name))
            refused = await ask(web, "POST", TOKENS, {"user": "o", "scope": "calls"})
            assert (refused.status, "your role is admin" in refused.json["detail"]) == (403, True)
            for name, status in (("theirs", 403), ("ruling", 403), ("reading", 200)):
                answer = await ask(web, "DELETE", f"{TOKENS}/{name}")
                assert answer.status == status, name
            await web.store.people.set_role("acme", "boss", Role.OWNER, at=0.0)
            for name in ("theirs", "ruling"):
                assert (await ask(web, "DELETE", f"{TOKENS}/{name}")).status == 200

    run(scenario())


def test_a_programs_token_stays_good_when_its_maker_goes_and_the_list_says_so() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await admin(web)
            made = (await ask(web, "POST", TOKENS, {"user": "crm", "scope": "calls"})).json
            assert (made["made_by"], made["is_maker_gone"]) == ("boss", False)
            await web.store.people.set_role("acme", "boss", None, at=0.0)
            assert (await ask(web, "GET", "/api/calls", key=made["key"])).status == 200
            (listed,) = [one for one in await list_tokens(web.store.tokens) if one.user == "crm"]
            assert (listed.made_by, listed.maker, listed.is_maker_gone) == ("boss", "boss", True)
            assert not any(
                one.is_maker_gone for one in await list_tokens(web.store.tokens, project="other")
            )

    run(scenario())
