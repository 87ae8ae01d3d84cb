"""Tokens are kept without their keys, found by the digest, and gone when they are deleted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.access.token import Scope, Token
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = Token(
    project="acme",
    id="a1",
    user="user@example.com",
    scope=Scope.PROJECT,
    created_at=5.0,
    expires_at=9.0,
)
DIGEST = hashlib.sha256(b"key").digest()


def test_a_token_is_found_by_its_digest_as_it_was_saved(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / "x.sqlite")
        await store.tokens.save(TOKEN, DIGEST)
        assert await store.tokens.find(DIGEST) == TOKEN
        assert await store.tokens.find(DIGEST[:-1] + b"\0") is None
        await store.tokens.used(TOKEN, at=7.0)
        await store.close()

        again = await SqliteStore.open(tmp_path / "x.sqlite", read_only=True)
        assert await again.tokens.find(DIGEST) == replace(TOKEN, used_at=7.0)
        with pytest.raises(StoreError, match="for reading only"):
            await again.tokens.delete("a1")
        await again.close()

    run(scenario())


def test_tokens_are_listed_by_project_and_age() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        for project, name, at in (("b", "b1", 1.0), ("a", "a2", 3.0), ("a", "a1", 2.0)):
            token = replace(TOKEN, project=project, id=name, created_at=at)
            await store.tokens.save(token, name.encode())

        assert [one.id for one in await store.tokens.all()] == ["a1", "a2", "b1"]
        assert [one.id for one in await store.tokens.all(project="a")] == ["a1", "a2"]
        assert await store.tokens.all(project="c") == ()
        await store.close()

    run(scenario())


def test_a_deleted_token_is_gone_and_deletes_no_other() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        other = replace(TOKEN, id="a2")
        await store.tokens.save(TOKEN, DIGEST)
        await store.tokens.save(other, b"other")

        assert await store.tokens.delete("a1") == TOKEN
        assert await store.tokens.delete("a1") is None
        await store.tokens.used(TOKEN, at=7.0)
        assert await store.tokens.find(DIGEST) is None
        assert await store.tokens.all() == (other,)
        await store.close()

    run(scenario())


def test_no_two_tokens_have_the_same_key() -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(None)
        await store.tokens.save(TOKEN, DIGEST)
        with pytest.raises(StoreError):
            await store.tokens.save(replace(TOKEN, id="a2"), DIGEST)
        assert await store.tokens.all() == (TOKEN,)
        await store.close()

    run(scenario())
