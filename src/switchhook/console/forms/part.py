"""Pages that edit a part of a project by a form of its schema: show, take, check, save, compare, remove.

A change is the same operation as over the API and by the command line: a merge patch (RFC 7396) under a precondition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from switchhook.api.access.auditing import note_facts
from switchhook.api.file_reader import read_in_worker
from switchhook.console.forms.fields import (
    SECRETS,
    Choice,
    FormContext,
    FormField,
    Words,
    as_dict,
    as_row,
    form_fields,
    label_of,
)
from switchhook.console.forms.sent import patch_of, plain
from switchhook.console.forms.widgets import Widget, as_text, row_table, widget_of
from switchhook.operations.document.resources import (
    ChangeOutcome,
    Changing,
    Precondition,
    ResourceChanged,
)
from switchhook.projectfile.resources import KINDS
from switchhook.projectfile.schema.project import FILE, names_of
from switchhook.projectfile.toml.mistakes import written
from switchhook.projectfile.toml.tables import Table, Tables
from switchhook.views.project_resources import changed_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.console.page import Page
    from switchhook.operations.document.editing import EditedPart
    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.mistakes import Mistake
    from switchhook.projectfile.toml.tables import TableKey

HIDDEN: Final = "•••"
NOT_IN_FORMS: Final[Mapping[tuple[str, str], str]] = {
    (
        "schemes",
        "steps",
    ): "steps nest: the page of the scheme edits them, each by a form of its own",
}
"""The keys, by kind and name, that a form of their kind leaves out, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSection:
    """Fields that stand together under a heading."""

    title: str
    keys: tuple[str, ...]
    lead: str = ""
    is_folded: bool = False
    """Whether it is shut while nothing is set in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartForm:
    """How a page shows the form of a kind of resources. Keys that no section names stand in a last one, *More*."""

    kind: str
    sections: tuple[FormSection, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        """Return the table of the schema."""
        return table_of(self.kind)

    @property
    def key(self) -> str:
        """Return the key that names one; empty for a table that there is one of."""
        return KINDS[self.kind].key


def table_of(kind: str) -> Table:
    """Return the table of a kind of resources, such as `forwarding_numbers`. Raises LookupError."""
    found = next((key.kind for key in FILE.keys if key.name == kind), None)
    inner = found.table if isinstance(found, Tables) else found
    if not isinstance(inner, Table):
        raise LookupError(kind)  # noqa: TRY004 (the kind is unknown)
    return inner


def shown_sections(
    form: PartForm,
    value: Mapping[str, Any],
    part: EditedPart,
    mistakes: Iterable[Mistake] = (),
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the sections of a form with their fields, and what is wrong that belongs to no field."""
    choices = choices_in(part.document)
    bare = form_fields(form.table, value, part.base, FormContext())
    names = {name for one in bare for name in one.all_names()}
    problems, others = problems_of(mistakes, part.path, names)
    context = FormContext(choices=choices, problems=problems, words=form.words)
    fields = {one.name: one for one in form_fields(form.table, value, part.base, context)}
    return list(_sections(form, fields)), others


def _sections(form: PartForm, fields: dict[str, FormField]) -> Iterable[dict[str, Any]]:
    named = {key for section in form.sections for key in section.keys}
    rest = tuple(name for name in fields if name not in named)
    more = FormSection(title="More" if form.sections else "", keys=rest, is_folded=bool(named))
    for section in (*form.sections, more):
        held = [fields[key] for key in section.keys if key in fields]
        if held:
            yield {
                "title": section.title,
                "lead": section.lead,
                "is_folded": section.is_folded,
                "is_open": any(one.is_set or one.is_wrong for one in held),
                "fields": held,
            }


def choices_in(document: Mapping[str, Any]) -> dict[str, list[Choice]]:
    """Return what references of a document may point to, with the names that people know."""
    said = {
        "scheme": _names(document, "schemes", "id"),
        "account": _names(document, "accounts", "login"),
    }
    return {
        to: [
            (str(one), f"{one} · {name}" if (name := said.get(to, {}).get(one)) else str(one))
            for one in sorted(found, key=lambda one: (str(type(one)), one))
        ]
        for to, found in names_of(document).items()
    }


