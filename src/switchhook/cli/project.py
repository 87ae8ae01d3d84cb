"""`switchhook check`, `apply` and `export`: the project file."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    ask_store,
    data_dir_of,
    file_name,
    read_bytes,
)
from switchhook.cli.output import print_json, print_whole, stderr, stdout
from switchhook.cli.setup.document_change import change_project, json_table
from switchhook.domain.project import Project
from switchhook.domain.tracking.call_tracking import Slot
from switchhook.errors import ExpectedError
from switchhook.operations.document.resources import read_document
from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import Applied, ReadFile, mistakes_beside_others, read_file
from switchhook.operations.tables.files import missing_files
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.records import StoreError

File = Annotated[
    Path,
    Parameter(help="Project file (TOML; apply takes JSON, too); - is standard input."),
    MAYBE_STDIN,
]


def check(
    file: File, /, *, json: Json = False, config: Config = None, data_dir: DataDir = None
) -> int:
    """Name every mistake in a project file, with its line."""
    text = decode(read_bytes(file))
    read = text if isinstance(text, Mistakes) else read_file(text)
    if isinstance(read, Mistakes):
        return _refuse(file, read)
    where = data_dir_of(config, data_dir)
    taken = _taken(read, config, data_dir)
    notes = (*read.notes, *taken, *missing_files(where, read.project))
    if json:
        print_json({"project": read.project.id, "notes": list(notes)})
        return 0
    stdout().print(f"{file_name(file)}: no mistakes. {summary(read.project)}")
    _note(file, notes)
    return 0


def _taken(file: ReadFile, config: Path | None, data_dir: Path | None) -> tuple[str, ...]:
    """Note what `apply` would refuse beside the projects that are applied here, where there are some to read."""
    try:
        found = ask_store(config, data_dir, lambda store: mistakes_beside_others(store, file))
    except (ExpectedError, StoreError):
        return ()
    return () if found is None else tuple(f"apply refuses it here: {one}" for one in found.mistakes)


def apply(
    file: File, /, *, json: Json = False, config: Config = None, data_dir: DataDir = None
) -> int:
    """Make a project file the project's latest version; a running server takes it at once."""
    where = data_dir_of(config, data_dir)
    text = decode(read_bytes(file))
    if isinstance(text, str) and text.lstrip().startswith("{"):
        return change_project(where, how="replace", json=json, value=json_table(file, text))
    applied = text if isinstance(text, Mistakes) else _apply(where, text)
    if isinstance(applied, Mistakes):
        return _refuse(file, applied)
    if json:
        print_json(asdict(applied))
        return 0
    what = "is now" if applied.is_new else "is unchanged:"
    stdout().print(f"project {applied.project} {what} version {applied.version}")
    _note(file, applied.notes)
    return 0


def _note(file: Path, notes: Iterable[str]) -> None:
    for note in notes:
        stdout().print(f"{file_name(file)}: note: {note}")


def export(
    project: Annotated[
        str | None, Parameter(help="Project id; not needed for a single one.")
    ] = None,
    /,
    *,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a project as a project file, with its passwords."""
    if json:
        found = ask_store(config, data_dir, lambda store: read_document(store, project))
        print_json(found.value)
        return 0
    document = ask_store(config, data_dir, lambda store: export_project(store, project))
    print_whole(document.encode())
    return 0


def _apply(where: Path, text: str) -> Applied | Mistakes:
    from switchhook.operations.control import ApplyProject  # noqa: PLC0415 (it brings in all that acts need)

    done = change(where, ApplyProject(text=text, by=operator()))
    return done.applied or Mistakes(done.mistakes)


def _refuse(file: Path, mistakes: Mistakes) -> int:
    """Print mistakes, one on a line, as compilers do."""
    console, name = stderr(), file_name(file)
    for mistake in mistakes.mistakes:
        console.print(f"{name}: {mistake}")
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    console.print(f"{name}: {count}")
    return 1


def summary(project: Project) -> str:
    """Count what a project holds."""
    counts = (
        (len(project.numbers), "number"),
        (len(project.accounts), "account"),
        (len(project.groups), "group"),
        (len(project.trunks), "trunk"),
        (len(project.schemes), "scheme"),
        (len(project.forwarding_numbers), "forwarding number"),
        (len(project.dial_plan_webhooks), "dial-plan webhook"),
        (len(project.events), "event"),
        (len(project.event_webhooks), "event webhook"),
        (len(project.event_mails), "event mail"),
        (len(project.stream_webhooks), "stream webhook"),
        (sum(bool(project.scenario.url(slot)) for slot in Slot), "call-tracking webhook"),
    )
    parts = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return f"Project {project.id}: {', '.join(parts) or 'nothing yet'}."
