"""Recordings over HTTP: listed and deleted with a token, heard by who has a link."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from litestar import Controller, Request, Response, delete, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import (
    HTTPException,
    NotFoundException,
    PermissionDeniedException,
    ServiceUnavailableException,
    TooManyRequestsException,
)
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, SkipValidation
from litestar.response import Stream
from msgspec import Struct

from switchhook.api.authentication import OPEN
from switchhook.api.byte_ranges import has_it, http_date, is_of_this, parse_ranges
from switchhook.api.exchange.problems import Problem
from switchhook.api.protocol import PROGRESS
from switchhook.api.rate_limit import WrongKeyLimit
from switchhook.api.responses import (
    COMMON_RESPONSES,
    IS_HEAD,
    WrongField,
    WrongFieldError,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.calls.encoded_sound import (
    NotEncodedError,
    NotReadyError,
    SoundForm,
    media_type_of,
)
from switchhook.operations.recordings import (
    SUFFIX,
    NoSuchRecordingError,
    RecordedSound,
    StoredRecording,
)
from switchhook.views.text import iso
from switchhook.webhooks.recording_links import ALL, PATH, LinkState, RecordingName

BLOCK: Final = 1 << 18
"""Bytes that are read and sent at once: 16 seconds of sound."""
LINK_SECONDS: Final = 3600
"""How long a link of a list is good where nothing else is wanted."""
MAX_LINK_SECONDS: Final = 366 * 86_400
_HEADERS: Final = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",  # each time anew: a link may have expired, a recording be deleted
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}

WrongLinks = NamedDependency[SkipValidation[WrongKeyLimit]]
OpenRequest = Request[None, None, State]


class RecordingListed(Struct, frozen=True):
    """A recording of a call."""

    recording: str
    """Its id, unique in the call; `all` is all of them, one after another."""
    seconds: float
    size: int
    """Bytes of its file."""
    channels: int
    """1: all voices in one; 2: the caller left, the others right."""
    ended_at: str
    link: str
    """A URL that needs no token; empty where the server has none to begin it with."""


class RecordingList(Struct, frozen=True):
    """What was recorded of a call and is still there."""

    call: str
    recordings: list[RecordingListed]
    link: str
    """All of them, one after another; empty without a recording."""
    expires_at: str
    """Until when the links are good."""


class RecordingsDeleted(Struct, frozen=True):
    """Recordings that are there no more."""

    call: str
    deleted: list[str]


class RecordingController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/calls/{call:str}/recordings"
    tags = ("recordings",)

    @get(
        responses=COMMON_RESPONSES
        | {400: response_spec(WrongField, "`link_seconds` is no number of seconds.")}
    )
    async def list(
        self,
        request: TokenRequest,
        deps: Dependencies,
        call: FromPath[str],
        link_seconds: FromQuery[str] = str(LINK_SECONDS),
    ) -> RecordingList:
        """List the recordings of a call, each with a link that is good for so many seconds."""
        project, expires = request.user.project, deps.clock() + _seconds(link_seconds)
        row = await deps.store.call(call)
        if row is None or row.project != project:
            raise NotFoundException("there is no such call any more")
        kept = deps.recordings
        found = await asyncio.to_thread(kept.list, project=project, call=call)

        def link(recording: str) -> str:
            name = RecordingName(project=project, call=call, recording=recording)
            return kept.links.link(name, expires=expires)

        return RecordingList(
            call=call,
            recordings=[_listed(one, link(one.name.recording)) for one in found],
            link=link(ALL) if found else "",
            expires_at=iso(expires) or "",
        )

    @delete("/{recording:str}", status_code=200, responses=COMMON_RESPONSES)
    async def remove(
        self,
        request: TokenRequest,
        deps: Dependencies,
        call: FromPath[str],
        recording: FromPath[str],
    ) -> RecordingsDeleted:
        """Delete a recording of a call for good, or `all` of them."""
        user, project = request.user.user, request.user.project
        try:
            name = RecordingName(project=project, call=call, recording=recording)
            gone = await asyncio.to_thread(deps.recordings.remove, name, by=f"{user} over the API")
        except ValueError:
            raise NotFoundException("there is no such recording") from None
        except NoSuchRecordingError as error:
            raise NotFoundException(str(error)) from None
        return RecordingsDeleted(call=call, deleted=[one.name.recording for one in gone])


def _seconds(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise WrongFieldError("link_seconds", f"link_seconds: write 1 to {MAX_LINK_SECONDS}")
    if not 1 <= int(written) <= MAX_LINK_SECONDS:
        raise WrongFieldError("link_seconds", f"link_seconds: write 1 to {MAX_LINK_SECONDS}")
    return int(written)


def _listed(one: StoredRecording, link: str) -> RecordingListed:
    return RecordingListed(
        recording=one.name.recording,
        seconds=round(one.seconds, 3),
        size=one.size,
        channels=one.channels,
        ended_at=iso(one.at) or "",
        link=link,
    )


@dataclass
class SoundOperation(Operation):
    """Describes the answers to a link."""

    def __post_init__(self) -> None:
        """Write them into the document."""
        text = Schema(type=OpenAPIType.STRING)
        self.parameters = [
            *(
                Parameter(name=name, param_in="path", required=True, schema=text)
                for name in ("project", "call", "file")
            ),
            Parameter(name="expires", param_in="query", required=True, schema=text),
            Parameter(name="token", param_in="query", required=True, schema=text),
            Parameter(
                name="download",
                param_in="query",
                schema=text,
                description="With any value, browsers save the file instead of playing it.",
            ),
            Parameter(
                name="format",
                param_in="query",
                schema=Schema(type=OpenAPIType.STRING, enum=[one.value for one in SoundForm]),
                description="mp3 and opus need the extra `sound` of the server.",
            ),
            Parameter(name="Range", param_in="header", schema=text),
        ]
        sound = {media_type_of(one): OpenAPIMediaType(schema=text) for one in SoundForm}
        parts = sound | {"multipart/byteranges": OpenAPIMediaType(schema=text)}
        self.responses = dict(self.responses or {}) | {
            "200": OpenAPIResponse(description="The whole file.", content=sound),
            "206": OpenAPIResponse(description="The bytes that Range names.", content=parts),
            "304": OpenAPIResponse(description="The client has it already."),
        }


@get(
    f"{PATH}{{project:str}}/{{call:str}}/{{file:str}}",
    opt={OPEN: True},
    security=[{}],
    tags=["recordings"],
    operation_class=SoundOperation,
    responses={
        400: response_spec(
            WrongField, "The path cannot be understood, or the recording not be had in that form."
        ),
        403: response_spec(Problem, "The link has expired, or nobody gave it out."),
        404: response_spec(Problem, "The recording was deleted."),
        416: response_spec(Problem, "The file has none of these bytes."),
        429: response_spec(Problem, "Too many wrong links came from this address."),
        503: response_spec(
            Problem, "It is still being encoded; Retry-After says when to ask again."
        ),
    },
)
async def sound(
    request: OpenRequest,
    deps: Dependencies,
    wrong_links: WrongLinks,
) -> Response[Any]:
    """Send a recording to who has a link to it, whole or in parts."""
    _check_link(request, deps.clock(), wrong_links, deps.recordings.links.check)
    try:
        name = RecordingName.parse(request.url.path.removeprefix(PATH).removesuffix(SUFFIX))
        found = await asyncio.to_thread(deps.recordings.find, name)
    except (ValueError, NoSuchRecordingError):
        raise NotFoundException("this recording was deleted") from None
    form = _form(request.query_params.get("format", SoundForm.WAV.value))
    if form is not SoundForm.WAV:
        try:
            found = await deps.encoded.of(name, found, form)
        except NotEncodedError as error:
            raise WrongFieldError("format", f"format: {error}") from None
        except NotReadyError as error:
            headers = {"Retry-After": str(error.again_in)}
            raise ServiceUnavailableException(str(error), headers=headers) from None
        except FileNotFoundError:
            raise NotFoundException("this recording was deleted") from None
    return _answer(request, name, found, form)


def _form(written: str) -> SoundForm:
    try:
        return SoundForm(written)
    except ValueError:
        raise WrongFieldError("format", f"format: one of {', '.join(SoundForm)}") from None


def _check_link(
    request: OpenRequest, now: float, wrong_links: WrongKeyLimit, check: Callable[..., LinkState]
) -> None:
    """Raise what is answered where a link is not good. Guesses are limited, and good links never refused."""
    query = request.query_params
    state = check(
        request.url.path,
        expires=query.get("expires", ""),
        token=query.get("token", ""),
        now=now,
    )
    if state is LinkState.GOOD:
        return
    if state is LinkState.EXPIRED:
        raise PermissionDeniedException("this link has expired; ask for a new one")
    address = request.client.host if request.client else ""
    if wait := wrong_links.seconds_to_wait(address):
        raise TooManyRequestsException(
            "too many wrong links came from this address; wait",
            headers={"Retry-After": str(int(wait) + 1)},
        )
    wrong_links.note_wrong(address)
    raise PermissionDeniedException("this is no link that was given out here")


def _answer(
    request: OpenRequest, name: RecordingName, found: RecordedSound, form: SoundForm
) -> Response[Any]:
    """Return the whole file, some of it, or that the client has it (RFC 9110 §13.2.2, §14.2)."""
    tag = f'"{found.version}"'
    manner = "attachment" if "download" in request.query_params else "inline"
    headers = _HEADERS | {
        "ETag": tag,
        "Last-Modified": http_date(found.at),
        "Content-Disposition": f'{manner}; filename="{name.call}-{name.recording}.{form}"',
    }
    if has_it(request.headers, tag=tag, at=found.at):
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = None
    if "range" in request.headers and is_of_this(request.headers, tag=tag, at=found.at):
        wanted = parse_ranges(request.headers["range"], found.size)
    if wanted == ():
        raise HTTPException(
            f"the recording has {found.size} bytes, and none of these",
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={"Content-Range": f"bytes */{found.size}"},
        )
    body = _Body.of(found, wanted, media_type_of(form))
    if wanted is not None and len(wanted) == 1:
        headers["Content-Range"] = _content_range(wanted[0], found.size)
    headers["Content-Length"] = str(body.size)
    scope = cast("dict[str, Any]", request.scope)
    progress: Callable[[], None] = scope.get(PROGRESS, _no_progress)
    return Stream(
        iter(()) if IS_HEAD in request.scope else _sent(found, body, progress),
        status_code=HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT,
        media_type=body.media_type,
        headers=headers,
    )


@dataclass(frozen=True, slots=True)
class _Body:
    """Text and bytes of the file in turn."""

    pieces: tuple[bytes | range, ...]
    media_type: str

    @classmethod
    def of(cls, found: RecordedSound, wanted: tuple[range, ...] | None, media_type: str) -> "_Body":
        """Return the whole file, one part, or several as RFC 9110 §14.6 has them."""
        if wanted is None:
            return cls((range(found.size),), media_type)
        if len(wanted) == 1:
            return cls(wanted, media_type)
        boundary = secrets.token_hex(12)
        pieces: list[bytes | range] = []
        for one in wanted:
            head = f"Content-Type: {media_type}\r\nContent-Range: {_content_range(one, found.size)}"
            pieces += [f"\r\n--{boundary}\r\n{head}\r\n\r\n".encode(), one]
        pieces.append(f"\r\n--{boundary}--\r\n".encode())
        return cls(tuple(pieces), f"multipart/byteranges; boundary={boundary}")

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


async def _sent(
    found: RecordedSound, body: _Body, progress: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """Yield the body block by block: a client has time for each, and a file that is deleted ends it."""
    for piece in body.pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece.start, piece.stop, BLOCK):
            yield await asyncio.to_thread(found.read, start, min(piece.stop, start + BLOCK))
            progress()


def _content_range(part: range, size: int) -> str:
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def _no_progress() -> None:
    """Do nothing: there is no deadline."""
