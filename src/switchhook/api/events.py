"""The event stream over HTTP: a list to catch up from, server-sent events, and the schema of both."""

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from litestar import Controller, Response, get
from litestar.exceptions import ClientException, HTTPException, TooManyRequestsException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromQuery
from litestar.response import Stream

from switchhook.api.authentication import OPEN
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.problems import Problem
from switchhook.api.protocol import PROGRESS
from switchhook.api.responses import (
    COMMON_RESPONSES,
    IS_HEAD,
    WrongField,
    WrongFieldError,
    response_spec,
)
from switchhook.api.stream_readers import MAX_ALL_READERS, MAX_READERS
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.access.token import Token
from switchhook.domain.event_stream import StreamEventType
from switchhook.operations.event_stream import (
    MAX_EVENTS,
    NEWEST,
    OLDEST,
    BadPlaceError,
    StreamGapError,
    StreamPlace,
    UnknownTypeError,
    find_place,
    no_events,
    parse_types,
)
from switchhook.storage.records import StoreError
from switchhook.storage.stream import StreamEvent
from switchhook.webhooks.dialects.event_stream import schema

HEARTBEAT: Final = 15.0
"""Seconds without an event after which a reader hears that the stream lives; its token is looked at again then."""
LOOK: Final = 1.0
"""Seconds after which a waiting stream sees that the server stops."""
BATCH: Final = 100
"""Events that are sent at once."""
SCHEMA_TYPE: Final = "application/schema+json"
EVENTS_TYPE: Final = "text/event-stream"

_GONE = {410: response_spec(Problem, "Events behind this place are gone; go on from `oldest`.")}
_NOT_KEPT = {409: response_spec(Problem, "The project keeps no events.")}


class StreamList(msgspec.Struct, frozen=True):
    """Events behind a place."""

    events: list[msgspec.Raw]
    next: str
    """The place behind them, to go on from."""
    is_more: bool
    """Whether there are more behind it by now."""


@dataclass
class ListOperation(Operation):
    """Describes the list of events, each as the published schema says."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        event = Schema(
            type=OpenAPIType.OBJECT, description="An event, as GET /api/events/schema describes it."
        )
        listed = Schema(
            type=OpenAPIType.OBJECT,
            required=["events", "next", "is_more"],
            properties={
                "events": Schema(type=OpenAPIType.ARRAY, items=event),
                "next": Schema(type=OpenAPIType.STRING, description="The place to go on from."),
                "is_more": Schema(type=OpenAPIType.BOOLEAN),
            },
        )
        _describe(self, "application/json", listed)


@dataclass
class StreamOperation(Operation):
    """Describes the stream of server-sent events."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        said = "Server-sent events: the place as id, the type as event, the event as data."
        _describe(self, EVENTS_TYPE, Schema(description=said))


@dataclass
class SchemaOperation(Operation):
    """Describes the published schema."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        _describe(self, SCHEMA_TYPE, Schema(type=OpenAPIType.OBJECT))


def _describe(operation: Operation, media: str, schema_: Schema) -> None:
    responses = dict(operation.responses or {})
    responses["200"] = OpenAPIResponse(
        description="Done.", content={media: OpenAPIMediaType(schema=schema_)}
    )
    operation.responses = responses


class EventStreamController(Controller):
    """Each project sees its own events, and no other's."""

    path = "/api/events"
    tags = ("events",)

    @get(
        operation_class=ListOperation,
        responses=COMMON_RESPONSES
        | _GONE
        | _NOT_KEPT
        | {400: response_spec(WrongField, "A parameter is wrong.")},
    )
    async def list(
        self,
        request: TokenRequest,
        deps: Dependencies,
        after: FromQuery[str] = OLDEST,
        limit: FromQuery[str] = "100",
        types: FromQuery[str] = "",
    ) -> Response[bytes]:
        """List the project's events behind a place, in the order in which they were stored."""
        wanted, most = _types(types), _limit(limit)
        place = await _place(deps, request.user.project, after)
        page = await deps.store.stream_events(request.user.project, after=place.number, limit=most)
        check_kept(deps, request.user.project, page.last)
        reached = place.moved(page)
        listed = StreamList(
            events=[msgspec.Raw(one.body) for one in page.events if one.type in wanted],
            next=str(reached),
            is_more=reached.number < page.last,
        )
        return Response(msgspec.json.encode(listed), media_type="application/json")

    @get("/stream", operation_class=StreamOperation, responses=COMMON_RESPONSES | _GONE | _NOT_KEPT)
    async def follow(
        self,
        request: TokenRequest,
        deps: Dependencies,
        after: FromQuery[str] = "",
        types: FromQuery[str] = "",
    ) -> Stream:
        """Send the project's events behind a place as server-sent events, and go on with new ones.

        `Last-Event-ID` names the place, else `after`; without either, the stream begins with the next event.
        """
        token = request.user
        wanted = _types(types)
        written = request.headers.get("last-event-id") or after or NEWEST
        place = await _place(deps, token.project, written)
        check_kept(deps, token.project, 0)
        return sent_events(request, deps, place, wanted)

    @get(
        "/schema",
        operation_class=SchemaOperation,
        opt={OPEN: True},
        security=[{}],
    )
    async def schema(self) -> Response[bytes]:
        """Return the JSON Schema (draft 2020-12) of the events."""
        return Response(msgspec.json.encode(schema()), media_type=SCHEMA_TYPE)


