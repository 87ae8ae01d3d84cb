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
from switchhook.operations.intake.visits import (
    SHOWN_SECONDS,
    BadVisitError,
    PostedVisit,
    ToldVisit,
    tell_visit,
)

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
    ) -> ToldVisit:
        """Keep what is known of a visit, in place of what was, and attach a number or a running call to it."""
        snapshot = deps.snapshot_of(project)
        if project != request.user.project or snapshot is None:
            raise NotFoundException("there is no such project")
        told = json_body(
            await read_body(request), VisitTold, '{"attributes": {"source": "google"}}'
        )
        posted = PostedVisit(
            attributes={
                key: str(value) for key, value in told.attributes.items() if value is not None
            },
            number=told.number,
            seconds=told.seconds,
            call=told.call,
        )
        try:
            return await tell_visit(
                deps.store,
                deps.visits,
                snapshot,
                visit,
                posted,
                runs=deps.runs,
                now=deps.clock(),
            )
        except BadVisitError as error:
            raise WrongFieldError(error.field, str(error)) from None
