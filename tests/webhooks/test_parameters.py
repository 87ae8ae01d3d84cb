"""Each fact about a call is resolved at one place, as text, and is empty before it can be known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switchhook.domain.call import (
    CallRating,
    CallRecording,
    Direction,
    Leg,
    LegState,
    Recording,
    SchemePosition,
)
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.project import Account
from switchhook.domain.scheme import AskStep, HangUpStep, RingStep, Scheme
from switchhook.domain.target import Target, TargetKind
from switchhook.webhooks.parameters import (
    CATALOGUE,
    OWN,
    STATUS,
    VENDORS,
    CallFacts,
    find,
    resolve,
    takes,
)
from switchhook.webhooks.payload_template import RINGOSTAT_SAMPLE
from tests.webhooks.samples import (
    ARRIVED,
    DUTCH_PLAN,
    VISIT,
    make_facts,
    make_number,
    make_snapshot,
)

BOB = Target(kind=TargetKind.ACCOUNT, value="agent7")


def leg(end: AttemptEnd | None = None, **changes: Any) -> Leg:
    settings: dict[str, Any] = {
        "id": "b1",
        "target": BOB,
        "state": LegState.ENDED,
        "started_at": ARRIVED,
        "end": end,
    }
    return Leg(**(settings | changes))


def after(outcome: Outcome, **changes: Any) -> CallFacts:
    return make_facts(outcome=outcome, ended_at=ARRIVED + 20.9, **changes)


TALKED = after(
    Outcome.ANSWERED, answered_at=ARRIVED + 8.2, talking_to="b1", legs=(leg(AttemptEnd.ANSWERED),)
)


def test_the_catalogue_has_the_vendors_46_and_department() -> None:
    rows = [p.row for p in VENDORS.values() if not p.row.startswith("R4-")]

    assert [f"R1-{row}" for row in range(40, 86)] + ["R1-111"] == rows
    assert all(key == parameter.key for key, parameter in CATALOGUE.items())


BEFORE = {
    "caller_id": "380441112233",
    "destination_id": "380442223344",
    "date": "2018-08-13 11:11:11",
    "full_length": "0",
    "type": "in",
    "conversation": "0",
    "recording": "3333333333.3333333",
    "forward_location": "webhookNumber:90",
    "insertion_type": "dynamic",
    "pool_name": "site",
    "scheme_name": "Office",
    "call_id": "3333333333.3333333",
    "e164": "+380441112233",
    "project_id": "0000",
    "event_time": "2018-08-13 11:11:11",
    "direction": "incoming",
    "attempts": "0",
    "recording_duration": "0",
    "voicemail_duration": "0",
}


NOT_TRACKED = (
    "status",
    "call_value",
    "waiting_time",
    "connected_with",
    "proper",
    "repeated",
    "call_category",
    "recording_link",
    "recording_wav_link",
    "unique_target_call",
    "first_target_call",
    "user_agent",
    "manager_id",
    "responsible_manager",
)
"""What cannot be known before the call unless the platform has it from somewhere else [A-16]."""


def with_row(key: str, *values: object) -> Any:
    """Return a parametrized case that claims the parameter's own row."""
    return pytest.param(key, *values, id=key, marks=pytest.mark.row(CATALOGUE[key].row))


@pytest.mark.row("A-16")
@pytest.mark.parametrize(
    "key",
    [with_row(k) if k in VENDORS and k in {*BEFORE, *NOT_TRACKED} else k for k in CATALOGUE],
)
def test_before_the_call_what_cannot_be_known_is_empty(key: str) -> None:
    assert BEFORE.get(key, "") == resolve(key, "", make_facts())


TRACKED = {
    "call_count": "1",
    "source": "ringostat",
    "medium": "support",
    "campaign": "webhook_number",
    "keyword": "test",
    "content": "simple_webhook_number_test",
    "google_analytics_id": "1479099944.1534841744",
    "visitor_ip": "10.10.10.10",
    "google_analytics_resource_id": "UA-11111111-1",
    "additional_number": "3",
    "roistat_visit_id": "17541",
    "responsible_manager": "Иван Иванов",
    "department": "Отдел продаж",
    "proper": "1",
    "repeated": "0",
    "manager_id": "1111",
    "outbound_number": "380671234567",
    "unique_call": "1",
    "last_page": VISIT["last_page"],
    "landing_page": VISIT["landing_page"],
    "referrer": "search.example",
    "user_agent": VISIT["user_agent"],
    "recording_wav_link": VISIT["recording_wav_link"],
    "custom": VISIT["custom"],
}
COUNTED = ("call_count", "outbound_number")
"""What the visit does not tell but the caller's earlier calls, which are counted elsewhere."""


