"""Calls that programs make and transfer: click-to-call, and the blind transfer of a running call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Controller, Response, post
from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.authentication import OUTWARD_CALL
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
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.calling import (
    CallbackError,
    NotTransferredError,
    call_back,
    transfer_call,
)
from switchhook.operations.history import NoSuchCallError
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import Side, TransferOrdered

T = TypeVar("T", bound=Struct)

MAX_NUMBER: Final = 128
"""Characters of a number, login or group."""
MAX_SCHEME: Final = 2**31 - 1
CALL_EXAMPLE: Final = '{"caller": "101", "callee": "+380441112233"}'
TRANSFER_EXAMPLE: Final = '{"to": "102"}'
OUTWARD_EXAMPLE: Final = '{"extension": "101", "destination": "380441112233"}'


class CallWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A call to make."""

    caller: str
    callee: str
    shown: str = ""


class TransferWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A transfer to make."""

    to: str = ""
    scheme: int = 0
    leaves: Side | None = None


class OutwardCallWanted(Struct, frozen=True):
    """A call to make, in the words of N-09."""

    extension: str
    destination: str


class CallUnderWay(Struct, frozen=True):
    """A call that is being made or transferred."""

    call: str


def _text(description: str) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description, max_length=MAX_NUMBER)


CALL_FIELDS: Final[dict[str, Reference | Schema]] = {
    "caller": _text(
        "Rings first: an account, a group, an outside number, a number of the project."
    ),
    "callee": _text("Rings once the caller has answered, as the caller would dial it."),
    "shown": _text("The number of the project that is shown outside."),
}
TRANSFER_FIELDS: Final[dict[str, Reference | Schema]] = {
    "to": _text("An account, a group or a number."),
    "scheme": Schema(type=OpenAPIType.INTEGER, minimum=1, description="In place of `to`."),
    "leaves": Schema(type=OpenAPIType.STRING, enum=[side.value for side in Side]),
}
OUTWARD_FIELDS: Final[dict[str, Reference | Schema]] = {
    "extension": _text("An account, or a number of the project."),
    "destination": _text("The number of the client."),
}


@dataclass
class _ActOperation(Operation):
    """Describes the body and the Idempotency-Key."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        types = ("application/json", *self.forms)
        schema = Schema(
            type=OpenAPIType.OBJECT, required=list(self.required_fields), properties=self.fields
        )
        content = {of_type: OpenAPIMediaType(schema=schema) for of_type in types}
        self.request_body = RequestBody(required=True, content=content)
        self.parameters = [*(self.parameters or ()), PARAMETER]

    fields = CALL_FIELDS
    required_fields: ClassVar[tuple[str, ...]] = ("caller", "callee")
    forms: ClassVar[tuple[str, ...]] = ()


@dataclass
class MakeOperation(_ActOperation):
    """Describes a call to make."""


@dataclass
class TransferOperation(_ActOperation):
    """Describes a transfer."""

    fields = TRANSFER_FIELDS
    required_fields = ()


@dataclass
class OutwardOperation(_ActOperation):
    """Describes an outward call."""

    fields = OUTWARD_FIELDS
    required_fields = ("extension", "destination")
    forms = ("application/x-www-form-urlencoded",)


RESPONSES: Final = COMMON_RESPONSES | {
    400: response_spec(WrongField, "A field is wrong."),
    409: response_spec(Problem, "It cannot be done now; or a request with this key is under way."),
    422: response_spec(Problem, "This Idempotency-Key was used for another request."),
    503: response_spec(Problem, "No further call is taken now; Retry-After says for how long."),
}


