"""Tokens: keys to the HTTP API, each for one project, user and scope (T-04)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from switchhook.domain.access.people import Role


class Scope(StrEnum):
    """The scope of a token."""

    SUBSCRIPTIONS = "subscriptions"
    """To subscribe to events, see the project's subscriptions, and unsubscribe."""
    EVENTS = "events"
    """To read the project's event stream."""
    CALLS = "calls"
    """To find calls, export them, and read what happened in them."""
    VISITS = "visits"
    """To tell of visits to the website."""
    INTAKE = "intake"
    """To post events that are no calls, and calls that were made elsewhere."""
    PROJECT = "project"
    """Those, to read and apply the project file, and to make, transfer and end calls."""
    ADMIN = "admin"
    """All: those, and users, tokens, the audit log and the erasure of persons."""

    def includes(self, other: Scope) -> bool:
        """Say whether it is good for what needs `other`."""
        return self in {other, Scope.ADMIN} or (self is Scope.PROJECT and other is not Scope.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One key of a person or a program, without the key: of that only a digest is kept. Times are unix seconds."""

    project: str
    id: str
    """By which it is listed and revoked; no secret."""
    user: str
    """The token's user, such as an e-mail address."""
    scope: Scope
    created_at: float
    expires_at: float | None = None
    """None: never."""
    used_at: float | None = None
    """When it was used last, to the minute; None before."""
    person: str | None = None
    """The id of the host's user whose it is, and whose role limits it; None: a program's."""
    role: Role | None = Role.OWNER
    """The most that it may do. Of one that was found by its key, this is at most its user's role now; None: they have none."""

    made_by: str = ""
    """Who made it, as the audit log names them; empty where nobody noted it."""
    maker: str | None = None
    """The id of the host's user who made it; None: the operator, or a program."""
    is_maker_gone: bool = False
    """Whether that user has no role in the project any more; known of listed ones alone."""

    def is_expired(self, *, now: float) -> bool:
        """Say whether its time is over."""
        return self.expires_at is not None and now >= self.expires_at
