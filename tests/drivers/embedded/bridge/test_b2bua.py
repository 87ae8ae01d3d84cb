"""Two sides joined back to back: what one does reaches the other, once, and nothing of theirs is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.bridge.called_leg import worst_cause
from switchhook.drivers.embedded.bridge.output import AfterCommit, BridgeOutput
from switchhook.routing import events as call_events
from switchhook.routing.commands import ConnectLegs, EndLeg, ShowRinging
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
from switchhook.sip.wire.uri import Uri
from tests.support.sip import BOB, SDP, request, response

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

OFFER = request(body=SDP)
NO_OFFER = request()
HER_SDP = b"v=0\r\no=- 2 2 IN IP4 192.0.2.20\r\n"
HIS_SDP = b"v=0\r\no=- 3 3 IN IP4 192.0.2.21\r\n"


def said(outs: list[BridgeOutput]) -> list[str]:
    """Write what came out, in short."""
    return [_command(out) or _event(out) for out in outs]


def _command(out: BridgeOutput) -> str:
    match out:
        case Answer():
            return f"answer {out.status} fork {out.fork}{_sdp(out.body)}"
        case Invite():
            return f"invite {out.leg}"
        case EndSession():
            return " ".join([f"end {out.leg}", *(value for _, value in out.headers)])
        case Acknowledge():
            return f"acknowledge {out.leg}{_sdp(out.body)}"
        case SendInDialog():
            how = "ask until it fits" if out.retries else "ask"
            return f"{how} {out.leg} {out.method} {out.ref}{_sdp(out.body)}"
        case Respond():
            return f"reply {out.ref} {out.status}{_sdp(out.body)}"
        case _:
            return ""


def _event(out: BridgeOutput) -> str:
    match out:
        case call_events.LegRinging():
            return f"{out.leg} rings" + (" with audio" if out.early_media else "")
        case call_events.LegAnswered():
            return f"{out.leg} answered"
        case call_events.LegMisread():
            return f"{out.leg}: {out.text}"
        case call_events.LegUpdated():
            return f"{out.leg} updated"
        case call_events.LegEnded():
            return f"{out.leg} ended {out.cause.sip}"
        case AfterCommit():
            return ", then ".join([_event(out.event), *map(_command, out.commands)])
        case _:
            return repr(out)


def _sdp(body: bytes) -> str:
    return " with sdp" if body else ""


def invite(sip_leg: str) -> Invite:
    uri = Uri.parse("sip:bob@192.0.2.20")
    address = NameAddress(uri=uri)
    return Invite(leg=sip_leg, uri=uri, from_=address, to=address, peer=BOB)


def rings(
    bridge: Bridge, sip_leg: str, status: int = 180, body: bytes = b"", tag: str = "b"
) -> list[str]:
    answer = response(OFFER, status, tag=tag, body=body)
    return said(bridge.handle_event(sip_events.ProgressReceived(leg=sip_leg, response=answer)))


def answers(bridge: Bridge, sip_leg: str, body: bytes = HER_SDP, tag: str = "b") -> list[str]:
    answer = response(OFFER, 200, tag=tag, body=body)
    return said(bridge.handle_event(sip_events.AnswerReceived(leg=sip_leg, response=answer)))


def refuses(bridge: Bridge, sip_leg: str, status: int = 486) -> list[str]:
    answer = response(OFFER, status)
    event = sip_events.InviteFailed(leg=sip_leg, status=status, response=answer)
    return said(bridge.handle_event(event))


def acks(bridge: Bridge, sip_leg: str = "a", body: bytes = b"") -> list[str]:
    ack = request("ACK", body=body)
    return said(bridge.handle_event(sip_events.AnswerAcknowledged(leg=sip_leg, request=ack)))


def asks(bridge: Bridge, sip_leg: str, method: str, body: bytes = b"") -> list[str]:
    message = request(method, to="<sip:x@y>;tag=b", body=body)
    return said(
        bridge.handle_event(
            sip_events.InDialogRequestReceived(leg=sip_leg, ref="r", request=message)
        )
    )


def replies(
    bridge: Bridge, sip_leg: str, to: Request, status: int = 200, body: bytes = b""
) -> list[str]:
    answer = response(to, status, body=body)
    event = sip_events.FinalResponseReceived(leg=sip_leg, ref="r", status=status, response=answer)
    return said(bridge.handle_event(event))


def hangs_up(bridge: Bridge, sip_leg: str) -> list[str]:
    bye = request("BYE", to="<sip:x@y>;tag=b")
    return said(bridge.handle_event(sip_events.SipLegEnded(leg=sip_leg, status=200, request=bye)))


def show(bridge: Bridge, media_from: str = "") -> list[str]:
    return said(bridge.carry_out(ShowRinging(media_from=media_from)))


def connect(bridge: Bridge, leg: str = "b1") -> list[str]:
    return said(bridge.carry_out(ConnectLegs(leg=leg)))


def end(bridge: Bridge, leg: str, sip: int = 200, why: AttemptEnd | None = None) -> list[str]:
    return said(bridge.carry_out(EndLeg(leg=leg, cause=Cause(sip=sip), why=why)))


def ringing(*legs: str, of: Request = OFFER, telephones: int = 1) -> Bridge:
    """Return a call whose legs are being rung."""
    bridge = Bridge("a", of)
    for leg in legs or ("b1",):
        assert bridge.expect(leg)
        names = [f"{leg} {number}" for number in range(telephones)]
        assert said(bridge.ring(leg, map(invite, names))) == [f"invite {name}" for name in names]
    return bridge


def talking() -> Bridge:
    bridge = ringing()
    answers(bridge, "b1 0")
    connect(bridge)
    acks(bridge)
    return bridge


# Calling


def test_a_call_rings_is_answered_and_ends() -> None:
    bridge = ringing()

    assert rings(bridge, "b1 0") == ["b1 rings"]
    assert show(bridge) == ["answer 180 fork 0"]
    assert answers(bridge, "b1 0") == ["caller updated", "b1 answered, then acknowledge b1 0"]
    assert connect(bridge) == ["answer 200 fork 0 with sdp"]
    assert acks(bridge) == ["caller answered"]
    assert bridge.sip_legs == {CALLER: "a", "b1": "b1 0"}

    assert hangs_up(bridge, "b1 0") == ["b1 ended 200"]
    assert not bridge.is_over
    assert end(bridge, CALLER) == ["end a"]
    assert bridge.is_over


@pytest.mark.row("FA-04")
def test_a_telephone_that_does_not_keep_to_the_grammar_is_remarked_on_once() -> None:
    bridge = ringing()
    sloppy = replace(response(OFFER, 180), dropped=("Contact: 'x'", "From: y", "From: z"))
    event = sip_events.ProgressReceived(leg="b1 0", response=sloppy)

    assert said(bridge.handle_event(event)) == ["b1: SIP read in part: Contact, From", "b1 rings"]
    assert said(bridge.handle_event(event)) == ["b1 rings"]


def test_the_caller_gets_the_description_as_it_came() -> None:
    bridge = ringing()
    answers(bridge, "b1 0")

    (answer,) = bridge.carry_out(ConnectLegs(leg="b1"))

    assert isinstance(answer, Answer)
    assert answer.body == HER_SDP
    assert answer.headers == (("Content-Type", "application/sdp"),)


def test_repeated_commands_do_nothing() -> None:
    bridge = ringing()
    assert not bridge.expect("b1")
    answers(bridge, "b1 0")
    connect(bridge)

    assert connect(bridge) == []
    assert show(bridge) == []
    assert connect(bridge, "b9") == []
    assert end(bridge, "b9") == []
    assert end(bridge, CALLER) == ["end a"]
    assert end(bridge, CALLER) == []


def test_a_caller_without_offer_answers_in_its_ack() -> None:
    bridge = ringing(of=NO_OFFER)

    assert rings(bridge, "b1 0", 183, body=HER_SDP) == ["b1 rings"]
    assert answers(bridge, "b1 0") == ["caller updated", "b1 answered"]
    assert connect(bridge) == ["answer 200 fork 0 with sdp"]
    assert acks(bridge, body=SDP) == ["acknowledge b1 0 with sdp", "b1 updated", "caller answered"]


def test_progress_that_is_no_ringing_is_kept_from_the_caller() -> None:
    bridge = ringing()

    assert rings(bridge, "b1 0", 182) == []
    assert rings(bridge, "b1 0", 181) == []
    assert rings(bridge, "b1 0", 180, body=HER_SDP) == ["b1 rings with audio"]


def test_a_gateway_that_sends_183_alone_rings() -> None:
    bridge = ringing()

    assert rings(bridge, "b1 0", 183) == ["b1 rings"]
    assert rings(bridge, "b1 0", 183, body=HER_SDP) == ["b1 rings with audio"]
    assert rings(bridge, "b1 0", 183) == []


def test_whoever_takes_no_sound_of_what_was_offered_has_failed() -> None:
    nothing = HER_SDP + b"m=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n"
    bridge = ringing()

    assert rings(bridge, "b1 0", 183, body=nothing) == ["b1 rings"]
    assert answers(bridge, "b1 0", body=nothing) == [
        "acknowledge b1 0",
        "end b1 0",
        "b1 ended 488",
    ]
    assert answers(ringing(), "b1 0", body=nothing.replace(b"video 0", b"video 9"))[0] != (
        "acknowledge b1 0"
    )


@pytest.mark.row("FA-04")
def test_an_answer_that_describes_nothing_means_what_was_said_before() -> None:
    bridge = ringing()
    rings(bridge, "b1 0", 183, body=HER_SDP)
    show(bridge, "b1")

    assert answers(bridge, "b1 0", body=b"") == [
        "caller updated",
        "b1 answered, then acknowledge b1 0",
    ]
    assert connect(bridge) == ["answer 200 fork 0 with sdp"]


@pytest.mark.row("FA-04")
@pytest.mark.parametrize("of", [OFFER, NO_OFFER])
def test_who_answers_and_never_describes_anything_is_hung_up(of: Request) -> None:
    """Our own 200 would answer an offer with nothing: the call would stand in silence."""
    bridge = ringing(of=of)
    rings(bridge, "b1 0", 183, body=HER_SDP, tag="another")

    assert answers(bridge, "b1 0", body=b"") == ["acknowledge b1 0", "end b1 0", "b1 ended 488"]
    assert bridge.sip_legs == {CALLER: "a"}


# Early media


def test_early_media_goes_to_the_caller_when_told_to() -> None:
    bridge = ringing()

    assert rings(bridge, "b1 0", 183, body=HER_SDP) == ["b1 rings with audio"]
    assert show(bridge, "b1") == ["answer 183 fork 0 with sdp"]
    assert show(bridge) == ["answer 180 fork 0"]
    answers(bridge, "b1 0")
    assert connect(bridge) == ["answer 200 fork 0 with sdp"]


def test_a_second_telephones_description_is_another_fork() -> None:
    bridge = ringing()
    rings(bridge, "b1 0", 183, body=HER_SDP)
    show(bridge, "b1")
    assert refuses(bridge, "b1 0") == ["b1 ended 486"]

    assert bridge.expect("b2")
    bridge.ring("b2", [invite("b2 0")])
    rings(bridge, "b2 0", 183, body=HIS_SDP)
    assert show(bridge, "b2") == ["answer 183 fork 1 with sdp"]
    answers(bridge, "b2 0", body=HIS_SDP)
    assert connect(bridge, "b2") == ["answer 200 fork 1 with sdp"]


def test_an_answer_without_early_media_after_one_with_it_is_another_fork() -> None:
    bridge = ringing("b1", "b2")
    rings(bridge, "b1 0", 183, body=HER_SDP)
    show(bridge, "b1")
    answers(bridge, "b2 0", body=HIS_SDP)

    assert connect(bridge, "b2") == ["answer 200 fork 1 with sdp"]


def test_a_fork_behind_the_called_proxy_is_a_fork_to_the_caller() -> None:
    bridge = ringing()
    rings(bridge, "b1 0", 183, body=HER_SDP, tag="one")
    show(bridge, "b1")
    answers(bridge, "b1 0", body=HIS_SDP, tag="two")

    assert connect(bridge) == ["answer 200 fork 1 with sdp"]


# Several telephones of one account


def test_the_telephones_of_one_account_ring_as_one_leg() -> None:
    bridge = ringing(telephones=3)

    assert rings(bridge, "b1 0") == ["b1 rings"]
    assert refuses(bridge, "b1 2", 480) == []
    assert answers(bridge, "b1 1") == [
        'end b1 0 SIP;cause=200;text="Call completed elsewhere"',
        "caller updated",
        "b1 answered, then acknowledge b1 1",
    ]
    assert answers(bridge, "b1 0") == ["end b1 0"]
    assert rings(bridge, "b1 1") == []
    assert bridge.sip_legs == {CALLER: "a", "b1": "b1 1"}


def test_an_account_has_failed_when_its_last_telephone_has() -> None:
    bridge = ringing(telephones=3)

    assert refuses(bridge, "b1 0", 480) == []
    assert refuses(bridge, "b1 1", 486) == []
    assert refuses(bridge, "b1 2", 404) == ["b1 ended 486"]
    assert refuses(bridge, "b1 2", 404) == []


@pytest.mark.row("FI-05")
@pytest.mark.parametrize("status", [300, 301, 302])
def test_where_a_telephone_sends_the_call_is_told_though_others_ring(status: int) -> None:
    bridge = ringing(telephones=2)
    contact = '"J" <sip:john;x@pbx.example>;q=0.5, <tel:+380501112233>, <sip:pbx.example>'
    moved = response(request(), status, contact=contact)

    outs = bridge.handle_event(sip_events.InviteFailed(leg="b1 0", status=status, response=moved))

    # By their q: a telephone that names two places names them in any order (RFC 3261 §8.1.3.4).
    told = call_events.LegRedirected(leg="b1", users=("+380501112233", "john"))
    assert outs == [told]
    assert refuses(bridge, "b1 1", 480) == ["b1 ended 302"] or status != 302


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([], 480), ([404], 404), ([503, 480], 480), ([480, 486], 486), ([486, 603], 603)],
)
def test_what_speaks_for_the_person_wins(statuses: list[int], expected: int) -> None:
    assert worst_cause([Cause(sip=status) for status in statuses]).sip == expected


# Ending


def test_losers_learn_that_the_call_was_answered_elsewhere() -> None:
    bridge = ringing("b1", "b2")
    answers(bridge, "b1 0")

    assert end(bridge, "b2", why=AttemptEnd.ANSWERED_ELSEWHERE) == [
        'end b2 0 SIP;cause=200;text="Call completed elsewhere"'
    ]
    assert rings(bridge, "b2 0") == []
    assert answers(bridge, "b2 0") == ["end b2 0"]


def test_a_leg_that_answers_too_is_told_and_can_be_ended() -> None:
    bridge = ringing("b1", "b2")
    answers(bridge, "b1 0")

    assert answers(bridge, "b2 0") == ["b2 answered, then acknowledge b2 0"]
    assert end(bridge, "b2") == ["end b2 0"]


def test_a_caller_that_gives_up_is_gone() -> None:
    bridge = ringing()
    event = sip_events.InviteCancelled(leg="a", request=request("CANCEL"))

    assert said(bridge.handle_event(event)) == ["caller ended 487"]
    assert said(bridge.handle_event(event)) == []
    assert show(bridge) == []
    assert connect(bridge) == []
    assert not bridge.expect("b2")
    assert end(bridge, CALLER) == []
    assert end(bridge, "b1", why=AttemptEnd.CANCELLED_BY_CALLER) == [
        'end b1 0 SIP;cause=487;text="Caller hung up"'
    ]
    assert bridge.is_over


def test_a_caller_is_refused_with_the_status_of_the_cause() -> None:
    bridge = Bridge("a", OFFER)

    (out,) = bridge.carry_out(EndLeg(leg=CALLER, cause=Cause(sip=603, q850=21)))

    assert out == EndSession(leg="a", status=603, headers=(("Reason", "Q.850;cause=21"),))
    assert bridge.is_over


def test_a_caller_that_never_acknowledges_is_gone() -> None:
    bridge = ringing()
    answers(bridge, "b1 0")
    connect(bridge)

    outs = bridge.handle_event(sip_events.SipLegEnded(leg="a", status=408))

    assert said(outs) == ["caller ended 408"]


def test_a_leg_that_was_ended_while_it_was_looked_up_is_not_rung() -> None:
    bridge = Bridge("a", OFFER)
    assert bridge.expect("b1")

    assert end(bridge, "b1") == []
    assert bridge.ring("b1", [invite("b1 0")]) == []
    assert bridge.unreachable("b1", Cause(sip=503)) == []


def test_a_leg_that_cannot_be_rung_has_ended() -> None:
    bridge = Bridge("a", OFFER)
    bridge.expect("b1")

    assert said(bridge.unreachable("b1", Cause(sip=480))) == ["b1 ended 480"]


def test_hops_are_counted_down() -> None:
    assert Bridge("a", OFFER).max_forwards == ("Max-Forwards", "69")


# While they talk


@pytest.mark.parametrize(("one", "other"), [("a", "b1 0"), ("b1 0", "a")])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_goes_to_the_other_side_and_its_answer_back(
    one: str, other: str, method: str
) -> None:
    bridge = talking()

    assert asks(bridge, one, method, body=SDP) == [f"ask {other} {method} r with sdp"]
    then = f"acknowledge {other}, then " if method == "INVITE" else ""
    names = {"a": CALLER, "b1 0": "b1"}
    assert replies(bridge, other, request(method), body=HER_SDP) == [
        f"{names[other]} updated",
        f"{names[one]} updated, then {then}reply r 200 with sdp",
    ]
    assert acks(bridge, one) == []


def test_a_reinvite_without_offer_is_answered_in_its_ack() -> None:
    bridge = talking()

    assert asks(bridge, "b1 0", "INVITE") == ["ask a INVITE r"]
    assert replies(bridge, "a", request("INVITE"), body=SDP) == [
        "caller updated",
        "b1 updated, then reply r 200 with sdp",
    ]
    assert acks(bridge, "b1 0", body=HER_SDP) == ["acknowledge a with sdp", "caller updated"]


@pytest.mark.row("FI-01")
def test_an_update_that_went_as_an_invite_is_acknowledged() -> None:
    bridge = talking()

    assert asks(bridge, "a", "UPDATE", body=SDP) == ["ask b1 0 UPDATE r with sdp"]
    told = replies(bridge, "b1 0", request("INVITE"), body=HER_SDP)
    assert "acknowledge b1 0" in told[-1]
    assert "reply r 200 with sdp" in told[-1]


@pytest.mark.row("FI-01", "FD-02")
@pytest.mark.parametrize(("leg", "name"), [("a", CALLER), ("b1 0", "b1")])
def test_a_dialog_that_changed_is_stored_anew(leg: str, name: str) -> None:
    bridge = talking()

    assert said(bridge.handle_event(sip_events.DialogChanged(leg=leg))) == [f"{name} updated"]
    assert bridge.handle_event(sip_events.DialogChanged(leg="gone")) == []


@pytest.mark.row("FI-01")
def test_a_session_that_was_not_refreshed_says_so() -> None:
    bridge = talking()
    why = "the session was not refreshed"

    (out,) = bridge.handle_event(sip_events.SipLegEnded(leg="a", status=408, why=why))

    cause = Cause(sip=408, q850=41, text=f"lost: {why}", is_loss=True)
    assert out == call_events.LegEnded(leg=CALLER, cause=cause)


def test_a_refused_offer_changes_nothing() -> None:
    bridge = talking()
    asks(bridge, "a", "INVITE", body=SDP)

    assert replies(bridge, "b1 0", request("INVITE"), status=488) == ["reply r 488"]


@pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
def test_messages_are_passed_with_what_describes_them(method: str) -> None:
    bridge = talking()
    told = request(method, "Content-Type: application/dtmf-relay", "X-Own: secret")
    message = replace(told, body=b"Signal=5")

    (out,) = bridge.handle_event(
        sip_events.InDialogRequestReceived(leg="a", ref="r", request=message)
    )

    assert out == SendInDialog(
        leg="b1 0",
        ref="r",
        method=method,
        headers=(("Content-Type", "application/dtmf-relay"),),
        body=b"Signal=5",
    )
    assert replies(bridge, "b1 0", request(method)) == ["reply r 200"]


def test_a_header_that_cannot_be_repeated_is_not_passed() -> None:
    bridge = talking()
    message = replace(request("INFO", "Content-Type: a\0b", "Content-Language: en"), body=b"5")

    (out,) = bridge.handle_event(
        sip_events.InDialogRequestReceived(leg="a", ref="r", request=message)
    )

    assert isinstance(out, SendInDialog)
    assert out.headers == (("Content-Language", "en"),)


@pytest.mark.parametrize(("status", "passed"), [(408, 408), (481, 481), (491, 491), (503, 500)])
def test_a_request_that_got_no_response_fails(status: int, passed: int) -> None:
    bridge = talking()
    asks(bridge, "a", "INFO")
    event = sip_events.FinalResponseReceived(leg="b1 0", ref="r", status=status, response=None)

    assert said(bridge.handle_event(event)) == [f"reply r {passed}"]


@pytest.mark.parametrize("status", [401, 407, 302])
def test_what_concerns_only_us_becomes_a_plain_failure(status: int) -> None:
    bridge = talking()
    asks(bridge, "a", "INFO")

    assert replies(bridge, "b1 0", request("INFO"), status=status) == ["reply r 500"]


def test_a_cancelled_reinvite_is_still_acknowledged() -> None:
    bridge = talking()
    asks(bridge, "a", "INVITE")

    assert bridge.handle_event(sip_events.ReinviteCancelled(leg="a", ref="r")) == []
    assert replies(bridge, "b1 0", request("INVITE"), body=HER_SDP) == ["acknowledge b1 0"]
    assert replies(bridge, "b1 0", request("INVITE"), status=487) == []


def test_who_asks_before_there_is_somebody_to_ask_may_try_again() -> None:
    bridge = ringing("b1", "b2")

    assert asks(bridge, "a", "INFO") == ["reply r 415"]
    answers(bridge, "b1 0")
    assert asks(bridge, "b1 0", "INVITE") == ["reply r 491"]
    connect(bridge)
    assert asks(bridge, "b1 0", "INVITE") == ["reply r 491"]
    acks(bridge)
    assert asks(bridge, "b2 0", "INFO") == ["reply r 415"]
    assert asks(bridge, "b1 0", "INFO") == ["ask a INFO r"]


def test_nobody_is_asked_once_the_other_side_is_gone() -> None:
    bridge = talking()
    hangs_up(bridge, "b1 0")

    assert asks(bridge, "a", "INFO") == ["reply r 415"]
    assert hangs_up(bridge, "b1 0") == []


# After a restart


def test_a_resumed_call_goes_on() -> None:
    bridge = Bridge.resumed({CALLER: "a", "b1": "b1 0"}, CALLER, "b1")

    assert bridge.sip_legs == {CALLER: "a", "b1": "b1 0"}
    assert asks(bridge, "a", "INFO") == ["ask b1 0 INFO r"]
    assert connect(bridge) == []
    assert hangs_up(bridge, "a") == ["caller ended 200"]
    assert end(bridge, "b1") == ["end b1 0"]
    assert bridge.is_over


def test_half_a_call_can_be_ended_after_a_restart() -> None:
    bridge = Bridge.resumed({"b1": "b1 0"}, CALLER, "b1")

    assert bridge.sip_legs == {"b1": "b1 0"}
    assert asks(bridge, "b1 0", "INFO") == ["reply r 415"]
    assert end(bridge, "b1") == ["end b1 0"]
    assert bridge.is_over


@pytest.mark.row("FA-10")
def test_one_of_several_telephones_may_hang_up_before_its_answer_came() -> None:
    bridge = Bridge("a", OFFER)
    bridge.expect("b1")
    bridge.ring("b1", [invite("b"), invite("c")])
    bye = request("BYE", "Reason: Q.850;cause=21", to="<sip:x@y>;tag=b")

    def hangs_up_early(sip_leg: str) -> list[BridgeOutput]:
        failed = sip_events.InviteFailed(leg=sip_leg, status=603, response=None, request=bye)
        return bridge.handle_event(failed)

    assert hangs_up_early("b") == []
    cause = Cause(sip=603, q850=21, text="hung up before the answer came")
    assert hangs_up_early("c") == [call_events.LegEnded(leg="b1", cause=cause)]


# Somebody new for one who talks already


def joining() -> Bridge:
    """Return a call whose caller is transferred: somebody has answered, the caller is offered their sound."""
    bridge = talking()
    assert bridge.expect("b2", CALLER)
    bridge.ring("b2", [invite("b2 0")])
    assert answers(bridge, "b2 0") == [
        "ask until it fits a INVITE a joins b2 with sdp",
        "caller updated",
    ]
    return bridge


def takes(bridge: Bridge, sip_leg: str, ref: str, body: bytes = HIS_SDP) -> list[str]:
    answer = response(request("INVITE", to="<sip:x@y>;tag=b"), 200, body=body)
    event = sip_events.FinalResponseReceived(leg=sip_leg, ref=ref, status=200, response=answer)
    return said(bridge.handle_event(event))


@pytest.mark.row("FI-02")
def test_the_ack_to_somebody_new_waits_for_the_store_and_is_stored_with_the_answer() -> None:
    bridge = joining()
    assert takes(bridge, "a", "a joins b2") == [
        "caller updated",
        "b2 answered, then acknowledge a, then acknowledge b2 0 with sdp",
    ]
    assert bridge.acknowledging["b2"].body == HIS_SDP
    assert connect(bridge, "b2") == []
    assert bridge.acknowledging == {}


@pytest.mark.row("FI-02")
def test_who_took_the_sound_of_one_who_is_gone_agrees_with_the_other_again() -> None:
    bridge = joining()
    assert end(bridge, "b2", 408, AttemptEnd.TIMEOUT)[0].startswith("end b2 0")
    assert takes(bridge, "a", "a joins b2") == [
        "acknowledge a",
        "ask until it fits b1 0 INVITE b1 0 again",
        "caller updated",
    ]
    assert takes(bridge, "b1 0", "b1 0 again") == ["ask until it fits a INVITE a again with sdp"]
    assert takes(bridge, "a", "a again") == [
        "b1 updated",
        "caller updated, then acknowledge a, then acknowledge b1 0 with sdp",
    ]


@pytest.mark.row("FI-02", "FE-02")
def test_until_the_talking_legs_agree_they_are_stored_as_ones_who_have_to() -> None:
    assert talking().agreeing == []
    bridge = joining()
    assert bridge.agreeing == ["b2"]
    takes(bridge, "a", "a joins b2")
    assert bridge.agreeing == ["b2"]
    connect(bridge, "b2")
    assert bridge.agreeing == []
    bridge = joining()
    end(bridge, "b2", 408, AttemptEnd.TIMEOUT)
    for leg, ref in (("a", "a joins b2"), ("b1 0", "b1 0 again"), ("a", "a again")):
        assert bridge.agreeing
        takes(bridge, leg, ref)
    assert bridge.agreeing == []


@pytest.mark.row("FI-02", "FE-02")
@pytest.mark.parametrize("hung_up", [False, True])
def test_who_took_the_sound_of_a_target_that_came_too_late_agrees_with_the_other_again(
    *, hung_up: bool
) -> None:
    """The transfer has failed in the store as the answer of the transferred one comes: it is not to be lost."""
    bridge = joining()
    takes(bridge, "a", "a joins b2")
    if hung_up:
        hangs_up(bridge, "b2 0")
    again = end(bridge, "b2", 408, AttemptEnd.TIMEOUT)
    assert again[-2:] == ["ask until it fits b1 0 INVITE b1 0 again", "caller updated"]
    assert bridge.agreeing == [""]
    takes(bridge, "b1 0", "b1 0 again")
    assert takes(bridge, "a", "a again")[-1] == (
        "caller updated, then acknowledge a, then acknowledge b1 0 with sdp"
    )
    assert (bridge.agreeing, bridge.acknowledging) == ([], {})


@pytest.mark.row("FI-02")
def test_who_refuses_somebody_new_is_stored_as_one_who_agrees() -> None:
    bridge = joining()
    refused = response(OFFER, 488)
    event = sip_events.FinalResponseReceived(
        leg="a", ref="a joins b2", status=488, response=refused
    )
    assert said(bridge.handle_event(event))[-1] == "caller updated"
    assert bridge.agreeing == []


@pytest.mark.row("FI-02")
def test_who_agrees_again_in_vain_keeps_what_stood() -> None:
    bridge = joining()
    assert takes(bridge, "a", "a joins b2", b"")[-2] == "ask until it fits b1 0 INVITE b1 0 again"
    assert takes(bridge, "b1 0", "b1 0 again", b"") == ["acknowledge b1 0"]
    bridge = joining()
    takes(bridge, "a", "a joins b2", b"")
    takes(bridge, "b1 0", "b1 0 again")
    refused = response(OFFER, 488)
    event = sip_events.FinalResponseReceived(leg="a", ref="a again", status=488, response=refused)
    assert said(bridge.handle_event(event)) == ["acknowledge b1 0"]
    bridge = joining()
    takes(bridge, "a", "a joins b2", b"")
    event = sip_events.FinalResponseReceived(
        leg="b1 0", ref="b1 0 again", status=408, response=None
    )
    assert said(bridge.handle_event(event)) == []


@pytest.mark.row("FI-02")
def test_nobody_agrees_again_whose_other_side_has_left() -> None:
    bridge = joining()
    hangs_up(bridge, "b1 0")
    assert takes(bridge, "a", "a joins b2", b"")[0] == "acknowledge a"
    assert bridge.agree_again("a") == []
