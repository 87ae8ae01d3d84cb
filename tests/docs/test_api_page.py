"""The requests that the page of the HTTP API shows are understood, and answered with the members that it shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_how_to import BLOCK, EXAMPLE
from tests.support.programs import require
from tests.support.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
UNDERSTOOD = frozenset({200, 201, 202, 204, 404})
"""Statuses of a request that is right; what an example names, such as a call, need not be there."""
LEFT_OUT = re.compile(r"…|scenario/test| -N ")
"""Requests with something left out, to the internet, or without an end."""
KEY = "9b1f0c6d2a7e4853b0f1c2d3e4a5968778695a4b"


def requests() -> list[tuple[str, str]]:
    """Return each curl command of the page, on one line, with what it prints."""
    found = []
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
            lines = part.rstrip("\n").split("\n")
            command = lines.pop(0)
            while command.endswith("\\") or command.count("'") % 2:
                command = f"{command.removesuffix(chr(92))} {lines.pop(0).strip()}"
            if command.startswith("curl ") and not LEFT_OUT.search(command):
                found.append((command, "\n".join(lines)))
    return found


def members(text: str) -> list[str] | None:
    """Return the names of an object's members; None for what is no object, or cut short."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return sorted(value) if isinstance(value, dict) else None


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_requests_of_the_page_are_understood(tmp_path: Path) -> None:
    require("curl")
    server = Server(tmp_path)
    switchhook = f"{sys.executable} -m switchhook"

    def typed(line: str, **known: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=server._environment() | known,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    typed(f"{switchhook} apply {EXAMPLE}")
    said = typed(f"{switchhook} token create --project acme --user user@example.com --scope admin")
    token = said.splitlines()[-1]
    answered = 0
    server.start()
    try:
        for command, shown in requests():
            line = command.replace(":8070", f":{server.web_port}").replace(KEY, token[-40:])
            status_too = line.replace("curl ", "curl -s -w '\\n%{http_code}' ", 1)
            body, _, status = typed(status_too.partition(" > ")[0], TOKEN=token).rpartition("\n")
            assert int(status) in UNDERSTOOD, (command, body)
            if " > " in line:
                name = line.rpartition(" > ")[2].strip()
                (tmp_path / name).write_text(body, encoding="utf-8")
            if int(status) < 400 and members(shown) is not None:
                assert members(body) == members(shown), (command, body)
            answered += int(status) < 400
    finally:
        server.stop()
    assert answered >= 15
    server.assert_no_traceback()
