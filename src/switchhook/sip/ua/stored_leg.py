"""The stored form of a leg, from which a restart resumes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from switchhook.quick_init import quick_init
from switchhook.sip.ua.dialog import Dialog
from switchhook.sip.ua.session_state import SessionState
from switchhook.sip.ua.session_timer import SessionTimer
from switchhook.sip.wire.transport import Packet, Peer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """Our 2xx to a call, whose ACK did not come yet: a restart sends it again (RFC 3261 §13.3.1.4)."""

    packet: Packet
    cseq: int
    waited: float = 0.0
    """For how many seconds the ACK had not come when this was stored."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLeg:
    """A leg that was answered, or whose answer is about to go out."""

    dialog: Dialog
    peer: Peer
    direct: bool
    behind_nat: bool
    state: SessionState
    timer: SessionTimer | None
    silent: float | None = None
    """For how many seconds probes had no answer when this was stored; None while they had."""
    answered: StoredAnswer | None = None
    owed: int | None = None
    """The number of our INVITE whose 2xx waits for our ACK."""
    offered: int = 0
    """The number of our latest INVITE, if its 2xx brought an offer: each ACK to it brings the answer; zero if not."""

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads, in types that JSON knows."""
        stored: dict[str, object] = {
            "dialog": self.dialog.to_json(),
            "peer": _place(self.peer),
            "direct": self.direct,
            "behind_nat": self.behind_nat,
            "terms": self.state.to_json(),
            "timer": None if self.timer is None else [self.timer.interval, self.timer.is_ours],
        }
        if self.silent is not None:
            stored["silent"] = self.silent
        if self.answered is not None:
            packet = self.answered.packet
            stored["answered"] = {
                "data": packet.data.decode("latin-1"),
                "peer": _place(packet.peer),
                "cseq": self.answered.cseq,
                "waited": self.answered.waited,
            }
        if self.owed is not None:
            stored["owed"] = [self.owed, self.owed == self.offered]  # as earlier versions read it
        if self.offered:
            stored["offered"] = self.offered
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave, now or in an earlier version.

        Raises ValueError or KeyError for anything else.
        """
        try:
            return cls._read(stored)
        except (TypeError, AttributeError) as error:
            raise ValueError("this is no stored leg") from error

    @classmethod
    def _read(cls, stored: Mapping[str, Any]) -> Self:
        state, timer = stored.get("terms"), stored.get("timer")
        answered, owed, silent = (stored.get(name) for name in ("answered", "owed", "silent"))
        return cls(
            dialog=Dialog.from_json(stored["dialog"]),
            peer=_peer(stored["peer"]),
            direct=bool(stored["direct"]),
            behind_nat=bool(stored.get("behind_nat")),
            state=SessionState() if state is None else SessionState.from_json(state),
            timer=None if timer is None else _timer(timer),
            silent=None if silent is None else float(silent),
            answered=None if answered is None else _answered(answered),
            owed=None if owed is None else int(owed[0]),
            offered=int(stored.get("offered", owed[0] if owed and owed[1] else 0)),
        )


def _place(peer: Peer) -> list[object]:
    return [peer.transport, peer.host, peer.port]


def _peer(stored: list[Any]) -> Peer:
    transport, host, port = stored
    return Peer(str(transport), str(host), int(port))


def _timer(stored: list[Any]) -> SessionTimer:
    interval, is_ours = stored
    return SessionTimer(interval=int(interval), is_ours=bool(is_ours))


def _answered(stored: Mapping[str, Any]) -> StoredAnswer:
    data = str(stored["data"]).encode("latin-1")
    packet, waited = Packet(data, _peer(stored["peer"])), float(stored.get("waited", 0.0))
    return StoredAnswer(packet=packet, cseq=int(stored["cseq"]), waited=waited)
