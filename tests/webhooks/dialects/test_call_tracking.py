"""The two posts of call tracking have the vendor's members, in order and type; what is unknown is null (R4)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from switchhook.delivery.http.wire import render as on_the_wire
from switchhook.domain.call import CALLER, Call, CallerId, Leg, LegState
from switchhook.domain.cause import AttemptEnd, EndedBy, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.project import Number, Project, ProjectSnapshot
from switchhook.domain.tracking.call_tracking import (
    NO_CALL_TRACKING,
    STATUSES,
    Slot,
    StatusEntry,
    TrackedStatus,
    TrackingScenario,
)
from switchhook.webhooks.dialects.call_tracking import (
    MOMENT_MEMBERS,
    members,
    render,
    sample,
    slot_of,
)
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.request import render_call_tracking
from tests.support.receivers.roistat import AFTER, MOMENT, ROISTAT
from tests.support.receivers.samples import ROISTAT_AFTER, ROISTAT_MOMENT
from tests.support.snapshots import incoming, ring
from tests.support.wire import Received

VISIT = {
    "visit_id": "123456",
    "order_id": "123456789",
    "google_analytics_id": "111111111.1111111111",
    "landing_page": "https://test.com/new",
    "city": "New York",
    "country": "USA",
    "visitor_ip": "161.185.160.93",
    "first_visit": "1001",
    "referrer": "https://fb.com/",
    "source_level_1": "fb",
    "source_level_2": "new",
}
"""What is known of the visitor of the vendor's sample."""
ARRIVED = 1_550_534_400.0
"""2019-02-19 00:00:00 UTC."""
BOTH = TrackingScenario(
    moment_url="http://target/roistat", after_url="http://target/roistat", send_id=False
)
WHERE = ProjectSnapshot(
    Project(id="us", name="US", country="US", numbers=(Number(number="12125097518", scheme=1),))
)


def call(caller: str = "+12125096995", within: ProjectSnapshot = WHERE) -> Call:
    made = incoming(ring())
    return made.changed(
        id="313",
        snapshot=within,
        caller=CallerId(number=caller),
        callee="12125097518",
        arrived_at=ARRIVED,
    )


def ended(outcome: Outcome, by: EndedBy = EndedBy.CALLER, **changes: Any) -> Call:
    return call().changed(outcome=outcome, ended_by=by, ended_at=ARRIVED + 30, **changes)


TALKED = ended(
    Outcome.ANSWERED,
    answered_at=ARRIVED + 9.5,
    talking_to="b1",
    legs=(
        Leg(id=CALLER, target=None, state=LegState.ENDED, started_at=ARRIVED),
        Leg(
            id="b1",
            target=None,
            state=LegState.ENDED,
            started_at=ARRIVED,
            ended_at=ARRIVED + 30,
            end=AttemptEnd.ANSWERED,
        ),
    ),
)


def facts(of: Call, extra: dict[str, str] | None = None) -> CallFacts:
    return CallFacts(call=of, now=ARRIVED, extra=VISIT if extra is None else extra)


def told(
    of: Call, extra: dict[str, str] | None = None, tracking: TrackingScenario = BOTH
) -> dict[str, Any]:
    slot = Slot.MOMENT if of.outcome is None else Slot.AFTER
    return members(tracking, slot, facts(of, extra))


def posted(slot: Slot, of: Call, tracking: TrackingScenario = BOTH) -> bytes:
    request = render_call_tracking(tracking, slot, facts(of), delivery_id="d", product="UA")
    return on_the_wire(request, "/roistat")


