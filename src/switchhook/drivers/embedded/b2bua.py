"""The back-to-back user agent of one call: the caller's leg and the called ones. Pure.

It takes the events of its SIP legs and the commands of the switchboard, and returns what
is to be done: commands to the user agent and events for the switchboard. It decides nothing about the
call; it only knows how the legs hang together:

* A called leg may have several *branches*, one for each telephone that an account is registered with.
  They ring together; the first to answer is the leg, the others are cancelled.
* Session descriptions pass through from end to end, so media flows between the telephones. An offer goes
  out with our INVITE and is answered in the 2xx; a caller who offers nothing (delayed offer) gets the
  callee's offer in our 2xx, and the ACK to the callee waits for the answer in the caller's ACK.
* What one telephone describes before it answers (183) may go to the caller. Each telephone whose
  description was passed is another *fork*, with a To tag of its own, as if the INVITE had been forked: a
  caller never sees two different answers in one dialog (RFC 3261 §13.2.1).
* What the caller's leg needs after a restart, our 200 included, is stored in the same step as the answer of
  a called leg and before the 200 goes out: should we end behind it, they talk.
* Whoever tells us something that ends or changes the call gets our answer once the event of it is durable
  (`AfterCommit`): what was acknowledged is not told again, and must survive us.
* Later INVITE, UPDATE, INFO and MESSAGE of either side are asked of the other, and its reply is passed back. A
  transfer calls the target by an INVITE without offer. The target's offer goes to the transferred leg (RFC 3725
  §4.1), and the event follows its answer. A redirection (3xx) is a failure with its targets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self, assert_never

from switchhook.domain.call import CALLER
from switchhook.domain.cause import OUR_ERROR, AttemptEnd, Cause
from switchhook.drivers.embedded.called_leg import (
    CalledLeg,
    Description,
    description_of,
    worst_cause,
)
from switchhook.drivers.embedded.relaying import (
    RELAYED,
    body_of,
    headers_of,
    read_in_part,
    relayed_response,
    response_without_peer,
    takes_nothing,
)
from switchhook.drivers.embedded.transfers import answer_to, notify_of, referred_by, requested
from switchhook.drivers.embedded.translate import (
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
from switchhook.sip.rtp import commands as media
from switchhook.sip.ua import events as sip_events
from switchhook.sip.ua.commands import (
    Acknowledge,
    Answer,
    EndSession,
    Invite,
    Respond,
    SendInDialog,
    UserAgentCommand,
)
from switchhook.sip.ua.inspection import ALLOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response


@dataclass(frozen=True, slots=True)
class AfterCommit:
    """Tell of the event; carry the commands out once what it brought about is durable."""

    event: call_events.Event
    commands: tuple[UserAgentCommand, ...]
    last: bool = False
    """Whether these commands wait for the switchboard's own commands too: a crash right after the response must
    not leave the other side uninformed."""


BridgeCommand = ShowRinging | ConnectLegs | EndLeg | AnswerTransfer | NotifyTransfer
"""Commands of the switchboard that need no look-up."""

BridgeOutput = UserAgentCommand | call_events.Event | AfterCommit | media.MediaStreamCommand
"""The outputs, in the order of execution."""


MOST_HOPS: Final = 70
"""The default Max-Forwards (RFC 3261 §16.6)."""
NO_DESCRIPTION: Final = Cause(sip=488, q850=88, text="answered without a description of its sound")
TOOK_NOTHING: Final = Cause(
    sip=488, q850=88, text="answered, but took no sound of what was offered"
)
STOPPED: Final = (("Reason", 'SIP;cause=503;text="Switchhook stops"'),)
OFFERING: Final = frozenset({"INVITE", "UPDATE"})


@dataclass(frozen=True, slots=True)
class RelayedRequest:
    """A request of one side that is asked of the other."""

    from_: str
    """The SIP leg that waits for the reply."""
    method: str
    offered: bool
    """Whether it carried a description, so that its 2xx needs no answer in an ACK."""


class Bridge:
    """One call. `caller` is the SIP leg of the caller, `invite` what it sent."""

    def __init__(self, caller: str, invite: Request | None = None) -> None:
        self.caller = caller
        self.offer = () if invite is None else headers_of(invite)
        self.offer_body = b"" if invite is None else body_of(invite)
        hops = MOST_HOPS if invite is None else invite.max_forwards or MOST_HOPS
        self.max_forwards = ("Max-Forwards", str(hops - 1))
        self.owes_answer = invite is not None and not self.offer_body
        """Whether the caller's ACK has to bring an answer."""
        self.answering: tuple[str, Answer] | None = None
        """Our 200 as last announced, and the called leg that it belongs to; "" for none."""
        self._waiting = invite is not None  # for our answer to the INVITE
        self._confirmed = invite is None  # by the ACK to it
        self._caller_live = True
        self._called: dict[str, CalledLeg] = {}
        self._talking_to = ""
        self.party = CALLER  # who talks to that one
        self._joining: dict[str, str] = {}  # legs whose description was offered to the party
        self._again: dict[str, str] = {}  # who waits for an answer meanwhile, as two agree anew
        self.acknowledging: dict[str, Acknowledge] = {}
        """The ACKs to send after the commit of a transfer's answer."""
        self._referred: HeaderFields = ()
        self._forks: list[str] = []
        self._misread_legs: set[str] = set()
        self._relays: dict[str, RelayedRequest] = {}
        self._unanswered: dict[str, str] = {}  # who still owes an ACK with an answer: for whom

    @classmethod
    def resumed(cls, live: Mapping[str, str], party: str, talking_to: str) -> Self:
        """Return the bridge of a talking call of an earlier process: its live legs, and their connections."""
        bridge = cls(live.get(CALLER, ""))
        bridge._caller_live = CALLER in live
        for leg, branch in live.items():
            if leg != CALLER:
                bridge._called[leg] = CalledLeg(leg, [branch], answered=True)
        bridge.party, bridge._talking_to = party, talking_to
        return bridge

    def await_ack(self, *, owes_answer: bool) -> None:
        """Learn that the caller's ACK to our 200 did not come yet when the process before us ended."""
        self._confirmed = False
        self.owes_answer = owes_answer
        called = self._called.get(self._talking_to)
        if owes_answer and called is not None:
            self._unanswered[self.caller] = called.branches[0]

    @property
    def acknowledged(self) -> tuple[str, ...]:
        """The SIP legs whose 2xx waits for no ACK of ours, unless it comes again."""
        return tuple(leg for leg in self.held if leg not in self._unanswered.values())

    @property
    def is_over(self) -> bool:
        """Whether no leg is left."""
        return not self._caller_live and not self._called

    @property
    def sip_legs(self) -> dict[str, str]:
        """Return the SIP legs that live, by the name of the call's leg."""
        legs = {CALLER: self.caller} if self._caller_live else {}
        return legs | {c.name: c.branches[0] for c in self._called.values() if c.branches}

    @property
    def held(self) -> tuple[str, ...]:
        """All SIP legs that the call still has, every telephone of a leg included."""
        caller = (self.caller,) if self._caller_live else ()
        return (*caller, *(branch for c in self._called.values() for branch in c.branches))

    # Commands of the switchboard

    def expect(self, leg: str, party: str = "") -> bool:
        """Begin a called leg, whose telephones are still looked up. False when it was known already.

        `party` is the leg that is transferred to it; a leg that has ended rings no target.
        """
        if leg in self._called or (party or CALLER) not in self.sip_legs:
            return False
        self._called[leg] = CalledLeg(leg, party=party)
        return True

    def ring(self, leg: str, invites: Iterable[Invite]) -> list[BridgeOutput]:
        """Ring the telephones of an expected leg, unless it was ended meanwhile."""
        called = self._called.get(leg)
        if called is None:
            return []
        commands = [self._put_through(called, invite) for invite in invites]
        called.branches = [invite.leg for invite in commands]
        return list(commands)

    def _put_through(self, called: CalledLeg, invite: Invite) -> Invite:
        """Send an INVITE without an offer that names the transferring leg; earlier descriptions may be outdated."""
        if not called.party:
            return invite
        headers, body = (*self._referred, *invite.headers), invite.body
        if not self._has_session(called.name):
            headers, body = tuple(h for h in headers if h[0] not in RELAYED), b""
        return replace(invite, headers=headers, body=body)

    def _has_session(self, leg: str) -> bool:  # noqa: ARG002 -- for who leads sound
        """Say whether a leg's session is one with us."""
        return False

    def drop(self, sip_leg: str) -> bool:
        """Take out a SIP leg that failed, as its leg may be tried elsewhere; False where that was ended."""
        called = self._called_by(sip_leg)
        if called is None:
            return False
        called.branches.remove(sip_leg)
        return True

    def unreachable(self, leg: str, cause: Cause) -> list[BridgeOutput]:
        """End an expected leg that cannot be rung."""
        if self._called.pop(leg, None) is None:
            return []
        return [call_events.LegEnded(leg=leg, cause=cause)]

    def stop_ringing(self) -> list[BridgeOutput]:
        """Cancel every called leg that was not answered; nothing is told of it."""
        ringing = [called for called in self._called.values() if not called.answered]
        for called in ringing:
            del self._called[called.name]
        return [out for called in ringing for out in end_all(called.branches, STOPPED)]

    def internal_error(self, sip_leg: str) -> list[BridgeOutput]:
        """End a leg whose event could not be handled, so that no timer waits for it."""
        return [EndSession(leg=sip_leg, status=OUR_ERROR.sip), *self._gone(sip_leg, OUR_ERROR)]

    def carry_out(self, command: BridgeCommand) -> list[BridgeOutput]:
        """Carry out what needs no look-up. Repeated commands do nothing."""
        match command:
            case AnswerTransfer():
                return [answer_to(command)]
            case NotifyTransfer():
                sip_leg = self.sip_legs.get(command.leg)
                notify = None if sip_leg is None else notify_of(command, sip_leg)
                return [] if notify is None else [notify]
            case ShowRinging():
                return self._show_ringing(command)
            case ConnectLegs():
                return self._connect(command)
            case EndLeg(leg=leg) if leg == CALLER:
                return self._end_caller(command)
            case EndLeg():
                return self._end_called(command)
            case _:
                assert_never(command)

    def _show_ringing(self, command: ShowRinging) -> list[BridgeOutput]:
        if not self._waiting:
            return []
        called = self._called.get(command.media_from)
        if called is None or called.early is None:
            return [Answer(leg=self.caller, status=180)]
        early = called.early
        fork = self._fork(early.dialog)
        return [
            Answer(leg=self.caller, status=183, headers=early.headers, body=early.body, fork=fork)
        ]

    def _connect(self, command: ConnectLegs) -> list[BridgeOutput]:
        called = self._called.get(command.leg)
        if called is not None and called.party and called.answered:
            self.party, self._talking_to = command.party, command.leg
            self.acknowledging.pop(command.leg, None)
            return []
        if not self._waiting or called is None or called.answer is None:
            return []
        self._waiting = False
        self._talking_to = command.leg
        if not self.offer_body:
            self._unanswered[self.caller] = called.branches[0]
        return [self._answer_of(called, called.answer)]

    def _answer_of(self, _called: CalledLeg, answer: Description) -> Answer:
        """Return our 200 for a caller to whom this leg is connected."""
        fork = self._fork(answer.dialog) if self._forks else 0
        return Answer(
            leg=self.caller, status=200, headers=answer.headers, body=answer.body, fork=fork
        )

    def _announce(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:
        """Have the caller's leg stored together with the answer of the called one; once, for the first."""
        answered = sum(one.answered for one in self._called.values())
        if not self._waiting or answered > 1:
            return []
        self.answering = called.name, self._answer_of(called, answer)
        return [call_events.LegUpdated(leg=CALLER, handle="")]

    def _fork(self, dialog: str) -> int:
        """Return the fork that carries one dialog's description to the caller."""
        if dialog not in self._forks:
            self._forks.append(dialog)
        return self._forks.index(dialog)

    def _end_caller(self, command: EndLeg) -> list[BridgeOutput]:
        if not self._caller_live:
            return []
        self._caller_live = self._waiting = False
        headers = reason_headers(command.cause)
        if command.retry_after:
            headers = (*headers, ("Retry-After", str(command.retry_after)))
        return [EndSession(leg=self.caller, status=refusal_status(command.cause), headers=headers)]

    def _end_called(self, command: EndLeg) -> list[BridgeOutput]:
        called = self._called.pop(command.leg, None)
        if called is None:
            return []
        return end_all(called.branches, reason_headers(command.cause, command.why))

    # What the user agent tells

    def handle_event(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:
        """Handle an event of one of the call's SIP legs; a late event of an ended leg is ignored."""
        return [*self._misread(event), *self._handle_event(event)]

    def _misread(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:
        """Say once for each leg that its telephone does not keep to the grammar."""
        match event:
            case (
                sip_events.ProgressReceived(response=message)
                | sip_events.AnswerReceived(response=message)
                | sip_events.InviteFailed(response=message)
            ):
                name = self._name(event.leg)
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
                self._relays.pop(event.ref, None)
                return []
            case sip_events.FinalResponseReceived():
                return self._response_received(event)
            case sip_events.DialogChanged():
                name = self._name(event.leg)
                return [call_events.LegUpdated(leg=name, handle="")] if name else []
            case _:
                assert_never(event)

    def stray(self, sip_leg: str) -> list[BridgeOutput]:
        """End a SIP leg that was lost without an event, so that its call ends too."""
        called = self._called_by(sip_leg)
        if called is not None and not called.answered:
            return self.handle_event(
                sip_events.InviteFailed(leg=sip_leg, status=500, response=None)
            )
        return self.handle_event(
            sip_events.SipLegEnded(leg=sip_leg, status=481, why="ended without an event")
        )

    def _progress(self, event: sip_events.ProgressReceived) -> list[BridgeOutput]:
        called = self._called_by(event.leg)
        response = event.response
        if called is None or called.answered:
            return []
        early_media = bool(
            response.body
            and self.offer_body
            and not called.party
            and not takes_nothing(response.body)
        )
        if early_media:
            called.early = description_of(event.leg, response)
        elif not called.rings_by(response):
            return []
        return [call_events.LegRinging(leg=called.name, early_media=early_media)]

    def _answered(self, event: sip_events.AnswerReceived) -> list[BridgeOutput]:
        called = self._called_by(event.leg)
        if called is None or called.answered:
            return [EndSession(leg=event.leg)]
        losers = [branch for branch in called.branches if branch != event.leg]
        outs = end_all(losers, reason_headers(Cause(), AttemptEnd.ANSWERED_ELSEWHERE))
        answer = called.described(event.leg, event.response)
        if not answer.body or takes_nothing(answer.body):
            cause = TOOK_NOTHING if answer.body else NO_DESCRIPTION
            return [*outs, *self._answered_in_vain(called, event.leg, cause)]
        called.branches = [event.leg]
        called.answered = True
        called.answer = answer
        if called.party:
            return [*outs, *self._offer_to_party(called, called.answer)]
        outs += self._announce(called, answer)
        answered = call_events.LegAnswered(leg=called.name)
        if not self.offer_body:
            return [*outs, answered]
        return [*outs, AfterCommit(answered, (Acknowledge(leg=event.leg),))]

    def _offer_to_party(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:
        """Offer the target's description to the transferred party."""
        party = self.sip_legs.get(called.party)
        if party is None or not answer.body:
            return self._not_joined(called.name, Cause(sip=488, q850=88, text="no description"))
        ref = f"{party} joins {called.name}"
        self._joining[ref] = called.name
        return [
            SendInDialog(
                leg=party, ref=ref, method="INVITE", headers=answer.headers, body=answer.body
            )
        ]

    def _joined(self, event: sip_events.FinalResponseReceived) -> list[BridgeOutput]:
        """Hear whether the transferred one has taken that offer."""
        name = self._joining.pop(event.ref)
        called, response = self._called.get(name), event.response
        took = response is not None and response.status < 300
        outs = [Acknowledge(leg=event.leg)] if took else []
        if called is None or response is None or not took or not response.body:
            failed = self._not_joined(name, cause_of_refusal(event.status, response))
            return [*outs, *failed, *(self.agree_again(event.leg) if took else [])]
        answer = Acknowledge(
            leg=called.branches[0], headers=headers_of(response), body=body_of(response)
        )
        self.acknowledging[name] = answer
        updated = call_events.LegUpdated(leg=called.party, handle="")
        return [updated, AfterCommit(call_events.LegAnswered(leg=name), (*outs, answer))]

    def _not_joined(self, name: str, cause: Cause) -> list[BridgeOutput]:
        called = self._called.pop(name, None)
        if called is None:
            return []
        ended = call_events.LegEnded(leg=name, cause=cause)
        return [*end_all(called.branches, reason_headers(cause)), ended]

    def agree_again(self, taker: str) -> list[BridgeOutput]:
        """Let the two talking legs renegotiate: `taker` may still send to a leg that is gone.

        The other leg is asked for an offer, as in a transfer (RFC 3725 §4.1).
        """
        other = self._other(taker)
        if other is None or self._has_session(self._name(taker)):
            return []
        ref = f"{other} again"
        self._again[ref] = ""
        return [SendInDialog(leg=other, ref=ref, method="INVITE")]

    def _agreed_again(self, event: sip_events.FinalResponseReceived) -> list[BridgeOutput]:
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
        return self._updated((waits, event.leg), acks)

    def _offer_again(self, offerer: str, response: Response) -> list[BridgeOutput]:
        taker = self._other(offerer)
        if taker is None or not response.body:
            return [Acknowledge(leg=offerer)]
        ref = f"{taker} again"
        self._again[ref] = offerer
        headers, body = headers_of(response), body_of(response)
        return [SendInDialog(leg=taker, ref=ref, method="INVITE", headers=headers, body=body)]

    def _updated(
        self, sip_legs: tuple[str, ...], commands: Iterable[UserAgentCommand]
    ) -> list[BridgeOutput]:
        """Have the legs stored, then carry the commands out."""
        names = [name for name in map(self._name, sip_legs) if name]
        updates = [call_events.LegUpdated(leg=name, handle="") for name in names]
        if not updates:
            return [*commands]
        return [*updates[:-1], AfterCommit(updates[-1], tuple(commands))]

    def _answered_in_vain(
        self, called: CalledLeg, sip_leg: str, cause: Cause
    ) -> list[BridgeOutput]:
        """Hang up on a telephone whose sound cannot be heard; the attempt has failed."""
        del self._called[called.name]
        ended = call_events.LegEnded(leg=called.name, cause=cause)
        return [Acknowledge(leg=sip_leg), EndSession(leg=sip_leg), ended]

    def _failed(self, event: sip_events.InviteFailed) -> list[BridgeOutput]:
        called = self._called_by(event.leg)
        if called is None:
            return _answered_at_once(event.ref)
        called.branches.remove(event.leg)
        called.causes.append(cause_of_refusal(event.status, event.response, event.request))
        outs: list[BridgeOutput] = []
        if users := redirected_to(event.response):
            outs.append(call_events.LegRedirected(leg=called.name, users=users))
        if called.branches:
            return [*outs, *_answered_at_once(event.ref)]
        del self._called[called.name]
        return [*outs, _ended(called.name, worst_cause(called.causes), event.ref)]

    def _gone(self, sip_leg: str, cause: Cause, ref: str = "") -> list[BridgeOutput]:
        """Tell that a leg has left; `ref` is the request with which it did."""
        if sip_leg == self.caller and self._caller_live:
            self._caller_live = self._waiting = False
            return [_ended(CALLER, cause, ref)]
        called = self._called_by(sip_leg)
        if called is None:
            return _answered_at_once(ref)
        del self._called[called.name]
        return [_ended(called.name, cause, ref)]

    def _acknowledged(self, event: sip_events.AnswerAcknowledged) -> list[BridgeOutput]:
        """Pass the answer of a delayed offer on, in the ACK that waits for it."""
        outs: list[BridgeOutput] = []
        request = event.request
        owed = self._unanswered.pop(event.leg, None)
        if owed is not None:
            headers = headers_of(request)
            outs.append(Acknowledge(leg=owed, headers=headers, body=body_of(request)))
            if name := self._name(owed):
                outs.append(call_events.LegUpdated(leg=name, handle=""))  # it waits no more
        if event.leg == self.caller and not self._confirmed:
            self._confirmed = True
            outs.append(call_events.LegAnswered(leg=CALLER))
        return outs

    # Requests of one side, asked of the other

    def _request_received(self, event: sip_events.InDialogRequestReceived) -> list[BridgeOutput]:
        request = event.request
        if request.method == "REFER":
            self._referred = referred_by(request)
            return [requested(event, self._name(event.leg))]
        if request.method == "NOTIFY":
            return [Respond(ref=event.ref, status=405, headers=(ALLOW,))]
        other = self._other(event.leg)
        if other is None:
            return [response_without_peer(event)]
        relay = RelayedRequest(event.leg, request.method, bool(request.body))
        self._relays[event.ref] = relay
        return [
            SendInDialog(
                leg=other,
                ref=event.ref,
                method=request.method,
                headers=headers_of(request),
                body=body_of(request),
            )
        ]

    def _response_received(self, event: sip_events.FinalResponseReceived) -> list[BridgeOutput]:
        if event.ref in self._joining:
            return self._joined(event)
        if event.ref in self._again:
            return self._agreed_again(event)
        relay = self._relays.pop(event.ref, None)
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
                self._unanswered[relay.from_] = event.leg
        return self._updated((event.leg, relay.from_), commands)

    def _other(self, sip_leg: str) -> str | None:
        """Return the SIP leg at the other side of a conversation."""
        legs = self.sip_legs
        one, other = legs.get(self.party), legs.get(self._talking_to)
        if one is None or other is None or not self._confirmed:
            return None
        if sip_leg == one:
            return other
        return one if sip_leg == other else None

    def _name(self, sip_leg: str) -> str:
        if sip_leg == self.caller:
            return CALLER if self._caller_live else ""
        called = self._called_by(sip_leg)
        return "" if called is None else called.name

    def _called_by(self, sip_leg: str) -> CalledLeg | None:
        return next((c for c in self._called.values() if sip_leg in c.branches), None)


def end_all(branches: list[str], headers: HeaderFields) -> list[BridgeOutput]:
    """Cancel or hang up several SIP legs."""
    return [EndSession(leg=branch, headers=headers) for branch in branches]


def _ended(leg: str, cause: Cause, ref: str) -> BridgeOutput:
    """Tell of an end, and answer the request by which the other end left once that is durable."""
    ended = call_events.LegEnded(leg=leg, cause=cause)
    return AfterCommit(ended, (Respond(ref=ref, status=200),), last=True) if ref else ended


def _answered_at_once(ref: str) -> list[BridgeOutput]:
    """Answer a request that ends a leg which the call no longer has."""
    return [Respond(ref=ref, status=200)] if ref else []
