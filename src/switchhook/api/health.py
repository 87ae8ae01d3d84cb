"""Whether Switchhook can do its work, for programs that watch over it."""

import asyncio
from typing import Final

from litestar import Response, get
from msgspec import Struct

from switchhook.api.answers import Detail, also
from switchhook.api.authentication import OPEN
from switchhook.api.subscriptions import Ours
from switchhook.storage.records import StoreError

PATIENCE: Final = 2.0
"""Seconds that the database may take."""


class Health(Struct, frozen=True):
    """`ok`, and nothing that an outsider should not know."""

    status: str = "ok"


@get("/livez", opt={OPEN: True}, security=[{}], tags=["health"])
async def livez() -> Health:
    """Answer 200 while the process serves at all: whoever starts it again for that loses running calls."""
    return Health()


@get(
    ["/readyz", "/healthz"],
    opt={OPEN: True},
    security=[{}],
    tags=["health"],
    responses={503: also(Detail, "It cannot; `detail` says why.")},
)
async def readyz(behind: Ours) -> Response[Health | Detail]:
    """Answer 200 while calls and events can be stored, else 503 with why."""
    try:
        async with asyncio.timeout(PATIENCE):
            await behind.store.check()
    except TimeoutError:
        return _ill("the database does not answer")
    except StoreError as error:
        return _ill(f"nothing can be stored: {error.why or 'the database cannot be used now'}")
    return Response(Health())


def _ill(why: str) -> Response[Health | Detail]:
    return Response(Detail(detail=why), status_code=503, headers={"Retry-After": "10"})
