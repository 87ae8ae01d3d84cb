"""`switchhook recordings`: what was recorded of calls and messages."""

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError
from switchhook.cli.options import (
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OnlyProject,
    data_dir_of,
    settings_of,
)
from switchhook.cli.output import print_json, print_table, stderr, stdout
from switchhook.operations.recordings import (
    Recordings,
    StoredRecording,
    find_call,
    recordings_in,
    save_recording,
)
from switchhook.views.text import clock, iso, seconds
from switchhook.webhooks.recording_links import ALL, DAY

recordings = App(
    name="recordings", help="Recordings of calls and messages: list, link, save, remove."
)

CallId = Annotated[str, Parameter(help="Id of the call, as `switchhook calls` lists it.")]
Which = Annotated[
    str, Parameter(help="Which one, such as r1; all of the call as one.", name="--recording")
]


@recordings.command(name="list")
def list_(
    call: Annotated[str | None, Parameter(help="Only of this call.")] = None,
    /,
    *,
    project: OnlyProject = None,
    limit: Annotated[
        int,
        Parameter(help="How many at most, newest first.", validator=Number(gte=1, lte=1_000_000)),
    ] = 50,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List recordings, those of the newest calls first."""
    found = kept_recordings(config, data_dir).list(project=project, call=call, limit=limit)
    if json:
        print_json([_as_json(one) for one in found])
    elif not found:
        stdout().print("nothing is recorded")
    else:
        rows = [
            (
                one.name.call,
                one.name.recording,
                one.name.project,
                clock(one.at).replace(" ", "\n"),
                seconds(one.seconds),
                f"{one.size / 1e6:.1f} MB",
            )
            for one in found
        ]
        print_table(("call", "recording", "project", "ended", "length", "size"), rows)
    return 0


@recordings.command
def link(
    call: CallId,
    /,
    *,
    recording: Which = ALL,
    days: Annotated[
        int, Parameter(help="How long it is good.", validator=Number(gte=1, lte=3650))
    ] = 7,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a link to a recording that anybody can follow, for so many days."""
    kept = kept_recordings(config, data_dir)
    url = kept.link(find_call(kept, call, recording), expires=time.time() + days * DAY)
    sys.stdout.write(f"{url}\n")
    return 0


@recordings.command
def save(
    call: CallId,
    file: Annotated[Path, Parameter(help="WAV file to write.")],
    /,
    *,
    recording: Which = ALL,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Copy a recording into a file, which must not be there yet."""
    kept = kept_recordings(config, data_dir)
    name = find_call(kept, call, recording)
    size = save_recording(kept, name, file)
    stderr().print(f"{file}: {size / 1e6:.1f} MB")
    return 0


@recordings.command
def remove(
    call: CallId,
    /,
    *,
    recording: Which = ALL,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Delete a recording for good, or all of a call; links to it are answered with 404 from then on."""
    from switchhook.operations.sound_acts import RemoveRecording  # noqa: PLC0415 (it brings in all that acts need)

    find_call(kept_recordings(config, data_dir), call, recording)  # makes no database
    act = RemoveRecording(call=call, recording=recording, by=operator())
    gone = change(data_dir_of(config, data_dir), act).recordings
    if json:
        print_json({"call": call, "deleted": list(gone)})
    else:
        stdout().print(f"deleted of call {call}: {', '.join(gone)}")
    return 0


def kept_recordings(config: Path | None, data_dir: Path | None) -> Recordings:
    """Return the recordings of a data directory. Raises CommandError."""
    settings = settings_of(config, NO_FLAGS)
    where = settings.data_dir if data_dir is None else data_dir.expanduser()
    if not os.access(where, os.R_OK | os.X_OK):
        raise CommandError(
            f"there is no data directory {where} that can be read; name another with --data-dir"
        )
    return recordings_in(
        where, base=settings.url_of_links(settings.web_port), keep_days=settings.keep_days
    )


def _as_json(one: StoredRecording) -> dict[str, object]:
    return asdict(one.name) | {
        "seconds": round(one.seconds, 3),
        "size": one.size,
        "channels": one.channels,
        "ended_at": iso(one.at),
    }
