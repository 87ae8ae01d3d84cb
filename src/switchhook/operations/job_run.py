"""Carries out a job on all deliveries of a filter, a batch at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.operations.bulk_jobs import known_job
from switchhook.operations.error_check import Receivers
from switchhook.operations.project_versions import nothing_at_hand
from switchhook.storage.records import (
    BulkAct,
    BulkState,
    ChangedMeanwhileError,
    DeliveryState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchhook.operations.error_check import (
        DeliverySender,
        ErrorCheckStore,
        SnapshotAtHand,
    )
    from switchhook.storage.records import BulkJob, DeliveryRow

BATCH: Final = 100
"""Deliveries that are acted on in one transaction."""
MOST_WAITING: Final = 1_000
"""Deliveries of a job that wait to be sent; it goes on when some are."""
WAITING: Final = frozenset({DeliveryState.PENDING, DeliveryState.PARKED})


class JobRun:
    """Carries a job out, batch by batch, from the oldest delivery on."""

    def __init__(
        self,
        store: ErrorCheckStore,
        job: BulkJob,
        *,
        clock: Callable[[], float],
        sender: DeliverySender | None = None,
        at_hand: SnapshotAtHand = nothing_at_hand,
    ) -> None:
        """Without a `sender`, the next server sends what is pending."""
        self.job = job
        self._store = store
        self._clock = clock
        self._sender = sender
        self._at_hand = at_hand
        self._sent: list[str] = []

    @property
    def has_room(self) -> bool:
        """Say whether the next batch may come: not while many of the job wait to be sent."""
        if self._sender is not None and len(self._sent) >= MOST_WAITING:
            self._sent = [one for one in self._sent if self._sender.has(one)]
        return len(self._sent) < MOST_WAITING

    async def is_wanted(self) -> bool:
        """Say whether nobody stopped the job. Raises StoreError."""
        job = await self._store.job(self.job.project, self.job.number)
        return job is not None and job.state is BulkState.RUNNING

    async def next_batch(self) -> bool:
        """Act on some deliveries more; False when the job is over. Raises StoreError: nothing was done then."""
        job = self.job
        found = await self._store.deliveries(job.filter, after=job.place, limit=BATCH)
        rows = [row for row in found if row.number <= job.up_to]
        if rows:
            further = replace(job, place=rows[-1].number)
        else:
            further = replace(job, state=BulkState.DONE, ended_at=self._clock())
        try:
            if job.act is BulkAct.SEND:
                await self._send(further, rows)
            else:
                await self._check(further, rows)
        except ChangedMeanwhileError:  # it was stopped, or another node goes on with it
            return False
        self.job = known_job(
            await self._store.job(job.project, job.number), job.project, job.number
        )
        return self.job.state is BulkState.RUNNING

    async def _check(self, further: BulkJob, rows: Sequence[DeliveryRow]) -> None:
        named = [(row.delivery.project, row.delivery.id) for row in rows]
        if further.act is BulkAct.CHECK:
            by, at = further.by, self._clock()
            await self._store.check_deliveries(named, by=by, at=at, job=further)
        else:
            await self._store.uncheck_deliveries(named, job=further)

    async def _send(self, further: BulkJob, rows: Sequence[DeliveryRow]) -> None:
        named: list[tuple[str, str]] = []
        done, left_out, why = further.done, further.left_out, further.why
        waiting: list[str] = []
        receivers = Receivers(self._store, self._at_hand)  # as the project says now
        for row in rows:
            refusal, _ = await receivers.judge(row.delivery)
            if refusal:
                left_out, why = left_out + 1, refusal
            elif row.state in WAITING:
                waiting.append(row.delivery.id)
            else:
                named.append((row.delivery.project, row.delivery.id))
        counted = replace(further, done=done + len(waiting), left_out=left_out, why=why)
        again = await self._store.send_again(named, job=counted)
        if self._sender is not None:
            self._sender.send_again(again)
            self._sent += [one.delivery.id for one in again]
            for one in waiting:
                self._sender.send_now(one)
