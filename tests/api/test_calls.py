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
