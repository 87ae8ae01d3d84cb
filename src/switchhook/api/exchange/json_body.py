"""Reads the JSON of a request, and says in a sentence what is wrong with it and what to send."""

import re
import typing
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from switchhook.api.exchange.problems import WrongFieldError

T = TypeVar("T")

_AT: Final = re.compile(r" - at `(?P<path>[^`]*)`$")
_WRONG_TYPE: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.+)`")
_NO_TIME: Final = re.compile("Expected `datetime` with|Invalid RFC3339")
_NO_CHOICE: Final = re.compile(r"Invalid enum value (?P<value>.+)")
_WORDS: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
    "datetime": "a time such as 2026-12-01T09:30:00+01:00",
}
"""How people call msgspec's types; null is null."""


def json_body(body: bytes, kind: type[T], example: str) -> T:
    """Return a body of JSON as a value of a kind. Raises WrongFieldError with the first field that is wrong.

    `example` is a body that would be taken; it stands behind what is wrong.
    """
    if not body.strip():
        raise WrongFieldError("", f"the request has no body; send {example}")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        field, wrong = _sentence(str(error), kind)
        raise WrongFieldError(field, f"{wrong}; send {example}") from None
    except (ValueError, RecursionError):
        raise WrongFieldError("", f"the body is no JSON; send {example}") from None


def _sentence(said: str, kind: type[Any]) -> tuple[str, str]:
    """Return the name of a wrong field, "" for the body as a whole, and what is wrong with it."""
    at = _AT.search(said)
    path = "" if at is None else at["path"].removeprefix("$").removeprefix(".")
    text = _AT.sub("", said)
    if found := _MISSING.fullmatch(text):
        return found["name"], f"{_joined(path, found['name'])} is missing"
    if found := _UNKNOWN.fullmatch(text):
        known = f"; there are {', '.join(_fields(kind))}" if not path and _fields(kind) else ""
        return found["name"], f"{_joined(path, found['name'])}: there is no such field{known}"
    if found := _WRONG_TYPE.fullmatch(text):
        wanted, got = (_in_words(found[name]) for name in ("wanted", "got"))
        text = f"write {wanted}, not {got}"
    elif _NO_TIME.match(text):
        text = f"write {_WORDS['datetime']}"
    elif found := _NO_CHOICE.fullmatch(text):
        text = f"{found['value']} is {_none_of(kind, path)}"
    else:
        text = text[:1].lower() + text[1:]
    field = re.findall(r"[A-Za-z_]\w*", path)
    return (field[-1] if field else ""), f"{path or 'the body'}: {text}"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _in_words(types: str) -> str:
    return " or ".join(_WORDS.get(one, one) for one in types.split(" | "))


def _fields(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 (what was asked for)
    return kind.__struct_fields__ if isinstance(kind, type) and issubclass(kind, Struct) else ()


def _none_of(kind: type[Any], path: str) -> str:
    """Say which values a field of an enumeration takes."""
    of_field = typing.get_type_hints(kind).get(path) if _fields(kind) else None
    for one in (of_field, *typing.get_args(of_field)):
        if isinstance(one, type) and issubclass(one, Enum):
            return f"none of {', '.join(str(member.value) for member in one)}"
    return "no value that it may have"
