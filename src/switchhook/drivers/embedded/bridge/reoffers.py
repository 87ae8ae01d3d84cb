"""The offers that we make to a talking leg: third party call control (RFC 3725 §4.1). Pure.

A transfer calls the target by an INVITE without offer. The target's offer goes to the transferred leg, whose answer
goes into the ACK to the target. Two talking legs renegotiate in the same way where one may still send to a leg
that is gone. A leg that takes no offer yet (491) gets it again: one of a process that was killed may still wait for
its ACK there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.cause import Cause
from switchhook.drivers.embedded.bridge.output import AfterCommit, BridgeOutput, end_all
from switchhook.drivers.embedded.bridge.relaying import body_of, headers_of
from switchhook.drivers.embedded.translate import cause_of_refusal, reason_headers
from switchhook.routing import events as call_events
from switchhook.sip.ua.commands import Acknowledge, SendInDialog, UserAgentCommand

if TYPE_CHECKING:
    from switchhook.drivers.embedded.bridge.called_leg import CalledLeg, Description
    from switchhook.drivers.embedded.bridge.legs import BridgedLegs
    from switchhook.sip.ua.events import FinalResponseReceived
    from switchhook.sip.wire.message import Response


class Reoffers:
    """The offers of one call that we made and that were not answered yet."""

    def __init__(self, legs: BridgedLegs) -> None:
        self._legs = legs
        self.acknowledging: dict[str, Acknowledge] = {}
        """The ACKs to send after the commit of a transfer's answer, by the target's leg, until it is connected."""
        self._takers: dict[str, str] = {}  # who took the sound of such a target
        self._joining: dict[str, str] = {}  # legs whose description was offered to the party
        self._again: dict[str, str] = {}  # who waits for an answer meanwhile, as two agree anew

    @property
    def agreeing(self) -> list[str]:
        """The legs whose sound a talking leg took or may take, "" for two that agree again.

        It is stored with a leg: unless that leg talks to them, a restart lets the talking legs agree.
        """
        return [*self._joining.values(), *self.acknowledging, *([""] if self._again else [])]

    def connected(self, target: str) -> None:
        """Learn that the call is with a transfer's target."""
        self.acknowledging.pop(target, None)
        self._takers.pop(target, None)

    def ended(self, target: str) -> list[BridgeOutput]:
        """Let the talking legs renegotiate where one took the sound of a target that the call did not go to."""
        self.acknowledging.pop(target, None)
        taker = self._takers.pop(target, None)
        return [] if taker is None else self.agree_again(taker)

    def offer_to_party(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:
        """Offer the target's description to the transferred party."""
        party = self._legs.sip_legs.get(called.party)
        if party is None or not answer.body:
            return self._not_joined(called.name, Cause(sip=488, q850=88, text="no description"))
        ref = f"{party} joins {called.name}"
        self._joining[ref] = called.name
        return [
            SendInDialog(
                leg=party,
                ref=ref,
                method="INVITE",
                headers=answer.headers,
                body=answer.body,
                retries=True,
            ),
            call_events.LegUpdated(leg=called.party, handle=""),
        ]

    def agree_again(self, taker: str) -> list[BridgeOutput]:
        """Let the two talking legs renegotiate: `taker` may still send to a leg that is gone.

        The other leg is asked for an offer, as in a transfer.
        """
        other = self._legs.peer(taker)
        if other is None or self._legs.is_anchored(self._legs.name(taker)):
            return []
        ref = f"{other} again"
        self._again[ref] = ""
        return [
            SendInDialog(leg=other, ref=ref, method="INVITE", retries=True),
            call_events.LegUpdated(leg=self._legs.name(taker), handle=""),
        ]

    def replied(self, event: FinalResponseReceived) -> list[BridgeOutput] | None:
        """Hear what one says to an offer of ours; None for the response to something else."""
        if event.ref in self._joining:
            return self._joined(event)
        return self._agreed_again(event) if event.ref in self._again else None

    def _joined(self, event: FinalResponseReceived) -> list[BridgeOutput]:
        """Hear whether the transferred one has taken that offer."""
        name = self._joining.pop(event.ref)
        called, response = self._legs.called.get(name), event.response
        took = response is not None and response.status < 300
        outs = [Acknowledge(leg=event.leg)] if took else []
        if called is None or response is None or not took or not response.body:
            failed = self._not_joined(name, cause_of_refusal(event.status, response))
            again = self.agree_again(event.leg) if took else self._settled(event.leg)
            return [*outs, *failed, *again]
        answer = Acknowledge(
            leg=called.branches[0], headers=headers_of(response), body=body_of(response)
        )
        self.acknowledging[name], self._takers[name] = answer, event.leg
        updated = call_events.LegUpdated(leg=called.party, handle="")
        return [updated, AfterCommit(call_events.LegAnswered(leg=name), (*outs, answer))]

    def _settled(self, sip_leg: str) -> list[BridgeOutput]:
        """Have a leg stored that has refused our offer: what stood before goes on."""
        name = self._legs.name(sip_leg)
        return [call_events.LegUpdated(leg=name, handle="")] if name else []

    def _not_joined(self, name: str, cause: Cause) -> list[BridgeOutput]:
        called = self._legs.called.pop(name, None)
        if called is None:
            return []
        ended = call_events.LegEnded(leg=name, cause=cause)
        return [*end_all(called.branches, reason_headers(cause)), ended]

    def _agreed_again(self, event: FinalResponseReceived) -> list[BridgeOutput]:
        """Pass the offer on, or its answer; without one, what stood before goes on."""
        waits, response = self._again.pop(event.ref), event.response
        took = response is not None and response.status < 300
        if not waits:
            return self._offer_again(event.leg, response) if response and took else []
        acks: list[UserAgentCommand] = [Acknowledge(leg=event.leg)] if took else []
        if response is None or not took:
            return [*acks, Acknowledge(leg=waits)]
        headers, body = headers_of(response), body_of(response)
        acks.append(Acknowledge(leg=waits, headers=headers, body=body))
        return self._legs.updated((waits, event.leg), acks)

    def _offer_again(self, offerer: str, response: Response) -> list[BridgeOutput]:
        taker = self._legs.peer(offerer)
        if taker is None or not response.body:
            return [Acknowledge(leg=offerer)]
        ref = f"{taker} again"
        self._again[ref] = offerer
        headers, body = headers_of(response), body_of(response)
        return [
            SendInDialog(
                leg=taker, ref=ref, method="INVITE", headers=headers, body=body, retries=True
            )
        ]
