"""`switchhook callback` and `switchhook transfer`: make a call, and pass a running one on."""

from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.changing import change
from switchhook.cli.errors import UsageError
from switchhook.cli.options import Config, DataDir, Json, data_dir_of
from switchhook.cli.output import print_json, stdout
from switchhook.routing.events import Side

BY = "an operator"
"""Who wants it, as the timeline says."""


def callback(
    caller: Annotated[
        str,
        Parameter(
            help="Who rings first: an account, a group, an outside number, or a number of the project,"
            " whose scheme says who rings."
        ),
    ],
    callee: Annotated[str, Parameter(help="Who rings then, as the caller would dial it.")],
    /,
    *,
    shown: Annotated[
        str, Parameter(help="The number of the project that is shown outside.", name="--shown")
    ] = "",
    project: Annotated[
        str | None, Parameter(help="The project; needed where there are several.", name="--project")
    ] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make a call: ring the caller, and once they answer the callee."""
    from switchhook.operations.control import CallBack  # noqa: PLC0415 (it brings in all that acts need)

    act = CallBack(project=project, caller=caller, callee=callee, by=BY, shown=shown)
    made = change(data_dir_of(config, data_dir), act)
    print_json({"call": made.call}) if json else stdout().print(made.call)
    return 0


def transfer(
    call: Annotated[str, Parameter(help="Id of the call, as `switchhook calls` lists it.")],
    to: Annotated[
        str, Parameter(help="Who rings: an account, a group, a number; none with --scheme.")
    ] = "",
    /,
    *,
    scheme: Annotated[
        int | None, Parameter(help="The scheme that says who rings.", name="--scheme")
    ] = None,
    leaves: Annotated[
        Side | None,
        Parameter(
            help="Who leaves the call; else the party with an account, of two the callee.",
            name="--leaves",
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Transfer a conversation to an account, a number or a scheme."""
    from switchhook.operations.control import TransferCall  # noqa: PLC0415 (it brings in all that acts need)

    if bool(to) == (scheme is not None):
        raise UsageError("name either whom to transfer the call to, or --scheme")
    act = TransferCall(
        call=call, by=BY, to=to or f"scheme {scheme}", scheme=scheme or 0, leaves=leaves
    )
    change(data_dir_of(config, data_dir), act)
    if json:
        print_json({"call": call})
    else:
        stdout().print(f"call {call} is being transferred to {act.to}")
    return 0
