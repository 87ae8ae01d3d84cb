"""A call is an event of Google Analytics: for a visitor that it knows, inside of a session that still counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import COLLECT_URL, EventFormat, EventKind, GoogleAnalytics
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.webhook import Method
from switchhook.webhooks.listeners import actions_at
from switchhook.webhooks.request import render_event, why_not_sent
from tests.webhooks.samples import (
    ARRIVED,
    PLAN,
    UA,
    VISIT,
    field,
    image,
    make_call,
    make_event,
    make_facts,
    written,
)

if TYPE_CHECKING:
    from switchhook.domain.event import EventWebhook
    from switchhook.webhooks.http import HttpRequest

SET_UP = GoogleAnalytics(measurement_id="G-TEST", api_secret="sesame")
(BUILT_IN,) = SET_UP.event.webhooks
STARTED = int(ARRIVED) - 600
"""The session's id is the moment of its start."""
SESSION = {
    "google_analytics_session_id": str(STARTED),
    "visit_seen_at": str(ARRIVED - 60),
}


def told(webhook: EventWebhook = BUILT_IN, /, **facts: str) -> tuple[dict[str, Any], HttpRequest]:
    """Return what is sent of the call of S-40, and its request."""
    made = make_facts(
        extra=VISIT | SESSION | facts,
        answered_at=ARRIVED + 8,
        ended_at=ARRIVED + 20,
        outcome=Outcome.ANSWERED,
    )
    made = replace(made, now=ARRIVED + 20)
    request = render_event(webhook, made, delivery_id="d-1001", product=UA)
    body: dict[str, Any] = json.loads(request.body)
    return body, request


def session_of(body: dict[str, Any]) -> tuple[str | None, float]:
    return body["events"][0]["params"].get("session_id"), body["timestamp_micros"] / 1_000_000


@pytest.mark.row("S-48", "R2-17", "A-24", "N-12")
def test_the_call_goes_out_with_client_and_session() -> None:
    analytics = replace(SET_UP, url="http://target/mp/collect")
    _, request = told(analytics.event.webhooks[0])
    body = (
        '{"client_id":"1479099944.1534841744","timestamp_micros":1534147871000000,'
        '"events":[{"name":"phone_call","params":{'
        f'"session_id":"{STARTED}","engagement_time_msec":12000,'
        '"call_id":"3333333333.3333333","call_status":"ANSWERED","direction":"incoming",'
        '"conversation":12,"waiting_time":8,"first_call":"1"}}]}'
    )
    assert image(request) == written(
        f"""
        POST /mp/collect?measurement_id=G-TEST&api_secret=sesame HTTP/1.1
        Host: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: {len(body)}
        """,
        body,
    )


def test_nobody_is_named() -> None:
    """Google forbids it."""
    _, request = told()
    for named in ("380441112233", "380442223344", "Иван"):
        assert named not in request.body.decode()


@pytest.mark.row("N-12")
@pytest.mark.parametrize(
    ("client", "sent"),
    [
        ("1479099944.1534841744", "1479099944.1534841744"),
        ("GA1.1.1479099944.1534841744", "1479099944.1534841744"),
        (" GA1.2.1.2 ", "1.2"),
        ("", ""),
        ("-", ""),
        ("1479099944", ""),
        ('1.2","x":"', ""),
        ("٣.٤", ""),
    ],
)
def test_nothing_is_sent_without_a_client_id(client: str, sent: str) -> None:
    facts = make_facts(extra={"google_analytics_id": client})

    assert why_not_sent(BUILT_IN, facts) == (
        "" if sent else "no visit with a Google Analytics client id belongs to the call"
    )
    if sent:
        assert told(google_analytics_id=client)[0]["client_id"] == sent
    assert why_not_sent(make_event(), facts) == ""