HEAD = """\
POST /roistat HTTP/1.1\r
Host: target\r
User-Agent: UA\r
Content-Type: application/json\r
Content-Length: {length}\r
\r
"""
BODY = (
    '{"id":"313","caller":"12125096995","callee":"12125097518","visit_id":"123456","marker":"fb_new"'
    ',"order_id":123456789,"date":"2019-02-19 00:00:00","google_client_id":"111111111.1111111111"'
    ',"custom_fields":[],"landing_page":"test.com/new","domain":"test.com","city":"New York"'
    ',"country":"USA","ip":"161.185.160.93","first_visit":"1001","referrer":"fb.com"'
    ',"utm_source":null,"utm_medium":null,"utm_campaign":null,"utm_term":null,"utm_content":null'
    ',"roistat_param_1":null,"roistat_param_2":null,"roistat_param_3":null,"roistat_param_4":null'
    ',"roistat_param_5":null,"source_level_1":"fb","source_level_2":"new"'
)
END = ',"status":"ANSWER","file_id":null,"duration":20,"link":""'


@pytest.mark.row("S-60", "R4-05", "R4-40", *(f"R4-{row:02}" for row in range(6, 30)), "A-37")
def test_the_bytes_of_both_posts_are_the_vendors() -> None:
    moment, after = f"{BODY}}}".encode(), f"{BODY}{END}}}".encode()

    assert (len(moment), len(after)) == (605, 662)
    assert posted(Slot.MOMENT, call()) == HEAD.format(length=605).encode() + moment
    assert posted(Slot.AFTER, TALKED) == HEAD.format(length=662).encode() + after


@pytest.mark.row("R4-46", "S-60")
@pytest.mark.parametrize("slot", Slot)
def test_the_sample_that_a_test_sends_is_the_vendors(slot: Slot) -> None:
    expected = ROISTAT_MOMENT if slot is Slot.MOMENT else ROISTAT_AFTER

    assert sample(BOTH, slot) == expected
    assert list(sample(BOTH, slot)) == list(expected)
    as_text = replace(BOTH, ids_as_strings=True)
    assert sample(as_text, slot) == expected | {"order_id": "123456789"}


def test_a_samples_url_has_no_call_to_fill_it_with() -> None:
    tracking = replace(BOTH, after_url="http://target/{caller_id}/x")
    request = render(tracking, Slot.AFTER, sample(tracking, Slot.AFTER), delivery_id="", product="")

    assert request.url == "http://target//x"


@pytest.mark.row("S-62", "R4-03", "R4-14", "R4-22", "R4-23", "A-38", "A-40")
def test_a_call_of_which_nothing_is_known_is_told_all_the_same() -> None:
    nothing = told(call(caller=""), {})

    assert list(nothing) == list(MOMENT_MEMBERS) == list(MOMENT)
    assert {name: value for name, value in nothing.items() if value is not None} == {
        "id": "313",
        "callee": "12125097518",
        "date": "2019-02-19 00:00:00",
        "custom_fields": [],
    }
    assert list(told(ended(Outcome.MISSED), {})) == list(AFTER)


@pytest.mark.row("R4-14", "A-40", "S-63")
def test_custom_fields_are_an_object_once_there_is_one() -> None:
    fields = {
        "order_field:Field": "v",
        "order_field:Поле": "знач",
        "order_field": "",
        "custom:x": "y",
    }

    assert told(call(), fields)["custom_fields"] == {"Field": "v", "Поле": "знач"}


@pytest.mark.row("R4-26", "S-63")
def test_real_receivers_keep_both_posts_of_a_call_apart_and_count_none_twice() -> None:
    """One takes a post without `status` for a call that goes on; one knows a post by `id` and whether it has one."""
    posts = [told(call(), VISIT), told(ended(Outcome.MISSED), VISIT)]
    under_way: list[str] = []
    over: list[str] = []
    stored: dict[tuple[str, bool], Any] = {}
    for post in json.loads(json.dumps([*posts, *posts])):  # each comes a second time, after a crash
        (over if post.get("status") is not None else under_way).append(post["id"])
        stored.setdefault((post["id"], "status" in post), post)
    assert (under_way, over) == (["313", "313"], ["313", "313"])
    assert list(stored.values()) == posts
    assert {name for name, _ in stored} == {"313"}


