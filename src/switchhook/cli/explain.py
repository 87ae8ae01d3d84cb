"""`switchhook read-answer` and `switchhook preview`: what would happen, without a call."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.app.user_agent import USER_AGENT
from switchhook.cli.errors import UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OfProject,
    read_bytes,
    settings_of,
)
from switchhook.cli.output import print_json, print_whole, stderr, stdout
from switchhook.cli.project_source import ProjectFileOption, snapshot_of
from switchhook.domain.failure import Failure
from switchhook.tryout.examples import Example, read_example
from switchhook.tryout.explaining import (
    Explanation,
    UnreadableResponseError,
    explain_answer,
    read_response,
)
from switchhook.tryout.previewing import Preview, preview_requests
from switchhook.views import as_json
from switchhook.views.text import notes_of, one_line
from switchhook.webhooks.answer import Ack, DialPlanReading, Nak, RingTargets, SchemeId
from switchhook.webhooks.mail import Mail

ReadWebhook = Annotated[
    str, Parameter(help="Name of a forwarding number or dial-plan webhook.", name="--webhook")
]
ShownWebhook = Annotated[
    str, Parameter(help="Name of any webhook or event mail.", name="--webhook")
]

DECISION_WORDS = {
    RingTargets: "direction",
    SchemeId: "schemeid",
    Failure: "failure",
    Ack: "ack",
    Nak: "nak",
}
"""The stable JSON name of each decision."""


def read_answer(
    *,
    webhook: ReadWebhook,
    status: Annotated[
        int | None,
        Parameter(
            help="HTTP status that the body came under; 200 without it.",
            validator=Number(gte=100, lte=599),
            show_default=False,
        ),
    ] = None,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Read an answer's body from standard input and print what it would do to a call."""
    if file is not None and str(file) == "-":
        raise UsageError("standard input holds the answer; give --file the name of a file")
    if sys.stdin.isatty():
        stderr().print("Type or paste the answer's body, then press Ctrl-D on a line of its own.")
    snapshot = snapshot_of(project, file, config, data_dir)
    try:
        response = read_response(sys.stdin.buffer.read())
    except UnreadableResponseError as error:
        raise UsageError(str(error)) from error
    if status is not None:
        response = response._replace(status=status)
    explained = explain_answer(snapshot, webhook, response)
    print_json(_explanation(explained)) if json else _show(explained)
    return 0 if explained.is_followed else 1


def _show(explained: Explanation) -> None:
    console = stdout()
    console.print(f"the call {one_line(explained.decision)}")
    for name, value in _told(explained):
        console.print(f"  {name:14} {one_line(value)}")


def _told(explained: Explanation) -> list[tuple[str, str]]:
    reading = explained.reading
    told = [("read as", str(reading.read_as) or "not read")]
    if isinstance(reading, DialPlanReading) and reading.destination is not None:
        told.append(("destination", str(reading.destination)))
    if reading.caller_name:
        told.append(("caller name", reading.caller_name))
    if isinstance(reading, DialPlanReading):
        told += [("variable", f"{name} = {value}") for name, value in reading.variables]
    return told + [("notice", notice) for notice in reading.notices]


def _explanation(explained: Explanation) -> dict[str, Any]:
    reading, outcome = explained.reading, explained.outcome
    told: dict[str, Any] = {
        "webhook": explained.webhook,
        "dialect": explained.dialect,
        "decision": DECISION_WORDS[type(outcome)],
        "text": explained.decision,
        "followed": explained.is_followed,
        "read_as": str(reading.read_as),
        "notices": list(reading.notices),
    }
    match outcome:
        case RingTargets(targets=targets):
            told["targets"] = [str(target) for target in targets]
        case SchemeId(id=scheme):
            told["scheme"] = scheme
        case Failure(kind=kind, detail=detail):
            told |= {"failure": kind, "detail": detail}
        case _:
            pass
    told["caller_name"] = reading.caller_name or None
    if isinstance(reading, DialPlanReading):
        told["destination"] = None if reading.destination is None else str(reading.destination)
        told["variables"] = dict(reading.variables)
    return told


def preview(
    *,
    webhook: ShownWebhook,
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
    """Print the exact bytes that a webhook would be sent, secrets included, and send nothing."""
    snapshot = snapshot_of(project, file, config, data_dir)
    example = Example() if call is None else read_example(read_bytes(call))
    sender = settings_of(config, NO_FLAGS).mail_from
    first, *fallback = preview_requests(
        snapshot, webhook, example, now=time.time(), product=USER_AGENT, mail_from=sender
    )
    if json:
        more = [("fallback", _preview(shown)) for shown in fallback]
        print_json(_preview(first) | dict(more))
        return 0
    for shown in (first, *fallback):
        _print_bytes(shown)
    return 0


def _print_bytes(shown: Preview) -> None:
    """Print nothing but the bytes on standard output, so that they can be counted and compared."""
    whose = f"{shown.webhook}, fallback URL" if shown.is_fallback else shown.webhook
    stderr().print(f"{whose}: {len(shown.data)} bytes to {_way(shown)}", style="dim")
    for note in notes_of(shown.request):
        stderr().print(f"note: {note}", style="yellow")
    print_whole(shown.data)
    if sys.stdout.isatty():
        sys.stdout.write("\n")


def _way(shown: Preview) -> str:
    if isinstance(shown.request, Mail):
        return f"{shown.request.recipient} by mail"
    tls = shown.origin is not None and shown.origin.scheme == "https"
    return f"{shown.origin} {'over TLS' if tls else 'without TLS'}"


def _preview(shown: Preview) -> dict[str, Any]:
    request = shown.request
    if isinstance(request, Mail) or shown.origin is None:
        headers, body = as_json.content(request)
        told = as_json.address(request) | {"headers": list(map(list, headers)), "body": body}
        return {"webhook": shown.webhook, **told, "bytes": len(shown.data)}
    return {
        "webhook": shown.webhook,
        "connects_to": str(shown.origin),
        "tls": shown.origin.scheme == "https",
        "method": request.method,
        "url": request.url,
        "headers": [list(header) for header in request.headers],
        "body": as_json.text(request.body),
        "bytes": len(shown.data),
        "notes": list(notes_of(request)),
    }
