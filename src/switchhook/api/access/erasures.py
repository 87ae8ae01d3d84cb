"""Erases a person over HTTP, by their telephone number (T-35)."""

from litestar import post
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.access.auditing import note_facts
from switchhook.api.exchange.json_body import json_body
from switchhook.api.responses import COMMON_RESPONSES, WrongFieldError, read_body
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.people.erasure import ErasureError, erase_person


class ErasureWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to erase."""

    number: str
    """In the body and not in the path: paths stand in logs."""
    after: int = 0
    """The `next` of the step before."""


class ErasureStep(Struct, frozen=True):
    """What a step of an erasure erased."""

    calls: int
    left: int
    """Calls that still run, or have deliveries that are not settled: erase again later."""
    recordings: int
    visits: int
    next: int | None
    """What the next step takes as `after`; null: that was all."""


@post(
    "/api/projects/{project:str}/erasures",
    status_code=200,
    tags=("people",),
    responses=COMMON_RESPONSES,
)
async def erase(request: TokenRequest, deps: Dependencies, project: FromPath[str]) -> ErasureStep:
    """Erase a person: calls that name the number, with deliveries, events, visits and recordings.

    A step takes ten seconds at most; repeat it until `next` is null.
    """
    wanted = json_body(await read_body(request), ErasureWanted, '{"number": "+380441112233"}')
    if not 0 <= wanted.after < 2**62:
        raise WrongFieldError("after", "after: send what `next` said")
    try:
        done = await erase_person(
            deps.store,
            deps.recordings,
            deps.visits,
            project=project,
            telephone=wanted.number,
            by=f"{request.user.user} over the API",
            after=wanted.after,
            at_hand=deps.snapshot_of,
        )
    except ErasureError as error:
        raise WrongFieldError("number", f"number: {error}") from None
    note_facts(after=done.counts())
    return ErasureStep(**done.counts(), next=done.next)
