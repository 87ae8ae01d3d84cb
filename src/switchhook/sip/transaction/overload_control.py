"""The overload control of the transaction layer: which requests get 503 while there are too many (RFC 3261 §21.5.4). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from switchhook.sip.transaction.overload import Lag, LoadLimits, TransactionCounts
from switchhook.sip.transaction.trust import TrustLevel

if TYPE_CHECKING:
    from switchhook.sip.transaction.admission import Admission
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.transport import Peer

SPREAD: Final = 10
"""Seconds over which the Retry-After of refused requests is spread."""


class OverloadControl:
    """Judges new requests by how many transactions are held, for whom, and how far we are behind."""

    def __init__(self, limits: LoadLimits, admission: Admission) -> None:
        self.lag = Lag.NONE
        """Set by the owner of the layer when it cannot keep up."""
        self.shed = 0
        """How many requests were turned away for load or for want of a token, since the start."""
        self.counts = TransactionCounts(limits)
        self._limits = limits
        self._admission = admission
        self._trusted_peers = admission.trusted_peers

    def is_overloaded(self, request: Request, source: Peer, transactions: int, now: float) -> bool:
        """Say whether a new request is turned away, where `transactions` are held."""
        if request.is_within_dialog:
            return self.counts.is_overflowing(transactions)
        if request.method == "INVITE" and self._admission.is_urgent(request):
            return self.counts.is_overflowing(transactions)
        level = self._trusted_peers.level(source, now)
        quota_key = self._trusted_peers.quota_key(source, level)
        if self.lag and self._is_shed(request, level, quota_key):
            return True
        return self.counts.is_full(quota_key, transactions)

    def _is_shed(self, request: Request, level: TrustLevel, quota_key: str) -> bool:
        """Whether a request outside of dialogs is turned away while we are behind."""
        if level < TrustLevel.AUTHENTICATED:
            return True
        match request.method:
            case "INVITE":
                calls_most = level is TrustLevel.AUTHENTICATED and self.counts.is_above_others(
                    quota_key
                )
                return self.lag is Lag.FAR_BEHIND or calls_most
            case "OPTIONS":
                return False  # a carrier that gets no answer to it sends its calls elsewhere
            case _:
                return True

    def quota_key(self, source: Peer, now: float) -> str:
        """Name what a new transaction of `source` counts against."""
        return self._trusted_peers.quota_key(source, self._trusted_peers.level(source, now))

    def retry_after(self, request: Request) -> HeaderFields:
        """Say when to come again, not the same for all who are turned away at once."""
        later = crc32(request.call_id.encode("utf-8", "surrogateescape")) % SPREAD
        return (("Retry-After", str(self._limits.retry_after + later)),)
