"""An answer's body before a dialect looks for its meaning: its size, its text, its JSON."""

from __future__ import annotations

from codecs import BOM_UTF8

from switchhook.webhooks.lenient_json import Json, NotJsonError, read_json
from switchhook.webhooks.reading import ReadingStep

MAX_BODY = 65_536
"""Bytes [A-11]."""
SUCCESS = range(200, 300)
"""Any 2xx bears an answer [A-22]."""


class UnusableError(Exception):
    """The answer gives nothing that can be followed. The message is the failure's sentence."""


def text_of(body: bytes) -> str:
    """Return a body in UTF-8 as text, without a byte order mark and blanks around it.

    Raises UnusableError.
    """
    try:
        return _without_blanks(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableError(f"the body is not UTF-8 (byte {error.start + 1})") from error


def lenient_text_of(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the body as text, and a notice where it had to be read as Windows-1252.

    For answers in which nothing but a name to be shown can hold more than ASCII. Raises UnusableError.
    """
    try:
        return _without_blanks(body.decode("utf-8-sig")), ()
    except UnicodeDecodeError:
        text = body.removeprefix(BOM_UTF8).decode("cp1252", "replace")
        return _without_blanks(text), ("the body is not UTF-8 and was read as Windows-1252",)


def _without_blanks(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise UnusableError("the body is empty")
    return stripped


def json_of(text: str) -> tuple[Json, ReadingStep, tuple[str, ...]]:
    """Return the value, how it was read, and a notice where it took leniency [A-11].

    Raises UnusableError.
    """
    try:
        value, relaxed = read_json(text)
    except NotJsonError as error:
        raise UnusableError(f"body is not JSON: {error}") from error
    if relaxed:
        return value, ReadingStep.RELAXED_JSON, ("the body was read as relaxed JSON",)
    return value, ReadingStep.STRICT_JSON, ()
