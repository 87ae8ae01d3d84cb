"""A command that changes something speaks to the running server, and does it by itself where none runs."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import make_dataclass
from typing import TYPE_CHECKING

import pytest

from switchhook.api import control
from switchhook.app.application import open_application
from switchhook.cli import changing
from switchhook.cli.changing import change
from switchhook.cli.errors import CommandError
from switchhook.cli.main import COMMANDS, FAILED, FINE, run
from switchhook.domain.access.token import Scope
from switchhook.domain.event import Subscription
from switchhook.operations import control_socket
from switchhook.operations.control import ApplyProject, CreateToken, EndSubscription, RevokeToken
from switchhook.operations.control_socket import LONGEST, SOCKET, connect, listening
from switchhook.operations.data_dir import DATABASE, LOCK, DataDirError, InUseError, held, written
from switchhook.operations.tokens import NoSuchTokenError
from switchhook.settings import Settings
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.server import ROOT, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENT = """
[project]
id = "acme"
name = "Acme"

[[numbers]]
number = "380442223344"
scheme = 1

[[schemes]]
id = 1
name = "main"

[[schemes.steps]]
hang_up = 486
"""
FOLLOWED = Subscription(
    project="acme", user="u", target_url="https://a.example", event="custom", created_at=1.0
)
HOOK = """
import sys
import pathlib


def watch(event, arguments):
    if event == "sqlite3.connect":
        with pathlib.Path(sys.argv[1]).open("a", encoding="utf-8") as log:
            log.write(str(arguments[0]) + "\\n")


sys.addaudithook(watch)
from switchhook.cli.main import run
sys.exit(run(sys.argv[2:]))
"""


@contextmanager
def served(data_dir: Path, *, web: str = "") -> Iterator[None]:
    """Run a server in a thread of its own."""
    began, ends = threading.Event(), threading.Event()
    settings = Settings(data_dir=data_dir, sip_port=0, web_host=web, web_port=0)

    async def scenario() -> None:
        with held(data_dir):
            async with open_application(settings):
                began.set()
                await asyncio.to_thread(ends.wait)

    thread = threading.Thread(target=run_scenario, args=(scenario(),), kwargs={"deadline": 300.0})
    thread.start()
    try:
        assert began.wait(30)
        yield
    finally:
        ends.set()
        thread.join()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project file, beside the data directory of all commands."""
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "acme.toml"
    file.write_text(DOCUMENT, encoding="utf-8")
    return file


