"""REST hooks: programs subscribe to calls and unsubscribe, at the paths that their clients know (T-31)."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Token
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.event import Subscription
from switchhook.domain.notification_options import (
    NotificationDirection,
    NotificationField,
    NotificationOptions,
)
from switchhook.operations import subscriptions as operations
from switchhook.operations.subscriptions import EVENTS, SubscriptionError
from switchhook.projectfile.schema.credentials import read_credentials
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.views.as_json import masked_url
from switchhook.webhooks.dialects.call_notification import EVERY
from switchhook.webhooks.dialects.call_notification_samples import samples

FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 20
MAX_BODY: Final = 32_768
"""Bytes: room for the longest URL however it is escaped, and read at once."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
"""The longest id that SQLite gives; a longer one does not exist."""

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}

W = TypeVar("W", bound=StrEnum)
Dependencies = NamedDependency[SkipValidation[ApiDependencies]]
TokenRequest = Request[Token, None, State]


class Subscribed(Struct, frozen=True, omit_defaults=True):
    """A subscription."""

    id: int
    target_url: str
    event: str
    internal_calls: bool = True
    """Whether calls between accounts are told, too; left out where they are, as clients know it."""
    microseconds: bool = False
    fields: tuple[NotificationField, ...] = ()
    directions: tuple[NotificationDirection, ...] = ()
    numbers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """What was chosen; each is left out where nothing was."""


@dataclass
class SamplesOperation(Operation):
    """Describes what the samples may be chosen by."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        text = Schema(type=OpenAPIType.STRING)
        known = list(self.parameters or [])
        self.parameters = known + [
            Parameter(name=name, param_in="query", schema=text, description=said)
            for name, said in (
                ("event", "As when subscribing; custom without it."),
                ("fields", "As when subscribing, between commas."),
                ("microseconds", "As when subscribing."),
            )
        ]
        responses = dict(self.responses or {})
        items = Schema(type=OpenAPIType.OBJECT, description="A call notification.")
        listed = Schema(type=OpenAPIType.ARRAY, items=items)
        content = {"application/json": OpenAPIMediaType(schema=listed)}
        responses["200"] = OpenAPIResponse(description="Done.", content=content)
        self.responses = responses


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
                "microseconds": Schema(type=OpenAPIType.BOOLEAN, default=False),
                "fields": _list_of(NotificationField),
                "directions": _list_of(NotificationDirection),
                "numbers": _list_of(),
                "accounts": _list_of(),
                "credentials": Schema(type=OpenAPIType.OBJECT),
            },
        )
        media = OpenAPIMediaType(schema=schema)
        self.request_body = RequestBody(
            required=True, content={"application/json": media, FORM: media}
        )


def _list_of(words: Iterable[str] = ()) -> Schema:
    enum = [str(word) for word in words]
    item = Schema(type=OpenAPIType.STRING, enum=enum) if enum else Schema(type=OpenAPIType.STRING)
    return Schema(type=OpenAPIType.ARRAY, items=item, default=[])


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
        asked = read_fields(await read_body(request), request.headers.get("content-type", ""))
        try:
            made = await operations.subscribe(
                deps.store,
                deps.memory,
                project=request.user.project,
                user=request.user.user,
                target_url=_text(asked, "target_url"),
                event=_text(asked, "event"),
                internal=_boolean(asked, "internal_calls", default=True),
                options=_options(asked),
                credentials=_credentials(asked),
                now=deps.clock(),
                snapshot=deps.snapshot_of(request.user.project),
            )
        except SubscriptionError as error:
            raise WrongFieldError(error.field, f"{error.field}: {error}") from None
        return _response(made, request)

    @get(responses=COMMON_RESPONSES)
    async def list(self, request: TokenRequest, deps: Dependencies) -> list[Subscribed]:
        """List the project's subscriptions, oldest first."""
        return [_response(one, request) for one in await _all(request, deps)]

    @get("/samples", operation_class=SamplesOperation, responses=COMMON_RESPONSES)
    async def samples(self, request: TokenRequest) -> Response[bytes]:
        """Return sample notifications, as an event with these choices is told of; nothing is subscribed."""
        asked: dict[str, Any] = dict(request.query_params)
        event = asked.get("event") or EVERY
        if event not in EVENTS:
            raise WrongFieldError("event", f"event: choose one of {', '.join(EVENTS)}")
        found = [msgspec.Raw(one) for one in samples(event, _options(asked))]
        return Response(msgspec.json.encode(found), media_type="application/json")

    @get("/{number:str}", responses=COMMON_RESPONSES)
    async def show(
        self, request: TokenRequest, deps: Dependencies, number: FromPath[str]
    ) -> Subscribed:
        """Show one subscription of the project."""
        wanted = _number(number)
        for one in await _all(request, deps):
            if one.number == wanted:
                return _response(one, request)
        raise _not_found()

    @delete("/{number:str}", status_code=200, responses=COMMON_RESPONSES)
    async def unsubscribe(
        self, request: TokenRequest, deps: Dependencies, number: FromPath[str]
    ) -> Subscribed:
        """End one subscription of the project, and answer what it was."""
        removed = await operations.unsubscribe(
            deps.store, deps.memory, project=request.user.project, number=_number(number)
        )
        if removed is None:
            raise _not_found()
        return _response(removed, request)


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


