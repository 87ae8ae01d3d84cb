"""`switchhook serve` says where it takes calls, stops when told, and explains a place it cannot have."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.serving import allow_connections
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "switchhook", *arguments]


def environment(data_dir: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "SWITCHHOOK_DATA_DIR": str(data_dir),
        "SWITCHHOOK_WEB_PORT": "0",
    }


@contextmanager
def serving(data_dir: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server on a free port; the context is the process and what it said first."""
    process = subprocess.Popen(
        command("serve", "--sip-port", "0", *flags),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(data_dir),
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


TOKEN = ("--project", "acme", "--user", "user@example.com", "--scope", "project")


def fetched(port: int, method: str, path: str, key: str, body: str = "") -> tuple[int, str]:
    """Send one request to the API, and return status and body of the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body.encode(), {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def succeeded(data_dir: Path, *arguments: str) -> str:
    """Run a command that must work, and return what it printed."""
    done = subprocess.run(
        command(*arguments),
        check=True,
        capture_output=True,
        text=True,
        env=environment(data_dir),
        timeout=60,
    )
    return done.stdout


def failed(data_dir: Path, *arguments: str) -> str:
    """Run a command that must fail with 1, and return what it said."""
    done = subprocess.run(
        command(*arguments),
        check=False,
        capture_output=True,
        text=True,
        env=environment(data_dir),
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, said):
        assert re.search(r"takes calls at 127\.0\.0\.1:[1-9][0-9]* over UDP and TCP", said), said
        assert "Projects: none yet, apply a project file." in said
        process.send_signal(number)
        _, complaints = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in complaints


@pytest.mark.slow
def test_the_api_is_where_it_says_and_follows_what_other_commands_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    succeeded(data, "apply", str(file))
    with serving(data) as (process, said):
        where = re.search(r"HTTP API: http://127\.0\.0\.1:([1-9][0-9]*)\.", said)
        assert where is not None, said
        made = json.loads(succeeded(data, "token", "create", *TOKEN, "--json"))
        hooks = "/api/callnotification/callnotification/"
        assert fetched(int(where[1]), "GET", hooks, made["key"]) == (200, "[]")
        renamed = MINIMAL.replace('"Acme"', '"Acme Ltd"')
        put = fetched(int(where[1]), "PUT", "/api/projects/acme", made["key"], renamed)
        assert put == (200, '{"project":"acme","version":2,"is_new":true,"notes":[]}')
        assert 'name = "Acme Ltd"' in succeeded(data, "export")
        assert made["id"] in succeeded(data, "token", "list")
        succeeded(data, "token", "revoke", made["id"])
        assert fetched(int(where[1]), "GET", hooks, made["key"])[0] == 403
        process.terminate()
        _, logged = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "project applied" in logged
    assert made["key"] not in logged
    assert "Traceback" not in logged


@pytest.mark.slow
def test_who_can_be_the_first_owner_is_said_until_there_is_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (process, said):
        link = re.search(r"(http://127\.0\.0\.1:\d+)(/console/link\?key=\S+)", said_next(process))
        assert link is not None
        port = int(link[1].rpartition(":")[2])
        assert fetched(port, "GET", link[2], "")[0] == 200
        assert str(port) in said
        succeeded(data, "user", "add", "olga")
        assert fetched(port, "GET", link[2], "")[0] == 403
        process.terminate()
        rest, logged = process.communicate(timeout=20)
    assert rest == ""
    assert link[2] not in logged
    with serving(data) as (process, _):
        process.terminate()
        assert process.communicate(timeout=20)[0] == ""


def said_next(process: subprocess.Popen[str]) -> str:
    """Return the next line that a server prints."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.slow
def test_a_port_of_the_api_that_is_taken_is_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = failed(tmp_path, "serve", "--sip-port", "0", "--web-port", str(port))

    assert said == (
        f"switchhook: cannot serve the HTTP API at 127.0.0.1:{port}: Address already in use; choose"
        " another place with --web-host and --web-port, or serve none with --web-host ''\n"
    )


@pytest.mark.slow
def test_the_api_can_be_left_out(tmp_path: Path) -> None:
    with serving(tmp_path, "--web-host", "") as (_, said):
        assert "HTTP API: off." in said


@pytest.mark.slow
def test_a_second_server_is_refused_and_a_project_is_not(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text(MINIMAL)
    with serving(tmp_path / "data"):
        said = failed(tmp_path / "data", "serve", "--sip-port", "0")
        applied = subprocess.run(
            command("apply", str(file)), check=True, env=environment(tmp_path / "data"), timeout=60
        )

    assert applied.returncode == 0
    assert said.startswith("switchhook: another Switchhook runs with the data directory ")


@pytest.mark.slow
def test_a_place_that_is_taken_is_explained(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = failed(tmp_path, "serve", "--sip-port", str(port))

    assert said == (
        f"switchhook: cannot take calls at 127.0.0.1:{port}: Address already in use;"
        " choose another place with --sip-host and --sip-port\n"
    )


def test_as_many_connections_are_allowed_as_the_system_lets_us() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
