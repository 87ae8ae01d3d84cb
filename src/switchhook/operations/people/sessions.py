"""Signing in: a password, a one-time password where the user has them, and a session for both."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.access.people import LinkKind, User, UserSession
from switchhook.errors import ExpectedError
from switchhook.operations.people import audit as audit_log
from switchhook.operations.people.links import LinkOverError, find_link
from switchhook.operations.people.one_time import step_of
from switchhook.operations.people.passwords import LONGEST, hashed, is_outdated, is_password
from switchhook.operations.tokens import MAX_USER_LENGTH, digest_of
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.access.people import UserSecrets
    from switchhook.operations.people.guessing import GuessLimit
    from switchhook.storage.people import AuditLog, People

log = structlog.get_logger(__name__)

KEY_BYTES: Final = 32
ID_BYTES: Final = 6
IDLE: Final = 24 * 3600.0
"""Seconds without a request after which a session is over."""
LONGEST_SESSION: Final = 30 * 86_400.0
"""Seconds after which every session is over."""
USED_EVERY: Final = 60.0
"""Seconds within which a second use is not written down."""
MAX_AGENT: Final = 200
"""Characters of a program's name that are kept."""
TICKET_SECONDS: Final = 300.0
"""Seconds that a right password stands for, until its one-time password comes."""
TICKET_TRIES: Final = 5
"""One-time passwords that are looked at for one ticket."""
MAX_TICKETS: Final = 1_000
MAX_WAITING: Final = 32
"""Strangers whose passwords wait to be looked at; each takes some 50 ms of a processor."""
PASSWORD: Final = "password"  # noqa: S105 (what the audit log calls it)
UNKNOWN: Final = "an unknown user"
"""Stands for a login that nobody has: it may be a password in the wrong field."""


class SignInError(ExpectedError):
    """Whoever wants to sign in is not let in. The message says why, and nothing of whether the user is known."""


class CodeNeededError(SignInError):
    """The password is right, and a one-time password is asked for, too. `ticket` stands for the password from then on."""

    def __init__(self, ticket: str) -> None:
        super().__init__("a one-time password is needed, too")
        self.ticket = ticket


class TicketOverError(SignInError):
    """The ticket of a right password is not good any more: the password has to be typed again."""


class TooManyTriesError(SignInError):
    """Too many wrong passwords came. `wait` says for how many seconds to wait."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many wrong passwords came from here, or for this user; wait")
        self.wait = wait


class SessionOverError(ExpectedError):
    """A session's key is not good, or not any more: its user has to sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has begun, with its key: the only time that it is seen."""

    session: UserSession
    user: User
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """What somebody sends to sign in."""

    login: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    """A one-time password."""
    device: str = field(default="", repr=False)
    """The key of an earlier session, which shows that its bearer signed in before."""
    source: str = ""
    """The address that it came from."""
    agent: str = ""
    """The program that sent it, as it names itself."""


@dataclass(slots=True, kw_only=True)
class _Ticket:
    """A right password, of which the one-time password is still to come."""

    login: str
    digest: str = field(repr=False)
    """The password's, which must not have changed meanwhile."""
    until: float
    tries: int = TICKET_TRIES


