"""The reference tables of the docs, printed from what the code runs.

`python -m switchhook.cli.reference docs` writes them anew, each between its two marks.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchhook.domain.event import NO_FILTER
from switchhook.domain.scheme import UNCHANGED_NAME
from switchhook.projectfile.schema.call_tracking import CALL_TRACKING_TABLE, STATUS_ENTRY
from switchhook.projectfile.schema.credentials import BODY_HMAC, OAUTH
from switchhook.projectfile.schema.delivery_policy import OWNER_WARNINGS
from switchhook.projectfile.schema.event import (
    EVENT,
    EVENT_FILTER,
    EVENT_MAIL,
    EVENT_PARAMETER,
    EVENT_WEBHOOK,
    GOOGLE_ANALYTICS,
)
from switchhook.projectfile.schema.event_stream import EVENT_STREAM, STREAM_WEBHOOK
from switchhook.projectfile.schema.header import HEADER
from switchhook.projectfile.schema.project import (
    ACCOUNT,
    GROUP,
    NUMBER,
    OUTSIDE,
    PROJECT,
    RECORDING_RULES,
    SCREENING,
    SOUND,
    TRUNK,
    former_names,
)
from switchhook.projectfile.schema.scheme import SCHEME, STEPS, WORKING_HOURS
from switchhook.projectfile.schema.webhook import (
    DIAL_PLAN_WEBHOOK,
    FORWARDING_NUMBER,
    PARAMETER,
)
from switchhook.projectfile.templates.catalogue import list_templates
from switchhook.projectfile.toml.tables import REQUIRED, Tables
from switchhook.projectfile.toml.value_types import quote
from switchhook.settings import KEYS, PREFIX
from switchhook.webhooks.dialects import event_stream
from switchhook.webhooks.parameters import OWN, VENDORS
from switchhook.webhooks.timestamps import FORMATS, LENGTH_FORMATS, format_length, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.projectfile.toml.tables import Table, TableKey

_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


SCHEMA_FILE = "event-stream.schema.json"


def stream_schema() -> str:
    """Return the JSON Schema of the event stream, as it is published."""
    return json.dumps(event_stream.schema(), indent=2, ensure_ascii=False) + "\n"


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
        "call-tracking": CALL_TRACKING_TABLE,
        "status-entry": STATUS_ENTRY,
        "google-analytics": GOOGLE_ANALYTICS,
        "sounds": SOUND,
        "hours": WORKING_HOURS,
        "forwarding-numbers": FORWARDING_NUMBER,
        "dial-plan-webhooks": DIAL_PLAN_WEBHOOK,
        "schemes": SCHEME,
        "events": EVENT,
        "event-webhooks": EVENT_WEBHOOK,
        "event-mails": EVENT_MAIL,
        "event-filter": EVENT_FILTER,
        "event-stream": EVENT_STREAM,
        "recordings": RECORDING_RULES,
        "stream-webhooks": STREAM_WEBHOOK,
        "warnings": OWNER_WARNINGS,
        "event-parameter": EVENT_PARAMETER.table,
        **{f"step-{word.replace('_', '-')}": table for word, table in STEPS.items()},
        "parameter": PARAMETER.table,
        "header": HEADER.table,
        "hmac": BODY_HMAC,
        "oauth": OAUTH,
    }
    return {name: key_table(table) for name, table in parts.items()} | {
        "former-names": former_names_table(),
        "settings": settings_table(),
        "parameters": parameters_table(),
        "own-parameters": own_parameters_table(),
        "date-styles": date_styles_table(),
        "length-styles": length_styles_table(),
        "templates": templates_table(),
        "stream-events": stream_events_table(),
        "stream-posted": stream_members_table("StreamPosted"),
        "stream-call": stream_members_table("StreamCall"),
        "stream-attempt": stream_members_table("StreamAttempt"),
        "stream-party": stream_members_table("StreamParty"),
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


def stream_events_table() -> str:
    """List the types of the stream's events, with the members that they have besides those of all."""
    schema = event_stream.schema()
    common = set(schema["$defs"]["CallCreatedBody"]["properties"])
    rows = []
    for body in (schema["$defs"][ref["$ref"].rpartition("/")[2]] for ref in schema["oneOf"]):
        own = [f"`{name}`" for name in body["properties"] if name not in common]
        (name,) = body["properties"]["type"]["enum"]
        rows.append((f"`{name}`", body["description"].removesuffix("."), ", ".join(own) or "-"))
    return markdown(("type", "published when", "has besides"), rows)


def stream_members_table(part: str) -> str:
    """Describe the members of a part of the stream's events."""
    members = event_stream.schema()["$defs"][part]["properties"]
    rows = [(f"`{name}`", _member(member)) for name, member in members.items()]
    return markdown(("member", "what"), rows)


def _member(member: dict[str, Any]) -> str:
    """Say what a member is: its own words, else its kind."""
    kinds = [one for one in member.get("anyOf", [member]) if one.get("type") != "null"]
    parts = (member, *kinds)
    said = next((str(one["description"]) for one in parts if "description" in one), "")
    refs = [one["$ref"].rpartition("/")[2] for one in kinds if "$ref" in one]
    word = f"`{refs[0]}`" if refs else str(kinds[0].get("type", ""))
    null = " or null" if len(kinds) < len(member.get("anyOf", [member])) else ""
    return f"{word}{null}{'. ' if said else ''}{said.removesuffix('.')}"


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
    """Write the tables into every page of a folder, and the schema of the event stream beside them."""
    for page in sorted(Path(sys.argv[1]).glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(write_tables(text), encoding="utf-8")
    Path(sys.argv[1], SCHEMA_FILE).write_text(stream_schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
