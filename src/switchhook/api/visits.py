"""Visits to the website over HTTP: what is known of one, and which number or call is its."""

from typing import Final

from litestar import Controller, put
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.exchange.json_body import json_body
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations import visits as operations
from switchhook.operations.visits import SHOWN_SECONDS, BadVisitError

MAX_BODY: Final = 1 << 20
"""Bytes: a hundred attributes of the greatest length."""


class VisitTold(Struct, frozen=True, forbid_unknown_fields=True):
    """What a website knows of a visit."""

    attributes: dict[str, str | int | None] = {}
    """Parameters of the visit by key, `custom:<name>` and `order_field:<name>` too; null for what is not known."""
    number: str = ""
    """The number of the project that the visitor sees: who calls it meanwhile is that visitor."""
    seconds: float = SHOWN_SECONDS
    """How long it is the visitor's."""
    call: str = ""
    """A running call that is the visitor's."""


class VisitKept(Struct, frozen=True):
    """A visit as it is known now."""

    visit: str
    attributes: dict[str, str]
    number: str
    """As it is kept; empty where none was told."""
    call: str


class VisitController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/visits/{visit:str}"
    tags = ("visits",)

    @put(
        request_max_body_size=MAX_BODY,
        responses=COMMON_RESPONSES | {400: response_spec(WrongField, "A field is wrong.")},
    )
    async def tell(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        visit: FromPath[str],
    ) -> VisitKept:
        """Keep what is known of a visit, in place of what was, and attach a number or a running call to it."""
        snapshot = deps.snapshot_of(project)
        if project != request.user.project or snapshot is None:
            raise NotFoundException("there is no such project")
        told = json_body(
            await read_body(request), VisitTold, '{"attributes": {"source": "google"}}'
        )
        number = _number(told, snapshot)
        if told.call and not deps.runs(told.call, project):
            raise WrongFieldError(
                "call",
                "call is no running call of this project; PATCH /api/calls/{call} tells of one that has ended",
            )
        known = {key: str(value) for key, value in told.attributes.items() if value is not None}
        now = deps.clock()
        try:
            kept = await operations.put_visit(
                deps.store, deps.visits, project, visit, known, now=now
            )
            if number:
                await operations.attach_number(
                    deps.store,
                    deps.visits,
                    project,
                    visit,
                    number,
                    now=now,
                    seconds=told.seconds,
                    dialling=snapshot.project.dialling,
                )
            if told.call:
                await operations.attach_call(
                    deps.store, deps.visits, project, visit, told.call, now=now
                )
        except BadVisitError as error:
            raise WrongFieldError("attributes", str(error)) from None
        return VisitKept(
            visit=kept.id, attributes=dict(kept.attributes), number=number, call=told.call
        )


def _number(told: VisitTold, snapshot: ProjectSnapshot) -> str:
    """Return the project's number as it is kept, or "". Raises WrongFieldError."""
    if not told.number:
        return ""
    if not 0 < told.seconds <= operations.MAX_SHOWN_SECONDS:
        raise WrongFieldError("seconds", "seconds is more than 0, and at most a year")
    number = snapshot.number(told.number)
    if number is None:
        raise WrongFieldError("number", "number is no number of this project")
    return number.number
