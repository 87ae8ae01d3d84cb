"""The fields of a form: the keys of a table of the schema, with what a value has for them. Names are the paths of mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from switchhook.console.forms.widgets import (
    Widget,
    as_text,
    item_kind,
    row_table,
    unit_of,
    widget_of,
    words_of,
)
from switchhook.projectfile.toml.tables import REQUIRED, Table
from switchhook.projectfile.toml.value_types import ListOf, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.projectfile.toml.tables import TableKey

ORIGIN: Final = "@"
"""The key of a row that says which row of the stored list it was: its secrets are kept by it."""
_CAPITALS: Final = {
    one: one.upper() for one in ("url", "json", "rpc", "sip", "id", "http", "hmac", "ivr", "tls")
} | {"oauth": "OAuth"}
Choice = tuple[str, str]
"""What is sent, and what is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field, or a group or a list of them, as `macros/fields.html` shows it."""

    name: str
    """Where it stands: `retries`, `headers[0].name`."""
    label: str
    widget: Widget
    value: str = ""
    checked: tuple[str, ...] = ()
    help: str = ""
    unit: str = ""
    default: str = ""
    """What holds where nothing is written."""
    choices: tuple[Choice, ...] = ()
    is_required: bool = False
    is_kept: bool = False
    """Whether a secret stands that is not shown."""
    is_set: bool = False
    """Whether the document says anything here."""
    problem: str = ""
    is_wrong: bool = False
    """Whether something is wrong with it, or in it."""
    fields: tuple[FormField, ...] = ()
    """Those of a group."""
    rows: tuple[FormRow, ...] = ()

    def all_names(self) -> Iterator[str]:
        """Yield its name, and those of all that is in it."""
        yield self.name
        for row in self.rows:
            yield row.name
        for one in (*self.fields, *(one for row in self.rows for one in row.fields)):
            yield from one.all_names()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One table of a list."""

    name: str
    """`headers[0]`."""
    origin: str
    """The place that it had in the stored list; empty for a new one."""
    problem: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a page calls a key, where it has a better word than the key itself; `said` stands before the help."""

    label: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormContext:
    """What all fields of a form are made with."""

    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    """Those of references, by what they refer to."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, by names of fields."""
    words: Mapping[str, Words] = field(default_factory=dict)
    """By names of fields, without the numbers of rows."""


def form_fields(
    table: Table, value: Mapping[str, Any], base: Mapping[str, Any], context: FormContext
) -> tuple[FormField, ...]:
    """Return the fields of a table. `value` is shown, `base` is stored: its secrets are not shown."""
    return tuple(_fields(table, value, base, context, ""))


def _fields(
    table: Table,
    value: Mapping[str, Any],
    base: Mapping[str, Any],
    context: FormContext,
    prefix: str,
) -> Iterator[FormField]:
    for key in table.keys:
        widget = widget_of(key.kind)
        if widget is not None:
            own, stored = value.get(key.name), base.get(key.name)
            yield _field(key, widget, own, stored, context, f"{prefix}{key.name}")


def _field(  # noqa: PLR0917 (one key, and where it stands)
    key: TableKey,
    widget: Widget,
    value: object,
    stored: object,
    context: FormContext,
    name: str,
) -> FormField:
    words = context.words.get(without_places(name), Words())
    is_kept = widget in SECRETS and stored is not None and value == stored
    fields = _group(key, value, stored, context, name) if widget is Widget.GROUP else ()
    rows = _rows(key, value, stored, context, name) if widget is Widget.ROWS else ()
    problem = context.problems.get(name, "")
    inner = (*fields, *(one for row in rows for one in row.fields))
    is_ticks = widget is Widget.CHECKS and isinstance(value, list)
    is_text = widget not in {Widget.GROUP, Widget.ROWS} and not (is_kept or is_ticks)
    return FormField(
        name=name,
        label=words.label or label_of(key.name),
        widget=widget,
        value=as_text(key.kind, value) if is_text else "",
        checked=tuple(map(str, value)) if is_ticks and isinstance(value, list) else (),
        help=f"{words.said} {sentence(key.help)}".strip(),
        unit=unit_of(key.kind),
        default=_default(key, widget),
        choices=_choices(key, widget, value, context),
        is_required=key.default is REQUIRED,
        is_kept=is_kept,
        is_set=value is not None,
        problem=problem,
        is_wrong=bool(problem)
        or any(row.problem for row in rows)
        or any(one.is_wrong for one in inner),
        fields=fields,
        rows=rows,
    )