def _credentials(asked: dict[str, Any]) -> Credentials:
    """Read what the notifications prove themselves with; nothing without. It is answered to nobody."""
    if "credentials" not in asked:
        return NO_CREDENTIALS
    read = read_credentials(asked["credentials"])
    if isinstance(read, Mistakes):
        raise WrongFieldError("credentials", str(read))
    return read


def _options(asked: dict[str, Any]) -> NotificationOptions:
    """Read what a subscriber chooses. Raises WrongFieldError."""
    return NotificationOptions(
        microseconds=_boolean(asked, "microseconds", default=False),
        fields=_words(asked, "fields", NotificationField),
        directions=_words(asked, "directions", NotificationDirection),
        numbers=_texts(asked, "numbers"),
        accounts=_texts(asked, "accounts"),
    )


def _texts(asked: dict[str, Any], field: str) -> tuple[str, ...]:
    """Read a list of texts, which a form has as one text with commas."""
    value = asked.get(field)
    if value is None:
        return ()
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts):
        raise WrongFieldError(field, f"{field} is no list of texts")
    return tuple(dict.fromkeys(one.strip() for one in parts if one.strip()))


def _words(asked: dict[str, Any], field: str, kind: type[W]) -> tuple[W, ...]:
    """Read a list of known words."""
    found = _texts(asked, field)
    known = {str(word): word for word in kind}
    for word in found:
        if word not in known:
            raise WrongFieldError(field, f"{field}: choose of {', '.join(known)}")
    return tuple(known[word] for word in found)


def _boolean(asked: dict[str, Any], field: str, *, default: bool) -> bool:
    """Read true or false, which a form has as text; what is not there is the default."""
    value = asked.get(field)
    if value is None or str(value).strip().lower() in {"", "none"}:
        return default
    said = _BOOLEANS.get(str(value).strip().lower())
    if said is None:
        raise WrongFieldError(field, f"{field} is neither true nor false")
    return said


def may_change(token: Token) -> bool:
    """Say whether the role of a token changes the configuration, and so sees addresses with what lets in there."""
    return (token.role or Role.VIEWER).includes(Role.EDITOR)


async def _all(request: TokenRequest, deps: ApiDependencies) -> tuple[Subscription, ...]:
    return await operations.subscriptions(deps.store, project=request.user.project)


def _response(one: Subscription, request: TokenRequest) -> Subscribed:
    """Return a subscription; who may not change it sees the host of its address alone, for its path lets in."""
    sees_all = may_change(request.user)
    return Subscribed(
        id=one.number,
        target_url=one.target_url if sees_all else masked_url(one.target_url, hides_path=True),
        event=one.event,
        internal_calls=one.internal,
        **{name: getattr(one.options, name) for name in NotificationOptions.__slots__},
    )


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _not_found()
    return int(text)


def _not_found() -> NotFoundException:
    return NotFoundException("there is no such subscription")
