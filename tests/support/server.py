"""A real Switchhook: its own process, on free ports, in a directory of its own; it may be killed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from switchhook.projectfile.file import write_project
from switchhook.settings import PREFIX
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.domain.project import Project

ROOT = Path(__file__).parents[2]
READY = re.compile(
    r"takes calls at [0-9.]+:(\d+) over UDP and TCP\. HTTP API: https?://[0-9.]+:(\d+)\."
)
"""The line that says which ports are open."""

GIVE_UP = 90.0
"""Seconds after which nobody waits for its start any more: on a machine with much to do one takes long."""


class Server:
    """Runs `python -m switchhook serve`; a context manager that stops it and looks for tracebacks."""

    def __init__(
        self,
        directory: Path,
        *,
        max_calls: int = 1000,
        settings: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> None:
        """Make one; `settings` are further ones, by their names. `program` is another version's `switchhook`."""
        self.data_dir = directory / "data"
        self.port = free_port()
        """Its SIP port, kept over restarts: none that the system hands to others meanwhile."""
        self.web_port = free_port()
        """That of its HTTP API, likewise."""
        self.log: list[str] = []
        """Every line that it wrote, over restarts."""
        self._max_calls = max_calls
        self._settings = settings or {}
        self._command = (sys.executable, "-m", "switchhook") if program is None else (program,)
        self.program: tuple[str, ...] = (*self._command, "serve")
        """What runs it."""
        self._is_other = program is not None
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.stop()
        if kind is None:
            self.assert_no_traceback()

    @property
    def pid(self) -> int:
        """Return the running process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self, timeout: float = GIVE_UP) -> None:
        """Start it, on the port that it had before, and wait until calls can come."""
        self._ready.clear()
        self._process = subprocess.Popen(
            list(self.program),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=self._environment(),
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        end = time.monotonic() + timeout
        while not self._ready.wait(0.05):
            code = self._process.poll()
            if code is not None or time.monotonic() > end:
                state = "is not ready" if code is None else f"ended with {code}"
                self.kill()
                raise AssertionError(f"the server {state}:\n{self.tail()}")

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": "" if self._is_other else str(ROOT / "src"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "error",
            "SWITCHHOOK_DATA_DIR": str(self.data_dir),
            "SWITCHHOOK_SIP_HOST": "127.0.0.1",
            "SWITCHHOOK_SIP_PORT": str(self.port),
            "SWITCHHOOK_WEB_PORT": str(self.web_port),
            "SWITCHHOOK_MAX_CALLS": str(self._max_calls),
            "SWITCHHOOK_LOG_JSON": "true",
            **{PREFIX + name.upper(): value for name, value in self._settings.items()},
        }

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log.append(line.rstrip("\n"))
            if ready := READY.search(line):
                self.port, self.web_port = int(ready[1]), int(ready[2])
                self._ready.set()
        process.stdout.close()

    def stop(self, timeout: float = 15.0) -> int:
        """Ask it to end, and return its exit code."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL, 5.0)

    def _end(self, how: signal.Signals, timeout: float) -> int:
        process = self._process
        if process is None:
            return 0
        process.send_signal(how)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
            raise AssertionError(f"the server did not end in {timeout} s:\n{self.tail()}") from None
        if self._reader is not None:
            self._reader.join(5)
        self._process = None
        return code

    def command(self, *arguments: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run another `switchhook` command on the same data."""
        return subprocess.run(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self._environment(),
            timeout=timeout,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run a command that must work, and return the JSON that it prints."""
        done = self.command(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def apply(self, project: Project) -> None:
        """Apply a project file; a running server takes it over within a second or two."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        file = self._directory / f"{project.id}.toml"
        file.write_text(write_project(project), encoding="utf-8")
        done = self.command("apply", str(file))
        assert done.returncode == 0, done.stdout + done.stderr

    def wait_for_log(self, wanted: Callable[[dict[str, Any]], bool], timeout: float = 10.0) -> None:
        """Wait until a line of the log is as wanted."""
        end = time.monotonic() + timeout
        while not any(wanted(_entry(line)) for line in list(self.log)):
            assert time.monotonic() < end, f"not logged:\n{self.tail()}"
            time.sleep(0.05)

    def query(self, sql: str, *values: str) -> list[Any]:
        """Look into the database itself."""
        file = next(self.data_dir.glob("*.sqlite"))
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def tail(self, lines: int = 40) -> str:
        """Return the log's last lines."""
        return "\n".join(self.log[-lines:])

    def assert_no_traceback(self) -> None:
        """Fail when anything that it ever wrote holds a traceback or an error."""
        for place, line in enumerate(self.log):
            if "Traceback" in line or '"level": "error"' in line:
                raise AssertionError("\n".join(self.log[max(0, place - 3) : place + 60]))

    def cpu_seconds(self) -> float:
        """Return the processor time that the running process has used."""
        fields = (
            Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Return the bytes of memory that the running process holds."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