@pytest.mark.row("R4-11", "A-38")
@pytest.mark.parametrize(
    ("known", "sent", "as_text"),
    [
        ("123456789", 123456789, "123456789"),
        ("999999999999999", 999999999999999, "999999999999999"),
        ("9007199254740993", "9007199254740993", "9007199254740993"),
        ("007", "007", "007"),
        ("0", "0", "0"),
        ("-5", "-5", "-5"),
        ("D-17", "D-17", "D-17"),
        ("١٢", "١٢", "١٢"),
        ("", None, None),
    ],
)
def test_an_order_is_a_number_where_every_reader_keeps_it(
    known: str, sent: int | str | None, as_text: str | None
) -> None:
    assert told(call(), {"order_id": known})["order_id"] == sent
    texts = replace(BOTH, ids_as_strings=True)
    assert told(call(), {"order_id": known}, texts)["order_id"] == as_text


@pytest.mark.row("R4-07", "R4-08")
@pytest.mark.parametrize(
    ("country", "caller", "sent"),
    [
        ("US", "+12125096995", "12125096995"),
        ("US", "2125096995", "12125096995"),
        ("", "2125096995", "2125096995"),
        ("UA", "0441112233", "380441112233"),
        ("UA", "", None),
        ("UA", "mary\ud800", "mary?"),
    ],
)
def test_a_number_is_its_international_digits(country: str, caller: str, sent: str | None) -> None:
    within = ProjectSnapshot(Project(id="p", name="P", country=country))

    assert told(call(caller, within))["caller"] == sent


def test_a_withheld_number_is_not_told() -> None:
    hidden = call().changed(caller=CallerId(number="101", account="101", is_withheld=True))

    assert told(hidden)["caller"] is None
    for caller, sent in ((hidden, "0"), (call(""), "0"), (call("12125096995"), "12125096995")):
        tracking = replace(BOTH, withheld_caller="0")
        facts = CallFacts(call=caller, now=0.0)
        assert members(tracking, Slot.MOMENT, facts)["caller"] == sent


@pytest.mark.row("R4-12", "A-39")
def test_the_date_is_the_calls_start_in_the_projects_zone() -> None:
    within = ProjectSnapshot(Project(id="p", name="P", time_zone="Europe/Kyiv"))

    assert told(call(within=within))["date"] == "2019-02-19 02:00:00"
    assert told(TALKED)["date"] == "2019-02-19 00:00:00"


@pytest.mark.row("R4-09", "R4-10", "R4-15", "R4-16", "R4-21", "A-41")
@pytest.mark.parametrize(
    ("known", "member", "sent"),
    [
        ({"visit_id": "ours", "roistat_visit_id": "17541"}, "visit_id", "17541"),
        ({"visit_id": "ours"}, "visit_id", "ours"),
        ({"marker": "own", "source_level_1": "fb"}, "marker", "own"),
        ({"source_level_1": "fb"}, "marker", "fb"),
        ({"source_level_2": "new"}, "marker", "new"),
        ({"landing_page": "HTTP://test.com/new?a=1"}, "landing_page", "test.com/new?a=1"),
        ({"landing_page": "https://test.com:8443/"}, "landing_page", "test.com:8443"),
        ({"landing_page": "https://test.com:8443/"}, "domain", "test.com"),
        ({"landing_page": "https://test.com/", "domain": "shop.com"}, "domain", "shop.com"),
        ({"landing_page": "https://[::1/"}, "domain", None),
        ({"landing_page": "/new"}, "domain", None),
        ({"referrer": "fb.com"}, "referrer", "fb.com"),
        ({"referrer": "https://fb.com/a/"}, "referrer", "fb.com/a/"),
        ({"city": "Київ"}, "city", "Київ"),
    ],
)
def test_a_visits_facts(known: dict[str, str], member: str, sent: str | None) -> None:
    assert told(call(), known)[member] == sent


@pytest.mark.row("R4-27", "R4-29")
def test_a_recording_has_a_link_and_an_id_or_neither() -> None:
    assert (told(TALKED)["file_id"], told(TALKED)["link"]) == (None, "")
    linked = told(TALKED, {"recording_link": "https://pbx.example/r/313"})
    assert (linked["file_id"], linked["link"]) == ("313", "https://pbx.example/r/313")
    as_wav = told(TALKED, {"recording_wav_link": "https://pbx.example/r/313.wav"})
    assert as_wav["link"] == "https://pbx.example/r/313.wav"


