"""Which project a command is about: one that was applied, or one in a file that need not be."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from switchhook.cli.options import CommandError, UsageError, open_to_read, read_bytes
from switchhook.documents.mistakes import Mistakes
from switchhook.domain.event import Subscription
from switchhook.domain.project import Plan
from switchhook.operations.plans import applied_plan, plan_of_file
from switchhook.operations.subscriptions import subscriptions

OfProject = Annotated[
    str | None, Parameter(help="Project id; not needed for a single one.", name="--project")
]
ProjectFile = Annotated[
    Path | None,
    Parameter(
        help="Take a project file (TOML) instead of an applied project.",
        name="--file",
        allow_leading_hyphen=True,
    ),
]


def plan_of(
    project: str | None, file: Path | None, config: Path | None, data_dir: Path | None
) -> Plan:
    """Return the plan that the options name. Raises CommandError and what the store raises."""
    if file is None:
        return asyncio.run(_applied(project, config, data_dir))
    if project is not None:
        raise UsageError("--project and --file cannot go together; choose one")
    plan = plan_of_file(read_bytes(file))
    if isinstance(plan, Mistakes):
        raise CommandError("\n".join(f"{file}: {mistake}" for mistake in plan.mistakes))
    return plan


def subscriptions_to(
    plan: Plan, file: Path | None, config: Path | None, data_dir: Path | None
) -> tuple[Subscription, ...]:
    """Return who subscribed to an applied project's calls; to those of a file nobody can."""
    return () if file is not None else asyncio.run(_subscribed(plan, config, data_dir))


async def _subscribed(
    plan: Plan, config: Path | None, data_dir: Path | None
) -> tuple[Subscription, ...]:
    store = await open_to_read(config, data_dir)
    try:
        return await subscriptions(store, project=plan.project.id)
    finally:
        await store.close()


async def _applied(project: str | None, config: Path | None, data_dir: Path | None) -> Plan:
    store = await open_to_read(config, data_dir)
    try:
        return await applied_plan(store, project)
    finally:
        await store.close()
