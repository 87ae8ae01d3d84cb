"""Who watches over Switchhook learns whether its database answers, and no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from switchhook.api import health
from switchhook.storage.records import StoreError
from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    import pytest


class Ill:
    """A store that does not answer as it should."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def ping(self) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


def answered(store: Any = None) -> tuple[int, bytes, str]:
    async def scenario() -> tuple[int, bytes, str]:
        async with serving(store=cast("Any", store)) as web:
            answer = await web.ask("GET", "/healthz", key="")
            return answer.status, answer.body, answer.headers.get("retry-after", "")

    return run(scenario())


def test_it_is_well_without_a_token() -> None:
    assert answered() == (200, b'{"status":"ok"}', "")


def test_a_database_that_fails_is_503_and_its_place_stays_secret() -> None:
    store = Ill(StoreError("the database /srv/x: the disk reported an error", transient=True))

    assert answered(store) == (503, b'{"detail":"the database cannot be used now"}', "10")


def test_a_database_that_is_silent_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    assert answered(Ill(None))[0] == 503
