"""From stored project files to the book that calls are answered from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from switchhook.domain.book import Book
from switchhook.domain.project import Plan, Project
from switchhook.operations.project_file import read_project

if TYPE_CHECKING:
    from switchhook.storage.records import StoredProject

log = structlog.get_logger(__name__)


class StoredProjects(Protocol):
    """Remembers projects; the store."""

    async def projects(self) -> tuple[StoredProject, ...]:
        """Return the latest version of every project, by id."""


def load_plan(stored: StoredProject) -> Plan:
    """Make a stored version ready for calls.

    Raises LookupError when this release cannot read it: it was written by a later one.
    """
    project = read_project(stored.document)
    if not isinstance(project, Project):
        raise LookupError(f"version {stored.version} of project {stored.id}: {project}")
    return Plan(replace(project, version=stored.version))


async def load_book(store: StoredProjects) -> Book:
    """Return the book of all projects' latest versions; one that cannot be read is logged."""
    plans = []
    for stored in await store.projects():
        try:
            plans.append(load_plan(stored))
        except LookupError as error:
            log.error("project not loaded", project=stored.id, error=str(error))  # noqa: TRY400 - the reader needs no traceback
    return Book(plans)
