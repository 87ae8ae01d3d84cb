"""`switchhook table`: tables of destinations, which answer in place of an endpoint."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.errors import CommandError
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
from switchhook.operations import data_dir as directory
from switchhook.operations.tables.files import (
    TableError,
    import_table,
    load,
    path_of,
    read_file,
    remove_table,
    tables_there,
)
from switchhook.operations.tables.table import read_table, tables_used, webhooks_of
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tryout.lookup import applied_snapshot
from switchhook.views.text import NOTHING, clock, one_line
from switchhook.webhooks.dialects.table import WITHHELD, TableQuestion, comparable

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
    snapshot, where = _snapshot(project, config, data_dir), data_dir_of(config, data_dir)
    of = snapshot.project
    rows = []
    for name in dict.fromkeys((*tables_there(where, of.id), *tables_used(of))):
        path = path_of(where, of.id, name)
        try:
            read = load(path, snapshot, name)
        except TableError as error:
            size, trouble, at = None, str(error), None
        else:
            at = path.stat().st_mtime
            size = None if isinstance(read, Mistakes) else read.size
            trouble = str(read.mistakes[0]) if isinstance(read, Mistakes) else ""
        asked_by = [one.name for one in webhooks_of(of, name)]
        rows.append(
            {"name": name, "rows": size, "changed_at": at, "asked_by": asked_by, "trouble": trouble}
        )
    if json:
        print_json(rows)
        return 0
    shown = [
        (
            str(one["name"]),
            NOTHING if one["rows"] is None else f"{one['rows']:,}",
            NOTHING if one["changed_at"] is None else clock(float(str(one["changed_at"]))),
            ", ".join(map(str, one["asked_by"] if isinstance(one["asked_by"], list) else ())),
            str(one["trouble"]),
        )
        for one in rows
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
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Name every mistake in a table, with its line, and keep nothing."""
    read = read_table(read_bytes(file), _snapshot(project, config, data_dir), name)
    if isinstance(read, Mistakes):
        return _refuse(file_name(file), read)
    stdout().print(f"{file_name(file)}: no mistakes, {read.size:,} rows")
    return 0


@table.command(name="import")
def import_(
    file: CsvFile,
    /,
    *,
    name: Annotated[str, Parameter(help="Name of the table, as in `table:NAME`.")],
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Check a table and put it in place of the old one; a running server takes it within seconds."""
    where = data_dir_of(config, data_dir)
    snapshot = _snapshot(project, config, data_dir)
    directory.prepare(where)
    read = import_table(where, read_bytes(file), snapshot, name)
    if isinstance(read, Mistakes):
        return _refuse(file_name(file), read)
    stdout().print(f"table {name} of project {snapshot.project.id} has {read.size:,} rows now")
    if not webhooks_of(snapshot.project, name):
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
    dialling = snapshot.project.dialling
    began = time.perf_counter()
    row = read.find(
        TableQuestion(
            caller=comparable(caller, dialling) or WITHHELD,
            dialled=comparable(dialled, dialling),
            code=code,
        )
    )
    took = time.perf_counter() - began
    if json:
        found = None if row is None else {"destination": row.destination, "name": row.name}
        print_json({"row": found, "line": None if row is None else row.line})
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
    of = _snapshot(project, config, data_dir).project
    asking = webhooks_of(of, name)
    if asking and not force:
        raise CommandError(
            f"webhook {asking[0].name} asks table {name}; --force removes it all the same"
        )
    remove_table(data_dir_of(config, data_dir), of.id, name)
    stdout().print(f"table {name} is removed")
    return 0
