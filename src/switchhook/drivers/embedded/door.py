"""Who may call and who may register: by the network a call comes from, or by a password. Pure.

There is no open relay: whoever is neither a trunk's network nor an account that proves its password is
asked for one, and gets nothing without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from switchhook.domain.project import Account, Trunk
from switchhook.drivers.embedded.translate import number_of
from switchhook.sip.digest import Challenge, Verified, Verifier
from switchhook.sip.message import REASONS
from switchhook.sip.orders import Pairs

if TYPE_CHECKING:
    from switchhook.domain.book import Book
    from switchhook.sip.message import Request

MOST_MISTAKES: Final = 30
"""Wrong passwords that one address may try in a window before it has to wait."""
WINDOW: Final = 60.0
"""Seconds."""
MOST_SUSPECTS: Final = 10_000


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


class Door:
    """Keeps nonces, and how often whom was wrong; `key` signs the nonces."""

    def __init__(self, realm: str, key: bytes) -> None:
        self.realm = realm
        self._for_calls = Verifier(realm, key, proxy=True)
        self._for_registrations = Verifier(realm, key)
        self._mistakes: dict[str, tuple[float, int]] = {}

    def caller(self, request: Request, host: str, book: Book, now: float) -> Known | Turned:
        """Say who calls from `host`."""
        trunk = self._trunk(request, host, book)
        return trunk or self._prove(self._for_calls, request, host, book, now)

    def registrant(self, request: Request, host: str, book: Book, now: float) -> Account | Turned:
        """Say whose telephone registers from `host`."""
        known = self._prove(self._for_registrations, request, host, book, now)
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
        self, verifier: Verifier, request: Request, host: str, book: Book, now: float
    ) -> Known | Turned:
        if self._has_to_wait(host, now):
            wait = (("Retry-After", str(int(WINDOW))),)
            return Turned(status=503, reason="Too Many Wrong Passwords", headers=wait)
        verdict = verifier.check(request, lambda user: _password(book, user), now)
        if isinstance(verdict, Verified):
            return _known(book, verdict.username) or Turned(status=403)
        if isinstance(verdict, Challenge):
            return Turned(status=verdict.status, headers=verdict.headers)
        wrong = verdict.status == 403
        if wrong:
            self._note_mistake(host, now)
        reason = REASONS.get(verdict.status, "Forbidden") if wrong else verdict.reason
        return Turned(status=verdict.status, reason=reason, wrong=wrong)

    def _has_to_wait(self, host: str, now: float) -> bool:
        since, count = self._mistakes.get(host, (now, 0))
        return count >= MOST_MISTAKES and now - since < WINDOW

    def _note_mistake(self, host: str, now: float) -> None:
        since, count = self._mistakes.pop(host, (now, 0))
        if now - since >= WINDOW:
            since, count = now, 0
        if len(self._mistakes) >= MOST_SUSPECTS:
            del self._mistakes[next(iter(self._mistakes))]
        self._mistakes[host] = since, count + 1


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
