"""Passwords: made, judged, and kept as digests of argon2id (RFC 9106)."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

from switchhook.errors import ExpectedError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
"""Characters. Length is what counts (NIST SP 800-63B §5.1.1): no kinds of characters are demanded."""
LONGEST: Final = 256
_MADE_OF: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""What can be told apart in print and over the telephone."""
_GROUPS: Final = 4
_GROUP: Final = 5


class PasswordError(ExpectedError, ValueError):
    """A password cannot be taken. The message says why, and what to do."""


def new_password() -> str:
    """Make a password by chance, of 100 bits: four groups of five characters."""
    return "-".join(
        "".join(secrets.choice(_MADE_OF) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )


def check_password(password: str, *, login: str) -> None:
    """Raise PasswordError for what is guessed soon."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"a password has {SHORTEST} to {LONGEST} characters; take some words")
    if not password.isprintable():
        raise PasswordError("a password holds no control characters and no line breaks")
    told = password.casefold()
    if told in {login, login.partition("@")[0]} or len(set(told)) < SHORTEST // 2:
        raise PasswordError("this password is guessed soon; take some words that nobody else would")


def hashed(password: str) -> str:
    """Return a password's digest. It takes some 50 ms of a processor and 64 MiB, so not on a loop of calls."""
    return _hasher().hash(password)


def is_password(digest: str, password: str) -> bool:
    """Say whether a password is the one of a digest; of none it is not, in the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 (see _hasher)

    try:
        _hasher().verify(digest or _nobodys(), password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return bool(digest)


def is_outdated(digest: str) -> bool:
    """Say whether a digest was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(digest)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # noqa: PLC0415 (commands that know no passwords start sooner)

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """Return a digest that no password fits, so that an unknown login takes as long as a known one."""
    return hashed(secrets.token_hex())
