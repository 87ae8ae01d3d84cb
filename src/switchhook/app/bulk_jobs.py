"""Carries out the jobs of this node beside its calls, those of a former process too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.operations.job_run import JobRun
from switchhook.storage.records import StoreError
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.operations.error_check import (
        DeliverySender,
        ErrorCheckStore,
        SnapshotAtHand,
    )
    from switchhook.storage.records import BulkJob

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 0.1
"""Seconds between two looks whether there is room for the next batch."""
AGAIN_IN: Final = 1.0
"""Seconds until a store that failed is asked again."""


class BulkJobs:
    """The jobs that run here, each as a task."""

    def __init__(
        self,
        store: ErrorCheckStore,
        sender: DeliverySender,
        *,
        clock: Callable[[], float],
        at_hand: SnapshotAtHand,
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._at_hand = at_hand
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def resume(self) -> None:
        """Go on with what this node has to do. Raises StoreError."""
        for job in await self._store.running_jobs():
            self.start(job)

    def start(self, job: BulkJob) -> None:
        """Carry a job out, unless that is done already."""
        if job.number not in self._tasks:
            task = spawn(self._carry_out(job), name=f"bulk job {job.number}")
            self._tasks[job.number] = task
            task.add_done_callback(lambda _: self._tasks.pop(job.number, None))

    async def stop(self) -> None:
        """Leave the jobs to the next process."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry_out(self, job: BulkJob) -> None:
        work = JobRun(
            self._store, job, clock=self._clock, sender=self._sender, at_hand=self._at_hand
        )
        while True:
            try:
                if not work.has_room and await work.is_wanted():
                    await asyncio.sleep(LOOK_EVERY)
                elif not await work.next_batch():
                    break
            except (StoreError, LookupError) as error:
                log.error("bulk job delayed", job=job.number, error=str(error))  # noqa: TRY400 - the reader needs no traceback
                await asyncio.sleep(AGAIN_IN)
        log.info(
            "bulk job ended",
            project=job.project,
            job=job.number,
            act=job.act.value,
            done=work.job.done,
            left_out=work.job.left_out,
        )
