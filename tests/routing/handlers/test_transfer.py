"""A telephone transfers the other party: who is rung, who talks next, and what becomes of a failed one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState, Leg
from switchhook.domain.cause import Cause
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.hours import Span, WorkingHours
from switchhook.domain.project import Number, ProjectSnapshot
from switchhook.domain.scheme import (
    GoToStep,
    HangUpStep,
    HoursStep,
    PlayStep,
    RateStep,
    RecordStep,
    VoicemailStep,
)
from switchhook.domain.screening import Screening
from switchhook.routing.commands import RingLeg
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    DirectionGiven,
    HangUpRequested,
    LegEnded,
    LegMisread,
    LegRedirected,
    LegRetried,
    LegUpdated,
    Resynced,
    SchemeGiven,
    TimePassed,
)
from switchhook.routing.handlers.transfer import (
    HANGUP_AFTER_FAILURE,
    MAX_TRANSFERS,
    RECALL_TIMEOUT,
    RING_TIMEOUT,
)
from switchhook.routing.position import MAX_JUMPS
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    OLGA,
    ask_crm,
    ask_pin,
    from_account,
    incoming,
    number,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    answers,
    hangs_up,
    is_recorded,
    refuses,
    rings,
    transfers,
)

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step
    from switchhook.routing.events import Event

pytestmark = pytest.mark.row("FI-02")

NIGHT = "380800111333"
OTHER = "380800111444"
BEGUN = ("answer transfer of b1 202", "notify b1 of transfer 100")
AFTER = "emit incoming.after"
RINGS_MARY = ring(MARY)


def mary_talks(*steps: Step, within: ProjectSnapshot | None = None) -> Transcript:
    """Mary talks to a customer."""
    story = Transcript(incoming(*(steps or (RINGS_MARY,)), within=within))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"))
    assert story.call.state is CallState.TALKING
    return story


def mary_transfers(to: str = "john", *steps: Step) -> Transcript:
    story = mary_talks(*steps)
    story.comes_to(10, transfers("b1", to))
    assert story.call.state is CallState.TRANSFERRING
    return story


def john_talks(callee: str = "mary", within: ProjectSnapshot | None = None) -> Transcript:
    """John has called somebody."""
    story = Transcript(from_account(callee, within or snapshot(RINGS_MARY)))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"))
    assert story.call.state is CallState.TALKING
    return story


def refused(story: Transcript, leg: str, to: str, status: int) -> str:
    """Demand a refusal that changes nothing, and return what the journal says of it."""
    state = story.call.state
    story.hears(11, transfers(leg, to), f"answer transfer of {leg} {status}")
    assert story.call.state is state
    return story.journal[-1]


# What is transferred, and to whom


def test_who_was_called_transfers_the_caller_to_a_colleague() -> None:
    story = mary_talks()
    story.hears(10, transfers("b1", "john"), *BEGUN, "ring b2 john for caller")
    story.hears(11, rings("b2"), "notify b1 of transfer 180")
    story.hears(
        13,
        answers("b2"),
        "connect b2",
        "notify b1 of transfer 200",
        "end b1 answered",
        "emit incoming.transfer",
    )
    story.hears(14, hangs_up("b1"))
    story.hears(20, hangs_up("b2"), "end caller 200", AFTER)
    assert story.end == "answered by callee, 200 hung up"
    assert story.call.manager == "john"
    assert story.call.conversation == 20
    found = [line.partition(" ")[0] for line in story.journal if line.startswith("transfer")]
    assert found == ["transfer_requested", "transfer_completed"]


def test_the_caller_transfers_whom_they_called() -> None:
    story = john_talks()
    story.hears(
        10,
        transfers("caller", "olga"),
        "answer transfer of caller 202",
        "notify caller of transfer 100",
        "ring b2 olga for b1",
    )
    (command,) = (c for c in story.commands if isinstance(c, RingLeg) and c.leg == "b2")
    assert (command.caller, command.caller_name) == ("mary", "Mary")
    story.hears(
        12,
        answers("b2"),
        "connect b2 to b1",
        "notify caller of transfer 200",
        "end caller 200",
        "emit internal.transfer",
    )
    story.hears(12, hangs_up("caller"))
    story.hears(20, hangs_up("b1"), "end b2 answered", "emit internal.after")
    assert story.end == "answered by callee, 200 hung up"


def test_whoever_was_transferred_may_transfer_on() -> None:
    story = john_talks()
    story.comes_to(10, transfers("caller", "olga"), answers("b2"))
    story.hears(
        20,
        transfers("b2", "john"),
        "answer transfer of b2 202",
        "notify b2 of transfer 100",
        "ring b3 john for b1",
    )
    story.comes_to(21, answers("b3"))
    assert (story.call.party, story.call.talking_to) == ("b1", "b3")


def test_a_group_rings_but_for_those_who_talk() -> None:
    story = mary_talks()
    story.hears(10, transfers("b1", "200"), *BEGUN, "ring b2 olga for caller")


def test_the_first_of_a_group_to_answer_gets_the_call() -> None:
    story = mary_talks(ring(JOHN))
    story.comes_to(10, transfers("b1", "200"))
    story.hears(11, refuses("b2", 486))
    story.hears(12, rings("b3"), "notify b1 of transfer 180")
    story.comes_to(13, answers("b3"))
    assert story.call.talking_to == "b3"
    several = mary_talks(ring(JOHN))
    several.comes_to(10, transfers("b1", "200"), rings("b2"), rings("b3"), answers("b3"))
    assert several.attempts[1] == "b2 mary answered_elsewhere"


def test_an_outside_number_in_any_spelling_is_rung_over_the_trunk() -> None:
    for spelling in ("380501112233", "+380501112233", "00380501112233", "+380 50 111-22-33"):
        story = mary_talks()
        story.comes_to(10, transfers("b1", spelling))
        assert story.call.legs[-1].account == "mary"
        assert story.call.state is CallState.TRANSFERRING


def test_the_projects_rules_of_outside_calls_hold_for_transfers_too() -> None:
    made = snapshot(RINGS_MARY, screening=Screening(denied_prefixes=("38050",)))
    assert "rules forbid" in refused(mary_talks(within=made), "b1", MOBILE.value, 403)
    without = snapshot(RINGS_MARY, trunks=())
    assert "no trunk" in refused(mary_talks(within=without), "b1", MOBILE.value, 404)


def test_a_limit_of_outside_calls_ends_the_transfer_with_403() -> None:
    story = mary_transfers(MOBILE.value)
    no = LegEnded(leg="b2", cause=Cause(sip=403, q850=21, text="the limit"), is_forbidden=True)
    story.hears(10, no, "notify b1 of transfer 403")
    assert story.call.state is CallState.TALKING


def test_who_calls_for_help_may_be_put_through() -> None:
    made = snapshot(RINGS_MARY, screening=Screening(denied_prefixes=("1",)))
    story = mary_talks(within=made)
    story.hears(10, transfers("b1", "112"), *BEGUN, "ring b2 112 for caller")


def with_night(*steps: Step) -> ProjectSnapshot:
    """Return the shop, where a second number runs these steps."""
    made = snapshot(RINGS_MARY, schemes={2: steps})
    numbers = (*made.project.numbers, Number(number=NIGHT, scheme=2))
    return ProjectSnapshot(replace(made.project, numbers=numbers))


def test_a_number_of_the_project_rings_whom_its_scheme_rings_first() -> None:
    made = with_night(PlayStep(sounds=("welcome",)), ring(JOHN, OLGA), ring(MARY))
    story = mary_talks(within=made)
    story.hears(
        10,
        transfers("b1", f"+{NIGHT}"),
        *BEGUN,
        "ring b2 john for caller",
        "ring b3 olga for caller",
    )


def test_a_scheme_that_wants_the_caller_to_hear_or_press_is_not_transferred_to() -> None:
    for step in (ask_crm(), ask_pin(ring(JOHN)), VoicemailStep(sounds=("welcome",))):
        why = refused(mary_talks(within=with_night(step, ring(JOHN))), "b1", NIGHT, 501)
        assert why.endswith(f"scheme 2 does not come to ring telephones: {step.word} comes first")
    nobody = with_night(PlayStep(sounds=("welcome",)))
    assert refused(mary_talks(within=nobody), "b1", NIGHT, 501).endswith("ring telephones")


def test_hours_and_other_schemes_are_gone_through_as_by_a_call_that_comes_now() -> None:
    office = WorkingHours(name="office", thursday=(Span(opens=0, closes=1440),))
    steps = (
        HoursStep(hours="office", open_=(PlayStep(sounds=("welcome",)),), closed=(ring(OLGA),)),
    )
    made = with_night(*steps, ring(JOHN))
    project = replace(made.project, hours=(office,))
    for now, rung in ((10.0, "john"), (10.0 + 86_400, "olga")):  # a Thursday, and the day after
        story = mary_talks(within=ProjectSnapshot(project))
        story.hears(now, transfers("b1", NIGHT), *BEGUN, f"ring b2 {rung} for caller")
    unknown = mary_talks(
        within=with_night(HoursStep(hours="none", open_=(ring(OLGA),)), ring(JOHN))
    )
    unknown.hears(10, transfers("b1", NIGHT), *BEGUN, "ring b2 john for caller")


def test_a_scheme_that_goes_to_another_rings_whom_that_rings() -> None:
    for steps in ((GoToStep(scheme=3),), (ring(number(OTHER)),)):
        made = snapshot(RINGS_MARY, schemes={2: steps, 3: (ring(JOHN),)})
        numbers = (Number(number=NIGHT, scheme=2), Number(number=OTHER, scheme=3))
        within = ProjectSnapshot(replace(made.project, numbers=(*made.project.numbers, *numbers)))
        story = mary_talks(within=within)
        story.hears(10, transfers("b1", NIGHT), *BEGUN, "ring b2 john for caller")
    refused(mary_talks(within=with_night(GoToStep(scheme=2))), "b1", NIGHT, 501)
    refused(mary_talks(within=with_night(GoToStep(scheme=9))), "b1", NIGHT, 501)


# A number whose scheme asks whom it rings

ASKS = (*BEGUN, "ask crm as c-1")


def mary_asks(*more: Step) -> Transcript:
    """Mary transfers a customer to a number whose scheme asks the CRM."""
    story = mary_talks(within=with_night(ASK, *(more or (ring(OLGA),))))
    story.hears(10, transfers("b1", NIGHT), *ASKS)
    return story


def test_a_webhook_says_whom_the_number_rings() -> None:
    story = mary_asks()
    given = DirectionGiven(ask="c-1", targets=(JOHN, MARY))
    story.hears(11, given, "ring b2 john for caller")
    assert "answer john, mary" in story.journal
    assert story.call.legs[-1].account == "mary"
    story.hears(11 + RING_TIMEOUT - 1, TimePassed())
    story.comes_to(12, answers("b2"))
    assert (story.call.party, story.call.talking_to) == ("caller", "b2")


@pytest.mark.parametrize("what", ["fails", "is late", "names nobody", "is forbidden"])
def test_a_webhook_that_says_nothing_of_use_lets_the_scheme_go_on(what: str) -> None:
    answer: Event = TimePassed()
    if what == "fails":
        answer = AskFailed(ask="c-1", failure=failure_of())
    elif what != "is late":
        targets = (MARY,) if what == "names nobody" else (number("12125550123"),)
        answer = DirectionGiven(ask="c-1", targets=targets)
    made = with_night(ASK, ring(OLGA))
    denied = replace(made.project, screening=Screening(denied_prefixes=("1",)))
    story = mary_talks(within=ProjectSnapshot(denied))
    story.hears(10, transfers("b1", NIGHT), *ASKS)
    story.hears(40, answer, "ring b2 olga for caller")


def test_a_webhook_may_name_a_number_or_a_scheme_of_the_project() -> None:
    story = mary_asks()
    story.hears(11, SchemeGiven(ask="c-1", scheme=1), "ring b2 olga for caller")
    again = mary_asks()
    again.hears(11, SchemeGiven(ask="c-1", scheme=2), "ask crm as c-2")
    again.hears(12, DirectionGiven(ask="c-2", targets=(number(NIGHT),)), "ask crm as c-3")
    again.hears(13, SchemeGiven(ask="c-2", scheme=2))
    for nth in range(3, MAX_JUMPS + 2):
        again.hears(13, SchemeGiven(ask=f"c-{nth}", scheme=2), f"ask crm as c-{nth + 1}")
    last = SchemeGiven(ask=f"c-{MAX_JUMPS + 2}", scheme=2)
    again.hears(13, last, "ring b2 olga for caller")


def test_where_the_scheme_comes_to_nobody_the_transfer_has_failed() -> None:
    story = mary_asks(HangUpStep())
    said = "notify b1 of transfer 501"
    story.hears(11, DirectionGiven(ask="c-1", targets=(MARY,)), said)
    assert story.call.state is CallState.TALKING
    late = mary_asks(HangUpStep())
    late.hears(11, SchemeGiven(ask="c-1", scheme=9), said)
    failed = mary_asks(HangUpStep())
    failed.hears(11, AskFailed(ask="c-1", failure=failure_of()), said)


def test_nobody_waits_for_a_webhook_when_the_call_goes_another_way() -> None:
    gone = mary_asks()
    gone.hears(11, hangs_up("caller"), "notify b1 of transfer 487", "end b1 answered", AFTER)
    assert gone.call.asks.pending is None
    restarted = mary_asks()
    both = Resynced(live_legs=frozenset({"caller", "b1"}))
    restarted.hears(11, both, "notify b1 of transfer 500")
    restarted.hears(12, DirectionGiven(ask="c-1", targets=(JOHN,)))
    left = mary_asks()
    left.hears(11, hangs_up("b1"), "show ringing")
    left.hears(12, DirectionGiven(ask="c-1", targets=(JOHN,)), "ring b2 john for caller")
    for event in (DirectionGiven(ask="no", targets=(JOHN,)), SchemeGiven(ask="no", scheme=1)):
        other = mary_asks()
        other.hears(11, event)
    other.hears(11, AskFailed(ask="no", failure=failure_of()))


def failure_of() -> Failure:
    return Failure(kind=FailureKind.NO_ANSWER_IN_TIME, detail="too late")


# A telephone that forwards its calls


def forwards(leg: str, *users: str) -> LegRedirected:
    return LegRedirected(leg=leg, users=users)


@pytest.mark.row("FI-05")
def test_a_telephone_that_forwards_is_followed_for_the_transferred_party() -> None:
    story = mary_transfers()
    story.hears(11, forwards("b2", "nobody", "mary", "olga"), "ring b3 olga for caller")
    story.hears(11, refuses("b2", 302))
    assert "notice b2 john forwards its calls to olga" in story.journal
    story.hears(12, rings("b3"), "notify b1 of transfer 180")
    story.comes_to(13, answers("b3"))
    assert (story.call.party, story.call.talking_to) == ("caller", "b3")


@pytest.mark.row("FI-05")
def test_what_is_forwarded_outside_counts_for_who_transferred_or_is_rung_back() -> None:
    story = mary_transfers()
    story.hears(11, forwards("b2", MOBILE.value), f"ring b3 {MOBILE} for caller")
    assert story.call.legs[-1].account == "mary"
    back = mary_transfers()
    back.comes_to(11, hangs_up("b1"), refuses("b2", 486))
    back.hears(12, forwards("b3", MOBILE.value), f"ring b4 {MOBILE} for caller")
    assert back.call.legs[-1].account == "mary"  # whose telephone it is, as ever


@pytest.mark.row("FI-05")
def test_nobody_is_forwarded_to_who_may_not_ring_or_takes_part_already() -> None:
    story = mary_transfers()
    for users in (("mary",), (CUSTOMER,), ("nobody",)):
        story.hears(11, forwards("b2", *users))
        assert story.journal[-1].endswith("where none may ring")
    story.hears(11, forwards("b9", "olga"))
    story.hears(12, refuses("b2", 302), "notify b1 of transfer 302")
    denied = snapshot(RINGS_MARY, screening=Screening(denied_prefixes=("38050",)))
    other = mary_talks(within=denied)
    other.comes_to(10, transfers("b1", "john"))
    other.hears(11, forwards("b2", MOBILE.value))


@pytest.mark.row("FI-05")
def test_nobody_who_talks_forwards_the_call_while_it_is_transferred() -> None:
    story = mary_asks()
    story.hears(11, forwards("b1", "olga"))
    story.hears(12, DirectionGiven(ask="c-1", targets=(JOHN,)), "ring b2 john for caller")
    story.hears(13, forwards("b1", "olga"))


@pytest.mark.row("FI-05")
def test_a_telephone_forwards_to_a_number_of_the_project_whose_scheme_rings() -> None:
    story = mary_talks(within=with_night(ring(OLGA)))
    story.comes_to(10, transfers("b1", "john"))
    story.hears(11, forwards("b2", NIGHT), "ring b3 olga for caller")
    asks = mary_talks(within=with_night(ASK, ring(OLGA)))
    asks.comes_to(10, transfers("b1", "john"))
    asks.hears(11, forwards("b2", NIGHT))


# What is refused


def test_who_is_nobody_is_not_rung() -> None:
    assert "nobody is neither" in refused(mary_talks(), "b1", "nobody", 404)


def test_nobody_is_transferred_to_those_who_talk_already() -> None:
    for to in ("mary", CUSTOMER, f"+{CUSTOMER}"):
        assert "takes part" in refused(mary_talks(), "b1", to, 603)
    for to in ("john", "mary"):
        refused(john_talks(), "caller", to, 603)


def test_only_an_accounts_telephone_may_transfer() -> None:
    assert "only an account" in refused(mary_talks(), "caller", "john", 603)
    outside = mary_talks(ring(MOBILE))
    refused(outside, "b1", "john", 603)


def test_an_attended_transfer_is_told_from_a_blind_one() -> None:
    story = mary_talks()
    wish = transfers("b1", "john", is_attended=True)
    story.hears(10, wish, "answer transfer of b1 501")


def test_a_second_transfer_waits_for_the_first() -> None:
    story = mary_transfers()
    refused(story, "b1", "olga", 491)
    refused(story, "caller", "olga", 491)


def test_two_that_pass_a_call_to_and_fro_come_to_an_end() -> None:
    story = mary_talks()
    for nth in range(1, MAX_TRANSFERS + 1):
        to = "john" if nth % 2 else "mary"
        story.comes_to(nth, transfers(f"b{nth}", to), answers(f"b{nth + 1}"))
    refused(story, f"b{MAX_TRANSFERS + 1}", "john", 603)


def test_one_who_was_transferred_and_answers_once_more_is_not_hung_up() -> None:
    story = john_talks()
    story.comes_to(10, transfers("caller", "olga"), answers("b2"))
    for leg in ("b1", "b2"):
        story.hears(11, answers(leg))
    story.hears(11, answers("b9"), "end b9 200")


def test_a_leg_that_takes_no_part_transfers_nobody() -> None:
    story = mary_talks()
    story.hears(10, transfers("b9", "john"))


def test_while_nobody_talks_there_is_nobody_to_transfer() -> None:
    rung = Transcript(incoming(RINGS_MARY))
    rung.comes_to(0, CallArrived())
    refused(rung, "caller", "john", 491)
    refused(rung, "b1", "john", 491)
    for step in (ask_crm(ring(JOHN)), PlayStep(sounds=("welcome",)), ask_pin(ring(JOHN))):
        story = Transcript(incoming(step))
        story.comes_to(0, CallArrived())
        refused(story, "caller", "john", 491)
    rated = mary_talks(RateStep(sounds=("choose",)), RINGS_MARY)
    rated.comes_to(20, hangs_up("b1"))
    refused(rated, "caller", "john", 491)
    recorded = mary_talks(RecordStep(), RINGS_MARY)
    recorded.comes_to(20, hangs_up("b1"))
    refused(recorded, "caller", "john", 491)


# What becomes of a failed one


@pytest.mark.parametrize("status", [486, 480, 603, 500])
def test_a_refused_one_leaves_both_as_they_were(status: int) -> None:
    a_refused_one(status)


def a_refused_one(status: int) -> None:
    story = mary_transfers()
    story.hears(12, refuses("b2", status), f"notify b1 of transfer {status}")
    assert story.call.state is CallState.TALKING
    assert story.journal[-1].startswith("transfer_failed b1")
    story.hears(20, hangs_up("caller"), "end b1 answered", AFTER)
    assert story.end == "answered by caller, 200 hung up"


def test_one_that_nobody_answers_leaves_both_as_they_were() -> None:
    story = mary_transfers()
    story.hears(10 + RING_TIMEOUT - 1, TimePassed())
    story.hears(10 + RING_TIMEOUT, TimePassed(), "end b2 timeout", "notify b1 of transfer 408")
    assert story.call.wake_at is None
    story.hears(80, transfers("b1", "olga"), *BEGUN, "ring b3 olga for caller")


def test_who_transferred_and_hung_up_is_rung_back() -> None:
    story = mary_transfers()
    story.hears(11, hangs_up("b1"), "show ringing")
    story.hears(12, rings("b2"))
    story.hears(13, refuses("b2", 486), "ring b3 mary for caller")
    story.hears(14, rings("b3"))
    story.hears(15, answers("b3"), "connect b3")
    story.hears(20, hangs_up("b3"), "end caller 200", AFTER)
    assert story.attempts == ["b1 mary answered", "b2 john busy", "b3 mary answered"]


def test_who_transferred_and_hung_up_is_not_needed_for_one_that_succeeds() -> None:
    story = mary_transfers()
    story.comes_to(11, hangs_up("b1"))
    story.hears(13, answers("b2"), "connect b2", "emit incoming.transfer")


def test_a_telephone_that_lets_go_as_its_transfer_failed_is_rung_back() -> None:
    story = mary_transfers()
    story.comes_to(12, refuses("b2", 486))
    story.hears(12.5, hangs_up("b1"), "show ringing", "ring b3 mary for caller")
    story.hears(14, answers("b3"), "connect b3")
    story.hears(15, hangs_up("b3"), "end caller 200", AFTER)
    refusal = john_talks()
    refusal.comes_to(10, transfers("caller", "nobody"))
    refusal.hears(10.1, hangs_up("caller"), "ring b2 john for b1")


def test_who_hangs_up_later_or_is_lost_ends_the_call() -> None:
    story = mary_transfers()
    story.comes_to(12, refuses("b2", 486))
    story.hears(12 + HANGUP_AFTER_FAILURE + 1, hangs_up("b1"), "end caller 200", AFTER)
    lost = mary_transfers()
    lost.comes_to(12, refuses("b2", 486))
    cause = Cause(sip=408, text="lost", is_loss=True)
    lost.hears(12.5, LegEnded(leg="b1", cause=cause), "end caller 408", AFTER)
    other = mary_transfers()
    other.comes_to(12, refuses("b2", 486))
    other.hears(12.5, hangs_up("caller"), "end b1 answered", AFTER)


def test_a_caller_who_transferred_and_hung_up_is_rung_back_too() -> None:
    story = john_talks()
    story.comes_to(10, transfers("caller", "olga"))
    story.hears(11, hangs_up("caller"))
    story.hears(12, refuses("b2", 486), "ring b3 john for b1")
    story.hears(13, answers("b3"), "connect b3 to b1")
    assert story.call.state is CallState.TALKING


def test_where_nobody_is_left_the_call_ends() -> None:
    story = mary_transfers()
    story.comes_to(11, hangs_up("b1"), refuses("b2", 486))
    story.hears(11 + RECALL_TIMEOUT, TimePassed(), "end b3 timeout", "end caller 200", AFTER)
    assert story.end == "answered by system, 200 hung up"
    recorded = mary_transfers("john", RecordStep(), RINGS_MARY)
    recorded.comes_to(11, hangs_up("b1"), refuses("b2", 486))
    recorded.hears(11 + RECALL_TIMEOUT, TimePassed(), "end b3 timeout", "stop r1", "end caller 200")
    recorded.hears(45, is_recorded(), AFTER)


def test_the_transferred_party_hangs_up_meanwhile() -> None:
    story = mary_transfers()
    story.hears(
        12,
        hangs_up("caller"),
        "end b2 cancelled_by_caller",
        "notify b1 of transfer 487",
        "end b1 answered",
        AFTER,
    )
    assert story.end == "answered by caller, 200 hung up"
    other = john_talks()
    other.comes_to(10, transfers("caller", "olga"), hangs_up("b1"))
    assert other.end == "answered by callee, 200 hung up"
    recorded = mary_transfers("john", RecordStep(), RINGS_MARY)
    recorded.comes_to(12, hangs_up("caller"))
    assert recorded.call.state is CallState.RECORDING


def test_an_operator_ends_a_call_that_is_being_transferred() -> None:
    story = mary_transfers()
    ends = ("end b1 answered", "end b2 failed", "end caller 200", AFTER)
    story.hears(12, HangUpRequested(by="bob"), "notify b1 of transfer 487", *ends)
    assert any("transfer_failed b1 ended by bob" in line for line in story.journal)
    assert story.call.transfers.current is None


def test_what_else_happens_meanwhile() -> None:
    story = mary_transfers(MOBILE.value)
    story.hears(11, LegUpdated(leg="b1", handle="new"))
    story.hears(11, LegRetried(leg="b2", text="trunk one: no response"))
    story.hears(11, LegMisread(leg="b2", text="SIP read in part: Date"))
    story.hears(11, answers("caller"))
    story.hears(11, hangs_up("b9"))
    story.hears(11, rings("b9"))
    assert story.call.state is CallState.TRANSFERRING


# Recordings


def test_a_recording_goes_on_with_who_talks_next() -> None:
    story = mary_transfers("john", RecordStep(), RINGS_MARY)
    story.comes_to(12, answers("b2"))
    assert story.call.recording.running is not None
    story.comes_to(20, is_recorded())
    assert story.call.recording.running is None


def recorded_john() -> Transcript:
    made = snapshot(RecordStep(), RINGS_MARY)
    story = Transcript(from_account(DIALLED, made))
    story.comes_to(0, CallArrived(), answers("b1"), answers("caller"))
    return story


def test_a_recording_that_ends_with_the_caller_is_followed_by_another() -> None:
    story = recorded_john()
    story.comes_to(10, transfers("caller", "olga"), answers("b2"))
    story.hears(10, is_recorded(), "record both as r2")
    story.hears(11, is_recorded("r2", 0, trouble="the disk is full"))
    left = recorded_john()
    left.comes_to(10, transfers("caller", "olga"), hangs_up("caller"))
    left.hears(10, is_recorded())
    left.hears(11, answers("b2"), "connect b2 to b1", "record both as r2", "emit incoming.transfer")


# Restarts


def test_after_a_restart_the_transfer_has_failed_and_both_go_on() -> None:
    story = mary_transfers()
    both = Resynced(live_legs=frozenset({"caller", "b1"}))
    story.hears(20, both, "end b2 failed", "notify b1 of transfer 500")
    assert story.call.state is CallState.TALKING
    recorded = mary_transfers("john", RecordStep(), RINGS_MARY)
    recorded.hears(20, both, "end b2 failed", "record both as r2", "notify b1 of transfer 500")


def test_after_a_restart_whoever_left_is_rung_back() -> None:
    story = mary_transfers()
    story.comes_to(12, hangs_up("b1"))
    alone = Resynced(live_legs=frozenset({"caller"}))
    story.hears(20, alone, "end b2 failed", "ring b3 mary for caller")
    story.hears(25, alone, "end b3 failed", "end caller 200", AFTER)
    recorded = mary_transfers("john", RecordStep(), RINGS_MARY)
    recorded.comes_to(12, hangs_up("b1"), Resynced(live_legs=frozenset({"caller"})))
    recorded.comes_to(25, Resynced(live_legs=frozenset({"caller"})))
    assert recorded.call.state is CallState.RECORDING


def test_after_a_restart_nobody_is_left() -> None:
    story = mary_transfers()
    story.hears(20, Resynced(live_legs=frozenset()), "end b2 failed", AFTER)
    assert story.end == "answered by system, 500 lost when Switchhook was restarted"


def test_a_transferred_call_is_taken_up_after_a_restart() -> None:
    story = john_talks()
    story.comes_to(10, transfers("caller", "olga"), answers("b2"))
    story.hears(20, Resynced(live_legs=frozenset({"b1", "b2"})))
    assert story.call.state is CallState.TALKING


def test_a_leg_says_which_account_sent_the_call_there() -> None:
    story = mary_transfers(MOBILE.value)
    leg: Leg = story.call.legs[-1]
    assert (leg.id, leg.account) == ("b2", "mary")
