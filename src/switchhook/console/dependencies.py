"""The dependencies of the console's pages: those of the API, and what people sign in by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from switchhook.api.dependencies import ApiDependencies
from switchhook.operations.people.guessing import GuessLimit
from switchhook.operations.people.sessions import SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDependencies:
    """The parts of one running Switchhook that the console speaks to."""

    api: ApiDependencies
    """What programs reach over HTTP: the console has no other way to calls, projects and deliveries."""
    sign_in: SignIn

    @classmethod
    def of(cls, api: ApiDependencies) -> Self:
        """Return those of the API with a door for people."""
        limit = GuessLimit(api.ticks)
        return cls(api=api, sign_in=SignIn(api.people, api.audit, clock=api.clock, limit=limit))
