"""The reference tables of the docs, printed from what the code runs.

`python -m switchhook.cli.reference docs` writes them anew, each between its two marks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from switchhook.domain.event import NO_FILTER
from switchhook.domain.scheme import UNCHANGED_NAME
from switchhook.projectfile.schema.event import (
    EVENT,
    EVENT_FILTER,
    EVENT_MAIL,
    EVENT_PARAMETER,
    EVENT_WEBHOOK,
)
from switchhook.projectfile.schema.project import (
    ACCOUNT,
    GROUP,
    NUMBER,
    OUTSIDE,
    PROJECT,
    SCREENING,
    SOUND,
    TRUNK,
    former_names,
)
from switchhook.projectfile.schema.scheme import SCHEME, STEPS, WORKING_HOURS
from switchhook.projectfile.schema.webhook import (
    DIAL_PLAN_WEBHOOK,
    FORWARDING_NUMBER,
    HEADER,
    PARAMETER,
)
from switchhook.projectfile.templates.catalogue import list_templates
from switchhook.projectfile.toml.tables import REQUIRED, Tables
from switchhook.projectfile.toml.value_types import quote
from switchhook.settings import KEYS, PREFIX
from switchhook.webhooks.parameters import OWN, VENDORS
from switchhook.webhooks.timestamps import FORMATS, LENGTH_FORMATS, format_length, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.projectfile.toml.tables import Table, TableKey

_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def tables() -> dict[str, str]:
    """Return every table as Markdown, by the name in its mark."""
    parts = {
        "project": PROJECT,
        "numbers": NUMBER,
        "accounts": ACCOUNT,
        "groups": GROUP,
        "trunks": TRUNK,
        "screening": SCREENING,
        "outside-calls": OUTSIDE,
        "sounds": SOUND,
        "hours": WORKING_HOURS,
        "forwarding-numbers": FORWARDING_NUMBER,
        "dial-plan-webhooks": DIAL_PLAN_WEBHOOK,
        "schemes": SCHEME,
        "events": EVENT,
        "event-webhooks": EVENT_WEBHOOK,
        "event-mails": EVENT_MAIL,
        "event-filter": EVENT_FILTER,
        "event-parameter": EVENT_PARAMETER.table,
        **{f"step-{word.replace('_', '-')}": table for word, table in STEPS.items()},
        "parameter": PARAMETER.table,
        "header": HEADER.table,
    }
    return {name: key_table(table) for name, table in parts.items()} | {
        "former-names": former_names_table(),
        "settings": settings_table(),
        "parameters": parameters_table(),
        "own-parameters": own_parameters_table(),
        "date-styles": date_styles_table(),
        "length-styles": length_styles_table(),
        "templates": templates_table(),
    }


def key_table(table: Table) -> str:
    """Describe the keys of one table of the project file."""
    rows = [
        (f"`{key.name}`", _allowed(key), _default(key), _sentence(key.help)) for key in table.keys
    ]
    return markdown(("key", "allowed", "default", "meaning"), rows)


def former_names_table() -> str:
    """List the names that keys had in earlier versions."""
    rows = [
        (f"`{former.name}`", f"`{now}`", where, former.since)
        for where, now, former in former_names()
    ]
    return markdown(("former name", "key", "in", "since"), rows)


def settings_table() -> str:
    """Describe every setting, in each of its three places."""
    rows = [
        (
            f"`{key.name}`",
            f"`--{key.name.replace('_', '-')}`",
            f"`{PREFIX}{key.name.upper()}`",
            _allowed(key),
            _default(key),
            _sentence(key.help),
        )
        for key in KEYS
    ]
    return markdown(("in the file", "flag", "environment", "allowed", "default", "meaning"), rows)


def parameters_table() -> str:
    """List the vendors' parameters."""
    rows = [(f"`{parameter.key}`", parameter.label) for parameter in VENDORS.values()]
    return markdown(("parameter", "name in vendors' documents"), rows)


def own_parameters_table() -> str:
    """Describe our own parameters, with their values where those are few."""
    rows = [
        (f"`{one.key}`", _sentence(one.help), ", ".join(f"`{value}`" for value in one.values))
        for one in OWN.values()
    ]
    return markdown(("parameter", "meaning", "values"), rows)


def date_styles_table() -> str:
    """Show what each style makes of one moment."""
    rows = [(f"`date:{name}`", f"`{_example(name)}`") for name in FORMATS]
    return markdown(("value", "example"), rows)


def length_styles_table() -> str:
    """Show what each style makes of one length."""
    rows = [
        (f"`conversation{f':{name}' if name else ''}`", f"`{format_length(125.25, name)}`")
        for name in ("", *LENGTH_FORMATS)
    ]
    return markdown(("value", "example"), rows)


def templates_table() -> str:
    """List each template with its receiver, what that gets, and the gaps."""
    rows = [
        (
            f"`{template.name}`",
            template.receiver,
            template.gets,
            "<br>".join(f"`{gap}`: {help_}" for gap, help_ in template.gaps.items()) or "nothing",
        )
        for template in list_templates()
    ]
    return markdown(("template", "receiver", "what it gets", "what to fill in"), rows)


def _example(style: str) -> str:
    return format_timestamp(1_534_147_871, time_zone="Europe/Kyiv", style=style)


def markdown(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    head = [tuple(columns)]
    lines = [f"| {' | '.join(row)} |" for row in (*head, ("---",) * len(head[0]), *rows)]
    return "".join(f"{line}\n" for line in lines)


def _allowed(key: TableKey) -> str:
    if isinstance(key.kind, Tables):
        above = _ABOVE.get(key.name, "schemes.steps")
        return f"`[[{above}.{key.name}]]` tables"
    return key.kind.allowed.replace("|", "\\|")


_ABOVE = {"steps": "schemes", "webhooks": "events", "mails": "events"}
"""The headers that tables stand inside of; the others are branches of steps."""


def _default(key: TableKey) -> str:
    if key.default is REQUIRED:
        return "required"
    if key.default is None or key.default in {"", b"", ()}:
        return "none"
    if key.default in {UNCHANGED_NAME, NO_FILTER}:
        return "none"
    if isinstance(key.default, str):
        return f"`{quote(key.default)}`"  # on one line, which a table's cell is
    return f"`{key.kind.write(key.default)}`"


def _sentence(help_: str) -> str:
    return f"{help_[:1].upper()}{help_[1:]}"


def write_tables(text: str) -> str:
    """Put the tables between their marks. Raises KeyError for a mark that names none."""
    made = tables()
    return _BLOCK.sub(lambda found: f"{found[1]}{made[found['name']]}{found[3]}", text)


def main() -> None:
    """Write the tables into every page of a folder."""
    for page in sorted(Path(sys.argv[1]).glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(write_tables(text), encoding="utf-8")


if __name__ == "__main__":
    main()
