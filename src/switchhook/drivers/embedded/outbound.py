"""The outbound legs to numbers and SIP addresses: one destination after another, until one takes the call.

The shell around `hunting.py`: it looks names up, lets the address guard judge every address, sends the
INVITE, and goes on to the next when the route failed before any target was reached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from switchhook.domain.cause import OUR_ERROR, Cause
from switchhook.drivers.embedded.admission import Party, party_at
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.bridge.output import BridgeOutput
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.dialling import (
    SipDestination,
    destinations_of,
    invite_to_destination,
    with_dialled_number,
)
from switchhook.drivers.embedded.hunting import CHALLENGES, Hunt, trunks_down_last
from switchhook.drivers.embedded.invite_guard import why_not_called
from switchhook.drivers.embedded.translate import REDIRECTIONS
from switchhook.routing.events import LegRetried
from switchhook.sip.net.resolver import UnknownHostError
from switchhook.sip.ua.commands import Invite
from switchhook.sip.wire.transport import Peer, numeric
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.drivers.embedded.trunk_states import TrunkStates
    from switchhook.routing.commands import RingLeg
    from switchhook.sip.ua.events import InviteFailed

log = structlog.get_logger(__name__)

NOWHERE: Final = Cause(sip=503, text="there is no destination left")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundServices:
    """The services of the engine that outbound legs need."""

    addresses: Callable[[SipDestination], Coroutine[Any, Any, tuple[Peer, ...]]]
    """Looks a destination up, the best address first; raises UnknownHostError."""
    our_host: Callable[[Peer], str]
    """Says under which host the peer reaches us."""
    invite: Callable[[str, Bridge, str, list[Invite], Party], None]
    """Sends the INVITEs of a call's leg to a party."""
    do: Callable[[str, Bridge, list[BridgeOutput]], None]
    """Carries out what came of it for a call."""


class OutboundLegs:
    """The legs on their way to a trunk or SIP address."""

    def __init__(self, services: OutboundServices, states: TrunkStates) -> None:
        self._services = services
        self._states = states
        self._hunts: dict[str, Hunt] = {}
        """By the SIP leg of the present try, until the call is forgotten."""

    def ring(self, call: Call, bridge: Bridge, command: RingLeg) -> None:
        """Ring a number or address; raise UndiallableError where it leads nowhere."""
        project = call.snapshot.project.id
        destinations = trunks_down_last(destinations_of(call, command), self._states.down, project)
        self._go_on(
            Hunt(call=call, bridge=bridge, command=command, destinations=deque(destinations))
        )

    def trunk_of(self, sip_leg: str) -> str:
        """Return the name of the trunk that a SIP leg goes over; empty for none."""
        hunt = self._hunts.get(sip_leg)
        destination = None if hunt is None else hunt.destination
        return "" if destination is None or destination.trunk is None else destination.trunk.name

    def forget(self, sip_leg: str) -> None:
        """Forget a SIP leg that is over."""
        self._hunts.pop(sip_leg, None)

    def reached(self, sip_leg: str) -> None:
        """Learn that the far end rings or answers: a later failure is its own."""
        hunt = self._hunts.get(sip_leg)
        if hunt is not None:
            hunt.rang = True
            self._note_state(hunt, answers=True)

    def failed(self, event: InviteFailed) -> bool:
        """Take a failure that is one of ours to deal with; False for those of other legs."""
        hunt = self._hunts.pop(event.leg, None)
        if hunt is None or event.request is not None:
            return False  # a BYE is no failure of the route, and waits for its answer
        self._note_state(hunt, answers=event.response is not None)
        cause = hunt.failed(event)
        if event.status in CHALLENGES:
            log.error("sip trunk authentication failed", call=hunt.call.id, error=cause.text)
        if not hunt.bridge.drop(event.leg):
            return True  # the leg was ended meanwhile
        is_route_failure = hunt.is_route_failure(event)
        if is_route_failure and event.status not in REDIRECTIONS:
            hunt.note(cause)
        if is_route_failure and hunt.may_go_on:
            self._retry(hunt, cause.text)
        else:
            self._give_up(hunt, (is_route_failure and hunt.cause) or cause)
        return True

    def _go_on(self, hunt: Hunt) -> None:
        """Try the next address; a mistake of ours ends the leg at once."""
        try:
            self._try_next(hunt)
        except Exception:
            log.exception("leg failed", call=hunt.call.id, leg=hunt.command.leg)
            self._give_up(hunt, OUR_ERROR)

    def _try_next(self, hunt: Hunt) -> None:
        """Try the next address, or look up the next destination."""
        while not hunt.peers:
            if not hunt.may_go_on:
                self._give_up(hunt, hunt.cause or NOWHERE)
                return
            destination = hunt.destination = hunt.destinations.popleft()
            address = numeric(destination.host)
            if address is None:
                name = f"ring {CallPart(hunt.call.id, hunt.command.leg)}"
                spawn(self._look_up(hunt, destination), name=name)
                return
            hunt.peers.append(Peer(destination.transport, address, destination.port))
        self._try(hunt, hunt.peers.popleft())

    async def _look_up(self, hunt: Hunt, destination: SipDestination) -> None:
        try:
            hunt.peers.extend(await self._services.addresses(destination))
        except UnknownHostError as error:
            call, leg = hunt.call.id, hunt.command.leg
            log.warning("sip host not resolved", call=call, leg=leg, error=str(error))
            hunt.note(Cause(sip=503, text=str(error)))
            self._retry(hunt, str(error))
        except Exception:
            log.exception("leg failed", call=hunt.call.id, leg=hunt.command.leg)
            self._give_up(hunt, OUR_ERROR)
        else:
            self._go_on(hunt)

    def _try(self, hunt: Hunt, peer: Peer) -> None:
        destination = hunt.destination
        if destination is None:
            return
        if why := why_not_called(hunt.call.snapshot.project, peer.host, peer.port):
            log.warning("address blocked", call=hunt.call.id, host=destination.host, why=why)
            text = f"{destination.host} was not called, because {why}"
            hunt.note(Cause(sip=403, text=text))
            self._retry(hunt, text)
            return
        hunt.tries += 1
        invite = invite_to_destination(
            hunt.bridge,
            hunt.sip_leg,
            hunt.command,
            destination=destination,
            peer=peer,
            our_host=self._services.our_host(peer),
        )
        if destination.trunk is not None and destination.is_home:
            where = destination.trunk.dialled_number
            invite = with_dialled_number(invite, hunt.call, hunt.command, where)
        self._hunts[hunt.sip_leg] = hunt
        party = party_at(hunt.call.snapshot.project.id, destination.trunk, peer.host)
        self._services.invite(hunt.call.id, hunt.bridge, hunt.command.leg, [invite], party)

    def _retry(self, hunt: Hunt, why: str) -> None:
        """Go on with the next destination, and tell the call's journal why."""
        if hunt.may_go_on:
            retried = LegRetried(leg=hunt.command.leg, text=why)
            self._services.do(hunt.call.id, hunt.bridge, [retried])
        self._go_on(hunt)

    def _give_up(self, hunt: Hunt, cause: Cause) -> None:
        outs = hunt.bridge.unreachable(hunt.command.leg, cause)
        self._services.do(hunt.call.id, hunt.bridge, outs)

    def _note_state(self, hunt: Hunt, *, answers: bool) -> None:
        destination = hunt.destination
        if destination is not None and destination.trunk is not None and destination.is_home:
            project = hunt.call.snapshot.project.id
            if not answers and hunt.peers:
                return  # another of its addresses may answer
            self._states.called(project, destination.trunk.name, answers=answers)
