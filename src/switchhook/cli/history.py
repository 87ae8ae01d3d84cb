"""`switchhook calls`, `switchhook deliveries` and `switchhook events`: what happened."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

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
from switchhook.domain.failure import FailureKind
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
    DeliveryStory,
    list_calls,
    list_deliveries,
    show_call,
    show_delivery,
)
from switchhook.storage.delivery import Attempt
from switchhook.storage.records import CallRow, DeliveryFilter, DeliveryRow, DeliveryState
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.stream import StreamEvent
from switchhook.views import as_json
from switchhook.views.event_answer import notice_of
from switchhook.views.text import NOTHING, clock, notes_of, one_line, seconds
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


def deliveries(
    delivery: Annotated[
        str | None, Parameter(help="Id of one: shows it with its attempts.")
    ] = None,
    /,
    *,
    every: Annotated[
        bool, Parameter(name="--all", help="List all, not only the failed.", negative=())
    ] = False,
    failed: Annotated[
        bool, Parameter(name="--failed", help="List the failed, as without it.", negative=())
    ] = False,
    pending: Annotated[
        bool, Parameter(name="--pending", help="List those that wait for an attempt.", negative=())
    ] = False,
    state: Annotated[
        DeliveryState | None, Parameter(name="--state", help="List those in this state.")
    ] = None,
    project: OnlyProject = None,
    webhook: Annotated[
        str | None,
        Parameter(help="Only those of this event webhook or event mail.", name="--webhook"),
    ] = None,
    limit: Limit = 50,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the deliveries of events that failed, or others, or show one with its attempts."""
    if delivery is not None:
        story = ask_store(config, data_dir, lambda store: show_delivery(store, delivery))
        print_json(as_json.delivery_story(story)) if json else _show_delivery(story)
        return 0
    chosen = _chosen(every=every, failed=failed, pending=pending, state=state)

    def listed(
        state: DeliveryFilter, most: int
    ) -> Callable[[SqliteStore], Coroutine[Any, Any, tuple[DeliveryRow, ...]]]:
        return lambda store: list_deliveries(
            store, state=state, project=project, webhook=webhook, limit=most
        )

    found = ask_store(config, data_dir, listed(chosen, limit), project=project)
    if json:
        print_json([as_json.delivery(row) for row in found])
        return 0
    _show_deliveries(found, chosen)
    if chosen == "failed":
        for waiting in ("pending", "parked"):
            if ask_store(config, data_dir, listed(waiting, 1)):
                stderr().print(_WAITING[waiting])
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


_WAITING = {
    "pending": "others wait for an attempt: switchhook deliveries --pending",
    "parked": "others wait until a failing endpoint answers: switchhook deliveries --state parked",
}


def _chosen(
    *, every: bool, failed: bool, pending: bool, state: DeliveryState | None
) -> DeliveryFilter:
    """Return what is listed: what was given up, unless something else was chosen."""
    if every + failed + pending + (state is not None) > 1:
        raise UsageError("--all, --failed, --pending and --state cannot go together; choose one")
    if state is not None:
        return state.value
    return "all" if every else "pending" if pending else "failed"


def _show_calls(found: tuple[CallRow, ...]) -> None:
    if not found:
        stdout().print("no calls yet")
        return
    rows = [
        (
            row.id,
            clock(row.arrived_at).replace(" ", "\n"),
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


def _show_deliveries(found: tuple[DeliveryRow, ...], state: DeliveryFilter) -> None:
    if not found:
        stdout().print("no deliveries yet" if state == "all" else f"no {state} deliveries")
        return
    rows = [
        (
            row.delivery.id,
            clock(row.delivery.occurred_at).replace(" ", "\n"),
            f"{row.delivery.event.value}\n{_request(row)}",
            f"{row.state.value}\n{_why(row)}",
        )
        for row in found
    ]
    print_table(("delivery", "event at", "event and request", "state and latest attempt"), rows)


def _request(row: DeliveryRow) -> str:
    return " ".join(as_json.address_of(row.delivery).values())


def _why(row: DeliveryRow) -> str:
    attempt = row.latest
    if attempt is None:
        return NOTHING
    if row.state is DeliveryState.DELIVERED:
        return f"{attempt.status} in {seconds(attempt.seconds)}"
    return str(attempt.failure or f"status {attempt.status}")


def _show_delivery(story: DeliveryStory) -> None:
    console, row = stdout(), story.row
    delivery = row.delivery
    console.print(f"delivery {delivery.id}: {row.state.value}")
    console.print(f"{delivery.event} of call {delivery.call}, {clock(delivery.occurred_at)}")
    console.print(f"\n{_request(row)}")
    headers, body = as_json.content(delivery.request)
    for name, value in headers:
        console.print(f"{name}: {value}")
    if body:
        console.print(f"\n{body}".rstrip("\n"))
    for note in notes_of(delivery.request):
        console.print(f"\nnote: {note}")
    for attempt in story.attempts:
        console.print(f"\nattempt {attempt.number}, {clock(attempt.at)}: {_came_of(attempt)}")
        if attempt.failure is not None:
            console.print(f"  {one_line(str(attempt.failure))}")
        if notice := notice_of(delivery, attempt):
            console.print(f"  {one_line(notice)}")
        if attempt.answer:
            console.print(f"  {as_json.text(attempt.answer)}")


def _came_of(attempt: Attempt) -> str:
    if attempt.failure is not None and attempt.failure.kind in _UNSENT:
        return "not sent"
    if attempt.failure is not None and attempt.failure.kind is FailureKind.UNDER_WAY:
        return "under way"
    said = f"status {attempt.status}" if attempt.status else "no answer"
    return f"{said} after {seconds(attempt.seconds)}"


_UNSENT = {
    FailureKind.ADDRESS_REFUSED,
    FailureKind.BAD_URL,
    FailureKind.DNS,
    FailureKind.EXPIRED,
    FailureKind.NOT_SET_UP,
    FailureKind.REFUSED,
    FailureKind.SUPERSEDED,
    FailureKind.UNSUBSCRIBED,
}
"""Failures before anything went out."""