class SignIn:
    """Lets users in. Passwords are looked at in a thread, one after another: calls do not wait for them."""

    def __init__(
        self, people: People, audit: AuditLog, *, clock: Callable[[], float], limit: GuessLimit
    ) -> None:
        """`clock` tells unix time in seconds."""
        self._people = people
        self._audit = audit
        self._clock = clock
        self._limit = limit
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._tickets: OrderedDict[bytes, _Ticket] = OrderedDict()

    async def __call__(self, sent: SignInRequest) -> NewSession:
        """Begin a session. Raises SignInError and its kinds, StoreError."""
        login = _as_kept(sent.login)
        known = await self._people.secrets_of(login)
        device = await self._device(known, sent.device)
        wait = self._limit.seconds_to_wait(login, sent.source, device=device)
        if wait and not self._ends_wait(login, known, sent):
            raise self._postponed(sent, wait)
        if not device and self._waiting >= MAX_WAITING:
            raise TooManyTriesError(1.0)
        self._limit.note_try(login, sent.source, device=device)
        try:
            # Of nobody as well: it takes the same time.
            is_right = await self._is_right(known, sent)
            proves = is_right and await self._has_second(login, known, sent, device)
        except Exception:
            self._limit.forgive(login, sent.source, device=device)
            raise
        if known is None or not proves:
            if wait:
                self._limit.note_not_left(login)
            await self._note(known, sent, "refused")
            log.warning("sign-in refused", address=sent.source)
            raise SignInError("user, password or one-time password are wrong")
        self._limit.forgive(login, sent.source, device=device)
        return await self._begun(known, sent)

    async def finish(self, ticket: str, sent: SignInRequest) -> NewSession:
        """Begin a session by the ticket of a right password, and the one-time password that was sent.

        Raises SignInError and its kinds, StoreError.
        """
        held = self._tickets.get(digest_of(ticket))
        known = None if held is None else await self._people.secrets_of(held.login)
        if held is None or known is None or not self._is_good(held, known):
            self._tickets.pop(digest_of(ticket), None)
            raise TicketOverError("this took too long, or too many tries; sign in once more")
        if not sent.code.strip():
            raise SignInError("type the one-time password that your app shows")
        held.tries -= 1
        device = await self._device(known, sent.device)
        if not await self._has_second_of(device, held.login, known, sent):
            await self._note(known, sent, "refused")
            log.warning("sign-in refused", address=sent.source)
            raise SignInError("this one-time password is wrong, or was used before; take the next")
        self._tickets.pop(digest_of(ticket), None)
        return await self._begun(known, sent)

    async def _has_second_of(
        self, device: str, login: str, known: UserSecrets, sent: SignInRequest
    ) -> bool:
        """Say the same as `_has_second`, and count wrong ones also of a device: a ticket is had again and again."""
        if not device:
            return await self._has_second(login, known, sent, device)
        if wait := self._limit.seconds_to_wait(login, sent.source, device=device):
            raise self._postponed(sent, wait)
        self._limit.note_try(login, sent.source, device=device)
        has_it = await self._has_second(login, known, sent, device)
        if has_it:
            self._limit.forgive(login, sent.source, device=device)
        return has_it

    async def by_link(self, key: str, sent: SignInRequest) -> NewSession:
        """Begin a session by a one-time link to sign in. Raises LinkOverError, StoreError."""
        kind, user = await find_link(self._people, key, now=self._clock())
        known = None if user is None else await self._people.secrets_of(user.login)
        is_used = kind is LinkKind.SIGN_IN and await self._people.use_link(digest_of(key))
        if known is None or not is_used:
            raise LinkOverError("this link signs nobody in, or was used meanwhile")
        return await self._begun(known, sent, via="link")

    async def of_new_user(self, user: User, sent: SignInRequest) -> NewSession:
        """Begin a session of a user who has just set their password by a link, and has no one-time passwords.

        Raises SignInError, StoreError.
        """
        known = await self._people.secrets_of(user.login)
        if known is None or known.totp is not None:
            raise SignInError("sign in with the new password")
        return await self._begun(known, sent, via="link")

    async def confirm(self, user: User, password: str, *, session: str) -> None:
        """Raise SignInError unless a password is that of a user who is signed in; wrong ones count by their session."""
        known = await self._people.secrets_of(user.login)
        if wait := self._limit.seconds_to_wait(user.login, "", device=session):
            raise TooManyTriesError(wait)
        self._limit.note_try(user.login, "", device=session)
        async with self._turn:
            is_right = len(password) <= LONGEST and await asyncio.to_thread(
                is_password, "" if known is None else known.password, password
            )
        if not is_right:
            raise SignInError("this is not your password")
        self._limit.forgive(user.login, "", device=session)

    def _is_good(self, held: _Ticket, known: UserSecrets) -> bool:
        is_same = known.password == held.digest and known.user.disabled_at is None
        return is_same and bool(known.totp) and held.tries > 0 and self._clock() < held.until

    def _ticket(self, known: UserSecrets) -> str:
        """Keep that a password was right, and return what stands for it."""
        ticket = secrets.token_hex(KEY_BYTES)
        self._tickets[digest_of(ticket)] = _Ticket(
            login=known.user.login, digest=known.password, until=self._clock() + TICKET_SECONDS
        )
        if len(self._tickets) > MAX_TICKETS:
            self._tickets.popitem(last=False)
        return ticket

    async def _device(self, known: UserSecrets | None, key: str) -> str:
        """Return the id of the earlier session that a key is of, where it is the same user's; else ""."""
        found = await self._people.session(digest_of(key)) if key and known is not None else None
        is_theirs = found is not None and known is not None and found[1].id == known.user.id
        return found[0].id if found is not None and is_theirs else ""

    def _ends_wait(self, login: str, known: UserSecrets | None, sent: SignInRequest) -> bool:
        """Say whether a right one-time password came, so that its user does not wait for what others tried."""
        if known is None or known.totp is None or not sent.code.strip():
            return False
        if not self._limit.may_leave_queue(login):
            return False
        if step_of(known.totp, sent.code, now=self._clock()) is not None:
            return True
        self._limit.note_not_left(login)
        return False

    def _postponed(self, sent: SignInRequest, wait: float) -> TooManyTriesError:
        log.warning("sign-in postponed", address=sent.source, seconds=round(wait))
        return TooManyTriesError(wait)

    async def _is_right(self, known: UserSecrets | None, sent: SignInRequest) -> bool:
        """Say whether the password is that of a user who may sign in."""
        digest = "" if known is None else known.password
        self._waiting += 1
        try:
            async with self._turn:
                is_right = len(sent.password) <= LONGEST and await asyncio.to_thread(
                    is_password, digest, sent.password
                )
        finally:
            self._waiting -= 1
        return is_right and known is not None and known.user.disabled_at is None

    async def _has_second(
        self, login: str, known: UserSecrets | None, sent: SignInRequest, device: str
    ) -> bool:
        """Say whether who knows the password has the one-time password, too. Raises SignInError and its kinds."""
        if known is None or known.totp is None:
            return known is not None
        if not sent.code.strip():
            raise CodeNeededError(self._ticket(known))
        if not device and (wait := self._limit.seconds_to_code(login)):
            raise self._postponed(sent, wait)
        step = step_of(known.totp, sent.code, now=self._clock())
        if step is not None and await self._people.use_totp(known.user.id, step):
            return True
        if not device:  # its own tries are counted
            self._limit.note_wrong_code(login)
        return False

    async def _begun(
        self, known: UserSecrets, sent: SignInRequest, *, via: str = PASSWORD
    ) -> NewSession:
        if sent.password and is_outdated(known.password):
            digest = await asyncio.to_thread(hashed, sent.password)
            await self._people.set_password(known.user.id, digest)
        key, now = secrets.token_hex(KEY_BYTES), self._clock()
        session = UserSession(
            user=known.user.id,
            id=secrets.token_hex(ID_BYTES),
            created_at=now,
            used_at=now,
            source=sent.source,
            agent="".join(char for char in sent.agent if char.isprintable())[:MAX_AGENT],
        )
        await self._people.save_session(session, digest_of(key))
        await self._note(known, sent, "done", via=via)
        return NewSession(session=session, user=known.user, key=key)

    async def _note(
        self, known: UserSecrets | None, sent: SignInRequest, result: str, *, via: str = PASSWORD
    ) -> None:
        await audit_log.note(
            self._audit,
            project="",
            at=self._clock(),
            actor=UNKNOWN if known is None else known.user.login,
            via=via,
            source=sent.source,
            operation="sign-in",
            target="",
            result=result,
            facts={},
        )


def _as_kept(login: str) -> str:
    """Return a login as it is stored; "" for what is none, however long: it is counted by."""
    kept = login.strip().casefold()
    return kept if len(kept) <= MAX_USER_LENGTH and kept.isprintable() else ""


async def check_session(people: People, key: str, *, now: float) -> tuple[UserSession, User]:
    """Return the session that a key is of, with its user as they are now. Raises SessionOverError, StoreError."""
    found = await people.session(digest_of(key))
    if found is None:
        raise SessionOverError("this session was ended; sign in")
    session, user = found
    is_over = (
        session.ended_at is not None
        or now >= session.used_at + IDLE
        or now >= session.created_at + LONGEST_SESSION
    )
    if is_over or user.disabled_at is not None:
        raise SessionOverError("this session is over; sign in")
    if now - session.used_at >= USED_EVERY:
        try:
            await people.use_session(session, at=now)
        except StoreError as error:
            log.warning("session use not stored", id=session.id, error=str(error))
    return session, user


async def sign_out(people: People, key: str, *, now: float) -> None:
    """End the session that a key is of; nothing where it is over. The key still shows that its bearer signed in."""
    found = await people.session(digest_of(key))
    if found is not None:
        await people.end_session(found[0], at=now)
