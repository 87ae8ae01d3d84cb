"""Decodes compressed bodies, which some servers send unasked, up to a cap."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from switchhook.delivery.http.errors import ExchangeError
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable

WIRE_SLACK = 4096
"""A compressed body may be this much longer than its cap: what does not compress grows a little."""

MAX_LAYERS = 2
"""How often one body is undone."""

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MARK = b"\x1f\x8b\x08"


def decode(body: bytes, encoding: str, cap: int, where: str) -> bytes:
    """Undo what a body is compressed with (RFC 9110 §8.4). Its bytes count, and not what its head says.

    Servers name gzip over plain text and over zlib, compress twice, or name nothing. What cannot be undone is
    left as it is. At most `cap` bytes are ever made (65 KB of gzip can hold 64 MB). Raises ExchangeError:
    TOO_LARGE beyond the cap, BAD_RESPONSE for broken or truncated compression.
    """
    codings = {coding.strip(' \t"').lower() for coding in encoding.split(",")}
    for _ in range(MAX_LAYERS):
        undo = _undoing(body, codings)
        if undo is None:
            break
        try:
            decoded, is_whole = undo(body, cap + 1)
        except zlib.error:
            raise _broken(where, "is broken") from None
        if len(decoded) > cap:
            raise too_large(where, cap)
        if not is_whole:
            raise _broken(where, "ends too early")
        body = decoded
    return body


def is_compressed(body: bytes) -> bool:
    """Say whether a body is gzip, whatever its head says: no text begins so (RFC 1952 §2.3.1)."""
    return body.startswith(_GZIP_MARK)


def _undoing(body: bytes, codings: set[str]) -> Callable[[bytes, int], tuple[bytes, bool]] | None:
    if is_compressed(body):
        return _ungzip
    if not body or not codings & {"gzip", "x-gzip", "deflate"}:
        return None
    if body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0:  # RFC 1950 §2.2
        return _inflate
    return _inflate_bare if "deflate" in codings and not _is_text(body) else None


def _is_text(body: bytes) -> bool:
    try:
        return "".join(body.decode().split()).isprintable()
    except UnicodeDecodeError:
        return False


def _broken(where: str, how: str) -> ExchangeError:
    return ExchangeError(
        FailureKind.BAD_RESPONSE, f"{where}: the compressed body of its answer {how}."
    )


def too_large(where: str, cap: int) -> ExchangeError:
    """The body is longer than we read."""
    return ExchangeError(
        FailureKind.TOO_LARGE,
        f"{where}: the body of its answer is longer than {cap} bytes, and was not read on. "
        "The endpoint must answer with less.",
    )


def _ungzip(body: bytes, most: int) -> tuple[bytes, bool]:
    """Members may follow each other (RFC 1952 §2.2); whatever else follows is ignored."""
    parts = []
    while most > 0:
        inflater = zlib.decompressobj(_GZIP)
        parts.append(inflater.decompress(body, most))
        most -= len(parts[-1])
        body = inflater.unused_data
        if not body.startswith(b"\x1f\x8b"):
            return b"".join(parts), inflater.eof
    return b"".join(parts), False


def _inflate(body: bytes, most: int) -> tuple[bytes, bool]:
    """`deflate` means zlib's format."""
    inflater = zlib.decompressobj()
    return inflater.decompress(body, most), inflater.eof


def _inflate_bare(body: bytes, most: int) -> tuple[bytes, bool]:
    """Some servers send it without zlib's mark all the same."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    return inflater.decompress(body, most), inflater.eof