def sent_events(
    request: TokenRequest,
    deps: ApiDependencies,
    place: StreamPlace,
    wanted: frozenset[StreamEventType],
    *,
    first: bytes = b"",
) -> Stream:
    """Answer with the project's events behind a place, as they come; with something `first`.

    Raises 429 where too many are open.
    """
    token = request.user
    if not deps.readers.has_room_for(token.project):
        raise TooManyRequestsException(
            f"this project has {MAX_READERS} streams open, or all have {MAX_ALL_READERS}: close one",
            headers={"Retry-After": "5"},
        )
    if IS_HEAD in request.scope:
        return Stream(iter(()), media_type=EVENTS_TYPE)
    scope = cast("dict[str, Any]", request.scope)
    progress: Callable[[], None] = scope.get(PROGRESS, _no_progress)
    return Stream(
        _sent(deps, token, place, wanted, progress, first),
        media_type=EVENTS_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _sent(  # noqa: PLR0917 - one reader
    deps: ApiDependencies,
    token: Token,
    place: StreamPlace,
    wanted: frozenset[StreamEventType],
    progress: Callable[[], None],
    first: bytes = b"",
) -> AsyncGenerator[bytes, None]:
    """Yield what a reader gets, for as long as its token is good, and it takes it in time.

    Nothing is kept for a reader who does not read: the next events are read from the store when the last were
    taken, and the connection is closed by its protocol when that takes too long.
    """
    project, readers = token.project, deps.readers
    if not readers.has_room_for(project):  # others that came at the same moment took it
        yield b"retry: 5000\n\n"
        return
    readers.of_project[project] += 1
    try:
        yield b"retry: 3000\n\n" + first
        heard = checked = time.monotonic()
        while not readers.is_stopping:
            page = await deps.store.stream_events(
                project, after=place.number, limit=BATCH, wait=LOOK
            )
            place = place.moved(page)
            told = b"".join(_event(one, page.deleted) for one in page.events if one.type in wanted)
            now = time.monotonic()
            if now - checked >= HEARTBEAT:
                if not await _is_good(deps, token):
                    return
                checked = now
            if told or now - heard >= HEARTBEAT:
                yield told or f": heartbeat\nid: {place}\n\n".encode()
                heard = time.monotonic()
                progress()
    except (StoreError, StreamGapError):
        return  # the reader comes again, and is told
    finally:
        readers.of_project[project] -= 1


def _event(one: StreamEvent, deleted: int) -> bytes:
    head = f"id: {StreamPlace(one.number, deleted)}\nevent: {one.type.value}\ndata: ".encode()
    return head + one.body + b"\n\n"


async def _is_good(deps: ApiDependencies, token: Token) -> bool:
    """Say whether a token is still there, its time not over, and its user still somebody in the project."""
    if token.person is not None:
        user = await deps.people.user(token.person)
        if user is None or user.role_in(token.project) is None:
            return False
    known = await deps.tokens.all(project=token.project)
    return not token.is_expired(now=deps.clock()) and any(one.id == token.id for one in known)


async def _place(deps: ApiDependencies, project: str, written: str) -> StreamPlace:
    try:
        return await find_place(deps.store, project, written)
    except BadPlaceError as error:
        raise WrongFieldError("after", f"after: {error}") from None
    except StreamGapError as error:
        raise HTTPException(str(error), status_code=410) from None


def check_kept(deps: ApiDependencies, project: str, last: int) -> None:
    """Refuse to wait for what never comes; what was kept before can be read all the same."""
    if not last and not deps.keeps_events(project):
        raise ClientException(no_events(project), status_code=409)


def _types(written: str) -> frozenset[StreamEventType]:
    try:
        return parse_types(written)
    except UnknownTypeError as error:
        raise WrongFieldError("types", f"types: {error}") from None


def _limit(written: str) -> int:
    is_number = written.isascii() and written.isdigit() and len(written) <= 9
    if not is_number or not 1 <= int(written) <= MAX_EVENTS:
        raise WrongFieldError("limit", f"limit: it is a number from 1 to {MAX_EVENTS}")
    return int(written)


def _no_progress() -> None:
    """Do nothing: there is no deadline."""
