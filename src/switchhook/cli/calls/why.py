"""`switchhook why`: why a telephone did not ring in a call."""

from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.options import Config, DataDir, Json, ask_store
from switchhook.cli.output import print_json, stdout
from switchhook.operations.calls.versions import show_call_and_version
from switchhook.views.text import clock
from switchhook.views.why import as_json, why_not


def why(
    call: Annotated[str, Parameter(help="Id of the call, as `switchhook calls` lists it.")],
    target: Annotated[str, Parameter(help="Login of an account, name of a group, or a number.")],
    /,
    *,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say why a telephone did not ring in a call, and the smallest change that would have rung it."""
    story, snapshot = ask_store(config, data_dir, lambda store: show_call_and_version(store, call))
    found = why_not(story, snapshot, target)
    if json:
        print_json(as_json(found))
        return 0
    console = stdout()
    console.print(f"{found.target}: {found.why}.")
    if found.entry is not None:
        console.print(f"  seen at {clock(found.entry.at)}, line {found.entry.seq} of the journal")
    if found.change:
        console.print(f"  to change it: {found.change}")
    return 0
