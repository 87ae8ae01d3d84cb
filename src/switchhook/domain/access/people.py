"""Users of a host, and their roles in projects: what somebody may do is said in `rights.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """A role in a project. Each includes those that are written above it."""

    VIEWER = "viewer"
    """Reads calls, deliveries and configuration, without secrets."""
    EDITOR = "editor"
    """Changes the configuration, sends deliveries again, makes and ends calls."""
    ADMIN = "admin"
    """Gives roles up to its own, makes tokens, reads the audit log, deletes recordings, erases persons."""
    OWNER = "owner"
    """Makes and unmakes owners."""

    def includes(self, other: Role) -> bool:
        """Say whether it may do all that `other` may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


def lesser(one: Role, other: Role) -> Role:
    """Return the role that both include."""
    return other if one.includes(other) else one


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's role in a project."""

    project: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of this host, without secrets. Times are unix seconds."""

    id: str
    login: str
    """By which they sign in, such as an e-mail address; small letters, one of the host alone."""
    created_at: float
    disabled_at: float | None = None
    """Since when they may do nothing; None: they may."""
    signed_in_at: float | None = None
    has_password: bool = False
    """Without one they cannot sign in; their tokens are good nonetheless."""
    has_totp: bool = False
    """Whether signing in takes a one-time password, too."""
    roles: tuple[Membership, ...] = ()
    """By project."""

    def role_in(self, project: str) -> Role | None:
        """Return their role in a project; None where they have none, or are disabled."""
        if self.disabled_at is not None:
            return None
        return next((one.role for one in self.roles if one.project == project), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSecrets:
    """What a user proves who they are with."""

    user: User
    password: str = field(repr=False)
    """A digest of argon2id; empty: none is set."""
    totp: str | None = field(default=None, repr=False)
    """The secret of one-time passwords in base32; None: none are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """Where a user is signed in, without its key. Times are unix seconds."""

    user: str
    """The user's id."""
    id: str
    """By which it is listed and ended; no secret."""
    created_at: float
    used_at: float
    """When it was used last, to the minute."""
    ended_at: float | None = None
    """When its user signed out; None before."""
    source: str
    """The address that signed in."""
    agent: str
    """The program that did, as it names itself."""


class LinkKind(StrEnum):
    """What a one-time link is good for."""

    FIRST_OWNER = "first-owner"
    """To make the first user of a host, who owns its projects."""
    PASSWORD = "password"  # noqa: S105 (a kind, and no password)
    """To set a password: for who was just added, or forgot theirs."""
    SIGN_IN = "sign-in"
    """To sign in, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeLink:
    """A link that lets somebody in once, without its key. Times are unix seconds."""

    kind: LinkKind
    user: str = ""
    """The user's id; empty: whoever comes becomes the first one."""
    expires_at: float
