"""The control socket's application: the operator's commands, without tokens, and the HTTP API beside them.

Who may connect to the socket may write to the data directory anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from switchhook.operations.control import ACTS, ERRORS, ControlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from litestar.types import ASGIApp

    from switchhook.operations.control import ControlParts

log = structlog.get_logger(__name__)

PREFIX: Final = "/control/"
"""Begins the path of each act; its name follows."""
LARGEST: Final = 64 << 20
"""Bytes of what an act takes: a project file may be long."""


def control_app(parts: ControlParts, api: ASGIApp | None) -> Callable[..., Awaitable[None]]:
    """Return the application; without an `api`, acts alone."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI)
        name = str(scope["path"]).removeprefix(PREFIX)
        if name != scope["path"] and scope["method"] == "POST" and name in ACTS:
            await _answer(send, *await _performed(name, await _body(receive), parts))
        elif api is not None and name == scope["path"]:
            await api(scope, receive, send)
        else:
            await _answer(send, 404, ControlError(error="", detail="there is nothing of this name"))

    return app


async def _performed(name: str, body: bytes, parts: ControlParts) -> tuple[int, object]:
    """Carry out an act, and return status and value of the answer."""
    try:
        act: Any = msgspec.json.decode(body, type=ACTS[name])
    except ValueError as error:
        return 400, ControlError(error="", detail=f"{name} cannot be read: {error}")
    log.info("control", act=name)
    try:
        return 200, await act.perform(parts)
    except tuple(ERRORS.values()) as error:
        kind = next(kind for kind, of in ERRORS.items() if isinstance(error, of))
        return 409, ControlError(error=kind, detail=str(error))


async def _body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body") or size > LARGEST:
            return b"".join(parts)


async def _answer(send: Any, status: int, value: object) -> None:  # noqa: ANN401 (ASGI)
    body = msgspec.json.encode(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
