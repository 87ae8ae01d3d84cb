"""Events that are no calls over HTTP: a form was sent, a dialogue began or ended, a deal was made or changed (N-07)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath
from msgspec import Meta, Struct

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.json_body import json_body
from switchhook.api.exchange.problems import Problem
from switchhook.api.idempotency import PARAMETER, once
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.access.token import Token
from switchhook.domain.event import EventKind
from switchhook.operations.intake.foreign_events import (
    MAX_FIELDS,
    MAX_SUBJECT,
    ForeignEventError,
    PostedEvent,
    tell_foreign_event,
)
from switchhook.views.intake import told_event
from switchhook.webhooks.payload_template import scalar_text

MAX_BODY: Final = 1 << 19
"""Bytes: a hundred fields of the greatest length."""


class ForeignEventPosted(Struct, frozen=True, forbid_unknown_fields=True):
    """An event that is no call."""

    subject: str = ""
    at: Annotated[datetime, Meta(tz=True)] | None = None
    caller: str = ""
    caller_name: str = ""
    number: str = ""
    account: str = ""
    visit: str = ""
    fields: dict[str, str | int | float | bool | None] = {}


class ForeignEventTold(Struct, frozen=True):
    """What became of it."""

    event: str
    subject: str
    """What it is about; made up where none was posted."""
    call: str
    """What stands for the call's id in its deliveries: they are listed by it."""
    deliveries: list[str]
    """The ids of its deliveries, which are stored."""
    left_out: list[str]
    """Who is not told of it, and why."""


@dataclass
class ForeignEventOperation(Operation):
    """Describes the body and the Idempotency-Key."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=BODY, example=EXAMPLE),
            },
        )
        self.parameters = [*(self.parameters or ()), PARAMETER]


def _text(description: str, most: int | None = None) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description, max_length=most)


BODY: Final = Schema(
    type=OpenAPIType.OBJECT,
    additional_properties=False,
    properties={
        "subject": _text(
            "What it is about, such as the id of a deal. Events about the same are told in their order.",
            MAX_SUBJECT,
        ),
        "at": Schema(
            type=OpenAPIType.STRING,
            format=OpenAPIFormat.DATE_TIME,
            description="When it happened, within the last 7 days; else now.",
        ),
        "caller": _text("The client's telephone number."),
        "caller_name": _text("The client's name."),
        "number": _text("The number of the project that the client saw."),
        "account": _text("The login of the account whose client it is."),
        "visit": _text("The visit to the website that it belongs to."),
        "fields": Schema(
            type=OpenAPIType.OBJECT,
            max_properties=MAX_FIELDS,
            description="What was posted besides: texts, numbers, true, false, null.",
            additional_properties=Schema(
                type=[
                    OpenAPIType.STRING,
                    OpenAPIType.NUMBER,
                    OpenAPIType.BOOLEAN,
                    OpenAPIType.NULL,
                ]
            ),
        ),
    },
)
EXAMPLE: Final = {
    "subject": "4711",
    "caller": "+380441112233",
    "fields": {"stage": "won", "amount": 1200},
}


@post(
    "/api/events/{kind:str}",
    status_code=202,
    tags=("events",),
    operation_class=ForeignEventOperation,
    request_max_body_size=MAX_BODY,
    responses=COMMON_RESPONSES
    | {
        400: response_spec(WrongField, "A field is wrong."),
        409: response_spec(Problem, "A request with this key is under way."),
        422: response_spec(Problem, "This Idempotency-Key was used for another request."),
        503: response_spec(Problem, "The database cannot be used now; try again."),
    },
)
async def post_event(
    request: TokenRequest, deps: Dependencies, kind: FromPath[str]
) -> Response[bytes]:
    """Tell the project's events of something that is no call: `form.sent`, `dialogue.started`, `deal.changed` and the like.

    It is stored with all its deliveries when this answers.
    """
    if kind not in _KINDS:
        raise NotFoundException(f"there is no such event; it is one of {', '.join(_KINDS)}")

    async def act() -> ForeignEventTold:
        return await _tell(
            deps,
            request.user,
            kind,
            json_body(
                await read_body(request),
                ForeignEventPosted,
                '{"subject": "17", "caller": "+380441112233"}',
            ),
        )

    return await once(request, deps, act, status=202)


_KINDS: Final = tuple(one.value for one in EventKind if one.is_foreign)


async def _tell(
    deps: ApiDependencies, token: Token, kind: str, posted: ForeignEventPosted
) -> ForeignEventTold:
    snapshot = deps.snapshot_of(token.project)
    if snapshot is None:
        raise NotFoundException("there is no such project")
    if deps.foreign_events is None:
        raise HTTPException("no events are sent here", status_code=503)
    event = PostedEvent(
        kind=kind,
        subject=posted.subject,
        at=None if posted.at is None else posted.at.timestamp(),
        caller=posted.caller,
        caller_name=posted.caller_name,
        number=posted.number,
        account=posted.account,
        visit=posted.visit,
        fields={name: scalar_text(value) for name, value in posted.fields.items()},
    )
    try:
        told = await tell_foreign_event(deps.foreign_events, snapshot, event, now=deps.clock())
    except ForeignEventError as error:
        raise WrongFieldError(error.field, str(error)) from None
    return msgspec.convert(told_event(told), ForeignEventTold)
