"""Users are made, get roles, and lose them; nobody gives more than they have."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.people import Role, UserSession
from switchhook.operations.people import users
from switchhook.operations.people.users import (
    NoSuchUserError,
    RoleRefusedError,
    UserError,
    add_user,
    give_role,
)
from switchhook.operations.project_versions import NoSuchProjectError
from switchhook.operations.projects import apply_project
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def opened(*logins: str) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(None)
    try:
        await apply_project(store, MINIMAL)
        for login in logins:
            await add_user(store.people, login, now=1.0)
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("", "1 to 100 characters"),
        ("x" * 101, "1 to 100 characters"),
        ("a b", "no colon, slash or blank"),
        ("a:b", "no colon, slash or blank"),
        ("a/b", "no colon, slash or blank"),
        ("a\nb", "no colon, slash or blank"),
        ("OLGA", "there is a user olga already"),
    ],
)
def test_a_login_is_one_word_and_one_persons(login: str, words: str) -> None:
    async def scenario() -> None:
        async with opened("olga") as store:
            with pytest.raises(UserError, match=words):
                await add_user(store.people, login, now=1.0)

    run(scenario())


def test_a_role_is_given_in_a_project_that_there_is_to_a_user_that_there_is() -> None:
    async def scenario() -> None:
        async with opened("olga") as store:
            given = await give_role(store, store.people, "Olga", "acme", Role.EDITOR, now=2.0)
            assert given.role_in("acme") is Role.EDITOR
            with pytest.raises(NoSuchUserError, match="there is no user max"):
                await give_role(store, store.people, "max", "acme", Role.EDITOR, now=2.0)
            with pytest.raises(NoSuchProjectError):
                await give_role(store, store.people, "olga", "none", Role.EDITOR, now=2.0)
            taken = await give_role(store, store.people, "olga", "acme", None, now=3.0)
            assert taken.roles == ()

    run(scenario())


@pytest.mark.parametrize("giver", Role)
def test_nobody_gives_or_takes_a_role_above_their_own(giver: Role) -> None:
    async def scenario() -> None:
        async with opened("olga", "boss") as store:
            await give_role(store, store.people, "boss", "acme", Role.OWNER, now=1.0)
            for has in Role:
                for wanted in (*Role, None):
                    await give_role(store, store.people, "olga", "acme", has, now=2.0)
                    may = giver.includes(has) and (wanted is None or giver.includes(wanted))
                    act = give_role(
                        store, store.people, "olga", "acme", wanted, now=3.0, giver=giver
                    )
                    if may:
                        assert (await act).role_in("acme") is wanted
                    else:
                        with pytest.raises(RoleRefusedError, match=f"your role is {giver}"):
                            await act

    run(scenario())


def test_the_last_owner_stays_unless_the_operator_says_so() -> None:
    async def scenario() -> None:
        async with opened("olga") as store:
            await give_role(store, store.people, "olga", "acme", Role.OWNER, now=1.0)
            with pytest.raises(RoleRefusedError, match="last owner"):
                await give_role(
                    store, store.people, "olga", "acme", None, now=2.0, giver=Role.OWNER
                )
            assert (await give_role(store, store.people, "olga", "acme", None, now=2.0)).roles == ()

    run(scenario())


def test_a_new_password_ends_sessions_and_one_session_can_be_ended_alone() -> None:
    async def scenario() -> None:
        async with opened("olga") as store:
            found = await users.find_user(store.people, "olga")
            for name in ("s1", "s2"):
                session = UserSession(
                    user=found.id, id=name, created_at=1.0, used_at=1.0, source="", agent=""
                )
                await store.people.save_session(session, name.encode())
            assert await users.end_sessions(store.people, "olga", "s1") == 1
            with pytest.raises(UserError, match="no session s1"):
                await users.end_sessions(store.people, "olga", "s1")
            await users.set_password(store.people, "olga", "digest")
            assert await users.list_sessions(store.people, "olga") == ()

    run(scenario())
