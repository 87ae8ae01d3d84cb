"""Notes in the audit log what requests did, or were refused: before they are answered, so that nothing is done unnoted."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs

from litestar import HttpMethod

from switchhook.api.access.rights import RIGHTS, asks_for_secrets, operation_of
from switchhook.domain.access.token import Token
from switchhook.operations.people import audit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from switchhook.api.dependencies import ApiDependencies
    from switchhook.domain.access.rights import Need

    Note = Callable[[Mapping[str, Any], int, Mapping[str, Any]], Awaitable[None]]
    """Is told a request's scope, its status and its facts."""

_FACTS: Final[ContextVar[dict[str, Any]]] = ContextVar("audit facts")


def note_facts(**facts: object) -> None:
    """Have the audit log tell, of the request that is being answered, what was there before and after. No secrets."""
    noted = _FACTS.get(None)
    if noted is not None:
        noted.update(facts)


@contextmanager
def gathered_facts() -> Iterator[dict[str, Any]]:
    """Yield what `note_facts` is told of the request that is being answered meanwhile."""
    facts: dict[str, Any] = {}
    kept = _FACTS.set(facts)
    try:
        yield facts
    finally:
        _FACTS.reset(kept)


def with_note(app: ASGIApp, note: Note) -> ASGIApp:
    """Have each request noted before it is answered, with its status and what `note_facts` was told of it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with gathered_facts() as facts:

            async def note_first(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await note(cast("dict[str, Any]", scope), message["status"], facts)
                await send(message)

            await app(scope, receive, note_first)

    return answer


def with_audit(app: ASGIApp, deps: ApiDependencies) -> ASGIApp:
    """Note each change, each look at secrets, and each refusal of a request with a good key."""
    return with_note(app, partial(_note, deps))


async def _note(
    deps: ApiDependencies, scope: Mapping[str, Any], status: int, facts: Mapping[str, Any]
) -> None:
    token, operation = scope.get("user"), operation_of(scope)
    need = RIGHTS.get(operation)
    if not isinstance(token, Token) or need is None or not _is_noted(scope, token, need, status):
        return
    await audit.note(
        deps.audit,
        project=token.project,
        at=deps.clock(),
        actor=token.user,
        via=f"token {token.id}",
        source=(scope.get("client") or ("", 0))[0],
        operation=operation,
        target=scope["path"],
        result=str(status),
        facts=facts,
        is_refusal=_is_refused(scope, token, status),
    )


def _is_refused(scope: Mapping[str, Any], token: Token, status: int) -> bool:
    """Say whether somebody tried what they may not, or looked at another project."""
    return status == 403 or scope["path_params"].get("project", token.project) != token.project


def _is_noted(scope: Mapping[str, Any], token: Token, need: Need, status: int) -> bool:
    if _is_refused(scope, token, status):
        return True
    if scope["method"] == HttpMethod.GET:
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return need.secrets is not None and asks_for_secrets(query.get("secrets", ()))
    return need.is_audited
