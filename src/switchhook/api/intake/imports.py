"""Calls that were made elsewhere, over HTTP: posted once they are over, up to a hundred at once (N-17)."""

from dataclasses import dataclass
from typing import Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath
from msgspec import Struct

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
from switchhook.domain.call import Direction
from switchhook.domain.cause import EndedBy, Outcome
from switchhook.operations.intake.imports import (
    MAX_LINK,
    MAX_TEXT,
    MOST,
    CallImportError,
    queue_calls,
)
from switchhook.operations.intake.posted_calls import CallsPosted, as_imported
from switchhook.storage.intake import CallImport
from switchhook.views.intake import import_status

MAX_BODY: Final = 1 << 19
"""Bytes."""


class ImportedCallState(Struct, frozen=True):
    """What became of one call."""

    reference: str
    state: str
    """`queued`, `imported` or `duplicate`."""
    call: str
    """Its id here; of a duplicate, that of the call that came first."""


class ImportStatus(Struct, frozen=True):
    """How an import stands."""

    number: int
    state: str
    """`queued` or `done`."""
    tell: bool
    calls: list[ImportedCallState]


def _text(description: str, most: int = MAX_TEXT) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description, max_length=most)


def _moment(description: str) -> Schema:
    return Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME, description=description)


def _choice(kind: type[Direction | Outcome | EndedBy], description: str) -> Schema:
    return Schema(
        type=OpenAPIType.STRING, enum=[one.value for one in kind], description=description
    )


BODY: Final = Schema(
    type=OpenAPIType.OBJECT,
    additional_properties=False,
    required=["calls"],
    properties={
        "tell": Schema(
            type=OpenAPIType.BOOLEAN,
            description="Whether the events after a call are told of these; else they are only kept.",
        ),
        "calls": Schema(
            type=OpenAPIType.ARRAY,
            min_items=1,
            max_items=MOST,
            items=Schema(
                type=OpenAPIType.OBJECT,
                additional_properties=False,
                required=["reference", "direction", "callee", "started_at", "ended_at"],
                properties={
                    "reference": _text("What your telephone system calls it; unique."),
                    "direction": _choice(Direction, "Seen from the project."),
                    "caller": _text("The number that called; empty where it was withheld."),
                    "caller_name": _text("Its name."),
                    "callee": _text("What was dialled."),
                    "account": _text("The login of who answered, or called."),
                    "started_at": _moment("When it began."),
                    "answered_at": _moment("When it was answered; left out where it was not."),
                    "ended_at": _moment("When it ended."),
                    "outcome": _choice(Outcome, "Else answered or missed, by answered_at."),
                    "ended_by": _choice(EndedBy, "Who hung up; else the caller."),
                    "visit": _text("Whose call it is; else who saw the number at that time."),
                    "recording_link": _text("Where its recording is.", MAX_LINK),
                },
            ),
        ),
    },
)
EXAMPLE: Final = {
    "tell": True,
    "calls": [
        {
            "reference": "pbx-1",
            "direction": "incoming",
            "caller": "+380441112233",
            "callee": "+380442223344",
            "account": "101",
            "started_at": "2026-11-30T09:00:00+02:00",
            "answered_at": "2026-11-30T09:00:08+02:00",
            "ended_at": "2026-11-30T09:03:10+02:00",
        }
    ],
}


@dataclass
class ImportOperation(Operation):
    """Describes the body and the Idempotency-Key."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        content = {"application/json": OpenAPIMediaType(schema=BODY, example=EXAMPLE)}
        self.request_body = RequestBody(required=True, content=content)
        self.parameters = [*(self.parameters or ()), PARAMETER]


class ImportController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/imports"
    tags = ("calls",)

    @post(
        status_code=202,
        operation_class=ImportOperation,
        request_max_body_size=MAX_BODY,
        responses=COMMON_RESPONSES
        | {
            400: response_spec(WrongField, "A field is wrong; nothing is imported."),
            409: response_spec(Problem, "A request with this key is under way."),
            422: response_spec(Problem, "This Idempotency-Key was used for another request."),
        },
    )
    async def post_calls(self, request: TokenRequest, deps: Dependencies) -> Response[bytes]:
        """Queue calls that another telephone system made: stored when this answers, and imported soon."""

        async def act() -> ImportStatus:
            posted = as_imported(
                json_body(
                    await read_body(request),
                    CallsPosted,
                    '{"calls": [{"reference": "pbx-1", "direction": "incoming", …}]}',
                )
            )
            token = request.user
            try:
                queued = await queue_calls(
                    deps.store,
                    token.project,
                    posted.calls,
                    by=token.user,
                    now=deps.clock(),
                    tells=posted.tells,
                )
            except CallImportError as error:
                raise WrongFieldError(error.field, str(error)) from None
            deps.wake_importer()
            return _status(queued)

        return await once(request, deps, act, status=202)

    @get("/{number:int}", responses=COMMON_RESPONSES)
    async def show(
        self, request: TokenRequest, deps: Dependencies, number: FromPath[int]
    ) -> ImportStatus:
        """Say what became of calls that were posted."""
        known = 0 < number < 2**63
        found = await deps.store.call_import(request.user.project, number) if known else None
        if found is None:
            raise NotFoundException("there is no such import, or it is not kept any more")
        return _status(found)


def _status(of: CallImport) -> ImportStatus:
    return msgspec.convert(import_status(of), ImportStatus)
