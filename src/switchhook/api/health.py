"""Health checks for monitoring: liveness and readiness."""

import asyncio
from typing import Final

from litestar import Response, get
from msgspec import Struct

from switchhook.api.authentication import OPEN
from switchhook.api.exchange.problems import Problem, problem
from switchhook.api.responses import response_spec
from switchhook.api.subscriptions import Dependencies
from switchhook.storage.records import StoreError

TIMEOUT: Final = 2.0
"""Seconds that the database may take."""


class Health(Struct, frozen=True):
    """`ok`, and nothing that an outsider should not know."""

    status: str = "ok"


@get("/livez", opt={OPEN: True}, security=[{}], tags=["health"])
async def livez() -> Health:
    """Answer 200 while the process serves at all.

    A restart ends running calls, so restart it only when this fails.
    """
    return Health()


@get(
    ["/readyz", "/healthz"],
    opt={OPEN: True},
    security=[{}],
    tags=["health"],
    responses={503: response_spec(Problem, "It cannot; `detail` says why.")},
)
async def readyz(deps: Dependencies) -> Response[Health | Problem]:
    """Answer 200 while calls and events can be stored, else 503 with why."""
    try:
        async with asyncio.timeout(TIMEOUT):
            await deps.store.check()
    except TimeoutError:
        return _unavailable("the database does not answer")
    except StoreError as error:
        return _unavailable(
            f"nothing can be stored: {error.why or 'the database cannot be used now'}"
        )
    return Response(Health())


def _unavailable(why: str) -> Response[Health | Problem]:
    return problem(503, detail=why, headers={"Retry-After": "10"})
