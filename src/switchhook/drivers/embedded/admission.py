"""The admission of requests: what the user agent asks, answered by networks and passwords. Pure but for the log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.screening import SOS
from switchhook.drivers.embedded.authenticator import Authenticator, AuthRejection, KnownPeer
from switchhook.drivers.embedded.networks import Networks, networks_of, sources_of
from switchhook.drivers.embedded.translate import number_of
from switchhook.drivers.embedded.trunk_registration import caller_trunk
from switchhook.sip.net.log_limit import LogLimit
from switchhook.sip.transaction.admission import Admitted, Refusal
from switchhook.sip.transaction.trust import TrustedPeers, address_block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot, Trunk
    from switchhook.drivers.embedded.trunk_registration import TrunkKey
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.transport import Peer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The peer of a SIP leg, as far as it can authenticate again."""

    user: str = ""
    """The user that it can authenticate as, as `KnownPeer.unique_name` has it."""
    project: str = ""
    trunk: str = ""
    """The trunk that it is, which may speak from any of its networks."""


NOBODY: Final = Party()
CHALLENGED: Final = 407


def party_at(project: str, trunk: Trunk | None, host: str, *, user: str = "") -> Party:
    """Return who is at the other end of a leg to or from `host`.

    Requests within the call are bound to a trunk's networks only if the call came from one, or authenticated: a
    carrier that we registered with, or that SRV records name, sends from others.
    """
    if trunk is None:
        return Party(user=user, project=project)
    is_in = bool(user) or host in _places(trunk.sources)
    return Party(user=user, project=project, trunk=trunk.name if is_in else "")


@lru_cache(maxsize=1_000)
def _places(sources: tuple[str, ...]) -> Networks:
    """Return all of a trunk's networks, the widest too."""
    return Networks(networks_of(sources), widest=None)


