"""`switchhook deliveries`: what became of them; what was given up is checked, or sent again."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import UsageError
from switchhook.cli.history import Limit
from switchhook.cli.options import (
    Config,
    DataDir,
    Json,
    OfProject,
    OnlyProject,
    ask_store,
    data_dir_of,
)
from switchhook.cli.output import UNDECODED, print_json, print_table, stderr, stdout
from switchhook.domain.failure import BEFORE_SENDING, FailureKind
from switchhook.operations.bulk_jobs import list_jobs, show_job
from switchhook.operations.history import (
    BadMomentError,
    DeliveryStory,
    list_deliveries,
    parse_moment,
    show_delivery,
)
from switchhook.operations.project_versions import latest_version
from switchhook.storage.delivery import Attempt
from switchhook.storage.records import (
    BulkAct,
    BulkJob,
    BulkState,
    Count,
    DeliveryFilter,
    DeliveryList,
    DeliveryRow,
    DeliveryState,
)
from switchhook.views import as_json
from switchhook.views.event_answer import notice_of
from switchhook.views.text import NOTHING, clock, notes_of, one_line, seconds
from switchhook.views.timeline import attempt_lines, standing

OPERATOR = "an operator"
"""Who acts on the command line."""
POLL_INTERVAL = 0.2
"""Seconds between two looks how far a job is."""

deliveries = App(
    name="deliveries",
    help="List the deliveries that need somebody, or others; show one; check them, or send them again.",
)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenOptions:
    """Options that choose deliveries."""

    every: Annotated[
        bool, Parameter(name="--all", help="All, whatever became of them.", negative=())
    ] = False
    failed: Annotated[
        bool,
        Parameter(name="--failed", help="Those that failed, checked ones too.", negative=()),
    ] = False
    pending: Annotated[
        bool, Parameter(name="--pending", help="Those that wait for an attempt.", negative=())
    ] = False
    checked: Annotated[
        bool, Parameter(name="--checked", help="Those that somebody checked.", negative=())
    ] = False
    state: Annotated[
        DeliveryState | None, Parameter(name="--state", help="Those in this state.")
    ] = None
    webhook: Annotated[
        str | None,
        Parameter(help="Only those of this event webhook or event mail.", name="--webhook"),
    ] = None
    event: Annotated[
        str | None, Parameter(help="Only those of this event, as incoming.after.", name="--event")
    ] = None
    call: Annotated[str | None, Parameter(help="Only those of this call.", name="--call")] = None
    since: Annotated[
        str | None,
        Parameter(
            help="Only of events since then: 2h, 7d, or a date and time in ISO 8601.",
            name="--since",
        ),
    ] = None
    until: Annotated[
        str | None, Parameter(help="Only of events before then, as --since.", name="--until")
    ] = None
    text: Annotated[
        str | None, Parameter(help="Only with these words in the error.", name="--text")
    ] = None

    def filter(self, *, project: str | None, usual: DeliveryList = "unchecked") -> DeliveryFilter:
        """Return which those are; of what is on the `usual` list, where no state is chosen. Raises UsageError."""
        texts = (self.webhook, self.event, self.call, self.text)
        if wrong := next((one for one in texts if one and UNDECODED.search(one)), None):
            raise UsageError(f"'{wrong}' is not UTF-8 text; write it in UTF-8")
        named = (self.every, self.failed, self.pending, self.checked, self.state is not None)
        if sum(named) > 1:
            raise UsageError(
                "--all, --failed, --pending, --checked and --state cannot go together; choose one"
            )
        lists: tuple[DeliveryList, ...] = ("all", "failed", "pending", "checked")
        of_state = usual if self.state is None else self.state.value
        state = next((one for one, is_on in zip(lists, named, strict=False) if is_on), of_state)
        try:
            now = time.time()
            since, until = (
                None if told is None else parse_moment(told, now)
                for told in (self.since, self.until)
            )
        except BadMomentError as error:
            raise UsageError(str(error)) from None
        return DeliveryFilter(
            state=state,
            project=project,
            webhook=self.webhook,
            event=self.event,
            call=self.call,
            since=since,
            until=until,
            text=self.text,
        )


ANY = ChosenOptions()
Id = Annotated[
    str, Parameter(help="Ids of deliveries, as `switchhook deliveries` lists them.", name="ids")
]
Bulk = Annotated[
    bool,
    Parameter(
        help="Act on all that the options choose, as a job, in place of named ones.",
        name="--bulk",
        negative=(),
    ),
]


@deliveries.default
def list_(
    delivery: Annotated[
        str | None, Parameter(help="Id of one: shows it with its attempts.")
    ] = None,
    /,
    *,
    chosen: ChosenOptions = ANY,
    project: OnlyProject = None,
    limit: Limit = 50,
    after: Annotated[
        int | None,
        Parameter(help="Go on behind this number, as the last page said it.", name="--after"),
    ] = None,
    count: Annotated[
        bool, Parameter(help="Print how many there are.", name="--count", negative=())
    ] = False,
    full: Annotated[
        bool, Parameter(help="Show each with its attempts.", name="--full", negative=())
    ] = False,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the deliveries that need somebody, or others, or show one with its attempts."""
    if delivery is not None:
        story = ask_store(config, data_dir, lambda store: show_delivery(store, delivery))
        print_json(as_json.delivery_story(story)) if json else _show_delivery(story)
        return 0
    which = chosen.filter(project=project)
    if count:
        counted = ask_store(config, data_dir, lambda store: store.count_deliveries(which))
        print_json(as_json.count(counted)) if json else stdout().print(str(counted))
        return 0
    found = ask_store(
        config,
        data_dir,
        lambda store: list_deliveries(store, which, limit=limit, before=after),
        project=project,
    )
    if full:
        _show_in_full(found, config, data_dir, json=json)
    elif json:
        print_json([as_json.delivery(row) for row in found])
    else:
        _show_deliveries(found, which.state)
    if not json:
        _tell_more(found, which, limit, config, data_dir)
    return 0


