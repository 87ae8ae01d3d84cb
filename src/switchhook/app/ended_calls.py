"""Ended calls as they are stored, with the version of the project that each followed, and requests that are written late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from switchhook.projectfile.loading import load_snapshot
from switchhook.storage.ports import EndedCalls, Projects
from switchhook.storage.records import StoreError
from switchhook.switchboard.outbox import written_anew
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.ports import PromisedRequests
    from switchhook.switchboard.outbox import OutboxContext

log = structlog.get_logger(__name__)


class EndedCallStore(EndedCalls, Projects, Protocol):
    """Keeps ended calls, and the versions of projects that they followed."""


class EndedCallReader:
    """Reads ended calls. The version of a project that was read last is at hand for the next of its calls."""

    def __init__(
        self,
        store: EndedCallStore,
        own_host: str,
        latest: Callable[[str], ProjectSnapshot | None],
    ) -> None:
        """`own_host` is that of the server in SIP addresses; `latest` are the projects that new calls follow."""
        self._store = store
        self._own_host = own_host
        self._latest = latest
        self._former: tuple[tuple[str, int], ProjectSnapshot] | None = None

    async def project_of(self, call: str) -> str | None:
        """Return the project of a call; None where there is none any more. Raises StoreError."""
        row = await self._store.call(call)
        return None if row is None else row.project

    async def read(self, project: str, call: str) -> Call | None:
        """Return a call of a project that has ended; None where there is none any more, or it runs.

        Raises StoreError.
        """
        row = await self._store.call(call)
        if row is None or row.project != project:
            return None
        try:
            snapshot = await self._snapshot_of(*row.snapshot)
            return await self._store.ended_call(row.id, lambda _project, _version: snapshot)
        except LookupError:  # its version of the project is gone
            return None

    async def _snapshot_of(self, project: str, version: int) -> ProjectSnapshot:
        """Return a version of a project: reading one takes long, so it is read only where it is not at hand."""
        latest = self._latest(project)
        if latest is not None and latest.project.version == version:
            return latest
        if self._former is None or self._former[0] != (project, version):
            stored = await self._store.project(project, version)
            if stored is None:
                raise LookupError(f"version {version} of project {project} is gone")
            snapshot = await compute(load_snapshot, stored, [self._own_host])
            self._former = (project, version), snapshot
        return self._former[1]


class LateRequests:
    """Writes drafts anew with what is known of their calls by now: events after a call that wait by choice (N-18)."""

    def __init__(
        self, store: PromisedRequests, ended: EndedCallReader, context: OutboxContext
    ) -> None:
        self._store = store
        self._ended = ended
        self._context = context

    async def write(self, delivery: Delivery) -> Delivery:
        """Return a delivery with the request that all its attempts send; it is stored when this returns.

        The draft itself where the call is gone, or its event is told no more. Raises StoreError.
        """
        made = None
        try:
            call = await self._ended.read(delivery.project, delivery.call)
            made = None if call is None else written_anew(delivery, call, self._context)
        except StoreError:
            raise
        except Exception:
            log.exception("delivery not written anew", delivery=delivery.id)
        final = replace(delivery, request=made or delivery.final_request)
        await self._store.replace_request(final)
        return final
