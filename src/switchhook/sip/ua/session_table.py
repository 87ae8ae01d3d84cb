"""The shared state of a user agent's sessions: the transaction layer, the events for its user, the index of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from switchhook.sip.auth.proof import NonceCounts
from switchhook.sip.transaction.deadlines import Deadlines
from switchhook.sip.transaction.matching import TransactionKey
from switchhook.sip.ua.session_timer import SessionTimer, agreed_by_us
from switchhook.sip.wire.transport import TCP
from switchhook.sip.wire.uri import MOST_REMEMBERED, Uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.transaction.events import CancelReceived, RequestReceived
    from switchhook.sip.transaction.layer import TransactionLayer
    from switchhook.sip.transaction.transaction import Timing
    from switchhook.sip.ua.events import UserAgentEvent
    from switchhook.sip.wire.transport import Peer

DialogId = tuple[str, str]
"""Call-ID and our tag. Ours is a token that cannot be guessed, so that it names the dialog alone."""


class IndexedSession(Protocol):
    """A session as the index sees it."""

    leg: str
    dialog_ids: list[DialogId]
    """Under which it stands in `SessionTable.dialogs`."""
    caller_id: DialogId | None
    """Under which it stands in `SessionTable.callers`."""


S = TypeVar("S", bound=IndexedSession)


@dataclass(frozen=True, slots=True)
class PendingRequest(Generic[S]):
    """A received request that waits for the user's answer."""

    key: TransactionKey
    method: str
    cseq: int
    session: S | None
    """None for one outside of any dialog."""
    timer: SessionTimer | None = None
    """The agreement that a 2xx to it makes."""


class SessionTable(Generic[S]):
    """The sessions of one `UserAgent`, by leg, dialog and caller, and what they share."""

    def __init__(
        self,
        *,
        layer: TransactionLayer,
        local: Callable[[Peer], tuple[str, int]],
        token: Callable[[], str],
        timing: Timing,
        chance: Callable[[], float],
    ) -> None:
        self.layer = layer
        self.token = token
        self.nonces = NonceCounts(token)
        self.timing = timing
        self.chance = chance
        self.events: list[UserAgentEvent] = []
        self.sessions: dict[str, S] = {}
        self.dialogs: dict[DialogId, S] = {}
        self.callers: dict[DialogId, S] = {}
        """By Call-ID and the caller's tag, for a BYE that leaves ours out as RFC 2543 allowed."""
        self.pending_requests: dict[str, PendingRequest[S]] = {}
        self.deadlines: Deadlines[str] = Deadlines()
        self._local = local

    def contact(self, peer: Peer, ours: Uri | None) -> str:
        """Write where `peer` reaches us, for the Contact header; `ours` is our From or To there."""
        host, port = self._local(peer)
        # A tel URI's number is no user part: it may hold what has to be escaped there.
        user = ours.user if ours is not None and ours.scheme == "sip" else None
        write = _contact if len(user or "") > MOST_REMEMBERED else _remembered_contact
        return write(user, host, port, peer.transport)

    def add_request(self, event: RequestReceived | CancelReceived, session: S | None) -> str:
        """Keep a received request until the user answers it; return its ref."""
        ref = self.token()
        request = event.request
        number, timer = request.cseq.number, agreed_by_us(request)
        self.pending_requests[ref] = PendingRequest(
            event.key, request.method, number, session, timer
        )
        if session is not None:
            self.layer.server.set_owner(event.key, session)
        return ref

    def add(self, session: S) -> None:
        """Put a session into the index, under its leg."""
        self.sessions[session.leg] = session

    def add_dialog(self, dialog_id: DialogId, session: S) -> None:
        """Let requests within this dialog find the session."""
        self.dialogs[dialog_id] = session
        session.dialog_ids.append(dialog_id)

    def add_caller(self, caller_id: DialogId, session: S) -> None:
        """Let a BYE without our tag find the session."""
        self.callers[caller_id] = session
        session.caller_id = caller_id

    def forget(self, session: S) -> None:
        """Take a session out of the index; the transactions that it still owns end by themselves."""
        for dialog_id in session.dialog_ids:
            self.dialogs.pop(dialog_id, None)
        session.dialog_ids.clear()
        if session.caller_id is not None and self.callers.get(session.caller_id) is session:
            del self.callers[session.caller_id]
        if self.sessions.get(session.leg) is session:
            del self.sessions[session.leg]
            self.deadlines.set(session.leg, None)


def _contact(user: str | None, host: str, port: int, transport: str) -> str:
    uri = Uri(user=user, host=host, port=port)
    if transport == TCP:
        uri = uri.replace(parameters=uri.parameters.set("transport", "tcp"))
    return f"<{uri}>"


_remembered_contact = lru_cache(maxsize=2_048)(
    _contact
)  # each end of a call writes its own several times
