"""Who watches over Switchhook learns whether its database answers, and no more."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from switchhook.api import health
from switchhook.storage.records import StoreError
from tests.support.loop import run
from tests.support.web import serving


class Ill:
    """A store that does not answer as it should."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def check(self) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


def answered(store: Any = None, path: str = "/readyz") -> tuple[int, bytes, str]:
    async def scenario() -> tuple[int, bytes, str]:
        async with serving(store=cast("Any", store)) as web:
            answer = await web.ask("GET", path, key="")
            body = answer.json["detail"].encode() if answer.status == 503 else answer.body
            return answer.status, body, answer.headers.get("retry-after", "")

    return run(scenario())


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_it_is_well_without_a_token(path: str) -> None:
    assert answered(path=path) == (200, b'{"status":"ok"}', "")


@pytest.mark.row("FD-11")
def test_a_database_that_fails_is_503_with_why_and_its_place_stays_secret() -> None:
    store = Ill(StoreError("the database /srv/x: the disk is full", why="the disk is full"))
    told = b"nothing can be stored: the disk is full"

    assert answered(store) == answered(store, "/healthz") == (503, told, "10")
    assert answered(store, "/livez")[0] == 200
    unknown = Ill(StoreError("the database /srv/x: something"))
    assert answered(unknown)[1] == (b"nothing can be stored: the database cannot be used now")


@pytest.mark.row("FD-11")
def test_a_database_that_is_silent_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT", 0.01)
    assert answered(Ill(None)) == (503, b"the database does not answer", "10")
    assert answered(Ill(None), "/livez")[0] == 200
