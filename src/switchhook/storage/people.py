"""The contract of a store for users, sessions and the audit log; see `ports.py` for what holds for every method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from switchhook.domain.access.people import (
        OneTimeLink,
        Role,
        User,
        UserSecrets,
        UserSession,
    )


class People(Protocol):
    """Keeps users, their roles and their sessions; of passwords and keys digests alone."""

    async def add_user(self, user: User, *, password: str) -> bool:
        """Store a new user without roles; False where the login is another's."""

    async def users(self, *, project: str | None = None) -> tuple[User, ...]:
        """Return everybody by login, or who has a role in a project."""

    async def user(self, user_id: str) -> User | None:
        """Return one user, or None."""

    async def secrets_of(self, login: str) -> UserSecrets | None:
        """Return the user of a login with what they prove it by, or None. Raises UnreadableError."""

    async def set_password(self, user_id: str, digest: str) -> bool:
        """Store a password's digest; False where there is no such user."""

    async def set_totp(self, user_id: str, secret: str | None) -> bool:
        """Store the secret of one-time passwords, encrypted; None: none are asked for. False without the user."""

    async def use_totp(self, user_id: str, step: int) -> bool:
        """Note that the one-time password of a time step was used; False where it was, or a later one."""

    async def set_disabled(self, user_id: str, at: float | None) -> bool:
        """Disable a user and delete their sessions; None: enable them again. False without the user."""

    async def set_role(
        self,
        project: str,
        user_id: str,
        role: Role | None,
        *,
        at: float,
        keeps_owner: bool = False,
    ) -> bool:
        """Give a user a role in a project in place of theirs; None takes it, and their tokens of the project, away.

        With `keeps_owner`, nothing is done and False returned where the project would lose its last owner.
        """

    async def remove_user(self, user_id: str) -> bool:
        """Delete a user with their roles, sessions and tokens; False where there is none."""

    async def save_session(self, session: UserSession, digest: bytes) -> None:
        """Store a session with the digest of its key, and that its user signed in then."""

    async def session(self, digest: bytes) -> tuple[UserSession, User] | None:
        """Return the session whose key has this digest, with its user; also one that has ended."""

    async def sessions(self, user_id: str) -> tuple[UserSession, ...]:
        """Return a user's sessions, the latest used first; ended ones are not among them."""

    async def use_session(self, session: UserSession, *, at: float) -> None:
        """Store when a session was used; nothing where it is gone."""

    async def end_session(self, session: UserSession, *, at: float) -> None:
        """Store that its user signed out; nothing where it is gone."""

    async def delete_sessions(
        self, user_id: str, session_id: str | None = None, *, but: str | None = None
    ) -> int:
        """Delete a user's session of an id, or all of them `but` one; return how many there were."""

    async def save_link(self, link: OneTimeLink, digest: bytes, *, now: float) -> None:
        """Store a link with the digest of its key, in place of the former one of its kind and user.

        Links whose time is over go along.
        """

    async def link(self, digest: bytes) -> OneTimeLink | None:
        """Return the link whose key has this digest; also one whose time is over."""

    async def use_link(self, digest: bytes) -> bool:
        """Delete a link; False where there is none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What somebody did, or was refused. It holds no secret."""

    project: str
    """Empty: it concerns the host."""
    at: float
    """Unix seconds."""
    actor: str
    """Who: a login, the user of a program's token, or the operator."""
    via: str
    """By what: `token ID`, `session ID`, `command line`."""
    source: str
    """From where: an address; empty on this machine."""
    operation: str
    """What: `PUT /api/projects/{project}/config/{kind}/{name}`, or the name of an act."""
    target: str
    """On what: the path of the request, or the name of the thing."""
    result: str
    """What came of it: a status such as `200` or `403`, `done`, or a refusal's kind."""
    facts: Mapping[str, Any]
    """What was there before and after, where it is known."""
    number: int = 0
    """Its place; a store gives it."""


class AuditLog(Protocol):
    """Keeps who did what. Lines are added, and deleted when their time is over; of refusals alone a count grows."""

    async def add(self, entry: AuditEntry) -> None:
        """Store a line."""

    async def add_refusal(self, entry: AuditEntry, *, within: float) -> None:
        """Store a line, or count one up that says the same and is at most `within` seconds old.

        The same is project, actor, what they came by and from, operation and result; `repeated` of its facts counts.
        """

    async def entries(
        self, *, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[AuditEntry, ...]:
        """Return lines newest first, of one project or all; `before` is a line's number, to page on."""

    async def forget(self, *, before: float) -> int:
        """Delete lines from before a moment, and sessions that were used last before it; return how many lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedCalls:
    """The calls of a person that were erased, of those that were looked at."""

    calls: tuple[str, ...] = ()
    left: int = 0
    """Calls that still run, or of which a delivery is not settled."""
    visits: tuple[str, ...] = ()
    """The visits that they belonged to, erased as well."""
    next: int | None
    """The place behind which to look on; None: that was all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedTraces:
    """What was erased of a person beside their calls."""

    visits: tuple[str, ...]
    callers: int


class Erasure(Protocol):
    """Erases persons: what it deletes cannot be read from the file either."""

    async def calls(self, project: str, digits: str, *, after: int) -> ErasedCalls:
        """Erase a project's next calls behind a place, 0 for the first, that name a number ending in these digits.

        With them go journal, deliveries, attempts, events of the stream, and the visits that they belonged to.
        """

    async def traces(self, project: str, number: str, digits: str) -> ErasedTraces:
        """Erase what is known of a caller, and a project's visits that name the number."""
