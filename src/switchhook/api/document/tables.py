"""Tables of destinations over HTTP: list, read, put and remove what answers in place of an endpoint."""

from typing import Annotated

from litestar import Controller, Response, delete, get, put
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.problems import Problem
from switchhook.api.projects import own_project
from switchhook.api.responses import (
    COMMON_RESPONSES,
    InvalidProjectFile,
    MistakesError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.tables.files import (
    TableError,
    import_table,
    load,
    path_of,
    read_file,
    remove_table,
    tables_there,
)
from switchhook.operations.tables.table import tables_used, webhooks_of
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tasks import compute
from switchhook.views.text import iso

CSV = "text/csv"


class TableShown(Struct, frozen=True):
    """A table of a project."""

    name: str
    rows: int | None
    """Null where it is missing or has mistakes."""
    changed_at: str | None
    asked_by: list[str]
    """The webhooks that ask it."""
    trouble: str | None
    """What is wrong with it."""


class TableController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/tables"
    tags = ("tables",)

    @get(responses=COMMON_RESPONSES)
    async def index(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[TableShown]:
        """List the tables that are there or that webhooks ask."""
        snapshot = _own(request, deps, project)
        there = tables_there(deps.data_dir, snapshot.project.id)
        names = dict.fromkeys((*there, *tables_used(snapshot.project)))
        return [await _shown(deps, snapshot, name) for name in names]

    @get("/{table:str}", media_type="text/csv", responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        table: FromPath[str],
    ) -> Response[bytes]:
        """Return a table as it was put."""
        snapshot = _own(request, deps, project)
        try:
            content = await compute(read_file, path_of(deps.data_dir, snapshot.project.id, table))
        except TableError as error:
            raise NotFoundException("there is no such table") from error
        return Response(content, media_type=CSV, headers={"Cache-Control": "no-store"})

    @put(
        "/{table:str}",
        responses=COMMON_RESPONSES
        | {422: response_spec(InvalidProjectFile, "Something is wrong with the table.")},
    )
    async def keep(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        table: FromPath[str],
    ) -> TableShown:
        """Check a CSV table and put it in place of the one of its name; asks look it up within seconds."""
        snapshot = _own(request, deps, project)
        content = await read_body(request)
        try:
            async with deps.reading:
                kept = await compute(import_table, deps.data_dir, content, snapshot, table)
        except TableError as error:
            raise ClientException(str(error)) from error
        if isinstance(kept, Mistakes):
            raise MistakesError(kept, "table")
        return await _shown(deps, snapshot, table)

    @delete(
        "/{table:str}",
        status_code=204,
        responses=COMMON_RESPONSES | {409: response_spec(Problem, "A webhook asks it.")},
    )
    async def remove(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        table: FromPath[str],
        *,
        force: Annotated[bool, QueryParameter(description="Also one that a webhook asks.")] = False,
    ) -> None:
        """Remove a table."""
        snapshot = _own(request, deps, project)
        asking = webhooks_of(snapshot.project, table)
        if asking and not force:
            raise ClientException(
                f"webhook {asking[0].name} asks table {table}; send force=true", status_code=409
            )
        try:
            remove_table(deps.data_dir, snapshot.project.id, table)
        except TableError as error:
            raise NotFoundException("there is no such table") from error


def _own(request: TokenRequest, deps: ApiDependencies, project: str) -> ProjectSnapshot:
    snapshot = deps.snapshot_of(own_project(request, project))
    if snapshot is None:
        raise NotFoundException("there is no such project")
    return snapshot


async def _shown(deps: ApiDependencies, snapshot: ProjectSnapshot, name: str) -> TableShown:
    path = path_of(deps.data_dir, snapshot.project.id, name)
    rows, at, trouble = None, None, None
    try:
        async with deps.reading:  # a large one takes a processor for seconds
            read = await compute(load, path, snapshot, name)
        at = iso(path.stat().st_mtime)
    except (TableError, OSError) as error:
        trouble = (
            f"there is no table {name}" if isinstance(error, TableError) else str(error.strerror)
        )
    else:
        rows = None if isinstance(read, Mistakes) else read.size
        trouble = str(read.mistakes[0]) if isinstance(read, Mistakes) else None
    asked_by = [one.name for one in webhooks_of(snapshot.project, name)]
    return TableShown(name, rows, at, asked_by, trouble)
