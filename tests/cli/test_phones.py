"""An admin sees which telephones are registered, where they are and for how long."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FINE, run
from switchhook.drivers.embedded.registrations import to_text
from switchhook.operations.control_socket import listening
from switchhook.operations.data_dir import DATABASE
from switchhook.sip.ua.registrar import Binding
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.row("FE-09")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        phone = Binding(
            contact=NameAddress.parse("<sip:mary@192.0.2.5>"),
            source=Peer("UDP", "192.0.2.5", 5062),
            expires_at=time.time() + 600,
            call_id="c",
            cseq=1,
            user_agent="Desk\x1bphone 3",
        )
        await store.save_registration("shop", "mary", to_text((phone,), 0.0))
        await store.close()

    run_scenario(fill())
    return tmp_path


def test_registered_telephones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["phones"]) == FINE

    shown = capsys.readouterr().out
    for word in ("mary", "shop", "192.0.2.5:5062", "udp", "phone 3", " s"):
        assert word in shown
    assert "\x1b" not in shown


def test_one_projects_alone_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["phones", "--project", "other"]) == FINE
    assert capsys.readouterr().out == "no telephone is registered\n"

    assert run(["phones", "--project", "shop", "--json"]) == FINE
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["account"], one["address"], one["transport"]) == ("mary", "192.0.2.5:5062", "udp")


def test_what_no_server_keeps_up_to_date_is_called_old(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("phones", "trunks"):
        assert run([command]) == FINE
        said = f"no server runs on {home}: this is what the last one stored\n"
        assert capsys.readouterr().err == said
        assert run([command, "--json"]) == FINE
        assert not capsys.readouterr().err
        with listening(home):
            assert run([command]) == FINE
        assert not capsys.readouterr().err
