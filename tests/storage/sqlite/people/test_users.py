"""Users are kept with digests for passwords and an encrypted secret; what belongs to a user goes with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.people import (
    LinkKind,
    Membership,
    OneTimeLink,
    Role,
    User,
    UserSession,
)
from switchhook.domain.access.token import Scope, Token
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

OLGA = User(id="u1", login="olga@example.com", created_at=5.0)
SESSION = UserSession(
    user="u1", id="s1", created_at=6.0, used_at=6.0, source="192.0.2.1", agent="Firefox"
)
TOKEN = Token(
    project="acme", id="t1", user=OLGA.login, scope=Scope.PROJECT, created_at=7.0, person="u1"
)


async def opened() -> SqliteStore:
    store = await SqliteStore.open(None)
    assert await store.people.add_user(OLGA, password="digest")
    return store


def test_a_user_is_read_as_they_were_stored_and_their_secret_is_in_no_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / "x.sqlite")
        assert await store.people.add_user(OLGA, password="")
        assert not await store.people.add_user(replace(OLGA, id="u2"), password="")
        assert await store.people.set_password("u1", "argon2-digest")
        assert await store.people.set_totp("u1", "JBSWY3DPEHPK3PXP")
        assert await store.people.set_role("acme", "u1", Role.VIEWER, at=1.0)
        await store.close()

        again = await SqliteStore.open(tmp_path / "x.sqlite", read_only=True)
        found = await again.people.secrets_of(OLGA.login)
        assert found is not None
        roles = (Membership(project="acme", role=Role.VIEWER),)
        assert found.user == replace(OLGA, has_password=True, has_totp=True, roles=roles)
        assert (found.password, found.totp) == ("argon2-digest", "JBSWY3DPEHPK3PXP")
        assert "JBSWY" not in repr(found)
        assert "argon2" not in repr(found)
        assert await again.people.secrets_of("nobody") is None
        with pytest.raises(StoreError, match="for reading only"):
            await again.people.remove_user("u1")
        await again.close()

    run(scenario())
    for file in tmp_path.iterdir():
        assert b"JBSWY3DPEHPK3PXP" not in file.read_bytes()


def test_a_one_time_password_counts_once_and_none_before_it() -> None:
    async def scenario() -> None:
        store = await opened()
        assert await store.people.use_totp("u1", 100)
        assert not await store.people.use_totp("u1", 100)
        assert not await store.people.use_totp("u1", 99)
        assert await store.people.use_totp("u1", 101)
        await store.people.set_totp("u1", "JBSWY3DPEHPK3PXP")
        assert await store.people.use_totp("u1", 100)
        await store.close()

    run(scenario())


def test_a_token_of_a_user_is_good_for_the_lesser_of_both_roles_as_it_is_now() -> None:
    async def scenario() -> None:
        store = await opened()
        await store.tokens.save(TOKEN, b"d1")
        await store.tokens.save(replace(TOKEN, id="t2", role=Role.VIEWER), b"d2")

        async def roles() -> list[Role | None]:
            found = [await store.tokens.find(digest) for digest in (b"d1", b"d2")]
            return [one.role for one in found if one is not None]

        assert await roles() == [None, None]
        await store.people.set_role("other", "u1", Role.OWNER, at=1.0)
        assert await roles() == [None, None]
        await store.people.set_role("acme", "u1", Role.EDITOR, at=1.0)
        assert await roles() == [Role.EDITOR, Role.VIEWER]
        await store.people.set_disabled("u1", 9.0)
        assert await roles() == [None, None]
        await store.people.set_disabled("u1", None)
        assert await roles() == [Role.EDITOR, Role.VIEWER]
        await store.people.set_role("acme", "u1", None, at=2.0)
        assert await roles() == []
        await store.close()

    run(scenario())


def test_a_project_keeps_its_last_owner_where_that_is_asked_for() -> None:
    async def scenario() -> None:
        store = await opened()
        people = store.people
        await people.add_user(User(id="u2", login="max", created_at=1.0), password="")
        await people.set_role("acme", "u1", Role.OWNER, at=1.0)
        for role in (Role.ADMIN, None):
            assert not await people.set_role("acme", "u1", role, at=2.0, keeps_owner=True)
        assert await people.set_role("acme", "u1", Role.OWNER, at=2.0, keeps_owner=True)
        assert await people.set_role("acme", "u2", Role.OWNER, at=2.0, keeps_owner=True)
        await people.set_disabled("u2", 3.0)
        assert not await people.set_role("acme", "u1", None, at=3.0, keeps_owner=True)
        await people.set_disabled("u2", None)
        assert await people.set_role("acme", "u1", None, at=4.0, keeps_owner=True)
        assert await people.set_role("acme", "u2", None, at=5.0)  # the operator may
        assert await people.users(project="acme") == ()
        await store.close()

    run(scenario())


def test_users_are_listed_by_login_of_a_project_those_with_a_role() -> None:
    async def scenario() -> None:
        store = await opened()
        await store.people.add_user(User(id="u2", login="max", created_at=1.0), password="")
        await store.people.set_role("acme", "u1", Role.VIEWER, at=1.0)
        assert [one.login for one in await store.people.users()] == ["max", OLGA.login]
        assert [one.login for one in await store.people.users(project="acme")] == [OLGA.login]
        assert await store.people.users(project="other") == ()
        assert await store.people.user("u3") is None
        await store.close()

    run(scenario())


def test_what_is_a_users_goes_with_them() -> None:
    async def scenario() -> None:
        store = await opened()
        await store.people.set_role("acme", "u1", Role.OWNER, at=1.0)
        await store.people.save_session(SESSION, b"k1")
        await store.tokens.save(TOKEN, b"d1")
        await store.tokens.save(replace(TOKEN, id="t2", person=None), b"d2")
        assert await store.people.remove_user("u1")
        assert not await store.people.remove_user("u1")
        assert await store.people.session(b"k1") is None
        assert await store.people.users(project="acme") == ()
        assert [one.id for one in await store.tokens.all()] == ["t2"]
        await store.close()

    run(scenario())


def test_sessions_are_found_by_their_digest_used_ended_and_deleted() -> None:
    async def scenario() -> None:
        store = await opened()
        people = store.people
        for name in ("s1", "s2", "s3"):
            await people.save_session(replace(SESSION, id=name), name.encode())
        found = await people.session(b"s1")
        assert found is not None
        assert found[0] == SESSION
        assert found[1].signed_in_at == 6.0
        await people.use_session(SESSION, at=60.0)
        assert [one.id for one in await people.sessions("u1")] == ["s1", "s2", "s3"]
        await people.use_session(replace(SESSION, id="s2"), at=90.0)
        assert [one.id for one in await people.sessions("u1")] == ["s2", "s1", "s3"]
        await people.end_session(SESSION, at=70.0)
        ended = await people.session(b"s1")
        assert ended is not None
        assert ended[0].ended_at == 70.0
        assert [one.id for one in await people.sessions("u1")] == ["s2", "s3"]
        assert await people.delete_sessions("u1", "s3") == 1
        assert await people.delete_sessions("u1", "s3") == 0
        assert await people.delete_sessions("u1", but="s2") == 1
        await people.set_disabled("u1", 99.0)
        assert await people.sessions("u1") == ()
        await store.close()

    run(scenario())


def test_a_link_is_used_once_and_a_new_one_takes_the_place_of_the_former() -> None:
    async def scenario() -> None:
        people = (await opened()).people
        first = OneTimeLink(kind=LinkKind.PASSWORD, user="u1", expires_at=100.0)
        await people.save_link(first, b"1", now=1.0)
        assert await people.link(b"1") == first
        await people.save_link(replace(first, kind=LinkKind.SIGN_IN), b"2", now=2.0)
        assert await people.link(b"1") == first
        await people.save_link(first, b"3", now=3.0)
        assert await people.link(b"1") is None
        assert await people.use_link(b"3")
        assert not await people.use_link(b"3")
        late = OneTimeLink(kind=LinkKind.FIRST_OWNER, expires_at=300.0)
        await people.save_link(late, b"4", now=100.0)
        assert await people.link(b"2") is None  # its time was over
        await people.save_link(first, b"5", now=3.0)
        assert await people.remove_user("u1")
        assert await people.link(b"5") is None
        assert await people.link(b"4") == late

    run(scenario())