def _names(document: Mapping[str, Any], kind: str, key: str) -> dict[Any, str]:
    tables = document.get(kind, [])
    return {
        one[key]: str(one.get("name", "")) for one in tables if isinstance(one, dict) and key in one
    }


def problems_of(
    mistakes: Iterable[Mistake], path: KeyPath, names: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Return mistakes by the fields of a part's form, and in words those that belong to none."""
    known = set(names)
    problems: dict[str, str] = {}
    others = []
    for one in mistakes:
        said = one.problem + (f"; {one.advice}" if one.advice else "")
        name = _field_of(one, path, known)
        if name:
            problems[name] = f"{problems[name]}. {said}" if name in problems else said
        else:
            others.append(str(one))
    return problems, others


def _field_of(one: Mistake, path: KeyPath, known: set[str]) -> str:
    """Return the field that a mistake is about: the nearest around it that the form has; "" for none."""
    if one.path[: len(path)] != path:
        return ""
    below = one.path[len(path) :]
    missing = one.problem.removesuffix(" is missing")
    if missing != one.problem and written((*below, missing)) in known:
        return written((*below, missing))
    for end in range(len(below), 0, -1):
        if written(below[:end]) in known:
            return written(below[:end])
    return ""


def change_in(form: PartForm, part: EditedPart, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an editor changed of what they saw first, as a merge patch."""
    return patch_of(part.base, plain(form.table, value))


def meanwhile(form: PartForm, part: EditedPart) -> list[dict[str, str]]:
    """Return what others changed of a part since an editor began: label, before and now; secrets are not shown."""
    kinds = {key.name: key for key in form.table.keys}
    names = dict.fromkeys((*part.base, *part.now))
    return [
        {
            "label": form.words.get(name, Words()).label or label_of(name),
            "before": _told(kinds.get(name), part.base.get(name)),
            "now": _told(kinds.get(name), part.now.get(name)),
        }
        for name in names
        if part.base.get(name) != part.now.get(name)
    ]


def _told(key: TableKey | None, value: object) -> str:
    if value is None or key is None:
        return ""
    shown = _without_secrets(key, value)
    return (
        json.dumps(shown, ensure_ascii=False)
        if isinstance(shown, dict | list)
        else as_text(key.kind, shown)
    )


def _without_secrets(key: TableKey, value: object) -> object:
    widget, table = widget_of(key.kind), row_table(key.kind)
    if widget in SECRETS:
        return HIDDEN
    if widget is Widget.GROUP and isinstance(key.kind, Table):
        return _table_told(key.kind, as_dict(value))
    if widget is Widget.ROWS and table is not None and isinstance(value, list):
        return [_table_told(table, as_row(one)) for one in value]
    return value


def _table_told(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.name: _without_secrets(key, value[key.name]) for key in table.keys if key.name in value
    }


def how_changed(
    page: Page, when: Precondition | None = None, *, is_trial: bool = False
) -> Changing:
    """Return how a person changes the project of a page."""
    return Changing(
        by=page.by,
        only=page.project,
        sounds=page.api.missing_sounds,
        reads=read_in_worker,
        when=when or Precondition(),
        is_trial=is_trial,
    )


async def take_over(page: Page, outcome: ChangeOutcome) -> str:
    """Let the next call follow a change that was made, note it in the audit log, and say so; "" where none was made."""
    if not isinstance(outcome, ResourceChanged):
        return ""
    told = changed_as_json(outcome)
    version = outcome.applied.version
    note_facts(
        before={"version": version - outcome.applied.is_new},
        after={"version": version, "changes": told["changes"]},
    )
    await page.api.applied()
    said = (
        f"Saved as version {version}." if outcome.applied.is_new else "Nothing was changed by it."
    )
    return " ".join((said, *(f"{one[:1].upper()}{one[1:]}." for one in outcome.applied.notes[:2])))
