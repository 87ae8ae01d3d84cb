"""Requests that are done once, however often they are sent: the header Idempotency-Key.

A program that got no answer sends its request again with the same key, and gets the answer of the first. Any POST
handler may use it: `return await once(request, deps, act, status=202)`.
"""

import hashlib
import string
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.spec import Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.responses import WrongFieldError, read_body
from switchhook.domain.access.token import Token
from switchhook.errors import ExpectedError
from switchhook.storage.records import KeyedRequest

T = TypeVar("T", bound=msgspec.Struct)

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
KEEP: Final = 86_400.0
"""Seconds that an answer is kept."""
MAX_KEY: Final = 255
_ALLOWED: Final = frozenset(string.ascii_letters + string.digits + string.punctuation)

PARAMETER: Final = Parameter(
    name=HEADER,
    param_in="header",
    description="The request is done once for each key; sent again within a day, it gets the first answer.",
    schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_KEY, pattern="^[!-~]+$"),
)
"""Describes the header, for the OpenAPI document."""


async def once(
    request: Request[Token, Any, Any],
    deps: ApiDependencies,
    act: Callable[[], Awaitable[T]],
    *,
    status: int,
) -> Response[bytes]:
    """Answer with what `act` returns; with an Idempotency-Key, do it once within a day.

    Raises what is answered with 409 while the first such request is under way, with 422 where it was another one.
    What `act` refuses was not done, so the key is free again.
    """
    key = _key(request)
    if key is None:
        return _answer(status, msgspec.json.encode(await act()))
    keyed = KeyedRequest(
        project=request.user.project,
        token=request.user.id,
        key=key,
        digest=await _digest(request),
    )
    before = await deps.keyed_requests.begin(keyed, at=deps.clock(), keep=KEEP)
    if before is not None:
        if before.digest != keyed.digest:
            raise ClientException(
                f"{HEADER}: this key was used for another request; take a new key", status_code=422
            )
        if before.status is None:
            raise ClientException(
                f"{HEADER}: a request with this key is under way, or was when the server ended;"
                " look whether it was done",
                status_code=409,
            )
        return _answer(before.status, before.body, {REPLAYED: "true"})
    try:
        body = msgspec.json.encode(await act())
    except (HTTPException, ExpectedError, WrongFieldError):
        await deps.keyed_requests.forget(keyed)
        raise
    await deps.keyed_requests.answer(keyed, status, body)
    return _answer(status, body)


def _key(request: Request[Token, Any, Any]) -> str | None:
    found = request.headers.getall(HEADER.lower(), [])
    if not found:
        return None
    key = found[0].strip('"')
    if len(found) > 1 or not 1 <= len(key) <= MAX_KEY or not _ALLOWED.issuperset(key):
        raise ClientException(
            f"{HEADER}: send one key of 1 to {MAX_KEY} printable characters without spaces"
        )
    return key


async def _digest(request: Request[Token, Any, Any]) -> bytes:
    """Return what tells this request from others: method, path, type and body."""
    parts = (request.method, request.url.path, request.headers.get("content-type", ""))
    head = "\n".join(parts).encode()
    return hashlib.sha256(head + b"\n\n" + await read_body(request)).digest()


def _answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(body, status_code=status, headers=headers, media_type=MediaType.JSON)
