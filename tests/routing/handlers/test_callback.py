"""A callback rings its caller first; once they answer, it is a call like any other whose caller was answered."""

from __future__ import annotations

from switchhook.domain.call import CALLER, CallState, Direction
from switchhook.domain.cause import Cause
from switchhook.domain.scheme import HangUpStep, PlayStep, VoicemailStep
from switchhook.routing.commands import RingLeg
from switchhook.routing.events import (
    CallArrived,
    CallbackPlaced,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegMisread,
    LegRetried,
    LegUpdated,
    Resynced,
    TimePassed,
    TransferOrdered,
    TransferRequested,
)
from switchhook.routing.handlers.callback import RING_TIMEOUT
from tests.support.snapshots import (
    ASK,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    OLGA,
    ask_pin,
    calls_back,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import Transcript, answers, gives_up, hangs_up, refuses, rings

ANSWERED = LegAnswered(leg=CALLER, handle="of the caller")


def placed() -> Transcript:
    """Tell the story up to Mary's telephone, which rings first; she is to talk to a mobile."""
    story = Transcript(calls_back())
    story.hears(0, CallbackPlaced(), "emit outgoing.before", "ring caller mary")
    return story


def answered() -> Transcript:
    """Tell it up to Mary's answer."""
    story = placed()
    story.hears(1, rings(CALLER))
    story.hears(4, ANSWERED, f"ring b1 {MOBILE}", "emit outgoing.forwarding")
    return story


def executed(*steps: object, callee: str = DIALLED) -> Transcript:
    """Tell of a callback to a number of the project that runs `steps`, up to its caller's answer."""
    story = Transcript(calls_back(callee=callee, within=snapshot(*steps)))  # type: ignore[arg-type]
    story.comes_to(0, CallbackPlaced())
    story.comes_to(2, ANSWERED)
    return story


def test_the_caller_is_rung_then_the_callee_and_they_talk() -> None:
    story = answered()
    story.hears(5, rings("b1"), "show ringing")
    story.hears(9, answers("b1"), "connect b1", "emit outgoing.pickup")
    story.hears(69, hangs_up("b1"), "end caller 200", "emit outgoing.after")
    assert story.end == "answered by callee, 200 hung up"
    assert story.call.direction is Direction.OUTGOING
    assert story.call.manager == "mary"
    assert story.call.conversation == 60
    assert story.journal == [
        "arrived",
        "dialled caller",
        "rang caller",
        "answered caller",
        "step direct",
        "dialled b1",
        "rang b1",
        "answered b1",
        "attempt_ended b1",
        "ended hung up",
    ]


def test_its_insertion_type_is_callback_and_its_first_line_says_who_wanted_it() -> None:
    story = placed()
    assert ("insertion_type", "callback") in story.call.facts
    assert ("callback", "crm over the API") in story.entries[0].facts


def test_early_media_of_the_callee_is_heard_by_the_caller_who_waits() -> None:
    story = answered()
    story.hears(5, rings("b1", early_media=True), "play b1")


def test_the_callers_telephone_shows_whom_the_call_is_for() -> None:
    story = answered()
    rung = [command for command in story.commands if isinstance(command, RingLeg)]
    assert [(one.leg, one.caller) for one in rung] == [(CALLER, MOBILE.value), ("b1", "mary")]


def test_a_number_of_the_project_may_be_shown_outside() -> None:
    story = Transcript(calls_back(shown=DIALLED))
    story.comes_to(0, CallbackPlaced())
    story.comes_to(1, ANSWERED)
    rung = [command for command in story.commands if isinstance(command, RingLeg)]
    assert [(one.leg, one.caller) for one in rung] == [(CALLER, MOBILE.value), ("b1", DIALLED)]


def test_an_outside_number_as_the_caller_sees_the_projects_number_and_so_does_the_callee() -> None:
    story = Transcript(calls_back("380931112233"))
    story.hears(0, CallbackPlaced(), "emit outgoing.before", "ring caller 380931112233")
    story.comes_to(1, ANSWERED)
    rung = [command for command in story.commands if isinstance(command, RingLeg)]
    assert [one.caller for one in rung] == [DIALLED, DIALLED]
    assert story.call.caller.number == "380931112233"


def test_the_caller_does_not_answer_in_time() -> None:
    story = placed()
    story.hears(RING_TIMEOUT - 0.1, TimePassed())
    story.hears(RING_TIMEOUT, TimePassed(), "end caller timeout", "emit outgoing.after")
    assert story.end == "missed by caller, 408 the caller did not answer in time"
    assert story.attempts == []


def test_the_caller_declines() -> None:
    story = placed()
    story.hears(3, refuses(CALLER, 486), "emit outgoing.after")
    assert story.end == "busy by caller, 486 the caller was not reached"


def test_the_rules_of_outside_calls_forbid_the_caller() -> None:
    story = Transcript(calls_back("380931112233"))
    story.comes_to(0, CallbackPlaced())
    why = Cause(sip=403, q850=21, text="project shop has made 2 outside calls today")
    story.hears(0, LegEnded(leg=CALLER, cause=why, is_forbidden=True), "emit outgoing.after")
    assert story.end == "blocked by system, 403 project shop has made 2 outside calls today"


def test_the_caller_hangs_up_while_the_callee_rings() -> None:
    story = answered()
    story.hears(7, gives_up(), "end b1 cancelled_by_caller", "emit outgoing.after")
    assert story.end == "cancelled by caller, 487 the caller hung up before an answer"


def test_the_callee_is_busy_so_the_caller_is_hung_up_on() -> None:
    story = answered()
    story.hears(7, refuses("b1", 486), "end caller 486", "emit outgoing.after")
    assert story.end == "busy by system, 486 busy"


def test_the_callee_does_not_answer_in_time() -> None:
    story = answered()
    story.hears(124, TimePassed(), "end b1 timeout", "end caller 480", "emit outgoing.after")
    assert story.end == "missed by system, 480 no answer"


def test_an_operator_ends_it_while_the_caller_rings() -> None:
    story = placed()
    story.hears(2, HangUpRequested(by="bob"), "end caller 480", "emit outgoing.after")
    assert story.end == "cancelled by system, 480 ended by bob"


def test_a_group_rings_together_and_who_answers_is_the_caller() -> None:
    story = Transcript(calls_back("200"))
    story.hears(0, CallbackPlaced(), "emit outgoing.before", "ring caller mary also olga")
    assert story.call.caller.number == "200"
    story.comes_to(2, LegAnswered(leg=CALLER, account="olga"))
    assert story.call.caller.account == story.call.manager == "olga"
    assert story.call.caller.name == "Olga"


def test_a_number_of_the_project_rings_whom_its_scheme_rings_accounts_first() -> None:
    within = snapshot(PlayStep(sounds=("welcome",)), ring(MOBILE, OLGA, JOHN))
    story = Transcript(calls_back(DIALLED, "380442223344", within=within))
    story.hears(0, CallbackPlaced(), "emit outgoing.before", "ring caller olga also john")
    story.hears(RING_TIMEOUT, TimePassed(), "end caller timeout", f"ring caller {MOBILE}")
    story.hears(40, refuses(CALLER, 486), "emit outgoing.after")
    assert story.end == "busy by caller, 486 the caller was not reached"


def test_a_colleague_may_be_called_and_the_call_is_internal() -> None:
    story = Transcript(calls_back(callee="john"))
    story.hears(0, CallbackPlaced(), "ring caller mary")
    story.hears(1, ANSWERED, "ring b1 john", "emit internal.forwarding")
    assert story.call.facts == ()


def test_events_about_the_callers_leg_are_kept_while_it_rings() -> None:
    story = placed()
    story.hears(1, LegUpdated(leg=CALLER, handle="new"))
    story.hears(1, LegMisread(leg=CALLER, text="a header was not read"))
    story.hears(1, LegRetried(leg=CALLER, text="trunk a: no response"))
    story.hears(1, answers("b9"), "end b9 200")
    story.hears(1, rings("b9"))
    story.hears(1, hangs_up("b9"))
    story.hears(
        1, TransferRequested(leg=CALLER, request="r", to="john"), "answer transfer of caller 491"
    )
    assert story.call.state is CallState.RINGING_CALLER


def test_a_restart_ends_it_before_the_callers_answer() -> None:
    story = placed()
    story.hears(5, Resynced(live_legs=frozenset()), "emit outgoing.after")
    assert story.end == "failed by system, 500 lost when Switchhook was restarted"


def test_a_telephone_side_that_still_rings_the_caller_goes_on_after_a_restart() -> None:
    story = placed()
    story.hears(5, Resynced(live_legs=frozenset({CALLER})))
    story.hears(6, ANSWERED, f"ring b1 {MOBILE}", "emit outgoing.forwarding")


def test_a_restart_while_the_callee_rings_goes_on_with_the_caller_who_waits() -> None:
    story = answered()
    story.hears(6, Resynced(live_legs=frozenset({CALLER})), f"ring b1 {MOBILE}")
    story.hears(9, answers("b1"), "connect b1", "emit outgoing.pickup")


def test_a_number_of_the_project_as_the_callee_runs_its_scheme() -> None:
    assert executed(ASK).call.state is CallState.ASKING
    assert executed(PlayStep(sounds=("welcome",))).call.state is CallState.PLAYING
    assert executed(ask_pin()).call.state is CallState.COLLECTING
    assert executed(ring(JOHN)).call.state is CallState.RINGING
    assert executed(VoicemailStep(sounds=())).call.state is CallState.RECORDING
    assert executed(HangUpStep()).call.state is CallState.ENDED


def test_the_caller_transfers_the_callee_like_every_account() -> None:
    story = answered()
    story.comes_to(9, answers("b1"))
    wish = TransferRequested(leg=CALLER, request="r", to="john")
    story.hears(
        20,
        wish,
        "answer transfer of caller 202",
        "notify caller of transfer 100",
        "ring b2 john for b1",
    )
    assert MARY.value == story.call.caller.account


def test_no_order_transfers_a_callback_to_an_emergency_number_and_a_telephone_does() -> None:
    story = answered()
    story.comes_to(9, answers("b1"))
    story.hears(10, TransferOrdered(by="crm over the API", to="1/12"))
    assert story.journal[-1].startswith("transfer_failed")
    assert "112 is an emergency number, which people dial themselves" in story.journal[-1]
    story.comes_to(20, TransferRequested(leg=CALLER, request="r", to="112"))
    assert story.call.state is CallState.TRANSFERRING


def test_a_conversation_that_people_began_is_transferred_to_an_emergency_number_by_order() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived())
    story.comes_to(5, answers("b1"), answers(CALLER))
    story.comes_to(10, TransferOrdered(by="crm over the API", to="112"))
    assert story.call.state is CallState.TRANSFERRING
