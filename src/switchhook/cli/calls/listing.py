"""`switchhook calls`: find calls, export them, show the timeline of one."""

import time
from dataclasses import fields, make_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    OnlyProject,
    ask_store,
    note_without_server,
)
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.cli.timeline import draw_path, draw_whole
from switchhook.domain.event_stream import OF_CALLS
from switchhook.operations.calls.details import with_details
from switchhook.operations.calls.finding import (
    FILTER_KEYS,
    WrongFilterError,
    export_calls,
    find_calls,
    read_call_filter,
    read_place,
    running_calls,
)
from switchhook.operations.calls.sip_messages import sip_messages_of
from switchhook.operations.event_stream import MAX_EVENTS, StreamGapError, no_events
from switchhook.operations.history import CallStory, show_call
from switchhook.storage.call_search import EVERY_CALL, CallFilter, CallPlace
from switchhook.storage.captures import SipCapture
from switchhook.storage.records import CallRow
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.storage.stream import StreamEvent
from switchhook.views import as_csv, as_json
from switchhook.views.sip_messages import pcap as pcap_of
from switchhook.views.sip_messages import sip_capture, sip_line
from switchhook.views.text import NOTHING, clock, one_line, seconds
from switchhook.views.timeline import call_lines

MAX_LISTED: Final = 1_000_000
"""Calls that one command lists."""
LOOK: Final = 1.0
"""Seconds between two looks for what other processes stored."""
_FLAGS: Final = {"failed": (), "running": "--ended"}
"""The filters that take no value, with the option that says the opposite."""


def _option(name: str, help_: str) -> tuple[str, Any, None]:
    if name in _FLAGS:
        return name, Annotated[bool | None, Parameter(help=help_, negative=_FLAGS[name])], None
    return name, Annotated[str | None, Parameter(help=help_)], None


if TYPE_CHECKING:
    from dataclasses import dataclass

    from switchhook.operations.recordings import Recordings

    @dataclass(frozen=True)
    class FilterOptions:
        """What calls are found by, as options."""
else:
    FilterOptions = make_dataclass(
        "FilterOptions", [_option(*one) for one in FILTER_KEYS.items()], frozen=True
    )
    FilterOptions.__module__ = "switchhook.cli"  # cyclopts takes what has none for one value

NO_FILTER: Final = FilterOptions()


class ExportFormat(StrEnum):
    """A form in which all calls are printed."""

    CSV = "csv"
    JSONL = "jsonl"


class ReportNumbers(StrEnum):
    """How telephone numbers stand in a report."""

    MASKED = "masked"
    FULL = "full"


