"""The project of a command: an applied one, or one in a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    NO_FLAGS,
    ask_store,
    file_name,
    read_bytes,
    settings_of,
)
from switchhook.domain.event import Subscription
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.subscriptions import subscriptions
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tryout.lookup import applied_snapshot, snapshot_of_file

ProjectFileOption = Annotated[
    Path | None,
    Parameter(help="Take a project file (TOML) instead of an applied project.", name="--file"),
    MAYBE_STDIN,
]


def snapshot_of(
    project: str | None, file: Path | None, config: Path | None, data_dir: Path | None
) -> ProjectSnapshot:
    """Return the project that the options name. Raises CommandError and what the store raises."""
    snapshot = _snapshot_of(project, file, config, data_dir)
    return ProjectSnapshot(snapshot.project, [settings_of(config, NO_FLAGS).sip_host])


def _snapshot_of(
    project: str | None, file: Path | None, config: Path | None, data_dir: Path | None
) -> ProjectSnapshot:
    if file is None:
        return ask_store(config, data_dir, lambda store: applied_snapshot(store, project))
    if project is not None:
        raise UsageError("--project and --file cannot go together; choose one")
    snapshot = snapshot_of_file(read_bytes(file))
    if isinstance(snapshot, Mistakes):
        raise CommandError(
            "\n".join(f"{file_name(file)}: {mistake}" for mistake in snapshot.mistakes)
        )
    return snapshot


def subscriptions_to(
    snapshot: ProjectSnapshot, file: Path | None, config: Path | None, data_dir: Path | None
) -> tuple[Subscription, ...]:
    """Return the subscriptions of an applied project; a file has none."""
    if file is not None:
        return ()
    of = snapshot.project.id
    return ask_store(config, data_dir, lambda store: subscriptions(store, project=of))