def _show_in_full(
    found: tuple[DeliveryRow, ...], config: Path | None, data_dir: Path | None, *, json: bool
) -> None:
    async def told(store: Any) -> list[DeliveryStory]:  # noqa: ANN401 (a store, which is slow to import)
        return [
            DeliveryStory(row=row, attempts=await store.attempts(row.delivery.id)) for row in found
        ]

    stories = ask_store(config, data_dir, told) if found else []
    if json:
        print_json([as_json.delivery_story(story) for story in stories])
        return
    for place, story in enumerate(stories):
        stdout().print("\n" if place else "", end="")
        _show_delivery(story)
    if not stories:
        stdout().print("no such deliveries")


def _tell_more(
    found: tuple[DeliveryRow, ...],
    which: DeliveryFilter,
    limit: int,
    config: Path | None,
    data_dir: Path | None,
) -> None:
    """Say how to page on, and what else waits."""
    if len(found) == limit:
        stderr().print(f"go on with --after {found[-1].number}")
    if which.state != "unchecked":
        return
    for waiting, said in _WAITING.items():
        others = ChosenOptions(state=DeliveryState(waiting), webhook=which.webhook)
        listed = others.filter(project=which.project)
        if ask_store(config, data_dir, lambda store: list_deliveries(store, listed, limit=1)):  # noqa: B023 - it is asked at once
            stderr().print(said)


_WAITING = {
    "pending": "others wait for an attempt: switchhook deliveries --pending",
    "parked": "others wait until a failing endpoint answers: switchhook deliveries --state parked",
}


