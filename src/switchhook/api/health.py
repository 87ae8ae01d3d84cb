"""Whether Switchhook can do its work, for programs that watch over it."""

import asyncio
from typing import Final

from litestar import get
from msgspec import Struct

from switchhook.api.answers import Detail, also
from switchhook.api.authentication import OPEN
from switchhook.api.subscriptions import Ours
from switchhook.storage.records import StoreError

PATIENCE: Final = 2.0
"""Seconds that the database may take."""


class Health(Struct, frozen=True):
    """`ok`, and nothing that an outsider should not know."""

    status: str


@get(
    "/healthz",
    opt={OPEN: True},
    security=[{}],
    tags=["health"],
    responses={503: also(Detail, "It does not.")},
)
async def healthz(behind: Ours) -> Health:
    """Answer 200 while the database answers, else 503."""
    try:
        async with asyncio.timeout(PATIENCE):
            await behind.store.ping()
    except TimeoutError:
        raise StoreError("the database does not answer", transient=True) from None
    return Health(status="ok")
