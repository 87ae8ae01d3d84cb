"""What the operator changes about people, as values; `operations/control.py` tells what such values are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from switchhook.domain.access.people import LinkKind, Role, User
from switchhook.operations.people import users
from switchhook.operations.people.links import NewLink, new_link
from switchhook.operations.project_versions import require_project
from switchhook.storage.ports import Projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.operations.recordings import Recordings
    from switchhook.storage.people import People


class PeopleStore(Projects, Protocol):
    """Keeps projects and people."""

    @property
    def people(self) -> People:
        """Return the keeper of users and sessions."""


class PeopleParts(Protocol):
    """What these acts are carried out on."""

    @property
    def store(self) -> PeopleStore:
        """Return the store."""

    @property
    def clock(self) -> Callable[[], float]:
        """Return what tells unix time in seconds."""

    @property
    def recordings(self) -> Recordings:
        """Return the recordings, whose links begin where the running server serves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUser:
    """Make a user, with a role in a project where one is named."""

    login: str
    project: str | None = None
    role: Role = Role.VIEWER
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Make them. Raises UserError, NoSuchProjectError."""
        people, now = on.store.people, on.clock()
        if self.project is None:
            return await users.add_user(people, self.login, now=now)
        await require_project(on.store, self.project)
        await users.add_user(people, self.login, now=now)
        return await users.give_role(on.store, people, self.login, self.project, self.role, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRole:
    """Give a user a role in a project, or take it away."""

    login: str
    project: str
    role: Role | None
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Give it. Raises NoSuchUserError, NoSuchProjectError."""
        return await users.give_role(
            on.store, on.store.people, self.login, self.project, self.role, now=on.clock()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword:
    """Set a user's password by its digest, and end their sessions."""

    login: str
    digest: str = field(repr=False)
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Set it. Raises NoSuchUserError."""
        return await users.set_password(on.store.people, self.login, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTotp:
    """Set the secret of a user's one-time passwords, or ask for none."""

    login: str
    secret: str | None = field(repr=False)
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Set it. Raises NoSuchUserError."""
        return await users.set_totp(on.store.people, self.login, self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableUser:
    """Let a user do nothing any more, or again what they might."""

    login: str
    is_disabled: bool
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Disable or enable them. Raises NoSuchUserError."""
        at = on.clock() if self.is_disabled else None
        return await users.disable_user(on.store.people, self.login, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveUser:
    """Remove a user with their roles, sessions and tokens."""

    login: str
    by: str = ""
    result: ClassVar = User

    async def perform(self, on: PeopleParts) -> User:
        """Remove them. Raises NoSuchUserError."""
        return await users.remove_user(on.store.people, self.login)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessions:
    """End one of a user's sessions, or all."""

    login: str
    session: str | None = None
    by: str = ""
    result: ClassVar = int

    async def perform(self, on: PeopleParts) -> int:
        """End them, and return how many there were. Raises NoSuchUserError, UserError."""
        return await users.end_sessions(on.store.people, self.login, self.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLink:
    """Make a one-time link: for a user, or for the first owner."""

    kind: LinkKind
    login: str = ""
    by: str = ""
    result: ClassVar = NewLink

    async def perform(self, on: PeopleParts) -> NewLink:
        """Make it. Raises NoSuchUserError, UserError."""
        made = await new_link(on.store.people, self.kind, self.login, now=on.clock())
        return replace(made, base=on.recordings.links.base)


PEOPLE_ACTS = {
    "add-user": AddUser,
    "give-role": GiveRole,
    "set-password": SetPassword,
    "set-totp": SetTotp,
    "disable-user": DisableUser,
    "remove-user": RemoveUser,
    "end-sessions": EndSessions,
    "make-link": MakeLink,
}
"""These acts by their names."""
