"""The received requests of one dialog that wait for our user's answer (RFC 3261 §12.2.2, §15.1.2). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic

from switchhook.sip.ua.dialog import REFRESHING
from switchhook.sip.ua.session_table import S

if TYPE_CHECKING:
    from switchhook.sip.transaction.events import CancelReceived, RequestReceived
    from switchhook.sip.ua.session_table import PendingRequest, SessionTable

LEAVING: Final = frozenset({"BYE", "CANCEL"})
"""Requests with which the other end leaves."""


class ReceivedRequests(Generic[S]):
    """Those of one session, by ref."""

    __slots__ = ("_pending", "_session", "_table")

    def __init__(self, table: SessionTable[S], session: S) -> None:
        self._table = table
        self._session = session
        self._pending: dict[str, PendingRequest[S]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def has_offer(self) -> bool:
        """Whether one of them may carry an offer: INVITE or UPDATE."""
        return any(pending.method in REFRESHING for pending in self._pending.values())

    def add(self, event: RequestReceived | CancelReceived) -> str:
        """Keep a request; return its ref."""
        ref = self._table.add_request(event, self._session)
        self._pending[ref] = self._table.pending_requests[ref]
        return ref

    def get(self, ref: str) -> PendingRequest[S] | None:
        """Return the request of a ref, if it still waits."""
        return self._pending.get(ref)

    def remove(self, ref: str) -> None:
        """Forget a request: it has its final response."""
        self._table.pending_requests.pop(ref, None)
        self._pending.pop(ref, None)

    def cancel(self, cseq: int, now: float) -> list[str]:
        """Refuse those of a sequence number with 487; return their refs (§9.2)."""
        refs = [ref for ref, pending in self._pending.items() if pending.cseq == cseq]
        for ref in refs:
            self._respond(ref, 487, now)
        return refs

    def refuse(self, now: float) -> None:
        """Refuse what waits when the dialog ends, but for the BYE (§15.1.2)."""
        for ref, pending in list(self._pending.items()):
            if pending.method not in LEAVING:
                self._respond(ref, 487, now)

    def answer(self, now: float) -> None:
        """Answer everything that waits."""
        self.refuse(now)
        for ref in list(self._pending):
            self._respond(ref, 200, now)

    def _respond(self, ref: str, status: int, now: float) -> None:
        key = self._pending[ref].key
        self.remove(ref)
        self._table.layer.server.respond(key, status, now)
