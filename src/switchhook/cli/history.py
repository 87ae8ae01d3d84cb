"""`switchhook calls` and `switchhook events`: what happened."""

from typing import Annotated, TypeVar

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.errors import UsageError
from switchhook.cli.options import (
    Config,
    DataDir,
    Json,
    OnlyProject,
    ask_store,
    note_without_server,
)
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.cli.timeline import draw_path, draw_whole
from switchhook.operations.event_stream import (
    MAX_EVENTS,
    OLDEST,
    BadPlaceError,
    StreamGapError,
    StreamPlace,
    UnknownTypeError,
    find_place,
    parse_types,
)
from switchhook.operations.history import (
    CallStory,
    list_calls,
    show_call,
)
from switchhook.storage.records import CallRow
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.stream import StreamEvent
from switchhook.views import as_json
from switchhook.views.text import NOTHING, clock, seconds
from switchhook.views.timeline import call_lines

T = TypeVar("T")

MAX_LISTED = 1_000_000
"""Calls or deliveries that one command lists."""

Limit = Annotated[
    int,
    Parameter(
        help="How many at most, newest first.",
        name="--limit",
        validator=Number(gte=1, lte=MAX_LISTED),
    ),
]


def calls(
    call: Annotated[str | None, Parameter(help="Id of one call: shows its timeline.")] = None,
    /,
    *,
    project: OnlyProject = None,
    limit: Limit = 50,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List calls, newest first, or show the timeline of one."""
    if call is not None:
        story = ask_store(config, data_dir, lambda store: show_call(store, call))
        if json:
            print_json(as_json.call_story(story))
            return 0
        _show_call(story)
        if story.call.outcome is None:
            note_without_server(config, data_dir)
        return 0
    found = ask_store(
        config,
        data_dir,
        lambda store: list_calls(store, project=project, limit=limit),
        project=project,
    )
    if json:
        print_json([as_json.call(row) for row in found])
        return 0
    _show_calls(found)
    if any(row.outcome is None for row in found):
        note_without_server(config, data_dir)
    return 0


def events(
    *,
    project: Annotated[str, Parameter(help="Id of the project.")],
    after: Annotated[
        str, Parameter(help="Place to go on from, as the last run said it; oldest or newest.")
    ] = OLDEST,
    limit: Annotated[
        int, Parameter(help="How many at most.", validator=Number(gte=1, lte=1_000_000))
    ] = 1_000_000,
    types: Annotated[
        str, Parameter(help="Only these types, between commas, such as call.ended.")
    ] = "",
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a project's event stream from a place on, one JSON object a line."""

    async def read(store: SqliteStore) -> tuple[list[StreamEvent], StreamPlace]:
        wanted = parse_types(types)
        place = await find_place(store, project, after)
        found: list[StreamEvent] = []
        while True:
            most = min(MAX_EVENTS, limit - len(found))
            page = await store.stream_events(project, after=place.number, limit=most)
            found += [one for one in page.events if one.type in wanted]
            place = place.moved(page)
            if place.number >= page.last or len(found) >= limit:
                return found, place

    try:
        found, place = ask_store(config, data_dir, read, project=project)
    except (BadPlaceError, StreamGapError) as error:
        raise UsageError(f"--after: {error}") from None
    except UnknownTypeError as error:
        raise UsageError(f"--types: {error}") from None
    print_whole(b"".join(one.body + b"\n" for one in found))
    stderr().print(f"go on with --after {place}")
    return 0


def _show_calls(found: tuple[CallRow, ...]) -> None:
    if not found:
        stdout().print("no calls yet")
        return
    rows = [
        (
            row.id,
            clock(row.arrived_at).replace(" ", "\n", 1),
            f"{row.caller or 'withheld'}\n→ {row.callee}",
            "running" if row.outcome is None else row.outcome.value,
            _talked_to(row),
        )
        for row in found
    ]
    print_table(("call", "arrived", "caller → callee", "outcome", "talked to"), rows)


def _talked_to(row: CallRow) -> str:
    leg = next((leg for leg in row.legs if leg.id == row.talking_to), None)
    if leg is None:
        return NOTHING
    length = _length(row)
    return str(leg.target) if length is None else f"{leg.target}\nfor {seconds(length)}"


def _length(row: CallRow) -> float | None:
    if row.answered_at is None or row.ended_at is None:
        return None
    return row.ended_at - row.answered_at


def _show_call(story: CallStory) -> None:
    console, row = stdout(), story.call
    console.print(f"call {row.id} of project {row.project}, {clock(row.arrived_at)}")
    for line in call_lines(story.journal, story.deliveries):
        console.print(draw_whole(line, began=row.arrived_at))
    console.print(draw_path(story.journal))
