"""`switchhook hang-up`: an operator ends a call that runs."""

from typing import Annotated, Final

from cyclopts import Parameter

from switchhook.cli.changing import change
from switchhook.cli.errors import CommandError
from switchhook.cli.options import Config, DataDir, Json, ask_store, data_dir_of
from switchhook.cli.output import print_json, stdout
from switchhook.operations.history import show_call

WAIT_SECONDS: Final = 5.0
"""Seconds that a running server waits for the call's end."""


def hang_up(
    call: Annotated[str, Parameter(help="Id of the call, as `switchhook calls` lists it.")],
    /,
    *,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """End a call that runs: both sides are hung up, and its end is told as that of every call."""
    ask_store(config, data_dir, lambda store: show_call(store, call))  # makes no database
    from switchhook.operations.control import EndCall  # noqa: PLC0415 (it brings in all that acts need)

    act = EndCall(call=call, by="an operator", patience=WAIT_SECONDS)
    if change(data_dir_of(config, data_dir), act).outcome is None:
        raise CommandError(
            f"call {call} has not ended within {WAIT_SECONDS:g} s: `switchhook serve` ends it as soon as it"
            " runs on this data directory"
        )
    print_json({"call": call}) if json else stdout().print(f"call {call} is ended")
    return 0
