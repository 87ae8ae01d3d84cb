"""Responses of the API besides the resource: every error is a problem of RFC 9457, and is made here."""

import time
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import HttpMethod, Request, Response
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.openapi import ResponseSpec
from litestar.types import ASGIApp, ExceptionHandlersMap, Message, Receive, Scope, Send
from msgspec import Struct

from switchhook.api.exchange.problems import PROBLEM_TYPE, Problem, problem
from switchhook.api.exchange.problems import (
    WrongFieldError as WrongFieldError,  # noqa: PLC0414 (handlers raise it with what is here)
)
from switchhook.api.exchange.request_ids import request_id
from switchhook.api.protocol import MAX_BODY
from switchhook.projectfile.toml.mistakes import Mistakes, written
from switchhook.storage.records import StoreError

AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger(__name__)

IS_HEAD: Final = "switchhook.head"
"""Stands in a request's scope where its answer has no body."""
MAX_LISTED: Final = 1000
"""Mistakes of one file that are listed."""
PROJECT_FILE: Final = "project file"
MAX_PATH: Final = 200
"""Characters of a path that are logged."""


class WrongField(Problem, frozen=True, kw_only=True):
    """The error of one field of a request."""

    field: str
    """Its name; empty for the body or the request as a whole."""


class MistakeInFile(Struct, frozen=True):
    """One thing to put right in a project file."""

    line: int
    """From 1."""
    key: str
    """Where it stands, such as `schemes[0].steps[1].ring`; empty for the file as a whole."""
    problem: str
    advice: str


class InvalidProjectFile(Problem, frozen=True, kw_only=True):
    """A project file with mistakes."""

    mistakes: list[MistakeInFile]


class MistakesError(Exception):
    """A file that was sent cannot be taken."""

    def __init__(self, mistakes: Mistakes, what: str = PROJECT_FILE) -> None:
        super().__init__(str(mistakes))
        self.mistakes = mistakes
        self.what = what
        """What the file is."""


def invalid_file(mistakes: Mistakes, what: str = PROJECT_FILE) -> Response[InvalidProjectFile]:
    """Answer the mistakes of a project file, or of what else a file is."""
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    cut = f"; the first {MAX_LISTED} are listed" if len(mistakes) > MAX_LISTED else ""
    return problem(
        422,
        InvalidProjectFile,
        detail=f"the {what} has {count}{cut}",
        mistakes=[
            MistakeInFile(
                line=one.line, key=written(one.path), problem=one.problem, advice=one.advice
            )
            for one in mistakes.mistakes[:MAX_LISTED]
        ],
    )


async def read_body(request: AnyRequest) -> bytes:
    """Return the body. Raises what is answered with 400 where its sender went away, or was too slow."""
    try:
        return await request.body()
    except InternalServerException as error:  # so Litestar calls that
        raise ClientException("the body did not come to its end") from error


def response_spec(content: type[Struct], meaning: str) -> ResponseSpec:
    """Describe another answer for the OpenAPI document."""
    is_problem = issubclass(content, Problem)
    return ResponseSpec(
        content,
        description=meaning,
        generate_examples=False,
        media_type=PROBLEM_TYPE if is_problem else "application/json",
    )


COMMON_RESPONSES: Final = {
    400: response_spec(WrongField, "A parameter, a header or the body cannot be understood."),
    401: response_spec(Problem, "There is no token."),
    403: response_spec(Problem, "The token is not good, or not for this."),
    404: response_spec(Problem, "There is no such thing in the token's project."),
    413: response_spec(Problem, "The body is too large."),
    429: response_spec(
        Problem,
        "Too many wrong tokens came from this address, or too many requests from this token;"
        " Retry-After says how long to wait.",
    ),
}
"""The usual error responses."""


