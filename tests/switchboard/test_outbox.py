"""Who subscribed is told of each step of each call, in order, as the project's own webhooks are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.call import CALLER
from switchhook.domain.event import BUILT_IN, EventKind, GoogleAnalytics, Subscription
from switchhook.domain.event_stream import (
    Amendment,
    EventStream,
    StreamEventType,
    StreamWebhook,
)
from switchhook.domain.project import ProjectSnapshot
from switchhook.routing.commands import EmitEvent, PublishEvent
from switchhook.routing.events import CallArrived, TimePassed
from switchhook.switchboard.outbox import OutboxContext, call_record, event_deliveries
from switchhook.views.timeline import entry_line
from switchhook.webhooks.http import HttpRequest
from tests.support.events import web_event
from tests.support.snapshots import (
    DIALLED,
    JOHN,
    MOBILE,
    SALES,
    from_account,
    in_turn,
    incoming,
    snapshot,
)
from tests.support.transcript import Transcript, answers, hangs_up, refuses, rings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.routing.events import Event
    from switchhook.storage.delivery import Delivery


def subscription(number: int, event: str = "custom", project: str = "shop") -> Subscription:
    return Subscription(
        project=project,
        number=number,
        user="user@example.com",
        target_url=f"https://hooks.target/h/{number}",
        event=event,
        created_at=1.0,
    )


def context(*subscriptions: Subscription) -> OutboxContext:
    def of(project: str) -> Sequence[Subscription]:
        return [one for one in subscriptions if one.project == project]

    return OutboxContext(product="test", subscriptions_of=of)


def told(story: Transcript, *subscriptions: Subscription) -> list[Delivery]:
    tells = [command for command in story.commands if isinstance(command, EmitEvent)]
    return [made for tell in tells for made in event_deliveries(tell, context(*subscriptions))]


def request_of(delivery: Delivery) -> HttpRequest:
    assert isinstance(delivery.request, HttpRequest)
    return delivery.request


def line(delivery: Delivery) -> str:
    """Return a notification as one line: status, who it is about, why."""
    read: dict[str, Any] = json.loads(request_of(delivery).body)
    targets = ",".join(party["number"] for party in read["destination"]["targets"])
    return " ".join(filter(None, (read["direction"], read["status"], targets, read["reason"])))


def heard(story: Transcript, *events: tuple[float, Event]) -> list[str]:
    for now, event in events:
        story.comes_to(now, event)
    return [line(made) for made in told(story, subscription(1))]


def test_a_whole_incoming_call_round_by_round() -> None:
    story = Transcript(incoming(in_turn(SALES, JOHN)))
    lines = heard(
        story,
        (0, CallArrived()),
        (30, TimePassed()),
        (33, answers("b3")),
        (60, hangs_up(CALLER)),
    )

    assert lines == [
        "inbound created",
        "inbound ringing mary,olga",
        "inbound ringing john",
        "inbound in-progress john",
        "inbound ended john completed",
    ]


def test_a_call_that_nobody_answered() -> None:
    story = Transcript(incoming(in_turn(JOHN)))
    lines = heard(story, (0, CallArrived()), (2, refuses("b1", 486)))

    assert lines == ["inbound created", "inbound ringing john", "inbound ended busy"]


def test_an_outgoing_call() -> None:
    story = Transcript(from_account(str(MOBILE)))
    lines = heard(story, (0, CallArrived()), (2, answers("b1")), (9, hangs_up("b1")))

    assert lines == [
        f"outbound ringing +{MOBILE}",
        f"outbound in-progress +{MOBILE}",
        f"outbound ended +{MOBILE} completed",
    ]


@pytest.mark.row("FB-15")
def test_calls_between_accounts_are_told_but_to_who_does_without() -> None:
    story = Transcript(from_account("mary"))

    assert heard(story, (0, CallArrived()), (2, answers("b1")), (9, hangs_up("b1"))) == [
        "inbound ringing mary",
        "inbound in-progress mary",
        "inbound ended mary completed",
    ]
    without = replace(subscription(1), internal=False)
    assert told(story, without, subscription(2))[0].webhook == "subscription 2"


def test_an_account_that_dials_a_number_of_the_project_calls_in() -> None:
    story = Transcript(from_account(DIALLED, snapshot(in_turn(JOHN))))

    assert heard(story, (0, CallArrived()))[0] == "inbound created"


def test_each_is_told_what_it_asked_for_under_its_own_name() -> None:
    story = Transcript(incoming(in_turn(JOHN)))
    for now, event in ((0, CallArrived()), (2, refuses("b1", 486))):
        story.comes_to(now, event)
    made = told(story, subscription(1), subscription(12, "ended"), subscription(3, project="house"))

    assert [(one.id, one.webhook, one.seq) for one in made] == [
        ("c.1.subscription%201", "subscription 1", 1),
        ("c.2.subscription%201", "subscription 1", 2),
        ("c.3.subscription%201", "subscription 1", 3),
        ("c.3.subscription%2012", "subscription 12", 3),
    ]
    (ended, alike) = made[-2:]
    assert request_of(ended).body == request_of(alike).body
    assert (ended.success_codes, ended.response_timeout) == (tuple(range(200, 300)), 15.0)
    assert dict(request_of(ended).headers)["webhook-id"] == ended.id
    assert alike.request.url == "https://hooks.target/h/12"


@pytest.mark.parametrize("kind", [EventKind.OUTGOING_FORWARDING, EventKind.OUTGOING_PICKUP])
def test_event_webhooks_are_told_of_outgoing_calls_beside_them(kind: EventKind) -> None:
    webhook = web_event(name="crm", event=kind, url="http://crm.example/")
    house = ProjectSnapshot(replace(snapshot().project, events=(webhook,)))
    story = Transcript(from_account(str(MOBILE), house))
    for now, event in ((0, CallArrived()), (2, answers("b1")), (9, hangs_up("b1"))):
        story.comes_to(now, event)
    made = told(story, subscription(1))

    assert [one.webhook for one in made if one.event is kind] == ["crm", "subscription 1"]
    assert len(made) == 4


def test_what_is_promised_is_part_of_the_calls_record() -> None:
    story = Transcript(incoming(in_turn(JOHN)))
    story.comes_to(0, CallArrived())
    record = call_record(story.call, story.commands, context(subscription(1)))

    assert [line(made) for made in record.deliveries] == ["inbound created", "inbound ringing john"]


def test_an_event_of_the_stream_goes_to_each_webhook_with_the_same_bytes_and_id() -> None:
    first = StreamWebhook(name="a", url="https://a.example/in?key={x}")
    second = StreamWebhook(
        name="b", url="https://b.example/", types=(StreamEventType.CALL_CREATED,)
    )
    project = replace(
        snapshot(in_turn(JOHN)).project,
        event_stream=EventStream(keep=True),
        stream_webhooks=(first, second),
    )
    story = Transcript(incoming(within=ProjectSnapshot(project)))
    story.comes_to(0, CallArrived())
    record = call_record(story.call, story.commands, context())

    assert [(one.seq, one.type) for one in record.events] == [
        (1, "call.created"),
        (2, "call.forwarding"),
    ]
    created, forwarding = record.events
    assert [(one.id, one.event) for one in record.deliveries] == [
        ("c.1.a", "call.created"),
        ("c.1.b", "call.created"),
        ("c.2.a", "call.forwarding"),
    ]
    assert [request_of(one).body for one in record.deliveries] == [
        created.body,
        created.body,
        forwarding.body,
    ]
    ids = [dict(request_of(one).headers)["webhook-id"] for one in record.deliveries]
    assert ids == ["c.1", "c.1", "c.2"]
    assert request_of(record.deliveries[0]).url == "https://a.example/in?key=%7Bx%7D"
    assert record.deliveries[0].success_codes == tuple(range(200, 300))


def test_a_stream_that_only_webhooks_are_told_of_is_not_kept() -> None:
    webhook = StreamWebhook(name="a", url="https://a.example/")
    project = replace(snapshot(in_turn(JOHN)).project, stream_webhooks=(webhook,))
    story = Transcript(incoming(within=ProjectSnapshot(project)))
    story.comes_to(0, CallArrived())
    record = call_record(story.call, story.commands, context())

    assert record.events == ()
    assert [one.seq for one in record.deliveries] == [1, 2]


def test_a_code_that_a_name_repeats_stands_in_no_event() -> None:
    call = incoming(
        within=ProjectSnapshot(replace(snapshot().project, event_stream=EventStream(keep=True)))
    )
    call = call.changed(asks=call.asks.changed(codes=("4711",), caller_name="VIP 4711"))
    change = Amendment(field="caller.name", before="Anna", after="VIP 4711")
    published = PublishEvent(
        type=StreamEventType.CALL_AMENDED, seq=1, at=1.0, call=call, changes=(change,)
    )
    (event,) = call_record(call, [published], context()).events

    assert b"4711" not in event.body
    assert json.loads(event.body)["changes"] == [
        {"field": "caller.name", "before": "Anna", "after": "VIP ****"}
    ]


def test_only_a_step_that_nobody_waits_for_can_wait_to_be_stored() -> None:
    story = Transcript(incoming(in_turn(JOHN)))
    waited = []
    for now, event in (
        (0, CallArrived()),
        (1, rings("b1")),
        (3, answers("b1")),
        (9, hangs_up(CALLER)),
    ):
        before = len(story.commands)
        story.comes_to(now, event)
        waited.append(call_record(story.call, story.commands[before:], context()).can_wait)

    assert waited == [False, True, False, False]


def test_what_is_promised_does_not_wait_to_be_stored() -> None:
    story = Transcript(incoming(in_turn(JOHN)))
    story.comes_to(0, CallArrived())
    (tell, *_) = (one for one in story.commands if isinstance(one, EmitEvent))

    assert call_record(story.call, [tell], context()).can_wait
    assert not call_record(story.call, [tell], context(subscription(1))).can_wait


@pytest.mark.row("R2-17")
def test_whom_a_call_cannot_be_told_stands_in_its_journal_with_the_reason() -> None:
    analytics = GoogleAnalytics(measurement_id="G-TEST", api_secret="s")
    within = ProjectSnapshot(replace(snapshot().project, google_analytics=analytics))
    story = Transcript(incoming(within=within))
    heard(story, (0, CallArrived()), (5, hangs_up(CALLER)))
    record = call_record(story.call, story.commands, context())

    line = entry_line(record.entries[-1])
    assert [one.webhook for one in record.deliveries if one.webhook == BUILT_IN] == []
    assert [said for said in line.below if said.startswith("not told to Google Analytics: ")]
    assert not any(
        "not told" in one for entry in record.entries[:-1] for one in entry_line(entry).below
    )
