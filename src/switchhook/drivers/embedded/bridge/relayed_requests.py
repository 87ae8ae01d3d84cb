"""The requests of one side of a call that are asked of the other, whose reply is passed back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.drivers.embedded.bridge.relaying import (
    body_of,
    headers_of,
    relayed_response,
    response_without_peer,
)
from switchhook.sip.ua.commands import Acknowledge, SendInDialog, UserAgentCommand

if TYPE_CHECKING:
    from switchhook.drivers.embedded.bridge.legs import BridgedLegs
    from switchhook.drivers.embedded.bridge.output import BridgeOutput
    from switchhook.sip.ua.events import FinalResponseReceived, InDialogRequestReceived

OFFERING: Final = frozenset({"INVITE", "UPDATE"})


@dataclass(frozen=True, slots=True)
class RelayedRequest:
    """A request of one side that is asked of the other."""

    from_: str
    """The SIP leg that waits for the reply."""
    method: str
    offered: bool
    """Whether it carried a description, so that its 2xx needs no answer in an ACK."""


class RelayedRequests:
    """The requests of one call that wait for the other side's reply."""

    def __init__(self, legs: BridgedLegs) -> None:
        self._legs = legs
        self._waiting: dict[str, RelayedRequest] = {}

    def received(self, event: InDialogRequestReceived) -> list[BridgeOutput]:
        """Ask the other side; with nobody there, answer."""
        request = event.request
        other = self._legs.peer(event.leg)
        if other is None:
            return [response_without_peer(event)]
        relay = RelayedRequest(event.leg, request.method, bool(request.body))
        self._waiting[event.ref] = relay
        return [
            SendInDialog(
                leg=other,
                ref=event.ref,
                method=request.method,
                headers=headers_of(request),
                body=body_of(request),
            )
        ]

    def cancelled(self, ref: str) -> None:
        """Forget a request whose sender wants no reply any more."""
        self._waiting.pop(ref, None)

    def replied(self, event: FinalResponseReceived) -> list[BridgeOutput]:
        """Pass the other side's reply back."""
        relay = self._waiting.pop(event.ref, None)
        response = event.response
        success = response is not None and response.status < 300
        if relay is None:
            # The request was cancelled meanwhile. Its 2xx must still get an ACK.
            invited = response is not None and response.cseq.method == "INVITE"
            return [Acknowledge(leg=event.leg)] if success and invited else []
        passed = relayed_response(event.ref, event.status, response)
        if not success or relay.method not in OFFERING:
            return [passed]
        commands: tuple[UserAgentCommand, ...] = (passed,)
        # An UPDATE may have become an INVITE.
        if response is not None and response.cseq.method == "INVITE":
            if relay.offered:
                commands = (Acknowledge(leg=event.leg), passed)
            else:
                self._legs.unanswered[relay.from_] = event.leg
        return self._legs.updated((event.leg, relay.from_), commands)
