"""The id of a request: taken from X-Request-Id, or made; told in the answer and in the log."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-Id"
_KEY: Final = "switchhook.request_id"
_TAKEN: Final = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
"""What is taken from a client: nothing that would break a line of a log or a header."""


def request_id(scope: Scope) -> str:
    """Return the id of a request; empty where it has none."""
    return str(cast("dict[str, Any]", scope).get(_KEY, ""))


def with_request_id(app: ASGIApp) -> ASGIApp:
    """Give each request an id: its own, where it brings one that can be logged, else a new one."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        brought = [value for name, value in scope["headers"] if name == b"x-request-id"]
        is_taken = len(brought) == 1 and _TAKEN.fullmatch(brought[0]) is not None
        named = brought[0] if is_taken else uuid.uuid4().hex.encode()

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER.lower().encode(), named)]
            await send(message)

        scope[_KEY] = named.decode()  # type: ignore[typeddict-unknown-key] # read above
        await app(scope, receive, tell)

    return answer
