"""A REST-hook client checks its account before it subscribes."""

from __future__ import annotations

import pytest

from tests.support.loop import run
from tests.support.web import KEYS, USER, serving

PATH = "/api/permission/systemuser/profile"


@pytest.mark.row("FB-13")
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Token {USER}:{KEYS['hooks']}", 200),
        (f"Token {USER}:{KEYS['acme']}", 200),
        (f"Bearer {KEYS['hooks']}", 200),
        (f"Token {USER}:wrong", 403),
        (f"Token other@example.com:{KEYS['hooks']}", 403),
        ("", 401),
    ],
)
def test_a_good_token_is_answered_with_whose_it_is(header: str, status: int, end: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            named = {"Authorization": header} if header else {}
            answer = await web.ask("GET", PATH + end, key="", **named)
            assert answer.status == status
            media_type = "application/json" if status == 200 else "application/problem+json"
            assert answer.headers["content-type"] == media_type
            assert isinstance(answer.json, dict)
            if status == 200:
                assert answer.json["email"] == USER
                assert answer.json["client"] == "acme"
                assert all(key not in answer.body.decode() for key in KEYS.values())

    run(scenario())
