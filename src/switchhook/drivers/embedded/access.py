"""Who is let in at the built-in SIP engine: what the user agent asks, answered by the door. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from switchhook.drivers.embedded.door import Door, Known, Turned
from switchhook.drivers.embedded.networks import Networks, networks_of
from switchhook.drivers.embedded.translate import number_of
from switchhook.sip.admission import Admitted
from switchhook.sip.screening import Refusal
from switchhook.sip.standing import Friends

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.book import Book
    from switchhook.sip.message import Request
    from switchhook.sip.transport import Peer

log = structlog.get_logger(__name__)


class Access:
    """`book` knows accounts and trunks, `key` signs the nonces."""

    def __init__(self, realm: str, key: bytes, book: Callable[[], Book]) -> None:
        self.friends = Friends(self._is_in_network)
        self._door = Door(realm, key, self.friends)
        self._book = book
        self._of: Book | None = None
        self._networks = Networks(())
        self._helps: frozenset[str] = frozenset()

    def is_urgent(self, request: Request) -> bool:
        """Whether some project knows what is dialled as an emergency number."""
        self._look_up()
        return number_of(request.uri).removeprefix("+") in self._helps

    def admit(self, request: Request, source: Peer, now: float) -> Admitted | Refusal:
        """Let in accounts and trunks; for a registration, the account it is for alone."""
        if request.method == "REGISTER":
            account = self._door.registrant(request, source, self._book(), now)
            if isinstance(account, Turned):
                return self._refuse(account, "registration", source)
            return Admitted(name=account.login, who=account)
        known = self._door.caller(request, source, self._book(), now)
        if isinstance(known, Turned):
            return self._refuse(known, "call", source)
        return Admitted(name=known.proved, who=known)

    def vouch(self, _leg: str, _request: Request, _source: Peer, _now: float) -> Refusal | None:
        """Let it pass."""
        return None

    def _refuse(self, turned: Turned, what: str, source: Peer) -> Refusal:
        """Turn somebody away, and note a wrong password, for those who watch for guessing."""
        if turned.wrong:
            log.warning(
                "sip password wrong",
                what=what,
                user=turned.user[:80],
                address=turned.address,
                peer=str(source),
            )
        return Refusal(turned.status, turned.headers, turned.reason)

    def _is_in_network(self, host: str) -> bool:
        self._look_up()
        return host in self._networks

    def _look_up(self) -> None:
        """Gather what is asked for with every packet, once for each version of the book."""
        book = self._book()
        if book is self._of:
            return
        self._of = book
        self._networks = Networks(
            network for _, trunk in book.trunks() for network in networks_of(trunk.sources)
        )
        self._helps = frozenset(
            number
            for plan in book.plans.values()
            for number in plan.project.screening.emergency_numbers
        )


def who_of(event_who: object) -> Known:
    """Return who an INVITE is from, as `admit` said."""
    if not isinstance(event_who, Known):
        raise TypeError("an INVITE was let in without a name")
    return event_who
