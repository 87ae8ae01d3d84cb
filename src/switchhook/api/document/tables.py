"""Tables of destinations over HTTP: list, read, put and remove what answers in place of an endpoint."""

from pathlib import Path
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post, put
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
)
from switchhook.operations.tables.listing import look_up
from switchhook.operations.tables.table import read_table, webhooks_of
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tasks import compute
from switchhook.views.tables import found_row, listed_table

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


class TableChecked(Struct, frozen=True):
    """A table without mistakes, which was not kept."""

    name: str
    rows: int


class TableDestination(Struct, frozen=True):
    """Where a row of a table sends a call, and the name that it shows."""

    destination: str
    name: str


class TableRowFound(Struct, frozen=True):
    """The row that a call would find; nulls where none."""

    row: TableDestination | None
    line: int | None


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
        async with deps.reading:
            found = await compute(deps.table_list.tables, snapshot)
        return [msgspec.convert(listed_table(one), TableShown) for one in found]

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
            content = await compute(read_file, _path(deps, snapshot, table))
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

    @post(
        "/{table:str}/check",
        status_code=200,
        responses=COMMON_RESPONSES
        | {422: response_spec(InvalidProjectFile, "Something is wrong with the table.")},
    )
    async def check(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        table: FromPath[str],
    ) -> TableChecked:
        """Check a CSV table as the one of a name, and keep nothing."""
        snapshot = _own(request, deps, project)
        content = await read_body(request)
        async with deps.reading:
            read = await compute(read_table, content, snapshot, table)
        if isinstance(read, Mistakes):
            raise MistakesError(read)
        return TableChecked(table, read.size)

    @get(
        "/{table:str}/look-up",
        responses=COMMON_RESPONSES
        | {409: response_spec(Problem, "Something is wrong with the table.")},
    )
    async def find(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        table: FromPath[str],
        *,
        caller: Annotated[
            str, QueryParameter(description="Who calls; without it, somebody who withholds it.")
        ] = "",
        dialled: Annotated[str, QueryParameter(description="The number that is dialled.")] = "",
        code: Annotated[str, QueryParameter(description="The code that is entered.")] = "",
    ) -> TableRowFound:
        """Say which row of a table a call would find."""
        snapshot = _own(request, deps, project)
        path = _path(deps, snapshot, table)
        try:
            async with deps.reading:
                read = await compute(load, path, snapshot, table)
        except TableError as error:
            raise NotFoundException("there is no such table") from error
        if isinstance(read, Mistakes):
            raise ClientException(f"table {table}: {read.mistakes[0]}", status_code=409)
        row = look_up(read, snapshot, caller=caller, dialled=dialled, code=code)
        return msgspec.convert(found_row(row), TableRowFound)

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


def _path(deps: ApiDependencies, snapshot: ProjectSnapshot, table: str) -> Path:
    try:
        return path_of(deps.data_dir, snapshot.project.id, table)
    except TableError as error:
        raise NotFoundException("there is no such table") from error


def _own(request: TokenRequest, deps: ApiDependencies, project: str) -> ProjectSnapshot:
    snapshot = deps.snapshot_of(own_project(request, project))
    if snapshot is None:
        raise NotFoundException("there is no such project")
    return snapshot


async def _shown(deps: ApiDependencies, snapshot: ProjectSnapshot, name: str) -> TableShown:
    async with deps.reading:
        listed = await compute(deps.table_list.table, snapshot, name)
    return msgspec.convert(listed_table(listed), TableShown)
