"""`switchhook doctor` says in words what is wrong around Switchhook, and exits with 1 for it."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.operations.control_socket import listening
from switchhook.operations.data_dir import DATABASE
from switchhook.tryout.checkup import machine
from tests.support.ports import free_port
from tests.support.projects import MINIMAL
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SWITCHHOOK_SIP_PORT", "0")
    monkeypatch.setenv("SWITCHHOOK_WEB_PORT", "0")
    monkeypatch.setattr(machine, "_clock_state", lambda: 0)
    return tmp_path / "data"


def apply(tmp_path: Path, url: str) -> None:
    file = tmp_path / "project.toml"
    text = MINIMAL.replace("https://crm.example/told", url).replace("https://crm.example", url)
    file.write_text(
        text.replace('name = "Acme"\n', 'name = "Acme"\nallowed_networks = ["127.0.0.0/8"]\n', 1)
    )
    assert run(["apply", str(file)]) == FINE


def test_a_new_machine_is_fit(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert run(["doctor"]) == FINE
    said = capsys.readouterr().out

    assert "! database: no project is applied yet\n" in said
    assert "! nat: sip_host is 127.0.0.1: telephones and trunks on this machine alone" in said
    assert said.splitlines()[-1].startswith("0 wrong, 2 doubtful, ")
    assert not home.exists(), "it changes nothing"


def test_what_is_wrong_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(tmp_path, f"http://127.0.0.1:{free_port()}/told")
    capsys.readouterr()
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("SWITCHHOOK_WEB_PORT", str(other.getsockname()[1]))
        assert run(["doctor", "--json"]) == FAILED
    wrong = [one for one in json.loads(capsys.readouterr().out) if one["grade"] == "wrong"]

    assert {one["check"] for one in wrong} >= {"ports", "endpoints"}
    assert all(one["advice"] for one in wrong)


def test_an_endpoint_that_listens_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda _: reply()) as web:
        apply(tmp_path, web.url("/told"))
        capsys.readouterr()
        run(["doctor"])
        assert web.ledger.requests == []
    assert f"event webhook 'told': {web.authority} takes connections" in capsys.readouterr().out


def test_a_broken_database_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / DATABASE).write_bytes(b"no database" * 1000)

    assert run(["doctor"]) == FAILED
    said = capsys.readouterr()
    assert "✗ database: " in said.out
    assert "Traceback" not in said.out + said.err


def test_a_running_server_has_its_ports(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    with listening(home):
        assert run(["doctor"]) == FINE
    assert "✓ ports: the server runs, and has its ports" in capsys.readouterr().out


def test_settings_that_cannot_be_used_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHHOOK_SIP_HOST", "pbx.example.com")

    assert run(["doctor"]) == MISUSED
    assert "SWITCHHOOK_SIP_HOST" in capsys.readouterr().err
