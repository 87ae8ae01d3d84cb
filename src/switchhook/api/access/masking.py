"""Masks telephone numbers in answers to those who may not see them in full, whatever the operation (T-35)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from litestar.exceptions import PermissionDeniedException

from switchhook.api.access.rights import RIGHTS, numbers_of, operation_of
from switchhook.domain.access.people import Role
from switchhook.domain.access.rights import HEAR_RECORDINGS, ShownNumbers
from switchhook.domain.access.token import Scope as TokenScope
from switchhook.tasks import compute
from switchhook.views.masked_numbers import mask_numbers, masked
from switchhook.webhooks.recording_links import hide_links

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from switchhook.domain.access.token import Token
    from switchhook.domain.project import ProjectSnapshot

MASKED: Final = "switchhook.masked"
"""Stands in a request's scope where numbers are masked in its answer."""
NO_SEARCH: Final = (
    "your role sees numbers masked, so it cannot search by them: hits would tell them"
)
_JSON: Final = b"application/json"
LINKS_HIDDEN: Final = "switchhook.links_hidden"
"""Stands in a request's scope where no link to a recording in its answer may be followed."""
LONG: Final = 32_768
"""Bytes from which a thread masks: the loop has calls to serve."""


def check_numbers(
    scope: MutableMapping[str, Any],
    token: Token,
    snapshot: ProjectSnapshot | None,
    query: Iterable[tuple[str, str]],
) -> None:
    """Have numbers masked for a viewer whose project says so. Raises 403 for what shows them nonetheless."""
    if not hides_numbers(token.role, snapshot):
        return
    match numbers_of(scope):
        case ShownNumbers.MASKABLE if any(finds_numbers(*one) for one in query):
            raise PermissionDeniedException(NO_SEARCH)
        case ShownNumbers.MASKABLE:
            scope[MASKED] = True
        case ShownNumbers.NONE:
            pass
        case ShownNumbers.FULL:
            raise PermissionDeniedException(
                "your role sees numbers masked, and this has them in full; read the list instead"
            )


def hides_numbers(role: Role | None, snapshot: ProjectSnapshot | None) -> bool:
    """Say whether numbers are masked for a role in a project: for viewers, where the project says so."""
    if role is not Role.VIEWER or snapshot is None:
        return False
    return not snapshot.project.viewers_see_numbers


def finds_numbers(name: str, value: str) -> bool:
    """Say whether hits of a parameter of the query tell a number, or a part of one."""
    match name:
        case "number" | "dialled":
            return True
        case "text":  # is found anywhere in errors: a few digits at a time tell all
            return any(map(str.isdigit, value))
        case "target":
            return mask_numbers(value) != value
        case _:
            return False


def check_links(scope: MutableMapping[str, Any], token: Token) -> None:
    """Have links to recordings made useless in an answer to who may not hear them: anybody can follow one.

    The event stream has links for programs that a role of their own lets hear, so its scope is enough.
    """
    need = RIGHTS[operation_of(scope)]
    held = TokenScope.PROJECT if need.scope is TokenScope.EVENTS else token.scope
    if HEAR_RECORDINGS.refusal(token.role, held):
        scope[LINKS_HIDDEN] = True


def with_masking(app: ASGIApp) -> ASGIApp:
    """Mask what `check_numbers` and `check_links` marked: numbers in JSON, links in any answer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _Masking(scope, send))

    return answer


def _masked(body: bytes) -> bytes:
    """Mask JSON: some 100 ms for a megabyte."""
    return msgspec.json.encode(masked(msgspec.json.decode(body)))


class _Masking:
    """Holds the JSON of a marked request back until it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = cast("dict[str, Any]", scope)
        self._send = send
        self._start: Any = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if self._scope.get(LINKS_HIDDEN) and message["type"] == "http.response.body":
            body = message["body"]
            hidden = await compute(hide_links, body) if len(body) >= LONG else hide_links(body)
            message = {**message, "body": hidden}
        if not self._scope.get(MASKED):
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message["body"]
            if not message.get("more_body"):
                await self._finish()

    async def _finish(self) -> None:
        headers = {name.lower(): value for name, value in self._start["headers"]}
        body = self._body
        if body and headers.get(b"content-type", b"").startswith(_JSON):
            body = await compute(_masked, body) if len(body) >= LONG else _masked(body)
            headers[b"content-length"] = b"%d" % len(body)
        await self._send(self._start | {"headers": list(headers.items())})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
