"""Nobody comes in without a good key, in either of its forms; who tries too many waits."""

from __future__ import annotations

import pytest

from switchhook.api.rate_limit import BURST, REFILL_SECONDS
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.tokens import digest_of
from tests.support.loop import run
from tests.support.web import HOOKS, KEYS, USER, Web, serving

PROJECT = "/api/projects/acme?secrets=true"


async def with_header(web: Web, header: str, path: str = HOOKS) -> tuple[int, str]:
    answer = await web.ask("GET", path, key="", Authorization=header)
    told = answer.json
    return answer.status, told["detail"] if isinstance(told, dict) else ""


@pytest.mark.parametrize(
    "header",
    [
        f"Token {USER}:{KEYS['acme']}",
        f"token {USER}:{KEYS['acme']}",
        f"Token   {USER}:{KEYS['acme']}  ",
        f"Bearer {KEYS['acme']}",
        f"BEARER {KEYS['acme']}",
    ],
)
def test_a_good_key_opens_in_either_form(header: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await with_header(web, header))[0] == 200

    run(scenario())


@pytest.mark.parametrize(
    "header",
    [
        f"Token {USER}:wrong",
        f"Token {USER}:",
        f"Token {USER}",
        f"Token {KEYS['acme']}",
        f"Token :{KEYS['acme']}",
        f"Token other@example.com:{KEYS['acme']}",
        f"Token {USER}:{KEYS['acme']}:",
        f"Bearer {USER}:{KEYS['acme']}",
        "Bearer ",
        "Bearer \u044e",
        "Token x:" + "y" * 30_000,
    ],
)
def test_a_wrong_key_is_403(header: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            status, detail = await with_header(web, header)
            assert status == 403
            assert detail.startswith("the token is not known")
            assert await web.store.subscriptions() == ()

    run(scenario())


@pytest.mark.parametrize("header", ["Basic dTpw", "", KEYS["acme"], "Token"])
def test_without_a_token_it_is_said_how_to_send_one(header: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            named = {"Authorization": header} if header else {}
            answer = await web.ask("GET", HOOKS, key="", **named)
            if header == "Token":
                assert answer.status == 403
                return
            assert answer.status == 401
            assert answer.headers["www-authenticate"].startswith("Token realm=")
            assert "Authorization: Token user@example.com:KEY" in answer.json["detail"]

    run(scenario())


def test_two_headers_are_none() -> None:
    async def scenario() -> None:
        async with serving() as web:
            header = b"Authorization: Bearer acme-key\r\n"
            raw = b"GET %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n" % (HOOKS.encode(), header, header)
            assert (await web.send(raw)).status == 401

    run(scenario())


def test_a_key_expires_by_the_clock_that_was_given() -> None:
    async def scenario() -> None:
        async with serving() as web:
            token = Token(
                project="acme",
                id="t",
                user=USER,
                scope=Scope.SUBSCRIPTIONS,
                created_at=0.0,
                expires_at=2_000.0,
            )
            await web.store.tokens.save(token, digest_of("until"))
            web.now = 1_999.0
            assert (await with_header(web, f"Token {USER}:until"))[0] == 200
            web.now = 2_000.0
            status, detail = await with_header(web, f"Token {USER}:until")
            assert (status, detail.partition(";")[0]) == (403, "the token has expired")

    run(scenario())


def test_a_revoked_key_is_refused_from_the_next_request_on() -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("GET", HOOKS)).status == 200
            await web.store.tokens.delete("acme")
            assert (await web.ask("GET", HOOKS)).status == 403

    run(scenario())


def test_a_narrow_key_opens_no_project_file_and_a_wide_one_all() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for method, path in (("GET", PROJECT), ("PUT", PROJECT), ("POST", f"{PATH}/check")):
                answer = await web.ask(method, path, key="hooks")
                assert answer.status == 403
                assert answer.json["detail"] == (
                    "this token is good for subscriptions only; this needs one of scope project"
                )
            assert (await web.ask("GET", PROJECT, key="acme")).status == 200
            assert (await web.ask("GET", HOOKS, key="acme")).status == 200
            assert (await web.ask("GET", HOOKS, key="hooks")).status == 200

    run(scenario())


PATH = "/api/projects/acme"


def test_who_tries_too_many_keys_waits_and_others_do_not() -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("GET", HOOKS, key="hooks")).status == 200
            wrong = f"Token {USER}:wrong"
            for _ in range(BURST):
                assert (await with_header(web, wrong))[0] == 403
            answer = await web.ask("GET", HOOKS, key="", Authorization=wrong)
            assert answer.status == 429
            assert int(answer.headers["retry-after"]) == REFILL_SECONDS + 1
            assert "too many wrong tokens" in answer.json["detail"]
            # Good keys go on, those too that were never seen before, as after a restart.
            assert (await web.ask("GET", HOOKS, key="acme")).status == 200
            assert (await web.ask("GET", HOOKS, key="hooks")).status == 200
            assert (await web.ask("GET", "/healthz", key="")).status == 200
            web.ticks = REFILL_SECONDS
            assert (await with_header(web, wrong))[0] == 403
            assert (await with_header(web, wrong))[0] == 429

    run(scenario())


def test_x_forwarded_for_changes_nobodys_address() -> None:
    async def scenario() -> None:
        async with serving() as web:
            statuses = [
                (
                    await web.ask(
                        "GET", HOOKS, key="", Authorization="Bearer x", X_Forwarded_For=f"9.9.9.{n}"
                    )
                ).status
                for n in range(BURST + 1)
            ]
            assert statuses == [*[403] * BURST, 429]

    run(scenario())


def test_its_use_is_noted() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.now = 5_000.0
            await web.ask("GET", HOOKS, key="hooks")
            used = {one.id: one.used_at for one in await web.store.tokens.all()}
            assert used == dict.fromkeys(KEYS) | {"hooks": 5_000.0}

    run(scenario())


def test_a_scope_that_is_wide_enough_is_needed_before_a_project_is_looked_for() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for project in ("acme", "other", "nowhere"):
                path = f"/api/projects/{project}?secrets=true"
                assert (await web.ask("GET", path, key="hooks")).status == 403

    run(scenario())