@pytest.mark.parametrize("runs", [False, True])
def test_what_a_command_changes_is_changed_whether_a_server_runs_or_not(
    project: Path, *, runs: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = project.parent / "data"

    def everything() -> None:
        assert run(["apply", str(project)]) == FINE
        assert "project acme is now version 1" in capsys.readouterr().out
        assert run(["apply", str(project)]) == FINE
        assert "is unchanged: version 1" in capsys.readouterr().out
        wrong = project.with_name("wrong.toml")
        wrong.write_text(DOCUMENT.replace("hang_up", "hung_up"), encoding="utf-8")
        assert run(["apply", str(wrong)]) == FAILED
        assert "wrong.toml: line 14" in capsys.readouterr().err
        made = change(data_dir, CreateToken(project="acme", user="u", scope=Scope.PROJECT))
        assert len(made.key) == 40
        assert change(data_dir, RevokeToken(token=made.token.id)) == made.token
        with pytest.raises(NoSuchTokenError, match=made.token.id):
            change(data_dir, RevokeToken(token=made.token.id))
        assert run(["token", "create", "--project", "none", "--user", "u"]) == FAILED
        assert "there is no project none" in capsys.readouterr().err

    if runs:
        with served(data_dir):
            everything()
    else:
        everything()


def test_while_a_server_runs_no_command_opens_the_database_to_write(
    project: Path, tmp_path: Path
) -> None:
    """Whoever adds a command that changes something adds it here, too."""
    data_dir, log = tmp_path / "data", tmp_path / "opened"
    assert run(["apply", str(project)]) == FINE
    run_scenario(_subscribe(data_dir))
    commands = (
        *(("apply", str(project)), ("check", str(project)), ("export",), ("calls",)),
        *(("deliveries", "check", "1.1.told"), ("deliveries", "send", "--bulk")),
        *(("deliveries", "jobs"), ("deliveries", "stop", "1")),
        *(("deliveries", "--all"), ("subscriptions",), ("subscriptions", "--remove", "1")),
        *(("token", "create", "--project", "acme", "--user", "u"), ("token", "list")),
        *(("token", "revoke", "none"), ("hang-up", "none"), ("trunks",), ("phones",)),
        *(
            ("user", "add", "olga", "--project", "acme"),
            ("user", "list"),
            ("user", "sessions", "olga"),
        ),
        *(("user", "password", "olga"), ("user", "totp", "olga"), ("user", "link", "olga")),
        ("user", "disable", "olga"),
        *(("user", "role", "olga", "admin", "--project", "acme"), ("user", "remove", "olga")),
        *(("audit", "--limit", "3"), ("erase", "+380441112233", "--project", "acme", "--yes")),
        *(("callback", "101", "nobody"), ("transfer", "none", "101")),
        *(("preview", "--help"), ("event", "remove", "told"), ("event", "list")),
        *(
            ("event", "copy", "told", "--to", "incoming.before", "--save"),
            ("events", "--project", "acme"),
        ),
        ("event", "post", "form.sent", "--field", "a=b"),
        *(("scenario", "show"), ("scenario", "set", "--after", "crm.example")),
        *(("scenario", "activate"), ("scenario", "discard")),
        *(("imports", "show", "1"), ("visit", "v1"), ("amend", "none", "--fact", "source=fb")),
        *(("table", "import", str(project), "--name", "vip"), ("table", "remove", "vip")),
        ("recordings", "remove", "none"),
        ("trigger", "told", "http://127.0.0.1:1/"),
        ("receive", "--webhook", "none", "--count", "1"),
        *(("doctor",), ("why", "none", "101"), ("recordings", "list")),
        *(("backup", str(tmp_path / "all.tar")), ("restore", str(tmp_path / "all.tar"))),
        *(("config", "list", "numbers"), ("config", "remove", "schemes", "1", "--cascade")),
        *(("versions", "list"), ("versions", "restore", "1"), ("draft", "list")),
        *(("draft", "save", "a", str(project)), ("draft", "check", "a"), ("draft", "discard", "a")),
        *(("rehearse", str(project)), ("table", "list"), ("endpoints", "shadows")),
    )
    with served(data_dir):
        for command in commands:
            done = subprocess.run(
                [sys.executable, "-c", HOOK, str(log), *command],
                capture_output=True,
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
                timeout=60,
                check=False,
            )
            assert "Traceback" not in done.stderr, done.stderr
    opened = log.read_text(encoding="utf-8").splitlines()
    assert len(opened) >= 8
    assert [one for one in opened if DATABASE in one and "mode=ro" not in one] == []
    apart = {"serve", "call", "demo", "docs", "sound", "read-answer", "secret", "template"}
    assert {command[0] for command in commands} == COMMANDS.keys() - apart


async def _subscribe(data_dir: Path) -> None:
    store = await SqliteStore.open(data_dir / DATABASE)
    assert await store.add_subscription(FOLLOWED, most=9) is not None
    await store.close()


def test_the_socket_is_for_the_owner_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with served(data_dir):
        path = data_dir / SOCKET
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert not path.exists()
    assert connect(data_dir, timeout=1.0) is None


def test_a_socket_that_a_dead_server_left_is_in_nobodys_way(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    with listening(data_dir) as left:
        os.link(data_dir / SOCKET, tmp_path / "kept")
        left.close()
    (tmp_path / "kept").rename(data_dir / SOCKET)
    assert connect(data_dir, timeout=1.0) is None
    with served(data_dir):
        connection = connect(data_dir, timeout=5.0)
        assert connection is not None
        connection.close()


def test_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30)
    assert len(str(data_dir)) > LONGEST
    data_dir.mkdir()
    with listening(data_dir), _closed(connect(data_dir, timeout=5.0)) as connection:
        assert connection is not None


@contextmanager
def _closed(connection: object) -> Iterator[object]:
    yield connection
    if connection is not None:
        connection.close()  # type: ignore[attr-defined]


def test_a_command_waits_for_a_server_that_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the directory, and does not listen yet: nobody writes beside it."""
    data_dir = project.parent / "data"
    monkeypatch.setattr(changing, "PATIENCE", 0.2)
    with held(data_dir), pytest.raises(InUseError, match="a server starts, stops"):
        change(data_dir, RevokeToken(token="t"))
    assert not (data_dir / DATABASE).exists()


def test_a_server_waits_for_a_command_that_writes(tmp_path: Path) -> None:
    taken: list[float] = []

    def serve() -> None:
        with held(tmp_path):
            taken.append(time.monotonic())

    with written(tmp_path):
        thread = threading.Thread(target=serve)
        thread.start()
        time.sleep(0.2)
        assert taken == []
    thread.join(10)
    assert len(taken) == 1


def test_no_command_writes_behind_a_server_of_an_earlier_version(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds one lock, and knows no socket."""
    data_dir = project.parent / "data"
    data_dir.mkdir()
    monkeypatch.setattr(changing, "PATIENCE", 0.2)
    with (data_dir / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InUseError, match="is of an earlier version"):
            change(data_dir, RevokeToken(token="t"))
    assert not (data_dir / DATABASE).exists()


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    with (
        held(tmp_path),
        pytest.raises(DataDirError, match="another Switchhook runs"),
        held(tmp_path),
    ):
        pass


def test_a_server_that_breaks_off_is_told_of(tmp_path: Path) -> None:
    with listening(tmp_path) as server:
        server.settimeout(10.0)

        def drop() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=drop)
        thread.start()
        with pytest.raises(CommandError, match="the server broke off before it answered"):
            change(tmp_path, RevokeToken(token="t"))
        thread.join()


