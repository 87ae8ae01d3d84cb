"""Who may call and who may register: by the network a call comes from, or by a password. Pure.

There is no open relay: whoever is neither a trunk's network nor an account that proves its password is
asked for one, and gets nothing without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.project import Account, Trunk
from switchhook.drivers.embedded.guard import WINDOW, Guard
from switchhook.drivers.embedded.translate import number_of
from switchhook.sip.digest import Challenge, Refused, Verified, Verifier
from switchhook.sip.message import REASONS
from switchhook.sip.orders import Pairs
from switchhook.sip.standing import Friends

if TYPE_CHECKING:
    from switchhook.domain.book import Book
    from switchhook.sip.message import Request
    from switchhook.sip.transport import Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who may call: an account, or a trunk on behalf of whoever is behind it."""

    project: str
    account: Account | None = None
    trunk: Trunk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """The answer to somebody who may not, or has not shown it yet."""

    status: int
    reason: str | None = None
    headers: Pairs = ()
    wrong: bool = False
    """Whether a password was tried and did not fit."""
    user: str = ""
    """Whose password was tried."""
    address: str = ""
    """Where it was tried: the address that our nonce went to, which nobody can forge."""


class Door:
    """Keeps nonces, and how often whom was wrong; `key` signs the nonces.

    `friends` knows who proved a password on which flow: there, its own user need never wait.
    """

    def __init__(self, realm: str, key: bytes, friends: Friends | None = None) -> None:
        self.realm = realm
        self._for_calls = Verifier(realm, key, proxy=True)
        self._for_registrations = Verifier(realm, key)
        self._guard = Guard()
        self._friends = friends or Friends()

    def caller(self, request: Request, source: Peer, book: Book, now: float) -> Known | Turned:
        """Say who calls from `source`."""
        trunk = self._trunk(request, source.host, book)
        return trunk or self._prove(self._for_calls, request, source, book, now)

    def registrant(
        self, request: Request, source: Peer, book: Book, now: float
    ) -> Account | Turned:
        """Say whose telephone registers from `source`."""
        known = self._prove(self._for_registrations, request, source, book, now)
        if isinstance(known, Turned):
            return known
        account = known.account
        if account is None or number_of(request.to.uri) != account.login:
            return Turned(status=403, reason="This Is Another Account's Address")
        return account

    def _trunk(self, request: Request, host: str, book: Book) -> Known | None:
        """Return the trunk whose network `host` is in, of the project whose number is called.

        A telephone may stand in such a network too: what shows a password, or comes in the name of an
        account for something that is no number of the trunk's project, has to prove itself.
        """
        candidates = [(plan, trunk) for plan, trunk in book.trunks() if _is_from(trunk, host)]
        if not candidates or "Proxy-Authorization" in request.headers:
            return None
        number = book.number(number_of(request.uri))
        if number is not None:
            for plan, trunk in candidates:
                if plan == number[0]:
                    return Known(project=plan.project.id, trunk=trunk)
        if book.account(number_of(request.from_.uri)) is not None:
            return None
        plan, trunk = candidates[0]
        return Known(project=plan.project.id, trunk=trunk)

    def _prove(
        self, verifier: Verifier, request: Request, source: Peer, book: Book, now: float
    ) -> Known | Turned:
        def bars(user: str, address: str) -> bool:
            return (
                self._guard.bars(user, address, now)
                and self._friends.name(source, now) != user
                and not _calls_for_help(request, user, book)
            )

        verdict = verifier.check(
            request, lambda user: _password(book, user), now, asker=source.host, bars=bars
        )
        match verdict:
            case Verified():
                return _known(book, verdict.username) or Turned(status=403)
            case Challenge():
                return Turned(status=verdict.status, headers=verdict.headers)
            case Refused():
                return self._refuse(verdict, now)
            case _:
                assert_never(verdict)

    def _refuse(self, verdict: Refused, now: float) -> Turned:
        user, address = verdict.username, verdict.asker
        if verdict.status == 503:
            wait = (("Retry-After", str(int(WINDOW))),)
            return Turned(status=503, reason="Too Many Wrong Passwords", headers=wait)
        if verdict.status != 403:
            return Turned(status=verdict.status, reason=verdict.reason)
        self._guard.note(user, address, now)
        return Turned(status=403, reason=REASONS[403], wrong=True, user=user, address=address)


def _calls_for_help(request: Request, user: str, book: Book) -> bool:
    """Whether an account dials an emergency number, for which it never waits."""
    found = book.account(user)
    if found is None or request.method != "INVITE":
        return False
    project = found[0].project
    return bool(project.screening.emergency(number_of(request.uri), project.dialling))


def _password(book: Book, user: str) -> str | None:
    known = _known(book, user)
    if known is None:
        return None
    if known.account is not None:
        return known.account.password
    return None if known.trunk is None else known.trunk.password


def _known(book: Book, user: str) -> Known | None:
    """Find the account, or the trunk with a password, that calls itself `user`."""
    found = book.account(user)
    if found is not None:
        return Known(project=found[0].project.id, account=found[1])
    for plan, trunk in book.trunks():
        if trunk.password and trunk.username == user:
            return Known(project=plan.project.id, trunk=trunk)
    return None


def _is_from(trunk: Trunk, host: str) -> bool:
    address = ip_address(host)
    return any(address in network for network in _networks(trunk.sources))


@lru_cache(maxsize=1_000)
def _networks(sources: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read a trunk's networks; what is none of them lets nobody in."""
    networks = []
    for source in sources:
        try:
            networks.append(ip_network(source, strict=False))
        except ValueError:
            continue
    return tuple(networks)
