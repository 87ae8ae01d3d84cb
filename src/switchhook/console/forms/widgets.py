"""How each kind of value of a project file is asked for in a form: one line for each kind, so that no key needs one."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from switchhook.projectfile.schema.field import Instead, Translation
from switchhook.projectfile.toml.tables import Table, Tables
from switchhook.projectfile.toml.value_types import (
    Base64,
    ListOf,
    OneOf,
    Passage,
    Reference,
    Seconds,
    Text,
    Whole,
    YesNo,
)
from switchhook.projectfile.types.project import SuccessCodes, WebAddress

if TYPE_CHECKING:
    from switchhook.projectfile.toml.value_types import ValueType


class Widget(StrEnum):
    """How a value is asked for."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    SELECT = "select"
    AREA = "area"
    SECRET = "secret"  # noqa: S105 (it is a word for a field)
    SECRET_AREA = "secret_area"  # noqa: S105 (likewise)
    SECRET_LINES = "secret_lines"  # noqa: S105 (likewise)
    LINES = "lines"
    """One item in each line."""
    CHECKS = "checks"
    """A tick for each choice."""
    CODES = "codes"
    LITERAL = "literal"
    """A text, or a number or true or false, as TOML has them."""
    PAIRS = "pairs"
    """`VALUE = what is sent` in each line."""
    GROUP = "group"
    """A table of its own keys."""
    ROWS = "rows"
    """A list of tables."""


_ADDRESS: Final = WebAddress().allowed
_WORDS: Final = re.compile(r"\(?([a-z0-9]+(?:\|[a-z0-9]+)+)\)?\??")
"""A pattern that is a list of words."""
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


_SIMPLE: Final[tuple[tuple[type, Widget], ...]] = (
    (YesNo, Widget.YES_NO),
    (OneOf, Widget.SELECT),
    (Reference, Widget.SELECT),
    (Whole, Widget.NUMBER),
    (Seconds, Widget.NUMBER),
    (Base64, Widget.AREA),
    (SuccessCodes, Widget.CODES),
    (Instead, Widget.LITERAL),
    (Translation, Widget.PAIRS),
    (Table, Widget.GROUP),
)


def widget_of(kind: ValueType) -> Widget | None:
    """Return how a kind of value is asked for; None for one that has a page of its own, such as steps."""
    for of, widget in _SIMPLE:
        if isinstance(kind, of):
            return widget
    match kind:
        case Passage():
            return Widget.SECRET_AREA if kind.secret else Widget.AREA
        case Text() if is_secret(kind):
            return Widget.SECRET
        case Text() if _WORDS.fullmatch(kind.pattern):
            return Widget.SELECT
        case Tables() | ListOf():
            return _list_widget(kind)
        case _:
            return None if hasattr(kind, "rename") else Widget.TEXT


def _list_widget(kind: Tables | ListOf) -> Widget | None:
    if row_table(kind) is not None:
        return Widget.ROWS
    inner = kind.table if isinstance(kind, Tables) else kind.kind
    if isinstance(inner, OneOf | Reference):
        return Widget.CHECKS
    if is_secret(inner):
        return Widget.SECRET_LINES
    simple = {Widget.TEXT, Widget.NUMBER, Widget.SELECT}
    return Widget.LINES if widget_of(inner) in simple else None


def is_secret(kind: ValueType) -> bool:
    """Say whether a value is shown to nobody. An address may hold secrets, and is shown to those who may edit it."""
    return isinstance(kind, Text) and kind.secret and kind.what != _ADDRESS


def item_kind(kind: ValueType) -> ValueType:
    """Return the kind of the items of a list; of others, the kind itself."""
    return kind.kind if isinstance(kind, ListOf) else kind


def row_table(kind: ValueType) -> Table | None:
    """Return the table that each row of a list has; None for a list of single values, and for steps."""
    inner = kind.table if isinstance(kind, Tables) else item_kind(kind)
    if isinstance(inner, Table):
        return inner
    found = getattr(inner, "table", None)
    return found if isinstance(found, Table) and inner is not kind else None


def is_plain_item(kind: ValueType) -> bool:
    """Say whether an item of a list may stand for a table with its `value` alone (R2-32)."""
    return bool(getattr(item_kind(kind), "is_item", False))


def words_of(kind: ValueType) -> tuple[str, ...]:
    """Return the choices of a kind that knows its own."""
    if isinstance(kind, OneOf):
        return tuple(one.value for one in kind.of if one not in kind.former)
    found = _WORDS.fullmatch(kind.pattern) if isinstance(kind, Text) else None
    return tuple(found[1].split("|")) if found else ()


def unit_of(kind: ValueType) -> str:
    """Return the unit of a number."""
    match item_kind(kind):
        case Seconds():
            return "seconds"
        case Whole(unit=unit):
            return unit
        case _:
            return ""


def as_text(kind: ValueType, value: object) -> str:
    """Write a value of a document as it stands in its field."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case str() if isinstance(kind, Instead):
            return value if _literal(value) == value else json.dumps(value, ensure_ascii=False)
        case list() if isinstance(kind, SuccessCodes):
            return ", ".join(map(str, value))
        case dict() if isinstance(kind, Translation):
            return "\n".join(
                f"{_key(key)} = {as_text(Instead(), one)}" for key, one in value.items()
            )
        case list() if isinstance(kind, ListOf):
            return "\n".join(as_text(kind.kind, one) for one in value)
        case _:
            return str(value)


def typed(kind: ValueType, text: str) -> object:
    """Read a field that is not empty; what is none of its kind stays a text, of which the check says what is wrong."""
    inner = kind.kind if isinstance(kind, Reference) else kind
    match inner:
        case YesNo():
            return {"true": True, "false": False}.get(text, text)
        case Whole() | Seconds():
            return number(text.strip())
        case Passage():
            return text.replace("\r\n", "\n")
        case Instead():
            return _literal(text)
        case SuccessCodes():
            return text.strip() if text.strip() == "2xx" else _codes(text)
        case Translation():
            return dict(_pairs(text))
        case ListOf():
            lines = (line.strip() for line in text.splitlines())
            return [typed(inner.kind, line) for line in lines if line]
        case _:
            return text if is_secret(inner) else text.strip()


def _codes(text: str) -> list[object]:
    return [number(one.strip()) for one in text.split(",") if one.strip()]


def number(text: str) -> object:
    """Read a number; a comma is a point."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _literal(text: str) -> object:
    """Read a number, true, false, or a text, which stands in quotes where it would be one of these."""
    stripped = text.strip()
    if stripped in {"true", "false"}:
        return stripped == "true"
    if _NUMBER.fullmatch(stripped):
        return number(stripped)
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        try:
            return cast("str", json.loads(stripped))
        except ValueError:
            return stripped
    return text


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False) if "=" in key or key != key.strip() else key


def _pairs(text: str) -> list[tuple[str, Any]]:
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        key, sign, sent = line.partition('" =' if line.startswith('"') else "=")
        if line.startswith('"') and sign:
            key = json.loads(f'{key}"')
        found.append((key.strip() if not line.startswith('"') else key, _literal(sent.strip())))
    return found
