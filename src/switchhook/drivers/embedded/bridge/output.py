"""The outputs of a call's bridge, in the order of execution. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.routing import events as call_events
from switchhook.sip.rtp import commands as media
from switchhook.sip.ua.commands import EndSession, Respond, UserAgentCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.cause import Cause
    from switchhook.sip.wire.headers import HeaderFields


@dataclass(frozen=True, slots=True)
class AfterCommit:
    """Tell of the event; carry the commands out once what it brought about is durable."""

    event: call_events.Event
    commands: tuple[UserAgentCommand, ...]
    last: bool = False
    """Whether these commands wait for the switchboard's own commands too: a crash right after the response must
    not leave the other side uninformed."""


BridgeOutput = UserAgentCommand | call_events.Event | AfterCommit | media.MediaStreamCommand
"""A command to the user agent or to the media, or an event for the switchboard."""


def end_all(branches: Iterable[str], headers: HeaderFields) -> list[BridgeOutput]:
    """Cancel or hang up several SIP legs."""
    return [EndSession(leg=branch, headers=headers) for branch in branches]


def ended(leg: str, cause: Cause, ref: str) -> BridgeOutput:
    """Tell of an end, and answer the request by which the other end left once that is durable."""
    event = call_events.LegEnded(leg=leg, cause=cause)
    return AfterCommit(event, (Respond(ref=ref, status=200),), last=True) if ref else event


def answered_at_once(ref: str) -> list[BridgeOutput]:
    """Answer a request that ends a leg which the call no longer has."""
    return [Respond(ref=ref, status=200)] if ref else []
