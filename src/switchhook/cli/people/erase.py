"""`switchhook erase`: erases a person by their telephone number."""

from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError
from switchhook.cli.options import Config, DataDir, Json, data_dir_of
from switchhook.cli.output import print_json, stderr, stdout


def erase(
    number: Annotated[str, Parameter(help="Telephone number of the person, in any spelling.")],
    /,
    *,
    project: Annotated[str, Parameter(help="Id of the project.", name="--project")],
    yes: Annotated[bool, Parameter(help="Do it: it cannot be undone.", negative=())] = False,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Erase a person from a project: calls, bodies of deliveries, events, visits, recordings."""
    from switchhook.operations.people.erasure import ErasePerson  # noqa: PLC0415 (it brings in all that acts need)

    if not yes:
        raise CommandError(
            "this deletes all calls that name the number, for good; say --yes to do it"
        )
    where = data_dir_of(config, data_dir)
    totals = dict.fromkeys(("calls", "left", "recordings", "visits"), 0)
    place: int | None = 0
    while place is not None:
        act = ErasePerson(project=project, telephone=number, by=operator(), after=place)
        done = change(where, act)
        totals = {name: count + totals[name] for name, count in done.counts().items()}
        place = done.next
        if place is not None:
            stderr().print(f"looking on: {totals['calls']} calls erased so far")
    if json:
        print_json(totals)
        return 0
    counts = (
        f"{totals[name]} {name if totals[name] != 1 else name.removesuffix('s')}"
        for name in ("calls", "recordings", "visits")
    )
    stdout().print(f"erased: {', '.join(counts)}")
    if totals["left"]:
        stdout().print(
            f"{totals['left']} calls stay, which still run or are still told to somebody: erase again later"
        )
    return 0
