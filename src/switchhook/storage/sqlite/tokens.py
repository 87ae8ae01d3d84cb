"""Tokens in a database: of our own only the digests of keys, of other servers the encrypted refresh tokens."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from switchhook.domain.access.people import Role, lesser
from switchhook.domain.access.token import Scope, Token
from switchhook.storage.records import KeyedAnswer
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from switchhook.storage.encryption import Cipher
    from switchhook.storage.records import KeyedRequest
    from switchhook.storage.sqlite.connection_thread import JobRunner


T = TypeVar("T")


class WriteRunner(Protocol):
    """Runs small jobs that write, in a commit with others'."""

    async def __call__(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        """Return the job's result once it is durable."""


class SqliteTokens:
    """The tokens of a store, read and written in its threads. What cannot be done raises StoreError."""

    def __init__(self, *, reader: JobRunner, change: WriteRunner) -> None:
        """`change` raises StoreError where the database was opened for reading only."""
        self._reader = reader
        self._change = change

    async def save(self, token: Token, digest: bytes) -> None:
        """Store a token with the digest of its key."""
        values = asdict(token) | {"digest": digest}
        await self._change(partial(_write, statement="save_token", values=values))

    async def find(self, digest: bytes) -> Token | None:
        """Return the token whose key has this digest, or None; its role is what its user may do now, too."""
        return await self._reader.run(partial(_find, digest=digest))

    async def all(self, *, project: str | None = None) -> tuple[Token, ...]:
        """Return one project's tokens, or everybody's, oldest first within each project."""
        return await self._reader.run(partial(_all, project=project))

    async def used(self, token: Token, *, at: float) -> None:
        """Store when a token was used; nothing where it was deleted meanwhile."""
        values = {"project": token.project, "id": token.id, "used_at": at}
        await self._change(partial(_write, statement="use_token", values=values))

    async def delete(self, token_id: str) -> Token | None:
        """Delete a token and return it, or None."""
        return await self._change(partial(_delete, token_id=token_id))


class SqliteKeyedRequests:
    """The keyed requests of a store, written in its thread. What cannot be done raises StoreError."""

    def __init__(self, *, change: WriteRunner) -> None:
        self._change = change

    async def begin(self, request: KeyedRequest, *, at: float, keep: float) -> KeyedAnswer | None:
        """Store that a request is under way, or return what is known of the one before with its key."""
        return await self._change(partial(_begin, request=request, at=at, keep=keep))

    async def answer(self, request: KeyedRequest, status: int, body: bytes) -> None:
        """Store the answer of a request."""
        values = asdict(request) | {"status": status, "body": body}
        await self._change(partial(_write, statement="answer_keyed_request", values=values))

    async def forget(self, request: KeyedRequest) -> None:
        """Forget a request that did nothing."""
        values = asdict(request)
        await self._change(partial(_write, statement="forget_keyed_request", values=values))


def _begin(
    connection: sqlite3.Connection, *, request: KeyedRequest, at: float, keep: float
) -> KeyedAnswer | None:
    values = asdict(request) | {"begun_at": at, "before": at - keep}
    with transaction(connection):
        connection.execute(sql("forget_keyed_requests"), values)
        row = connection.execute(sql("keyed_request"), values).fetchone()
        if row is None:
            connection.execute(sql("begin_keyed_request"), values)
            return None
    return KeyedAnswer(digest=row["digest"], status=row["status"], body=row["body"] or b"")


def _write(connection: sqlite3.Connection, *, statement: str, values: Mapping[str, Any]) -> None:
    with transaction(connection):
        connection.execute(sql(statement), values)


def _find(connection: sqlite3.Connection, *, digest: bytes) -> Token | None:
    row = connection.execute(sql("token_of_digest"), {"digest": digest}).fetchone()
    if row is None:
        return None
    values = dict(row)
    now = values.pop("users_role")
    token = _token(values)
    if token.person is None or token.role is None:
        return token
    return replace(token, role=None if now is None else lesser(token.role, Role(now)))


def _all(connection: sqlite3.Connection, *, project: str | None) -> tuple[Token, ...]:
    name = "tokens" if project is None else "tokens_of_project"
    return tuple(_token(row) for row in connection.execute(sql(name), {"project": project}))


def _delete(connection: sqlite3.Connection, *, token_id: str) -> Token | None:
    with transaction(connection):
        rows = connection.execute(sql("delete_token"), {"id": token_id}).fetchall()
        return _token(rows[0]) if rows else None


def _token(row: Mapping[str, Any] | sqlite3.Row) -> Token:
    values = dict(row)
    read = {
        "scope": Scope(values["scope"]),
        "role": Role(values["role"]),
        "is_maker_gone": bool(values.get("is_maker_gone")),
    }
    return Token(**values | read)


def save_refresh(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str, source: str, token: str
) -> None:
    """Write the latest of a source."""
    sealed = cipher.encrypt(token, aad=_refresh_aad(project, source))
    with transaction(connection):
        values = {"project": project, "source": source, "sealed": sealed}
        connection.execute(sql("save_refresh_token"), values)


def latest_refresh(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str, source: str
) -> str | None:
    """Return the latest of a source, or None."""
    row = connection.execute(
        sql("refresh_token"), {"project": project, "source": source}
    ).fetchone()
    return None if row is None else cipher.decrypt(row["sealed"], aad=_refresh_aad(project, source))


def _refresh_aad(project: str, source: str) -> str:
    return f"refresh token {source} of project {project!r}"
