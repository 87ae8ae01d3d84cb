"""A subscriber is told of a call in exactly these bytes, whoever calls and is called, in call notifications v2."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.call import (
    CALLER,
    CallAsks,
    CallRecording,
    Direction,
    Leg,
    LegState,
    Recording,
    SchemePosition,
)
from switchhook.domain.cause import Outcome
from switchhook.domain.event import FOREIGN_KINDS, EventKind, Subscription
from switchhook.domain.notification_options import (
    NotificationDirection,
    NotificationField,
    NotificationOptions,
)
from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.events import CallArrived
from switchhook.webhooks.dialects.call_notification import (
    REASON,
    STATUS,
    NotificationStatus,
    is_subscribed,
    notification,
)
from switchhook.webhooks.request import render_notification
from tests.support.snapshots import CUSTOMER, MARY, from_account, incoming, ring, snapshot
from tests.support.strategies import calls
from tests.support.transcript import Transcript, answers, transfers
from tests.webhooks.samples import UA, image, make_call, written

if TYPE_CHECKING:
    from switchhook.domain.call import Call

AT = 1563629859.7
"""2019-07-20 13:37:39 UTC, and a bit."""
PLAN = ProjectSnapshot(
    Project(
        id="voys",
        name="Voys",
        country="NL",
        numbers=(Number(number="31508009000", scheme=1),),
        accounts=(
            Account(login="201", password="-", name="Alice", email="alice@example.com"),
            Account(login="202", password="-"),
            Account(login="jan", password="-", name="Jan"),
            Account(login="0030", password="-"),
        ),
        groups=(Group(name="300", accounts=("201", "202")),),
    )
)
ALICE = '{"number":"201","name":"Alice","account_number":201,"user_numbers":["201"],"user_emails":["alice@example.com"]}'
ANNA = '{"number":"+31508009008","name":"Anna","account_number":null,"user_numbers":[],"user_emails":[]}'
MOBILE = (
    '{"number":"+31612345678","name":null,"account_number":null,"user_numbers":[],"user_emails":[]}'
)


def target(value: str, kind: TargetKind = TargetKind.ACCOUNT) -> Target:
    return Target(kind=kind, value=value)


def leg(number: int, to: Target | None, state: LegState = LegState.DIALLING) -> Leg:
    return Leg(id=f"b{number}", target=to, state=state, started_at=AT)


def call(*legs: Leg, **changes: Any) -> Call:
    caller = Leg(id=CALLER, target=None, state=LegState.DIALLING, started_at=AT)
    settings: dict[str, Any] = {
        "id": "1563629859.000482915513",
        "snapshot": PLAN,
        "caller": "0508009008",
        "caller_name": "Anna",
        "callee": "31508009000",
        "legs": (caller, *legs),
    }
    return make_call(**(settings | changes))


def outgoing(*legs: Leg, **changes: Any) -> Call:
    settings: dict[str, Any] = {
        "direction": Direction.OUTGOING,
        "account": "201",
        "caller": "201",
        "caller_name": "Desk of Alice",
        "callee": "0612345678",
        "position": SchemePosition(direct=target("0612345678", TargetKind.NUMBER)),
    }
    return call(*legs, **(settings | changes))


def told(call_: Call, status: NotificationStatus) -> str:
    return notification(call_, status, at=AT).decode()


def tree(call_: Call, status: NotificationStatus = NotificationStatus.RINGING) -> Any:
    return json.loads(told(call_, status))


def whole(status: str, destination: str, *, caller: str = ANNA, reason: str = "") -> str:
    direction = "outbound" if caller == ALICE else "inbound"
    return (
        '{"call_id":"1563629859.000482915513","timestamp":"2019-07-20T13:37:39+00:00",'
        f'"status":"{status}","version":"v2","direction":"{direction}",'
        f'"caller":{caller},"destination":{destination},"reason":"{reason}"}}'
    )


# An incoming call


def test_created_knows_no_targets_yet() -> None:
    expected = whole("created", '{"number":"+31508009000","targets":[]}')

    assert expected == told(call(), NotificationStatus.CREATED)


def test_ringing_names_all_that_ring_now() -> None:
    over = replace(leg(1, target("jan")), state=LegState.ENDED)
    ringing = (leg(2, target("201")), leg(3, target("0612345678", TargetKind.NUMBER)))
    targets = f'{{"number":"+31508009000","targets":[{ALICE},{MOBILE}]}}'

    assert whole("ringing", targets) == told(call(over, *ringing), NotificationStatus.RINGING)


def test_in_progress_names_who_answered_in_a_list_and_alone() -> None:
    talking = leg(2, target("201"), LegState.TALKING)
    answered = call(leg(1, target("202"), LegState.ENDED), talking, talking_to="b2")
    destination = f'{{"number":"+31508009000","targets":[{ALICE}],"target":{ALICE}}}'

    assert whole("in-progress", destination) == told(answered, NotificationStatus.IN_PROGRESS)


def test_ended_names_who_had_answered_and_the_reason() -> None:
    gone = leg(1, target("201"), LegState.ENDED)
    ended = call(gone, talking_to="b1", outcome=Outcome.ANSWERED)
    destination = f'{{"number":"+31508009000","targets":[{ALICE}]}}'

    assert whole("ended", destination, reason="completed") == told(ended, NotificationStatus.ENDED)


def test_ended_names_nobody_where_nobody_answered() -> None:
    missed = call(leg(1, target("201"), LegState.ENDED), outcome=Outcome.MISSED)
    expected = whole("ended", '{"number":"+31508009000","targets":[]}', reason="no-answer")

    assert expected == told(missed, NotificationStatus.ENDED)


# An outgoing call


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (NotificationStatus.RINGING, LegState.DIALLING, ""),
        (NotificationStatus.IN_PROGRESS, LegState.TALKING, ""),
        (NotificationStatus.ENDED, LegState.ENDED, "completed"),
    ],
)
def test_an_outgoing_call_is_its_accounts(
    status: NotificationStatus, state: LegState, reason: str
) -> None:
    there = leg(1, target("0612345678", TargetKind.NUMBER), state)
    made = outgoing(
        there,
        talking_to="" if status is NotificationStatus.RINGING else "b1",
        outcome=Outcome.ANSWERED if reason else None,
    )
    alone = f',"target":{MOBILE}' if status is NotificationStatus.IN_PROGRESS else ""
    destination = f'{{"number":"+31612345678","targets":[{MOBILE}]{alone}}}'

    assert whole(status, destination, caller=ALICE, reason=reason) == told(made, status)


# Who is who


@pytest.mark.parametrize(
    ("login", "number", "name"),
    [("202", 202, None), ("jan", "jan", "Jan"), ("0030", "0030", None), ("9" * 16, "9" * 16, None)],
)
def test_an_account_number_is_an_integer_where_none_of_it_is_lost(
    login: str, number: int | str, name: str | None
) -> None:
    (party,) = tree(call(leg(1, target(login))))["destination"]["targets"]

    assert party == {
        "number": login,
        "name": name,
        "account_number": number,
        "user_numbers": [login],
        "user_emails": [],
    }


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (target("0612345678", TargetKind.NUMBER), "+31612345678"),
        (target("+442079460018", TargetKind.NUMBER), "+442079460018"),
        (target("112", TargetKind.NUMBER), "112"),
        (target("sip:+31612345678@pbx.example", TargetKind.ADDRESS), "+31612345678"),
        (target("sip:desk@pbx.example", TargetKind.ADDRESS), "sip:desk@pbx.example"),
    ],
)
def test_others_have_a_number_alone(to: Target, expected: str) -> None:
    (party,) = tree(call(leg(1, to)))["destination"]["targets"]

    assert party == {
        "number": expected,
        "name": None,
        "account_number": None,
        "user_numbers": [],
        "user_emails": [],
    }


def test_a_withheld_number_is_text_all_the_same() -> None:
    assert tree(call(caller="", caller_name=""))["caller"] == {
        "number": "anonymous",
        "name": None,
        "account_number": None,
        "user_numbers": [],
        "user_emails": [],
    }


def test_a_colleague_who_dials_a_number_of_the_project_is_known_by_login() -> None:
    colleague = tree(call(account="jan", caller="jan", caller_name="Jan's desk"))
    unnamed = tree(call(account="202", caller="202", caller_name="Desk 2"))

    assert colleague["direction"] == "inbound"
    assert colleague["caller"] == {
        "number": "jan",
        "name": "Jan",
        "account_number": "jan",
        "user_numbers": ["jan"],
        "user_emails": [],
    }
    assert unnamed["caller"]["name"] == "Desk 2"


def test_the_name_that_a_webhook_found_is_told() -> None:
    assert tree(call(asks=CallAsks(caller_name="Anna & Co")))["caller"]["name"] == "Anna & Co"


# Text that means harm


@pytest.mark.parametrize(
    "hostile",
    ['","status":"ended', "}]}", "\\", "\x00\r\nX-Evil: 1", "\ud800", "🤖 Київ", "\u2028</script>"],
)
def test_no_text_breaks_the_json(hostile: str) -> None:
    read = tree(call(id=f"1.{hostile}", caller=hostile, caller_name=hostile, callee=hostile))
    kept = hostile.encode("utf-8", "replace").decode()

    assert list(read) == list(tree(call()))
    assert (read["caller"]["name"], read["caller"]["number"]) == (kept, kept)
    assert read["status"] == "ringing"


@pytest.mark.row("N-01")
@given(calls(), st.sampled_from(NotificationStatus))
def test_whatever_the_call_every_member_is_there_and_no_number_is_null(
    call_: Call, status: NotificationStatus
) -> None:
    read = tree(call_, status)

    assert list(read) == [
        "call_id",
        "timestamp",
        "status",
        "version",
        "direction",
        "caller",
        "destination",
        "reason",
        *(("merged_id", "redirector") if status is NotificationStatus.COLD_TRANSFER else ()),
    ]
    parties = [read["caller"], *read["destination"]["targets"]]
    assert all(isinstance(party["number"], str) and party["number"] for party in parties)
    assert all(list(party)[-2:] == ["user_numbers", "user_emails"] for party in parties)
    assert all(isinstance(party["user_emails"], list) for party in parties)
    assert isinstance(read["destination"]["number"], str)


# Transfers


@pytest.mark.row("FI-02")
def test_a_transfer_says_who_transferred_whom_to_whom() -> None:
    story = Transcript(incoming(ring(MARY)))
    story.comes_to(0, CallArrived(), answers("b1"), transfers("b1", "john"), answers("b2"))
    read = tree(story.call, NotificationStatus.COLD_TRANSFER)

    assert (read["call_id"], read["merged_id"]) == ("c", "c")
    assert read["redirector"]["number"] == "mary"
    assert read["destination"]["target"]["number"] == "john"
    assert read["caller"]["number"] == f"+{CUSTOMER}"


@pytest.mark.row("FI-02")
def test_whoever_the_caller_transferred_is_the_caller_then() -> None:
    story = Transcript(from_account("mary", snapshot(ring(MARY))))
    story.comes_to(0, CallArrived(), answers("b1"), transfers("caller", "olga"), answers("b2"))
    read = tree(story.call, NotificationStatus.COLD_TRANSFER)

    assert [read["caller"]["number"], read["redirector"]["number"]] == ["mary", "john"]


# Tables


def test_every_outcome_has_its_reason() -> None:
    assert set(REASON) == set(Outcome)
    assert set(REASON.values()) == {"completed", "busy", "no-answer", "failed"}
    assert [outcome for outcome, reason in REASON.items() if reason == "completed"] == [
        Outcome.ANSWERED
    ]


def test_an_outgoing_call_is_not_created_and_no_rating_is_told() -> None:
    untold = set(EventKind) - set(STATUS) - FOREIGN_KINDS
    assert untold == {EventKind.OUTGOING_BEFORE, EventKind.INCOMING_RATED}


# The request

SUBSCRIPTION = Subscription(
    project="voys",
    number=7,
    user="user@example.com",
    target_url="https://zap:secret@hooks.target:8443/h/1?key={call_id}#part",
    event="custom",
    created_at=1.0,
)


def test_the_request_fills_nothing_in() -> None:
    request = render_notification(
        SUBSCRIPTION, b'{"status":"created"}', delivery_id="c.1.subscription%207", product=UA
    )

    assert request.url == "https://hooks.target:8443/h/1?key=%7Bcall_id%7D"
    assert image(request) == written(
        """
        POST /h/1?key=%7Bcall_id%7D HTTP/1.1
        Host: hooks.target:8443
        User-Agent: UA
        Authorization: Basic emFwOnNlY3JldA==
        Content-Type: application/json
        Content-Length: 20
        webhook-id: c.1.subscription%207
        """,
        '{"status":"created"}',
    )


@pytest.mark.parametrize("event", ["custom", *NotificationStatus])
def test_one_status_or_all_are_wanted(event: str) -> None:
    subscription = replace(SUBSCRIPTION, event=event)

    wanted = {
        status for status in NotificationStatus if is_subscribed(subscription, status, call())
    }
    assert wanted == (set(NotificationStatus) if event == "custom" else {event})


@pytest.mark.row("FB-15", "N-02")
@pytest.mark.parametrize("internal", [True, False])
def test_calls_between_accounts_are_told_unless_a_subscription_does_without(
    *, internal: bool
) -> None:
    subscription = replace(SUBSCRIPTION, internal=internal)
    for direction in Direction:
        is_told = internal or direction is not Direction.INTERNAL
        made = call(direction=direction)
        assert is_subscribed(subscription, NotificationStatus.ENDED, made) is is_told


@pytest.mark.row("FB-15", "N-01", "N-02")
def test_a_call_between_accounts_names_both_with_their_addresses() -> None:
    made = call(
        leg(1, target("201")),
        account="jan",
        caller="jan",
        callee="201",
        direction=Direction.INTERNAL,
        position=SchemePosition(direct=target("201")),
    )
    read = tree(made)

    assert (read["direction"], read["destination"]["number"]) == ("inbound", "201")
    assert read["caller"]["account_number"] == "jan"
    assert read["caller"]["user_emails"] == []
    (party,) = read["destination"]["targets"]
    assert list(party)[-2:] == ["user_numbers", "user_emails"]
    assert party["user_emails"] == ["alice@example.com"]


# What a subscription chooses


def chosen(call_: Call, status: NotificationStatus, **options: Any) -> Any:
    made = NotificationOptions(**options)
    return json.loads(notification(call_, status, at=AT + 0.1, options=made))


@pytest.mark.row("N-03")
def test_two_events_within_a_second_are_told_apart_by_choice() -> None:
    status = NotificationStatus.CREATED

    assert chosen(call(), status)["timestamp"] == "2019-07-20T13:37:39+00:00"
    wanted = chosen(call(), status, microseconds=True)
    assert wanted["timestamp"] == "2019-07-20T13:37:39.800000+00:00"


@pytest.mark.row("N-04")
def test_the_first_notification_has_the_callers_name_where_it_is_known() -> None:
    status = NotificationStatus.CREATED

    assert tree(call(), status)["caller"]["name"] == "Anna"
    assert tree(call(caller_name=""), status)["caller"]["name"] is None


def test_ended_has_further_members_by_choice_and_no_other_status_has() -> None:
    made = Recording(id="r1", seconds=41.6, path="a/r1.wav")
    over = call(
        leg(1, target("201"), LegState.ENDED),
        talking_to="b1",
        arrived_at=AT - 60,
        answered_at=AT - 52,
        ended_at=AT,
        outcome=Outcome.ANSWERED,
        recording=CallRecording(finished=(made,)),
    )
    every = tuple(NotificationField)
    ended = chosen(over, NotificationStatus.ENDED, fields=every)

    assert list(ended) == [*tree(over, NotificationStatus.ENDED), *every]
    assert (ended["duration"], ended["waiting_time"]) == (52, 8)
    assert ended["recording"] == {"id": "r1", "duration": 41, "file": "a/r1.wav"}
    ringing = chosen(over, NotificationStatus.RINGING, fields=every)
    assert list(ringing) == list(tree(over, NotificationStatus.RINGING))


def test_a_call_that_nobody_answered_has_waited_to_its_end_and_has_no_recording() -> None:
    missed = call(arrived_at=AT - 30, ended_at=AT, outcome=Outcome.MISSED)
    ended = chosen(missed, NotificationStatus.ENDED, fields=tuple(NotificationField))

    assert (ended["duration"], ended["waiting_time"], ended["recording"]) == (0, 30, None)


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        ({"directions": (NotificationDirection.INBOUND,)}, True),
        ({"directions": (NotificationDirection.OUTBOUND, NotificationDirection.INTERNAL)}, False),
        ({"numbers": ("31508009000",)}, True),
        ({"numbers": ("+31508009000",)}, True),
        ({"numbers": ("31508009001",)}, False),
        ({"accounts": ("201", "999")}, True),
        ({"accounts": ("999",)}, False),
        ({"accounts": ("201",), "numbers": ("31508009001",)}, False),
    ],
)
def test_a_subscriber_chooses_calls(options: dict[str, Any], *, is_told: bool) -> None:
    made = call(leg(1, target("201")))
    subscription = replace(SUBSCRIPTION, options=NotificationOptions(**options))

    assert is_subscribed(subscription, NotificationStatus.RINGING, made) is is_told


def test_who_calls_is_among_the_accounts_too() -> None:
    subscription = replace(SUBSCRIPTION, options=NotificationOptions(accounts=("201",)))

    assert is_subscribed(subscription, NotificationStatus.RINGING, outgoing())
