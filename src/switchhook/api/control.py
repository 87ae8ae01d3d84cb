"""The control socket's application: the operator's commands, without tokens, and the HTTP API beside them.

Who may connect to the socket may write to the data directory anyway.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from switchhook.operations.control import ACTS, ERRORS, ControlError
from switchhook.operations.people.performing import perform
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar.types import ASGIApp

    from switchhook.operations.control import ControlParts

log = structlog.get_logger(__name__)

PREFIX: Final = "/control/"
"""Begins the path of each act; its name follows."""
LARGEST: Final = 64 << 20
"""Bytes of what an act takes: a project file may be long."""
_TOO_LONG: Final = (
    413,
    ControlError(
        error=StoreError.__name__,
        detail=f"what was sent to the server is longer than {LARGEST} bytes; shorten it",
    ),
)


def control_app(parts: ControlParts, api: ASGIApp | None) -> Callable[..., Awaitable[None]]:
    """Return the application; without an `api`, acts alone."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI)
        name = str(scope["path"]).removeprefix(PREFIX)
        if name != scope["path"] and scope["method"] == "POST" and name in ACTS:
            body = await _body(receive)
            done = _TOO_LONG if body is None else await _performed(name, body, parts)
            await _answer(send, *done)
        elif api is not None and name == scope["path"]:
            await api(scope, receive, send)
        else:
            await _answer(send, 404, ControlError(error="", detail="there is nothing of this name"))

    return app


async def _performed(name: str, body: bytes, parts: ControlParts) -> tuple[int, object]:
    """Carry out an act, and return status and value of the answer."""
    try:
        act: Any = msgspec.json.decode(body, type=ACTS[name])
        _refuse_unknown(body, act)
    except ValueError as error:
        return 400, ControlError(error="", detail=f"{name} cannot be read: {error}")
    log.info("control", act=name)
    try:
        return 200, await perform(act, name, parts)
    except tuple(ERRORS.values()) as error:
        kind = next(kind for kind, of in ERRORS.items() if isinstance(error, of))
        return 409, ControlError(error=kind, detail=str(error))


def _refuse_unknown(body: bytes, act: object) -> None:
    """Raise ValueError for a field that only a later version of the act has: none is left out unseen."""
    sent = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if unknown := sent.keys() - {field.name for field in fields(act)}:  # type: ignore[arg-type] # a dataclass
        raise ValueError(f"unknown field {min(unknown)}")


async def _body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes | None:
    """Return the request's body, or None where it is too long."""
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Any, status: int, value: object) -> None:  # noqa: ANN401 (ASGI)
    body = msgspec.json.encode(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
