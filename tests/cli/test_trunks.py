"""An admin sees which trunks answer and which are registered."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, run
from switchhook.drivers.embedded.trunk_states import TrunkState
from switchhook.operations.trunks import STATES, write_states

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.row("FI-06", "FI-08")

PROJECT = """
[project]
id = "shop"
name = "Shop"

[[trunks]]
name = "carrier"
host = "sip.carrier.example"
username = "us"
password = "secret word"
register = true

[[trunks]]
name = "spare"
host = "fd09::2"
port = 5080
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "shop.toml").write_text(PROJECT, encoding="utf-8")
    assert run(["apply", str(tmp_path / "shop.toml")]) == FINE
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    capsys.readouterr()
    assert run(["trunks", *options]) == FINE
    return capsys.readouterr().out.splitlines()


def test_trunks_that_nobody_asked_yet_are_listed_in_their_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = lines(capsys)

    carrier, spare = shown[-2:]
    assert "sip.carrier.example" in carrier
    assert "not asked yet" in carrier
    assert "[fd09::2]:5080" in spare
    assert "secret" not in "".join(shown)


@pytest.mark.parametrize(
    "command", ["trunks", "phones", "calls", "deliveries", "subscriptions", "token list"]
)
def test_lists_of_a_project_that_is_not_there_say_so(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run([*command.split(), "--project", "shpo"]) == FAILED
    assert capsys.readouterr().err == "switchhook: there is no project shpo; there are: shop\n"


def test_what_the_server_saw_is_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    states = {
        ("shop", "carrier"): TrunkState(answers=True, registered_until=time.time() + 300),
        ("shop", "spare"): TrunkState(answers=False),
        ("shop", "gone"): TrunkState(answers=False),
    }
    write_states(home, states)

    carrier, spare = lines(capsys)[-2:]
    assert "yes" in carrier
    assert "for 300 s" in carrier or "for 299 s" in carrier
    assert "no" in spare
    told = json.loads("\n".join(lines(capsys, "--json")))
    assert [one["answers"] for one in told] == [True, False]
    assert told[0]["registered_until"].startswith("20")


def test_why_a_trunk_is_not_registered_is_shown(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_states(home, {("shop", "carrier"): TrunkState(trouble="no response")})

    assert "no: no response" in lines(capsys)[-2]


def test_a_file_that_cannot_be_read_or_written_hides_no_trunk(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / STATES).write_text("{", encoding="utf-8")

    assert "not asked yet" in lines(capsys)[-2]
    write_states(home / "nowhere", {})


def test_a_registration_needs_a_username(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "shop.toml"
    path.write_text(PROJECT.replace('username = "us"\npassword = "secret word"\n', ""), "utf-8")

    assert run(["check", str(path)]) != FINE
    assert "username is missing beside register" in capsys.readouterr().err
