"""The dependencies of the console's pages: those of the API, and what people sign in by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.rate_limit import RequestLimit
from switchhook.operations.people.guessing import GuessLimit
from switchhook.operations.people.reset import PasswordReset
from switchhook.operations.people.sessions import SignIn
from switchhook.webhooks.mail import DEFAULT_SENDER, Mail, MailResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDependencies:
    """The parts of one running Switchhook that the console speaks to."""

    api: ApiDependencies
    """What programs reach over HTTP: the console has no other way to calls, projects and deliveries."""
    sign_in: SignIn
    reset: PasswordReset
    requests: RequestLimit
    """Counts the requests of each session."""

    @classmethod
    def of(
        cls,
        api: ApiDependencies,
        *,
        post: Callable[[Mail], Awaitable[MailResult]] | None = None,
        sender: str = DEFAULT_SENDER,
        base: Callable[[], str] = str,
    ) -> Self:
        """Return those of the API with a door for people.

        `post` hands mails to the mail server, from `sender`; None: there is none. `base` is where the console is served,
        as the world reaches it; "" where nobody knows.
        """
        return cls(
            api=api,
            sign_in=SignIn(api.people, api.audit, clock=api.clock, limit=GuessLimit(api.ticks)),
            requests=RequestLimit(api.ticks, per_minute=api.requests_per_minute),
            reset=PasswordReset(
                api.people, post, sender=sender, base=base, clock=api.clock, ticks=api.ticks
            ),
        )
