"""SIPp as caller and callee: a real SIP stack of others, and what it saw on the wire."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.ports import free_port
from tests.support.programs import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SCENARIOS = Path(__file__).with_name("sipp")
"""Where the scenario files are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One SIP message as SIPp saw it."""

    at: float
    """Unix seconds."""
    sent: bool
    """Whether SIPp sent it; else it was received."""
    text: str

    @property
    def start(self) -> str:
        """Return the request line or the status line."""
        return self.text.partition("\n")[0]

    @property
    def method(self) -> str:
        """Return a request's method, or the status of a response as text."""
        first, second, *_ = self.start.split(" ")
        return second if first == "SIP/2.0" else first

    @property
    def dialled(self) -> str:
        """Return the user part of a request's URI."""
        return self.start.split(" ")[1].partition(":")[2].partition("@")[0]

    def is_from(self, user: str) -> bool:
        """Say whether the user part of From is this."""
        return f"sip:{user}@" in self.header("From")

    def header(self, name: str) -> str:
        """Return the value of the first header line of this name."""
        for line in self.text.splitlines()[1:]:
            key, colon, value = line.partition(":")
            if colon and key.strip().lower() == name.lower():
                return value.strip()
        raise AssertionError(f"no {name} in:\n{self.text}")


class Sipp:
    """One SIPp process; a context manager that ends it.

    `injection` is a file of SIPp's `[field0]`, `[field1]` …, one line for each call. `replace` fills
    `@NAME@` in the scenario file, since regular expressions take no keywords of SIPp's own.
    """

    def __init__(
        self,
        directory: Path,
        scenario: str,
        *arguments: str,
        injection: str = "",
        replace: Mapping[str, str] | None = None,
        trace: bool = True,
    ) -> None:
        self.port = free_port()
        self._directory = directory / f"{scenario}-{self.port}"
        self._directory.mkdir(parents=True)
        self._scenario = self._directory / f"{scenario}.xml"
        text = (SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
        for name, value in (replace or {}).items():
            text = text.replace(f"@{name}@", value)
        self._scenario.write_text(text, encoding="utf-8")
        if injection:
            fields = self._directory / "fields.csv"
            fields.write_text(injection, encoding="utf-8")
            arguments = ("-inf", str(fields), *arguments)
        self._arguments = arguments
        self._trace = trace
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; a callee listens when this returns."""
        media = free_port(neighbours=(2,))
        command: Sequence[str] = (
            str(require("sipp")),
            *("-sf", str(self._scenario), "-i", "127.0.0.1", "-mi", "127.0.0.1"),
            *("-p", str(self.port), "-mp", str(media), "-cp", str(free_port()), "-nostdin"),
            "-aa",  # answer probes, as every telephone does
            *("-trace_err", "-error_file", str(self._directory / "errors")),
            *("-trace_stat", "-stf", str(self._directory / "statistics"), "-fd", "1"),
            *(
                ("-trace_msg", "-message_file", str(self._directory / "wire"))
                if self._trace
                else ()
            ),
            *self._arguments,
        )
        with (self._directory / "screen").open("wb") as screen:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=self._directory
            )
        _wait_until(self._is_up, 5.0, "SIPp did not start")

    def _is_up(self) -> bool:
        assert self._process is not None
        bound = f":{self.port:04X} "
        udp = Path("/proc/net/udp").read_text(encoding="ascii").upper()
        tcp = Path("/proc/net/tcp").read_text(encoding="ascii").upper()
        return self._process.poll() is not None or bound in udp or bound in tcp

    def wait(self, timeout: float = 30.0) -> int:
        """Wait until it has ended by itself; return 0 when every call went as the scenario says."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"SIPp still runs after {timeout} s\n{self.complaints()}"
            ) from None

    def stop(self) -> None:
        """End it, whatever it does: one that does not end when it is asked (SIPp may hang then) is killed."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()

    def finish(self, timeout: float = 60.0) -> None:
        """Let it begin no other calls and end those that it has; end it anyhow after so many seconds."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.stop()

    def kill(self) -> None:
        """Let it vanish: it says no word to anybody."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    @property
    def is_running(self) -> bool:
        """Say whether it has not ended yet."""
        return self._process is not None and self._process.poll() is None

    def complaints(self) -> str:
        """Return what SIPp found wrong, for the message of a failed test."""
        errors = self._directory / "errors"
        return errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""

    def messages(self) -> tuple[Traced, ...]:
        """Return what it sent and received up to now, in order."""
        wire = self._directory / "wire"
        text = wire.read_bytes().decode("utf-8", "replace") if wire.exists() else ""
        return tuple(_traced(part) for part in text.split(_RULE)[1:] if "\n\n" in part)

    def received(self, method: str, dialled: str = "") -> tuple[Traced, ...]:
        """Return the requests of a method, or responses of a status, that came in."""
        return tuple(
            message
            for message in self.messages()
            if not message.sent
            and message.method == method
            and (not dialled or message.dialled == dialled)
        )

    def wait_for(self, method: str, dialled: str = "", timeout: float = 10.0) -> Traced:
        """Wait for the first message of this kind that came in, and return it."""
        what = f"{method} {dialled}".strip()
        _wait_until(
            lambda: bool(self.received(method, dialled)),
            timeout,
            lambda: f"no {what} came; seen: {[message.start for message in self.messages()]}",
        )
        return self.received(method, dialled)[0]

    def statistics(self) -> dict[str, str]:
        """Return SIPp's last line of statistics, by column."""
        lines = (self._directory / "statistics").read_text(encoding="utf-8").splitlines()
        return dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False))


_RULE = "----------------------------------------------- "


def _traced(part: str) -> Traced:
    stamp, _, rest = part.partition("\n")
    heading, _, text = rest.partition("\n\n")
    return Traced(
        at=datetime.fromisoformat(stamp.strip()).astimezone().timestamp(),
        sent=" sent " in heading,
        text=text.replace("\r\n", "\n"),
    )


def _wait_until(
    condition: Callable[[], bool], timeout: float, what: str | Callable[[], str]
) -> None:
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(0.02)
