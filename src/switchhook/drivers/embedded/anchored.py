"""The bridge of a call whose media may be anchored: prompts, DTMF, recording, music on hold. Pure.

It is `b2bua.py`'s bridge until `anchor_media` is called; from then on each leg that has a line of ours
(`anchor.py`) has a session of its own with us. Descriptions of the telephones become commands to the media, and
their offers are answered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.drivers.embedded.anchor import SDP, Anchor, can_anchor, missing_in
from switchhook.drivers.embedded.b2bua import (
    OFFERING,
    AfterCommit,
    Bridge,
    BridgeCommand,
    BridgeOutput,
    end_all,
)
from switchhook.drivers.embedded.called_leg import CalledLeg, Description, description_of
from switchhook.drivers.embedded.translate import Q850_LOST, one_line, reason_headers
from switchhook.routing import events as call_events
from switchhook.sip.rtp import commands as media
from switchhook.sip.rtp.dtmf import read_info
from switchhook.sip.rtp.ringback import ringback
from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, Respond
from switchhook.sip.wire.syntax import quote

if TYPE_CHECKING:
    from switchhook.routing.commands import ConnectLegs, ShowRinging
    from switchhook.sip.rtp.player import PcmSound
    from switchhook.sip.ua import events as sip_events
    from switchhook.sip.wire.message import Request

SPOKEN: Final = "G.711 without encryption is spoken here"
NO_PORT: Final = Cause(sip=503, q850=34, text="no port for sound is free")
_RINGING: Final = "ringing"
_HOLD: Final = "hold"


class AnchoredBridge(Bridge):
    """One call. `hold_music` is played to the party on hold."""

    def __init__(self, caller: str, invite: Request | None = None) -> None:
        super().__init__(caller, invite)
        self.anchor: Anchor | None = None
        self.hold_music: tuple[PcmSound, ...] = ()
        self._described = b""  # our answer to the caller, the same in each response
        self._held: list[media.MediaStreamCommand] = []  # until the caller has our answer
        self._owing: set[str] = set()  # SIP legs whose ACK brings the answer to our offer

    @property
    def can_be_anchored(self) -> bool:
        """Whether the caller's sound can be anchored: not once the caller talks past us."""
        return self._caller_live and self._waiting and can_anchor(self.offer_body)

    @property
    def why_not_anchored(self) -> str:
        """Say why the caller's media is not anchored."""
        if can_anchor(self.offer_body):
            return "the caller talks already"
        return no_common_codec(self.offer_body).text

    @property
    def is_talking(self) -> bool:
        """Whether the caller has our answer, so that silence means a dead telephone."""
        return self._confirmed and self._lives(self.party)

    def anchor_media(self, anchor: Anchor) -> list[BridgeOutput]:
        """Lead the sound of the caller through us, and that of every leg that is rung from now on."""
        self.anchor = anchor
        if not self.offer_body:
            return []
        answered = anchor.answer(CALLER, self.offer_body)
        if answered is None:
            return []
        self._described, described = answered
        return list(described)

    def resume_sound(self, anchor: Anchor) -> list[BridgeOutput]:
        """Take up the legs whose media was anchored before a restart."""
        self.anchor = anchor
        if not self._confirmed and self.owes_answer:
            self._owing.add(self.caller)
            self._unanswered.clear()
        described = [command for leg in anchor.legs for command in anchor.described(leg)]
        return [*described, *anchor.join(self.party, self._talking_to)]

    def _anchor_of(self, leg: str) -> Anchor | None:
        return self.anchor if self.anchor is not None and self.anchor.has(leg) else None

    # Commands of the switchboard

    def carry_out(self, command: BridgeCommand) -> list[BridgeOutput]:
        """Carry out what needs no look-up; close the sound of legs that are gone by it."""
        return [*super().carry_out(command), *self._closed()]

    def unreachable(self, leg: str, cause: Cause) -> list[BridgeOutput]:
        """End an expected leg that cannot be rung."""
        return [*super().unreachable(leg, cause), *self._closed()]

    def answer_caller(self) -> list[BridgeOutput]:
        """Answer the caller without a called leg. Nothing for one who was answered already."""
        anchor = self._anchor_of(CALLER)
        if anchor is None or not self._waiting:
            return []
        self._waiting = False
        answer = self._answer(anchor, 200)
        self.answering = "", answer
        updated = call_events.LegUpdated(leg=CALLER, handle="")
        return [AfterCommit(updated, (answer,))]

    def refuse(self) -> list[BridgeOutput]:
        """End a call whose media cannot be anchored: by fault of the peer, else by ours."""
        if not self._caller_live:
            return []
        offer = self.offer_body
        cause = NO_PORT if self.can_be_anchored else no_common_codec(offer)
        headers = () if self.can_be_anchored else (warning_of(offer),)
        self._caller_live = self._waiting = False
        ended = call_events.LegEnded(leg=CALLER, cause=cause)
        return [EndSession(leg=self.caller, status=cause.sip, headers=headers), ended]

    def play(self, command: media.StartPlayback) -> list[BridgeOutput]:
        """Play; to a caller who was not answered yet as early media (183)."""
        anchor = self._anchor_of(CALLER)
        outs: list[BridgeOutput] = []
        if anchor is not None and command.stream == anchor.stream(CALLER):
            outs += self._stop(_RINGING)
            if self._waiting and self.offer_body:
                outs.append(self._answer(anchor, 183))
        return [*outs, *self.put(command)]

    def put(self, command: media.MediaStreamCommand) -> list[BridgeOutput]:
        """Command the media of the call; the command waits for the caller's ACK once they were answered."""
        if not self._waiting and not self._confirmed:
            self._held.append(command)
            return []
        return [command]

    def _answer(self, anchor: Anchor, status: int) -> Answer:
        if not self._described:
            self._described = anchor.offer(CALLER)
            self._owing.add(self.caller)
        fork = self._fork("ours") if self._forks else 0
        return Answer(leg=self.caller, status=status, headers=SDP, body=self._described, fork=fork)

    def _answer_of(self, called: CalledLeg, answer: Description) -> Answer:
        anchor = self._anchor_of(called.name)
        return super()._answer_of(called, answer) if anchor is None else self._answer(anchor, 200)

    def _show_ringing(self, command: ShowRinging) -> list[BridgeOutput]:
        anchor = self._anchor_of(CALLER)
        if anchor is None or not self._caller_live:
            return super()._show_ringing(command)
        called = self._called.get(command.media_from)
        if called is not None and called.early is not None and anchor.has(called.name):
            answer = [self._answer(anchor, 183)] if self._waiting and self.offer_body else []
            connected = [out for join in anchor.join(CALLER, called.name) for out in self.put(join)]
            return [*self._stop(_RINGING), *answer, *connected]
        if self._waiting:
            return [Answer(leg=self.caller, status=180)]
        ringing = media.StartPlayback(
            stream=anchor.stream(CALLER),
            playback=f"{anchor.call} {_RINGING}",
            sounds=(ringback(),),
            loop=True,
        )
        return self.put(ringing)

    def _connect(self, command: ConnectLegs) -> list[BridgeOutput]:
        anchor = self._anchor_of(command.leg)
        if anchor is None:
            return super()._connect(command)
        called = self._called.get(command.leg)
        if called is None or not called.answered or not self._lives(command.party):
            return []
        if self._talking_to == command.leg:
            return []
        self.party, self._talking_to = command.party, command.leg
        outs: list[BridgeOutput] = [*self._stop(_RINGING)]
        if self._waiting:
            self._waiting = False
            outs.append(self._answer(anchor, 200))
        if called.party:
            outs += self._stop(f"{_HOLD} {command.party}")
        return [*outs, *anchor.join(command.party, command.leg)]

    def _has_session(self, leg: str) -> bool:
        return self._anchor_of(leg) is not None

    def _stop(self, playback: str) -> list[BridgeOutput]:
        if self.anchor is None:
            return []
        return self.put(media.StopPlayback(playback=f"{self.anchor.call} {playback}"))

    # What the user agent tells

    def handle_event(self, event: sip_events.SipLegEvent) -> list[BridgeOutput]:
        """Hear of one of the call's SIP legs; close the sound of legs that are gone by it."""
        return [*super().handle_event(event), *self._closed()]

    def silent(self, seconds: float) -> list[BridgeOutput]:
        """End a call from which nothing was heard for so long."""
        if not self.is_talking:
            return []
        text = f"lost: no sound from either side for {seconds:g} s"
        cause = Cause(sip=408, q850=Q850_LOST, text=text, is_loss=True)
        end = EndSession(leg=self.sip_legs[self.party], headers=reason_headers(cause))
        return [end, *self._gone(end.leg, cause), *self._closed()]

    def _progress(self, event: sip_events.ProgressReceived) -> list[BridgeOutput]:
        called = self._called_by(event.leg)
        anchor = None if called is None else self._anchor_of(called.name)
        if called is None or anchor is None or called.answered:
            return super()._progress(event)
        described: list[BridgeOutput] = []
        if event.response.body and len(called.branches) == 1:
            described = [*anchor.describe(called.name, event.response.body)]
        if described:
            called.early = description_of(event.leg, event.response)
        elif not called.rings_by(event.response):
            return []
        rings = call_events.LegRinging(leg=called.name, early_media=bool(described))
        return [*described, rings]

    def _answered(self, event: sip_events.AnswerReceived) -> list[BridgeOutput]:
        called = self._called_by(event.leg)
        anchor = None if called is None else self._anchor_of(called.name)
        if called is None or anchor is None or called.answered:
            return super()._answered(event)
        answer = called.described(event.leg, event.response).body
        described = anchor.describe(called.name, answer)
        losers = [branch for branch in called.branches if branch != event.leg]
        outs = end_all(losers, reason_headers(Cause(), AttemptEnd.ANSWERED_ELSEWHERE))
        acknowledge = Acknowledge(leg=event.leg)
        if not described:
            return [*outs, *self._answered_in_vain(called, event.leg, no_common_codec(answer))]
        called.branches = [event.leg]
        called.answered = True
        announced = self._announce(called, description_of(event.leg, event.response))
        answered = AfterCommit(call_events.LegAnswered(leg=called.name), (acknowledge,))
        return [*outs, *described, *announced, answered]

    def _acknowledged(self, event: sip_events.AnswerAcknowledged) -> list[BridgeOutput]:
        outs: list[BridgeOutput] = []
        name = self._name(event.leg)
        anchor = self._anchor_of(name)
        if anchor is not None and event.leg in self._owing:
            self._owing.discard(event.leg)
            described = anchor.describe(name, event.request.body)
            if not described and not anchor.has_described(name):
                cause = no_common_codec(event.request.body)
                end = EndSession(leg=event.leg, headers=reason_headers(cause))
                return [end, *self._gone(event.leg, cause)]
            outs += [*described, *self._music(anchor, name)]
        waits = not self._confirmed
        outs += super()._acknowledged(event)
        if waits and self._confirmed and anchor is not None:
            outs += [*anchor.described(CALLER), *self._held]
            self._held = []
        return outs

    # Requests within a leg that has a session with us

    def _request_received(self, event: sip_events.InDialogRequestReceived) -> list[BridgeOutput]:
        request = event.request
        name = self._name(event.leg)
        anchor = self._anchor_of(name)
        if anchor is None:
            return super()._request_received(event)
        if request.method == "INFO" and not request.body:
            return [Respond(ref=event.ref, status=200)]  # asks whether we are there (RFC 2976 §2.2)
        if request.method == "INFO":
            digits = read_info(request.headers.get("Content-Type") or "", request.body)
            if digits:
                pressed = [call_events.DigitPressed(leg=name, digit=digit) for digit in digits]
                last = AfterCommit(pressed.pop(), (Respond(ref=event.ref, status=200),))
                return [*pressed, last, *self._relay_dtmf(anchor, name, digits)]
        if request.method not in OFFERING:
            return super()._request_received(event)
        return self._offered(anchor, name, event)

    def _relay_dtmf(self, anchor: Anchor, presser: str, digits: str) -> list[BridgeOutput]:
        """Let the other side have keys, unless they come there as RTP events too."""
        other = self._other_than(presser)
        if anchor.supports_dtmf(presser) or not anchor.supports_dtmf(other):
            return []
        return [media.SendDtmf(stream=anchor.stream(other), digits=digits)]

    def _offered(
        self, anchor: Anchor, name: str, event: sip_events.InDialogRequestReceived
    ) -> list[BridgeOutput]:
        """Answer a later offer: hold, another address, other formats (RFC 3264 §8)."""
        request = event.request
        updated = call_events.LegUpdated(leg=name, handle="")
        if not request.body:
            self._owing.add(event.leg)
            offer = Respond(ref=event.ref, status=200, headers=SDP, body=anchor.offer(name))
            return [AfterCommit(updated, (offer,))]
        answered = anchor.answer(name, request.body)
        if answered is None:
            return [Respond(ref=event.ref, status=488)]
        body, described = answered
        reply = Respond(ref=event.ref, status=200, headers=SDP, body=body)
        return [AfterCommit(updated, (reply,)), *described, *self._music(anchor, name)]

    def _music(self, anchor: Anchor, holder: str) -> list[BridgeOutput]:
        """Play music to the other side while a telephone holds."""
        other = self._other_than(holder)
        if not anchor.has(other) or not self.hold_music:
            return []
        playback = f"{anchor.call} {_HOLD} {other}"
        if not anchor.is_on_hold(holder):
            return [media.StopPlayback(playback=playback)]
        stream = anchor.stream(other)
        return [
            media.StartPlayback(
                stream=stream, playback=playback, sounds=self.hold_music, loop=True
            ),
        ]

    # Common parts

    def _other_than(self, leg: str) -> str:
        return self.party if leg == self._talking_to else self._talking_to

    def _closed(self) -> list[media.MediaStreamCommand]:
        """Close the sound of legs that live no more."""
        anchor = self.anchor
        if anchor is None:
            return []
        gone = [leg for leg in anchor.legs if not self._lives(leg)]
        return [close for leg in gone for close in anchor.close(leg)]

    def _lives(self, leg: str) -> bool:
        return self._caller_live if leg == CALLER else leg in self._called


def no_common_codec(body: bytes) -> Cause:
    """Return why this description cannot be anchored."""
    return Cause(sip=488, q850=88, text=f"no sound in common: {missing_in(body)[1]}; {SPOKEN}")


def warning_of(body: bytes) -> tuple[str, str]:
    """Tell the same to the telephone (RFC 3261 §20.43)."""
    code, words = missing_in(body)
    return "Warning", f"{code} switchhook {quote(f'{one_line(words)}; {SPOKEN}')}"
