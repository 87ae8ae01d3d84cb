"""The hunt of one leg over the destinations that may carry it: trunks in order, each with its addresses. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import Call
from switchhook.domain.cause import OUT_OF_ORDER, Cause
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.dialling import (
    SipDestination,
    UndiallableError,
    destination_at,
    sip_leg_of,
)
from switchhook.drivers.embedded.translate import REDIRECTIONS, cause_of_refusal, one_line
from switchhook.routing.commands import RingLeg
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import preferred
from switchhook.sip.wire.transport import Peer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.sip.ua.events import InviteFailed
    from switchhook.sip.wire.message import Response

MOST_TRIES: Final = 10
"""Destinations that one leg is tried at, redirections included."""
CHALLENGES: Final = frozenset({401, 407})


@dataclass(slots=True)
class Hunt:
    """A leg on its way; `destination` is the one whose addresses `peers` still are."""

    call: Call
    bridge: Bridge
    command: RingLeg
    destinations: deque[SipDestination]
    destination: SipDestination | None = None
    peers: deque[Peer] = field(default_factory=deque)
    tries: int = 0
    rang: bool = False
    """Whether a target was reached: then a failure is the target's."""
    cause: Cause | None = None
    """Why it failed so far; a response counts before a silence."""

    @property
    def sip_leg(self) -> str:
        """Name the SIP leg of the present try."""
        name = sip_leg_of(self.call, self.command)
        return name if self.tries < 2 else f"{name} try {self.tries}"

    @property
    def may_go_on(self) -> bool:
        """Whether there is another destination."""
        return bool(self.peers or self.destinations) and self.tries < MOST_TRIES

    def note(self, cause: Cause) -> None:
        """Remember why a destination failed: the first that said anything, else the first of all."""
        silent = self.cause is not None and self.cause.q850 == OUT_OF_ORDER
        if self.cause is None or (silent and cause.q850 != OUT_OF_ORDER):
            self.cause = cause

    def failed(self, event: InviteFailed) -> Cause:
        """Say why the present try failed, and put the destinations first that it names."""
        destination = self.destination
        cause = cause_of_refusal(event.status, event.response, event.request)
        if destination is None:
            return cause
        if (
            destination.trunk is not None
            and destination.trunk.follow_redirects
            and event.response is not None
        ):
            found = tuple(_redirections(self.call, destination, event.response))
            if found:
                self.peers.clear()
                self.destinations.extendleft(reversed(found))
                return Cause(
                    sip=event.status, text=f"{destination.name} redirects to {found[0].uri}"
                )
        return _cause_at(destination, event, cause)

    def is_route_failure(self, event: InviteFailed) -> bool:
        """Say whether the route failed and not who was called, so that another may lead there."""
        if self.rang:
            return False
        status = event.status
        return (
            event.response is None
            or status in REDIRECTIONS | CHALLENGES | {408, 421}
            or 500 <= status < 600
        )


def _cause_at(destination: SipDestination, event: InviteFailed, cause: Cause) -> Cause:
    """Say whose fault it is."""
    status, response = event.status, event.response
    if response is None:
        return Cause(sip=503, q850=OUT_OF_ORDER, text=f"{destination.name}: {cause.text}")
    if status in CHALLENGES:
        known = destination.trunk is not None and destination.is_home and destination.trunk.username
        what = "refuses our username and password" if known else "wants a username; set one"
        return Cause(sip=503, text=f"{destination.name} {what} ({status})")
    if status in REDIRECTIONS:
        contact = one_line(response.headers.get("Contact") or "nowhere")
        return Cause(
            sip=status, text=f"{destination.name} redirects to {contact}, which is not followed"
        )
    if status == 421:
        required = one_line(response.headers.get("Require") or "an extension")
        return Cause(sip=status, text=f"{destination.name} requires {required}")
    return cause


def _redirections(
    call: Call, destination: SipDestination, response: Response
) -> Iterator[SipDestination]:
    """Yield where a trunk's 3xx leads, as far as the project calls there (RFC 3261 §8.1.3.4)."""
    if response.status not in REDIRECTIONS:
        return
    try:
        contacts = preferred(response.contacts)
    except SipError:
        return
    for contact in contacts:
        try:
            found = destination_at(str(contact.uri), trunk=destination.trunk, home=destination.host)
        except UndiallableError:
            continue
        number = clean_number(found.uri.username)
        wanted = None if number is None else Target(kind=TargetKind.NUMBER, value=number)
        if wanted is None or call.snapshot.project.permits(wanted):
            yield found


def trunks_down_last(
    destinations: Iterable[SipDestination], down: frozenset[tuple[str, str]], project: str
) -> list[SipDestination]:
    """Put the destinations of trunks that are down last: they may be better than nothing."""
    return sorted(
        destinations, key=lambda p: p.trunk is not None and (project, p.trunk.name) in down
    )
