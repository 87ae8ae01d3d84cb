"""Calls over HTTP: end one that runs, tell what became known of one."""

from dataclasses import dataclass

import msgspec
from litestar import Controller, delete, patch
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.authentication import require_scope
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.token import Scope
from switchhook.operations.visits import BadVisitError, read_attributes
from switchhook.routing.events import LateFacts


class Ending(Struct, frozen=True):
    """A call that is being ended."""

    call: str


class CallFactsTold(Struct, frozen=True):
    """Facts that became known of a call."""

    call: str
    facts: dict[str, str]


@dataclass
class TellOperation(Operation):
    """Describes the body."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        text = Schema(type=OpenAPIType.STRING)
        facts = Schema(type=OpenAPIType.OBJECT, additional_properties=text)
        schema = Schema(type=OpenAPIType.OBJECT, required=["facts"], properties={"facts": facts})
        content = {"application/json": OpenAPIMediaType(schema=schema)}
        self.request_body = RequestBody(required=True, content=content)


class Calls(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/calls/{call:str}"
    tags = ("calls",)

    @delete(status_code=202, responses=COMMON_RESPONSES)
    async def hang_up(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Ending:
        """Hang up both sides of a running call. Its end is told as that of every call."""
        require_scope(request.user, Scope.PROJECT)
        user, project = request.user.user, request.user.project
        if not deps.hang_up(call, by=f"{user} over the API", project=project):
            raise NotFoundException("there is no such call, or it has ended")
        return Ending(call=call)

    @patch(
        operation_class=TellOperation,
        responses=COMMON_RESPONSES
        | {400: response_spec(WrongField, "A fact is no attribute of a visit.")},
    )
    async def tell(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> CallFactsTold:
        """Tell facts that became known of a call late, such as where its caller came from; it may have ended."""
        require_scope(request.user, Scope.PROJECT)
        try:
            told = msgspec.json.decode(await read_body(request), type=dict[str, dict[str, str]])
            facts = read_attributes(told["facts"])
        except BadVisitError as error:
            raise WrongFieldError("facts", f"facts: {error}") from None
        except (LookupError, ValueError, RecursionError):
            raise WrongFieldError(
                "facts", 'send {"facts": {"source": "google"}}: an object of texts'
            ) from None
        if not await deps.amend(request.user.project, call, LateFacts(facts=facts)):
            raise NotFoundException("there is no such call any more")
        return CallFactsTold(call=call, facts=dict(facts))
