"""Operations on tokens: create, list, revoke, and verify a key (T-04)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.access.people import Role, User
from switchhook.domain.access.token import Scope, Token
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import latest_version
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from switchhook.storage.ports import Projects, Tokens

log = structlog.get_logger(__name__)

DAY: Final = 86_400.0
KEY_BYTES: Final = 20
"""Of chance: so many that a plain digest of a key is as good as a slow one, and guessing is hopeless."""
ID_BYTES: Final = 6
MAX_USER_LENGTH: Final = 100
"""Characters."""
USED_EVERY: Final = 60.0
"""Seconds within which a second use is not written down."""


class TokenError(ExpectedError, ValueError):
    """A token cannot be made. The message says why, and what to do."""


class NoSuchTokenError(ExpectedError, LookupError):
    """There is no token of that id. The message says so."""


class BadKeyError(Exception):
    """A key is not good. The message says what may be wrong, for the token's bearer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that was just made, with its key: the only time that it is seen."""

    token: Token
    key: str = field(repr=False)


async def create_token(
    store: Projects,
    tokens: Tokens,
    *,
    project: str,
    user: str,
    now: float,
    person: User | None = None,
    scope: Scope = Scope.SUBSCRIPTIONS,
    days: int | None = None,
    role: Role = Role.OWNER,
    made_by: str = "",
    maker: str | None = None,
) -> NewToken:
    """Make a token for a project that there is; without `days` it is good until it is revoked.

    Where it is a `person`'s, it is good for what their role allows, and goes with them; `role` is the most that it is good
    for. `made_by` says who makes it, and `maker` is their id where they are a user of the host: a program's token stays
    good when they go. Raises NoSuchProjectError, TokenError, StoreError.
    """
    _check_user(user)
    owner = await latest_version(store, project)
    if person is not None and person.disabled_at is not None:
        raise TokenError(f"{user} is disabled; `switchhook user enable` lets them in again")
    if person is not None and person.role_in(owner.id) is None:
        raise TokenError(
            f"{user} has no role in project {owner.id}; `switchhook user role` gives one"
        )
    key = secrets.token_hex(KEY_BYTES)
    token = Token(
        project=owner.id,
        id=secrets.token_hex(ID_BYTES),
        user=user,
        scope=scope,
        created_at=now,
        expires_at=None if days is None else now + days * DAY,
        person=None if person is None else person.id,
        role=role,
        made_by=made_by,
        maker=maker,
    )
    await tokens.save(token, digest_of(key))
    return NewToken(token=token, key=key)


async def list_tokens(tokens: Tokens, *, project: str | None = None) -> tuple[Token, ...]:
    """Return one project's tokens, or everybody's, those included that have expired."""
    return await tokens.all(project=project)


async def revoke_token(tokens: Tokens, token_id: str) -> Token:
    """Let a token be good no more, from the next request on. Raises NoSuchTokenError, StoreError."""
    revoked = await tokens.delete(token_id)
    if revoked is None:
        raise NoSuchTokenError(f"there is no token {token_id}; `switchhook token list` lists them")
    return revoked


async def check_key(tokens: Tokens, *, key: str, now: float, user: str | None = None) -> Token:
    """Return the token that a key is of; where a user is named, it has to be theirs.

    The key is looked up by its digest, so the time of the look-up reveals nothing of other keys. Raises
    BadKeyError, StoreError.
    """
    token = await tokens.find(digest_of(key))
    whose = b"" if user is None or token is None else token.user.encode()
    if token is None or not compare_digest(whose, (user or "").encode()):
        raise BadKeyError("the token is not known: it is mistyped, another user's, or was revoked")
    if token.is_expired(now=now):
        raise BadKeyError("the token has expired; `switchhook token create` makes another")
    if token.role is None:
        raise BadKeyError("the token's user is disabled, or has no role in the project any more")
    await _note_use(tokens, token, now)
    return token


async def _note_use(tokens: Tokens, token: Token, now: float) -> None:
    """Write down when a token was used. Where that cannot be, it is used nonetheless."""
    if token.used_at is not None and now - token.used_at < USED_EVERY:
        return
    try:
        await tokens.used(token, at=now)
    except StoreError as error:
        log.warning("token use not stored", id=token.id, error=str(error))


def digest_of(key: str) -> bytes:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _check_user(user: str) -> None:
    if not 1 <= len(user) <= MAX_USER_LENGTH:
        raise TokenError(f"a user has 1 to {MAX_USER_LENGTH} characters, such as an e-mail address")
    if not user.isprintable() or any(char in ": " or char.isspace() for char in user):
        raise TokenError(
            "a user holds no colon and no blank: write an e-mail address, or a single word"
        )
