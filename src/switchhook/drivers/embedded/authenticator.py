"""The authentication of callers and telephones: by the network that a call comes from, or by a password. Pure.

There is no open relay: a caller outside of every trunk's network is challenged, and gets nothing without an
account's password.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, assert_never

from switchhook.domain.project import Account, Trunk
from switchhook.drivers.embedded.failed_logins import WINDOW, FailedLogins
from switchhook.drivers.embedded.networks import MOST_OF_ONE_CARRIER, sources_of
from switchhook.drivers.embedded.translate import number_of
from switchhook.sip.auth.digest import Challenge, CredentialsRefused, Verified, Verifier
from switchhook.sip.transaction.trust import TrustedPeers
from switchhook.sip.wire.headers import HeaderFields
from switchhook.sip.wire.message import REASONS

if TYPE_CHECKING:
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.transport import Peer

MOST_ALIKE: Final = 10
"""Trunks of one project with the same user name whose passwords are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPeer:
    """A known caller: an account, or a trunk on behalf of its callers."""

    project: str
    account: Account | None = None
    trunk: Trunk | None = None
    proved: str = field(default="", compare=False)
    """The unique name of the authenticated user; empty for a peer that is known by its network."""

    @property
    def unique_name(self) -> str:
        """Name it so that no other project's is meant: trunks may have the user names of accounts."""
        if self.account is not None:
            return self.account.login
        return "" if self.trunk is None else f"{self.trunk.username} of {self.project}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthRejection:
    """The answer to a caller that is refused or not authenticated yet."""

    status: int
    reason: str | None = None
    headers: HeaderFields = ()
    wrong: bool = False
    """Whether a password was tried and did not fit."""
    user: str = ""
    """The user of the wrong password."""
    address: str = ""
    """The address that our nonce went to, which cannot be forged."""


AMBIGUOUS: Final = AuthRejection(status=485, reason="Number of Several Countries")
"""RFC 3261 §21.4.23: whichever was meant, we would guess."""