@deliveries.command
def check(
    *ids: Id,
    bulk: Bulk = False,
    chosen: ChosenOptions = ANY,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Take deliveries off the list: somebody has seen to them. They are kept, with who and when."""
    return _act(
        BulkAct.CHECK,
        ids,
        chosen,
        project=project,
        config=config,
        data_dir=data_dir,
        bulk=bulk,
        json=json,
    )


@deliveries.command
def uncheck(
    *ids: Id,
    bulk: Bulk = False,
    chosen: ChosenOptions = ANY,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Put checked deliveries on the list again."""
    return _act(
        BulkAct.UNCHECK,
        ids,
        chosen,
        project=project,
        config=config,
        data_dir=data_dir,
        bulk=bulk,
        json=json,
    )


@deliveries.command
def send(
    *ids: Id,
    bulk: Bulk = False,
    chosen: ChosenOptions = ANY,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Send deliveries again: one more attempt of each, the same bytes under the same id. What is parked goes as the probe."""
    return _act(
        BulkAct.SEND,
        ids,
        chosen,
        project=project,
        config=config,
        data_dir=data_dir,
        bulk=bulk,
        json=json,
    )


@deliveries.command
def jobs(
    number: Annotated[int | None, Parameter(help="Number of one job.")] = None,
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the jobs of --bulk, newest first, and how far each is."""

    async def asked(store: Any) -> tuple[BulkJob, ...]:  # noqa: ANN401 (as above)
        own = (await latest_version(store, project)).id
        if number is None:
            return await list_jobs(store, own)
        return (await show_job(store, own, number),)

    found = ask_store(config, data_dir, asked)
    if json:
        shown = [as_json.bulk_job(job) for job in found]
        print_json(shown if number is None else shown[0])
    elif not found:
        stdout().print("no jobs yet")
    for job in () if json else found:
        stdout().print(_said(job))
    return 0


@deliveries.command
def stop(
    number: Annotated[int, Parameter(help="Number of the job.", validator=Number(gte=1))],
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Stop a job of --bulk; what it did stays done."""
    own = _project(project, config, data_dir)
    from switchhook.operations.control import StopJob  # noqa: PLC0415 (it brings in all that acts need)

    act = StopJob(project=own, number=number, by=operator())
    stopped = change(data_dir_of(config, data_dir), act)
    print_json(as_json.bulk_job(stopped)) if json else stdout().print(_said(stopped))
    return 0


def _project(project: str | None, config: Path | None, data_dir: Path | None) -> str:
    """Return the project's id, that of the only one where none is named."""
    return ask_store(config, data_dir, lambda store: latest_version(store, project)).id


def _act(
    act: BulkAct,
    ids: tuple[str, ...],
    chosen: ChosenOptions,
    *,
    project: str | None,
    config: Path | None,
    data_dir: Path | None,
    bulk: bool,
    json: bool,
) -> int:
    if bulk:
        if ids:
            raise UsageError("--bulk acts on what the options choose; name no ids with it")
        return _start(act, chosen, project, config, data_dir, json=json)
    if not ids:
        raise UsageError("name deliveries by their ids, or choose them by options with --bulk")
    if chosen != ANY:
        raise UsageError("options choose deliveries for --bulk; name ids alone, or add --bulk")
    _project(project, config, data_dir)  # makes no database
    from switchhook.operations.control import ActOnDeliveries  # noqa: PLC0415 (it brings in all that acts need)

    acted = change(data_dir_of(config, data_dir), ActOnDeliveries(act=act, ids=ids, by=OPERATOR))
    if json:
        print_json([as_json.acted(one) for one in acted])
    for one in () if json else acted:
        said = _DONE[act] if one.is_done else f"not {_DONE[act]}"
        note = f": {one_line(one.note)}" if one.note else ""
        (stdout() if one.is_done else stderr()).print(f"delivery {one.delivery} {said}{note}")
    return 0 if all(one.is_done for one in acted) else 1


_DONE = {BulkAct.CHECK: "checked", BulkAct.UNCHECK: "unchecked", BulkAct.SEND: "sent again"}


def _start(
    act: BulkAct,
    chosen: ChosenOptions,
    project: str | None,
    config: Path | None,
    data_dir: Path | None,
    *,
    json: bool,
) -> int:
    own = _project(project, config, data_dir)
    which = chosen.filter(project=own, usual="checked" if act is BulkAct.UNCHECK else "unchecked")
    counted = ask_store(config, data_dir, lambda store: store.count_deliveries(which))
    from switchhook.operations.control import StartJob  # noqa: PLC0415 (it brings in all that acts need)

    start = StartJob(act=act, which=which, project=own, by=OPERATOR)
    job = change(data_dir_of(config, data_dir), start)
    while job.state is BulkState.RUNNING:
        _progress(job, counted)
        time.sleep(POLL_INTERVAL)
        number = job.number
        job = ask_store(config, data_dir, lambda store: show_job(store, own, number))  # noqa: B023 - it is asked at once
    print_json(as_json.bulk_job(job)) if json else stdout().print(_said(job))
    return 0 if job.state is BulkState.DONE else 1


def _progress(job: BulkJob, counted: Count) -> None:
    """Show how far a job is, where somebody looks; it goes on without us."""
    if sys.stderr.isatty():
        stop_it = f"`switchhook deliveries stop {job.number}` stops it"
        stderr().print(f"job {job.number}: {job.done:,} of {counted}; {stop_it}", end="\r")


def _said(job: BulkJob) -> str:
    left_out = f", {job.left_out:,} left out" if job.left_out else ""
    why = f", such as: {one_line(job.why)}" if job.why else ""
    begun = f"{job.act.value} by {one_line(job.by)}, {clock(job.started_at)}"
    return f"job {job.number}: {job.state.value}, {job.done:,} {_DONE[job.act]}{left_out}{why} ({begun})"


def _show_deliveries(found: tuple[DeliveryRow, ...], state: DeliveryList) -> None:
    if not found:
        stdout().print("no deliveries yet" if state == "all" else f"no {state} deliveries")
        return
    rows = [
        (
            row.delivery.id,
            clock(row.delivery.occurred_at).replace(" ", "\n", 1),
            f"{row.delivery.event.value}\n{_request(row)}",
            "\n".join((row.state.value, _why(row), *standing(row))),
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
    for line in standing(row):
        console.print(line)
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
        for line in attempt_lines(attempt):
            console.print(f"  {line}")
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
    *BEFORE_SENDING,
    FailureKind.EXPIRED,
    FailureKind.SUPERSEDED,
    FailureKind.UNSUBSCRIBED,
}
"""Failures before anything went out."""
