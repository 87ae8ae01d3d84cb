"""Where accounts' telephones are, kept over a restart.

A telephone registers again only when its time is nearly over, up to an hour later. Until then its
account would be deaf, so what was registered is stored. A connection does not survive a restart: what
was registered over TCP is dialled anew if it can be.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from switchhook.sip.headers import NameAddress
from switchhook.sip.registrar import Binding, Registrar
from switchhook.sip.transport import Peer
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.book import Book
    from switchhook.sip.message import Request
    from switchhook.sip.registrar import Registration

log = structlog.get_logger(__name__)


class RegistrationStore(Protocol):
    """Remembers registrations; a store."""

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        """Store an account's telephones durably, in place of what was; "" for none."""

    async def registrations(self) -> tuple[tuple[str, str, str], ...]:
        """Return what was saved, as (project, account, telephones)."""


class Registrations:
    """The registrar and its memory. `clock` is the time of the bindings, in seconds."""

    def __init__(self, clock: Callable[[], float], store: RegistrationStore | None = None) -> None:
        self.registrar = Registrar()
        self._clock = clock
        self._store = store

    async def load(self) -> None:
        """Take up what a former process knew."""
        for project, account, text in (
            () if self._store is None else await self._store.registrations()
        ):
            try:
                bindings = from_text(text, self._shift())
            except (ValueError, KeyError, TypeError) as error:
                log.warning(
                    "registration not taken up", project=project, account=account, error=str(error)
                )
            else:
                self.registrar.restore(account, bindings)
        self.registrar.expire(self._clock())

    def register(self, request: Request, account: str, source: Peer, book: Book) -> Registration:
        """Carry out a REGISTER, and remember what came of it."""
        done = self.registrar.register(request, account, source, self._clock())
        found = book.account(account)
        if self._store is not None and found is not None and done.status == 200:
            text = to_text(done.bindings, self._shift())
            saving = self._save(self._store, found[0].project.id, account, text)
            spawn(saving, name=f"save registration {account}")
        return done

    def _shift(self) -> float:
        """Return what makes unix time of the bindings' time."""
        return time.time() - self._clock()

    async def _save(
        self, store: RegistrationStore, project: str, account: str, telephones: str
    ) -> None:
        try:
            await store.save_registration(project, account, telephones)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the telephone is registered
            log.warning("registration not remembered", account=account, error=str(error))


def to_text(bindings: tuple[Binding, ...], unix: float) -> str:
    """Write bindings with their times shifted by `unix` seconds; "" for none."""
    return json.dumps([_to_json(binding, unix) for binding in bindings]) if bindings else ""


def from_text(text: str, unix: float) -> tuple[Binding, ...]:
    """Read what `to_text` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    return tuple(_from_json(known, unix) for known in json.loads(text))


def _to_json(binding: Binding, unix: float) -> dict[str, Any]:
    source = binding.source
    return {
        "contact": str(binding.contact),
        "source": [source.transport, source.host, source.port],
        "expires_at": binding.expires_at + unix,
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "behind_nat": binding.behind_nat,
        "path": [str(proxy) for proxy in binding.path],
    }


def _from_json(known: dict[str, Any], unix: float) -> Binding:
    transport, host, port = known["source"]
    return Binding(
        contact=NameAddress.parse(known["contact"]),
        source=Peer(str(transport), str(host), int(port)),
        expires_at=float(known["expires_at"]) - unix,
        call_id=str(known["call_id"]),
        cseq=int(known["cseq"]),
        behind_nat=bool(known.get("behind_nat")),
        path=tuple(NameAddress.parse(proxy) for proxy in known.get("path", ())),
    )