@pytest.mark.parametrize(
    ("key", "expected"),
    [(key, value) if key in COUNTED else with_row(key, value) for key, value in TRACKED.items()],
)
def test_what_is_known_of_the_visitor_is_told(key: str, expected: str) -> None:
    extra = VISIT | {"referrer": "search.example"}

    assert expected == resolve(key, "", make_facts(extra=extra))


@pytest.mark.row("R1-85", "R1-82", "R1-80")
@pytest.mark.parametrize(
    ("key", "argument", "expected"),
    [
        ("constant", "shop-1", "shop-1"),
        ("constant", "", ""),
        ("custom", "city", "Київ"),
        ("custom", "town", ""),
        ("custom", "", VISIT["custom"]),
        ("additional_number", "id", "102"),
        ("additional_number", "of what", "3"),
        ("date", "iso8601", "2018-08-13T11:11:11+03:00"),
        ("caller_id", "ignored", "380441112233"),
        ("no_such_parameter", "", ""),
    ],
)
def test_arguments(key: str, argument: str, expected: str) -> None:
    assert expected == resolve(key, argument, make_facts(extra=VISIT))


@pytest.mark.parametrize(
    ("key", "expected"),
    [("full_length", "00:20"), ("waiting_time", "00:08"), ("conversation", "00:12")],
)
def test_a_length_is_told_in_minutes_and_seconds_where_that_is_asked_for(
    key: str, expected: str
) -> None:
    assert expected == resolve(key, "mm:ss", TALKED)


@pytest.mark.parametrize(("seconds", "expected"), [(125, "02:05"), (3600, "60:00"), (59, "00:59")])
def test_minutes_go_on_behind_an_hour(seconds: int, expected: str) -> None:
    call = replace(TALKED.call, ended_at=TALKED.call.arrived_at + seconds)
    assert resolve("full_length", "mm:ss", replace(TALKED, call=call)) == expected


def test_a_length_that_is_not_known_is_empty_in_minutes_too() -> None:
    assert resolve("waiting_time", "mm:ss", make_facts()) == ""


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("status", "ANSWERED"),
        ("full_length", "20"),
        ("waiting_time", "8"),
        ("conversation", "12"),
        ("connected_with", "agent7"),
    ],
)
def test_after_the_call_all_is_final(key: str, expected: str) -> None:
    assert expected == resolve(key, "", TALKED)


@pytest.mark.row("R1-42")
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.ANSWERED, "ANSWERED"),
        (Outcome.MISSED, "NO ANSWER"),
        (Outcome.CANCELLED, "NO ANSWER"),
        (Outcome.ABANDONED, "NO ANSWER"),
        (Outcome.BUSY, "BUSY"),
        (Outcome.REJECTED, "DECLINE"),
        (Outcome.UNREACHABLE, "FAILED"),
        (Outcome.FAILED, "FAILED"),
        (Outcome.BLOCKED, "DECLINE"),
        (Outcome.VOICEMAIL, "VOICEMAIL"),
    ],
)
def test_each_outcome_has_the_vendors_name(outcome: Outcome, expected: str) -> None:
    assert expected == resolve("status", "", after(outcome, legs=(leg(AttemptEnd.FAILED),)))
    assert set(STATUS) == set(Outcome)


@pytest.mark.row("A-54", "S-12")
def test_a_scheme_that_placed_the_call_nowhere_did_not_work() -> None:
    assert resolve("status", "", after(Outcome.FAILED)) == "NO-FORWARD"


