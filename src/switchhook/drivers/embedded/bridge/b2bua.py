"""The back-to-back user agent of one call: the caller's leg and the called ones. Pure.

It takes the events of its SIP legs and the commands of the switchboard, and returns what
is to be done: commands to the user agent and events for the switchboard. It decides nothing about the
call; it only knows how the legs hang together:

* A called leg may have several *branches*, one for each telephone that an account is registered with.
  They ring together; the first to answer is the leg, the others are cancelled.
* Each leg is on a *media path* (`media_path.py`), which says what it is offered and answered: descriptions are
  passed on from end to end, or the leg has a session with us (`anchored.py`).
* What one telephone describes before it answers (183) may go to the caller. Each telephone whose
  description was passed is another *fork*, with a To tag of its own, as if the INVITE had been forked: a
  caller never sees two different answers in one dialog (RFC 3261 §13.2.1).
* What the caller's leg needs after a restart, our 200 included, is stored in the same step as the answer of
  a called leg and before the 200 goes out: should we end behind it, they talk.
* Whoever tells us something that ends or changes the call gets our answer once the event of it is durable
  (`AfterCommit`): what was acknowledged is not told again, and must survive us.
* Later INVITE, UPDATE, INFO and MESSAGE of either side are asked of the other (`relayed_requests.py`), unless the
  path answers them. A transfer calls the target by an INVITE without offer, whose answer is offered to the
  transferred leg (`reoffers.py`). A redirection (3xx) is a failure with its targets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self, assert_never

from switchhook.domain.call import CALLER
from switchhook.domain.cause import OUR_ERROR, AttemptEnd, Cause
from switchhook.drivers.embedded.bridge.anchor import can_anchor
from switchhook.drivers.embedded.bridge.anchored import (
    NO_PORT,
    AnchoredPath,
    no_common_codec,
    warning_of,
)
from switchhook.drivers.embedded.bridge.called_leg import CalledLeg, description_of, worst_cause
from switchhook.drivers.embedded.bridge.legs import BridgedLegs
from switchhook.drivers.embedded.bridge.media_path import DirectPath
from switchhook.drivers.embedded.bridge.output import (
    BridgeOutput,
    answered_at_once,
    end_all,
    ended,
)
from switchhook.drivers.embedded.bridge.relayed_requests import RelayedRequests
from switchhook.drivers.embedded.bridge.relaying import read_in_part
from switchhook.drivers.embedded.bridge.reoffers import Reoffers
from switchhook.drivers.embedded.bridge.transfers import (
    answer_to,
    notify_of,
    referred_by,
    requested,
)
from switchhook.drivers.embedded.translate import (
    Q850_LOST,
    cause_of_cancel,
    cause_of_hang_up,
    cause_of_refusal,
    reason_headers,
    redirected_to,
    refusal_status,
)
from switchhook.routing import events as call_events
from switchhook.routing.commands import (
    AnswerTransfer,
    ConnectLegs,
    EndLeg,
    NotifyTransfer,
    ShowRinging,
)
from switchhook.sip.ua import events as sip_events
from switchhook.sip.ua.commands import Acknowledge, EndSession, Invite, Respond
from switchhook.sip.ua.inspection import ALLOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.drivers.embedded.bridge.anchor import Anchor
    from switchhook.drivers.embedded.bridge.media_path import MediaPath
    from switchhook.sip.rtp.player import PcmSound
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request


BridgeCommand = ShowRinging | ConnectLegs | EndLeg | AnswerTransfer | NotifyTransfer
"""Commands of the switchboard that need no look-up."""

MOST_HOPS: Final = 70
"""The default Max-Forwards (RFC 3261 §16.6)."""
STOPPED: Final = (("Reason", 'SIP;cause=503;text="Switchhook stops"'),)


class Bridge:
    """One call. `caller` is the SIP leg of the caller, `invite` what it sent."""

    def __init__(self, caller: str, invite: Request | None = None) -> None:
        self.legs = BridgedLegs(caller, invite)
        hops = MOST_HOPS if invite is None else invite.max_forwards or MOST_HOPS
        self.max_forwards = ("Max-Forwards", str(hops - 1))
        self._reoffers = Reoffers(self.legs)
        self._requests = RelayedRequests(self.legs)
        self._direct = DirectPath(self.legs, self._reoffers, self._requests)
        self.anchored: AnchoredPath | None = None
        """The path of the legs that have a session with us, once the call's media is anchored."""
        self._referred: HeaderFields = ()
        self._misread_legs: set[str] = set()

    @classmethod
    def of_callback(cls, anchor: Anchor, hold_music: tuple[PcmSound, ...] = ()) -> Self:
        """Return the bridge of a callback, which has no leg yet: the caller is rung as a called leg is.

        Their sound is led through us: who waits for the callee after having answered is to hear it ring.
        """
        bridge = cls("")
        bridge.legs.caller_lives = False
        bridge._anchored_by(anchor, hold_music)
        return bridge

    @classmethod
    def resumed(cls, live: Mapping[str, str], party: str, talking_to: str) -> Self:
        """Return the bridge of a talking call of an earlier process: its live legs, and their connections."""
        bridge = cls(live.get(CALLER, ""))
        legs = bridge.legs
        legs.caller_lives = CALLER in live
        for leg, branch in live.items():
            if leg != CALLER:
                legs.called[leg] = CalledLeg(leg, [branch], answered=True)
        legs.party, legs.talking_to = party, talking_to
        return bridge

    def await_ack(self, *, owes_answer: bool) -> None:
        """Learn that the caller's ACK to our 200 did not come yet when the process before us ended."""
        legs = self.legs
        legs.is_confirmed = False
        legs.owes_answer = owes_answer
        called = legs.called.get(legs.talking_to)
        if owes_answer and called is not None:
            legs.unanswered[legs.caller] = called.branches[0]

    def _path(self, leg: str) -> MediaPath:
        """Return the path of a leg's sound."""
        anchored = self.anchored
        return self._direct if anchored is None or not anchored.anchor.has(leg) else anchored

    @property
    def is_over(self) -> bool:
        """Whether no leg is left."""
        return not self.legs.caller_lives and not self.legs.called

    @property
    def sip_legs(self) -> dict[str, str]:
        """Return the SIP legs that live, by the name of the call's leg."""
        return self.legs.sip_legs

    @property
    def acknowledging(self) -> Mapping[str, Acknowledge]:
        """The ACKs to send after the commit of a transfer's answer."""
        return self._reoffers.acknowledging

    @property
    def agreeing(self) -> list[str]:
        """The legs whose sound a talking leg took or may take, until the call is with them or an offer is answered."""
        return self._reoffers.agreeing

    @property
    def is_talking(self) -> bool:
        """Whether the caller has our answer, so that silence means a dead telephone."""
        legs = self.legs
        party = legs.called.get(legs.party)
        is_rung = party is not None and not party.answered
        return legs.is_confirmed and legs.lives(legs.party) and not is_rung

    # Anchoring media

    @property
    def can_be_anchored(self) -> bool:
        """Whether the caller's sound can be anchored: not once the caller talks past us."""
        legs = self.legs
        return legs.caller_lives and legs.is_waiting and can_anchor(legs.offer_body)

    @property
    def why_not_anchored(self) -> str:
        """Say why the caller's media is not anchored."""
        if can_anchor(self.legs.offer_body):
            return "the caller talks already"
        return no_common_codec(self.legs.offer_body).text

    def anchor_media(
        self, anchor: Anchor, hold_music: tuple[PcmSound, ...] = ()
    ) -> list[BridgeOutput]:
        """Lead the sound of the caller through us, and that of every leg that is rung from now on."""
        return self._anchored_by(anchor, hold_music).begin()

    def resume_sound(
        self, anchor: Anchor, hold_music: tuple[PcmSound, ...] = ()
    ) -> list[BridgeOutput]:
        """Take up the legs whose media was anchored before a restart."""
        return self._anchored_by(anchor, hold_music).resume()

    def _anchored_by(self, anchor: Anchor, hold_music: tuple[PcmSound, ...]) -> AnchoredPath:
        self.legs.anchor = anchor
        self.anchored = AnchoredPath(anchor, self._direct, hold_music)
        return self.anchored

    def _closed(self) -> list[BridgeOutput]:
        return [] if self.anchored is None else self.anchored.close_gone()

    # Commands of the switchboard

    def expect(self, leg: str, party: str = "") -> bool:
        """Begin a called leg, whose telephones are still looked up. False when it was known already.

        `party` is the leg that is transferred to it; a leg that has ended rings no target.
        """
        is_known = leg in self.legs.called or self.legs.lives(leg)
        if is_known or (leg != CALLER and (party or CALLER) not in self.legs.sip_legs):
            return False
        self.legs.called[leg] = CalledLeg(leg, party=party)
        return True

    def ring(self, leg: str, invites: Iterable[Invite]) -> list[BridgeOutput]:
        """Ring the telephones of an expected leg, unless it was ended meanwhile."""
        called = self.legs.called.get(leg)
        if called is None:
            return []
        commands = [self._put_through(called, invite) for invite in invites]
        called.branches = [invite.leg for invite in commands]
        return list(commands)

    def _put_through(self, called: CalledLeg, invite: Invite) -> Invite:
        """Name the transferring leg in the INVITE of a transfer."""
        if not called.party:
            return invite
        offered = self._path(called.name).invited(called, invite)
        return replace(offered, headers=(*self._referred, *offered.headers))

    def drop(self, sip_leg: str) -> bool:
        """Take out a SIP leg that failed, as its leg may be tried elsewhere; False where that was ended."""
        called = self.legs.called_by(sip_leg)
        if called is None:
            return False
        called.branches.remove(sip_leg)
        return True

    def unreachable(self, leg: str, cause: Cause) -> list[BridgeOutput]:
        """End an expected leg that cannot be rung."""
        if self.legs.called.pop(leg, None) is None:
            return self._closed()
        return [call_events.LegEnded(leg=leg, cause=cause), *self._closed()]

    def refuse(self) -> list[BridgeOutput]:
        """End a call whose media cannot be anchored: by fault of the peer, else by ours."""
        legs = self.legs
        if not legs.caller_lives:
            return []
        offer = legs.offer_body
        cause = NO_PORT if self.can_be_anchored else no_common_codec(offer)
        headers = () if self.can_be_anchored else (warning_of(offer),)
        legs.caller_lives = legs.is_waiting = False
        refused = call_events.LegEnded(leg=CALLER, cause=cause)
        return [EndSession(leg=legs.caller, status=cause.sip, headers=headers), refused]

    def silent(self, seconds: float) -> list[BridgeOutput]:
        """End a call from which nothing was heard for so long."""
        if not self.is_talking:
            return []
        text = f"lost: no sound from either side for {seconds:g} s"
        cause = Cause(sip=408, q850=Q850_LOST, text=text, is_loss=True)
        end = EndSession(leg=self.legs.sip_legs[self.legs.party], headers=reason_headers(cause))
        return [end, *self._gone(end.leg, cause), *self._closed()]

    def stop_ringing(self) -> list[BridgeOutput]:
        """Cancel every called leg that was not answered; nothing is told of it."""
        ringing = [called for called in self.legs.called.values() if not called.answered]
        for called in ringing:
            del self.legs.called[called.name]
        return [out for called in ringing for out in end_all(called.branches, STOPPED)]

    def internal_error(self, sip_leg: str) -> list[BridgeOutput]:
        """End a leg whose event could not be handled, so that no timer waits for it."""
        return [EndSession(leg=sip_leg, status=OUR_ERROR.sip), *self._gone(sip_leg, OUR_ERROR)]

    def carry_out(self, command: BridgeCommand) -> list[BridgeOutput]:
        """Carry out what needs no look-up, and close the sound of legs that end by it. Repeats do nothing."""
        return [*self._carry_out(command), *self._closed()]

    def _carry_out(self, command: BridgeCommand) -> list[BridgeOutput]:
        match command:
            case AnswerTransfer():
                return [answer_to(command)]
            case NotifyTransfer():
                sip_leg = self.sip_legs.get(command.leg)
                notify = None if sip_leg is None else notify_of(command, sip_leg)
                return [] if notify is None else [notify]
            case ShowRinging():
                called = self.legs.called.get(command.media_from)
                return self._path(CALLER).ringing(called)
            case ConnectLegs():
                called = self.legs.called.get(command.leg)
                return [] if called is None else self._path(command.leg).connect(called, command)
            case EndLeg(leg=leg) if leg == CALLER and CALLER not in self.legs.called:
                return self._end_caller(command)
            case EndLeg():
                return self._end_called(command)
            case _:
                assert_never(command)

    def _end_caller(self, command: EndLeg) -> list[BridgeOutput]:
        if not self.legs.caller_lives:
            return []
        self.legs.caller_lives = self.legs.is_waiting = False
        headers = reason_headers(command.cause)
        if command.retry_after:
            headers = (*headers, ("Retry-After", str(command.retry_after)))
        return [
            EndSession(leg=self.legs.caller, status=refusal_status(command.cause), headers=headers)
        ]

    def _end_called(self, command: EndLeg) -> list[BridgeOutput]:
        called = self.legs.called.pop(command.leg, None)
        branches = () if called is None else called.branches
        ended = end_all(branches, reason_headers(command.cause, command.why))
        return [*ended, *self._reoffers.ended(command.leg)]

    # What the user agent tells

    def handle_event(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:
        """Handle an event of one of the call's SIP legs; a late event of an ended leg is ignored."""
        return [*self._misread(event), *self._handle_event(event), *self._closed()]

    def _misread(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:
        """Say once for each leg that its telephone does not keep to the grammar."""
        match event:
            case (
                sip_events.ProgressReceived(response=message)
                | sip_events.AnswerReceived(response=message)
                | sip_events.InviteFailed(response=message)
            ):
                name = self.legs.name(event.leg)
            case _:
                return []
        if message is None or not message.dropped or not name or name in self._misread_legs:
            return []
        self._misread_legs.add(name)
        return [call_events.LegMisread(leg=name, text=read_in_part(message))]

    def _handle_event(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:  # noqa: C901 -- a case for each event
        match event:
            case sip_events.ProgressReceived():
                return self._progress(event)
            case sip_events.AnswerReceived():
                return self._answered(event)
            case sip_events.InviteFailed():
                return self._failed(event)
            case sip_events.SipLegEnded():
                cause = cause_of_hang_up(event.status, event.request, event.why)
                return self._gone(event.leg, cause, event.ref)
            case sip_events.InviteCancelled():
                return self._gone(event.leg, cause_of_cancel(event.request), event.ref)
            case sip_events.AnswerAcknowledged():
                return self._acknowledged(event)
            case sip_events.InDialogRequestReceived():
                return self._request_received(event)
            case sip_events.ReinviteCancelled():
                self._requests.cancelled(event.ref)
                return []
            case sip_events.FinalResponseReceived():
                outs = self._reoffers.replied(event)
                return self._requests.replied(event) if outs is None else outs
            case sip_events.DialogChanged():
                name = self.legs.name(event.leg)
                return [call_events.LegUpdated(leg=name, handle="")] if name else []
            case _:
                assert_never(event)

    def stray(self, sip_leg: str) -> list[BridgeOutput]:
        """End a SIP leg that was lost without an event, so that its call ends too."""
        called = self.legs.called_by(sip_leg)
        if called is not None and not called.answered:
            return self.handle_event(
                sip_events.InviteFailed(leg=sip_leg, status=500, response=None)
            )
        return self.handle_event(
            sip_events.SipLegEnded(leg=sip_leg, status=481, why="ended without an event")
        )

    def _progress(self, event: sip_events.ProgressReceived) -> list[BridgeOutput]:
        called = self.legs.called_by(event.leg)
        response = event.response
        if called is None or called.answered:
            return []
        early = self._path(called.name).early(called, response.body)
        if early is not None:
            called.early = description_of(event.leg, response)
        elif not called.rings_by(response):
            return []
        rings = call_events.LegRinging(leg=called.name, early_media=early is not None)
        return [*(early or ()), rings]

    def _answered(self, event: sip_events.AnswerReceived) -> list[BridgeOutput]:
        called = self.legs.called_by(event.leg)
        if called is None or called.answered:
            return [EndSession(leg=event.leg)]
        losers = [branch for branch in called.branches if branch != event.leg]
        outs = end_all(losers, reason_headers(Cause(), AttemptEnd.ANSWERED_ELSEWHERE))
        path, answer = self._path(called.name), called.described(event.leg, event.response)
        taken = path.taken(called, answer.body)
        if isinstance(taken, Cause):
            return [*outs, *self._answered_in_vain(called, event.leg, taken)]
        called.branches = [event.leg]
        called.answered = True
        called.answer = answer
        if called.name == CALLER:
            self.legs.called_caller_answered(called)
        return [*outs, *taken, *path.answered(called, answer)]

    def agree_again(self, taker: str) -> list[BridgeOutput]:
        """Let the two talking legs renegotiate: `taker` may still send to a leg that is gone."""
        return self._reoffers.agree_again(taker)

    def _answered_in_vain(
        self, called: CalledLeg, sip_leg: str, cause: Cause
    ) -> list[BridgeOutput]:
        """Hang up on a telephone whose sound cannot be heard; the attempt has failed."""
        del self.legs.called[called.name]
        failed = call_events.LegEnded(leg=called.name, cause=cause)
        return [Acknowledge(leg=sip_leg), EndSession(leg=sip_leg), failed]

    def _failed(self, event: sip_events.InviteFailed) -> list[BridgeOutput]:
        called = self.legs.called_by(event.leg)
        if called is None:
            return answered_at_once(event.ref)
        called.branches.remove(event.leg)
        called.causes.append(cause_of_refusal(event.status, event.response, event.request))
        outs: list[BridgeOutput] = []
        if users := redirected_to(event.response):
            outs.append(call_events.LegRedirected(leg=called.name, users=users))
        if called.branches:
            return [*outs, *answered_at_once(event.ref)]
        del self.legs.called[called.name]
        return [*outs, ended(called.name, worst_cause(called.causes), event.ref)]

    def _gone(self, sip_leg: str, cause: Cause, ref: str = "") -> list[BridgeOutput]:
        """Tell that a leg has left; `ref` is the request with which it did."""
        if sip_leg == self.legs.caller and self.legs.caller_lives:
            self.legs.caller_lives = self.legs.is_waiting = False
            return [ended(CALLER, cause, ref)]
        called = self.legs.called_by(sip_leg)
        if called is None:
            return answered_at_once(ref)
        del self.legs.called[called.name]
        return [ended(called.name, cause, ref)]

    def _acknowledged(self, event: sip_events.AnswerAcknowledged) -> list[BridgeOutput]:
        legs, name = self.legs, self.legs.name(event.leg)
        path = self._path(name)
        outs = path.acknowledged(name, event)
        if isinstance(outs, Cause):
            end = EndSession(leg=event.leg, headers=reason_headers(outs))
            return [end, *self._gone(event.leg, outs)]
        if event.leg == legs.caller and not legs.is_confirmed:
            legs.is_confirmed = True
            outs = [*outs, call_events.LegAnswered(leg=CALLER), *path.confirmed()]
        return outs

    def _request_received(self, event: sip_events.InDialogRequestReceived) -> list[BridgeOutput]:
        request, name = event.request, self.legs.name(event.leg)
        if request.method == "REFER":
            self._referred = referred_by(request)
            return [requested(event, name)]
        if request.method == "NOTIFY":
            return [Respond(ref=event.ref, status=405, headers=(ALLOW,))]
        return self._path(name).requested(name, event)
