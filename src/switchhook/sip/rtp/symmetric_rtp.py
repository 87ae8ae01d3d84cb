"""Symmetric RTP (RFC 4961) with latching (RFC 7362 §5): the address that a stream comes from is the one that we send to. Pure.

A telephone's own address is often wrong: private behind NAT, or the wrong one of several. So the first packet
decides, if it comes from the described host or from where the signalling came; from then on the stream goes
there, and packets of every other sender are dropped. After a silence, a known host may latch anew: NAT forgets
ports during a hold.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.transport import may_name

if TYPE_CHECKING:
    from collections.abc import Iterable

RtpAddress = tuple[str, int]

MOVED: Final = 3.0
"""Seconds of silence after which a telephone may have moved to another port. A speaking telephone keeps its
port: a packet comes each 20 ms, and a pause in speech is rarely followed by another port."""
_NOWHERE: Final = frozenset({"", "0.0.0.0", "::"})


class SymmetricRtp:
    """The address of one stream's far end. `dropped` counts packets from elsewhere."""

    def __init__(self) -> None:
        self.target: RtpAddress | None = None
        """Where to send; None until something is known."""
        self.latched = False
        self.dropped = 0
        self._described: RtpAddress | None = None
        self._hosts: frozenset[str] = frozenset()
        self._received_at = 0.0

    def expect(self, described: RtpAddress | None, also: Iterable[str] = ()) -> None:
        """Take a description, and further hosts such as the signalling's. The same again changes nothing.

        A described host without a numeric address is ignored: names are not resolved here. Nothing is sent
        to one that the signalling's host cannot mean, before it comes from there: it would be our network's.
        """
        described = _numeric(described) if described is not None else None
        hosts = frozenset(host for host in also if host)
        is_meant = not hosts or (
            described is not None and any(may_name(described[0], host) for host in hosts)
        )
        if described is not None:
            hosts |= {described[0]}
        if (described, hosts) == (self._described, self._hosts):
            return
        self._described, self._hosts = described, hosts
        self.latched = False
        self.target = described if is_meant else None

    def admits(self, source: RtpAddress, now: float) -> bool:
        """Say whether a packet from `source` belongs to the stream; the first one decides."""
        open_ = not self.latched or now - self._received_at >= MOVED
        if open_ and self._is_known(source[0]):
            self.latched = True
            self.target = source
        if self.latched and source == self.target:
            self._received_at = now
            return True
        self.dropped += 1
        return False

    def _is_known(self, host: str) -> bool:
        """A program of this machine may speak from any of its loopback addresses."""
        return host in self._hosts or (
            _is_loopback(host) and any(_is_loopback(known) for known in self._hosts)
        )


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host == "::1"


def _numeric(address: RtpAddress) -> RtpAddress | None:
    """Return an address in a socket's form; None when it cannot be sent to."""
    host, port = address
    if host in _NOWHERE or not 0 < port < 65536:
        return None
    try:
        parsed = ip_address(host)
    except ValueError:
        return None
    return None if parsed.is_multicast else (str(parsed), port)
