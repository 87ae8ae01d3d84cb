"""The events of a project over HTTP: list, show, copy, save and remove one (R2-16…21, R2-39…42)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.file_reader import read_in_worker
from switchhook.api.projects import (
    FILE_RESPONSES,
    Version,
    as_version,
    own_project,
)
from switchhook.api.responses import COMMON_RESPONSES, Detail, read_body, response_spec
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.event import EventKind
from switchhook.domain.project import Project
from switchhook.operations import project_events as operations
from switchhook.operations.project_events import (
    BuiltInEventError,
    EventDraft,
    EventTextError,
    NoSuchEventError,
)
from switchhook.operations.project_versions import current_project
from switchhook.storage.records import Count
from switchhook.tasks import compute
from switchhook.views.project_events import event_draft, event_row

SecretsWanted = Annotated[
    bool, QueryParameter(description="Must be true: an event holds its keys and passwords.")
]
EVENT_RESPONSES = FILE_RESPONSES | {
    403: response_spec(Detail, "The token is not good, or the event is built-in.")
}


class CopyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a copy is to be."""

    to: EventKind
    name: str = ""
    """Empty: the original's, with `copy` behind it."""


class ProjectEventController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/events"
    tags = ("events of a project",)

    @get(responses=COMMON_RESPONSES)
    async def list(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[dict[str, Any]]:
        """List the events, the built-in one first; of an endpoint its host alone.

        An event is with error while deliveries of it need somebody; they are counted to 1,000.
        """
        found = await _project(request, deps, project)
        return await compute(_rows, found, await deps.store.unchecked_by_webhook(found.id))

    @get("/{event:str}", responses=COMMON_RESPONSES)
    async def show(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        event: FromPath[str],
        *,
        secrets: SecretsWanted = False,
    ) -> dict[str, Any]:
        """Show one event under the keys of the project file, with its secrets."""
        found = await _project(request, deps, project)
        _check_secrets(asked=secrets)
        with _told():
            shown = operations.find_event(found, event)
        unchecked = await deps.store.unchecked_by_webhook(found.id)
        return event_draft(EventDraft(event=shown, marks=operations.errors_of(shown, unchecked)))

    @post("/{event:str}/copy", status_code=200, responses=COMMON_RESPONSES)
    async def copy(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        event: FromPath[str],
        *,
        secrets: SecretsWanted = False,
    ) -> dict[str, Any]:
        """Answer a copy for another moment of a call, and what does not fit in it. Nothing is stored: PUT saves it."""
        found = await _project(request, deps, project)
        _check_secrets(asked=secrets)
        try:
            wanted = msgspec.json.decode(await read_body(request), type=CopyRequest)
        except ValueError as error:
            raise ClientException(f'send {{"to": "outgoing.after"}}: {error}') from error
        with _told():
            return event_draft(
                operations.copy_event(found, event, to=wanted.to, new_name=wanted.name)
            )

    @put("/{event:str}", responses=EVENT_RESPONSES)
    async def save(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        event: FromPath[str],
    ) -> Version:
        """Put an event into the project, in place of the one of its name; the body has the keys of the project file."""
        own = own_project(request, project)
        try:
            table = msgspec.json.decode(await read_body(request), type=dict[str, Any])
        except (ValueError, RecursionError) as error:
            raise ClientException("the body is no JSON object with an event") from error
        async with deps.reading:
            with _told():
                done = await operations.save_event(
                    deps.store,
                    own,
                    table,
                    name=event,
                    only=own,
                    sounds=deps.missing_sounds,
                    reads=read_in_worker,
                )
        version = as_version(done)
        await deps.applied()
        return version

    @delete("/{event:str}", status_code=200, responses=EVENT_RESPONSES)
    async def remove(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        event: FromPath[str],
    ) -> Version:
        """Take an event out of the project."""
        own = own_project(request, project)
        async with deps.reading:
            with _told():
                done = await operations.remove_event(
                    deps.store,
                    own,
                    event,
                    only=own,
                    sounds=deps.missing_sounds,
                    reads=read_in_worker,
                )
        version = as_version(done)
        await deps.applied()
        return version


async def _project(request: TokenRequest, deps: Dependencies, project: str) -> Project:
    return await current_project(
        deps.store, own_project(request, project), at_hand=deps.snapshot_of
    )


def _rows(project: Project, unchecked: Mapping[str, Count]) -> list[dict[str, Any]]:
    return [event_row(row) for row in operations.event_rows(project, unchecked)]


def _check_secrets(*, asked: bool) -> None:
    if not asked:
        raise ClientException(
            "an event holds keys and passwords; ask with ?secrets=true, and keep it like one"
        )


@contextmanager
def _told() -> Iterator[None]:
    """Answer what a person may cause."""
    try:
        yield
    except NoSuchEventError as error:
        raise NotFoundException(str(error)) from error
    except BuiltInEventError as error:
        raise HTTPException(str(error), status_code=HTTPStatus.FORBIDDEN) from error
    except EventTextError as error:
        raise ClientException(str(error)) from error