@pytest.mark.row("A-14", "R1-42")
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (AttemptEnd.TIMEOUT, "NO ANSWER"),
        (AttemptEnd.BUSY, "BUSY"),
        (AttemptEnd.REJECTED, "DECLINE"),
        (AttemptEnd.UNREACHABLE, "FAILED"),
    ],
)
def test_a_later_location_hears_how_the_earlier_ended(end: AttemptEnd, expected: str) -> None:
    assert expected == resolve("status", "", make_facts(legs=(leg(end),)))


@pytest.mark.row("A-14", "A-54", "R1-42")
def test_a_location_whose_webhook_gave_no_direction_did_not_work() -> None:
    ended = leg(AttemptEnd.BUSY)

    assert (
        resolve("status", "", make_facts(position=SchemePosition(scheme=1, is_unplaced=True)))
        == "NO-FORWARD"
    )
    assert (
        resolve(
            "status",
            "",
            make_facts(legs=(ended,), position=SchemePosition(scheme=1, is_unplaced=True)),
        )
        == "NO-FORWARD"
    )
    assert resolve("status", "", make_facts(legs=(ended,))) == "BUSY"


def test_at_the_pick_up_the_status_is_answered_and_nothing_has_a_length_yet() -> None:
    facts = make_facts(answered_at=ARRIVED + 8, talking_to="b1", legs=(leg(),))

    values = [
        resolve(key, "", facts)
        for key in ("status", "waiting_time", "conversation", "full_length", "connected_with")
    ]
    assert values == ["ANSWERED", "8", "0", "0", "agent7"]


def test_a_missed_call_waited_to_its_end_and_talked_to_nobody() -> None:
    facts = after(Outcome.MISSED, legs=(leg(AttemptEnd.TIMEOUT),))

    values = [resolve(key, "", facts) for key in ("waiting_time", "conversation", "connected_with")]
    assert values == ["20", "0", ""]


def test_a_mark_after_the_conversation_is_no_part_of_it() -> None:
    callee = replace(leg(), ended_at=ARRIVED + 12)
    facts = after(Outcome.ANSWERED, answered_at=ARRIVED + 8, talking_to="b1", legs=(callee,))
    assert (resolve("conversation", "", facts), resolve("full_length", "", facts)) == ("4", "20")


def test_a_clock_that_was_set_back_makes_no_negative_length() -> None:
    facts = make_facts(outcome=Outcome.MISSED, ended_at=ARRIVED - 5)

    assert resolve("full_length", "", facts) == "0"


@pytest.mark.row("R1-64", "A-15")
@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, ""),
        ({"call_count": "1"}, "1"),
        ({"call_count": "2"}, "0"),
        ({"call_count": "2", "unique_call": "1"}, "1"),
    ],
)
def test_the_first_counted_call_is_the_unique_one(extra: dict[str, str], expected: str) -> None:
    assert expected == resolve("unique_call", "", make_facts(extra=extra))


@pytest.mark.row("R1-46")
@pytest.mark.parametrize(
    ("direction", "expected"),
    [(Direction.INCOMING, "in"), (Direction.INTERNAL, "in"), (Direction.OUTGOING, "out")],
)
def test_the_type_of_the_call(direction: Direction, expected: str) -> None:
    assert expected == resolve("type", "", make_facts(direction=direction))


@pytest.mark.row("R1-61", "R1-126")
@pytest.mark.parametrize(
    ("path", "expected"),
    [((0,), "webhookNumber:90"), ((1,), "phone:25"), ((2,), ""), ((3,), ""), ((4,), "")],
)
def test_the_forward_location_of_an_event_is_the_step_that_is_walked(
    path: tuple[int, ...], expected: str
) -> None:
    steps = (
        AskStep(webhook="PHP demo"),
        RingStep(targets=(BOB,), timeout=25.0),
        HangUpStep(),
        AskStep(webhook="gone"),
    )
    snapshot = make_snapshot(schemes=(Scheme(id=1, name="Office", steps=steps),))

    assert expected == resolve(
        "forward_location",
        "",
        make_facts(snapshot=snapshot, position=SchemePosition(scheme=1, path=path)),
    )


@pytest.mark.row("R1-61", "A-08")
def test_the_forward_location_of_an_ask_is_the_webhook_that_is_asked() -> None:
    facts = replace(make_facts(), webhook=make_number(ring_timeout=7.0))

    assert resolve("forward_location", "", facts) == "webhookNumber:7"


