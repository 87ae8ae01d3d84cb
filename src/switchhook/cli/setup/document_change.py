"""A change of a project's document on the command line: made by the server or here, and told in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError
from switchhook.cli.options import file_name
from switchhook.cli.output import print_json, stderr, stdout
from switchhook.views.project_resources import (
    change_lines,
    changed_as_json,
    in_use_as_json,
    refused_as_json,
)

if TYPE_CHECKING:
    from pathlib import Path


def change_project(where: Path, *, how: str, json: bool = False, **what: Any) -> int:  # noqa: ANN401 (the fields of the act)
    """Change a project's document, tell what became of it, and return the exit code."""
    from switchhook.operations.control import ChangeProject, DocumentAct  # noqa: PLC0415 (it brings in all that acts need)

    done = change(where, ChangeProject(how=DocumentAct(how), by=operator(), **what))
    for mistake in done.mistakes:
        stderr().print(str(mistake))
    if done.changed is not None:
        _tell(done.changed, json=json, is_trial=what.get("is_trial", False))
        return 0
    if done.in_use is not None:
        _refuse(done.in_use.detail, in_use_as_json(done.in_use), json=json)
    if done.refused is not None:
        _refuse(done.refused.detail, refused_as_json(done.refused), json=json)
        for line in () if json else change_lines(done.refused.changes):
            stderr().print(line)
    return 1


def json_table(file: Path, text: str) -> dict[str, Any]:
    """Return a JSON object. Raises CommandError."""
    import msgspec  # noqa: PLC0415 (for those who send JSON)

    try:
        value: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file_name(file)}: this is no JSON: {error}") from None
    return value


def _tell(done: Any, *, json: bool, is_trial: bool) -> None:  # noqa: ANN401 (a ResourceChanged, whose module is slow to import)
    if json:
        print_json(changed_as_json(done))
        return
    applied, console = done.applied, stdout()
    new = "would be" if is_trial else "is now"
    console.print(
        f"project {applied.project} {new if applied.is_new else 'is unchanged:'} version {applied.version}"
    )
    for line in change_lines(done.changes):
        console.print(line)
    for note in applied.notes:
        console.print(f"note: {note}")


def _refuse(detail: str, told: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(told)
    else:
        stderr().print(detail)
