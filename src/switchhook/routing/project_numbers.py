"""The project's own numbers as targets: the call goes on with their scheme.

Rung over the trunk, such a number would come back as a new call, whose webhook may name it again: a loop over
calls, which no limit ends. So the call goes on with its scheme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchhook.domain.project import Number, ProjectSnapshot
    from switchhook.domain.target import Target


def sole_project_number(snapshot: ProjectSnapshot, targets: tuple[Target, ...]) -> Number | None:
    """Return the project's number whose scheme takes over, if it is the only target."""
    found = {snapshot.project_number(target) for target in targets}
    return found.pop() if len(found) == 1 else None


def unringable_numbers(
    snapshot: ProjectSnapshot, targets: tuple[Target, ...]
) -> tuple[Target, ...]:
    """Return the project's numbers among several targets: no scheme can ring beside telephones."""
    if sole_project_number(snapshot, targets) is not None:
        return ()
    return tuple(target for target in targets if snapshot.project_number(target) is not None)


def unringable_notice(target: Target) -> str:
    """Say it in a notice."""
    return (
        f"leaves out {target}: it is a number of this project, whose scheme takes a call only"
        " where nothing else is to ring"
    )
