"""Operations on users: add, list, give roles, set passwords, disable, remove."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from switchhook.domain.access.people import Role, User
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import require_project
from switchhook.operations.tokens import MAX_USER_LENGTH

if TYPE_CHECKING:
    from switchhook.domain.access.people import UserSession
    from switchhook.storage.people import People
    from switchhook.storage.ports import Projects

ID_BYTES: Final = 6


class UserError(ExpectedError, ValueError):
    """A user cannot be as was asked for. The message says why, and what to do."""


class NoSuchUserError(ExpectedError, LookupError):
    """There is no such user. The message says so."""


class RoleRefusedError(ExpectedError):
    """Somebody may not give or take this role. The message says why."""


async def add_user(people: People, login: str, *, now: float) -> User:
    """Make a user who has no role and no password yet. Raises UserError, StoreError."""
    user = User(id=secrets.token_hex(ID_BYTES), login=login_of(login), created_at=now)
    if not await people.add_user(user, password=""):
        raise UserError(f"there is a user {user.login} already; `switchhook user list` has them")
    return user


async def find_user(people: People, login: str) -> User:
    """Return the user of a login. Raises NoSuchUserError, StoreError."""
    found = await people.secrets_of(login.strip().casefold())
    if found is None:
        raise NoSuchUserError(f"there is no user {login}; `switchhook user list` has them")
    return found.user


async def give_role(
    store: Projects,
    people: People,
    login: str,
    project: str,
    role: Role | None,
    *,
    now: float,
    giver: Role | None = None,
) -> User:
    """Give a user a role in a project in place of theirs; None takes it, and their tokens of the project, away.

    A `giver` is a role that gives it: not above itself, and not to somebody above itself; and a project that has
    an owner keeps one. None: the operator, who may do all. Raises NoSuchProjectError, NoSuchUserError,
    RoleRefusedError, StoreError.
    """
    await require_project(store, project)
    if giver is not None:
        check_reach(giver, role)  # before anybody is looked for, who may be of another project
    user = await find_user(people, login)
    has = next((one.role for one in user.roles if one.project == project), None)
    if giver is not None:
        check_reach(giver, has)
    kept = await people.set_role(project, user.id, role, at=now, keeps_owner=giver is not None)
    if not kept:
        raise RoleRefusedError("this is the project's last owner; make another one first")
    return await people.user(user.id) or user


def check_reach(giver: Role, role: Role | None) -> None:
    """Raise RoleRefusedError where somebody acts on a role above their own; None is above nobody's."""
    if role is not None and not giver.includes(role):
        raise RoleRefusedError(f"your role is {giver}: {role}s are made and changed by {role}s")


async def set_password(people: People, login: str, digest: str) -> User:
    """Store a password by its digest, and end the user's sessions. Raises NoSuchUserError, StoreError."""
    user = await find_user(people, login)
    await people.set_password(user.id, digest)
    await people.delete_sessions(user.id)
    return user


async def set_totp(people: People, login: str, secret: str | None) -> User:
    """Store the secret of a user's one-time passwords; None: none are asked for. Raises NoSuchUserError, StoreError."""
    user = await find_user(people, login)
    await people.set_totp(user.id, secret)
    return user


async def disable_user(people: People, login: str, *, at: float | None) -> User:
    """Let a user do nothing any more, and end their sessions; with `at` None they may again.

    Their roles and tokens stay, and the tokens are good for nothing meanwhile. Raises NoSuchUserError, StoreError.
    """
    user = await find_user(people, login)
    await people.set_disabled(user.id, at)
    return user


async def remove_user(people: People, login: str) -> User:
    """Remove a user with their roles, sessions and tokens. Raises NoSuchUserError, StoreError."""
    user = await find_user(people, login)
    await people.remove_user(user.id)
    return user


async def list_sessions(people: People, login: str) -> tuple[UserSession, ...]:
    """Return where a user is signed in, the latest used first. Raises NoSuchUserError, StoreError."""
    user = await find_user(people, login)
    return await people.sessions(user.id)


async def end_sessions(people: People, login: str, session: str | None = None) -> int:
    """End one of a user's sessions, or all, and return how many. Raises NoSuchUserError, UserError, StoreError."""
    user = await find_user(people, login)
    ended = await people.delete_sessions(user.id, session)
    if session is not None and not ended:
        raise UserError(
            f"{user.login} has no session {session}; `switchhook user sessions` lists them"
        )
    return ended


def login_of(text: str) -> str:
    """Return a login as it is kept. Raises UserError."""
    login = text.strip().casefold()
    if not 1 <= len(login) <= MAX_USER_LENGTH:
        raise UserError(f"a login has 1 to {MAX_USER_LENGTH} characters, such as an e-mail address")
    if not login.isprintable() or any(char in ":/" or char.isspace() for char in login):
        raise UserError(
            "a login holds no colon, slash or blank: write an e-mail address, or a word"
        )
    return login
