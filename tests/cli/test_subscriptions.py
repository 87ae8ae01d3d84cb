"""An operator sees who subscribed, without the URLs that let one in, and may end each subscription."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, run
from switchhook.delivery.subscribers import Subscribers
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.subscriptions import subscribe
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    run_scenario(remember(tmp_path))
    return tmp_path


async def remember(folder: Path) -> None:
    store = await SqliteStore.open(folder / DATABASE)
    for project, event in (("shop", "custom"), ("house", "ended")):
        await subscribe(
            store,
            Subscribers(),
            project=project,
            user=f"user@{project}.example",
            target_url=f"https://me:pw@{project}.target:8443/secret?key=secret",
            event=event,
            now=1_700_000_000.0,
        )
    await store.close()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["subscriptions", *arguments]) == FINE
    return capsys.readouterr().out


def test_all_are_listed_and_no_url_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    listed = told(capsys)
    for word in ("1", "shop", "user@house.example", "custom", "ended", "house.target:8443"):
        assert word in listed
    assert "secret" not in listed
    assert "pw" not in listed
    assert "house" not in told(capsys, "--project", "shop")
    assert told(capsys, "--project", "none") == "no subscriptions\n"


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = json.loads(told(capsys, "--project", "house", "--json"))
    assert one.pop("created_at").startswith("2023-11-1")
    assert one == {
        "number": 2,
        "project": "house",
        "user": "user@house.example",
        "event": "ended",
        "internal_calls": True,
        "microseconds": False,
        **{key: [] for key in ("directions", "numbers", "accounts", "fields")},
        "host": "house.target:8443",
    }


def test_one_is_removed_once(capsys: pytest.CaptureFixture[str]) -> None:
    removed = told(capsys, "--remove", "1")
    assert removed == "subscription 1 of project shop is removed\n"
    assert "shop" not in told(capsys)
    assert run(["subscriptions", "--remove", "1"]) == FAILED
    assert "there is no subscription 1" in capsys.readouterr().err
    assert run(["subscriptions", "--remove", "2", "--project", "shop"]) == FAILED
    assert "house" in told(capsys)
