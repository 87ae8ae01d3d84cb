"""An act takes a scope and a role, and a higher role where secrets are asked for; a refusal tells no project."""

from __future__ import annotations

import pytest

from switchhook.domain.access.people import Role
from switchhook.domain.access.rights import CHANGE_PROJECT, READ_PROJECT, SEE_ACCOUNT, Need
from switchhook.domain.access.token import Scope


@pytest.mark.parametrize(
    ("need", "role", "scope", "secrets", "why"),
    [
        (READ_PROJECT, Role.VIEWER, Scope.PROJECT, False, ""),
        (READ_PROJECT, Role.VIEWER, Scope.PROJECT, True, "needs the role editor to show secrets"),
        (READ_PROJECT, Role.EDITOR, Scope.PROJECT, True, ""),
        (READ_PROJECT, Role.OWNER, Scope.CALLS, False, "good for calls only"),
        (CHANGE_PROJECT, Role.VIEWER, Scope.ADMIN, False, "your role is viewer; this needs the role editor"),
        (CHANGE_PROJECT, None, Scope.ADMIN, False, "your role is none"),
        (SEE_ACCOUNT, Role.VIEWER, Scope.VISITS, True, ""),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_missing(
    need: Need, role: Role | None, scope: Scope, secrets: object, why: str
) -> None:
    told = need.refusal(role, scope, with_secrets=bool(secrets))
    assert (told == "") == (why == "")
    assert why in told
