"""Carries out rehearsals of this process beside its calls, one of a project at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from switchhook.operations.rehearsal.draft import Draft
from switchhook.operations.rehearsal.jobs import (
    MOST_KEPT,
    MOST_KEPT_OF_ALL,
    NoSuchRehearsalError,
    Rehearsal,
    RehearsalRunsError,
    snapshot_of_draft,
)
from switchhook.operations.rehearsal.run import RehearsalRun, RehearsalState
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.records import StoreError
from switchhook.tasks import compute, spawn
from switchhook.views.path import path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.operations.rehearsal.jobs import RehearsalWanted
    from switchhook.storage.trails import CallTrails

log = structlog.get_logger(__name__)


class Rehearsals:
    """The rehearsals of this process, by project."""

    def __init__(self, trails: CallTrails, *, clock: Callable[[], float], own_host: str) -> None:
        """`own_host` is that of the server in SIP addresses; `clock` is in unix seconds."""
        self._trails = trails
        self._clock = clock
        self._own_host = own_host
        self._kept: dict[str, list[Rehearsal]] = {}
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._number = 0
        self._turn = asyncio.Lock()

    async def start(self, wanted: RehearsalWanted) -> Rehearsal | Mistakes:
        """Begin one. Raises RehearsalRunsError, OtherProjectError."""
        self._check_free(wanted.project)
        read = partial(snapshot_of_draft, wanted.document, wanted.project, [self._own_host])
        snapshot = await compute(read)
        if isinstance(snapshot, Mistakes):
            return snapshot
        self._check_free(wanted.project)  # another may have begun meanwhile
        run = RehearsalRun(
            self._trails,
            Draft(snapshot),
            since=wanted.since,
            until=wanted.until,
            path_of=path_of,
        )
        self._number += 1
        begun = Rehearsal(
            number=self._number,
            wanted=replace(wanted, document=""),  # which was read, and may be a megabyte
            started_at=self._clock(),
            count=run.count,
        )
        kept = self._kept.setdefault(wanted.project, [])
        kept.insert(0, begun)
        del kept[MOST_KEPT:]
        self._forget_oldest()
        key = wanted.project, begun.number
        task = spawn(self._carry_out(begun, run), name=f"rehearsal {begun.number}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return begun

    def _forget_oldest(self) -> None:
        """Forget the oldest that have ended, of whichever project, where all projects together have too many."""
        ended = [
            one
            for kept in self._kept.values()
            for one in kept
            if one.state is not RehearsalState.RUNNING
        ]
        ended.sort(key=lambda one: one.number)
        for one in ended[: max(sum(map(len, self._kept.values())) - MOST_KEPT_OF_ALL, 0)]:
            kept = self._kept[one.wanted.project]
            kept.remove(one)
            if not kept:
                del self._kept[one.wanted.project]

    def _check_free(self, project: str) -> None:
        running = next(
            (one for one in self.all(project) if one.state is RehearsalState.RUNNING), None
        )
        if running is not None:
            raise RehearsalRunsError(
                f"rehearsal {running.number} of project {project} runs; wait for its end, or stop it"
            )

    def show(self, project: str, number: int) -> Rehearsal:
        """Return one of a project as it stands. Raises NoSuchRehearsalError."""
        for one in self.all(project):
            if one.number == number:
                return one
        raise NoSuchRehearsalError(
            f"project {project} has no rehearsal {number} here; the last {MOST_KEPT} are kept until the server"
            " stops"
        )

    def all(self, project: str) -> tuple[Rehearsal, ...]:
        """Return those of a project that are kept, newest first."""
        return tuple(self._kept.get(project, ()))

    def stop(self, project: str, number: int) -> Rehearsal:
        """Stop one; what it found stays. Raises NoSuchRehearsalError."""
        found = self.show(project, number)
        if found.state is RehearsalState.RUNNING:
            self._end(found, RehearsalState.STOPPED)
            self._tasks[project, number].cancel()
        return found

    async def close(self) -> None:
        """End those that run."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry_out(self, one: Rehearsal, run: RehearsalRun) -> None:
        """Work half of the time, by turns with those of other projects, so that calls have the other half."""
        loop = asyncio.get_running_loop()
        try:
            goes_on = True
            while goes_on:
                async with self._turn:
                    began = loop.time()
                    goes_on = await run.next_batch()
                    await asyncio.sleep(loop.time() - began)
        except StoreError as error:
            one.trouble = str(error)
            self._end(one, RehearsalState.FAILED)
        except Exception:
            # Internal error: it costs this rehearsal; the project may begin another.
            log.exception("rehearsal crashed", project=one.wanted.project, rehearsal=one.number)
            one.trouble = "this is a mistake in Switchhook; its log has more"
            self._end(one, RehearsalState.FAILED)
        else:
            self._end(one, RehearsalState.DONE)
        log.info(
            "rehearsal ended",
            project=one.wanted.project,
            rehearsal=one.number,
            state=one.state.value,
            calls=one.count.rehearsed,
            elsewhere=one.count.elsewhere,
        )

    def _end(self, one: Rehearsal, state: RehearsalState) -> None:
        one.state, one.ended_at = state, self._clock()
