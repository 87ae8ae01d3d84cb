"""What the operator does on the command line is in the audit log, done or refused, without secrets."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli.main import FAILED, FINE, run
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["apply", str(file)]) == FINE
    return file


def noted(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["audit", "--json", *options]) == FINE
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_acts_are_noted_with_who_what_and_what_came_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (applied,) = noted(capsys)
    assert applied["operation"] == "apply-project"
    assert applied["after"] == {"project": "acme", "version": 1, "is_new": True}
    assert applied["actor"] == f"{getpass.getuser()} on the command line"
    assert run(["user", "add", "olga", "--project", "acme"]) == FINE
    assert run(["user", "role", "olga", "admin", "--project", "acme"]) == FINE
    assert run(["user", "role", "max", "admin", "--project", "acme"]) == FAILED
    refused, role, added, _ = noted(capsys)
    assert (refused["target"], refused["result"]) == ("max", "NoSuchUserError")
    assert (role["target"], role["role"], role["result"]) == ("olga", "admin", "done")
    assert (added["operation"], added["project"]) == ("add-user", "acme")
    assert [one["operation"] for one in noted(capsys, "--limit", "1")] == ["give-role"]
    assert run(["audit"]) == FINE
    assert "give-role olga" in capsys.readouterr().out


def test_no_secret_and_no_number_of_a_caller_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["user", "add", "olga", "--project", "acme"]) == FINE
    assert run(["user", "password", "olga"]) == FINE
    password = capsys.readouterr().out.splitlines()[-1]
    assert run(["user", "totp", "olga"]) == FINE
    secret = capsys.readouterr().out.splitlines()[1]
    assert run(["token", "create", "--project", "acme", "--user", "crm", "--json"]) == FINE
    key = json.loads(capsys.readouterr().out)["key"]
    assert run(["erase", "+380441112233", "--project", "acme", "--yes"]) == FINE
    assert "erased: 0 calls, 0 recordings, 0 visits" in capsys.readouterr().out
    told = json.dumps(noted(capsys))
    for one in (password, secret, key, "1112233", "argon2"):
        assert one not in told
    erased = noted(capsys, "--project", "acme", "--limit", "1")[0]
    assert erased["operation"] == "erase-person"
    assert erased["after"] == {"calls": 0, "left": 0, "recordings": 0, "visits": 0}


def test_a_person_is_not_erased_by_accident(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["erase", "+380441112233", "--project", "acme"]) == FAILED
    assert "say --yes" in capsys.readouterr().err
    assert run(["erase", "101", "--project", "acme", "--yes"]) == FAILED
    assert "write a telephone number" in capsys.readouterr().err
    assert run(["erase", "+380441112233", "--project", "acme", "--yes", "--json"]) == FINE
    assert json.loads(capsys.readouterr().out)["calls"] == 0
