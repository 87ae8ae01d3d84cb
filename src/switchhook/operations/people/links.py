"""Links that let somebody in once: the first owner, who sets a password, who signs in without one."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.domain.access.people import LinkKind, OneTimeLink, Role, User
from switchhook.errors import ExpectedError
from switchhook.operations.people.passwords import check_password, hashed
from switchhook.operations.people.users import ID_BYTES, UserError, find_user, login_of
from switchhook.operations.tokens import digest_of

if TYPE_CHECKING:
    from switchhook.storage.people import People
    from switchhook.storage.ports import Projects

KEY_BYTES: Final = 24
GOOD_FOR: Final = {
    LinkKind.FIRST_OWNER: 86_400.0,
    LinkKind.PASSWORD: 86_400.0,
    LinkKind.SIGN_IN: 3_600.0,
}
"""Seconds."""
PATH: Final = "/console/link?key="
"""Where the console takes a link, before its key; a query stands in no log."""

UNKNOWN: Final = "https://ADDRESS"
"""Stands where nothing says by which address browsers come: without `public_url` at a `web_host` such as 0.0.0.0."""


class LinkOverError(ExpectedError):
    """A link is not good, or not any more. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link that was just made, with its key: the only time that it is seen."""

    kind: LinkKind
    expires_at: float
    key: str = field(repr=False)
    base: str = ""
    """Where the running server serves the console; empty where none runs, or where its address says nothing."""

    def url(self, base: str = "") -> str:
        """Return it whole; `base` is where the console is served, where the running server did not say it."""
        return f"{self.base or base or UNKNOWN}{PATH}{self.key}"


async def new_link(people: People, kind: LinkKind, login: str = "", *, now: float) -> NewLink:
    """Make a link in place of the former one; of the first owner only while there are no users.

    Raises NoSuchUserError, UserError, StoreError.
    """
    user = ""
    if kind is not LinkKind.FIRST_OWNER:
        found = await find_user(people, login)
        if found.disabled_at is not None:
            raise UserError(
                f"{found.login} is disabled; `switchhook user enable` lets them in again"
            )
        user = found.id
    elif await people.users():
        raise UserError("there are users already; `switchhook user link LOGIN` lets one of them in")
    key, until = secrets.token_urlsafe(KEY_BYTES), now + GOOD_FOR[kind]
    await people.save_link(
        OneTimeLink(kind=kind, user=user, expires_at=until), digest_of(key), now=now
    )
    return NewLink(kind=kind, expires_at=until, key=key)


async def find_link(people: People, key: str, *, now: float) -> tuple[LinkKind, User | None]:
    """Return what a link is good for, and whose it is. Raises LinkOverError, StoreError."""
    found = await people.link(digest_of(key))
    user = await people.user(found.user) if found is not None and found.user else None
    is_whole = found is not None and now < found.expires_at
    if found is None or not is_whole or (found.user and (user is None or user.disabled_at)):
        raise LinkOverError(
            "this link was used, or its time is over: ask for another, or print one with `switchhook user link`"
        )
    if found.kind is LinkKind.FIRST_OWNER and await people.users():
        raise LinkOverError("there is an owner already: sign in, or ask them to add you")
    return found.kind, user


async def make_first_owner(
    store: Projects, people: People, key: str, *, login: str, password: str, now: float
) -> User:
    """Make the first user, who owns every project there is. Raises LinkOverError, UserError, PasswordError, StoreError."""
    kind, _ = await find_link(people, key, now=now)
    name = login_of(login)
    check_password(password, login=name)
    digest = await asyncio.to_thread(hashed, password)
    if kind is not LinkKind.FIRST_OWNER or not await people.use_link(digest_of(key)):
        raise LinkOverError("this link was used meanwhile")
    user = User(id=secrets.token_hex(ID_BYTES), login=name, created_at=now)
    await people.add_user(user, password=digest)
    await claim_projects(store, people, user, now=now)
    return await people.user(user.id) or user


async def claim_projects(store: Projects, people: People, user: User, *, now: float) -> bool:
    """Make the only user of a host the owner of each project in which nobody has a role; say whether there was one.

    So it is with projects that the operator applied before, or after, the first owner came.
    """
    if len(await people.users()) > 1:
        return False
    claimed = False
    for project in await store.project_versions():
        if not await people.users(project=project):
            await people.set_role(project, user.id, Role.OWNER, at=now)
            claimed = True
    return claimed


async def set_password_by_link(people: People, key: str, password: str, *, now: float) -> User:
    """Set the password of a link's user, and end their sessions. Raises LinkOverError, PasswordError, StoreError."""
    kind, user = await find_link(people, key, now=now)
    if kind is not LinkKind.PASSWORD or user is None:
        raise LinkOverError("this link sets no password")
    check_password(password, login=user.login)
    digest = await asyncio.to_thread(hashed, password)
    if not await people.use_link(digest_of(key)):
        raise LinkOverError("this link was used meanwhile")
    await people.set_password(user.id, digest)
    await people.delete_sessions(user.id)
    return user
