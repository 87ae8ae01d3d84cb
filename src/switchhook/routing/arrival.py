"""A call before it is one: what a telephone side knows when somebody dials in."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.cause import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that a telephone side puts to the switchboard."""

    caller: str
    """The caller's number or login; empty where it was withheld."""
    caller_name: str
    callee: str
    """The dialled user part."""
    account: str = ""
    """The login of the authenticated account that calls; empty for a call from a trunk."""
    trunk: str = ""
    """The name of the trunk that it came from; empty for an account."""
    project: str = ""
    """The project of that account or trunk; empty where the side knows neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The switchboard does not take the call; the caller gets this cause."""

    cause: Cause
    retry_after: int = 0
    """Seconds, when trying again later helps (503); 0 otherwise."""