@pytest.mark.row("R4-26", "R4-28", "A-42", *(f"R4-{row}" for row in range(30, 38)))
@pytest.mark.parametrize("by", EndedBy)
@pytest.mark.parametrize("outcome", Outcome)
def test_each_ending_has_one_of_the_eight_statuses(outcome: Outcome, by: EndedBy) -> None:
    over = TALKED.changed(outcome=outcome, ended_by=by)

    assert told(over)["status"] == STATUSES[outcome].value
    assert told(over)["duration"] == (20 if outcome is Outcome.ANSWERED else 0)


def test_the_eight_statuses_are_all_of_them() -> None:
    assert set(STATUSES) == set(Outcome)
    assert set(STATUSES.values()) == set(TrackedStatus)


@pytest.mark.row("A-42")
def test_a_project_may_change_entries_of_the_table() -> None:
    changed = replace(
        BOTH,
        statuses=(
            StatusEntry(outcome=Outcome.REJECTED, status=TrackedStatus.NOANSWER),
            StatusEntry(
                outcome=Outcome.REJECTED, ended_by=EndedBy.CALLEE, status=TrackedStatus.CANCEL
            ),
        ),
    )

    assert changed.status(Outcome.REJECTED, EndedBy.CALLEE) is TrackedStatus.CANCEL
    assert changed.status(Outcome.REJECTED, EndedBy.SYSTEM) is TrackedStatus.NOANSWER
    assert changed.status(Outcome.REJECTED, None) is TrackedStatus.NOANSWER
    assert changed.status(Outcome.BUSY, EndedBy.CALLEE) is TrackedStatus.BUSY


@pytest.mark.row("R4-01", "R4-02", "R4-04", "R4-25")
@pytest.mark.parametrize("event", EventKind)
def test_two_events_of_incoming_calls_are_told_and_no_others(event: EventKind) -> None:
    expected = {
        EventKind.INCOMING_FORWARDING: Slot.MOMENT,
        EventKind.INCOMING_AFTER: Slot.AFTER,
    }

    assert slot_of(call(), event) is expected.get(event)


def test_a_later_round_is_no_first_dialling() -> None:
    assert slot_of(TALKED, EventKind.INCOMING_FORWARDING) is None


@pytest.mark.row("S-73", "R4-05")
def test_nothing_that_a_caller_or_visitor_sends_adds_a_member_or_a_line() -> None:
    evil = '"; X: y\r\nEvil: 1","status":"ANSWER'
    known = dict.fromkeys((*VISIT, "marker", "domain", "roistat_visit_id"), evil)
    known |= {f"order_field:{evil}": evil, "landing_page": f"https://{evil}"}
    tracking = replace(BOTH, moment_url="http://target/roistat?c={caller_id}")
    request = render_call_tracking(
        tracking, Slot.MOMENT, facts(call(evil), known), delivery_id="d", product="UA"
    )
    raw = on_the_wire(request, request.url.removeprefix("http://target"))

    received = Received(at=0.0, raw=raw, connection=1)
    assert list(json.loads(received.body)) == list(MOMENT)
    assert received.header("Evil") == ""
    assert received.target.startswith("/roistat?c=%22%3B%20X")


def test_a_strict_receiver_takes_both() -> None:
    for slot, of in ((Slot.MOMENT, call()), (Slot.AFTER, TALKED)):
        received = Received(at=0.0, raw=posted(slot, of), connection=1)
        assert ROISTAT.values(received) == (
            ROISTAT_MOMENT if slot is Slot.MOMENT else ROISTAT_AFTER
        )


def test_without_addresses_nothing_is_on() -> None:
    assert not NO_CALL_TRACKING.is_on
    assert replace(NO_CALL_TRACKING, after_url="http://a").is_on
    assert [BOTH.url(slot) for slot in Slot] == ["http://target/roistat"] * 2
