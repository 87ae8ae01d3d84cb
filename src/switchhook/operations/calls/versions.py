"""One call with the version of its project that it followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from switchhook.errors import ExpectedError
from switchhook.operations.history import show_call
from switchhook.projectfile.loading import load_snapshot
from switchhook.storage.ports import Projects, Records

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.history import CallStory


class NoVersionError(ExpectedError, LookupError):
    """The version of the project that a call followed cannot be read any more."""


class StoriesAndVersions(Records, Projects, Protocol):
    """Keeps what happened, and the versions that it followed."""


async def show_call_and_version(
    store: StoriesAndVersions, call_id: str, *, only: str | None = None
) -> tuple[CallStory, ProjectSnapshot]:
    """Return a call's story with the version of its project that it followed.

    With `only`, another project's call is not there. Raises NoSuchCallError, NoVersionError.
    """
    story = await show_call(store, call_id, only=only)
    project, version = story.call.snapshot
    stored = await store.project(project, version)
    if stored is None:
        raise NoVersionError(
            f"version {version} of project {project}, which call {call_id} followed, is not stored any more"
        )
    try:
        return story, await asyncio.to_thread(load_snapshot, stored)
    except LookupError as error:
        raise NoVersionError(
            f"version {version} of project {project}, which call {call_id} followed, cannot be read: {error}"
        ) from error
