"""`switchhook trigger`: the events of an example call, sent to an endpoint, gently or roughly."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from switchhook.app.user_agent import USER_AGENT
from switchhook.cli.building.sending import sent_as_json, show_sent
from switchhook.cli.demo.programs import EXAMPLES
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    OfProject,
    data_dir_of,
    read_bytes,
)
from switchhook.cli.output import print_json, stderr, stdout
from switchhook.cli.project_source import ProjectFileOption, snapshot_of
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.tryout.examples import Example, read_example
from switchhook.tryout.kept_requests import place_of
from switchhook.tryout.rough import RoughResult, RoughTreatment
from switchhook.tryout.sending import sending_anywhere
from switchhook.tryout.triggering import TriggeredEvent, chosen_webhooks, events_of_example
from switchhook.views.text import one_line


def trigger(
    event: Annotated[
        str,
        Parameter(
            help="A moment (incoming.after), a direction (incoming: all of a call), or the name of an event or webhook."
        ),
    ],
    url: Annotated[str, Parameter(help="URL of the endpoint, in place of the webhook's own.")],
    /,
    *,
    rough: Annotated[
        bool,
        Parameter(
            help="Treat it roughly: doubles, other orders, late events, strange names, slow and cut connections,"
            " wrong signatures; say what it survived.",
            negative=(),
        ),
    ] = False,
    call: Annotated[
        Path | None,
        Parameter(help="The call, described in JSON; an example by default.", name="--call"),
        MAYBE_STDIN,
    ] = None,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Send the events of an example call to an endpoint, in the exact bytes of a delivery."""
    place_of(url)
    snapshot = _snapshot(project, file, config, data_dir)
    now = time.time()
    example = Example() if call is None else read_example(read_bytes(call))
    if call is None:  # a call of its own each time: a receiver remembers what it had
        example = Example(id=f"{now:.9f}")
    chosen = chosen_webhooks(snapshot, event)
    if rough:
        treatment = RoughTreatment(snapshot, chosen, url, example, product=USER_AGENT)
        return _rough(treatment, json=json)
    events = events_of_example(snapshot, chosen, url, example, now=now, product=USER_AGENT)
    return asyncio.run(_send(events, json=json))


def _snapshot(
    project: str | None, file: Path | None, config: Path | None, data_dir: Path | None
) -> ProjectSnapshot:
    """Return the project that is named; the example's where nothing is named, and nothing was ever applied."""
    if project is None and file is None:
        database = data_dir_of(config, data_dir) / DATABASE
        if not database.exists():
            stderr().print(
                "no project is applied here: these are the events of the example project"
            )
            file = EXAMPLES / "project.toml"
    return snapshot_of(project, file, config, data_dir)


async def _send(events: tuple[TriggeredEvent, ...], *, json: bool) -> int:
    told = []
    is_good = True
    async with sending_anywhere() as send:
        for event in events:
            sent = await send(event.proved(time.time()))
            is_good &= sent.is_good
            if json:
                named = {"event": event.kind, "webhook": event.webhook.name, "id": event.id}
                told.append(named | sent_as_json(sent))
            else:
                show_sent(sent, f"{event.kind} to {event.webhook.name}")
    if json:
        print_json(told)
    return 0 if is_good else 1


def _rough(treatment: RoughTreatment, *, json: bool) -> int:
    show = (lambda _: None) if json else _show
    results = asyncio.run(treatment.run(show))
    failed = sum(not one.survived for one in results)
    if json:
        print_json([{"case": r.case, "survived": r.survived, "said": r.said} for r in results])
    elif len(results) == 1:
        stdout().print("The receiver does not take the events as they are; mend that first.")
    else:
        stdout().print(f"survived {len(results) - failed} of {len(results)}")
    return 1 if failed else 0


def _show(result: RoughResult) -> None:
    mark, style = ("✓", "green") if result.survived else ("✗", "red")
    stdout().print(f"{mark} {one_line(f'{result.case}: {result.said}')}", style=style)
