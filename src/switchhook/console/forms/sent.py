"""Reads what a form sent as the value of its table, and says what a person changed of it: a patch, as programs send one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from switchhook.console.forms.fields import ORIGIN, SECRETS, as_dict, as_row
from switchhook.console.forms.widgets import (
    Widget,
    is_plain_item,
    item_kind,
    row_table,
    typed,
    widget_of,
)
from switchhook.projectfile.toml.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.projectfile.toml.tables import TableKey

SentTexts = dict[str, list[str]]
"""The texts of a form by names of fields."""
DROP: Final = "drop:"
"""Begins the name of the tick that removes a secret."""
MAX_ROWS: Final = 1_000
_ROW: Final = re.compile(r"\[([0-9]{1,4})\]")
_ACT: Final = re.compile(r"(add|remove|up|down) ([A-Za-z0-9_.\[\]-]+?)(?:\[([0-9]{1,4})\])?")


def read_form(table: Table, sent: SentTexts, base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value that a form says. What it has no field for, and secrets that nobody wrote anew, are those of `base`.

    Rows hold under ORIGIN which one of the stored rows they were: `plain` takes that away.
    """
    return _table(table, sent, base, "")


def _table(table: Table, sent: SentTexts, base: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    known = {key.name for key in table.keys}
    made: dict[str, Any] = {}
    for key in table.keys:
        value = _value(key, sent, base.get(key.name), f"{prefix}{key.name}")
        if value is not None:
            made[key.name] = value
    return made | {name: one for name, one in base.items() if name not in known}


def _value(key: TableKey, sent: SentTexts, stored: object, name: str) -> object:
    """Return what the form says of a key; None where that is nothing."""
    widget = widget_of(key.kind)
    if widget is Widget.GROUP and isinstance(key.kind, Table):
        if name not in sent:
            return stored
        return _table(key.kind, sent, as_dict(stored), f"{name}.") or None
    texts = sent.get(name)
    if widget is None or texts is None:
        return stored
    if widget is Widget.ROWS:
        return _rows(key, sent, stored, name) or None
    if widget is Widget.CHECKS:
        kind = item_kind(key.kind)
        ticked = [one for one in texts if one]
        before = [str(one) for one in stored] if isinstance(stored, list) else []
        rank = {one: place for place, one in enumerate(before)}
        return [
            typed(kind, one) for one in sorted(ticked, key=lambda one: rank.get(one, MAX_ROWS))
        ] or None
    text = texts[-1]
    if widget in SECRETS:
        if sent.get(f"{DROP}{name}"):
            return None
        return typed(key.kind, text) if text.strip() else stored
    return typed(key.kind, text) if text.strip() else None


def _rows(key: TableKey, sent: SentTexts, stored: object, name: str) -> list[Any]:
    table = row_table(key.kind)
    before = stored if isinstance(stored, list) else []
    if table is None:
        return before
    made = []
    for place in _places(sent, name):
        at = f"{name}[{place}]"
        origin = (sent.get(f"{at}.{ORIGIN}") or [""])[-1]
        is_known = origin.isascii() and origin.isdecimal() and int(origin) < len(before)
        base = as_row(before[int(origin)]) if is_known else {}
        row = _table(table, sent, base, f"{at}.")
        made.append(row | {ORIGIN: int(origin)} if is_known else row)
    return made


def _places(sent: SentTexts, name: str) -> list[int]:
    found = set()
    for one in sent:
        if one.startswith(f"{name}[") and (match := _ROW.match(one, len(name))):
            found.add(int(match[1]))
    return sorted(found)[:MAX_ROWS]


def acted(table: Table, value: dict[str, Any], act: str) -> dict[str, Any]:
    """Return a value after a button of its rows was pressed: `add headers`, `remove headers[1]`, `up headers[1]`."""
    match = _ACT.fullmatch(act)
    if match is None:
        return value
    word, name, place = match[1], match[2], match[3]
    del table
    rows = _list_at(value, name)
    if rows is None:
        return value
    here = int(place) if place else len(rows)
    if word == "add":
        rows.append({})
    elif here < len(rows):
        row = rows.pop(here)
        if word != "remove":
            rows.insert(max(0, here + (1 if word == "down" else -1)), row)
    return value


def _list_at(value: dict[str, Any], name: str) -> list[Any] | None:
    """Return the list of a path such as `parameters[0].array`, made where it is not there yet."""
    here: Any = value
    parts = name.split(".")
    for part in parts[:-1]:
        key, _, rest = part.partition("[")
        here = here.get(key) if isinstance(here, dict) else None
        for place in _ROW.findall(f"[{rest}") if rest else ():
            here = here[int(place)] if isinstance(here, list) and int(place) < len(here) else None
        if here is None and not rest:
            return None
    if not isinstance(here, dict):
        return None
    found = here.setdefault(parts[-1], [])
    return found if isinstance(found, list) else None


def plain(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value as a document has it: no marks of rows, no empty rows, and parameters alone where a row is no more."""
    made: dict[str, Any] = {}
    kinds = {key.name: key.kind for key in table.keys}
    for name, one in value.items():
        if name == ORIGIN:
            continue
        kind = kinds.get(name)
        inner = None if kind is None else row_table(kind)
        if kind is not None and inner is not None and isinstance(one, list):
            rows = [plain(inner, row) if isinstance(row, dict) else row for row in one]
            kept = [row for row in rows if row != {}]
            if is_plain_item(kind):
                kept = [
                    row["value"] if isinstance(row, dict) and {*row} == {"value"} else row
                    for row in kept
                ]
            if kept:
                made[name] = kept
        elif isinstance(kind, Table) and isinstance(one, dict):
            made[name] = plain(kind, one)
        else:
            made[name] = one
    return made


def patch_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes a table of another one, as a JSON merge patch (RFC 7396)."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        if name not in before:
            patch[name] = value
        elif isinstance(value, dict) and isinstance(before[name], dict):
            if inner := patch_of(before[name], value):
                patch[name] = inner
        elif value != before[name] or type(value) is not type(before[name]):
            patch[name] = value
    return patch


def texts_of(pairs: Iterable[tuple[str, object]]) -> SentTexts:
    """Return the texts of a form, without its files."""
    sent: SentTexts = {}
    for name, value in pairs:
        if isinstance(value, str):
            sent.setdefault(name, []).append(value)
    return sent
