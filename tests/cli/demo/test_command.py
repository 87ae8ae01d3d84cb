"""`switchhook demo --once` places its calls over real SIP, says what came of them, and cleans up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from switchhook.cli.demo.command import program
from tests.support.baresip import Baresip
from tests.support.programs import require

ROOT = Path(__file__).parents[3]
TITLES = (
    "1. A number that one visitor saw: the endpoint names a telephone number",
    "2. A number in print: the endpoint names a scheme",
    "3. The endpoint is down: the call goes to the next location",
)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "switchhook", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(folder)},
    )


@pytest.mark.slow
@pytest.mark.row("S-01", "S-02", "S-12")
@pytest.mark.parametrize("language", ["php", "python"])
def test_every_call_does_what_it_should(language: str, tmp_path: Path) -> None:
    if language == "php":
        require("php")
    process = start(tmp_path, "--once", "--processor", language)
    output, complaints = process.communicate(timeout=60)

    assert process.returncode == 0, output + complaints
    assert complaints == ""
    for title in TITLES:
        assert title in output
    for said in (
        "PHP demo answers 380443334455 after",
        "goes on with scheme 26076, Office",
        "PHP demo fails after",
        "380443334455 answers the call",
        "incoming.after to crm after: delivered, 200",
        "All 3 calls did what they should.",
    ):
        assert said in output
    assert output.count("   ✓ the caller heard") == 3
    assert list(tmp_path.iterdir()) == []


def read_until(process: subprocess.Popen[str], mark: str) -> str:
    """Return what the demo says, up to the line that holds `mark`."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if mark in line:
            return said
    raise AssertionError(f"{mark!r} was never said:\n{said}")


@pytest.mark.slow
def test_it_stays_up_and_a_softphone_can_join(tmp_path: Path) -> None:
    require("baresip")
    process = start(tmp_path, "--processor", "python")
    said = read_until(process, "Ctrl-C ends the demo.")
    link = re.search(r"http://127\.0\.0\.1:\d+/console/link\?key=\S+", said)
    assert link is not None, said
    with urlopen(link[0]) as page:
        assert "Sign in" in page.read().decode()
    invitation = re.search(
        r"server +127\.0\.0\.1, port (\d+), UDP or TCP\n +login +(102)\n +password +(\w+)", said
    )
    assert invitation is not None, said
    port, login, password = invitation.groups()
    with Baresip(
        tmp_path, address="127.0.0.1", login=login, password=password, server=int(port)
    ) as guest:
        guest.wait_until_shown("200 OK")
        guest.command("dial", "380442223344")
        guest.wait_for("CALL_ESTABLISHED")
        drawn = read_until(process, "incoming.after")
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)

    assert "102 calls 380442223344" in drawn
    assert "380443334455 answers the call" in drawn
    assert (process.returncode, complaints) == (0, "")


@pytest.mark.slow
def test_it_can_be_interrupted_in_the_middle(tmp_path: Path) -> None:
    process = start(tmp_path, "--processor", "python")
    read_until(process, "asks PHP demo")
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)

    assert (process.returncode, complaints) == (130, "")
    assert list(Path(tempfile.gettempdir()).glob(f"{tmp_path.name}/*")) == []


@pytest.mark.slow
def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "switchhook", "demo", "--processor", "php"],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path), "PATH": "/nowhere"},
        timeout=60,
    )

    assert process.returncode == 1
    assert process.stderr == "switchhook: php is not installed (Debian package php-cli)\n"


@pytest.mark.parametrize("found", ["/usr/bin/switchhook", None])
def test_it_names_a_command_that_a_shell_can_run(
    found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("switchhook.cli.demo.command.which", lambda _: found)
    shell = f"{program()} --version"
    path = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{path}:{os.environ['PATH']}"}
    said = subprocess.run(shell, shell=True, capture_output=True, check=True, env=environment)
    assert said.stdout
