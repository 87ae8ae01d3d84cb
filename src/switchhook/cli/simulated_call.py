"""`switchhook call`: a simulated call, drawn as its path."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter

from switchhook.app.user_agent import USER_AGENT
from switchhook.cli.errors import UsageError
from switchhook.cli.options import Config, DataDir, Json, OfProject, data_dir_of
from switchhook.cli.output import print_json, print_left_over, stderr, stdout
from switchhook.cli.project_source import (
    ProjectFileOption,
    snapshot_of,
    subscriptions_to,
)
from switchhook.cli.real_call import place_real_call
from switchhook.cli.timeline import draw_path, draw_whole
from switchhook.domain.journal import JournalEntry
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.tables.files import TableFiles, missing_files
from switchhook.tryout.script import PHONES, Script, as_dialled
from switchhook.tryout.simulation import CallSimulation, simulate_call
from switchhook.views import as_json
from switchhook.views.path import path_of
from switchhook.views.text import iso, notes_of
from switchhook.views.timeline import call_lines, would_be_told
from switchhook.webhooks.timestamps import time_zone_of

FORMS = {"--answer": "NAME=BODY", "--phone": "TARGET=WHAT"}
"""How options of two parts are written."""
YEARS = range(1971, 9999)
"""In which a call may come, whatever its time zone."""

From = Annotated[
    str,
    Parameter(help="Who calls: a number, or an account's login; '' is withheld.", name="--from"),
]
To = Annotated[str, Parameter(help="What is dialled.", name="--to")]
Name = Annotated[str, Parameter(help="The caller's name.", name="--name")]
DigitsOption = Annotated[
    tuple[str, ...],
    Parameter(
        help="Keys that the caller presses when asked, such as 4711#; again for the next time.",
        name="--digits",
        negative=(),
        show_default=False,
    ),
]
Answers = Annotated[
    tuple[str, ...],
    Parameter(
        help="NAME=BODY: take this for the webhook's answer, and do not ask it; again for the next.",
        name="--answer",
        negative=(),
        show_default=False,
    ),
]
Phones = Annotated[
    tuple[str, ...],
    Parameter(
        help=f"TARGET=WHAT: what a telephone does: {', '.join(PHONES)}. Every one answers by default.",
        name="--phone",
        negative=(),
        show_default=False,
    ),
]
Real = Annotated[
    bool,
    Parameter(
        help="Place it through the SIP engine, between built-in telephones on this machine.",
        name="--real",
        negative=(),
    ),
]
At = Annotated[
    str | None,
    Parameter(help="When the call comes, in the project's time zone; now by default.", name="--at"),
]


def call(
    *,
    caller: From,
    callee: To,
    name: Name = "",
    digits: DigitsOption = (),
    answer: Answers = (),
    phone: Phones = (),
    at: At = None,
    real: Real = False,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Place a simulated call between simulated telephones; webhooks are really asked. Draws its path."""
    snapshot = snapshot_of(project, file, config, data_dir)
    for note in missing_files(data_dir_of(config, data_dir), snapshot.project):
        stderr().print(f"switchhook: note: {note}")
    now = time.time() if at is None else _moment(at, snapshot)
    script = _script(
        caller=as_dialled(caller, snapshot),
        callee=as_dialled(callee, snapshot),
        caller_name=name,
        digits=digits,
        phones={target: what for target, (*_, what) in _by_name(phone, "--phone").items()},
        answers=_bodies(answer),
    )
    if real:
        _check_real(script, is_elsewhen=at is not None, is_json=json)
        return place_real_call(snapshot, script, stdout(), data_dir_of(config, data_dir))
    subscribed = subscriptions_to(snapshot, file, config, data_dir)
    made = asyncio.run(
        simulate_call(
            snapshot,
            script,
            now=now,
            product=USER_AGENT,
            subscriptions=subscribed,
            tables=TableFiles(data_dir_of(config, data_dir), lambda _: snapshot),
        )
    )
    if made.call is None:
        return _refused(made, snapshot, script)
    print_json(_as_json(made)) if json else _draw(made, snapshot, began=now)
    print_left_over(made.left_over)
    return 0


