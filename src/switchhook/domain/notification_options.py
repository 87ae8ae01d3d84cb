"""What a subscription wants of call notifications beyond their form: which calls, and which further members."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class NotificationField(StrEnum):
    """A member that `ended` has where a subscription wants it."""

    DURATION = "duration"
    """Seconds of conversation."""
    WAITING_TIME = "waiting_time"
    """Seconds until the answer, or until the end."""
    RECORDING = "recording"


class NotificationDirection(StrEnum):
    """Which way a call runs, as a subscription chooses it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOptions:
    """An empty tuple lets all calls pass; what is set must fit together."""

    microseconds: bool = False
    """Whether timestamps have them."""
    fields: tuple[NotificationField, ...] = ()
    directions: tuple[NotificationDirection, ...] = ()
    numbers: tuple[str, ...] = ()
    """The project's numbers that were called, in any spelling."""
    accounts: tuple[str, ...] = ()
    """The logins of those who call, ring or talk."""


NO_OPTIONS: Final = NotificationOptions()
