"""`switchhook template`: events for known receivers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import Json
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.operations.templates import add_template
from switchhook.projectfile.templates.catalogue import (
    ReceiverTemplate,
    find_template,
    list_templates,
)
from switchhook.projectfile.toml.mistakes import Mistakes

template = App(
    name="template",
    help="Events for known receivers, such as a CRM or a chat: list, show, add one.",
)

TemplateName = Annotated[str, Parameter(help="Template, as `template list` names it.")]
GapValues = Annotated[
    tuple[str, ...],
    Parameter(
        help="GAP=VALUE: fills in a gap, such as url=https://…; repeat it for the next gap.",
        name="--set",
        negative=(),
        show_default=False,
    ),
]


@template.command(name="list")
def list_(*, json: Json = False) -> int:
    """List the templates: the receiver, what it gets, and the gaps to fill in."""
    found = list_templates()
    if json:
        print_json(
            [
                {
                    "name": one.name,
                    "receiver": one.receiver,
                    "gets": one.gets,
                    "gaps": one.gaps,
                    "is_added": bool(one.adds),
                }
                for one in found
            ]
        )
        return 0
    rows = [(one.name, one.receiver, one.gets, _to_fill_in(one)) for one in found]
    print_table(("template", "receiver", "what it gets", "to fill in"), rows)
    return 0


def _to_fill_in(one: ReceiverTemplate) -> str:
    if not one.adds:
        return "not added to a file: `template show` says how"
    return " ".join(one.gaps) or "-"


@template.command
def show(name: TemplateName, /) -> int:
    """Print a template: a piece of a project file, with an explanation of each gap."""
    print_whole(find_template(name).text.encode())
    return 0


@template.command
def add(
    file: Annotated[Path, Parameter(help="Project file (TOML).")],
    name: TemplateName,
    /,
    *,
    given: GapValues = (),
    event_name: Annotated[
        str, Parameter(help="Name of the events, in place of the template's.", name="--name")
    ] = "",
) -> int:
    """Append a template to a project file, and list the gaps that are left."""
    try:
        added = add_template(file, name, _values(given), event_name=event_name)
    except OSError as error:
        raise CommandError(f"{file} cannot be read or written: {error.strerror}") from error
    if isinstance(added, Mistakes):
        return _refuse(file, name, added)
    console = stdout()
    console.print(f"{file}: added {_counted(added.adds)}")
    _tell_left(file, added.left)
    return 0


def _values(given: Sequence[str]) -> dict[str, str]:
    """Split at the first `=`. Raises UsageError."""
    values: dict[str, str] = {}
    for text in given:
        gap, sign, value = text.partition("=")
        if not (gap and sign):
            raise UsageError(f"--set {text!r} is not written GAP=VALUE")
        if gap in values:
            raise UsageError(f"--set {gap}=… is given twice; leave one of the two")
        values[gap] = value
    return values


def _refuse(file: Path, name: str, mistakes: Mistakes) -> int:
    console = stderr()
    for mistake in mistakes.mistakes:
        console.print(f"{file}: {mistake}")
    console.print(f"{file}: {name} was not added")
    return 1


def _counted(adds: Sequence[str]) -> str:
    if adds[0].startswith("["):
        return ", ".join(adds)
    count = "the event" if len(adds) == 1 else f"{len(adds)} events:"
    return f"{count} {', '.join(adds)}"


def _tell_left(file: Path, left: Mapping[str, str]) -> None:
    console = stdout()
    for gap, help_ in left.items():
        console.print(f"{file}: left to fill in: <{gap}>: {help_}")
    if not left:
        console.print(f"Next: switchhook check {file}; switchhook apply {file}")