@pytest.mark.row("R1-61", "R1-126")
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(7, "7"), (7.0, "7"), (6.5, "6"), (7.5, "7"), (7.99, "7"), (600.0, "600")],
)
def test_the_forward_location_tells_whole_seconds_and_never_more_than_it_rings(
    seconds: float, expected: str
) -> None:
    asked = replace(make_facts(), webhook=make_number(ring_timeout=seconds))
    snapshot = make_snapshot(
        schemes=(Scheme(id=1, name="Office", steps=(RingStep(targets=(BOB,), timeout=seconds),)),)
    )

    assert resolve("forward_location", "", asked) == f"webhookNumber:{expected}"
    assert resolve("forward_location", "", make_facts(snapshot=snapshot)) == f"phone:{expected}"


@pytest.mark.row("R1-80", "A-13")
def test_both_names_of_the_additional_number_tell_what_the_caller_keyed() -> None:
    keyed = make_facts(extra={"additional_number": "3"})

    names = {f.name: f for f in RINGOSTAT_SAMPLE if f.parameter == "additional_number"}
    told = {name: resolve(f.parameter, f.argument, keyed) for name, f in names.items()}
    assert told == {"ivrnum": "3", "add_num_id": "3"}


@pytest.mark.row("R1-71", "R1-72")
def test_a_visit_that_says_nothing_of_the_number_leaves_it_to_the_project() -> None:
    facts = make_facts(extra={"insertion_type": "", "pool_name": ""})

    assert resolve("insertion_type", "", facts) == "dynamic"
    assert resolve("pool_name", "", facts) == "site"


@pytest.mark.row("R1-71", "A-17")
def test_the_visit_knows_better_how_the_number_was_shown() -> None:
    facts = make_facts(extra={"insertion_type": "Callback", "pool_name": "other"})

    assert resolve("insertion_type", "", facts) == "callback"
    assert resolve("pool_name", "", facts) == "other"


@pytest.mark.parametrize("scheme", [77, 1])
def test_a_scheme_that_is_gone_has_no_name(scheme: int) -> None:
    facts = make_facts(position=SchemePosition(scheme=scheme, path=(9,)))

    assert resolve("scheme_name", "", facts) == ("" if scheme == 77 else "Office")
    assert resolve("forward_location", "", facts) == ""


def test_a_lone_surrogate_becomes_something_that_can_be_sent() -> None:
    assert resolve("caller_id", "", make_facts(caller="\udcff38\u00e9")) == "?38\u00e9"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("call_id", "call_id"),
        ("ID Call", "call_id"),
        ("id call", "call_id"),
        ("Call_ID", "call_id"),
        (" Caller ID ", "caller_id"),
        ("Link to recording (wav)", "recording_wav_link"),
        ("nothing", None),
    ],
)
def test_a_parameter_is_found_by_key_or_label(name: str, key: str | None) -> None:
    assert key == find(name)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+31612345678", "+31612345678"),
        ("31612345678", "+31612345678"),
        ("0612345678", "+31612345678"),
        ("101", ""),
    ],
)
def test_either_number_can_be_had_in_e_164(number: str, expected: str) -> None:
    facts = make_facts(snapshot=DUTCH_PLAN, caller=number, callee=number)

    assert resolve("caller_id", "e164", facts) == expected
    assert resolve("destination_id", "e164", facts) == expected
    assert resolve("e164", "", facts) == expected
    assert resolve("destination_id", "", facts) == number


@pytest.mark.parametrize(
    ("key", "argument", "taken"),
    [
        ("caller_id", "", True),
        ("destination_id", "e164", True),
        ("destination_id", "E.164", False),
        ("date", "", True),
        ("date", "unix-ms", True),
        ("date", "%H:%M", True),
        ("date", "american", False),
        ("custom", "city", True),
    ],
)
def test_an_argument_that_means_nothing_is_known_as_such(
    key: str, argument: str, *, taken: bool
) -> None:
    assert takes(key, argument) is taken


