"""A compressed body is decoded up to its cap, and costs no more than its cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from switchhook.delivery.http.content import decode
from switchhook.delivery.http.errors import ExchangeError
from switchhook.domain.failure import FailureKind

TEXT = b'{"dst_phone":"380443334455"}' * 20


def zipped(data: bytes) -> bytes:
    """Compress without a date: a test's name is made of its values."""
    return gzip.compress(data, mtime=0)


def bare_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", zipped(TEXT)),
        ("GZip ", zipped(TEXT)),
        ("x-gzip", zipped(TEXT)),
        ("gzip", zipped(TEXT[:100]) + zipped(TEXT[100:])),
        ("gzip", zipped(TEXT) + b"\0\0 padding"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", bare_deflate(TEXT)),
        ("gzip, identity", zipped(TEXT)),
        ('"gzip"', zipped(TEXT)),
        ("gzip,gzip", zipped(TEXT)),
        ("gzip,gzip", zipped(zipped(TEXT))),
        ("deflate", zipped(TEXT)),
        ("gzip", zlib.compress(TEXT)),
        ("", zipped(TEXT)),
        ("none", zipped(TEXT)),
        ("br", TEXT),
        ("identity", TEXT),
        ("gzip,gzip", TEXT),
        ("gzip", TEXT),
        ("deflate", TEXT),
    ],
)
def test_what_is_compressed_is_undone_whatever_the_head_says(encoding: str, body: bytes) -> None:
    assert decode(body, encoding, len(TEXT), "h:80") == TEXT


def test_an_empty_body_is_empty_in_any_encoding() -> None:
    assert decode(b"", "gzip", 10, "h:80") == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", zipped(TEXT)),
        ("gzip", zipped(TEXT[:100]) + zipped(TEXT[100:])),
        ("gzip", zipped(TEXT[:-1]) + zipped(TEXT[-1:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", bare_deflate(TEXT)),
    ],
)
def test_one_byte_over_the_cap_is_too_large(encoding: str, body: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        decode(body, encoding, len(TEXT) - 1, "h:80")
    assert caught.value.failure.kind is FailureKind.TOO_LARGE


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", zipped(zipped(TEXT)[:-9])),
        ("gzip", zipped(TEXT)[:-9]),
        ("gzip", zipped(TEXT)[:5]),
        ("gzip", zipped(TEXT) + zipped(TEXT)[:15]),
        ("gzip", zipped(TEXT)[:-8] + b"\0" * 8),
        ("deflate", b"\xff not deflate"),
        ("deflate", zlib.compress(TEXT)[:-6]),
        ("deflate", bare_deflate(TEXT)[:-3]),
    ],
)
def test_what_is_broken_or_cut_is_a_bad_response(encoding: str, body: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        decode(body, encoding, 10_000, "h:80")
    assert caught.value.failure.kind is FailureKind.BAD_RESPONSE
    assert caught.value.failure.detail.startswith("h:80: ")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_not_blown_up(encoding: str) -> None:
    bomb = (zipped if encoding == "gzip" else zlib.compress)(b"\0" * 64_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ExchangeError):
            decode(bomb, encoding, 65536, "h:80")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
