"""What operations need of a store. The contracts are those of `storage.sqlite`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from switchhook.domain.journal import Entry
    from switchhook.storage.records import CallRow, DeliveryRow, StoredProject
    from switchhook.webhooks.delivery import Attempt

DeliveryFilter = Literal["all", "pending", "delivered", "failed"]
"""Which deliveries are listed."""


class Projects(Protocol):
    """Keeps versions of projects."""

    async def save_project(self, project_id: str, document: str) -> int:
        """Store a version and return its number; the same document again is no new version."""

    async def projects(self) -> tuple[StoredProject, ...]:
        """Return the latest version of every project, by id."""


class Records(Protocol):
    """Keeps what happened."""

    async def calls(
        self, *, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[CallRow, ...]:
        """Return calls newest first."""

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""

    async def journal(self, call_id: str) -> tuple[Entry, ...]:
        """Return a call's journal from its first line on."""

    async def deliveries(
        self,
        *,
        project: str | None = None,
        state: DeliveryFilter = "all",
        webhook: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> tuple[DeliveryRow, ...]:
        """Return deliveries newest first."""

    async def deliveries_of_call(self, call_id: str) -> tuple[DeliveryRow, ...]:
        """Return a call's deliveries in the order of the promises."""

    async def attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        """Return a delivery's tries, first to latest."""
