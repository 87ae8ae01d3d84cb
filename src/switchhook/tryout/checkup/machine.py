"""What this machine gives: disk, ports, clock, descriptors, and the address that telephones are told."""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import resource
import shutil
import socket
from typing import TYPE_CHECKING, Final

from switchhook.settings import port_range
from switchhook.tryout.checkup.result import doubtful, good, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from switchhook.domain.project import Project
    from switchhook.settings import Settings
    from switchhook.tryout.checkup.result import CheckResult

GIGABYTE: Final = 1_000_000_000
FULL, NEARLY_FULL = GIGABYTE // 10, GIGABYTE
"""Bytes that are left on a disk."""
DESCRIPTORS_EACH: Final = 4
"""Of one call with sound: two sockets for each side."""
SPARE: Final = 256
"""Descriptors for telephones, endpoints and the database."""
CLOCK_SLACK: Final = 60.0
"""Seconds that what is stored may lie ahead of the clock."""
UNSYNCHRONIZED: Final = 5
"""The answer of `adjtimex` for a clock that nothing sets (TIME_ERROR)."""
_BYTES: Final = 512
"""More than a `struct timex` has on any machine."""


def disk(data_dir: Path) -> Iterator[CheckResult]:
    """Look at the data directory and its file system."""
    there = data_dir
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        yield wrong("disk", f"{there} cannot be looked at ({error.strerror})", "run as its owner")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        advice = f"run as the owner of {there}, or name another directory with --data-dir"
        yield wrong("disk", f"nothing can be written in {there}", advice)
    text = f"{free / GIGABYTE:.1f} GB are free for {data_dir}"
    advice = "make room, or lower keep_days: a full disk stops calls and events"
    if free < FULL:
        yield wrong("disk", text, advice)
    elif free < NEARLY_FULL:
        yield doubtful("disk", text, advice)
    else:
        yield good("disk", text)


def ports(settings: Settings, *, is_running: bool) -> Iterator[CheckResult]:
    """Look whether the server can listen where the settings say; a running one does."""
    if is_running:
        yield good("ports", "the server runs, and has its ports")
        return
    wanted = [
        ("sip_port", "UDP", settings.sip_host, settings.sip_port, socket.SOCK_DGRAM),
        ("sip_port", "TCP", settings.sip_host, settings.sip_port, socket.SOCK_STREAM),
    ]
    if settings.web_host:
        wanted.append(("web_port", "TCP", settings.web_host, settings.web_port, socket.SOCK_STREAM))
    for setting, transport, host, port, kind in wanted:
        where = f"{transport} {host} port {port}"
        why = _why_not_bound(host, port, kind)
        if why is None:
            yield good("ports", f"{where} is free ({setting})")
            continue
        number, text = why
        yield wrong(
            "ports", f"{where} cannot be listened on: {text}", _port_advice(number, setting, port)
        )


def _why_not_bound(host: str, port: int, kind: socket.SocketKind) -> tuple[int, str] | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind is socket.SOCK_STREAM:  # as servers do; else one that just ended is in the way
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            if kind is socket.SOCK_STREAM:
                probe.listen()
    except OSError as error:
        return error.errno or 0, os.strerror(error.errno) if error.errno else str(error)
    return None


def _port_advice(number: int, setting: str, port: int) -> str:
    match number:
        case errno.EADDRINUSE:
            return (
                f"another program has it (`ss -lnp 'sport = :{port}'` says which): stop it, or set {setting};"
                " an Asterisk beside Switchhook has 5060 itself"
            )
        case errno.EADDRNOTAVAIL:
            host = setting.replace("port", "host")
            return f"{host} is no address of this machine (`ip address` lists them): set one of its own"
        case errno.EACCES:
            return f"ports below 1024 are for root: set {setting} to a higher one"
        case _:
            return f"set {setting}, or the host before it"


def sound_ports(settings: Settings) -> Iterator[CheckResult]:
    """Look whether there are ports for the sound of as many calls as may run."""
    found = port_range(settings.rtp_ports)
    if not found:
        return
    calls = sum(port % 2 == 0 for port in found) // 2
    text = f"rtp_ports have room for the sound of {calls} calls at once"
    if calls < settings.max_calls:
        advice = f"max_calls is {settings.max_calls}: widen rtp_ports, or lower it"
        yield doubtful("ports", text, advice)
    else:
        yield good("ports", text)


def limits(settings: Settings) -> Iterator[CheckResult]:
    """Look whether this process may open what `max_calls` takes."""
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(most, hard) if resource.RLIM_INFINITY not in {most, hard} else 1 << 30
    needed = settings.max_calls * DESCRIPTORS_EACH + SPARE
    text = f"{most if most < 1 << 30 else 'any number of'} files and sockets may be open"
    if most < needed:
        advice = (
            f"{settings.max_calls} calls (max_calls) take up to {needed}: LimitNOFILE={needed} in the"
            " systemd unit, or `ulimit -n`"
        )
        yield doubtful("limits", text, advice)
    else:
        yield good("limits", text)


def clock(*, now: float, newest: float | None) -> Iterator[CheckResult]:
    """Look whether something sets the clock, and whether it went back since the newest call."""
    if newest is not None and newest > now + CLOCK_SLACK:
        advice = "set it right (`timedatectl`): signatures and working hours go by it"
        text = f"the clock stands {newest - now:.0f} seconds before the newest call that is stored"
        yield wrong("clock", text, advice)
    state = _clock_state()
    if state is None:
        yield good("clock", "the system does not tell whether something sets it")
    elif state == UNSYNCHRONIZED:
        advice = (
            "install chrony or systemd-timesyncd: receivers refuse signatures that are five minutes off."
            " In a container or a virtual machine the host may set it"
        )
        yield doubtful("clock", "nothing is known to set the clock", advice)
    else:
        yield good("clock", "the clock is kept right")


def _clock_state() -> int | None:
    """Return what `adjtimex(2)` says without changing anything; None where there is none."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state = int(adjtimex(ctypes.create_string_buffer(_BYTES)))
    return None if state < 0 else state


def nat(settings: Settings, projects: Iterable[Project]) -> Iterator[CheckResult]:
    """Look at the address that telephones and trunks are told."""
    address = ipaddress.ip_address(settings.sip_host)
    page = "`switchhook docs nat-and-proxies` says what works"
    trunks = [(project.id, trunk) for project in projects for trunk in project.trunks]
    if address.is_loopback:
        text = f"sip_host is {address}: telephones and trunks on this machine alone reach it"
        yield doubtful("nat", text, "set sip_host to an address of this machine that others reach")
    elif address.is_unspecified:
        advice = "set sip_host to one address: it is written into SIP messages"
        yield wrong("nat", f"sip_host is {address}, which nobody can answer to", advice)
    elif address.is_private and any(_may_be_public(trunk.host) for _, trunk in trunks):
        text = f"sip_host is {address}, a private address, and a trunk may lie outside"
        advice = (
            "behind a router the provider has to answer to the address that it sees, with"
            f" register = true; {page}"
        )
        yield doubtful("nat", text, advice)
    else:
        yield good("nat", f"telephones and trunks are told {address}")


def _may_be_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".lan", ".local", ".internal", ".home.arpa"))
