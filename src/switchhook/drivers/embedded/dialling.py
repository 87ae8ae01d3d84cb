"""The destinations of a target: the telephones of an account, a number behind a trunk, a SIP address. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER, Direction
from switchhook.domain.cause import Cause
from switchhook.domain.project import DialledNumber, Trunk
from switchhook.domain.target import TargetKind
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.translate import one_line, shown_caller, shown_to_trunk
from switchhook.quick_init import quick_init
from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.ua.commands import Invite
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import DEFAULT_PORT, TRANSPORTS, UDP
from switchhook.sip.wire.uri import Uri, escape_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from switchhook.domain.call import Call
    from switchhook.drivers.embedded.bridge.b2bua import Bridge
    from switchhook.routing.commands import RingLeg
    from switchhook.sip.ua.registrar import Binding
    from switchhook.sip.wire.transport import Peer


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class SipDestination:
    """Where an INVITE goes, with a host that may still be a name."""

    uri: Uri
    host: str
    port: int
    transport: str
    trunk: Trunk | None = None
    is_home: bool = True
    """Whether it is the trunk itself, and not its redirection: the trunk alone gets our password."""
    srv: bool = False
    """Whether SRV records say where it is (RFC 3263 §4.2)."""

    @property
    def name(self) -> str:
        """Name it for people."""
        if self.trunk is None:
            return self.host
        return f"trunk {self.trunk.name}"


class UndiallableError(Exception):
    """A target leads nowhere. `cause` is what the leg ends with."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.cause = Cause(sip=status, text=text)


def sip_leg_of(call: Call, command: RingLeg) -> str:
    """Return the id of the SIP leg that carries out the command; each turn of a callback's caller has its own."""
    part = str(CallPart(call.id, command.leg))
    return part if command.turn < 2 else f"{part} turn {command.turn}"


def destinations_of(call: Call, command: RingLeg) -> tuple[SipDestination, ...]:
    """Return where a number or SIP address may be, the best first; raise UndiallableError."""
    target = command.target
    if target.kind is not TargetKind.NUMBER:
        destination = destination_at(target.value)
        return (replace(destination, trunk=_trunk_at(destination, call.snapshot.project.trunks)),)
    trunks = tuple(trunk for trunk in call.snapshot.project.trunks if trunk.outgoing)
    if not trunks:
        raise UndiallableError(
            503, f"project {call.snapshot.project.id} has no trunk for outside numbers"
        )
    return tuple(destination_behind(trunk, target.value) for trunk in trunks)


def _trunk_at(destination: SipDestination, trunks: Iterable[Trunk]) -> Trunk | None:
    """Return the trunk that a SIP address is at: it gets what that trunk gets."""
    at = destination.host, destination.port, destination.transport
    return next(
        (t for t in trunks if (t.uri_host.lower(), t.sip_port, t.transport.upper()) == at), None
    )


def destination_behind(trunk: Trunk, user: str | None) -> SipDestination:
    """Return where a trunk has a number, or where it is itself."""
    uri = Uri.of(user, trunk.uri_host, None if trunk.sip_port == DEFAULT_PORT else trunk.sip_port)
    return SipDestination(
        uri=uri,
        host=trunk.uri_host,
        port=trunk.sip_port,
        transport=_transport(trunk.transport),
        trunk=trunk,
        srv=not trunk.port,
    )


def destination_at(address: str, *, trunk: Trunk | None = None, home: str = "") -> SipDestination:
    """Return the destination of a SIP address; `trunk`, at `home`, redirected to it."""
    try:
        uri = Uri.parse(address)
    except SipError as error:
        raise UndiallableError(484, f"{address} is no SIP address: {error}") from None
    if uri.scheme != "sip":
        raise UndiallableError(416, f"{address} is no sip: address; TLS is not spoken here")
    return SipDestination(
        uri=uri.replace(headers=""),
        host=uri.host,
        port=uri.port or DEFAULT_PORT,
        transport=_transport(uri.parameters.get("transport") or UDP),
        trunk=trunk,
        is_home=trunk is None or uri.host == home,
        srv=uri.port is None,
    )


def _transport(name: str) -> str:
    if name.upper() not in TRANSPORTS:
        raise UndiallableError(503, f"transport {name} is not spoken here; UDP and TCP are")
    return name.upper()


def invite_to_destination(
    bridge: Bridge,
    sip_leg: str,
    command: RingLeg,
    *,
    destination: SipDestination,
    peer: Peer,
    our_host: str,
) -> Invite:
    """Call a number or SIP address, whose host was found to be at `peer`."""
    trunk = destination.trunk
    if trunk is None:
        from_, headers = shown_caller(command.caller, command.caller_name, our_host)
        credentials = None
    else:
        from_, headers = shown_to_trunk(
            command.caller,
            command.caller_name,
            trunk,
            command.identity if destination.is_home else "",
        )
        credentials = credentials_for(trunk) if destination.is_home else None
    return Invite(
        leg=sip_leg,
        uri=destination.uri,
        from_=from_,
        to=NameAddress(uri=destination.uri),
        peer=peer,
        headers=(*headers, bridge.max_forwards, *bridge.legs.offer),
        body=bridge.legs.offer_body,
        credentials=credentials,
    )


def invites_to_account(
    bridge: Bridge,
    sip_leg: str,
    bindings: Iterable[Binding],
    command: RingLeg,
    our_host: Callable[[Peer], str],
) -> list[Invite]:
    """Call every telephone of an account."""
    invites = []
    for number, binding in enumerate(bindings):
        host = our_host(binding.peer)
        from_, headers = shown_caller(command.caller, command.caller_name, host)
        routes = tuple(("Route", str(proxy)) for proxy in binding.path)
        invites.append(
            Invite(
                leg=f"{sip_leg} {number}",
                uri=binding.contact.uri,
                from_=from_,
                to=NameAddress(uri=Uri.of(command.target.value, host)),
                peer=binding.peer,
                direct=not binding.path,
                behind_nat=binding.behind_nat,
                headers=(*routes, *headers, bridge.max_forwards, *bridge.legs.offer),
                body=bridge.legs.offer_body,
            )
        )
    return invites


def with_dialled_number(
    invite: Invite, call: Call, command: RingLeg, where: DialledNumber
) -> Invite:
    """Tell a PBX the called number of the project and, as it trusts us, the caller (RFC 3325)."""
    is_told = where is not DialledNumber.NOWHERE and call.direction is Direction.INCOMING
    if not is_told or command.target.kind is TargetKind.NUMBER or command.leg == CALLER:
        return invite
    user = escape_user(call.callee)
    uri = invite.uri if where is DialledNumber.TO else invite.uri.replace(user=user)
    to = NameAddress(uri=invite.to.uri.replace(user=user))
    headers = invite.headers
    if number := one_line(command.caller):
        caller = Uri.of(number, invite.from_.uri.host)
        headers = (("P-Asserted-Identity", f"<{caller}>"), *headers)
    return replace(invite, uri=uri, to=to, headers=headers)


def credentials_for(trunk: Trunk) -> DigestCredentials | None:
    """Return who we are to a trunk that asks."""
    if not trunk.username:
        return None
    return DigestCredentials(username=trunk.username, password=trunk.password)
