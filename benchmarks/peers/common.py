"""What every peer is told: where its broker is, and which requests to make."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REDIS = os.environ.get("PEER_REDIS", "redis://127.0.0.1:6379/0")
PORTS = json.loads(os.environ.get("PEER_PORTS", "[80]"))
TIMEOUT = 10.0
"""Seconds for one request."""
HEADERS = {"Content-Type": "application/json"}
PAD = "x" * 400


def tasks(count: int) -> Iterator[tuple[str, str]]:
    """Yield URL and body of so many requests, over all endpoints in turn."""
    for number in range(count):
        port = PORTS[number % len(PORTS)]
        body = {"call_id": f"1700000000.{number:012d}", "caller": "380441112233", "status": ""}
        yield f"http://127.0.0.1:{port}/{PAD}", json.dumps(body)
