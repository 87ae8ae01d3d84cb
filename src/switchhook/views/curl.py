"""Requests as cURL commands for a shell, without secrets: what is masked stays masked."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BY_ITSELF: Final = frozenset({"host", "content-length", "connection", "transfer-encoding"})
"""Headers that curl writes."""
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""The name of a header (RFC 9110 §5.6.2); curl would read a file for one that begins with an at sign."""


def curl_of(
    method: str, url: str, headers: Iterable[Sequence[str]] = (), body: str | None = None
) -> str:
    """Return a command that makes a request anew; each word is quoted for a POSIX shell."""
    parts = ["curl", "--request", method, "--url", url]
    for name, value in headers:
        if name.lower() not in _BY_ITSELF and _NAME.fullmatch(name):
            parts += ["--header", f"{name}: {value}"]
    if body:
        parts += ["--data-raw", body]
    return shlex.join(parts)
