"""Mails a one-time link to somebody who forgot their password, and says to nobody whether there is such a user."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.access.people import LinkKind
from switchhook.hostnames import network_of
from switchhook.operations.people.guessing import LeakyBuckets
from switchhook.operations.people.links import new_link
from switchhook.storage.records import StoreError
from switchhook.tasks import spawn
from switchhook.webhooks.mail import ADDRESS, write_mail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.domain.access.people import User
    from switchhook.storage.people import People
    from switchhook.webhooks.mail import Mail, MailResult

log = structlog.get_logger(__name__)

SUBJECT: Final = "Your password of Switchhook"
TEXT: Final = """\
Somebody, you perhaps, asked for another password of {login} at {base}.

This link lets you set one, once, until {until} UTC:

{url}

If it was not you, do nothing: your password stays as it is.
"""


class PasswordReset:
    """Mails links. Few to one user, and few for one address: nobody's mailbox is filled."""

    def __init__(
        self,
        people: People,
        post: Callable[[Mail], Awaitable[MailResult]] | None,
        *,
        sender: str,
        base: Callable[[], str],
        clock: Callable[[], float],
        ticks: Callable[[], float],
    ) -> None:
        """`post` hands a mail over; None where there is no mail server. `base` is where the console is served."""
        self._people = people
        self._post = post
        self._sender = sender
        self._base = base
        self._clock = clock
        self._sources = LeakyBuckets(ticks, burst=10, refill=600.0)
        self._users = LeakyBuckets(ticks, burst=3, refill=1_800.0)

    @property
    def is_possible(self) -> bool:
        """Say whether mails can be sent, with a link that leads here: no name that a request brings is believed."""
        return self._post is not None and bool(self._base())

    async def __call__(self, login: str, *, source: str) -> None:
        """Mail a link, where there is such a user; the mail goes out beside all else. Raises StoreError."""
        network = network_of(source)
        if not self.is_possible or self._sources.seconds_to_wait(network):
            return
        self._sources.add(network)
        known = await self._people.secrets_of(login.strip().casefold())
        if known is None or known.user.disabled_at is not None:
            return
        user = known.user
        if re.fullmatch(ADDRESS, user.login) is None or self._users.seconds_to_wait(user.id):
            return
        self._users.add(user.id)
        spawn(self._mail(user), name="password reset")

    async def _mail(self, user: User) -> None:
        try:
            made = await new_link(self._people, LinkKind.PASSWORD, user.login, now=self._clock())
        except StoreError as error:
            log.warning("password reset not mailed", user=user.id, error=str(error))
            return
        base, until = self._base(), datetime.fromtimestamp(made.expires_at, UTC)
        mail = write_mail(
            user.login,
            subject=SUBJECT,
            text=TEXT.format(
                login=user.login, base=base, until=f"{until:%Y-%m-%d %H:%M}", url=made.url(base)
            ),
            moment=datetime.fromtimestamp(self._clock(), UTC),
            delivery_id=made.key,
            sender=self._sender,
        )
        if self._post is None:
            return
        done = await self._post(mail)
        if done.failure is None:
            log.info("password reset mailed", user=user.id)
        else:
            log.warning("password reset not mailed", user=user.id, failure=str(done.failure))
