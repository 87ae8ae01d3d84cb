"""Access of a project beyond itself, which the operator alone grants: networks, addresses, files.

A project token may keep the reach of the latest version, and never widen it. Names
are judged when they are looked up, at each call and each webhook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, TypeVar

from switchhook.drivers.embedded.invite_guard import why_closed, written_in
from switchhook.sip.wire.transport import DEFAULT_PORT

if TYPE_CHECKING:
    from switchhook.domain.project import Project
    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.mistakes import Notes

T = TypeVar("T")
WithPaths = Iterator[tuple["KeyPath", T]]
"""Things with their places in the document."""

ADVICE: Final = "leave it out, or ask the operator to apply the file with `switchhook apply`"


def note_new_grants(project: Project, before: Project | None, notes: Notes) -> None:
    """Note what the latest version, `before`, does not reach already."""
    for look in (_networks, _sources, _trunks, _sip_hosts, _written, _files):
        for path, problem in look(project, before):
            notes.add(path, problem, ADVICE)


def _new(
    find: Callable[[Project], WithPaths[T]], project: Project, before: Project | None
) -> WithPaths[T]:
    """Yield what is found in a project and was not in the one before, word for word."""
    known = [] if before is None else [one for _, one in find(before)]
    return ((path, one) for path, one in find(project) if one not in known)


def _networks(project: Project, before: Project | None) -> WithPaths[str]:
    def find(project: Project) -> WithPaths[str]:
        for index, network in enumerate(project.allowed_networks):
            yield ("project", "allowed_networks", index), network

    for path, network in _new(find, project, before):
        yield path, f"{network} is opened by the operator alone"


def _sources(project: Project, before: Project | None) -> WithPaths[str]:
    """Yield the networks that need no password and are not open yet; a part of an open one is open."""
    known = [] if before is None else [ip_network(one) for _, one in _all_sources(before)]
    for path, source in _all_sources(project):
        if not any(_holds(network, ip_network(source)) for network in known):
            yield path, f"calls from {source} without a password are allowed by the operator alone"


def _all_sources(project: Project) -> WithPaths[str]:
    for number, trunk in enumerate(project.trunks):
        for index, source in enumerate(trunk.sources):
            yield ("trunks", number, "sources", index), source


def _holds(network: IPv4Network | IPv6Network, inner: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(network)
    return (
        isinstance(network, IPv6Network)
        and isinstance(inner, IPv6Network)
        and inner.subnet_of(network)
    )


def _trunks(project: Project, before: Project | None) -> WithPaths[str]:
    def find(project: Project) -> WithPaths[tuple[str, int, str]]:
        for index, trunk in enumerate(project.trunks):
            yield ("trunks", index, "host"), (trunk.host, trunk.sip_port, trunk.transport)

    networks = _networks_of(before)
    for path, (host, port, transport) in _new(find, project, before):
        if why_closed(host, port, networks):
            yield path, f"a trunk at {host}:{port} ({transport}) is opened by the operator alone"


def _sip_hosts(project: Project, before: Project | None) -> WithPaths[str]:
    def find(project: Project) -> WithPaths[str]:
        for index, host in enumerate(project.allowed_sip_hosts):
            yield ("project", "allowed_sip_hosts", index), host

    networks = _networks_of(before)
    for path, host in _new(find, project, before):
        if why_closed(host, DEFAULT_PORT, networks):
            yield path, f"{host} is opened by the operator alone"


def _written(project: Project, before: Project | None) -> WithPaths[str]:
    networks = _networks_of(before)
    for path, (host, port) in _new(written_in, project, before):
        if why_closed(host, port, networks):
            yield path, f"{host}:{port} is opened by the operator alone"


def _networks_of(before: Project | None) -> tuple[str, ...]:
    return () if before is None else before.allowed_networks


def _files(project: Project, before: Project | None) -> WithPaths[str]:
    def find(project: Project) -> WithPaths[str]:
        for index, sound in enumerate(project.sounds):
            path = PurePath(sound.file)
            if path.is_absolute() or ".." in path.parts:
                yield ("sounds", index, "file"), sound.file

    for path, _ in _new(find, project, before):
        yield (
            path,
            "a file outside the project's folder for sounds is named by the operator alone",
        )
