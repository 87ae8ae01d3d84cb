"""The operator makes users, gives them roles, passwords and one-time passwords; a secret is printed once."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.domain.access.people import LinkKind, UserSession
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.people.links import NewLink
from switchhook.operations.people.passwords import is_password
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.domain.access.people import UserSecrets


@pytest.fixture(autouse=True)
def data_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["apply", str(file)]) == FINE
    assert run(["user", "add", "Olga", "--project", "acme", "--role", "editor"]) == FINE
    assert "user olga is there, editor of acme" in capsys.readouterr().out
    return tmp_path / "data"


def kept(data_dir: Path) -> UserSecrets:
    async def scenario() -> UserSecrets:
        store = await SqliteStore.open(data_dir / DATABASE, read_only=True)
        found = await store.people.secrets_of("olga")
        await store.close()
        assert found is not None
        return found

    return run_scenario(scenario())


def listed(capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert run(["user", "list", "--json"]) == FINE
    return json.loads(capsys.readouterr().out)


def test_users_get_and_lose_roles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "add", "olga"]) == FAILED
    assert "there is a user olga already" in capsys.readouterr().err
    assert run(["user", "add", "max", "--project", "none"]) == FAILED
    assert "there is no project none" in capsys.readouterr().err
    assert [one["login"] for one in listed(capsys)] == ["olga"]
    assert run(["user", "role", "olga", "owner", "--project", "acme"]) == FINE
    assert capsys.readouterr().out == "user olga is owner in project acme\n"
    assert listed(capsys)[0]["roles"] == {"acme": "owner"}
    assert run(["user", "role", "olga", "none", "--project", "acme"]) == FINE
    assert listed(capsys)[0]["roles"] == {}
    assert run(["user", "role", "olga", "king", "--project", "acme"]) == MISUSED
    assert run(["user", "list"]) == FINE
    assert "no password" in capsys.readouterr().out
    assert run(["user", "remove", "olga"]) == FINE
    assert run(["user", "remove", "olga"]) == FAILED
    assert "there is no user olga" in capsys.readouterr().err
    assert run(["user", "list"]) == FINE
    assert capsys.readouterr().out == "there are no users\n"


def test_a_password_is_made_or_read_and_kept_as_a_digest(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["user", "password", "olga"]) == FINE
    made = capsys.readouterr().out.splitlines()[-1]
    assert is_password(kept(data_dir).password, made)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run(["user", "password", "olga", "--stdin"]) == FINE
    assert "horse" not in capsys.readouterr().out
    assert is_password(kept(data_dir).password, "correct horse battery")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run(["user", "password", "olga", "--stdin"]) == FAILED
    assert "a password has 10 to 256 characters" in capsys.readouterr().err


def test_one_time_passwords_are_switched_on_and_off(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["user", "totp", "olga"]) == FINE
    _, secret, link = capsys.readouterr().out.splitlines()
    assert kept(data_dir).totp == secret
    assert link.startswith("otpauth://totp/")
    assert run(["user", "totp", "olga", "--off"]) == FINE
    assert kept(data_dir).totp is None


def test_a_user_is_disabled_and_enabled(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "disable", "olga"]) == FINE
    assert listed(capsys)[0]["disabled_at"] is not None
    assert run(["user", "list"]) == FINE
    assert "disabled" in capsys.readouterr().out
    assert run(["user", "enable", "olga"]) == FINE
    assert listed(capsys)[0]["disabled_at"] is None


def test_sessions_are_listed_and_ended(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def signed_in() -> None:
        store = await SqliteStore.open(data_dir / DATABASE)
        user = (await store.people.users())[0].id
        for name in ("s1", "s2", "s3"):
            session = UserSession(
                user=user, id=name, created_at=1.0, used_at=2.0, source="192.0.2.1", agent="\x1b[2J"
            )
            await store.people.save_session(session, name.encode())
        await store.close()

    assert run(["user", "sessions", "olga"]) == FINE
    assert capsys.readouterr().out == "no sessions\n"
    run_scenario(signed_in())
    assert run(["user", "sessions", "olga"]) == FINE
    told = capsys.readouterr().out
    assert "192.0.2.1" in told
    assert "\x1b" not in told
    assert run(["user", "sessions", "olga", "--end", "s2"]) == FINE
    assert capsys.readouterr().out == "1 session is ended\n"
    assert run(["user", "sessions", "olga", "--json"]) == FINE
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ["s1", "s3"]
    assert run(["user", "sessions", "olga", "--end-all"]) == FINE
    assert capsys.readouterr().out == "2 sessions are ended\n"


def test_a_users_token_has_their_role_and_needs_one(capsys: pytest.CaptureFixture[str]) -> None:
    create = ["token", "create", "--project", "acme", "--user", "olga", "--json"]
    assert run([*create, "--role", "viewer"]) == FINE
    made = json.loads(capsys.readouterr().out)
    assert (made["role"], made["is_of_program"]) == ("viewer", False)
    assert run(["user", "role", "olga", "none", "--project", "acme"]) == FINE
    capsys.readouterr()
    assert run(["token", "list", "--json"]) == FINE
    assert json.loads(capsys.readouterr().out) == []
    assert run(create) == FAILED
    assert "olga has no role in project acme" in capsys.readouterr().err


def test_a_backup_has_users_roles_tokens_and_the_audit_log(
    data_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(["user", "password", "olga"]) == FINE
    assert run(["user", "totp", "olga"]) == FINE
    assert run(["token", "create", "--project", "acme", "--user", "olga"]) == FINE
    before = kept(data_dir)
    archive = str(tmp_path / "all.tar")
    assert run(["backup", archive]) == FINE
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "elsewhere"))
    assert run(["restore", archive]) == FINE
    assert kept(tmp_path / "elsewhere") == before
    assert before.totp is not None
    assert listed(capsys)[0]["roles"] == {"acme": "editor"}
    assert run(["token", "list"]) == FINE
    assert "their own" in capsys.readouterr().out
    assert run(["audit"]) == FINE
    assert "set-password olga" in capsys.readouterr().out


def test_a_link_leads_to_where_the_running_server_is() -> None:
    made = NewLink(kind=LinkKind.PASSWORD, expires_at=5.0, key="k", base="http://127.0.0.1:9000")

    assert made.url("http://127.0.0.1:8070") == "http://127.0.0.1:9000/console/link?key=k"
    assert replace(made, base="").url("https://pbx") == "https://pbx/console/link?key=k"
    assert replace(made, base="").url() == "https://ADDRESS/console/link?key=k"


def test_a_link_to_the_console_is_printed_for_a_user_and_for_the_first_owner_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://pbx.example.com")
    assert run(["user", "link", "olga"]) == FINE
    printed = capsys.readouterr().out
    assert "good once, until" in printed
    assert "https://pbx.example.com/console/link?key=" in printed
    assert run(["user", "link", "olga", "--sign-in"]) == FINE
    assert run(["user", "link"]) == FAILED
    assert "there are users already" in capsys.readouterr().err
    assert run(["user", "link", "nobody"]) == FAILED
    assert run(["user", "remove", "olga"]) == FINE
    assert run(["user", "link"]) == FINE