def _script(**given: Any) -> Script:  # noqa: ANN401 (what a script takes)
    """Put the options together. Raises UsageError."""
    try:
        return Script(**given)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _check_real(script: Script, *, is_elsewhen: bool, is_json: bool) -> None:
    """Refuse what no real call can have. Raises UsageError."""
    given = {
        "--answer": bool(script.answers),
        "--at": is_elsewhen,
        "--json": is_json,
        "--name": bool(script.caller_name),
    }
    for option in (option for option, is_given in given.items() if is_given):
        raise UsageError(f"{option} cannot go together with --real; leave one of them out")
    if not script.caller:
        raise UsageError("a real call needs a number or a login to call --from")


def _moment(text: str, snapshot: ProjectSnapshot) -> float:
    """Read a time; without a zone it is the project's. Raises UsageError."""
    try:
        at = datetime.fromisoformat(text)
        if at.year in YEARS:
            at = at if at.tzinfo else at.replace(tzinfo=time_zone_of(snapshot.project.time_zone))
            return at.timestamp()
    except ValueError:
        pass
    advice = "write day and time like 2018-08-13T11:11:11"
    raise UsageError(f"--at {text!r} is no moment; {advice}")


def _bodies(answers: Sequence[str]) -> dict[str, tuple[bytes, ...]]:
    given = _by_name(answers, "--answer")
    return {name: tuple(body.encode() for body in bodies) for name, bodies in given.items()}


def _by_name(options: Sequence[str], option: str) -> dict[str, list[str]]:
    """Split at the first `=`; a name that comes again has several values."""
    found: dict[str, list[str]] = {}
    for text in options:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise UsageError(f"{option} {text!r} is not written {FORMS[option]}")
        found.setdefault(name, []).append(value)
    return found


def _refused(made: CallSimulation, snapshot: ProjectSnapshot, script: Script) -> int:
    cause = None if made.refused is None else made.refused.cause
    why = "it was not taken" if cause is None else f"it was refused with {cause.sip}, {cause.text}"
    if script.caller and script.caller not in snapshot.accounts:
        why += f"; {script.caller} is no account of the project, so it called from outside"
    stderr().print(f"switchhook: no call came of it: {why}")
    return 1


def _draw(made: CallSimulation, snapshot: ProjectSnapshot, *, began: float) -> None:
    console = stdout()
    would = [would_be_told(delivery) for delivery in made.deliveries]
    lines = sorted([*call_lines(made.journal), *would], key=lambda line: line.at)
    console.print(f"a simulated call in project {snapshot.project.id}")
    for line in lines:
        console.print(draw_whole(line, began=began))
    console.print(draw_path(made.journal))


def _as_json(made: CallSimulation) -> dict[str, Any]:
    call = made.call
    assert call is not None  # noqa: S101 (the caller looked)
    return {
        "caller": call.caller.number,
        "callee": call.callee,
        "state": call.state,
        "outcome": call.outcome,
        "ended_by": call.ended_by,
        "variables": dict(call.asks.variables),
        "path": path_of(made.journal),
        "journal": [_entry(entry) for entry in made.journal],
        "would_tell": [
            {
                "event": delivery.event,
                "webhook": delivery.webhook,
                "at": iso(delivery.occurred_at),
                **as_json.address_of(delivery),
                "body": as_json.content(delivery.request)[1],
                "notes": list(notes_of(delivery.request)),
            }
            for delivery in made.deliveries
        ],
    }


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "at": iso(entry.at),
        "happening": entry.kind,
        "leg": entry.leg,
        "text": entry.text,
        "facts": dict(entry.facts),
    }
