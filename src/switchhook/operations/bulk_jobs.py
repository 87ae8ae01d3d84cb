"""Acts on all deliveries of a filter, as a job with progress: it can be stopped, and goes on after a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.errors import ExpectedError
from switchhook.storage.records import BulkState

if TYPE_CHECKING:
    from switchhook.storage.ports import ErrorCheck
    from switchhook.storage.records import BulkAct, BulkJob, DeliveryFilter

MOST_RUNNING: Final = 5
"""Jobs of one project that run at a time: each may hold a thousand deliveries that wait to be sent."""


class NoSuchJobError(ExpectedError, LookupError):
    """The project has no such job."""


class TooManyJobsError(ExpectedError):
    """As many jobs of the project run as may."""


async def start_job(
    store: ErrorCheck, act: BulkAct, which: DeliveryFilter, *, project: str, by: str, now: float
) -> BulkJob:
    """Begin an act on all deliveries of a project that a filter lists now; `JobRun` carries it out.

    Raises TooManyJobsError.
    """
    running = [one for one in await store.jobs(project) if one.state is BulkState.RUNNING]
    if len(running) >= MOST_RUNNING:
        raise TooManyJobsError(
            f"{len(running)} jobs of project {project} run; wait for one of them, or stop it"
        )
    own = replace(which, project=project)
    return await store.start_job(act, own, project=project, by=by, at=now)


async def stop_job(store: ErrorCheck, project: str, number: int, *, now: float) -> BulkJob:
    """Stop a job; what was done stays done. Raises NoSuchJobError."""
    return known_job(await store.stop_job(project, number, at=now), project, number)


async def show_job(store: ErrorCheck, project: str, number: int) -> BulkJob:
    """Return a job as it stands. Raises NoSuchJobError."""
    return known_job(await store.job(project, number), project, number)


async def list_jobs(store: ErrorCheck, project: str) -> tuple[BulkJob, ...]:
    """Return a project's jobs, newest first."""
    return await store.jobs(project)


def known_job(job: BulkJob | None, project: str, number: int) -> BulkJob:
    """Return a job that is there. Raises NoSuchJobError."""
    if job is None:
        raise NoSuchJobError(
            f"project {project} has no job {number}; `switchhook deliveries jobs` lists them"
        )
    return job
