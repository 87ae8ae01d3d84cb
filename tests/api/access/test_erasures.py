"""An admin erases a person over the API; the audit log says so, without the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog.testing

from switchhook.domain.access.token import Scope, Token
from switchhook.operations.tokens import digest_of
from tests.conformance.test_call_list import made
from tests.operations.people.test_erasure import commit
from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    from tests.support.web import Answer, Web

PATH = "/api/projects/acme/erasures"
NUMBER = "+380441112233"


async def erase(web: Web, body: object) -> Answer:
    token = Token(project="acme", id="dpo", user="dpo", scope=Scope.ADMIN, created_at=0.0)
    if await web.store.tokens.find(digest_of("dpo-key")) is None:
        await web.store.tokens.save(token, digest_of("dpo-key"))
    return await web.ask("POST", PATH, body, key="", Authorization="Bearer dpo-key")  # type: ignore[arg-type] # a test's


@pytest.mark.row("T-35")
def test_a_person_is_erased_and_the_audit_log_has_no_number() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await commit(web.store, made("theirs", caller=NUMBER))
            await commit(web.store, made("not-ours", caller=NUMBER), project="other")
            with structlog.testing.capture_logs() as logged:
                answer = await erase(web, {"number": NUMBER})
            expected = {"calls": 1, "left": 0, "recordings": 0, "visits": 0}
            assert (answer.status, answer.json) == (200, expected | {"next": None})
            assert [one.id for one in await web.store.calls()] == ["not-ours"]
            (noted,) = await web.store.audit.entries()
            assert (noted.actor, noted.result, noted.facts) == ("dpo", "200", {"after": expected})
            assert "1112233" not in repr(noted)
            assert "1112233" not in repr(logged)

    run(scenario())


@pytest.mark.parametrize(
    ("body", "field"),
    [(b"", ""), ({"number": "101"}, "number"), ({"number": 7}, "number"), ({"who": NUMBER}, "who")],
)
def test_what_is_no_number_is_400(body: object, field: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await erase(web, body)
            assert (answer.status, answer.json["field"]) == (400, field)

    run(scenario())


@pytest.mark.parametrize("after", [-1, 10**30])
def test_a_place_that_was_never_given_out_is_400(after: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await erase(web, {"number": NUMBER, "after": after})
            assert answer.status == 400

    run(scenario())


def test_it_takes_an_admin() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await commit(web.store, made("theirs", caller=NUMBER))
            assert (await web.ask("POST", PATH, {"number": NUMBER})).status == 403
            assert len(await web.store.calls()) == 1

    run(scenario())
