"""What an earlier version left is opened, and nothing of it is lost: compared with what that version printed.

`record.py` made the recordings; README.md says how.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli.main import FINE, run
from switchhook.domain.project import Project
from switchhook.drivers.embedded.registrations import from_text
from switchhook.operations.data_dir import DATABASE
from switchhook.projectfile.file import read_project
from switchhook.projectfile.loading import load_directory
from switchhook.storage.sqlite.store import SqliteStore
from tests.recordings.record import HOST, PORT, TABLES
from tests.support.loop import run as run_scenario
from tests.support.post import PostOffice
from tests.support.server import Server
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.directory import ProjectDirectory

Json = Any

FORMER_NAMES = {
    "0.1.0": {
        *("only", "shortest", "longest", "zeros", "digit_pause"),
        *("rate", "best", "thanks", "ring_destination"),
        *("event_webhooks", "event_mails"),
    }
}
"""The keys of a version that have other names now."""
RECORDED = sorted(Path(__file__).parent.glob("[0-9]*"))
LONG = "3650"
"""Days for which calls are kept: the recordings grow old."""


THEIRS = {"registrations": "project, account, telephones"}
"""The columns that a table had then, where it has others now."""


@pytest.fixture(params=RECORDED, ids=lambda folder: folder.name)
def recorded(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def data(recorded: Path, tmp_path: Path) -> Path:
    """Return a copy of what that version left."""
    copy = tmp_path / "data"
    shutil.copytree(recorded / "data", copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return copy


def printed(recorded: Path, what: str) -> Json:
    """Return what that version printed of it."""
    return json.loads((recorded / "printed" / f"{what}.json").read_text(encoding="utf-8"))


@pytest.fixture
def ask(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Json]:
    """Run a command of this version on it, brought up to date, and return the JSON that it prints."""
    run_scenario(_directory(data))
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(data))

    def asked(*command: str) -> Json:
        assert run([*command, "--json"]) == FINE
        return json.loads(capsys.readouterr().out)

    return asked


@pytest.mark.slow
def test_every_call_delivery_subscription_and_token_is_as_it_was(
    recorded: Path, ask: Callable[..., Json]
) -> None:
    calls, deliveries = printed(recorded, "calls"), printed(recorded, "deliveries")
    assert len(calls) > 20
    assert len(deliveries) > 100

    told = [ask("calls", one["id"]) for one in calls]
    assert [one | before for one, before in zip(told, calls, strict=True)] == told
    assert [one["id"] for one in ask("calls")] == [one["id"] for one in calls]
    assert [ask("deliveries", one["id"]) for one in deliveries] == deliveries
    every = ask("deliveries", "--all", "--limit", "1000")
    assert [one["id"] for one in every] == [one["id"] for one in deliveries]
    chosen = {
        "internal_calls": True,
        "microseconds": False,
        "directions": [],
        "numbers": [],
        "accounts": [],
        "fields": [],
    }
    assert ask("subscriptions") == [one | chosen for one in printed(recorded, "subscriptions")]
    kept = {  # what each could do, and whose it was
        "role": "owner",
        "is_of_program": True,
        "made_by": "",
        "is_maker_gone": False,
    }
    assert ask("token", "list") == [one | kept for one in printed(recorded, "tokens")]


def test_what_is_kept_of_telephones_and_callers_is_as_it_was(recorded: Path, data: Path) -> None:
    run_scenario(_directory(data))  # which brings the database up to date
    tables = printed(recorded, "tables")
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        for name in TABLES:
            columns = THEIRS.get(name, "*")
            rows = connection.execute(f"SELECT {columns} FROM {name}").fetchall()
            assert [list(row) for row in rows] == tables[name]
    for _, account, text in tables["registrations"]:
        (binding,) = from_text(text, 0.0)
        assert binding.contact.uri.user == account


async def _directory(data: Path) -> ProjectDirectory:
    store = await SqliteStore.open(data / DATABASE)
    try:
        return await load_directory(store)
    finally:
        await store.close()


def test_its_projects_are_on_the_air(recorded: Path, data: Path) -> None:
    directory = run_scenario(_directory(data))
    for file in (recorded / "printed").glob("*.toml"):
        project = read_project(file.read_text(encoding="utf-8"))
        assert isinstance(project, Project), project
        assert directory.snapshots[project.id].project == project
        for number in project.numbers:
            assert directory.snapshots[project.id].numbers[number.number].scheme == number.scheme


def test_its_project_files_have_no_mistakes(recorded: Path) -> None:
    told = set()
    for file in recorded.glob("*.toml"):
        remarks: list[str] = []
        project = read_project(file.read_text(encoding="utf-8"), remark=remarks.append)
        assert isinstance(project, Project), project
        told |= {
            re.split(r"[ .]", remark.partition(": a former name")[0])[-1] for remark in remarks
        }
    assert told == FORMER_NAMES[recorded.name]


@pytest.mark.slow
@pytest.mark.alone
def test_what_waited_goes_out_and_interrupted_calls_end_once(recorded: Path, data: Path) -> None:
    calls, deliveries = printed(recorded, "calls"), printed(recorded, "deliveries")
    waited = {one["id"]: one for one in deliveries if one["state"] == "pending"}
    cut = [one["id"] for one in calls if one["state"] != "ended"]
    assert len(cut) == 2
    with PostOffice() as office, _endpoint() as endpoint:
        settings = {**office.settings, "keep_days": LONG}
        with Server(data.parent, settings=settings) as server:
            for call in cut:
                server.command("hang-up", call)  # one talks on, the other is over
            _assert_keys_open(server, printed(recorded, "keys"), printed(recorded, "tokens"))
            _wait_until_settled(server)
            now = {one["id"]: one for one in server.json("deliveries", "--all", "--limit", "1000")}
            stories = {call: server.json("calls", call) for call in cut}

    assert set(now) > {one["id"] for one in deliveries}
    for one in deliveries:
        if one["state"] != "pending":
            assert now[one["id"]].items() <= one.items()
    for name, one in waited.items():
        assert now[name]["state"] == "delivered"
        assert now[name]["latest"]["number"] == len(one["attempts"]) + 1
    came = {request.header("webhook-id"): request.body for request in endpoint.ledger.requests}
    posted = [one for one in waited.values() if one["method"] != "MAIL"]
    assert {one["id"]: came[one["id"]].decode() for one in posted} == {
        one["id"]: one["body"] for one in posted
    }
    assert len(office.mails) >= len(waited) - len(posted) > 0
    for story in stories.values():
        assert story["state"] == "ended"
        ends = Counter(one["webhook"] for one in story["deliveries"] if _is_end(one))
        assert ends["told"] == ends["subscription 1"] == 1
        assert set(ends.values()) == {1}
        assert [entry["seq"] for entry in story["journal"]] == list(
            range(1, len(story["journal"]) + 1)
        )


def _is_end(delivery: Json) -> bool:
    return bool(delivery["event"].endswith(".after"))


def _endpoint() -> Endpoint:
    """Listen where the recorded projects expect their endpoints; wait for another session that does."""
    end = time.monotonic() + 120
    while True:
        try:
            return Endpoint(lambda _: reply("OK"), host=HOST, port=PORT)
        except OSError:
            assert time.monotonic() < end, f"{HOST}:{PORT} is taken"
            time.sleep(1)


def _wait_until_settled(server: Server) -> None:
    end = time.monotonic() + 60
    while server.json("deliveries", "--pending"):
        assert time.monotonic() < end, server.tail()


def _assert_keys_open(server: Server, keys: dict[str, str], tokens: Json) -> None:
    """The keys of tokens open the HTTP API, and those that were revoked do not."""
    good = {one["id"] for one in tokens}
    assert 0 < len(good) < len(keys)
    for name, key in keys.items():
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.web_port}/api/callnotification/callnotification/",
            headers={"Authorization": f"Bearer {key}"},
        )
        if name in good:
            with urllib.request.urlopen(request, timeout=10) as answered:
                assert answered.status == 200
        else:
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(request, timeout=10)
