"""Acts on all deliveries of a filter, as a job with progress: it can be stopped, and goes on after a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.errors import ExpectedError

if TYPE_CHECKING:
    from switchhook.storage.ports import ErrorCheck
    from switchhook.storage.records import BulkAct, BulkJob, DeliveryFilter


class NoSuchJobError(ExpectedError, LookupError):
    """The project has no such job."""


async def start_job(
    store: ErrorCheck, act: BulkAct, which: DeliveryFilter, *, project: str, by: str, now: float
) -> BulkJob:
    """Begin an act on all deliveries of a project that a filter lists now; `JobRun` carries it out."""
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
