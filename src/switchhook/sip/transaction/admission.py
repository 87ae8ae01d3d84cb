"""Admission of requests, decided by the agent's user, which knows accounts and trunks.

The user agent refuses without memory: once for each request received, without transaction, dialog or
retransmission (RFC 3261 §8.2.7, §26.3.2.4), so that untrusted sources take nothing and get little to send on to
others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from switchhook.sip.transaction.trust import TrustedPeers

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.transport import Peer


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a request that is not served."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A request is admitted. `name` is the authenticated user, "" without authentication."""

    name: str = ""
    who: object = None
    """The user's own context, returned with the event of the request."""


class Admission(Protocol):
    """The questions of a user agent. No method may block."""

    @property
    def trusted_peers(self) -> TrustedPeers:
        """The trusted peers; the user agent adds to them."""

    def is_urgent(self, request: Request) -> bool:
        """Say whether an INVITE is for help, so that no load refuses it."""

    def admit(self, request: Request, source: Peer, now: float) -> Admitted | Refusal:
        """Judge an INVITE or REGISTER outside of dialogs."""

    def admit_within_dialog(
        self, leg: str, request: Request, source: Peer, now: float
    ) -> Refusal | None:
        """Authenticate a request within the dialog of `leg` from a new source.

        None lets it pass, and `source` speaks for the other end from then on. An ACK cannot be answered:
        one that is refused is dropped.
        """


class AdmitAll:
    """Lets everybody in: for telephones, and for tests."""

    def __init__(self) -> None:
        self.trusted_peers = TrustedPeers(lambda _host: True)

    def is_urgent(self, _request: Request) -> bool:
        """Nothing is."""
        return False

    def admit(self, _request: Request, _source: Peer, _now: float) -> Admitted | Refusal:
        """Let it in."""
        return Admitted()

    def admit_within_dialog(
        self, _leg: str, _request: Request, _source: Peer, _now: float
    ) -> Refusal | None:
        """Let it pass."""
        return None
