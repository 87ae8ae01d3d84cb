"""Logging, set up once: one line for each thing that happened, to standard error, without secrets."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import sys
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.masking import MASK

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any, TextIO


_SECRETS = ("password", "secret", "token", "authorization", "credential")
"""Parts of a name whose value is not logged."""


_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=repr)

GATHERED: Final = 0.1
"""Seconds that `serve` lets a line wait for others: to write one costs more than all else of it."""


class LineWriter:
    """Writes whole lines to a stream, in their order.

    What is no warning waits up to `gather` seconds for more, where a loop runs. Nothing waits longer than
    the process lives, unless that is killed.
    """

    def __init__(self, stream: TextIO, gather: float = 0.0) -> None:
        self._stream = stream
        self._gather = gather
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        if gather:
            atexit.register(self.flush)

    def write(self, line: str) -> None:
        """Write a line and all that waits, now."""
        with self._lock:
            self._waiting.append(line)
        self.flush()

    def write_soon(self, line: str) -> None:
        """Write a line together with others."""
        try:
            loop = asyncio.get_running_loop() if self._gather else None
        except RuntimeError:
            loop = None
        if loop is None:
            self.write(line)
            return
        with self._lock:
            self._waiting.append(line)
            is_first = len(self._waiting) == 1
        if is_first:
            loop.call_later(self._gather, self.flush)

    def flush(self) -> None:
        """Write all that waits."""
        with self._lock:
            if self._waiting:
                text = "".join(f"{line}\n" for line in self._waiting)
                self._waiting.clear()
                self._stream.write(text)
                self._stream.flush()

    debug = info = write_soon
    msg = warn = warning = error = exception = critical = fatal = write


def configure_logs(
    level: str,
    *,
    as_json: bool,
    colours: bool | None = None,
    to: TextIO | None = None,
    gather: float = 0.0,
) -> None:
    """Set up logging for the whole process, from a `LogLevel` on. `colours` None: when a person looks at it.

    `gather` is for how many seconds a line may wait for others.
    """
    stream = sys.stderr if to is None else to
    with_colours = stream.isatty() if colours is None else colours
    renderer = (
        write_json
        if as_json
        else structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback,
            **({"colors": True} if with_colours else {"columns": PLAIN}),
        )
    )
    lines = LineWriter(stream, gather)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask_secrets,
            tame,
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=lambda *_: lines,
        # Tests and the demo configure again; loggers made at import time must follow.
        cache_logger_on_first_use=False,
    )


def _written(value: object) -> str:
    """Write a value as `ConsoleRenderer` does: in quotes where its end would be unclear."""
    bare = isinstance(value, str) and _UNCLEAR.isdisjoint(value)
    return str(value) if bare else repr(value)


_UNCLEAR: Final = frozenset(" \t=\r\n\"'")

PLAIN: Final = [
    structlog.dev.Column("", lambda key, value: f"{key}={_written(value)}"),
    structlog.dev.Column("timestamp", lambda _, value: str(value)),
    structlog.dev.Column("level", lambda _, value: f"[{value!s:<9}]"),
    structlog.dev.Column("event", lambda _, value: f"{value!s:<30}"),
]
"""What `ConsoleRenderer` writes without colours, in half of the time: there are two lines for each call."""


def write_json(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    """Write a line as JSON; a value that JSON has not, as Python shows it."""
    return _JSON.encode(event)


def mask_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name says that they are secret."""
    for name in event:
        if _is_secret(name):
            event[name] = MASK
    return event


@lru_cache(maxsize=1_000)  # the names stand in the source, and two lines are written for each call
def _is_secret(name: str) -> bool:
    return any(secret in name.lower() for secret in _SECRETS)


def tame(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write what moves a terminal's cursor as Python escapes it: strangers choose their own names."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = "".join(
                char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in value
            )
    return event
