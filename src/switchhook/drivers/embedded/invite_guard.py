"""The address guard of INVITEs: where a project's trunks and SIP hosts may be. Pure.

It judges the numeric address that a call is about to be sent to, at each call, so a name that changes its
mind changes nothing. Telephones that registered are not judged: they are called where they came from.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from switchhook.delivery.address_guard import SERVICE_PORTS, SIP_PORTS, literal, refusal
from switchhook.delivery.allowed_networks import AllowedNetwork, AllowedNetworks
from switchhook.domain.scheme import ring_steps
from switchhook.domain.target import TargetKind
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.transport import DEFAULT_PORT
from switchhook.sip.wire.uri import Uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.project import Project
    from switchhook.domain.target import Target

_SERVICES: Final = SERVICE_PORTS - SIP_PORTS


def why_not_called(project: Project, address: str, port: int) -> str:
    """Say why no call of the project may be sent to `address` (numeric) and `port`; empty: it may."""
    address = address.partition("%")[0]
    trunks = tuple((trunk.host, trunk.sip_port) for trunk in project.trunks)
    networks = _networks(project.allowed_networks, trunks, project.allowed_sip_hosts)
    why = refusal(address, port, networks, services=_SERVICES)
    written = ((literal(host), at) for _, (host, at) in written_in(project))
    if why and (address, port) in written:
        return refusal(address, port, AllowedNetworks(networks=(AllowedNetwork.at(address, port),)))
    return why


def written_in(project: Project) -> Iterator[tuple[tuple[str | int, ...], tuple[str, int]]]:
    """Yield hosts and ports of the SIP addresses that the project file itself has rung, with their places."""
    if project.fallback is not None:
        yield from ((("project", "fallback"), at) for at in _addresses((project.fallback,)))
    for index, scheme in enumerate(project.schemes):
        for step in ring_steps(scheme.steps):
            yield from ((("schemes", index, "steps"), at) for at in _addresses(step.targets))


def _addresses(targets: Iterable[Target]) -> Iterator[tuple[str, int]]:
    for target in targets:
        if target.kind is TargetKind.ADDRESS:
            with suppress(SipError):
                uri = Uri.parse(target.value)
                yield uri.host, uri.port or DEFAULT_PORT


def why_closed(host: str, port: int, allowed_networks: tuple[str, ...] = ()) -> str:
    """Return why only the operator may write this trunk or SIP host; "" when any project may.

    A name is judged when it is called. Raises ValueError where a network is none.
    """
    address = literal(host)
    if not address:
        return ""
    return refusal(address, port, AllowedNetworks.parse(allowed_networks), services=_SERVICES)


@lru_cache(maxsize=1024)
def _networks(
    allowed_networks: tuple[str, ...],
    trunks: tuple[tuple[str, int], ...],
    hosts: tuple[str, ...],
) -> AllowedNetworks:
    """Return what is open: networks, and the addresses that trunks and SIP hosts are written as.

    Only the operator can write a private address (`operations.opened`), there and in a `ring` step. An address
    written as a name is not open: its owner can point it anywhere.
    """
    opened = [*trunks, *((host, None) for host in hosts)]
    written = [(literal(host), port) for host, port in opened]
    return AllowedNetworks(
        networks=(
            *AllowedNetworks.parse(allowed_networks).networks,
            *(AllowedNetwork.at(address, port) for address, port in written if address),
        )
    )
