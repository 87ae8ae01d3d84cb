"""`switchhook imports`: calls that another telephone system made."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    data_dir_of,
    file_name,
    read_bytes,
)
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.storage.intake import CallImport
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.intake import import_status
from switchhook.views.text import one_line

imports = App(
    name="imports",
    help="Bring in calls that another telephone system made; say what became of them.",
)


@imports.command
def add(
    file: Annotated[
        Path,
        Parameter(help="Calls as the HTTP API takes them (JSON); - is standard input."),
        MAYBE_STDIN,
    ],
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Queue up to a hundred calls that are over; a running server imports them within a moment."""
    from switchhook.operations.intake.acts import QueueCalls  # noqa: PLC0415 (it brings in all that acts need)
    from switchhook.operations.intake.imports import CallImportError  # noqa: PLC0415
    from switchhook.operations.intake.posted_calls import read_posted_calls  # noqa: PLC0415

    where = data_dir_of(config, data_dir)
    try:
        posted = read_posted_calls(read_bytes(file))
        queued = change(where, QueueCalls(project=project, posted=posted, by=operator()))
    except CallImportError as error:
        raise CommandError(f"{file_name(file)}: {error}") from None
    _tell(queued, json=json)
    return 0


@imports.command
def show(
    number: Annotated[int, Parameter(help="Number of the import, as `add` printed it.")],
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say what became of calls that were brought in."""

    async def read(store: SqliteStore) -> CallImport | None:
        from switchhook.operations.project_versions import latest_version  # noqa: PLC0415 (for those who read)

        own = (await latest_version(store, project)).id
        return await store.call_import(own, number) if 0 < number < 2**63 else None

    found = ask_store(config, data_dir, read)
    if found is None:
        raise CommandError(f"there is no import {number}, or it is not kept any more")
    _tell(found, json=json)
    return 0


def _tell(of: CallImport, *, json: bool) -> None:
    if json:
        print_json(import_status(of))
        return
    stdout().print(f"import {of.number} is {of.state.value}, {len(of.items)} calls")
    rows = [(one_line(one.reference), one.state.value, one.call) for one in of.items]
    print_table(("reference", "state", "call"), rows)
