"""PHP's own web server, for processors written in PHP."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from tests.support.ports import free_port
from tests.support.programs import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def php_server(root: Path, log: Path) -> Iterator[int]:
    """Serve the PHP files of a directory; the context is the port."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(require("php")), "-S", f"127.0.0.1:{port}", "-t", str(root)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait(5)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10.0
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            assert time.monotonic() < end, "php -S did not start"
            time.sleep(0.05)
        else:
            return
