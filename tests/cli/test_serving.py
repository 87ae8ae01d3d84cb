"""`switchhook serve` says where it takes calls, stops when told, and explains a place it cannot have."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "switchhook", *arguments]


def environment(data_dir: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src"), "SWITCHHOOK_DATA_DIR": str(data_dir)}


@contextmanager
def serving(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server on a free port; the context is the process and what it said first."""
    process = subprocess.Popen(
        command("serve", "--sip-port", "0"),
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
