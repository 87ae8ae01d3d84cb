"""The anchored path of a leg's sound, with prompts, DTMF, recording, music on hold. Pure.

Each leg that has a line of ours (`anchor.py`) has a session of its own with us. Descriptions of the
telephones become commands to the media, and their offers are answered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.drivers.embedded.bridge.anchor import SDP, Anchor, missing_in
from switchhook.drivers.embedded.bridge.output import AfterCommit, BridgeOutput
from switchhook.drivers.embedded.bridge.relayed_requests import OFFERING
from switchhook.drivers.embedded.translate import one_line
from switchhook.routing import events as call_events
from switchhook.sip.rtp import commands as media
from switchhook.sip.rtp.dtmf import read_info
from switchhook.sip.rtp.ringback import ringback
from switchhook.sip.ua.commands import Acknowledge, Answer, Invite, Respond
from switchhook.sip.wire.syntax import quote

if TYPE_CHECKING:
    from switchhook.drivers.embedded.bridge.called_leg import CalledLeg, Description
    from switchhook.drivers.embedded.bridge.media_path import DirectPath
    from switchhook.routing.commands import ConnectLegs
    from switchhook.sip.rtp.player import PcmSound
    from switchhook.sip.ua.events import AnswerAcknowledged, InDialogRequestReceived

SPOKEN: Final = "G.711 without encryption is spoken here"
NO_PORT: Final = Cause(sip=503, q850=34, text="no port for sound is free")
_RINGING: Final = "ringing"
_HOLD: Final = "hold"


class AnchoredPath:
    """The legs of one call that have a session with us. `hold_music` is played to the party on hold.

    `direct` is the path of what passes through all the same.
    """

    def __init__(
        self, anchor: Anchor, direct: DirectPath, hold_music: tuple[PcmSound, ...] = ()
    ) -> None:
        self.anchor = anchor
        self.hold_music = hold_music
        self._direct = direct
        self._legs = direct.legs
        self._described = b""  # our answer to the caller, the same in each response
        self._held: list[media.MediaStreamCommand] = []  # until the caller has our answer
        self._owing: set[str] = set()  # SIP legs whose ACK brings the answer to our offer

    def begin(self) -> list[BridgeOutput]:
        """Answer the caller's offer, in whatever response goes out first."""
        offer = self._legs.offer_body
        answered = self.anchor.answer(CALLER, offer) if offer else None
        if answered is None:
            return []
        self._described, described = answered
        return list(described)

    def resume(self) -> list[BridgeOutput]:
        """Take up the legs whose media was anchored before a restart."""
        legs, anchor = self._legs, self.anchor
        if not legs.is_confirmed and legs.owes_answer:
            self._owing.add(legs.caller)
            legs.unanswered.clear()
        described = [command for leg in anchor.legs for command in anchor.described(leg)]
        return [*described, *anchor.join(legs.party, legs.talking_to)]

    def close_gone(self) -> list[BridgeOutput]:
        """Close the sound of legs that live no more."""
        gone = [leg for leg in self.anchor.legs if not self._legs.lives(leg)]
        return [close for leg in gone for close in self.anchor.close(leg)]

    # Commands of the switchboard

    def answer_caller(self) -> list[BridgeOutput]:
        """Answer the caller without a called leg. Nothing for one who was answered already."""
        if not self.anchor.has(CALLER) or not self._legs.is_waiting:
            return []
        self._legs.is_waiting = False
        answer = self._answer(200)
        return [AfterCommit(self._legs.announced("", answer), (answer,))]

    def play(self, command: media.StartPlayback) -> list[BridgeOutput]:
        """Play; to a caller who was not answered yet as early media (183)."""
        outs: list[BridgeOutput] = []
        if self.anchor.has(CALLER) and command.stream == self.anchor.stream(CALLER):
            outs += self._stop(_RINGING)
            if self._legs.is_waiting and self._legs.offer_body:
                outs.append(self._answer(183))
        return [*outs, *self.put(command)]

    def put(self, command: media.MediaStreamCommand) -> list[BridgeOutput]:
        """Command the media of the call; the command waits for the caller's ACK once they were answered."""
        if not self._legs.is_waiting and not self._legs.is_confirmed:
            self._held.append(command)
            return []
        return [command]

    def ringing(self, called: CalledLeg | None) -> list[BridgeOutput]:
        """Let the caller hear the called leg, or ringback where 180 comes too late."""
        anchor, legs = self.anchor, self._legs
        if not legs.caller_lives:
            return []
        if called is not None and called.early is not None and anchor.has(called.name):
            answer = [self._answer(183)] if legs.is_waiting and legs.offer_body else []
            connected = [out for join in anchor.join(CALLER, called.name) for out in self.put(join)]
            return [*self._stop(_RINGING), *answer, *connected]
        if legs.is_waiting:
            return [Answer(leg=legs.caller, status=180)]
        ringing = media.StartPlayback(
            stream=anchor.stream(CALLER),
            playback=anchor.playback(_RINGING),
            sounds=(ringback(),),
            loop=True,
        )
        return self.put(ringing)

    def connect(self, called: CalledLeg, command: ConnectLegs) -> list[BridgeOutput]:
        """Connect the sound of both; the caller has our own answer."""
        legs = self._legs
        if not called.answered or not legs.lives(command.party):
            return []
        if legs.talking_to == command.leg:
            return []
        legs.party, legs.talking_to = command.party, command.leg
        outs: list[BridgeOutput] = [*self._stop(_RINGING)]
        if legs.is_waiting:
            legs.is_waiting = False
            outs.append(self._answer(200))
        if called.party:
            outs += self._stop(_on_hold(command.party))
        return [*outs, *self.anchor.join(command.party, command.leg)]

    def _answer(self, status: int) -> Answer:
        legs = self._legs
        if not self._described:
            self._described = self.anchor.offer(CALLER)
            self._owing.add(legs.caller)
        fork = legs.fork("ours") if legs.has_forks else 0
        return Answer(leg=legs.caller, status=status, headers=SDP, body=self._described, fork=fork)

    def _stop(self, playback: str) -> list[BridgeOutput]:
        return self.put(media.StopPlayback(playback=self.anchor.playback(playback)))

    # What a called leg says

    def invited(self, called: CalledLeg, invite: Invite) -> Invite:  # noqa: ARG002 -- the Protocol's
        """Leave our own offer as it is."""
        return invite

    def early(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | None:
        """Hear one telephone; of several that ring together nobody would know which."""
        if not body or len(called.branches) != 1:
            return None
        return [*self.anchor.describe(called.name, body)] or None

    def taken(self, called: CalledLeg, body: bytes) -> list[BridgeOutput] | Cause:
        """Send sound there, and refuse what we cannot speak."""
        return [*self.anchor.describe(called.name, body)] or no_common_codec(body)

    def answered(self, called: CalledLeg, answer: Description) -> list[BridgeOutput]:  # noqa: ARG002 -- the Protocol's
        """Acknowledge at once, as the offer was ours."""
        outs: list[BridgeOutput] = []
        if self._legs.is_first_answer:
            outs.append(self._legs.announced(called.name, self._answer(200)))
        acknowledge = Acknowledge(leg=called.branches[0])
        return [*outs, AfterCommit(call_events.LegAnswered(leg=called.name), (acknowledge,))]

    def acknowledged(self, leg: str, event: AnswerAcknowledged) -> list[BridgeOutput] | Cause:
        """Take the answer to an offer of ours; without any, what stood before goes on."""
        outs: list[BridgeOutput] = []
        if event.leg in self._owing:
            self._owing.discard(event.leg)
            described = self.anchor.describe(leg, event.request.body)
            if not described and not self.anchor.has_described(leg):
                return no_common_codec(event.request.body)
            outs += [*described, *self._music(leg)]
        return [*outs, *self._direct.acknowledged(leg, event)]

    def confirmed(self) -> list[BridgeOutput]:
        """Send the caller what waited."""
        held, self._held = self._held, []
        return [*self.anchor.described(CALLER), *held]

    # Requests within a leg's dialog

    def requested(self, leg: str, event: InDialogRequestReceived) -> list[BridgeOutput]:
        """Answer offers and keys; the other side is asked of the rest."""
        request = event.request
        if request.method == "INFO" and not request.body:
            return [Respond(ref=event.ref, status=200)]  # asks whether we are there (RFC 2976 §2.2)
        if request.method == "INFO":
            digits = read_info(request.headers.get("Content-Type") or "", request.body)
            if digits:
                pressed = [call_events.DigitPressed(leg=leg, digit=digit) for digit in digits]
                last = AfterCommit(pressed.pop(), (Respond(ref=event.ref, status=200),))
                return [*pressed, last, *self._relay_dtmf(leg, digits)]
        if request.method not in OFFERING:
            return self._direct.requested(leg, event)
        return self._offered(leg, event)

    def _relay_dtmf(self, presser: str, digits: str) -> list[BridgeOutput]:
        """Let the other side have keys, unless they come there as RTP events too."""
        other = self._legs.other_than(presser)
        if self.anchor.supports_dtmf(presser) or not self.anchor.supports_dtmf(other):
            return []
        return [media.SendDtmf(stream=self.anchor.stream(other), digits=digits)]

    def _offered(self, leg: str, event: InDialogRequestReceived) -> list[BridgeOutput]:
        """Answer a later offer: hold, another address, other formats (RFC 3264 §8)."""
        request = event.request
        updated = call_events.LegUpdated(leg=leg, handle="")
        if not request.body:
            self._owing.add(event.leg)
            offer = Respond(ref=event.ref, status=200, headers=SDP, body=self.anchor.offer(leg))
            return [AfterCommit(updated, (offer,))]
        answered = self.anchor.answer(leg, request.body)
        if answered is None:
            return [Respond(ref=event.ref, status=488)]
        body, described = answered
        reply = Respond(ref=event.ref, status=200, headers=SDP, body=body)
        return [AfterCommit(updated, (reply,)), *described, *self._music(leg)]

    def _music(self, holder: str) -> list[BridgeOutput]:
        """Play music to the other side while a telephone holds."""
        other = self._legs.other_than(holder)
        if not self.anchor.has(other) or not self.hold_music:
            return []
        playback = self.anchor.playback(_on_hold(other))
        if not self.anchor.is_on_hold(holder):
            return [media.StopPlayback(playback=playback)]
        stream = self.anchor.stream(other)
        return [
            media.StartPlayback(
                stream=stream, playback=playback, sounds=self.hold_music, loop=True
            ),
        ]


def no_common_codec(body: bytes) -> Cause:
    """Return why this description cannot be anchored."""
    return Cause(sip=488, q850=88, text=f"no sound in common: {missing_in(body)[1]}; {SPOKEN}")


def warning_of(body: bytes) -> tuple[str, str]:
    """Tell the same to the telephone (RFC 3261 §20.43)."""
    code, words = missing_in(body)
    return "Warning", f"{code} switchhook {quote(f'{one_line(words)}; {SPOKEN}')}"


def _on_hold(leg: str) -> str:
    """Return the name of the music that a leg hears while the other side holds."""
    return f"{_HOLD} {leg}"
