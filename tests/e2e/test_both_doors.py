"""Every act has the same result over the HTTP API and on the command line, on one store and one running server."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import structlog
from cyclopts import App

from switchhook.api.access.rights import RIGHTS
from switchhook.app.application import open_application
from switchhook.cli.main import COMMANDS, FAILED, FINE, run
from switchhook.logs import configure_logs
from switchhook.operations.data_dir import DATABASE, held
from switchhook.operations.people.performing import COMMAND_LINE
from switchhook.operations.projects import apply_project
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from tests.api.intake.test_sip_messages import capture_of_one
from tests.operations.test_recordings import keep
from tests.support.doors import DOORS, FILES, BothDoors
from tests.support.loop import run as run_scenario
from tests.support.told import CALL, EXAMPLE, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE: Final = Path(__file__).parents[2] / "docs" / "acts.md"
STREAMED: Final = EXAMPLE.replace('name = "Acme"', 'name = "Acme"', 1) + (
    "\n[event_stream]\nkeep = true\n"
)


@contextmanager
def served(data_dir: Path) -> Iterator[int]:
    """Run a server with SIP messages of the call, and yield the port of its API."""
    began, ends = threading.Event(), threading.Event()
    port: list[int] = []
    settings = Settings(data_dir=data_dir, sip_port=0, web_port=0, keep_days=3650)

    async def scenario() -> None:
        with held(data_dir):
            async with open_application(settings) as app:
                app.captures.take(CALL, capture_of_one())
                await app.captures.store_waiting()
                port.append(app.web_port)
                began.set()
                await asyncio.to_thread(ends.wait)

    thread = threading.Thread(target=run_scenario, args=(scenario(),), kwargs={"deadline": 300.0})
    thread.start()
    try:
        assert began.wait(30)
        yield port[0]
    finally:
        ends.set()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with the files of FILES, and a data directory with the past in it."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(data_dir))
    monkeypatch.setenv("COLUMNS", "200")
    configure_logs("error", as_json=False)
    run_scenario(remember(data_dir))
    run_scenario(_follow(data_dir))
    for recording in ("r1", "r2", "r3"):
        keep(data_dir, f"acme/{CALL}/{recording}", at=time.time())
    for name, content in FILES.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
    yield tmp_path
    structlog.reset_defaults()


async def _follow(data_dir: Path) -> None:
    """Have events kept from here on, so that there are two versions."""
    store = await SqliteStore.open(data_dir / DATABASE)
    await apply_project(store, STREAMED)
    await store.close()


def read(text: str) -> Any:
    """Return JSON, lines of JSON, or text as it is."""
    if not text:
        return ""
    for decode in (json.loads, lambda told: [json.loads(line) for line in told.splitlines()]):
        try:
            return decode(text)
        except ValueError:
            continue
    return text


def without(found: Any, names: tuple[str, ...]) -> Any:
    """Leave members out, wherever they are."""
    if isinstance(found, dict):
        return {name: without(value, names) for name, value in found.items() if name not in names}
    if isinstance(found, list):
        return [without(one, names) for one in found]
    return found


def common(one: Any, other: Any) -> tuple[Any, Any]:
    """Return of both what both have."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [common(*pair) for pair in zip(one, other, strict=True)]
        return [first for first, _ in pairs], [second for _, second in pairs]
    if isinstance(one, dict) and isinstance(other, dict):
        names = one.keys() & other.keys()
        assert names, (one, other)
        return {name: one[name] for name in names}, {name: other[name] for name in names}
    return one, other


@pytest.mark.slow
def test_both_doors_have_the_same_result(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    with served(home / "data") as port:
        assert run(["token", "create", "--project", "acme", "--user", "u", "--scope", "admin", "--json"]) == FINE  # fmt: skip
        key = json.loads(capsys.readouterr().out)["key"]
        differing = []
        for door in DOORS:
            status, answer = _ask(port, key, door)
            words = [str(home / one[1:]) if one.startswith("@") else one for one in door.cli]
            code = run(words)
            told = capsys.readouterr()
            if door.is_refused:
                assert (status in {404, 409}, code) == (True, FAILED), (door, answer, told)
                continue
            assert (status // 100, code) == (2, FAILED if door.is_once else FINE), (
                door,
                answer,
                told,
            )
            time.sleep(0.2 if door.api.startswith("POST") else 0.0)  # jobs go on by themselves
            results = door.pick(read(answer)), read(told.out)
            if door.common:
                results = common(*results)
            one, other = (without(result, door.apart) for result in results)
            if one != other:
                differing.append((door.api, door.cli, one, other))
        assert differing == []
    _check_audit(capsys)


def _ask(port: int, key: str, door: BothDoors) -> tuple[int, str]:
    method, _, path = door.api.partition(" ")
    is_text = isinstance(door.body, str)
    body = None if door.body is None else (door.body if is_text else json.dumps(door.body)).encode()
    kind = "application/toml" if is_text else "application/json"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    url = f"http://127.0.0.1:{port}{path}"
    try:
        with urlopen(Request(url, data=body, method=method, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


AUDITED: Final = {
    "apply-project", "call-back", "change-project", "erase-person", "give-role", "keep-draft", "keep-table",
    "post-event", "queue-calls", "remove-recording", "tell-facts", "tell-visit",
}  # fmt: skip


def _check_audit(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command changed is in the audit log, with who did it."""
    assert run(["audit", "--project", "acme", "--limit", "1000", "--json"]) == FINE
    entries = json.loads(capsys.readouterr().out)
    by_command = {one["operation"] for one in entries if one["via"] == COMMAND_LINE}
    assert by_command >= AUDITED
    assert all(one["actor"] for one in entries)


def test_the_page_names_every_operation_and_every_command_once() -> None:
    """Whoever adds an operation or a command says there which other door it has, or why it has none."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| ---")
    ]
    operations = [one for row in rows for one in re.findall(r"`([A-Z]+ /[^`]*)`", " ".join(row))]
    commands = {one for row in rows for one in re.findall(r"`switchhook ([^`]*)`", " ".join(row))}
    assert sorted(operations) == sorted(RIGHTS)
    assert {_path(one) for one in commands} >= set(_commands())
    both = [row for row in rows if len(row) == 3 and "`switchhook " in row[2]]
    executed = {_template(door.api) for door in DOORS}
    told = {one for row in both for one in re.findall(r"`([A-Z]+ /[^`]*)`", row[1])}
    assert told - executed == NOT_COMPARED
    assert executed <= told


NOT_COMPARED: Final = {
    "GET /api/calls/{call}/report",  # a file: its bytes at all doors are compared in tests/views/call_report
    "GET /api/calls/live",  # it sends for as long as somebody listens
    "POST /api/projects/{project}/scenario/test",  # it sends to the addresses of a scenario
}


def _path(command: str) -> str:
    return " ".join(word for word in command.split() if re.fullmatch(r"[a-z][a-z-]*", word))


def _template(api: str) -> str:
    """Return the operation of a request."""
    method, _, path = api.partition("?")[0].partition(" ")
    fitting = [
        one
        for one in RIGHTS
        if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(one)), f"{method} {path}")
    ]
    return min(fitting, key=lambda one: one.count("{"))


def _commands() -> Iterator[str]:
    """Yield each command, with its own commands."""
    for name, (module, _) in COMMANDS.items():
        found: App | Callable[..., Any] = getattr(import_module(module), name.replace("-", "_"))
        if not isinstance(found, App):
            yield name
            continue
        subcommands = [one for one in found if not one.startswith("-")]
        yield from (f"{name} {one}" for one in subcommands)
