"""A key is printed once, in the header that bears it; tokens are listed without theirs, and revoked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.operations.tokens import digest_of
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.domain.access.token import Token

USER = "user@example.com"
CREATE = ("token", "create", "--project", "acme", "--user", USER)


@pytest.fixture(autouse=True)
def data_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["apply", str(file)]) == FINE
    capsys.readouterr()
    return tmp_path / "data"


def found(data_dir: Path, key: str) -> Token | None:
    async def scenario() -> Token | None:
        store = await SqliteStore.open(data_dir / "switchhook.sqlite", read_only=True)
        try:
            return await store.tokens.find(digest_of(key))
        finally:
            await store.close()

    return run_scenario(scenario())


def test_a_new_key_is_printed_in_its_header(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(CREATE) == FINE
    told, warned, header = capsys.readouterr().out.splitlines()
    key = header.removeprefix(f"Authorization: Token {USER}:")
    token = found(data_dir, key)

    assert token is not None
    assert told == (
        f"token {token.id} for project acme, scope subscriptions, good until it is revoked"
    )
    assert "not shown again" in warned


def test_tokens_are_listed_without_their_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "list"]) == FINE
    assert capsys.readouterr().out == "there is no token; revoked ones are not kept\n"
    assert run([*CREATE, "--scope", "project", "--days", "30", "--json"]) == FINE
    made = json.loads(capsys.readouterr().out)
    key = made.pop("key")

    assert made["scope"] == "project"
    assert made["expires_at"] > made["created_at"]
    assert run(["token", "list", "--json"]) == FINE
    assert json.loads(capsys.readouterr().out) == [made]
    assert run(["token", "list"]) == FINE
    assert run([*CREATE, "--json"]) == FINE
    listed = capsys.readouterr().out
    assert made["id"] in listed
    assert key not in listed
    assert run(["token", "list"]) == FINE
    assert " never " in capsys.readouterr().out
    assert run(["token", "list", "--project", "other"]) == FAILED
    assert "there is no project other; there are: acme" in capsys.readouterr().err


def test_a_token_is_revoked_by_its_id(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*CREATE, "--json"]) == FINE
    made = json.loads(capsys.readouterr().out)
    assert run(["token", "revoke", made["id"]]) == FINE
    assert capsys.readouterr().out == (
        f"token {made['id']} of {USER} for project acme is revoked\n"
    )
    assert found(data_dir, made["key"]) is None
    assert run(["token", "revoke", made["id"]]) == FAILED
    assert f"there is no token {made['id']}; `switchhook token list`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--project", "other", "--user", USER), FAILED, "there is no project other"),
        (("--project", "acme", "--user", "a b"), FAILED, "a user holds no colon and no blank"),
    ],
)
def test_what_cannot_be_made_is_told(
    arguments: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "create", *arguments]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--days", "0"), ("--days", "3651"), ("--scope", "all")])
def test_wrong_options_are_misuse(wrong: tuple[str, str]) -> None:
    assert run([*CREATE, *wrong]) == MISUSED