def calls(
    call: Annotated[str | None, Parameter(help="Id of one call: shows its timeline.")] = None,
    /,
    *,
    wanted: Annotated[FilterOptions, Parameter(name="*")] = NO_FILTER,
    project: OnlyProject = None,
    limit: Annotated[
        int,
        Parameter(help="How many at most, newest first.", validator=Number(gte=1, lte=MAX_LISTED)),
    ] = 50,
    after: Annotated[
        str, Parameter(help="Go on behind this place, as the last list said it.")
    ] = "",
    export: Annotated[
        ExportFormat | None,
        Parameter(
            help="Print all that are found, without a limit: CSV with a header, or JSON lines."
        ),
    ] = None,
    follow: Annotated[
        bool,
        Parameter(
            help="Print the calls that run, then what begins, changes and ends, until Ctrl-C.",
            negative=(),
        ),
    ] = False,
    details: Annotated[
        bool,
        Parameter(
            help="With --json and --export: also the path, and a link to the recording, good for a week.",
            negative=(),
        ),
    ] = False,
    sip: Annotated[
        bool,
        Parameter(help="With a call: show its SIP messages in the timeline.", negative=()),
    ] = False,
    full: Annotated[
        bool,
        Parameter(
            help="With a call: show what was sent to webhooks that were asked, and what they answered.",
            negative=(),
        ),
    ] = False,
    pcap: Annotated[
        Path | None,
        Parameter(help="With a call: write its SIP messages for Wireshark; - is standard output."),
        MAYBE_STDIN,
    ] = None,
    html: Annotated[
        Path | None,
        Parameter(
            help="With a call: write a page for a colleague, of SIP, HTTP and events; - is standard output."
        ),
        MAYBE_STDIN,
    ] = None,
    numbers: Annotated[
        ReportNumbers, Parameter(help="With --html: how telephone numbers stand there.")
    ] = ReportNumbers.MASKED,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List calls, newest first, find and export them, or show the timeline of one."""
    if call is not None:
        how = _Shown(with_sip=sip, is_full=full, json=json, pcap=pcap, html=html, numbers=numbers)
        return _show_one(call, config, data_dir, how)
    if sip or full or pcap is not None or html is not None:
        raise UsageError("--sip, --full, --pcap and --html are of one call; name it")
    if follow:
        if project is None:
            raise UsageError("--follow is of one project; name it with --project")
        ask_store(config, data_dir, lambda store: _follow(store, project, as_lines=json))
        return 0
    chosen, behind = _chosen(wanted, after)
    recordings = _recordings(config, data_dir) if details else None
    if export is not None:
        exported = ask_store(
            config,
            data_dir,
            lambda store: _export(store, project, chosen, export, recordings),
            project=project,
        )
        stderr().print(f"{exported} calls" if exported != 1 else "1 call")
        return 0
    listed = ask_store(
        config,
        data_dir,
        lambda store: _find(store, project, chosen, limit, behind),
        project=project,
    )
    found, place = listed or ((), None)
    if json and recordings is not None:
        detailed = ask_store(
            config,
            data_dir,
            lambda store: with_details(store.trails, recordings, found, now=time.time()),
        )
        print_json([as_json.detailed_call(one) for one in detailed])
    elif json:
        print_json([as_json.call(row) for row in found])
    else:
        _show_calls(found, is_filtered=chosen != EVERY_CALL)
    if place is not None:
        stderr().print(f"go on with --after {place}")
    if not json and any(row.outcome is None for row in found):
        note_without_server(config, data_dir)
    return 0


def _recordings(config: Path | None, data_dir: Path | None) -> "Recordings":
    from switchhook.cli.sounds.recordings import kept_recordings  # noqa: PLC0415 (they bring in sound)

    return kept_recordings(config, data_dir)


def _chosen(wanted: FilterOptions, after: str) -> tuple[CallFilter, CallPlace | None]:
    """Read the options. Raises UsageError."""
    given = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    texts = {
        name: str(value).lower() if name in _FLAGS else value
        for name, value in given.items()
        if value is not None
    }
    try:
        return read_call_filter(texts, now=time.time()), read_place(after)
    except WrongFilterError as error:
        raise UsageError(f"--{error}") from None


async def _find(
    store: SqliteStore,
    project: str | None,
    wanted: CallFilter,
    limit: int,
    behind: CallPlace | None,
) -> tuple[tuple[CallRow, ...], CallPlace | None] | None:
    found = await find_calls(store, project=project, wanted=wanted, limit=limit, behind=behind)
    return found if found[0] else None


async def _export(
    store: SqliteStore,
    project: str | None,
    wanted: CallFilter,
    form: ExportFormat,
    recordings: "Recordings | None",
) -> int:
    """Print calls as they are read, and return how many."""
    count = 0
    is_csv = form is ExportFormat.CSV
    if is_csv:
        print_whole(as_csv.header(has_details=recordings is not None))
    async for found in export_calls(store, project=project, wanted=wanted):
        count += len(found)
        if recordings is None:
            print_whole(as_csv.call_lines(found) if is_csv else as_json.json_lines(found))
        else:
            detailed = await with_details(store.trails, recordings, found, now=time.time())
            write = as_csv.detailed_lines if is_csv else as_json.detailed_json_lines
            print_whole(write(detailed))
    return count


async def _follow(store: SqliteStore, project: str, *, as_lines: bool) -> None:
    """Print what runs and what becomes of it. Raises CommandError where the project keeps no events."""
    from switchhook.tryout.lookup import applied_snapshot  # noqa: PLC0415 (for those who follow)

    snapshot = await applied_snapshot(store, project)
    if not snapshot.project.event_stream.keep:
        raise CommandError(no_events(project))
    place, running = await running_calls(store, project=project)
    if as_lines:
        print_whole(as_json.json_lines(running))
    else:
        _show_calls(running, is_filtered=True)
    while True:
        page = await store.stream_events(project, after=place.number, limit=MAX_EVENTS, wait=LOOK)
        try:
            place = place.moved(page)
        except StreamGapError as error:
            raise CommandError(str(error)) from error
        for event in page.events:
            if event.type not in OF_CALLS:
                continue
            if as_lines:
                print_whole(event.body + b"\n")
            else:
                stdout().print(f"{clock(event.at)}  {event.type:16}  {_told(event)}")


def _told(event: StreamEvent) -> str:
    """Say in one line what an event tells of its call."""
    call = msgspec.json.decode(event.body, type=_Told).call
    who = call.caller.number or "withheld"
    told = f"{event.call}  {who} → {call.called}"
    return one_line(told if call.outcome is None else f"{told}: {call.outcome}")


class _Party(msgspec.Struct):
    """Who calls, as an event has it."""

    number: str | None = None


class _Call(msgspec.Struct):
    """What one line says of a call."""

    caller: _Party
    called: str
    outcome: str | None = None


class _Told(msgspec.Struct):
    """An event of the stream, as far as one line needs it."""

    call: _Call


def _show_calls(found: tuple[CallRow, ...], *, is_filtered: bool) -> None:
    if not found:
        stdout().print("no call fits" if is_filtered else "no calls yet")
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


class _Shown(NamedTuple):
    """What is shown of a call, and how."""

    with_sip: bool
    is_full: bool
    json: bool
    pcap: Path | None
    html: Path | None
    numbers: ReportNumbers


def _show_one(call: str, config: Path | None, data_dir: Path | None, how: _Shown) -> int:
    """Show one call, perhaps with its SIP messages, or write these alone, or all of it for a colleague."""
    if how.html is not None:
        _write_report(call, how.html, how.numbers, config, data_dir)
        return 0
    capture = None
    if how.with_sip or how.pcap is not None:
        _, capture = ask_store(config, data_dir, lambda store: sip_messages_of(store, call))
        if how.pcap is not None:
            _write(how.pcap, pcap_of(capture))
            return 0
    story = ask_store(config, data_dir, lambda store: show_call(store, call))
    if how.json:
        sip = {} if capture is None else {"sip": sip_capture(capture)}
        print_json(as_json.call_story(story) | sip)
        return 0
    _show_call(story, capture, is_full=how.is_full)
    if story.call.outcome is None:
        note_without_server(config, data_dir)
    return 0


def _write_report(
    call: str, file: Path, numbers: ReportNumbers, config: Path | None, data_dir: Path | None
) -> None:
    from switchhook.operations.calls.whole import show_whole_call  # noqa: PLC0415 (for those who want it)
    from switchhook.views.call_report.write import call_report  # noqa: PLC0415 (it brings in templates)

    whole = ask_store(config, data_dir, lambda store: show_whole_call(store, call))
    _write(file, call_report(whole, numbers=numbers))


def _write(file: Path, data: bytes) -> None:
    """Write a file anew, or to standard output for `-`. Raises CommandError."""
    if str(file) == "-":
        print_whole(data)
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}") from error


def _show_call(
    story: CallStory, capture: SipCapture | None = None, *, is_full: bool = False
) -> None:
    console, row = stdout(), story.call
    console.print(f"call {row.id} of project {row.project}, {clock(row.arrived_at)}")
    lines = call_lines(story.journal, story.deliveries, is_full=is_full)
    if capture is not None:
        lines = sorted([*map(sip_line, capture.messages), *lines], key=lambda line: line.at)
    for line in lines:
        console.print(draw_whole(line, began=row.arrived_at))
    if capture is not None and capture.left_out:
        console.print(f"  {capture.left_out} more SIP messages are not kept", style="dim")
    console.print(draw_path(story.journal))
