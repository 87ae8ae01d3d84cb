"""A call forwarding scheme: a numbered tree of steps, walked from the top."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.target import Target
from switchhook.domain.webhook import RingOrder

Path = tuple[int, ...]
"""Where a step stands in its scheme: its place among the steps, then in the branch that it opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask a forwarding number where the call goes, and ring what it answers (R1-123)."""

    webhook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Ring targets for `timeout` seconds each round; the first to answer gets the call."""

    targets: tuple[Target, ...]
    order: RingOrder = RingOrder.ALL_AT_ONCE
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """Go on with another scheme of the same project (R1-25)."""

    scheme: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """End the call with a SIP status that tells the caller why."""

    status: int = 480


Step = Ask | Ring | GoTo | HangUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One scheme; a step that could not place the call hands it to the next (R1-125)."""

    id: int
    name: str
    steps: tuple[Step, ...]

    def step_at(self, path: Path) -> Step | None:
        """Return the step at `path`, or None past the end."""
        (index,) = path
        return self.steps[index] if index < len(self.steps) else None

    def after(self, path: Path) -> Path:
        """Return where the call goes on when the step at `path` could not place it."""
        return (*path[:-1], path[-1] + 1)


FIRST: Path = (0,)
"""Where every scheme begins."""
