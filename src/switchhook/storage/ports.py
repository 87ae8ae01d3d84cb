"""The contract of a store, by what is kept. `storage.sqlite` fulfils it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.event import Subscription
    from switchhook.domain.journal import Entry
    from switchhook.domain.known import CallOfVisit, ShownNumber, Visit
    from switchhook.domain.token import Token
    from switchhook.storage.records import (
        CallRow,
        DeliveryFilter,
        DeliveryRow,
        HangUp,
        Names,
        StoredProject,
    )
    from switchhook.webhooks.delivery import Attempt


class Projects(Protocol):
    """Keeps versions of projects."""

    async def save_project(self, project_id: str, document: str, names: Names | None = None) -> int:
        """Store a version and return its number; the same document again is no new version.

        `names` are what no other project may have; None: as before. Raises StoreError where another does.
        """

    async def projects(self) -> tuple[StoredProject, ...]:
        """Return the latest version of every project, by id."""

    async def project_versions(self) -> Mapping[str, int]:
        """Return the number of each project's latest version; it costs little."""

    async def latest_project(self, project_id: str) -> StoredProject | None:
        """Return the latest version of one project, or None."""

    async def owners(self, names: Names) -> Mapping[tuple[str, str], str]:
        """Return the project of each of these names that one has."""

    async def knows_names(self) -> bool:
        """Say whether it is stored which names the projects have."""

    async def own_names(self, names_of: Mapping[str, Names]) -> None:
        """Store which names the projects have, unless that is known."""


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


class HangUps(Protocol):
    """Keeps calls, and which of them are to be ended."""

    async def call(self, call_id: str) -> CallRow | None:
        """Return one call, or None."""

    async def add_hang_up(self, wanted: HangUp) -> None:
        """Store that a call is to be ended."""


class Visits(Protocol):
    """Keeps what was told of visits, durably."""

    async def save_visit(self, visit: Visit) -> None:
        """Store what is known of a visit, in place of what was."""

    async def attach(self, told: ShownNumber | CallOfVisit) -> None:
        """Store whose a number or a call is now."""


class Subscriptions(Protocol):
    """Keeps who subscribed, durably."""

    async def add_subscription(self, asked: Subscription, *, most: int) -> Subscription | None:
        """Store a subscription under a new number; None where its project has `most` already."""

    async def subscriptions(self, *, project: str | None = None) -> tuple[Subscription, ...]:
        """Return one project's subscriptions, or everybody's, oldest first."""

    async def delete_subscription(self, project: str, number: int) -> Subscription | None:
        """Delete one of a project's subscriptions and return it; None where there is none such."""


class Tokens(Protocol):
    """Keeps tokens; the contracts are those of `storage.tokens`."""

    async def save(self, token: Token, digest: bytes) -> None:
        """Store a token with the digest of its key."""

    async def find(self, digest: bytes) -> Token | None:
        """Return the token whose key has this digest, or None."""

    async def all(self, *, project: str | None = None) -> tuple[Token, ...]:
        """Return one project's tokens, or everybody's, oldest first within each project."""

    async def used(self, token: Token, *, at: float) -> None:
        """Store when a token was used."""

    async def delete(self, token_id: str) -> Token | None:
        """Delete a token and return it; None where there is none of this id."""
