"""`switchhook table`: tables of destinations, which answer in place of an endpoint."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.options import (
    MAYBE_STDIN,
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    data_dir_of,
    file_name,
    read_bytes,
    settings_of,
)
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.tables.files import load, path_of, read_file
from switchhook.operations.tables.listing import TableList
from switchhook.operations.tables.listing import look_up as find_row
from switchhook.operations.tables.table import read_table
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tryout.lookup import applied_snapshot
from switchhook.views.tables import found_row, listed_table
from switchhook.views.text import NOTHING, clock, one_line

table = App(
    name="table",
    help="Tables that answer in place of an endpoint: list, check, import, export, look up, remove one.",
)
TableName = Annotated[str, Parameter(help="Name of the table, as in `table:NAME`.")]
CsvFile = Annotated[Path, Parameter(help="CSV file (UTF-8); - is standard input."), MAYBE_STDIN]


def _snapshot(project: str | None, config: Path | None, data_dir: Path | None) -> ProjectSnapshot:
    applied = ask_store(config, data_dir, lambda store: applied_snapshot(store, project))
    return ProjectSnapshot(applied.project, [settings_of(config, NO_FLAGS).sip_host])


def _refuse(name: str, mistakes: Mistakes) -> int:
    for mistake in mistakes.mistakes:
        stderr().print(one_line(f"{name}: {mistake}"))
    return 1


@table.command(name="list")
def list_(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the tables of a project, with their rows and the webhooks that ask them."""
    snapshot = _snapshot(project, config, data_dir)
    found = TableList(data_dir_of(config, data_dir)).tables(snapshot)
    if json:
        print_json([listed_table(one) for one in found])
        return 0
    shown = [
        (
            one.name,
            NOTHING if one.rows is None else f"{one.rows:,}",
            clock(one.changed_at),
            ", ".join(one.asked_by),
            one.trouble or "",
        )
        for one in found
    ]
    if shown:
        print_table(("table", "rows", "changed", "asked by", "trouble"), shown)
    else:
        stdout().print('no tables; write url = "table:NAME" at a webhook, and import one')
    return 0


@table.command
def check(
    file: CsvFile,
    /,
    *,
    name: Annotated[str, Parameter(help="The table that it is to be.")] = "",
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Name every mistake in a table, with its line, and keep nothing."""
    read = read_table(read_bytes(file), _snapshot(project, config, data_dir), name)
    if isinstance(read, Mistakes):
        return _refuse(file_name(file), read)
    if json:
        print_json({"name": name, "rows": read.size})
        return 0
    stdout().print(f"{file_name(file)}: no mistakes, {read.size:,} rows")
    return 0


@table.command(name="import")
def import_(
    file: CsvFile,
    /,
    *,
    name: Annotated[str, Parameter(help="Name of the table, as in `table:NAME`.")],
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Check a table and put it in place of the old one; a running server takes it within seconds."""
    from switchhook.operations.tables.acts import KeepTable  # noqa: PLC0415 (it brings in all that acts need)

    act = KeepTable(
        project=project,
        name=name,
        content=read_bytes(file),
        by=operator(),
        own_host=settings_of(config, NO_FLAGS).sip_host,
    )
    kept = change(data_dir_of(config, data_dir), act)
    if kept.listed is None:
        return _refuse(file_name(file), Mistakes(kept.mistakes))
    if json:
        print_json(listed_table(kept.listed))
        return 0
    stdout().print(f"table {name} of project {kept.project} has {kept.listed.rows:,} rows now")
    if not kept.listed.asked_by:
        stderr().print(f'switchhook: note: no webhook asks it yet: write url = "table:{name}"')
    return 0


@table.command
def export(
    name: TableName,
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a table as it is kept."""
    of = _snapshot(project, config, data_dir).project.id
    print_whole(read_file(path_of(data_dir_of(config, data_dir), of, name)))
    return 0


@table.command(name="look-up")
def look_up(
    name: TableName,
    /,
    *,
    caller: Annotated[
        str, Parameter(help="Who calls; without it, somebody who withholds it.")
    ] = "",
    dialled: Annotated[str, Parameter(help="The number that is dialled.")] = "",
    code: Annotated[str, Parameter(help="The code that is entered.")] = "",
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say which row a call would find; exit code 1 where none."""
    snapshot = _snapshot(project, config, data_dir)
    path = path_of(data_dir_of(config, data_dir), snapshot.project.id, name)
    read = load(path, snapshot, name)
    if isinstance(read, Mistakes):
        return _refuse(str(path), read)
    began = time.perf_counter()
    row = find_row(read, snapshot, caller=caller, dialled=dialled, code=code)
    took = time.perf_counter() - began
    if json:
        print_json(found_row(row))
    elif row is None:
        stdout().print(f"table {name} has no row for this call")
    else:
        shown = f"line {row.line}: {row.destination or NOTHING}"
        stdout().print(one_line(f"{shown} {row.name}".rstrip() + f", in {took * 1e6:.0f} µs"))
    return 1 if row is None else 0


@table.command
def remove(
    name: TableName,
    /,
    *,
    force: Annotated[bool, Parameter(help="Also one that a webhook asks.", negative=())] = False,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Remove a table."""
    from switchhook.operations.tables.acts import RemoveTable  # noqa: PLC0415 (it brings in all that acts need)

    act = RemoveTable(project=project, name=name, is_forced=force, by=operator())
    change(data_dir_of(config, data_dir), act)
    stdout().print(f"table {name} is removed")
    return 0
