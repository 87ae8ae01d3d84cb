"""The project file: a person's TOML to a project, with every mistake in one go, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.documents.kinds import ListOf
from switchhook.documents.tables import pair
from switchhook.documents.toml import read_document
from switchhook.operations.project_schema import FILE, PROJECT, TABLES, names_of
from switchhook.operations.scheme_schema import SCHEME, table_of
from switchhook.operations.webhook_schema import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.documents.mistakes import Mistakes
    from switchhook.documents.tables import Table
    from switchhook.domain.project import Project
    from switchhook.domain.scheme import Scheme


def read_project(text: str) -> Project | Mistakes:
    """Read a project file. Never raises; a project comes back only when nothing is wrong.

    The version of the project is 1: the store counts versions.
    """
    project: Project | Mistakes = read_document(text, FILE, names_of)
    return project


def write_project(project: Project) -> str:
    """Write a project as a file that `read_project` makes an equal project of, version aside.

    Always the same text for the same project: keys stand in the order of the reference, and those
    at their defaults are left out. Passwords are in it.
    """
    return "\n".join(_lines(project))


def _lines(project: Project) -> Iterator[str]:
    yield "[project]"
    yield from _pairs(PROJECT, project)
    for name, table in TABLES.items():
        for item in getattr(project, name):
            yield ""
            yield f"[[{name}]]"
            yield from _scheme(item) if table is SCHEME else _pairs(table, item)
    yield ""


def _scheme(scheme: Scheme) -> Iterator[str]:
    for key, value in SCHEME.given(scheme):
        if key.name != "steps":
            yield pair(key.name, key.kind, value)
    for step in scheme.steps:
        yield ""
        yield "[[schemes.steps]]"
        yield from _pairs(table_of(step), step)


def _pairs(table: Table, value: object) -> Iterator[str]:
    for key, item in table.given(value):
        if isinstance(key.kind, ListOf) and isinstance(key.kind.kind, Pair):
            yield f"{key.name} = ["
            yield from (f"  {key.kind.kind.write(each)}," for each in item)
            yield "]"
        else:
            yield pair(key.name, key.kind, item)
