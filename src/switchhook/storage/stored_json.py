"""JSON as a store keeps it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from switchhook.storage.records import StoreError, UnreadableError

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def to_json(value: object) -> str:
    """Return a value as JSON. Raises StoreError."""
    try:
        return _encoder.encode(value).decode()
    except ValueError as error:  # half a surrogate pair, which no UTF-8 holds
        raise StoreError(f"the value cannot be stored: {error}") from error


def from_json(decoder: msgspec.json.Decoder[T], value: str) -> T:
    """Return what a decoder reads. Raises UnreadableError."""
    try:
        return decoder.decode(value)
    except msgspec.DecodeError as error:
        raise UnreadableError(f"a stored value cannot be read: {error}") from error
