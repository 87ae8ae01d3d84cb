"""What users change of themselves: their password, their one-time passwords, their sessions."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from switchhook.operations.people.one_time import step_of
from switchhook.operations.people.passwords import check_password, hashed
from switchhook.operations.people.sessions import SignInError

if TYPE_CHECKING:
    from switchhook.domain.access.people import User
    from switchhook.storage.people import People

_SECRET: Final = re.compile(r"[A-Z2-7]{32}")


async def change_password(people: People, user: User, password: str, *, session: str = "") -> None:
    """Set a user's password, and end their sessions but the one of an id. Raises PasswordError, StoreError."""
    check_password(password, login=user.login)
    await people.set_password(user.id, await asyncio.to_thread(hashed, password))
    await people.delete_sessions(user.id, but=session or None)


async def begin_one_time(people: People, user: User, secret: str, code: str, *, now: float) -> None:
    """Ask a user for one-time passwords from now on, once one of them shows that their app has the secret.

    Raises SignInError, StoreError.
    """
    step = step_of(secret, code, now=now) if _SECRET.fullmatch(secret) else None
    if step is None:
        raise SignInError("the app shows another one-time password now; type its six digits")
    await people.set_totp(user.id, secret)
    await people.use_totp(user.id, step)


async def end_one_time(people: People, user: User) -> None:
    """Ask a user for no one-time passwords any more. Raises StoreError."""
    await people.set_totp(user.id, None)