@pytest.mark.slow
def test_a_real_server_is_spoken_to(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        file = tmp_path / "acme.toml"
        file.write_text(DOCUMENT, encoding="utf-8")
        done = server.command("apply", str(file))
        assert done.returncode == 0, done.stderr
        server.wait_for_log(lambda line: line.get("event") == "control")
        server.wait_for_log(lambda line: line.get("event") == "project applied")


@contextmanager
def answering(data_dir: Path, status: int, body: bytes) -> Iterator[None]:
    """Answer one command as a server of another version might."""
    with listening(data_dir) as server:
        server.settimeout(10.0)

        def answer() -> None:
            with server.accept()[0] as connection:
                while b"\r\n\r\n{" not in connection.recv(65536, socket.MSG_PEEK):
                    pass
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 %d -\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
                )

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def test_an_answer_of_another_version_is_no_internal_error(tmp_path: Path) -> None:
    with (
        answering(tmp_path, 200, b'{"subscription":7}'),
        pytest.raises(CommandError, match="it is done, but the server is of another version"),
    ):
        change(tmp_path, EndSubscription(project="acme", number=1))


def test_a_server_of_an_earlier_version_leaves_nothing_out_unseen(project: Path) -> None:
    """A later command may send what this server does not know, such as a bound of a token."""
    later = make_dataclass(
        "Later", [("number_of_uses", int)], bases=(CreateToken,), frozen=True, kw_only=True
    )
    data_dir = project.parent / "data"
    assert run(["apply", str(project)]) == FINE
    with (
        served(data_dir),
        pytest.raises(CommandError, match=r"another version .*unknown field number_of_uses"),
    ):
        change(data_dir, later(project="acme", user="u", scope=Scope.PROJECT, number_of_uses=1))
    assert change(data_dir, CreateToken(project="acme", user="u", scope=Scope.PROJECT)).key


def test_a_server_that_hangs_is_said_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "TIMEOUT", 0.1)
    with listening(tmp_path), pytest.raises(CommandError, match=r"did not answer within 0\.1 s"):
        change(tmp_path, RevokeToken(token="t"))


def test_more_commands_than_may_wait_for_a_server_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "PATIENCE", 0.2)
    waiting: list[socket.socket] = []
    with listening(tmp_path):
        with suppress(BlockingIOError):
            while (connection := connect(tmp_path, timeout=1.0)) is not None:
                waiting.append(connection)
        with pytest.raises(CommandError, match="takes no commands: it hangs, or many wait"):
            change(tmp_path, RevokeToken(token="t"))
    for connection in waiting:
        connection.close()


def test_what_is_too_long_for_a_server_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LARGEST", 1_000)
    with served(tmp_path):
        with pytest.raises(StoreError, match="longer than"):
            change(tmp_path, ApplyProject(text="#" * 1_000))
        assert change(tmp_path, ApplyProject(text="#")).mistakes


def test_another_user_is_told_to_be_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(control_socket, "connect", denied)
    with pytest.raises(CommandError, match="run as its owner"):
        change(tmp_path, RevokeToken(token="t"))


def test_what_is_no_socket_is_no_matter_of_owners(tmp_path: Path) -> None:
    (tmp_path / SOCKET).symlink_to(SOCKET)
    with pytest.raises(CommandError, match=r"symbolic links\); look what is there"):
        change(tmp_path, RevokeToken(token="t"))
