"""A role includes those below it; whoever is disabled has none."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.access.people import Membership, Role, User, lesser

OLGA = User(
    id="u1",
    login="olga",
    created_at=1.0,
    roles=(Membership(project="acme", role=Role.EDITOR),),
)


def test_a_role_includes_those_below_it() -> None:
    ranked = [Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OWNER]
    for rank, role in enumerate(ranked):
        assert [role.includes(other) for other in ranked] == [rank >= at for at in range(4)]
        assert [lesser(role, other) for other in ranked] == [
            ranked[min(rank, at)] for at in range(4)
        ]


def test_a_user_has_a_role_where_it_was_given_unless_they_are_disabled() -> None:
    assert OLGA.role_in("acme") is Role.EDITOR
    assert OLGA.role_in("other") is None
    assert replace(OLGA, disabled_at=2.0).role_in("acme") is None
