"""The projects that calls follow, and newer versions of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from switchhook.projectfile.loading import load_snapshot
from switchhook.tasks import compute, spawn

if TYPE_CHECKING:
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.sounds import SoundFiles
    from switchhook.storage.ports import Projects
    from switchhook.storage.records import StoredProject

log = structlog.get_logger(__name__)


class CurrentProjects:
    """Takes over project files that are applied while we run; running calls keep their version."""

    def __init__(
        self,
        store: Projects,
        directory: ProjectDirectory,
        *,
        own_host: str,
        sounds: SoundFiles,
        sends_mail: bool,
    ) -> None:
        """`own_host` is that of the server in SIP addresses."""
        self.directory = directory
        """The projects that the next call uses."""
        self._store = store
        self._own_host = own_host
        self._sounds = sounds
        self._sends_mail = sends_mail
        self._looking = asyncio.Lock()
        self._refused: set[tuple[str, int]] = set()
        """Versions that could not be taken over; said once, and not at every look."""

    async def refresh(self) -> None:
        """Let the next call follow the latest version of its project. Raises StoreError."""
        async with self._looking:  # two at once could put an older version in place of a newer one
            for project, version in (await self._store.project_versions()).items():
                known = self.directory.snapshots.get(project)
                is_known = known is not None and known.project.version == version
                if is_known or (project, version) in self._refused:
                    continue
                stored = await self._store.project(project, version)
                if stored is not None:
                    await self._take_over(stored)

    async def _take_over(self, stored: StoredProject) -> None:
        try:
            snapshot = await compute(load_snapshot, stored, [self._own_host])
        except LookupError as error:
            self._refused.add((stored.id, stored.version))
            log.error("project not applied", project=stored.id, error=str(error))  # noqa: TRY400 - the reader needs no traceback
        else:
            self.directory = self.directory.replace(snapshot)
            log.info("project applied", project=stored.id, version=stored.version)
            self.prepare(stored.id)

    def keeps_events(self, project: str) -> bool:
        """Say whether a project's event stream is kept now."""
        snapshot = self.latest(project)
        return snapshot is not None and snapshot.project.event_stream.keep

    def latest(self, project: str) -> ProjectSnapshot | None:
        """Return the version that the next call follows, or None."""
        return self.directory.snapshots.get(project)

    def prepare(self, project: str) -> None:
        """Convert, aside, what the project plays, so that no call waits for it.

        The log is told of a project that tells people by mail, where no mail is sent.
        """
        says = self.directory.snapshots[project].project
        spawn(compute(self._sounds.prepare, says), name=f"prepare sounds of {project}")
        mails = says.event_mails or says.warnings.to or says.voicemail_recipients
        if mails and not self._sends_mail:
            log.warning("mail disabled", project=project, todo="set smtp_host")