def _http_error(
    request: AnyRequest, error: HTTPException
) -> Response[Problem] | Response[WrongField]:
    if error.status_code == 500:
        return _internal_error(request, error)
    detail = _detail(error)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(400, WrongField, headers=error.headers, detail=detail, field=_field(error))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = f"the body has more than {_most(request)} bytes"
    return problem(error.status_code, detail=detail, headers=error.headers)


def _most(request: AnyRequest) -> int:
    """Return how large the body of this very request may be."""
    most = request.route_handler.resolve_request_max_body_size()
    return most if isinstance(most, int) else MAX_BODY


def _detail(error: HTTPException) -> str:
    """Name the wrong parameters, if Litestar knows them, and more than the status phrase."""
    wrong = error.extra if isinstance(error.extra, list) else []
    if wrong:
        return "; ".join(f"{one.get('key')}: {one.get('message')}" for one in wrong)
    # Litestar's own phrase for 413 is that of Python before 3.13.
    phrases = {HTTPStatus(error.status_code).phrase, getattr(type(error), "detail", "")}
    is_bare = error.detail in phrases
    return _DETAILS.get(error.status_code, error.detail) if is_bare else error.detail


def _field(error: HTTPException) -> str:
    """Return the first of the wrong parameters, if Litestar knows them."""
    wrong = error.extra if isinstance(error.extra, list) else []
    return str(wrong[0].get("key", "")) if wrong else ""


_DETAILS: Final = {
    404: "there is nothing here; GET /api/openapi.json lists what there is",
    405: "that method does nothing here; Allow names those that do",
}


def _wrong_field(_: AnyRequest, error: WrongFieldError) -> Response[WrongField]:
    return problem(400, WrongField, detail=str(error), field=error.field)


def _mistakes(_: AnyRequest, error: MistakesError) -> Response[InvalidProjectFile]:
    return invalid_file(error.mistakes, error.what)


def _store_failed(request: AnyRequest, error: StoreError) -> Response[Problem]:
    log.error("api request failed", error=str(error), **_which(request.scope))
    return problem(503, detail="the database cannot be used now", headers={"Retry-After": "10"})


def _internal_error(request: AnyRequest, error: Exception) -> Response[Problem]:
    log.error("api request crashed", exc_info=error, **_which(request.scope))
    return problem(500, detail="this is a mistake in Switchhook; its log has more")


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    HTTPException: _http_error,
    WrongFieldError: _wrong_field,
    MistakesError: _mistakes,
    StoreError: _store_failed,
    Exception: _internal_error,
}


def with_head_method(app: ASGIApp) -> ASGIApp:
    """Answer HEAD as GET; the server leaves the body out (RFC 9110 §9.3.2)."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def allow_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(n, _allowed(n, v)) for n, v in message["headers"]]
            await send(message)

        if scope.get("method") == "HEAD":
            scope = scope.copy()
            scope["method"] = HttpMethod.GET  # type: ignore[typeddict-unknown-key] # HTTP's have one
            scope[IS_HEAD] = True  # type: ignore[typeddict-unknown-key] # for an answer without end
        await app(scope, receive, allow_head)

    return answer


def _allowed(name: bytes, value: bytes) -> bytes:
    """Name HEAD in Allow wherever GET is."""
    is_without = name.lower() == b"allow" and b"GET" in value and b"HEAD" not in value
    return value.replace(b"GET", b"GET, HEAD") if is_without else value


def with_access_log(app: ASGIApp) -> ASGIApp:
    """Log each request at debug level, without headers and query."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, note_status)
        finally:
            log.debug(
                "request",
                method=scope.get("method"),
                **_which(scope),
                status=status,
                client=(scope.get("client") or ("", 0))[0],
                ms=round((time.perf_counter() - began) * 1000, 1),
            )

    return answer


def _which(scope: Scope) -> dict[str, str]:
    """Return what tells a request from others in the log."""
    return {"path": _path(scope), "request_id": request_id(scope)}


def _path(scope: Scope) -> str:
    """Return the path as it was sent, which moves no cursor."""
    return scope["raw_path"].decode("ascii", "replace")[:MAX_PATH]
