"""Users, their roles and sessions in a database: of passwords and keys digests, of one-time passwords the encrypted secret."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from switchhook.domain.access.people import (
    LinkKind,
    Membership,
    OneTimeLink,
    Role,
    User,
    UserSecrets,
    UserSession,
)
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from switchhook.storage.encryption import Cipher
    from switchhook.storage.sqlite.connection_thread import JobRunner
    from switchhook.storage.sqlite.tokens import WriteRunner


class SqlitePeople:
    """The users of a store, read and written in its threads. What cannot be done raises StoreError."""

    def __init__(self, *, reader: JobRunner, change: WriteRunner, cipher: Cipher) -> None:
        """`change` raises StoreError where the database was opened for reading only."""
        self._reader = reader
        self._change = change
        self._cipher = cipher

    async def add_user(self, user: User, *, password: str) -> bool:
        """Store a new user without roles; False where the login is another's."""
        values = {"id": user.id, "login": user.login, "created_at": user.created_at}
        return await self._done("add_user", values | {"password": password})

    async def users(self, *, project: str | None = None) -> tuple[User, ...]:
        """Return everybody by login, or who has a role in a project."""
        return await self._reader.run(partial(_users, project=project))

    async def user(self, user_id: str) -> User | None:
        """Return one user, or None."""
        return await self._reader.run(partial(_user_of_id, user_id=user_id))

    async def secrets_of(self, login: str) -> UserSecrets | None:
        """Return the user of a login with what they prove it by, or None."""
        return await self._reader.run(partial(_secrets, login=login, cipher=self._cipher))

    async def set_password(self, user_id: str, digest: str) -> bool:
        """Store a password's digest; False where there is no such user."""
        return await self._done("set_password", {"id": user_id, "password": digest})

    async def set_totp(self, user_id: str, secret: str | None) -> bool:
        """Store the secret of one-time passwords, encrypted; None: none are asked for."""
        sealed = None if secret is None else self._cipher.encrypt(secret, aad=_aad(user_id))
        return await self._done("set_totp", {"id": user_id, "totp": sealed})

    async def use_totp(self, user_id: str, step: int) -> bool:
        """Note that the one-time password of a time step was used; False where it was, or a later one."""
        return await self._done("use_totp", {"id": user_id, "step": step})

    async def set_disabled(self, user_id: str, at: float | None) -> bool:
        """Disable a user and delete their sessions; None: enable them again."""
        return await self._change(partial(_set_disabled, user_id=user_id, at=at))

    async def set_role(
        self,
        project: str,
        user_id: str,
        role: Role | None,
        *,
        at: float,
        keeps_owner: bool = False,
    ) -> bool:
        """Give a user a role in a project; None takes it, and their tokens of the project, away."""
        values = {"project": project, "user": user_id, "role": role, "at": at}
        return await self._change(partial(_set_role, values=values, keeps_owner=keeps_owner))

    async def remove_user(self, user_id: str) -> bool:
        """Delete a user with their roles, sessions and tokens; False where there is none."""
        return await self._change(partial(_remove, user_id=user_id))

    async def save_session(self, session: UserSession, digest: bytes) -> None:
        """Store a session with the digest of its key, and that its user signed in then."""
        values = asdict(session) | {"digest": digest}
        await self._change(partial(_save_session, values=values))

    async def session(self, digest: bytes) -> tuple[UserSession, User] | None:
        """Return the session whose key has this digest, with its user; also one that has ended."""
        return await self._reader.run(partial(_session, digest=digest))

    async def sessions(self, user_id: str) -> tuple[UserSession, ...]:
        """Return a user's sessions, the latest used first; ended ones are not among them."""
        return await self._reader.run(partial(_sessions, user_id=user_id))

    async def use_session(self, session: UserSession, *, at: float) -> None:
        """Store when a session was used; nothing where it is gone."""
        await self._done("use_session", {"user": session.user, "id": session.id, "at": at})

    async def end_session(self, session: UserSession, *, at: float) -> None:
        """Store that its user signed out; nothing where it is gone."""
        await self._done("end_session", {"user": session.user, "id": session.id, "at": at})

    async def delete_sessions(
        self, user_id: str, session_id: str | None = None, *, but: str | None = None
    ) -> int:
        """Delete a user's session of an id, or all of them `but` one; return how many there were."""
        values = {"user": user_id, "id": session_id, "but": but}
        return await self._change(partial(_changed, statement="delete_sessions", values=values))

    async def save_link(self, link: OneTimeLink, digest: bytes, *, now: float) -> None:
        """Store a link with the digest of its key, in place of the former one of its kind and user."""
        values = asdict(link) | {"digest": digest, "now": now}
        await self._change(partial(_save_link, values=values))

    async def link(self, digest: bytes) -> OneTimeLink | None:
        """Return the link whose key has this digest; also one whose time is over."""
        return await self._reader.run(partial(_link, digest=digest))

    async def use_link(self, digest: bytes) -> bool:
        """Delete a link; False where there is none any more."""
        return await self._done("use_link", {"digest": digest})

    async def _done(self, statement: str, values: Mapping[str, Any]) -> bool:
        """Carry out one statement, and say whether it changed a row."""
        return bool(await self._change(partial(_changed, statement=statement, values=values)))


