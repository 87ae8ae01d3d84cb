"""Forms from the catalogue of keys: the schema that project files, their documents and their mistakes come from.

A key that is added to the schema appears in its form by standing there. What a line of a form cannot say, such as headers,
steps and tables in tables, is left to the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from switchhook.projectfile.schema.project import FILE
from switchhook.projectfile.toml.tables import REQUIRED, Table, Tables
from switchhook.projectfile.toml.value_types import (
    ListOf,
    OneOf,
    Passage,
    Reference,
    Seconds,
    Text,
    Whole,
    YesNo,
)
from switchhook.projectfile.types.project import SuccessCodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchhook.projectfile.toml.mistakes import Mistake
    from switchhook.projectfile.toml.tables import TableKey
    from switchhook.projectfile.toml.value_types import ValueType

_CAPITALS: Final = {
    "url": "URL",
    "json": "JSON",
    "rpc": "RPC",
    "sip": "SIP",
    "id": "ID",
    "http": "HTTP",
}
_TABLES: Final = (Table, Tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of a form, as `catalogue_field` of `macros/catalogue.html` shows it."""

    key: str
    """The key of the project file, and the field's name in the form."""
    label: str
    widget: str
    """text, password, number, area, select, tick or lines."""
    value: str
    """What stands in it; of a tick `true` or nothing; of lines one in each."""
    help: str
    unit: str = ""
    default: str = ""
    """What holds where nothing is written."""
    choices: tuple[str, ...] = ()
    is_required: bool = False
    problem: str = ""


def table_of(kind: str) -> Table:
    """Return the table of a kind of resources, such as `forwarding_numbers`. Raises LookupError."""
    found = next(key.kind for key in FILE.keys if key.name == kind)
    if isinstance(found, Table):
        return found
    if isinstance(found, Tables) and isinstance(found.table, Table):
        return found.table
    raise LookupError(kind)


def form_fields(
    table: Table,
    value: Mapping[str, Any],
    *,
    names: Mapping[str, Sequence[object]] | None = None,
    problems: Mapping[str, str] | None = None,
    only: Iterable[str] | None = None,
) -> list[FormField]:
    """Return the fields of a table's keys that a line can say, with what `value` has for them.

    `names` are the choices of references, by what they refer to; `problems` what is wrong, by key; `only` the keys that
    are wanted, in their order.
    """
    keys = {key.name: key for key in table.keys}
    wanted = keys.values() if only is None else [keys[name] for name in only]
    return [
        _field(key, value.get(key.name), names or {}, (problems or {}).get(key.name, ""))
        for key in wanted
        if _widget(key.kind)
    ]


def form_patch(table: Table, form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form says as a merge patch (RFC 7396) of the table: an empty field takes its key away.

    Keys that are not in the form are left as they are, but for ticks: one without a tick is not sent, so a form names those
    that it has in its field `ticks`. What is no number stays a text, of which the check says what is wrong.
    """
    ticks = set(form.get("ticks", "").split())
    patch: dict[str, Any] = {}
    for key in table.keys:
        widget = _widget(key.kind)
        if widget == "tick" and key.name in ticks:
            patch[key.name] = key.name in form
        elif widget and key.name in form:
            patch[key.name] = _typed(key, widget, form[key.name])
    return patch


def problems_of(mistakes: Iterable[Mistake], *where: str | int) -> dict[str, str]:
    """Return mistakes by the key below a place such as `"schemes", 0`; those of other places under "", together."""
    told: dict[str, str] = {}
    for one in mistakes:
        is_below = one.path[: len(where)] == where and len(one.path) > len(where)
        key = str(one.path[len(where)]) if is_below else ""
        said = one.problem + (f"; {one.advice}" if one.advice else "")
        told[key] = f"{told[key]}. {said}" if key in told else said
    return told


def _widget(kind: ValueType) -> str:
    """Return how a kind of value is asked for; "" for what a line cannot say."""
    match kind:
        case YesNo():
            return "tick"
        case OneOf() | Reference():
            return "select"
        case Whole() | Seconds():
            return "number"
        case Passage():
            return "area"
        case Text(secret=True):
            return "password"
        case ListOf(kind=inner) if not isinstance(inner, (*_TABLES, ListOf)):
            return "lines" if _widget(inner) in {"text", "select", "number"} else ""
        case Table() | Tables() | ListOf():
            return ""
        case _:
            return "" if hasattr(kind, "rename") or hasattr(kind, "table") else "text"


def _field(
    key: TableKey, value: object, names: Mapping[str, Sequence[object]], problem: str
) -> FormField:
    widget = _widget(key.kind)
    choices: tuple[str, ...] = ()
    inner = key.kind.kind if isinstance(key.kind, ListOf) else key.kind
    if isinstance(inner, OneOf):
        choices = tuple(one.value for one in inner.of if one not in inner.former)
    elif isinstance(inner, Reference):
        choices = tuple(map(str, names.get(inner.to, ())))
    held = _shown(value, key)
    if choices and held and widget == "select" and held not in choices:
        choices += (held,)  # what it stands at, though it is no choice now
    return FormField(
        key=key.name,
        label=label_of(key.name),
        widget=widget,
        value=held,
        help=f"{key.help[:1].upper()}{key.help[1:]}.",
        unit=_unit(key.kind),
        default=_default(key),
        choices=choices,
        is_required=key.default is REQUIRED,
        problem=problem,
    )


def label_of(key: str) -> str:
    """Return a key as the label of its field: `shadow_url` is *Shadow URL*."""
    words = [_CAPITALS.get(word, word) for word in key.split("_")]
    return " ".join((words[0][:1].upper() + words[0][1:], *words[1:]))


def _unit(kind: ValueType) -> str:
    match kind:
        case Seconds():
            return "seconds"
        case Whole():
            return kind.unit
        case _:
            return ""


def _default(key: TableKey) -> str:
    """Write what holds without the key; "" where that is nothing."""
    if key.default is REQUIRED or key.default in (None, "", b"", ()):
        return ""
    items = key.default if isinstance(key.kind, ListOf) else (key.default,)
    inner = key.kind.kind if isinstance(key.kind, ListOf) else key.kind
    return "\n".join(inner.write(one).strip('"') for one in items)  # type: ignore[attr-defined] # a list's is one


def _shown(value: object, key: TableKey) -> str:
    """Write a value of the document as it stands in its field; a tick without one stands at its default."""
    at = key.default if value is None and isinstance(key.kind, YesNo) else value
    match at:
        case None | False:
            return ""
        case True:
            return "true"
        case list():
            return (", " if isinstance(key.kind, SuccessCodes) else "\n").join(map(str, at))
        case float() if at.is_integer():
            return str(int(at))
        case _:
            return str(at)


def _typed(key: TableKey, widget: str, text: str) -> object:
    """Read a field; None for an empty one, whose key goes."""
    if not text.strip():
        return None
    if widget == "lines" and isinstance(key.kind, ListOf):
        inner = key.kind.kind
        return [_single(inner, line.strip()) for line in text.splitlines() if line.strip()]
    if isinstance(key.kind, SuccessCodes) and text.strip() != "2xx":
        return [_number(one.strip()) for one in text.split(",")]
    return _single(key.kind, text if widget == "area" else text.strip())


def _single(kind: ValueType, text: str) -> object:
    inner = kind.kind if isinstance(kind, Reference) else kind
    return _number(text) if isinstance(inner, Whole | Seconds) else text


def _number(text: str) -> object:
    """Read a number; what is none stays a text, of which the check says what is wrong."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text
