"""REST hooks: programs subscribe to calls and unsubscribe, at the paths that their clients know (T-31)."""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

from switchhook.api.authentication import require_scope
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.domain.event import Subscription
from switchhook.domain.token import Scope, Token
from switchhook.operations import subscriptions as operations
from switchhook.operations.subscriptions import EVENTS, SubscriptionError

FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 20
MAX_BODY: Final = 32_768
"""Bytes: room for the longest URL however it is escaped, and read at once."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
"""The longest id that SQLite gives; a longer one does not exist."""

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on", "none", ""), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}

Dependencies = NamedDependency[SkipValidation[ApiDependencies]]
TokenRequest = Request[Token, None, State]


class Subscribed(Struct, frozen=True, omit_defaults=True):
    """A subscription."""

    id: int
    target_url: str
    event: str
    internal_calls: bool = True
    """Whether calls between accounts are told, too; left out where they are, as clients know it."""


@dataclass
class SubscribeOperation(Operation):
    """Describes the body, which may have two forms."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        text = Schema(type=OpenAPIType.STRING)
        schema = Schema(
            type=OpenAPIType.OBJECT,
            required=["target_url", "event"],
            properties={
                "target_url": text,
                "event": Schema(type=OpenAPIType.STRING, enum=[str(event) for event in EVENTS]),
                "internal_calls": Schema(type=OpenAPIType.BOOLEAN, default=True),
            },
        )
        media = OpenAPIMediaType(schema=schema)
        self.request_body = RequestBody(
            required=True, content={"application/json": media, FORM: media}
        )


class SubscriptionController(Controller):
    """Each project sees its own, and no other's."""

    path = "/api/callnotification/callnotification"
    tags = ("subscriptions",)

    @post(
        operation_class=SubscribeOperation,
        request_max_body_size=MAX_BODY,
        responses=COMMON_RESPONSES
        | {400: response_spec(WrongField, "A field is missing or wrong.")},
    )
    async def subscribe(self, request: TokenRequest, deps: Dependencies) -> Subscribed:
        """Tell a URL of each call from now on."""
        require_scope(request.user, Scope.SUBSCRIPTIONS)
        asked = read_fields(await read_body(request), request.headers.get("content-type", ""))
        try:
            made = await operations.subscribe(
                deps.store,
                deps.memory,
                project=request.user.project,
                user=request.user.user,
                target_url=_text(asked, "target_url"),
                event=_text(asked, "event"),
                internal=_boolean(asked, "internal_calls"),
                now=deps.clock(),
            )
        except SubscriptionError as error:
            raise WrongFieldError(error.field, f"{error.field}: {error}") from None
        return _response(made)

    @get(responses=COMMON_RESPONSES)
    async def list(self, request: TokenRequest, deps: Dependencies) -> list[Subscribed]:
        """List the project's subscriptions, oldest first."""
        require_scope(request.user, Scope.SUBSCRIPTIONS)
        return [_response(one) for one in await _all(request, deps)]

    @get("/{number:str}", responses=COMMON_RESPONSES)
    async def show(
        self, request: TokenRequest, deps: Dependencies, number: FromPath[str]
    ) -> Subscribed:
        """Show one subscription of the project."""
        require_scope(request.user, Scope.SUBSCRIPTIONS)
        wanted = _number(number)
        for one in await _all(request, deps):
            if one.number == wanted:
                return _response(one)
        raise _not_found()

    @delete("/{number:str}", status_code=200, responses=COMMON_RESPONSES)
    async def unsubscribe(
        self, request: TokenRequest, deps: Dependencies, number: FromPath[str]
    ) -> Subscribed:
        """End one subscription of the project, and answer what it was."""
        require_scope(request.user, Scope.SUBSCRIPTIONS)
        removed = await operations.unsubscribe(
            deps.store, deps.memory, project=request.user.project, number=_number(number)
        )
        if removed is None:
            raise _not_found()
        return _response(removed)


def read_fields(body: bytes, content_type: str) -> dict[str, Any]:
    """Read a body of JSON, or of a form where its type says so; byte order marks before it are no part of it.

    An object of JSON is one under a form's type too, which curl gives all that it sends. Raises WrongFieldError.
    """
    while body.startswith(BOM_UTF8):
        body = body.removeprefix(BOM_UTF8)
    is_object = body.lstrip().startswith(b"{")
    if content_type.partition(";")[0].strip().lower() == FORM and not is_object:
        try:
            return dict(
                parse_qsl(
                    body.decode(),
                    keep_blank_values=True,
                    strict_parsing=True,
                    max_num_fields=MAX_FIELDS,
                )
            )
        except ValueError:
            raise WrongFieldError(
                "",
                "the body is no form: send field=value&field=value, or JSON under the header"
                " Content-Type: application/json",
            ) from None
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError):  # msgspec's errors and those of UTF-8 are ValueErrors
        raise WrongFieldError(
            "", 'the body is no JSON object: send {"target_url": "https://…", "event": "custom"}'
        ) from None


def _text(asked: dict[str, Any], field: str) -> str:
    value = asked.get(field)
    if isinstance(value, str) and value:
        return value
    what = "is missing" if value is None or value == "" else "is no text"
    raise WrongFieldError(field, f"{field} {what}")


def _boolean(asked: dict[str, Any], field: str) -> bool:
    """Read true or false, which a form has as text; what is not there is true."""
    value = asked.get(field)
    said = _BOOLEANS.get(str(value).strip().lower())
    if said is None:
        raise WrongFieldError(field, f"{field} is neither true nor false")
    return said


async def _all(request: TokenRequest, deps: ApiDependencies) -> tuple[Subscription, ...]:
    return await operations.subscriptions(deps.store, project=request.user.project)


def _response(one: Subscription) -> Subscribed:
    return Subscribed(
        id=one.number,
        target_url=one.target_url,
        event=one.event,
        internal_calls=one.internal,
    )


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _not_found()
    return int(text)


def _not_found() -> NotFoundException:
    return NotFoundException("there is no such subscription")