def _changed(connection: sqlite3.Connection, *, statement: str, values: Mapping[str, Any]) -> int:
    """Carry out one statement, and return how many rows it changed."""
    with transaction(connection):
        return connection.execute(sql(statement), values).rowcount


def _users(connection: sqlite3.Connection, *, project: str | None) -> tuple[User, ...]:
    name = "users" if project is None else "users_of_project"
    found = connection.execute(sql(name), {"project": project}).fetchall()
    return tuple(_user(connection, row) for row in found)


def _user_of_id(connection: sqlite3.Connection, *, user_id: str) -> User | None:
    row = connection.execute(sql("user_of_id"), {"id": user_id}).fetchone()
    return None if row is None else _user(connection, row)


def _secrets(connection: sqlite3.Connection, *, login: str, cipher: Cipher) -> UserSecrets | None:
    row = connection.execute(sql("user_of_login"), {"login": login}).fetchone()
    if row is None:
        return None
    totp = None if row["totp"] is None else cipher.decrypt(row["totp"], aad=_aad(row["id"]))
    return UserSecrets(user=_user(connection, row), password=row["password"], totp=totp)


def _user(connection: sqlite3.Connection, row: sqlite3.Row) -> User:
    roles = connection.execute(sql("roles_of_user"), {"user": row["id"]})
    return User(
        id=row["id"],
        login=row["login"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        signed_in_at=row["signed_in_at"],
        has_password=bool(row["has_password"]),
        has_totp=bool(row["has_totp"]),
        roles=tuple(Membership(project=one["project"], role=Role(one["role"])) for one in roles),
    )


def _set_disabled(connection: sqlite3.Connection, *, user_id: str, at: float | None) -> bool:
    with transaction(connection):
        found = connection.execute(sql("set_disabled"), {"id": user_id, "at": at}).rowcount
        if at is not None:
            _delete_sessions(connection, user_id)
    return bool(found)


def _set_role(
    connection: sqlite3.Connection, *, values: Mapping[str, Any], keeps_owner: bool
) -> bool:
    with transaction(connection):
        if keeps_owner and values["role"] is not Role.OWNER:
            was = connection.execute(sql("role_of_member"), values).fetchone()
            others = connection.execute(sql("other_owners"), values).fetchone()["number"]
            if was is not None and was["role"] == Role.OWNER and not others:
                return False
        if values["role"] is None:
            connection.execute(sql("delete_role"), values)
            connection.execute(sql("delete_tokens_of_user"), values)
        else:
            connection.execute(sql("set_role"), values)
    return True


def _remove(connection: sqlite3.Connection, *, user_id: str) -> bool:
    with transaction(connection):
        gone = connection.execute(sql("delete_user"), {"id": user_id}).rowcount
        connection.execute(sql("delete_roles_of_user"), {"user": user_id})
        connection.execute(sql("delete_links_of_user"), {"user": user_id})
        connection.execute(sql("delete_tokens_of_user"), {"user": user_id, "project": None})
        _delete_sessions(connection, user_id)
    return bool(gone)


def _delete_sessions(connection: sqlite3.Connection, user_id: str) -> None:
    connection.execute(sql("delete_sessions"), {"user": user_id, "id": None, "but": None})


def _save_session(connection: sqlite3.Connection, *, values: Mapping[str, Any]) -> None:
    with transaction(connection):
        connection.execute(sql("save_session"), values)
        connection.execute(sql("note_sign_in"), values)


def _session(connection: sqlite3.Connection, *, digest: bytes) -> tuple[UserSession, User] | None:
    row = connection.execute(sql("session_of_digest"), {"digest": digest}).fetchone()
    user = None if row is None else _user_of_id(connection, user_id=row["user"])
    return None if user is None else (UserSession(**dict(row)), user)


def _sessions(connection: sqlite3.Connection, *, user_id: str) -> tuple[UserSession, ...]:
    found = connection.execute(sql("sessions_of_user"), {"user": user_id})
    return tuple(UserSession(**dict(row)) for row in found)


def _save_link(connection: sqlite3.Connection, *, values: Mapping[str, Any]) -> None:
    with transaction(connection):
        connection.execute(sql("delete_links"), values)
        connection.execute(sql("save_link"), values)


def _link(connection: sqlite3.Connection, *, digest: bytes) -> OneTimeLink | None:
    row = connection.execute(sql("link_of_digest"), {"digest": digest}).fetchone()
    if row is None:
        return None
    return OneTimeLink(kind=LinkKind(row["kind"]), user=row["user"], expires_at=row["expires_at"])


def _aad(user_id: str) -> str:
    return f"one-time passwords of user {user_id!r}"
