"""`switchhook event`: what a project tells of its calls, and to whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    data_dir_of,
    file_name,
    named_values,
    read_bytes,
)
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.cli.project_source import ProjectFileOption, snapshot_of
from switchhook.cli.setup.document_change import change_project
from switchhook.domain.event import EventKind
from switchhook.operations.project_events import (
    NONE,
    EventDraft,
    EventRow,
    copy_event,
    errors_of,
    event_rows,
    find_event,
)
from switchhook.projectfile.file import write_event
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes, did_you_mean
from switchhook.storage.records import Count
from switchhook.views.intake import told_event
from switchhook.views.project_events import event_draft, event_row
from switchhook.views.text import one_line

event = App(
    name="event",
    help="Events of calls and what they tell to whom: list, show, copy, save or remove one.",
)

EventName = Annotated[str, Parameter(help="Event, as `event list` names it.")]


@event.command(name="list")
def list_(
    *,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the events: when each happens, whom it tells and how."""
    found = snapshot_of(project, file, config, data_dir).project
    rows = event_rows(found, _unchecked(found.id, file, config, data_dir))
    if json:
        print_json([event_row(row) for row in rows])
        return 0
    print_table(
        ("event", "at", "state", "tells"),
        [
            (
                one_line(row.name),
                row.event.value + (" (filtered)" if row.is_filtered else ""),
                _state(row),
                one_line("; ".join(f"{one.to} ({one.format})" for one in row.actions)),
            )
            for row in rows
        ],
    )
    return 0


@event.command
def show(
    name: EventName,
    /,
    *,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print an event as a piece of a project file, with its secrets."""
    of = snapshot_of(project, file, config, data_dir).project
    found = find_event(of, name)
    errors = errors_of(found, _unchecked(of.id, file, config, data_dir))
    _print(EventDraft(event=found, marks=errors), json=json)
    return 0


def _state(row: EventRow) -> str:
    state = f"built-in, {row.state}" if row.is_built_in else row.state
    errors = [str(one.unchecked) for one in row.actions if one.unchecked != NONE]
    return f"{state}\nwith error: {' + '.join(errors)}" if errors else state


def _unchecked(
    project: str, file: Path | None, config: Path | None, data_dir: Path | None
) -> Mapping[str, Count]:
    """Return how many deliveries of each webhook need somebody; none of a file."""
    if file is not None:
        return {}
    return ask_store(config, data_dir, lambda store: store.unchecked_by_webhook(project))


@event.command
def copy(
    name: EventName,
    /,
    *,
    to: Annotated[
        str,
        Parameter(help="Moment of a call that the copy is for, as outgoing.after.", name="--to"),
    ],
    new_name: Annotated[str, Parameter(help="Name of the copy.", name="--name")] = "",
    save: Annotated[
        bool, Parameter(help="Store it; else it is only printed.", name="--save", negative=())
    ] = False,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a copy of an event for another moment of a call, and mark what does not fit; store it with --save."""
    if save and file is not None:
        raise UsageError(
            "--save stores in the applied project; print the copy and put it into the file"
        )
    found = snapshot_of(project, file, config, data_dir).project
    draft = copy_event(found, name, to=_kind(to), new_name=new_name)
    if not save:
        _print(draft, json=json)
        return 0
    _tell_marks(draft)
    return _save(found.id, write_event(draft.event), config, data_dir)


@event.command(name="save")
def save_(
    file: Annotated[
        Path,
        Parameter(help="Piece of a project file (TOML) with one [[events]]; - is standard input."),
        MAYBE_STDIN,
    ],
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Put an event into the applied project, in place of the one of its name."""
    text = decode(read_bytes(file))
    if isinstance(text, Mistakes):
        raise CommandError(f"{file_name(file)}: {text}")
    return _save(project, text, config, data_dir)


@event.command
def post(
    kind: Annotated[str, Parameter(help="What happened: form.sent, deal.changed and the like.")],
    /,
    *,
    subject: Annotated[
        str, Parameter(help="What it is about, such as the id of a deal.", name="--subject")
    ] = "",
    caller: Annotated[str, Parameter(help="The client's number.", name="--caller")] = "",
    caller_name: Annotated[str, Parameter(help="The client's name.", name="--caller-name")] = "",
    number: Annotated[
        str, Parameter(help="Number of the project that the client saw.", name="--number")
    ] = "",
    account: Annotated[
        str, Parameter(help="Login of the account whose client it is.", name="--account")
    ] = "",
    visit: Annotated[str, Parameter(help="Visit to the website.", name="--visit")] = "",
    fields: Annotated[
        list[str] | None,
        Parameter(help="A field as NAME=VALUE; given again, another.", name="--field", negative=()),
    ] = None,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Tell a project's events of something that is no call: a form was sent, a deal was changed."""
    from switchhook.operations.intake.acts import PostEvent  # noqa: PLC0415 (it brings in all that acts need)
    from switchhook.operations.intake.foreign_events import PostedEvent  # noqa: PLC0415

    posted = PostedEvent(
        kind=kind,
        subject=subject,
        caller=caller,
        caller_name=caller_name,
        number=number,
        account=account,
        visit=visit,
        fields=named_values("--field", fields),
    )
    where = data_dir_of(config, data_dir)
    told = change(where, PostEvent(project=project, posted=posted, by=operator()))
    if json:
        print_json(told_event(told))
        return 0
    stdout().print(f"{kind} of {one_line(told.event.key)}: {len(told.deliveries)} deliveries")
    for line in (*told.deliveries, *(f"not told: {one}" for one in told.left_out)):
        stdout().print(f"  {one_line(line)}")
    return 0


@event.command
def remove(
    name: EventName,
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Take an event out of the applied project; what waits of it is sent once more at most."""
    return change_project(
        data_dir_of(config, data_dir), how="remove", kind="events", name=name, project=project
    )


def _kind(text: str) -> EventKind:
    try:
        return EventKind(text)
    except ValueError:
        near = did_you_mean(text, (kind.value for kind in EventKind))
        raise UsageError(f"--to {text!r} is no event; {near}") from None


def _save(project: str | None, text: str, config: Path | None, data_dir: Path | None) -> int:
    return change_project(
        data_dir_of(config, data_dir), how="save event", text=text, project=project
    )


def _print(draft: EventDraft, *, json: bool) -> None:
    if json:
        print_json(event_draft(draft))
        return
    marks = "".join(f"# note: {one_line(mark)}\n" for mark in draft.marks)
    print_whole((marks + write_event(draft.event)).encode())


def _tell_marks(draft: EventDraft) -> None:
    for mark in draft.marks:
        stderr().print(f"note: {one_line(mark)}")