class SipAdmission:
    """`directory` knows accounts and trunks, `key` signs the nonces."""

    def __init__(self, realm: str, key: bytes, directory: Callable[[], ProjectDirectory]) -> None:
        self.trusted_peers = TrustedPeers(self._is_in_network)
        self._authenticator = Authenticator(realm, key, self.trusted_peers)
        self.registrars: Callable[[], Mapping[str, frozenset[TrunkKey]]] = dict
        """Returns the addresses of registered trunks; set by the registrations."""
        self._directory = directory
        self._challenged = LogLimit()
        self._parties: dict[str, Party] = {}
        self._of: ProjectDirectory | None = None
        self._networks = Networks(())
        self._helps: frozenset[str] = frozenset()

    def is_urgent(self, request: Request) -> bool:
        """Whether some project knows what is dialled as an emergency number."""
        self._look_up()
        return number_of(request.uri).removeprefix("+") in self._helps

    def admit(self, request: Request, source: Peer, now: float) -> Admitted | Refusal:
        """Let in accounts and trunks; for a registration, the account it is for alone."""
        if request.method == "REGISTER":
            account = self._authenticator.registrant(request, source, self._directory(), now)
            if isinstance(account, AuthRejection):
                return self._refuse(account, "registration", source)
            return Admitted(name=account.login, who=account)
        called = caller_trunk(request, source.host, self._directory(), self.registrars())
        if called is not None:
            snapshot, trunk = called
            return Admitted(name="", who=KnownPeer(project=snapshot.project.id, trunk=trunk))
        known = self._authenticator.caller(request, source, self._directory(), now)
        if isinstance(known, AuthRejection):
            if known.status == CHALLENGED:
                self._log_challenged(request, source, now)
            return self._refuse(known, "call", source)
        return Admitted(name=known.proved, who=known)

    def expect(self, leg: str, party: Party) -> None:
        """Remember who is at the other end of a SIP leg."""
        self._parties[leg] = party

    def party(self, leg: str) -> Party:
        """Return who is there."""
        return self._parties.get(leg, NOBODY)

    def legs_of(self, user: str) -> tuple[str, ...]:
        """Return the legs on which a telephone of an account is."""
        return tuple(leg for leg, party in self._parties.items() if party.user == user)

    def forget(self, leg: str) -> None:
        """A SIP leg is over."""
        self._parties.pop(leg, None)

    def admit_within_dialog(
        self, leg: str, request: Request, source: Peer, now: float
    ) -> Refusal | None:
        """Authenticate a request within a dialog; return None for a known peer, else the refusal.

        A peer with a password is challenged. A trunk with `sources` may send from any of them. A SIP
        address that a scheme or webhook named has neither: every source is accepted.
        """
        party = self.party(leg)
        if party.user and self.trusted_peers.name(source, now) == party.user:
            return None
        sources = self._sources(party)
        if source.host in _places(sources):
            return None
        if not party.user:
            return self._refuse_outsider(party, request, source) if sources else None
        if request.method == "ACK":
            return Refusal(403)
        turned = self._authenticator.prove(request, source, self._directory(), now)
        if isinstance(turned, AuthRejection):
            return self._refuse(turned, "call", source)
        return None if turned.proved == party.user else Refusal(403)

    def _sources(self, party: Party) -> tuple[str, ...]:
        snapshot = self._directory().snapshots.get(party.project)
        trunks = () if snapshot is None else snapshot.project.trunks
        return next((trunk.sources for trunk in trunks if trunk.name == party.trunk), ())

    def _refuse_outsider(self, party: Party, request: Request, source: Peer) -> Refusal:
        log.warning(
            "sip request rejected",
            reason="not from the trunk's sources",
            trunk=party.trunk,
            project=party.project,
            method=request.method,
            peer=str(source),
        )
        return Refusal(403, reason="Not From This Trunk's Sources")

    def _log_challenged(self, request: Request, source: Peer, now: float) -> None:
        """Log who is asked for a password and is no telephone: a carrier may have none, and hears 407 for every call."""
        if "Proxy-Authorization" in request.headers or self.trusted_peers.name(source, now):
            return
        if self._directory().account(number_of(request.from_.uri)) is not None:
            return
        told = self._challenged.count(address_block(source.host), now)
        if told is not None:
            log.info(
                "sip call challenged",
                **{"from": number_of(request.from_.uri)[:80], "to": number_of(request.uri)[:80]},
                peer=str(source),
                why=_why_challenged(sources_of(self._directory()).at(source.host)),
                address=told[0],
                calls=told[1],
            )

    def _refuse(self, turned: AuthRejection, what: str, source: Peer) -> Refusal:
        """Return the refusal, and log a wrong password for fail2ban."""
        if turned.wrong:
            log.warning(
                "sip authentication failed",
                address=turned.address,
                user=turned.user[:80],
                what=what,
                peer=str(source),
            )
        return Refusal(turned.status, turned.headers, turned.reason)

    def _is_in_network(self, host: str) -> bool:
        self._look_up()
        return host in self._networks

    def _look_up(self) -> None:
        """Gather what is asked for with every packet, once for each version of the directory."""
        directory = self._directory()
        if directory is self._of:
            return
        self._of = directory
        self._networks = Networks(
            network for _, trunk in directory.trunks() for network in networks_of(trunk.sources)
        )
        self._helps = frozenset(
            number
            for snapshot in directory.snapshots.values()
            for number in (SOS, *snapshot.project.screening.emergency_numbers)
        )


def _why_challenged(candidates: Sequence[tuple[int, ProjectSnapshot, Trunk]]) -> str:
    """Say why a caller is not taken for a trunk, and what to do, by the trunks whose `sources` it calls from."""
    if not candidates:
        return "no trunk has this address in `sources`: add it if this is your carrier, or let it sign in"
    _, snapshot, trunk = candidates[0]
    return (
        f"the `sources` of trunk {trunk.name} of {snapshot.project.id} are too wide to know a carrier by: write a"
        " narrower network, or add the number that is called to the project"
    )


def who_of(event_who: object) -> KnownPeer:
    """Return who an INVITE is from, as `admit` said."""
    if not isinstance(event_who, KnownPeer):
        raise TypeError("an INVITE was let in without a name")
    return event_who
