"""`switchhook` commands of endpoint builders as processes of their own, and raw HTTP to speak to them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def command(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command with a data directory of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SWITCHHOOK_")}
    return subprocess.Popen(
        [sys.executable, "-m", "switchhook", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept
        | {
            "PYTHONPATH": str(ROOT / "src"),
            "SWITCHHOOK_DATA_DIR": str(home / "data"),
            "COLUMNS": "200",
        },
    )


class ReceiverProcess:
    """A running `switchhook receive`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"
        self._process = process

    def ended(self) -> tuple[int, str, str]:
        """Wait until it ends; return its code, output and complaints."""
        output, complaints = self._process.communicate(timeout=30)
        return self._process.returncode, output, complaints

    def told(self) -> list[dict[str, Any]]:
        """Wait until it ends; return its JSON lines."""
        return [json.loads(line) for line in self.ended()[1].splitlines()]

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(2)


@contextmanager
def receiving(home: Path, *arguments: str) -> Iterator[ReceiverProcess]:
    """Run a receiver on a free port."""
    process = command(home, "receive", "--port", "0", *arguments)
    assert process.stderr is not None
    assert process.stdout is not None
    try:
        first = process.stderr.readline()
        found = re.search(r":([0-9]+)/", first)
        assert found is not None, first + process.stderr.read()
        yield ReceiverProcess(process, int(found[1]))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def ask(port: int, request: bytes) -> bytes:
    """Send bytes on a connection of their own; return what comes until its end."""
    with socket.create_connection(("127.0.0.1", port), 10.0) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
        return answer


def posted(body: bytes, *headers: str, target: str = "/hook") -> bytes:
    """Write a POST."""
    lines = [f"POST {target} HTTP/1.1", "Host: x", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
