"""The listening socket of the HTTP API, bound before anything else starts."""

from __future__ import annotations

import os
import socket
from typing import Final

BACKLOG: Final = 128
"""Connections that wait to be taken."""


class CannotListenError(OSError):
    """The address cannot be bound. The message says which, why, and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an IP address; port 0 is a free one. Raises CannotListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why = (
            os.strerror(error.errno) if error.errno else str(error)
        )  # without Python's own remarks
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise CannotListenError(
            f"cannot serve the HTTP API at {where}: {why}; choose another place"
            " with --web-host and --web-port, or serve none with --web-host ''"
        ) from error
