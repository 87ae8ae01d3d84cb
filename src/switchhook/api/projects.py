"""The project file over HTTP: read it, check one, apply one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from litestar import Controller, Response, get, post, put
from litestar.exceptions import ClientException, NotFoundException, ServiceUnavailableException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.access.auditing import note_facts
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.problems import Problem
from switchhook.api.file_reader import read_in_worker
from switchhook.api.responses import (
    COMMON_RESPONSES,
    InvalidProjectFile,
    MistakesError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations import projects as operations
from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import Applied
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes

TOML = "application/toml; charset=utf-8"


class Version(Struct, frozen=True):
    """The result of applying or checking a project file."""

    project: str
    version: int
    is_new: bool
    """False where the file says what the latest version says already."""
    notes: tuple[str, ...] = ()
    """Remarks: allowed, and perhaps not meant, such as a missing sound."""


@dataclass
class FileOperation(Operation):
    """Describes the body: a project file."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        media = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody(required=True, content={"application/toml": media})


FILE_RESPONSES = COMMON_RESPONSES | {
    422: response_spec(
        InvalidProjectFile, "Something is wrong with the file; nothing was applied."
    ),
    503: response_spec(Problem, "Other project files are being read; Retry-After says how long."),
}


class ProjectFileController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}"
    tags = ("project file",)

    @get(media_type="application/toml", responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        secrets: Annotated[
            bool, QueryParameter(description="Must be true: a project file holds its passwords.")
        ] = False,
    ) -> Response[str]:
        """Return the latest version of the project file, with its passwords."""
        own = own_project(request, project)
        if not secrets:
            raise ClientException(
                "a project file holds passwords; ask with ?secrets=true, and keep it like one"
            )
        async with deps.reading:
            document = await export_project(deps.store, own)
        return Response(document, media_type=TOML, headers={"Cache-Control": "no-store"})

    @put(operation_class=FileOperation, responses=FILE_RESPONSES)
    async def apply(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> Version:
        """Make the file the project's latest version; the next call follows it."""
        own = own_project(request, project)
        async with _received_file(request, deps) as text:
            applied = as_version(
                await operations.apply_project(
                    deps.store,
                    text,
                    only=own,
                    sounds=deps.missing_sounds,
                    reads=read_in_worker,
                    by=sender(request),
                )
            )
        note_facts(
            before={"version": applied.version - applied.is_new}, after={"version": applied.version}
        )
        await deps.applied()
        return applied

    @post("/check", status_code=200, operation_class=FileOperation, responses=FILE_RESPONSES)
    async def check(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> Version:
        """Answer what applying the file would, and apply nothing."""
        own = own_project(request, project)
        async with _received_file(request, deps) as text:
            return as_version(
                await operations.check_project(
                    deps.store, text, only=own, sounds=deps.missing_sounds, reads=read_in_worker
                )
            )


@asynccontextmanager
async def _received_file(request: TokenRequest, deps: ApiDependencies) -> AsyncIterator[str]:
    """Yield the file that was sent, while no other is read; a few may wait for their turn."""
    project = request.user.project
    if not deps.has_room_for(project):
        raise ServiceUnavailableException(
            "other project files are being read; try again", headers={"Retry-After": "5"}
        )
    deps.sending[project] += 1
    try:
        async with deps.files:
            text = _text(await read_body(request))
            async with deps.reading:
                yield text
    finally:
        deps.sending[project] -= 1


def own_project(request: TokenRequest, project: FromPath[str]) -> str:
    """Return the token's project; `check_rights` refused requests for any other."""
    if project != request.user.project:
        raise NotFoundException("there is no such project")
    return project


def sender(request: TokenRequest) -> str:
    """Return who sent a request, for those who ask later."""
    return f"{request.user.user} over the API"


def _text(body: bytes) -> str:
    text = decode(body)
    if isinstance(text, Mistakes):
        raise MistakesError(text)
    return text


def as_version(applied: Applied | Mistakes) -> Version:
    """Return what was applied. Raises MistakesError."""
    if isinstance(applied, Mistakes):
        raise MistakesError(applied)
    return Version(
        project=applied.project,
        version=applied.version,
        is_new=applied.is_new,
        notes=applied.notes,
    )
