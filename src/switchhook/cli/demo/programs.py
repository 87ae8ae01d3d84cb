"""The example programs as processes of their own: the processor that is asked, the receiver that is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import switchhook
from switchhook.cli.errors import CommandError
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

EXAMPLES = Path(switchhook.__file__).parent / "examples"
"""The project's examples, as they are installed with it."""
Language = Literal["auto", "php", "python"]
START = 10.0
"""Seconds that a program may take to start."""


class Processor:
    """The endpoint that says where calls go. It can be stopped, and started again at the same place."""

    def __init__(self, language: Language = "auto") -> None:
        php = None if language == "python" else shutil.which("php")
        if language == "php" and php is None:
            raise CommandError("php is not installed (Debian package php-cli)")
        self.port = _free_port()
        self.file = "route.py" if php is None else "route.php"
        self.url = f"http://127.0.0.1:{self.port}/route.php"
        script = str(EXAMPLES / self.file)
        self._command = (
            (sys.executable, script, "--port", str(self.port))
            if php is None
            else (php, "-S", f"127.0.0.1:{self.port}", script)
        )
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, unless it runs, and wait until it answers. Raises CommandError."""
        if self._process is None:
            self._process = await _run(self._command, stdout=DEVNULL)
            await _reachable(self.port, self._process, self.file)

    async def stop(self) -> None:
        """Stop it; later requests are refused."""
        if self._process is not None:
            await _stop(self._process)
            self._process = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """One event as the receiver got it."""

    at: float
    """Unix seconds."""
    path: str
    id: str
    event: dict[str, Any]


class Receiver:
    """The endpoint that is told of events. What it prints is what it got."""

    def __init__(self) -> None:
        self.told: list[ReceivedEvent] = []
        self.url = ""
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def has(self, ids: set[str]) -> None:
        """Wait until it got the deliveries of these ids."""
        while not ids <= {told.id for told in self.told}:
            self._news.clear()
            await self._news.wait()

    async def start(self) -> None:
        """Start it on a free port. Raises CommandError."""
        script = str(EXAMPLES / "receiver.py")
        self._process = await _run((sys.executable, script, "--port", "0"), stdout=PIPE)
        output = self._process.stdout
        assert output is not None  # noqa: S101 (for the type checker; it is a pipe)
        try:
            async with asyncio.timeout(START):
                self.url = (await output.readline()).decode().strip()
        except TimeoutError:
            pass
        if not self.url:
            await _stop(self._process)
            await output.read()
            raise CommandError("the example receiver did not start")
        self._listening = spawn(self._listen(output), name="read the receiver's output")

    async def stop(self) -> None:
        """Stop it, and read its output to the end."""
        if self._process is not None:
            await _stop(self._process)
        # A process can be over before its pipe is read to the end, which would stay open.
        if self._listening is not None:
            await self._listening

    async def _listen(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            said = json.loads(line)
            self.told.append(
                ReceivedEvent(at=said["at"], path=said["path"], id=said["id"], event=said["event"])
            )
            self._news.set()


async def _run(command: Sequence[str], *, stdout: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=DEVNULL,
        # Ctrl-C is ours: the programs are stopped in order, not by the terminal.
        start_new_session=True,
    )


async def _reachable(port: int, process: Process, name: str) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    await _stop(process)
    raise CommandError(f"the example processor {name} did not start")


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
