"""Bodies that came compressed, which some servers do unasked: decoded, but never beyond a cap."""

from __future__ import annotations

import zlib

from switchhook.delivery.failing import ExchangeError
from switchhook.domain.failure import FailureKind

WIRE_SLACK = 4096
"""A compressed body may be this much longer than its cap: what does not compress grows a little."""

_GZIP = 16 + zlib.MAX_WBITS


def decode(body: bytes, encoding: str, cap: int, where: str) -> bytes:
    """Undo one Content-Encoding (RFC 9110 §8.4); an unknown one leaves the body as it is.

    At most `cap` bytes are ever made (65 KB of gzip can hold 64 MB). Raises ExchangeError:
    TOO_LARGE beyond the cap, BAD_RESPONSE where it is not what it says.
    """
    coding = encoding.strip().lower()
    if not body or coding not in {"gzip", "x-gzip", "deflate"}:
        return body
    try:
        decoded, is_whole = (_ungzip if coding != "deflate" else _inflate)(body, cap + 1)
    except zlib.error:
        raise ExchangeError(
            FailureKind.BAD_RESPONSE,
            f"{where}: its answer says Content-Encoding: {coding}, but is not that. "
            "The endpoint's server is set up wrongly.",
        ) from None
    if len(decoded) > cap:
        raise too_large(where, cap)
    if not is_whole:
        raise ExchangeError(
            FailureKind.BAD_RESPONSE, f"{where}: the compressed body of its answer ends too early."
        )
    return decoded


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
    """`deflate` means zlib's format; some servers send it bare all the same."""
    try:
        inflater = zlib.decompressobj()
        return inflater.decompress(body, most), inflater.eof
    except zlib.error:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return inflater.decompress(body, most), inflater.eof
