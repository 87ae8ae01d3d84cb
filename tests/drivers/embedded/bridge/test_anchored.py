"""A call led through us answers each side itself, and its prompts, keys and music go to the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.drivers.embedded.bridge.anchor import Anchor, MediaLine
from switchhook.drivers.embedded.bridge.anchored import SPOKEN, AnchoredPath
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.bridge.output import AfterCommit
from switchhook.routing import events as call_events
from switchhook.routing.commands import ConnectLegs, EndLeg, ShowRinging
from switchhook.sip.rtp import commands as media
from switchhook.sip.rtp.player import PcmSound
from switchhook.sip.ua import events as sip_events
from switchhook.sip.ua.commands import (
    Acknowledge,
    Answer,
    EndSession,
    Invite,
    Respond,
    SendInDialog,
)
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.parser import parse_message
from switchhook.sip.wire.uri import Uri
from tests.support.sip import BOB, request, response

if TYPE_CHECKING:
    from switchhook.drivers.embedded.bridge.output import BridgeOutput

HERS = b"v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
HIS = HERS.replace(b"192.0.2.5", b"192.0.2.6")
HELD = HIS + b"a=sendonly\r\n"
FOREIGN = HERS.replace(b"AVP 0", b"AVP 18")
MUSIC = PcmSound(bytes(320))


def said(outs: list[BridgeOutput]) -> list[str]:
    """Write what came out, in short."""
    return [_short(out) for out in outs]


def _short(out: BridgeOutput) -> str:  # noqa: C901, PLR0912 -- one line for each kind
    match out:
        case Answer():
            return f"answer {out.status} fork {out.fork}" + (" with sdp" if out.body else "")
        case Respond():
            return f"reply {out.status}" + (" with sdp" if out.body else "")
        case Invite():
            return f"invite {out.leg}"
        case EndSession():
            return f"end {out.leg} {out.status}"
        case Acknowledge():
            return f"acknowledge {out.leg}"
        case SendInDialog():
            return f"ask {out.leg} {out.method}"
        case media.SetFarEnd():
            hold = " on hold" if out.far_end.on_hold else ""
            return f"describe {out.stream} {(out.far_end.address or ('',))[0]}{hold}"
        case media.ConnectStreams():
            return f"join {out.one}, {out.other}"
        case media.StartPlayback():
            return f"play {out.playback} to {out.stream}"
        case media.SendDtmf():
            return f"press {out.digits} to {out.stream}"
        case media.StopPlayback():
            return f"stop {out.playback}"
        case media.CloseStream():
            return f"close {out.stream}"
        case call_events.LegAnswered():
            return f"{out.leg} answered"
        case call_events.LegRinging():
            return f"{out.leg} rings" + (" with audio" if out.early_media else "")
        case call_events.LegMisread():
            return f"{out.leg}: {out.text}"
        case call_events.LegUpdated():
            return f"{out.leg} updated"
        case call_events.LegEnded():
            return f"{out.leg} ended {out.cause.sip}"
        case call_events.DigitPressed():
            return f"{out.leg} pressed {out.digit}"
        case AfterCommit():
            return ", then ".join(map(_short, (out.event, *out.commands)))
        case _:
            return repr(out)


class Story:
    """One call, told event by event."""

    def __init__(self, offer: bytes = HERS) -> None:
        self.bridge = Bridge("a", request(body=offer))
        self.anchor = Anchor("c")

    def anchor_media(self) -> list[str]:
        self.anchor.add(CALLER, MediaLine(host="192.0.2.1", port=20000, session=1))
        return said(self.bridge.anchor_media(self.anchor))

    @property
    def path(self) -> AnchoredPath:
        assert self.bridge.anchored is not None
        return self.bridge.anchored

    def ring(self, leg: str = "b", telephones: int = 1) -> None:
        assert self.bridge.expect(leg)
        self.anchor.add(leg, MediaLine(host="192.0.2.1", port=20002, session=2))
        address = NameAddress(uri=Uri.parse("sip:bob@192.0.2.20"))
        self.bridge.ring(
            leg,
            [
                Invite(leg=f"{leg} {n}", uri=address.uri, from_=address, to=address, peer=BOB)
                for n in range(telephones)
            ],
        )

    def rings(self, status: int = 180, body: bytes = b"") -> list[str]:
        answer = response(request(), status, tag="b", body=body)
        return said(
            self.bridge.handle_event(sip_events.ProgressReceived(leg="b 0", response=answer))
        )

    def answers(self, body: bytes = HIS, leg: str = "b 0") -> list[str]:
        answer = response(request(), 200, tag="b", body=body)
        return said(self.bridge.handle_event(sip_events.AnswerReceived(leg=leg, response=answer)))

    def acks(self, body: bytes = b"", leg: str = "a") -> list[str]:
        ack = request("ACK", body=body)
        return said(self.bridge.handle_event(sip_events.AnswerAcknowledged(leg=leg, request=ack)))

    def asks(self, leg: str, method: str, body: bytes = b"", kind: str = "") -> list[str]:
        return said(self.asked(leg, method, body, kind))

    def asked(self, leg: str, method: str, body: bytes = b"", kind: str = "") -> list[BridgeOutput]:
        message = request(method, to="<sip:x@y>;tag=b", body=body)
        if kind:
            text = bytes(message).replace(b"application/sdp", kind.encode())
            changed = parse_message(text)
            assert isinstance(changed, Request)
            message = changed
        return self.bridge.handle_event(
            sip_events.InDialogRequestReceived(leg=leg, ref="r", request=message)
        )

    def hangs_up(self, leg: str) -> list[str]:
        bye = request("BYE", to="<sip:x@y>;tag=b")
        event = sip_events.SipLegEnded(leg=leg, status=200, request=bye)
        return said(self.bridge.handle_event(event))

    def show(self, media_from: str = "") -> list[str]:
        return said(self.bridge.carry_out(ShowRinging(media_from=media_from)))

    def connect(self) -> list[str]:
        return said(self.bridge.carry_out(ConnectLegs(leg="b")))

    def play(self, *, loop: bool = False) -> list[str]:
        stream = self.anchor.stream(CALLER)
        command = media.StartPlayback(stream=stream, playback="c p1", sounds=(MUSIC,), loop=loop)
        return said(self.path.play(command))

    def answer(self) -> list[str]:
        return said(self.path.answer_caller())


def answered(offer: bytes = HERS) -> Story:
    """Return a call whose caller hears nobody but us."""
    story = Story(offer)
    story.anchor_media()
    story.answer()
    story.acks(b"" if offer else HERS)
    return story


def talking() -> Story:
    story = answered()
    story.ring()
    story.answers()
    story.connect()
    return story


def test_a_prompt_waits_until_the_answer_is_through() -> None:
    story = Story()
    assert story.anchor_media() == ["describe c caller 192.0.2.5"]
    assert story.answer() == ["caller updated, then answer 200 fork 0 with sdp"]
    assert story.answer() == []
    assert story.play() == []
    assert story.acks() == [
        "caller answered",
        "describe c caller 192.0.2.5",
        "stop c ringing",
        "play c p1 to c caller",
    ]
    assert story.play() == ["stop c ringing", "play c p1 to c caller"]


def test_a_caller_who_offers_nothing_is_made_an_offer() -> None:
    story = Story(b"")
    assert story.anchor_media() == []
    assert story.answer() == ["caller updated, then answer 200 fork 0 with sdp"]
    assert story.acks(HERS) == [
        "describe c caller 192.0.2.5",
        "caller answered",
        "describe c caller 192.0.2.5",
    ]


@pytest.mark.parametrize("body", [b"", FOREIGN])
def test_an_ack_without_common_sound_ends_the_call(body: bytes) -> None:
    story = Story(b"")
    story.anchor_media()
    story.answer()
    assert story.acks(body) == ["end a 480", "caller ended 488", "close c caller"]


def test_a_caller_without_common_sound_cannot_be_led() -> None:
    story = Story(FOREIGN)
    assert not story.bridge.can_be_anchored
    end, ended = story.bridge.refuse()
    assert said([end, ended]) == ["end a 488", "caller ended 488"]
    assert isinstance(end, EndSession)
    assert end.headers == (("Warning", f'305 switchhook "G729 alone is described; {SPOKEN}"'),)
    assert isinstance(ended, call_events.LegEnded)
    assert ended.cause.text == f"no sound in common: G729 alone is described; {SPOKEN}"
    assert story.bridge.refuse() == []


def test_a_caller_for_whom_no_port_is_free_is_told_whose_fault_it_is() -> None:
    story = Story()
    assert story.bridge.can_be_anchored
    assert said(story.bridge.refuse()) == ["end a 503", "caller ended 503"]


def test_a_prompt_before_the_answer_is_early_media() -> None:
    story = Story()
    story.anchor_media()
    assert story.play() == [
        "stop c ringing",
        "answer 183 fork 0 with sdp",
        "play c p1 to c caller",
    ]


def test_an_answered_caller_hears_it_ring() -> None:
    story = answered()
    story.ring()
    assert story.rings() == ["b rings"]
    assert story.show() == ["play c ringing to c caller"]
    assert story.answers() == ["describe c b 192.0.2.6", "b answered, then acknowledge b 0"]
    assert story.connect() == ["stop c ringing", "join c caller, c b"]
    assert story.connect() == []


def test_a_caller_who_waits_is_answered_by_us() -> None:
    story = Story()
    story.anchor_media()
    story.ring()
    assert story.rings() == ["b rings"]
    assert story.show() == ["answer 180 fork 0"]
    story.answers()
    assert story.connect() == [
        "stop c ringing",
        "answer 200 fork 0 with sdp",
        "join c caller, c b",
    ]
    assert story.acks() == ["caller answered", "describe c caller 192.0.2.5"]


def test_early_media_of_a_callee_goes_through_us() -> None:
    story = Story()
    story.anchor_media()
    story.ring()
    assert story.rings(183, HIS) == ["describe c b 192.0.2.6", "b rings with audio"]
    assert story.show("b") == ["stop c ringing", "answer 183 fork 0 with sdp", "join c caller, c b"]
    assert story.rings(183, FOREIGN) == []
    assert story.rings(183) == []


def test_of_several_telephones_none_is_heard_early() -> None:
    story = answered()
    story.ring(telephones=2)
    assert story.rings(183, HIS) == ["b rings"]
    assert story.rings(180, HIS) == ["b rings"]
    assert story.answers() == [
        "end b 1 480",
        "describe c b 192.0.2.6",
        "b answered, then acknowledge b 0",
    ]
    assert story.answers(leg="b 1") == ["end b 1 480"]


@pytest.mark.parametrize("body", [b"", FOREIGN])
def test_a_callee_without_common_sound_is_hung_up(body: bytes) -> None:
    story = answered()
    story.ring()
    assert story.answers(body) == ["acknowledge b 0", "end b 0 480", "b ended 488", "close c b"]


def test_hold_concerns_one_leg_and_plays_music_to_the_other() -> None:
    story = talking()
    story.path.hold_music = (MUSIC,)
    assert story.asks("b 0", "INVITE", HELD) == [
        "b updated, then reply 200 with sdp",
        "describe c b 192.0.2.6 on hold",
        "play c hold caller to c caller",
    ]
    assert story.asks("b 0", "INVITE", HIS) == [
        "b updated, then reply 200 with sdp",
        "describe c b 192.0.2.6",
        "stop c hold caller",
    ]
    assert story.asks("a", "INVITE", HELD)[-1] == "play c hold b to c b"


def test_hold_in_the_answer_to_our_offer_plays_music_too() -> None:
    # As some PBXs do: an INVITE without a description, and what it means in the ACK.
    story = talking()
    story.path.hold_music = (MUSIC,)
    for body, then in ((HELD, "play c hold caller to c caller"), (HIS, "stop c hold caller")):
        assert story.asks("b 0", "INVITE") == ["b updated, then reply 200 with sdp"]
        assert story.acks(body, "b 0")[1:] == [then]


def test_hold_without_music() -> None:
    assert talking().asks("a", "UPDATE", HELD) == [
        "caller updated, then reply 200 with sdp",
        "describe c caller 192.0.2.6 on hold",
    ]


def test_an_offer_that_cannot_be_spoken_changes_nothing() -> None:
    assert talking().asks("a", "INVITE", FOREIGN) == ["reply 488"]
    assert talking().asks("a", "INVITE", b"nonsense") == ["reply 488"]


def test_later_requests_without_an_offer() -> None:
    story = talking()
    assert story.asks("a", "INVITE") == ["caller updated, then reply 200 with sdp"]
    assert story.acks(HIS) == ["describe c caller 192.0.2.6"]


@pytest.mark.row("FI-12")
@pytest.mark.parametrize("leg", ["a", "b 0"])
@pytest.mark.parametrize("body", [b"", b"nonsense", FOREIGN])
def test_a_later_invite_that_agrees_on_nothing_leaves_the_sound_as_it_was(
    leg: str, body: bytes
) -> None:
    story = talking()
    assert story.asks(leg, "INVITE")[0].endswith("then reply 200 with sdp")
    assert story.acks(body, leg) == []
    assert story.asks(leg, "INVITE")[0].endswith("then reply 200 with sdp")
    assert story.acks(HIS, leg)[0].startswith("describe c")


def test_keys_come_as_info_and_other_info_is_passed_on() -> None:
    story = talking()
    dtmf = "application/dtmf-relay"
    assert story.asks("a", "INFO", b"Signal=7\r\n", dtmf) == ["caller pressed 7, then reply 200"]
    assert story.asks("b 0", "INFO", b"Signal=#\r\n", dtmf) == ["b pressed #, then reply 200"]
    assert story.asks("a", "INFO", b"x", "text/plain") == ["ask b 0 INFO"]
    assert story.asks("a", "INFO") == ["reply 200"]
    assert story.asks("a", "MESSAGE", b"x", "text/plain") == ["ask b 0 MESSAGE"]


@pytest.mark.row("FB-03")
def test_keys_of_one_info_are_pressed_one_after_another() -> None:
    story = answered(HERS)
    pressed = ["caller pressed 4", "caller pressed 7, then reply 200"]
    assert story.asks("a", "INFO", b"Signal=47\r\n", "application/dtmf-relay") == pressed


@pytest.mark.row("FB-03")
def test_what_a_menu_can_do_nothing_with_is_refused_for_good() -> None:
    story = answered(HERS)
    (info,) = story.asked("a", "INFO", b"<xml/>", "application/media_control+xml")
    accepted = "application/dtmf-relay, application/dtmf, audio/telephone-event"
    assert info == Respond(ref="r", status=415, headers=(("Accept", accepted),))
    (message,) = story.asked("a", "MESSAGE", b"hello", "text/plain")
    assert isinstance(message, Respond)
    assert (message.status, message.headers[0][0]) == (405, "Allow")


@pytest.mark.parametrize("events", [False, True])
def test_a_key_by_info_reaches_the_other_as_an_rtp_event_once(*, events: bool) -> None:
    keyed = b"a=rtpmap:101 telephone-event/8000\r\n"
    hers, his = (sdp.replace(b"AVP 0", b"AVP 0 101") + keyed for sdp in (HERS, HIS))
    story = answered(hers if events else HERS)
    dtmf = "application/dtmf-relay"
    assert story.asks("a", "INFO", b"Signal=7\r\n", dtmf) == ["caller pressed 7, then reply 200"]
    story.ring()
    story.answers(his)
    story.connect()
    told = ["caller pressed 7, then reply 200"]
    passed = [] if events else ["press 7 to c b"]
    assert story.asks("a", "INFO", b"Signal=7\r\n", dtmf) == told + passed


def test_a_callee_who_leaves_leaves_the_caller_to_us() -> None:
    story = talking()
    assert story.hangs_up("b 0") == ["b ended 200", "close c b"]
    assert story.play() == ["stop c ringing", "play c p1 to c caller"]
    assert said(story.bridge.carry_out(EndLeg(leg=CALLER, cause=Cause(sip=200)))) == [
        "end a 480",
        "close c caller",
    ]
    assert story.bridge.is_over


def test_a_caller_who_leaves_is_closed() -> None:
    story = talking()
    assert story.hangs_up("a") == ["caller ended 200", "close c caller"]
    assert said(story.bridge.carry_out(EndLeg(leg="b", cause=Cause()))) == [
        "end b 0 480",
        "close c b",
    ]
    assert story.answer() == []
    assert story.show() == []


def test_a_leg_that_cannot_be_rung_is_closed() -> None:
    story = answered()
    story.ring()
    assert said(story.bridge.unreachable("b", Cause(sip=503))) == ["b ended 503", "close c b"]


def test_silence_ends_a_talking_call_alone() -> None:
    story = talking()
    assert said(story.bridge.silent(60)) == ["end a 480", "caller ended 408", "close c caller"]
    assert story.bridge.silent(60) == []
    waiting = Story()
    waiting.anchor_media()
    assert waiting.bridge.silent(60) == []


def test_our_answer_is_another_fork_than_what_the_caller_heard_before() -> None:
    story = Story()
    assert story.bridge.expect("b")
    address = NameAddress(uri=Uri.parse("sip:bob@192.0.2.20"))
    invite = Invite(leg="b 0", uri=address.uri, from_=address, to=address, peer=BOB)
    story.bridge.ring("b", [invite])
    story.rings(183, HIS)
    assert story.show("b") == ["answer 183 fork 0 with sdp"]
    assert said(story.bridge.carry_out(EndLeg(leg="b", cause=Cause()))) == ["end b 0 480"]
    story.anchor_media()
    assert story.answer() == ["caller updated, then answer 200 fork 1 with sdp"]


def test_what_was_not_led_is_passed_through_as_ever() -> None:
    story = Story()
    assert story.bridge.anchored is None
    assert story.show() == ["answer 180 fork 0"]
    assert story.bridge.can_be_anchored


@pytest.mark.row("FA-04")
def test_an_answer_that_describes_nothing_takes_the_early_sound_on() -> None:
    story = Story()
    story.anchor_media()
    story.ring()
    story.rings(183, HIS)
    assert story.answers(b"") == [
        "describe c b 192.0.2.6",
        "caller updated",
        "b answered, then acknowledge b 0",
    ]
