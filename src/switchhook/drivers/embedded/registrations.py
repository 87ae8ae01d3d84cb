"""Where accounts' telephones are, kept over a restart.

A telephone registers again only when its time is nearly over, up to an hour later. Until then its
account would be deaf, so what was registered is stored. A connection does not survive a restart: what
was registered over TCP is dialled anew if it can be.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import structlog

from switchhook.drivers.embedded.reply_deadline import once_in_time
from switchhook.sip.ua.registrar import Binding, Registrar
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.sip.ua.registrar import Registration
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.uri import Uri
    from switchhook.storage.ports import RegistrationStore

log = structlog.get_logger(__name__)


class Registrations:
    """The registrar and its memory. `clock` is the time of the bindings, in seconds."""

    def __init__(self, clock: Callable[[], float], store: RegistrationStore | None = None) -> None:
        self.registrar = Registrar()
        self._clock = clock
        self._store = store

    async def load(self, only: Container[tuple[str, str]] | None = None) -> None:
        """Take up what a former process knew; of other nodes' accounts, `only` these."""
        for project, account, text in (
            () if self._store is None else await self._store.registrations()
        ):
            if only is not None and (project, account) not in only:
                continue
            try:
                bindings = from_text(text, self._shift())
            except (ValueError, KeyError, TypeError) as error:
                log.warning(
                    "registration not restored", project=project, account=account, error=str(error)
                )
            else:
                self.registrar.restore(account, bindings)
        self.registrar.expire(self._clock())

    def register(
        self,
        request: Request,
        account: str,
        source: Peer,
        directory: ProjectDirectory,
        then: Callable[[Registration], None] = lambda _: None,
    ) -> Registration:
        """Carry out a REGISTER, remember what came of it, and tell the log.

        `then` learns what came of it once that is durable, or cannot be made so in time.
        """
        before, now = self.registrar.bindings(account), self._clock()
        done = self.registrar.register(request, account, source, now)
        if done.status == 200:
            self._remember(account, directory, lambda: then(done))
            _note(account, before, done.bindings, now)
        else:
            then(done)
        return done

    def expire(self) -> None:
        """Forget what is over; call it now and then."""
        for account, binding in self.registrar.expire(self._clock()):
            _note_gone(account, binding, "its time is over")

    def flow_closed(self, source: Peer, directory: ProjectDirectory) -> None:
        """Forget the telephones that were reached by a connection that is gone."""
        for account, binding in self.registrar.flow_closed(source):
            _note_gone(account, binding, "its connection is closed")
            self._remember(account, directory)

    def stop(self) -> None:
        """Remember nothing more: connections that are closed from now on are closed by us."""
        self._store = None

    def _remember(
        self, account: str, directory: ProjectDirectory, then: Callable[[], None] = lambda: None
    ) -> None:
        found = directory.account(account)
        if self._store is None or found is None:
            then()
            return
        text = to_text(self.registrar.bindings(account), self._shift())
        saving = self._save(self._store, found[0].project.id, account, text, once_in_time(then))
        spawn(saving, name=f"save registration {account}")

    def _shift(self) -> float:
        """Return what makes unix time of the bindings' time."""
        return time.time() - self._clock()

    async def _save(
        self,
        store: RegistrationStore,
        project: str,
        account: str,
        telephones: str,
        then: Callable[[], None],
    ) -> None:
        try:
            await store.save_registration(project, account, telephones)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the telephone is registered
            log.warning("registration not stored", account=account, error=str(error))
        then()


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
        "user_agent": binding.user_agent,
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
        user_agent=str(known.get("user_agent", "")),
    )


def _note(
    account: str, before: tuple[Binding, ...], after: tuple[Binding, ...], now: float
) -> None:
    """Tell the log of each telephone that is new, has moved or is gone; of the others, for who looks close."""
    for binding in after:
        if binding in before:
            continue
        former = [one for one in before if one.is_for(binding)]
        moved = [one for one in former if (one.contact.uri, one.source) != _place(binding)]
        what = "registration added"
        if former:
            what = "registration moved" if moved else "registration refreshed"
        tell = log.info if moved or not former else log.debug
        seconds = round(binding.expires_at - now)
        tell(what, account=account, expires_in=seconds, **_facts(binding))
    for binding in before:
        if binding.expires_at > now and not any(one.is_for(binding) for one in after):
            _note_gone(account, binding, "it was taken back")


def _note_gone(account: str, binding: Binding, why: str) -> None:
    log.info("registration removed", account=account, why=why, **_facts(binding))


def _place(binding: Binding) -> tuple[Uri, Peer]:
    return binding.contact.uri, binding.source


def _facts(binding: Binding) -> dict[str, str]:
    return {"peer": str(binding.source), "user_agent": binding.user_agent}