class CallActs(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/calls"
    tags = ("calls",)

    @post(status_code=202, operation_class=MakeOperation, responses=RESPONSES)
    async def make(self, request: TokenRequest, deps: Dependencies) -> Response[bytes]:
        """Make a call: ring the caller, then the callee. Its events are told as those of every call."""

        async def act() -> CallUnderWay:
            wanted = json_body(await read_body(request), CallWanted, CALL_EXAMPLE)
            return await _call_back(deps, request.user, wanted)

        return await once(request, deps, act, status=202)

    @post(
        "/{call:str}/transfer",
        status_code=202,
        operation_class=TransferOperation,
        responses=RESPONSES,
    )
    async def transfer(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Response[bytes]:
        """Transfer a party of a conversation: the target rings, and when it answers the other leaves."""

        async def act() -> CallUnderWay:
            wanted = json_body(await read_body(request), TransferWanted, TRANSFER_EXAMPLE)
            to = wanted.to.strip()
            if bool(to) == bool(wanted.scheme):
                raise WrongFieldError("to", "name either whom to transfer the call to, or a scheme")
            if len(to) > MAX_NUMBER or not to.isprintable():
                raise WrongFieldError("to", f"to: 1 to {MAX_NUMBER} printable characters")
            if not 0 <= wanted.scheme <= MAX_SCHEME:
                raise WrongFieldError("scheme", "scheme: name the number of a scheme")
            order = TransferOrdered(
                by=_by(request.user),
                to=to or f"scheme {wanted.scheme}",
                scheme=wanted.scheme,
                leaves=wanted.leaves,
            )
            try:
                transfer_call(deps.calls, call, order, project=request.user.project)
            except NoSuchCallError:
                raise NotFoundException("there is no such call, or it has ended") from None
            except NotTransferredError as error:
                raise HTTPException(str(error), status_code=409) from None
            return CallUnderWay(call=call)

        return await once(request, deps, act, status=202)


@post(
    OUTWARD_CALL,
    status_code=200,
    tags=("calls",),
    operation_class=OutwardOperation,
    responses=RESPONSES,
)
async def outward_call(request: TokenRequest, deps: Dependencies) -> Response[bytes]:
    """Make a call as vendors' callback APIs do (N-09); the header Auth-key holds the token's key.

    Not for browsers: they would show the key to every visitor.
    """
    if "origin" in request.headers:
        raise PermissionDeniedException("send this from a server: a page would show your key")

    async def act() -> CallUnderWay:
        body = await read_body(request)
        is_form = request.headers.get("content-type", "").startswith(OutwardOperation.forms[0])
        wanted = json_body(_form(body) if is_form else body, OutwardCallWanted, OUTWARD_EXAMPLE)
        fields = {"caller": "extension", "callee": "destination"}
        _require_own(deps.snapshot_of(request.user.project), wanted.extension.strip())
        call = CallWanted(caller=wanted.extension, callee=wanted.destination)
        return await _call_back(deps, request.user, call, fields)

    return await once(request, deps, act, status=200)


def _require_own(snapshot: ProjectSnapshot | None, extension: str) -> None:
    """Raise 404 Not Found where an extension is no account, group or number of the project (N-09)."""
    if snapshot is None or not (snapshot.number(extension) or snapshot.internal_target(extension)):
        raise NotFoundException("extension: name an account or a number of the project")


async def _call_back(
    deps: Dependencies,
    token: Token,
    wanted: CallWanted,
    names: Mapping[str, str] = {},
) -> CallUnderWay:
    for field in ("caller", "callee", "shown"):
        value = getattr(wanted, field).strip()
        if len(value) > MAX_NUMBER or not value.isprintable() or not (value or field == "shown"):
            name = names.get(field, field)
            raise WrongFieldError(name, f"{name}: 1 to {MAX_NUMBER} printable characters")
    asked = WantedCallback(
        project=token.project,
        caller=wanted.caller.strip(),
        callee=wanted.callee.strip(),
        by=_by(token),
        shown=wanted.shown.strip(),
    )
    try:
        return CallUnderWay(call=await call_back(deps.calls, asked))
    except CallbackError as error:
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
        raise HTTPException(str(error), status_code=error.status, headers=headers) from None


def _by(token: Token) -> str:
    return f"{token.user} over the API"


def _form(body: bytes) -> bytes:
    """Return a form's fields as JSON; of one that comes twice, the last."""
    try:
        fields: dict[str, Any] = dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
        )
    except ValueError:
        raise WrongFieldError(
            "extension", "the form is not UTF-8, or has too many fields"
        ) from None
    return msgspec.json.encode(fields)
