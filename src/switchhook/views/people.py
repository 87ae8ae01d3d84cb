"""Users, tokens and the audit log as JSON for programs, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.views.text import iso

if TYPE_CHECKING:
    from switchhook.domain.access.people import User, UserSession
    from switchhook.domain.access.token import Token
    from switchhook.storage.people import AuditEntry


def member(one: User, project: str) -> dict[str, Any]:
    """Return a user as their project sees them: other projects are none of its business."""
    role = next((each.role for each in one.roles if each.project == project), None)
    return {"login": one.login, "role": role, "is_disabled": one.disabled_at is not None}


def user(one: User) -> dict[str, Any]:
    """Return a user as the operator sees them."""
    return {
        "login": one.login,
        "roles": {each.project: each.role for each in one.roles},
        "created_at": iso(one.created_at),
        "disabled_at": iso(one.disabled_at),
        "signed_in_at": iso(one.signed_in_at),
        "has_password": one.has_password,
        "has_totp": one.has_totp,
    }


def session(one: UserSession) -> dict[str, Any]:
    """Return where a user is signed in."""
    return {
        "id": one.id,
        "created_at": iso(one.created_at),
        "used_at": iso(one.used_at),
        "source": one.source,
        "agent": one.agent,
    }


def token_row(one: Token) -> dict[str, Any]:
    """Return a token without its key."""
    return {
        "id": one.id,
        "project": one.project,
        "user": one.user,
        "scope": one.scope,
        "role": one.role,
        "is_of_program": one.person is None,
        "created_at": iso(one.created_at),
        "expires_at": iso(one.expires_at),
        "used_at": iso(one.used_at),
        "made_by": one.made_by,
        "is_maker_gone": one.is_maker_gone,
    }


def audit_entry(one: AuditEntry) -> dict[str, Any]:
    """Return a line of the audit log."""
    return {
        "number": one.number,
        "project": one.project or None,
        "at": iso(one.at),
        "actor": one.actor,
        "via": one.via,
        "source": one.source,
        "operation": one.operation,
        "target": one.target,
        "result": one.result,
        **one.facts,
    }
