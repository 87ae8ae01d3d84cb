"""A token is good for what its scope says, until its time is over."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.access.token import Scope, Token

TOKEN = Token(
    project="acme", id="a1", user="u@example.com", scope=Scope.SUBSCRIPTIONS, created_at=0.0
)


def test_a_wider_scope_holds_the_narrower() -> None:
    narrow = (Scope.SUBSCRIPTIONS, Scope.EVENTS, Scope.CALLS, Scope.VISITS, Scope.INTAKE)
    for one in narrow:
        assert [other for other in Scope if one.includes(other)] == [one]
    assert {other for other in Scope if Scope.PROJECT.includes(other)} == {*narrow, Scope.PROJECT}
    assert all(Scope.ADMIN.includes(other) for other in Scope)


def test_it_expires_at_its_moment_or_never() -> None:
    until = replace(TOKEN, expires_at=10.0)

    assert not TOKEN.is_expired(now=1e12)
    assert (until.is_expired(now=9.9), until.is_expired(now=10.0)) == (False, True)