SECRETS: Final = frozenset({Widget.SECRET, Widget.SECRET_AREA, Widget.SECRET_LINES})


def _group(
    key: TableKey, value: object, stored: object, context: FormContext, name: str
) -> tuple[FormField, ...]:
    assert isinstance(key.kind, Table)  # noqa: S101 (for the type checker: a group is one)
    return tuple(_fields(key.kind, as_dict(value), as_dict(stored), context, f"{name}."))


def _rows(
    key: TableKey, value: object, stored: object, context: FormContext, name: str
) -> tuple[FormRow, ...]:
    table = row_table(key.kind)
    if table is None or not isinstance(value, list):
        return ()
    before = stored if isinstance(stored, list) else []
    rows = []
    for place, item in enumerate(value):
        own = as_row(item)
        origin = own.get(ORIGIN, place if value is stored else None)
        at_before = origin if isinstance(origin, int) and 0 <= origin < len(before) else None
        base = {} if at_before is None else as_row(before[at_before])
        at = f"{name}[{place}]"
        rows.append(
            FormRow(
                name=at,
                origin="" if at_before is None else str(at_before),
                problem=context.problems.get(at, ""),
                fields=tuple(_fields(table, own, base, context, f"{at}.")),
            )
        )
    return tuple(rows)


def as_dict(value: object) -> dict[str, Any]:
    """Return a table, or an empty one in place of what is none."""
    return value if isinstance(value, dict) else {}


def as_row(item: object) -> dict[str, Any]:
    """Return a row: an item of an array may be a parameter alone."""
    return item if isinstance(item, dict) else {"value": item}


def _choices(
    key: TableKey, widget: Widget, value: object, context: FormContext
) -> tuple[Choice, ...]:
    if widget is Widget.YES_NO:
        return (("true", "Yes"), ("false", "No"))
    if widget not in {Widget.SELECT, Widget.CHECKS}:
        return ()
    inner = item_kind(key.kind)
    if isinstance(inner, Reference):
        found = tuple(context.choices.get(inner.to, ()))
    else:
        found = tuple((one, one) for one in words_of(inner))
    held = value if isinstance(value, list) else [value]
    known = {sent for sent, _ in found}
    lost = [str(one) for one in held if one not in {None, ""} and str(one) not in known]
    return found + tuple(
        (one, one) for one in lost
    )  # what it stands at, though it is no choice now


def label_of(key: str) -> str:
    """Return a key as the label of its field: `shadow_url` is *Shadow URL*."""
    words = [_CAPITALS.get(word, word) for word in key.split("_")]
    return " ".join((words[0][:1].upper() + words[0][1:], *words[1:]))


def sentence(said: str) -> str:
    """Write the help of a key as a sentence; first words in code stay as they are."""
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _default(key: TableKey, widget: Widget) -> str:
    """Write what holds without the key; "" where that is nothing."""
    if (
        key.default is REQUIRED
        or key.default in (None, "", b"", ())
        or widget in {Widget.GROUP, Widget.ROWS, Widget.PAIRS}
    ):
        return ""
    if widget is Widget.YES_NO:
        return "yes" if key.default else "no"
    items: Any = key.default if isinstance(key.kind, ListOf) else (key.default,)
    inner = item_kind(key.kind)
    return ", ".join(inner.write(one).strip('"') for one in items)


def without_places(name: str) -> str:
    """Return a field's name without the numbers of rows: `headers[0].name` is `headers.name`."""
    return "".join(
        part.partition("]")[2] if place else part for place, part in enumerate(name.split("["))
    )
