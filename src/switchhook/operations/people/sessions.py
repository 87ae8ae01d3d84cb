"""Signing in: a password, a one-time password where the user has them, and a session for both."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.access.people import User, UserSession
from switchhook.errors import ExpectedError
from switchhook.operations.people import audit as audit_log
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
MAX_WAITING: Final = 32
"""Strangers whose passwords wait to be looked at; each takes some 50 ms of a processor."""
UNKNOWN: Final = "an unknown user"
"""Stands for a login that nobody has: it may be a password in the wrong field."""


class SignInError(ExpectedError):
    """Whoever wants to sign in is not let in. The message says why, and nothing of whether the user is known."""


class CodeNeededError(SignInError):
    """The password is right, and a one-time password is asked for, too."""


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
            raise CodeNeededError("a one-time password is needed, too")
        if not device and (wait := self._limit.seconds_to_code(login)):
            raise self._postponed(sent, wait)
        step = step_of(known.totp, sent.code, now=self._clock())
        if step is not None and await self._people.use_totp(known.user.id, step):
            return True
        if not device:  # its own tries are counted
            self._limit.note_wrong_code(login)
        return False

    async def _begun(self, known: UserSecrets, sent: SignInRequest) -> NewSession:
        if is_outdated(known.password):
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
        await self._note(known, sent, "done")
        return NewSession(session=session, user=known.user, key=key)

    async def _note(self, known: UserSecrets | None, sent: SignInRequest, result: str) -> None:
        await audit_log.note(
            self._audit,
            project="",
            at=self._clock(),
            actor=UNKNOWN if known is None else known.user.login,
            via="password",
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
