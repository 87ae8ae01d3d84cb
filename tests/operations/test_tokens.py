"""A key opens its own project to its own user, until it expires or is revoked; nothing kept tells it."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import structlog.testing

from switchhook.domain.access.token import Scope, Token
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.project_versions import NoSuchProjectError
from switchhook.operations.projects import apply_project
from switchhook.operations.tokens import (
    BadKeyError,
    NewToken,
    NoSuchTokenError,
    TokenError,
    check_key,
    create_token,
    list_tokens,
    revoke_token,
)
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

USER = "user@example.com"
DAY = 86_400.0


@asynccontextmanager
async def opened(path: Path | None = None) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path)
    try:
        await apply_project(store, MINIMAL)
        yield store
    finally:
        await store.close()


async def made(store: SqliteStore, *, days: int | None = None) -> NewToken:
    return await create_token(
        store, store.tokens, project="acme", user=USER, scope=Scope.PROJECT, days=days, now=1000.0
    )


def test_a_key_opens_its_project_with_or_without_its_user() -> None:
    async def scenario() -> None:
        async with opened() as store:
            new = await made(store)
            assert len(new.key) == 40
            for user in (USER, None):
                assert (await check_key(store.tokens, user=user, key=new.key, now=1000.0)).id == (
                    new.token.id
                )

    run(scenario())


@pytest.mark.parametrize("user", ["other@example.com", "USER@example.com", f"{USER} ", "ю", ""])
def test_a_key_in_another_name_is_refused(user: str) -> None:
    async def scenario() -> None:
        async with opened() as store:
            new = await made(store)
            with pytest.raises(BadKeyError, match="another user's"):
                await check_key(store.tokens, user=user, key=new.key, now=1000.0)

    run(scenario())


@pytest.mark.parametrize("key", ["", "0" * 40, "ю", "\ud800", "x" * 100_000])
def test_a_key_that_nobody_made_is_refused(key: str) -> None:
    async def scenario() -> None:
        async with opened() as store:
            await made(store)
            with pytest.raises(BadKeyError, match="is not known"):
                await check_key(store.tokens, key=key, now=1000.0)

    run(scenario())


def test_a_key_expires_and_only_its_owner_is_told() -> None:
    async def scenario() -> None:
        async with opened() as store:
            new = await made(store, days=2)
            end = 1000.0 + 2 * DAY
            await check_key(store.tokens, key=new.key, now=end - 1)
            with pytest.raises(BadKeyError, match="has expired"):
                await check_key(store.tokens, key=new.key, now=end)
            with pytest.raises(BadKeyError, match="is not known"):
                await check_key(store.tokens, user="x", key=new.key, now=end)
            assert len(await list_tokens(store.tokens)) == 1

    run(scenario())


def test_a_revoked_key_is_refused_at_once() -> None:
    async def scenario() -> None:
        async with opened() as store:
            new = await made(store)
            assert await revoke_token(store.tokens, new.token.id) == new.token
            with pytest.raises(BadKeyError, match="was revoked"):
                await check_key(store.tokens, key=new.key, now=1000.0)
            with pytest.raises(NoSuchTokenError, match="there is no token"):
                await revoke_token(store.tokens, new.token.id)

    run(scenario())


def test_its_use_is_noted_once_a_minute() -> None:
    async def scenario() -> None:
        async with opened() as store:
            new = await made(store)
            noted = []
            for now in (1000.0, 1059.0, 1060.0):
                await check_key(store.tokens, key=new.key, now=now)
                (listed,) = await list_tokens(store.tokens, project="acme")
                noted.append(listed.used_at)
            assert noted == [1000.0, 1000.0, 1060.0]

    run(scenario())


def test_a_full_disk_keeps_nobody_out() -> None:
    class Full:
        """Finds every key, and can write nothing."""

        async def find(self, digest: bytes) -> Token | None:
            del digest
            return Token(project="acme", id="a", user=USER, scope=Scope.PROJECT, created_at=0.0)

        async def used(self, token: Token, *, at: float) -> None:
            raise StoreError(f"{token.id} at {at}: the disk is full", transient=True)

        async def save(self, token: Token, digest: bytes) -> None: ...
        async def all(self, *, project: str | None = None) -> tuple[Token, ...]:
            del project
            return ()

        async def delete(self, token_id: str) -> Token | None: ...

    with structlog.testing.capture_logs() as logged:
        assert run(check_key(Full(), key="k", now=1.0)).id == "a"
    assert [line["event"] for line in logged] == ["token use not stored"]


@pytest.mark.parametrize("user", ["", "a b", "a:b", "a\tb", "a\u00a0b", "a\nb", "x" * 101, "a\x00"])
def test_a_user_that_no_header_could_bear_is_refused(user: str) -> None:
    async def scenario() -> None:
        async with opened() as store:
            with pytest.raises(TokenError, match="a user"):
                await create_token(store, store.tokens, project="acme", user=user, now=1.0)
            assert await list_tokens(store.tokens) == ()

    run(scenario())


def test_a_token_is_for_a_project_that_there_is() -> None:
    async def scenario() -> None:
        async with opened() as store:
            with pytest.raises(NoSuchProjectError, match="no project other; there are: acme"):
                await create_token(store, store.tokens, project="other", user=USER, now=1.0)

    run(scenario())


def test_nothing_that_is_kept_tells_the_key(tmp_path: Path) -> None:
    async def scenario() -> NewToken:
        async with opened(tmp_path / DATABASE) as store:
            return await made(store)

    new = run(scenario())
    key = new.key
    assert key not in repr(new)
    for file in tmp_path.iterdir():
        assert key.encode() not in file.read_bytes()
        assert bytes.fromhex(key) not in file.read_bytes()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        ((digest,),) = connection.execute("SELECT digest FROM tokens").fetchall()
    connection.close()
    assert len(digest) == 32