@pytest.mark.row("N-12")
@pytest.mark.parametrize(
    ("session", "seen", "sent", "stamp"),
    [
        (str(STARTED), ARRIVED - 60, str(STARTED), ARRIVED),
        (f"GS1.1.{STARTED}.5.1.{STARTED + 9}.0.0.0", ARRIVED - 60, str(STARTED), ARRIVED),
        (f"GS2.1.s{STARTED}$o5$g1$t{STARTED + 9}$j0", ARRIVED - 60, str(STARTED), ARRIVED),
        (str(STARTED), ARRIVED - 1800, str(STARTED), ARRIVED),
        (str(STARTED - 9000), ARRIVED - 1801, str(STARTED - 9000), ARRIVED - 1801),
        (str(STARTED - 9000), "", str(STARTED - 9000), STARTED - 9000),
        (str(STARTED - 9000), "long ago", str(STARTED - 9000), STARTED - 9000),
        ("7", ARRIVED - 60, "7", ARRIVED),
        ("7", "", "7", ARRIVED),
        ("", ARRIVED - 9000, None, ARRIVED),
        ("GS9", ARRIVED - 9000, None, ARRIVED),
        ("१७", ARRIVED - 9000, None, ARRIVED),
    ],
)
def test_the_stamp_lies_inside_of_the_session(
    session: str, seen: object, sent: str | None, stamp: float
) -> None:
    body, request = told(google_analytics_session_id=session, visit_seen_at=str(seen))

    assert session_of(body) == (sent, stamp)
    assert request.notes == ()


@pytest.mark.row("N-12")
def test_the_end_of_a_session_is_set_as_in_the_property() -> None:
    analytics = replace(SET_UP, session_timeout=600)
    seen = {"visit_seen_at": str(ARRIVED - 601)}

    assert session_of(told(analytics.event.webhooks[0], **seen)[0])[1] == ARRIVED - 601
    assert session_of(told(**seen)[0])[1] == ARRIVED


@pytest.mark.row("N-12")
def test_several_calls_of_a_visit_are_in_one_session() -> None:
    bodies = [told(call_count=count)[0] for count in ("1", "2")]

    assert {session_of(body)[0] for body in bodies} == {str(STARTED)}


@pytest.mark.row("N-12", "N-18")
@pytest.mark.parametrize(("delay", "session"), [(0.0, True), (4 * 3600.0, False)])
def test_a_session_that_began_a_day_before_the_sending_is_left_out_and_that_is_noted(
    delay: float, session: object
) -> None:
    began = str(int(ARRIVED) + 20 - 86_400 + 3600)
    analytics = replace(SET_UP, delay=delay)
    body, request = told(analytics.event.webhooks[0], google_analytics_session_id=began)

    assert (session_of(body)[0] == began) is session
    assert request.notes == (
        ()
        if session
        else ("Its session began more than a day ago: Google Analytics counts it to no source.",)
    )


@pytest.mark.row("S-48", "A-24")
def test_a_row_of_one_s_own_chooses_name_and_parameters() -> None:
    own = make_event(
        url=COLLECT_URL,
        method=Method.GET,
        format=EventFormat.GA4,
        measurement_id="G-OTHER",
        api_secret="a&b=c",
        event_name="lead",
        fields=(field("city", "custom", "city"), field("long", "constant", "я" * 500)),
    )
    body, request = told(own)

    assert request.method == "POST"
    assert parse_qsl(urlsplit(request.url).query) == [
        ("measurement_id", "G-OTHER"),
        ("api_secret", "a&b=c"),
    ]
    (event,) = body["events"]
    assert event["name"] == "lead"
    assert event["params"]["city"] == "Київ"
    assert event["params"]["long"] == "я" * 100


@pytest.mark.row("S-48", "R2-17")
def test_the_built_in_event_is_told_only_when_it_is_set_up() -> None:
    quiet = PLAN
    loud = ProjectSnapshot(replace(PLAN.project, google_analytics=SET_UP))
    half = ProjectSnapshot(
        Project(id="x", name="X", google_analytics=GoogleAnalytics(measurement_id="G-TEST"))
    )
    for snapshot, names in ((quiet, []), (half, []), (loud, ["Google Analytics"])):
        call = make_call(snapshot=snapshot)
        for kind in EventKind:
            found = [one.name for one in actions_at(call, kind)]
            assert found == (names if kind is EventKind.INCOMING_AFTER else [])
        assert snapshot.project.all_events[0].name == "Google Analytics"


@pytest.mark.row("S-48", "N-18")
def test_it_takes_any_2xx_and_waits_while_google_is_down() -> None:
    policy = replace(SET_UP, delay=14_400).event.webhooks[0].policy

    assert policy == DeliveryPolicy(
        success_codes=tuple(range(200, 300)), retries=10, keep_order=False, delay=14_400
    )


def test_a_secret_is_not_shown() -> None:
    assert "sesame" not in repr(SET_UP)
    assert "sesame" not in repr(BUILT_IN)
