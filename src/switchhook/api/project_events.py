"""The events of a project over HTTP: list, show and copy one (R2-16…21, R2-39…42)."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.document.changing import check_secrets, told
from switchhook.api.exchange.json_body import json_body
from switchhook.api.projects import own_project
from switchhook.api.responses import COMMON_RESPONSES, read_body
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.event import EventKind
from switchhook.domain.project import Project
from switchhook.operations import project_events as operations
from switchhook.operations.project_events import EventDraft
from switchhook.operations.project_versions import current_project
from switchhook.storage.records import Count
from switchhook.tasks import compute
from switchhook.views.project_events import event_draft, event_row

SecretsWanted = Annotated[
    bool, QueryParameter(description="Must be true: an event holds its keys and passwords.")
]
HOLDS = "an event holds keys and passwords"


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
        check_secrets(asked=secrets, what=HOLDS)
        with told():
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
        """Answer a copy for another moment of a call, and what does not fit in it. Nothing is stored: PUT of the parts of a project saves it."""
        found = await _project(request, deps, project)
        check_secrets(asked=secrets, what=HOLDS)
        wanted = json_body(await read_body(request), CopyRequest, '{"to": "outgoing.after"}')
        with told():
            return event_draft(
                operations.copy_event(found, event, to=wanted.to, new_name=wanted.name)
            )


async def _project(request: TokenRequest, deps: Dependencies, project: str) -> Project:
    return await current_project(
        deps.store, own_project(request, project), at_hand=deps.snapshot_of
    )


def _rows(project: Project, unchecked: Mapping[str, Count]) -> list[dict[str, Any]]:
    return [event_row(row) for row in operations.event_rows(project, unchecked)]
