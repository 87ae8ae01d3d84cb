"""The console's cookies: of a session, of forms, of a browser that signed in before, and of a message for the next page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from litestar.datastructures import Cookie

from switchhook.operations.people.sessions import LONGEST_SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION: Final = "switchhook_session"
"""The key of a session."""
FORM: Final = "switchhook_form"
"""A value by chance, which the tokens of forms are made from."""
DEVICE: Final = "switchhook_device"
"""The key of the latest session here, over or not: its bearer signed in before, and does not wait for strangers' guesses."""
FLASH: Final = "switchhook_flash"
"""A message for the next page."""
_LASTING: Final = 400 * 86_400
"""Seconds; browsers keep no cookie for longer."""
_AGES: Final[Mapping[str, int]] = {
    SESSION: int(LONGEST_SESSION),
    FORM: _LASTING,
    DEVICE: _LASTING,
    FLASH: 60,
}
SAME_SITE: Final = "lax"


def name_of(kind: str, *, is_secure: bool) -> str:
    """Return a cookie's name; behind TLS its prefix has browsers refuse one from another host (RFC 6265bis §4.1.3)."""
    return f"__Host-{kind}" if is_secure else kind


def cookie(kind: str, value: str, *, is_secure: bool) -> Cookie:
    """Return a cookie that no script reads. An empty value has it deleted."""
    return Cookie(
        key=name_of(kind, is_secure=is_secure),
        value=value,
        path="/",
        max_age=_AGES[kind] if value else 0,
        httponly=True,
        secure=is_secure,
        samesite=SAME_SITE,
    )