ANN = Account(
    login="agent7",
    password="-",
    name="Ann",
    email="ann@example.com",
    external_id="1042",
    department="Sales",
)
OFFICE = make_snapshot(accounts=(ANN,))
OTHER = Target(kind=TargetKind.NUMBER, value="380501112233")
ENDED = make_facts(
    snapshot=OFFICE,
    caller_name="Olena",
    outcome=Outcome.ANSWERED,
    ended_by=EndedBy.CALLEE,
    cause=Cause(sip=200, q850=16),
    answered_at=ARRIVED + 8.25,
    ended_at=ARRIVED + 20.5,
    talking_to="b2",
    legs=(
        leg(AttemptEnd.TIMEOUT, id="b1", target=OTHER),
        leg(AttemptEnd.ANSWERED, id="b2"),
        leg(AttemptEnd.FAILED, id="b3", target=OTHER),
    ),
    rating=CallRating(key="5"),
    recording=CallRecording(finished=(Recording(id="r", seconds=12.25, path="r.wav"),)),
)
ENDED = replace(ENDED, event=EventKind.INCOMING_AFTER, seq=4, now=ARRIVED + 20.5)
SAID = {
    "event": "incoming.after",
    "event_time": "2018-08-13 11:11:31",
    "event_number": "4",
    "direction": "incoming",
    "outcome": "answered",
    "ended_by": "callee",
    "sip_code": "200",
    "q850_code": "16",
    "answered_at": "2018-08-13 11:11:19",
    "ended_at": "2018-08-13 11:11:31",
    "caller_name": "Olena",
    "caller_login": "",
    "agent_login": "agent7",
    "agent_name": "Ann",
    "agent_email": "ann@example.com",
    "agent_external_id": "1042",
    "agent_department": "Sales",
    "targets": "380501112233,agent7",
    "attempts": "3",
    "rating": "5",
    "google_analytics_session_id": "",
    "has_recording": "1",
    "recording_duration": "12",
    "voicemail_duration": "0",
    "event_field": "",
    "event_subject": "",
}


@pytest.mark.row("R2-11")
@pytest.mark.parametrize("key", OWN)
def test_our_own_parameters_say_what_vendors_do_not(key: str) -> None:
    value = resolve(key, "", ENDED)

    assert value == SAID[key]
    assert not OWN[key].values or value in OWN[key].values


def test_the_agent_of_an_outgoing_call_is_who_calls() -> None:
    facts = make_facts(
        snapshot=OFFICE, direction=Direction.OUTGOING, caller="agent7", account="agent7"
    )

    assert resolve("agent_external_id", "", facts) == "1042"
    assert resolve("caller_login", "", facts) == "agent7"


def test_a_message_has_a_length_of_its_own() -> None:
    made = tuple(Recording(id=str(n), seconds=n, path="") for n in (4.0, 7.5))
    facts = after(Outcome.VOICEMAIL, recording=CallRecording(finished=made))

    assert resolve("voicemail_duration", "ms", facts) == "7500"
    assert resolve("recording_duration", "", facts) == "11"
    assert resolve("has_recording", "", after(Outcome.MISSED)) == "0"


@pytest.mark.parametrize(
    ("argument", "length", "waited"),
    [
        ("", "20", "8"),
        ("mm:ss", "00:20", "00:08"),
        ("hh:mm:ss", "00:00:20", "00:00:08"),
        ("ms", "20500", "8250"),
        ("iso8601", "PT20S", "PT8S"),
    ],
)
def test_a_length_has_its_styles(argument: str, length: str, waited: str) -> None:
    assert takes("full_length", argument)
    assert resolve("full_length", argument, ENDED) == length
    assert resolve("waiting_time", argument, ENDED) == waited
    assert resolve("waiting_time", argument, make_facts()) == ""


@pytest.mark.row("A-30")
def test_a_moment_may_be_written_in_another_time_zone() -> None:
    assert resolve("answered_at", "iso8601-z", ENDED) == "2018-08-13T08:11:19Z"
    assert resolve("ended_at", "iso8601@Europe/London", ENDED) == "2018-08-13T09:11:31+01:00"
    assert resolve("date", "%H:%M@UTC", ENDED) == "08:11"
    assert takes("event_time", "@America/New_York")
    assert not takes("date", "iso8601@Europe/Nowhere")
    assert not takes("date", "%H@Europe/Nowhere")
