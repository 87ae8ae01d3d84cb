"""The path of a leg's sound: what the leg is offered and answered, and who answers its later offers. Pure.

A leg is on one of two paths, which `Bridge` asks and nobody else knows. On the direct one (`DirectPath`) descriptions
pass through from end to end, and media flows between the telephones. On the anchored one (`anchored.py`) the leg has
a session with us.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from switchhook.domain.cause import Cause
from switchhook.drivers.embedded.bridge.legs import BridgedLegs
from switchhook.drivers.embedded.bridge.output import AfterCommit, BridgeOutput
from switchhook.drivers.embedded.bridge.relayed_requests import RelayedRequests
from switchhook.drivers.embedded.bridge.relaying import RELAYED, body_of, headers_of, takes_nothing
from switchhook.drivers.embedded.bridge.reoffers import Reoffers
from switchhook.routing import events as call_events
from switchhook.sip.ua.commands import Acknowledge, Answer, Invite

if TYPE_CHECKING:
    from switchhook.drivers.embedded.bridge.called_leg import CalledLeg, Description
    from switchhook.routing.commands import ConnectLegs
    from switchhook.sip.ua.events import AnswerAcknowledged, InDialogRequestReceived

NO_DESCRIPTION: Final = Cause(sip=488, q850=88, text="answered without a description of its sound")
TOOK_NOTHING: Final = Cause(
    sip=488, q850=88, text="answered, but took no sound of what was offered"
)


class MediaPath(Protocol):
    """How the sound of a leg goes. A `Cause` says why there can be none."""

    def invited(self, called: CalledLeg, invite: Invite) -> Invite:
        """Return the INVITE of a leg that somebody is transferred to."""

    def early(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | None:
        """Take what a telephone describes before it answers; None where nobody is to hear it."""

    def taken(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | Cause:
        """Take what an answer describes."""

    def answered(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:
        """Acknowledge that answer, and tell of it; or offer it to the one who is transferred."""

    def ringing(self, called: CalledLeg | None) -> list[BridgeOutput]:
        """Let the caller, who is on this path, hear that it rings: `called` may be heard itself."""

    def connect(self, called: CalledLeg, command: ConnectLegs) -> list[BridgeOutput]:
        """Let a called leg talk to its party; the caller gets our 200 by it. Nothing the second time."""

    def acknowledged(self, leg: str, event: AnswerAcknowledged) -> list[BridgeOutput] | Cause:
        """Take the answer to an offer of ours, which an ACK may bring."""

    def confirmed(self) -> list[BridgeOutput]:
        """Do what waited for the caller's ACK."""

    def requested(self, leg: str, event: InDialogRequestReceived) -> list[BridgeOutput]:
        """Answer a request of a leg within its dialog, or ask it of the other side."""


@dataclass(frozen=True, slots=True)
class DirectPath:
    """The telephones' descriptions are passed on, and media flows without us.

    An offer goes out with our INVITE and is answered in the 2xx; a caller who offers nothing (delayed offer) gets the
    callee's offer in our 2xx, and the ACK to the callee waits for the answer in the caller's ACK.
    """

    legs: BridgedLegs
    reoffers: Reoffers
    requests: RelayedRequests

    def invited(self, called: CalledLeg, invite: Invite) -> Invite:  # noqa: ARG002 -- the Protocol's
        """Offer nothing: what was described earlier may not hold any more."""
        headers = tuple(h for h in invite.headers if h[0] not in RELAYED)
        return replace(invite, headers=headers, body=b"")

    def early(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | None:
        """Hear that the description can be passed on once the switchboard says so."""
        is_heard = body and self.legs.offer_body and not called.party and not takes_nothing(body)
        return [] if is_heard else None

    def taken(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | Cause:  # noqa: ARG002 -- the Protocol's
        """Refuse an answer without sound."""
        if not body:
            return NO_DESCRIPTION
        return TOOK_NOTHING if takes_nothing(body) else []

    def answered(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:
        """Acknowledge at once, unless the ACK has to bring an answer."""
        if called.party:
            return self.reoffers.offer_to_party(called, answer)
        announced: list[BridgeOutput] = []
        if self.legs.is_first_answer:
            announced.append(self.legs.announced(called.name, self._answer(answer)))
        told = call_events.LegAnswered(leg=called.name)
        if not self.legs.offer_body:
            return [*announced, told]
        return [*announced, AfterCommit(told, (Acknowledge(leg=called.branches[0]),))]

    def ringing(self, called: CalledLeg | None) -> list[BridgeOutput]:
        """Pass early media on; each telephone of which it is is a fork."""
        legs = self.legs
        if not legs.is_waiting:
            return []
        if called is None or called.early is None:
            return [Answer(leg=legs.caller, status=180)]
        early = called.early
        fork = legs.fork(early.dialog)
        return [
            Answer(leg=legs.caller, status=183, headers=early.headers, body=early.body, fork=fork)
        ]

    def connect(self, called: CalledLeg, command: ConnectLegs) -> list[BridgeOutput]:
        """Pass the answer on to the caller; who is transferred has it already."""
        legs = self.legs
        if called.party and called.answered:
            legs.party, legs.talking_to = command.party, command.leg
            self.reoffers.connected(command.leg)
            return []
        if not legs.is_waiting or called.answer is None:
            return []
        legs.is_waiting = False
        legs.talking_to = command.leg
        if not legs.offer_body:
            legs.unanswered[legs.caller] = called.branches[0]
        return [self._answer(called.answer)]

    def _answer(self, answer: Description) -> Answer:
        fork = self.legs.fork(answer.dialog) if self.legs.has_forks else 0
        return Answer(
            leg=self.legs.caller, status=200, headers=answer.headers, body=answer.body, fork=fork
        )

    def acknowledged(self, leg: str, event: AnswerAcknowledged) -> list[BridgeOutput]:  # noqa: ARG002 -- the Protocol's
        """Pass the answer of a delayed offer on, in the ACK that waits for it."""
        owed = self.legs.unanswered.pop(event.leg, None)
        if owed is None:
            return []
        headers, body = headers_of(event.request), body_of(event.request)
        outs: list[BridgeOutput] = [Acknowledge(leg=owed, headers=headers, body=body)]
        if name := self.legs.name(owed):
            outs.append(call_events.LegUpdated(leg=name, handle=""))  # it waits no more
        return outs

    def confirmed(self) -> list[BridgeOutput]:
        """Nothing waited."""
        return []

    def requested(self, leg: str, event: InDialogRequestReceived) -> list[BridgeOutput]:  # noqa: ARG002 -- the Protocol's
        """Ask the other side."""
        return self.requests.received(event)
