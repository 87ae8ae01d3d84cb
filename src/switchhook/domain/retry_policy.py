"""The retry policy of an ask: which failures are retried, and what a URL's fragment overrides.

A URL may say so itself, in its fragment, as users of other platforms know it: `#ct=2000&rc=2&rp=ct,5xx`.
The fragment is never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

MAX_RETRIES = 5
MILLISECONDS = (100, 30_000)
"""The bounds of a fragment's time limits."""


class RetryOn(StrEnum):
    """A class of failures after which the same URL is asked once more."""

    CONNECT = "ct"
    """No connection came about: name, address, TCP or TLS."""
    RESPONSE = "rt"
    """The connection stood, but the answer did not come in time, or broke off."""
    STATUS_4XX = "4xx"
    STATUS_5XX = "5xx"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlOverrides:
    """The limits in a URL's fragment; None for a missing one. Seconds."""

    connect: float | None = None
    """`ct`: until the connection stands, TLS included."""
    response: float | None = None
    """`rt`: from then until the last byte of the answer."""
    total: float | None = None
    """`tt`: for everything together."""
    retries: int | None = None
    """`rc`"""
    retry_on: tuple[RetryOn, ...] | None = None
    """`rp`"""


NO_OVERRIDES = UrlOverrides()


def parse_overrides(url: str) -> UrlOverrides:
    """Read a URL's fragment. Raises ValueError with a sentence that says what is wrong.

    A fragment without `=` is a place on a page, and means nothing here.
    """
    fragment = url.partition("#")[2]
    if "=" not in fragment:
        return NO_OVERRIDES
    said: dict[str, str] = {}
    for part in fragment.split("&"):
        name, _, value = part.partition("=")
        if name not in _NAMES:
            raise ValueError(f"{name!r} behind the # of the URL is none of {', '.join(_NAMES)}")
        if name in said:
            raise ValueError(f"{name} stands twice behind the # of the URL")
        said[name] = value
    return UrlOverrides(
        connect=_seconds("ct", said),
        response=_seconds("rt", said),
        total=_seconds("tt", said),
        retries=_count(said),
        retry_on=_policy(said),
    )


@lru_cache(maxsize=4096)
def overrides_of(url: str) -> UrlOverrides:
    """Read a stored URL's fragment and never raise: one that cannot be read says nothing."""
    try:
        return parse_overrides(url)
    except ValueError:
        return NO_OVERRIDES


_NAMES = ("ct", "rt", "tt", "rc", "rp")


def _seconds(name: str, said: dict[str, str]) -> float | None:
    if name not in said:
        return None
    low, high = MILLISECONDS
    number = _number(said[name])
    if number is None or not low <= number <= high:
        raise ValueError(
            f"{name}={said[name]} behind the # of the URL: write {low} to {high} milliseconds"
        )
    return number / 1000


def _count(said: dict[str, str]) -> int | None:
    if "rc" not in said:
        return None
    number = _number(said["rc"])
    if number is None or number > MAX_RETRIES:
        raise ValueError(f"rc={said['rc']} behind the # of the URL: write 0 to {MAX_RETRIES}")
    return number


def _policy(said: dict[str, str]) -> tuple[RetryOn, ...] | None:
    if "rp" not in said:
        return None
    known = {member.value: member for member in RetryOn}
    words = said["rp"].lower().split(",")
    if not all(word in known for word in words):
        raise ValueError(
            f"rp={said['rp']} behind the # of the URL: write any of {', '.join(known)}"
        )
    return tuple(dict.fromkeys(known[word] for word in words))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
