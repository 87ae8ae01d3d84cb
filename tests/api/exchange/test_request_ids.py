"""Each request has an id, its own or a new one; the answer and the log have it."""

from __future__ import annotations

import pytest
import structlog.testing

from tests.support.loop import run
from tests.support.web import HOOKS, serving


@pytest.mark.parametrize(
    ("brought", "is_taken"),
    [
        ("deal-17", True),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("two words", False),
        ('a"b', False),
    ],
)
def test_an_id_that_can_be_logged_is_taken(brought: str, is_taken: bool) -> None:  # noqa: FBT001 (a case)
    async def scenario() -> None:
        async with serving() as web:
            with structlog.testing.capture_logs() as logged:
                answer = await web.ask("GET", HOOKS, X_Request_Id=brought)
            told = answer.headers["x-request-id"]
            assert (told == brought) is is_taken
            assert is_taken or len(told) == 32
            assert [line["request_id"] for line in logged if line["event"] == "request"] == [told]

    run(scenario())


@pytest.mark.parametrize(("path", "key"), [("/nowhere", "acme"), (HOOKS, ""), ("/livez", "")])
def test_errors_and_open_answers_have_one_too_and_each_its_own(path: str, key: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            told = {(await web.ask("GET", path, key=key)).headers["x-request-id"] for _ in range(3)}
            assert len(told) == 3

    run(scenario())


def test_a_wrong_key_and_a_crash_are_logged_with_it() -> None:
    async def scenario() -> None:
        async with serving() as web:
            with structlog.testing.capture_logs() as logged:
                await web.send(
                    b"GET %s HTTP/1.1\r\nHost: x\r\nX-Request-Id: r.1\r\nAuthorization: Bearer no\r\n\r\n"
                    % HOOKS.encode()
                )
            (line,) = [line for line in logged if line["event"] == "api key rejected"]
            assert line["request_id"] == "r.1"

    run(scenario())
