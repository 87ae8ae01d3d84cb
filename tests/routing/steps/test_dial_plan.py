"""A dial-plan webhook opens one of two branches; a code is asked for as often as the webhook says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState
from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import (
    AskDialPlanStep,
    BackgroundStep,
    CallerName,
    GoToStep,
    HangUpStep,
    MenuChoice,
    MenuStep,
    NameChoice,
    RingDestinationStep,
    Step,
)
from switchhook.domain.screening import Screening
from switchhook.domain.webhook import CallerIdForwarding
from switchhook.routing.commands import RingLeg
from switchhook.routing.events import CallArrived, TimePassed, VerdictGiven
from switchhook.routing.prompts import MAX_SOUND_SECONDS
from switchhook.routing.steps.dial_plan import MAX_VARIABLES
from tests.support.snapshots import (
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    PIN,
    ask_crm,
    ask_pin,
    incoming,
    ring,
    snapshot,
)
from tests.support.transcript import (
    Transcript,
    accepts,
    answers,
    declines,
    directs,
    fails,
    gives_up,
    is_played,
    presses,
    refuses,
    sends_to,
)

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot

BEFORE = "emit incoming.before"
ASKED = (BEFORE, "show ringing", "ask names as c-1")
MARY_RINGS = ("ring b1 mary", "emit incoming.forwarding")
JOHN_RINGS = ("ring b1 john", "emit incoming.forwarding")
ENTER = (BEFORE, "answer caller", "play enter to caller as p1")
OVER = ("end caller 486", "emit incoming.after")


def asked(
    *success: Step, failed: tuple[Step, ...] = (), within: ProjectSnapshot | None = None
) -> Transcript:
    """Return a call about which a webhook without a code is asked."""
    step = ask_crm(*success, failed=failed)
    story = Transcript(incoming(step, within=within))
    story.hears(0, CallArrived(), *ASKED)
    return story


def entering(*, mask: bool = True) -> Transcript:
    """Return a call whose caller heard the start message; success rings Mary, failure John."""
    step = ask_pin(ring(MARY), failed=(ring(JOHN),))
    story = Transcript(incoming(within=snapshot(step, pin=replace(PIN, mask_code=mask))))
    story.hears(0, CallArrived(), *ENTER)
    story.hears(0.1, answers("caller"))
    story.hears(2, is_played("p1"))
    assert story.call.wake_at == 2 + PIN.code_timeout
    return story


def keys(story: Transcript, now: float, code: str, ask: str) -> None:
    """Key a code and `#`."""
    for digit in code:
        story.hears(now, presses(digit))
    story.hears(now, presses("#"), "show ringing", f"ask pin as {ask} with {code}")


def shown(story: Transcript) -> list[tuple[str, str]]:
    """Return number and name with which each leg was rung."""
    return [(c.caller, c.caller_name) for c in story.commands if isinstance(c, RingLeg)]


# -- the branches --


@pytest.mark.row("R5-26", "R5-34", "S-20")
def test_ack_opens_the_success_branch() -> None:
    story = asked(ring(MARY), failed=(ring(JOHN),))
    story.hears(1, accepts(), *MARY_RINGS)
    assert story.call.position.path == (0, "success", 0)
    assert story.journal[2:6] == [
        "asked names",
        "answer ACK",
        "branch success: ACK",
        "step scheme 1",
    ]


@pytest.mark.row("R5-27", "R5-35", "S-34")
def test_nak_without_a_code_opens_the_failed_branch() -> None:
    story = asked(ring(MARY), failed=(ring(JOHN),))
    story.hears(1, declines(), *JOHN_RINGS)


@pytest.mark.row("R5-27", "R5-36", "S-34", "A-54")
def test_a_failure_opens_the_failed_branch() -> None:
    story = asked(ring(MARY), failed=(ring(JOHN),))
    story.hears(1, fails(), *JOHN_RINGS)


@pytest.mark.row("R5-27", "S-34")
def test_no_answer_in_time_opens_the_failed_branch() -> None:
    story = asked(ring(MARY), failed=(ring(JOHN),))
    story.hears(2.25, TimePassed(), *JOHN_RINGS)
    story.hears(2.3, accepts())


@pytest.mark.row("R5-27")
def test_the_time_limit_in_the_url_goes_before_the_webhooks() -> None:
    hasty = replace(PIN, use_ivr=False, url_template=f"{PIN.url_template}#tt=700")
    story = Transcript(incoming(within=snapshot(ask_pin(failed=(ring(JOHN),)), pin=hasty)))
    story.hears(0, CallArrived(), BEFORE, "show ringing", "ask pin as c-1")
    assert story.call.wake_at == 0.95
    story.hears(0.95, TimePassed(), *JOHN_RINGS)


@pytest.mark.row("R5-28")
def test_a_branch_that_placed_the_call_nowhere_hands_it_to_the_step_behind() -> None:
    story = Transcript(incoming(ask_crm(ring(MARY)), ring(JOHN)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, accepts(), *MARY_RINGS)
    story.hears(2, refuses("b1", 486), "ring b2 john", "emit incoming.forwarding")
    assert story.call.position.path == (1,)


@pytest.mark.row("R5-25", "R5-28")
def test_branches_nest() -> None:
    inner = ask_pin(HangUpStep(), failed=(ring(MARY), ring(JOHN)))
    story = Transcript(incoming(ask_crm(ask_crm(inner))))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, accepts("c-1"), "show ringing", "ask names as c-2")
    story.hears(2, accepts("c-2"), "answer caller", "play enter to caller as p1")
    assert story.call.position.path == (0, "success", 0, "success", 0)


@pytest.mark.row("R5-53", "S-29")
def test_a_webhook_may_be_asked_when_nobody_answered() -> None:
    story = Transcript(incoming(ring(MARY), ask_crm(failed=(HangUpStep(status=480),))))
    story.hears(0, CallArrived(), BEFORE, *MARY_RINGS)
    story.hears(30, TimePassed(), "end b1 timeout", "show ringing", "ask names as c-1")
    story.hears(31, fails(), "end caller 480", "emit incoming.after")


@pytest.mark.row("R5-52", "S-28")
def test_both_branches_may_ring_the_same() -> None:
    for answer in (accepts(), declines(), fails()):
        story = asked(ring(MARY), failed=(ring(MARY),))
        story.hears(1, answer, *MARY_RINGS)


def test_a_webhook_that_is_gone_has_failed() -> None:
    story = Transcript(incoming(AskDialPlanStep(webhook="gone", failed=(ring(MARY),))))
    story.hears(0, CallArrived(), BEFORE, *MARY_RINGS)
    assert "notice dial-plan webhook 'gone' is not in this project" in story.journal
    assert "branch failed: the webhook is not in this project" in story.journal


def test_answers_of_the_other_dialect_are_ignored() -> None:
    story = asked(ring(MARY))
    before = story.call
    story.hears(1, directs(MARY))
    story.hears(1, sends_to(1))
    story.hears(1, accepts("c-9"))
    assert story.call is before


# -- the variable destination --


@pytest.mark.row("R5-33", "R5-38", "S-22")
def test_the_returned_destination_rings() -> None:
    story = asked(RingDestinationStep(timeout=20.0))
    story.hears(1, accepts(destination=MOBILE), f"ring b1 {MOBILE}", "emit incoming.forwarding")
    assert story.call.wake_at == 21


@pytest.mark.row("R5-33", "A-48")
def test_without_a_destination_the_next_step_of_the_branch_follows() -> None:
    story = asked(RingDestinationStep(), ring(MARY), failed=(ring(JOHN),))
    story.hears(1, accepts(), *MARY_RINGS)
    assert "notice the webhook returned no destination that may ring" in story.journal


@pytest.mark.row("R5-33", "A-48")
def test_without_a_destination_and_a_next_step_the_failed_branch_follows() -> None:
    story = asked(RingDestinationStep(), failed=(ring(JOHN),))
    story.hears(1, accepts(), *JOHN_RINGS)
    assert story.call.position.path == (0, "failed", 0)


@pytest.mark.row("R5-33", "A-48")
def test_without_a_destination_a_branch_within_success_leads_to_the_failed_one_too() -> None:
    menu = MenuStep(
        sounds=("choose",), choices=(MenuChoice(key="1", steps=(RingDestinationStep(),)),)
    )
    story = asked(menu, failed=(ring(JOHN),))
    story.hears(1, accepts(), "answer caller", "play choose to caller as p1")
    story.hears(2, presses("1"), "stop p1", *JOHN_RINGS)
    assert story.call.position.path == (0, "failed", 0)


@pytest.mark.row("R5-33", "A-48", "A-53")
def test_a_step_takes_what_the_nearest_webhook_returned() -> None:
    named_ring = RingDestinationStep(caller_name=named(NameChoice.WEBHOOK))
    inner = ask_crm(named_ring, failed=(ring(JOHN),))
    for given, orders in ((MOBILE, (f"ring b1 {MOBILE}", JOHN_RINGS[1])), (None, JOHN_RINGS)):
        story = asked(inner)
        again = ("show ringing", "ask names as c-2")
        story.hears(1, accepts("c-1", destination=MARY, name="Outer"), *again)
        story.hears(2, accepts("c-2", destination=given, name="Inner"), *orders)
        assert shown(story) == [(CUSTOMER, "Inner" if given else "Anna")]


@pytest.mark.row("R5-33", "A-53")
def test_what_the_outer_webhook_returned_waits_behind_the_inner_one() -> None:
    story = asked(ask_crm(), RingDestinationStep())
    story.hears(1, accepts("c-1", destination=MARY), "show ringing", "ask names as c-2")
    story.hears(2, accepts("c-2", destination=MOBILE), *MARY_RINGS)


def test_what_a_webhook_returned_stays_in_its_scheme() -> None:
    gone = AskDialPlanStep(webhook="gone", failed=(RingDestinationStep(), ring(JOHN)))
    story = asked(within=snapshot(ask_crm(GoToStep(scheme=2)), schemes={2: (gone,)}))
    story.hears(1, accepts(destination=MARY), *JOHN_RINGS)


@pytest.mark.row("S-25", "A-51")
def test_keys_while_a_code_is_judged_are_no_part_of_the_next() -> None:
    story = entering()
    keys(story, 3, "1111", "c-1")
    story.hears(3.5, presses("9"))
    story.hears(4, declines("c-1"), "play wrong to caller as p2")
    story.hears(4.5, presses("2"), "stop p2")
    story.hears(5, presses("#"), "show ringing", "ask pin as c-2 with 2")


@pytest.mark.row("A-48")
def test_a_destination_that_did_not_answer_is_no_missing_one() -> None:
    story = asked(RingDestinationStep(), failed=(ring(JOHN),))
    story.hears(1, accepts(destination=MARY), *MARY_RINGS)
    story.hears(2, refuses("b1", 486), "end caller 486", "emit incoming.after")


def test_a_destination_is_not_followed_outside_the_webhooks_branches() -> None:
    story = Transcript(incoming(ask_crm(), RingDestinationStep(), ring(JOHN)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, accepts(destination=MOBILE), *JOHN_RINGS)


@pytest.mark.row("S-78", "A-58")
def test_a_denied_destination_is_none() -> None:
    screening = Screening(denied_prefixes=("38050",))
    step = ask_crm(RingDestinationStep(), failed=(ring(JOHN),))
    story = Transcript(incoming(within=snapshot(step, screening=screening)))
    story.hears(0, CallArrived(), *ASKED)
    story.hears(1, accepts(destination=MOBILE), *JOHN_RINGS)
    assert f"notice this project does not call {MOBILE}" in story.journal


# -- how the caller is shown --


@pytest.mark.row("R5-06", "R5-07", "R5-08", "R5-09", "S-32", "A-52")
@pytest.mark.parametrize(
    ("forwarding", "success"),
    [
        (CallerIdForwarding.CALLER, (CUSTOMER, "Anna")),
        (CallerIdForwarding.CALLED, (DIALLED, "Anna")),
        (CallerIdForwarding.SUPPRESSED, ("", "")),
    ],
)
def test_the_number_that_is_shown_in_the_success_branch(
    forwarding: CallerIdForwarding, success: tuple[str, str]
) -> None:
    for answer, expected in ((accepts(destination=MOBILE), success), (fails(), (CUSTOMER, "Anna"))):
        step = ask_crm(RingDestinationStep(), failed=(ring(MOBILE),))
        story = Transcript(incoming(within=snapshot(step, ring(MARY), forwarding=forwarding)))
        story.hears(0, CallArrived(), *ASKED)
        story.hears(1, answer, f"ring b1 {MOBILE}", "emit incoming.forwarding")
        assert shown(story) == [expected]
        story.hears(2, refuses("b1", 486), "ring b2 mary", "emit incoming.forwarding")
        assert shown(story)[-1] == (CUSTOMER, "Anna")


def named(choice: NameChoice, text: str = "") -> CallerName:
    return CallerName(choice=choice, text=text)


@pytest.mark.row("R5-03", "R5-29", "R5-30", "R5-31", "R5-40", "S-33")
@pytest.mark.parametrize(
    ("caller_name", "returned", "expected"),
    [
        (named(NameChoice.WEBHOOK), "VoysPartners", "VoysPartners"),
        (named(NameChoice.WEBHOOK), "", "Anna"),
        (named(NameChoice.PREPEND, "Sales: "), "VoysPartners", "Sales: Anna"),
        (named(NameChoice.REPLACE, "Helpdesk"), "VoysPartners", "Helpdesk"),
        (named(NameChoice.CURRENT), "VoysPartners", "Anna"),
    ],
)
def test_the_name_that_is_shown(caller_name: CallerName, returned: str, expected: str) -> None:
    story = asked(replace(ring(MARY), caller_name=caller_name))
    story.hears(1, accepts(name=returned), *MARY_RINGS)
    assert shown(story) == [(CUSTOMER, expected)]


@pytest.mark.row("R5-29", "R5-30", "A-53")
def test_a_prefix_stands_before_the_name_that_an_earlier_step_took_from_the_webhook() -> None:
    story = asked(
        replace(ring(MARY), caller_name=named(NameChoice.WEBHOOK)),
        replace(ring(JOHN), caller_name=named(NameChoice.PREPEND, "Sales: ")),
    )
    story.hears(1, accepts(name="VoysPartners"), *MARY_RINGS)
    story.hears(2, refuses("b1", 486), "ring b2 john", "emit incoming.forwarding")
    assert [name for _, name in shown(story)] == ["VoysPartners", "Sales: VoysPartners"]


@pytest.mark.row("R5-29")
def test_a_name_may_come_with_nak_too() -> None:
    named_ring = replace(ring(MARY), caller_name=named(NameChoice.WEBHOOK))
    story = asked(failed=(named_ring,))
    story.hears(1, declines(name="Unknown"), *MARY_RINGS)
    assert shown(story) == [(CUSTOMER, "Unknown")]


def test_what_an_earlier_answer_gave_is_forgotten_when_it_is_asked_again() -> None:
    named_ring = replace(ring(MARY), caller_name=named(NameChoice.WEBHOOK))
    story = Transcript(incoming(ask_pin(failed=(named_ring,))))
    story.hears(0, CallArrived(), *ENTER)
    story.comes_to(1, answers("caller"), presses("1"), presses("#"))
    story.hears(2, declines("c-1", name="Wrong"), "play wrong to caller as p2")
    story.comes_to(3, presses("2"), presses("#"))
    story.hears(4, fails("c-2"), *MARY_RINGS)
    assert shown(story) == [(CUSTOMER, "Anna")]


def test_the_journal_says_in_which_branch_a_step_stands() -> None:
    story = asked(ring(MARY))
    story.hears(1, accepts(), *MARY_RINGS)
    steps = [dict(entry.facts) for entry in story.entries if entry.kind == "step"]
    assert [facts["at"] for facts in steps] == ["0", "0 success 0"]


def test_the_journal_says_which_branch_is_taken_and_why() -> None:
    stories = {
        name: asked(RingDestinationStep(), failed=(ring(JOHN),)) for name in ("ack", "nak", "no")
    }
    stories["ack"].hears(1, accepts(), *JOHN_RINGS)
    stories["nak"].hears(1, declines(), *JOHN_RINGS)
    stories["no"].hears(1, fails(), *JOHN_RINGS)
    taken = {
        name: [line for line in story.journal if line.startswith("branch")]
        for name, story in stories.items()
    }
    assert taken == {
        "ack": ["branch success: ACK", "branch failed: success found no destination to ring"],
        "nak": ["branch failed: NAK (HTTP 200)"],
        "no": ["branch failed: no answer that counts"],
    }


@pytest.mark.row("S-27")
def test_unknown_keys_are_kept_as_variables_the_newest_value_of_each() -> None:
    story = Transcript(incoming(ask_crm(), ask_crm(ring(MARY))))
    story.hears(0, CallArrived(), *ASKED)
    first = VerdictGiven(
        ask="c-1", accepted=True, text="ACK", variables=(("value", ""), ("vip", "1"))
    )
    story.hears(1, first, "show ringing", "ask names as c-2")
    many = tuple((f"key{n}", "x") for n in range(MAX_VARIABLES))
    second = VerdictGiven(ask="c-2", accepted=True, text="ACK", variables=(("value", "Jan"), *many))
    story.hears(2, second, *MARY_RINGS)
    assert story.call.asks.variables[:2] == (("value", "Jan"), ("vip", "1"))
    assert len(story.call.asks.variables) == MAX_VARIABLES


# -- the code --


@pytest.mark.row("R5-17", "R5-20", "R5-49", "A-51", "S-24")
def test_the_caller_hears_the_start_message_and_keys_a_code() -> None:
    story = entering()
    keys(story, 3, "4711", "c-1")
    story.hears(4, accepts(), *MARY_RINGS)


@pytest.mark.row("S-25", "R5-26")
def test_a_the_right_code_at_once() -> None:
    story = entering()
    keys(story, 3, "1234", "c-1")
    assert story.call.collecting is None
    story.hears(4, accepts(), *MARY_RINGS)
    assert story.call.asks.started == 1


@pytest.mark.row("S-25", "R5-21", "R5-35")
def test_b_two_wrong_codes_then_the_right_one() -> None:
    story = entering()
    keys(story, 3, "1111", "c-1")
    story.hears(4, declines("c-1"), "play wrong to caller as p2")
    story.hears(6, is_played("p2"))
    keys(story, 7, "2222", "c-2")
    story.hears(8, declines("c-2"), "play wrong to caller as p3")
    story.hears(9, is_played("p3"))
    keys(story, 10, "1234", "c-3")
    story.hears(11, accepts("c-3"), *MARY_RINGS)
    assert story.call.asks.started == 3


@pytest.mark.row("S-25", "R5-19", "R5-21")
def test_c_three_wrong_codes() -> None:
    story = entering()
    for attempt in (1, 2, 3):
        keys(story, 10 * attempt, "1111", f"c-{attempt}")
        message = f"p{attempt + 1}"
        story.hears(
            10 * attempt + 1, declines(f"c-{attempt}"), f"play wrong to caller as {message}"
        )
        if attempt < 3:
            story.hears(10 * attempt + 2, is_played(message))
    assert story.call.state is CallState.PLAYING
    story.hears(40, is_played("p4"), *JOHN_RINGS)
    assert story.call.asks.started == 3
    attempts = [dict(one.facts)["attempt"] for one in story.entries if one.kind == "asked"]
    assert attempts == ["1", "2", "3"]
    assert "branch failed: attempt 3 of 3" in story.journal


@pytest.mark.row("S-25", "R5-18", "R5-22", "A-47")
def test_d_no_digits_at_all() -> None:
    story = entering()
    story.hears(7, TimePassed(), "play late to caller as p2")
    story.hears(8, is_played("p2"))
    story.hears(13, TimePassed(), "play late to caller as p3")
    story.hears(14, is_played("p3"))
    story.hears(19, TimePassed(), "play late to caller as p4")
    story.hears(20, is_played("p4"), *JOHN_RINGS)
    assert story.call.asks.started == 0
    assert story.journal.count("keyed no code in time") == 3


@pytest.mark.row("S-25", "A-47")
def test_e_no_digits_then_the_right_code() -> None:
    story = entering()
    story.hears(7, TimePassed(), "play late to caller as p2")
    story.hears(7.5, presses("1"), "stop p2")
    for digit in "234":
        story.hears(8, presses(digit))
    story.hears(8, presses("#"), "show ringing", "ask pin as c-1 with 1234")
    story.hears(9, accepts(), *MARY_RINGS)


@pytest.mark.row("S-25", "R5-36")
def test_f_an_error_takes_the_failed_branch_at_once() -> None:
    story = entering()
    keys(story, 3, "1234", "c-1")
    story.hears(4, fails(), *JOHN_RINGS)


@pytest.mark.row("S-25")
def test_g_hanging_up_while_entering() -> None:
    story = entering()
    story.hears(3, presses("1"))
    story.hears(4, gives_up(), "emit incoming.after")
    assert story.call.outcome is Outcome.CANCELLED
    assert story.call.asks.started == 0


@pytest.mark.row("S-25", "R5-11")
def test_h_leading_zeros_are_kept() -> None:
    keys(entering(), 3, "0042", "c-1")


@pytest.mark.row("S-25")
def test_i_a_masked_code_is_nowhere_in_the_journal() -> None:
    for mask in (True, False):
        story = entering(mask=mask)
        keys(story, 3, "4711", "c-1")
        story.hears(4, declines("c-1"), "play wrong to caller as p2")
        assert ("4711" in str(story.entries)) is not mask
        assert ("4711" in repr(story.commands)) is not mask
        assert "4711" not in repr(story.call)


@pytest.mark.row("S-25")
def test_the_call_knows_each_code_that_is_masked_and_no_other() -> None:
    for mask in (True, False):
        story = entering(mask=mask)
        for attempt, code in ((1, "11"), (2, "22"), (3, "11")):
            keys(story, 10 * attempt, code, f"c-{attempt}")
            story.comes_to(10 * attempt + 1, declines(f"c-{attempt}"))
            story.comes_to(10 * attempt + 2, is_played(f"p{attempt + 1}"))
        assert story.call.asks.codes == (("11", "22") if mask else ())


def test_the_journal_says_with_which_attempt_and_code_was_asked() -> None:
    facts = {}
    for mask in (True, False):
        story = entering(mask=mask)
        keys(story, 3, "4711", "c-1")
        facts[mask] = asking(story)
    assert facts[True]["attempt"] == facts[False]["attempt"] == "1"
    assert (facts[True].get("code"), facts[False].get("code")) == (None, "4711")
    bare = replace(PIN, use_ivr=False, mask_code=False)
    story = Transcript(incoming(within=snapshot(ask_pin(ring(MARY)), pin=bare)))
    story.hears(0, CallArrived(), BEFORE, "show ringing", "ask pin as c-1")
    assert not {"attempt", "code"} & set(asking(story))


def asking(story: Transcript) -> dict[str, str]:
    """Return what the journal says of the last ask."""
    asks = [entry for entry in story.entries if entry.kind == EntryKind.ASKED]
    return dict(asks[-1].facts)


@pytest.mark.row("A-47")
def test_a_pause_completes_the_code() -> None:
    story = entering()
    story.hears(6.9, presses("1"))
    story.hears(9.8, presses("2"))
    assert story.call.wake_at == 12.8
    story.hears(12.8, TimePassed(), "show ringing", "ask pin as c-1 with 12")


def test_the_first_digit_breaks_the_start_message_off() -> None:
    story = Transcript(incoming(ask_pin(ring(MARY))))
    story.hears(0, CallArrived(), *ENTER)
    story.hears(1, presses("#"), "stop p1")
    assert story.call.wake_at == 1 + PIN.code_timeout
    story.hears(2, presses("7"))
    assert story.call.wake_at == 2 + PIN.interdigit_timeout


def test_a_start_message_that_never_ends_leaves_the_time_for_the_code() -> None:
    story = Transcript(incoming(ask_pin(ring(MARY))))
    story.hears(0, CallArrived(), *ENTER)
    story.hears(MAX_SOUND_SECONDS, TimePassed(), "stop p1")
    assert story.call.wake_at == MAX_SOUND_SECONDS + PIN.code_timeout


@pytest.mark.row("FT-07")
def test_nobody_enters_a_code_without_end() -> None:
    story = entering()
    for _ in range(31):
        story.hears(3, presses("1"))
    code = "1" * 32
    story.hears(3, presses("1"), "show ringing", f"ask pin as c-1 with {code}")


@pytest.mark.row("R5-21", "R5-22")
def test_messages_that_are_not_set_are_not_played() -> None:
    silent = replace(PIN, start_message="", error_message="", timeout_message="", attempts=2)
    step = ask_pin(ring(MARY), failed=(ring(JOHN),))
    story = Transcript(incoming(within=snapshot(step, pin=silent)))
    story.hears(0, CallArrived(), BEFORE, "answer caller")
    story.hears(1, answers("caller"))
    keys(story, 2, "1", "c-1")
    story.hears(3, declines("c-1"))
    story.hears(8, TimePassed(), *JOHN_RINGS)


def test_the_background_goes_on_behind_the_code() -> None:
    story = Transcript(incoming(BackgroundStep(sounds=("music",)), ask_pin(ring(MARY))))
    story.hears(0, CallArrived(), *ENTER)
    story.hears(1, answers("caller"))
    story.hears(1, presses("7"), "stop p1")
    music = "play music to caller as p2 for ever"
    story.hears(2, presses("#"), music, "ask pin as c-1 with 7")
    story.hears(3, declines(), "stop p2", "play wrong to caller as p3")