class Authenticator:
    """Keeps nonces, and how often whom was wrong; `key` signs the nonces.

    `trusted_peers` knows the authenticated user of each flow; the guessing limit does not hold for that user
    there.
    """

    def __init__(self, realm: str, key: bytes, trusted_peers: TrustedPeers | None = None) -> None:
        self.realm = realm
        self._for_calls = Verifier(realm, key, proxy=True)
        self._for_registrations = Verifier(realm, key)
        self._failed_logins = FailedLogins()
        self._trusted_peers = trusted_peers or TrustedPeers()

    def caller(
        self, request: Request, source: Peer, directory: ProjectDirectory, now: float
    ) -> KnownPeer | AuthRejection:
        """Say who calls from `source`."""
        trunk = self._trunk(request, source, directory, now)
        return trunk or self._prove(self._for_calls, request, source, directory, now)

    def registrant(
        self, request: Request, source: Peer, directory: ProjectDirectory, now: float
    ) -> Account | AuthRejection:
        """Say whose telephone registers from `source`."""
        known = self._prove(self._for_registrations, request, source, directory, now)
        if isinstance(known, AuthRejection):
            return known
        account = known.account
        if account is None or number_of(request.to.uri) != account.login:
            return AuthRejection(status=403, reason="This Is Another Account's Address")
        return account

    def prove(
        self, request: Request, source: Peer, directory: ProjectDirectory, now: float
    ) -> KnownPeer | AuthRejection:
        """Say who proves a password with a request within a dialog."""
        return self._prove(self._for_calls, request, source, directory, now)

    def _trunk(
        self, request: Request, source: Peer, directory: ProjectDirectory, now: float
    ) -> KnownPeer | AuthRejection | None:
        """Return the trunk whose network the call is from, of the project whose number is called.

        A spelling that means two projects' numbers in two countries means neither.

        The narrowest network wins. A telephone may stand in such a network too: what shows a password, or a
        telephone of another project, has to prove itself. So does a caller that dials no number of the trunk's
        project and may be a telephone: in the name of an account, from where an account authenticated, or from
        a network too wide to be a carrier's.
        """
        candidates = sources_of(directory).at(source.host)
        if not candidates or "Proxy-Authorization" in request.headers:
            return None
        trusted = directory.account(self._trusted_peers.name(source, now))
        trunks = {snapshot: trunk for _, snapshot, trunk in reversed(candidates)}
        for called in directory.dialled(number_of(request.uri)):
            owners = [snapshot for snapshot in called if snapshot in trunks]
            if len(owners) > 1:
                return AMBIGUOUS
            if owners:
                (snapshot,) = owners
                if trusted is not None and trusted[0] != snapshot:
                    return None
                return KnownPeer(project=snapshot.project.id, trunk=trunks[snapshot])
        size, snapshot, trunk = candidates[0]
        is_account = (
            trusted is not None or directory.account(number_of(request.from_.uri)) is not None
        )
        if is_account or size > MOST_OF_ONE_CARRIER:
            return None
        return KnownPeer(project=snapshot.project.id, trunk=trunk)

    def _prove(
        self,
        verifier: Verifier,
        request: Request,
        source: Peer,
        directory: ProjectDirectory,
        now: float,
    ) -> KnownPeer | AuthRejection:
        def is_blocked(user: str, address: str) -> bool:
            return (
                self._failed_logins.is_blocked(user, address, now)
                and [self._trusted_peers.name(source, now)]
                != [known.unique_name for known in _users(directory, user)]
                and not _calls_for_help(request, user, directory)
            )

        verdict = verifier.check(
            request,
            lambda user: tuple(map(_secret, _users(directory, user))),
            now,
            asker=source.host,
            is_blocked=is_blocked,
        )
        match verdict:
            case Verified():
                known = _proved(verdict, request, directory)
                return replace(known, proved=known.unique_name)
            case Challenge():
                return AuthRejection(status=verdict.status, headers=verdict.headers)
            case CredentialsRefused():
                return self._refuse(verdict, now)
            case _:
                assert_never(verdict)

    def _refuse(self, verdict: CredentialsRefused, now: float) -> AuthRejection:
        user, address = verdict.username, verdict.asker
        if verdict.status == 503:
            wait = (("Retry-After", str(int(WINDOW))),)
            return AuthRejection(status=503, reason="Too Many Wrong Passwords", headers=wait)
        if verdict.status != 403:
            return AuthRejection(status=verdict.status, reason=verdict.reason)
        self._failed_logins.note(user, address, now)
        return AuthRejection(
            status=403, reason=REASONS[403], wrong=True, user=user, address=address
        )


def _calls_for_help(request: Request, user: str, directory: ProjectDirectory) -> bool:
    """Whether an account dials an emergency number, for which it never waits."""
    found = directory.account(user)
    if found is None or request.method != "INVITE":
        return False
    project = found[0].project
    return bool(project.screening.emergency(number_of(request.uri), project.dialling))


def _users(directory: ProjectDirectory, user: str) -> tuple[KnownPeer, ...]:
    """Return the account and the trunks with a password that call themselves `user`, of all projects."""
    found = directory.account(user)
    accounts = () if found is None else (KnownPeer(project=found[0].project.id, account=found[1]),)
    trunks = (
        KnownPeer(project=snapshot.project.id, trunk=trunk)
        for snapshot, trunk in directory.users(user)
    )
    fewer: dict[str, list[KnownPeer]] = {}
    for known in trunks:
        fewer.setdefault(known.project, []).append(known)
    return (*accounts, *(one for some in fewer.values() for one in some[:MOST_ALIKE]))


def _secret(known: KnownPeer) -> str:
    user = known.account or known.trunk
    return "" if user is None else user.password


def _proved(verdict: Verified, request: Request, directory: ProjectDirectory) -> KnownPeer:
    """Return the authenticated user; of several, the one whose project has the called number."""
    proved = [one for one in _users(directory, verdict.username) if _secret(one) == verdict.secret]
    number = directory.number(number_of(request.uri))
    called = "" if number is None else number[0].project.id
    return next((one for one in proved if one.project == called), proved[0])
