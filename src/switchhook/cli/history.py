"""`switchhook events`: what happened."""

from typing import Annotated, TypeVar

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.errors import UsageError
from switchhook.cli.options import (
    Config,
    DataDir,
    ask_store,
)
from switchhook.cli.output import print_whole, stderr
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
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.stream import StreamEvent

T = TypeVar("T")

KEEPS = "they are kept from when its file says keep = true in [event_stream]"
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


def events(
    *,
    project: Annotated[
        str | None, Parameter(help="Id of the project, where there are several.")
    ] = None,
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

    async def read(store: SqliteStore) -> tuple[list[StreamEvent], StreamPlace, str]:
        wanted = parse_types(types)
        from switchhook.operations.project_versions import project_meant, require_project  # noqa: PLC0415 (most ask for less)

        meant = project or await project_meant(store, project)
        place = await find_place(store, meant, after)
        found: list[StreamEvent] = []
        while True:
            most = min(MAX_EVENTS, limit - len(found))
            page = await store.stream_events(meant, after=place.number, limit=most)
            found += [one for one in page.events if one.type in wanted]
            place = place.moved(page)
            if place.number >= page.last or len(found) >= limit:
                break
        if not page.last:
            await require_project(store, meant)
            return found, place, f"project {meant} has no events; {KEEPS}"
        return found, place, ""

    try:
        found, place, note = ask_store(config, data_dir, read, project=project)
    except (BadPlaceError, StreamGapError) as error:
        raise UsageError(f"--after: {error}") from None
    except UnknownTypeError as error:
        raise UsageError(f"--types: {error}") from None
    print_whole(b"".join(one.body + b"\n" for one in found))
    if note:
        stderr().print(note)
    stderr().print(f"go on with --after {place}")
    return 0
