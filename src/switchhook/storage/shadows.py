"""What a store keeps of shadow asks: what the first endpoint said, and what its shadow said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowAsk:
    """One ask that a shadow endpoint heard, too. Holds no secret."""

    project: str
    call: str
    ask: str
    webhook: str
    at: float
    """Unix seconds."""
    first: str
    """What the endpoint said that the call follows."""
    shadow: str
    first_seconds: float
    shadow_seconds: float

    @property
    def is_same(self) -> bool:
        """Say whether both said the same."""
        return self.first == self.shadow


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCount:
    """How the shadow of a webhook did in a time."""

    webhook: str
    asks: int
    different: int
    """Asks in which it said something else."""
    first_seconds: float
    """The mean of the endpoint's times."""
    shadow_seconds: float


class Shadows(Protocol):
    """Keeps shadow asks until their calls are deleted."""

    async def add(self, made: ShadowAsk) -> None:
        """Store one; the same ask again changes nothing."""

    async def list(
        self,
        project: str,
        *,
        since: float,
        webhook: str | None = None,
        only_different: bool = True,
        limit: int,
    ) -> tuple[ShadowAsk, ...]:
        """Return a project's shadow asks since a moment, newest first: of one webhook, those of the newest 5,000."""

    async def counts(self, project: str, *, since: float) -> tuple[ShadowCount, ...]:
        """Return how the shadows of a project did since a moment, by webhook, in the newest 5,000 asks."""
