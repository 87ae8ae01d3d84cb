"""A call's trace tells what is stored of it: asks, legs, recordings, deliveries and their attempts, and nothing private."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switchhook.domain.call import CallState, Direction, Leg, LegState
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.operations.history import DeliveryStory
from switchhook.storage.records import CallRow, DeliveryRow, DeliveryState
from switchhook.views.trace import (
    TraceSpan,
    hidden_numbers,
    is_sampled,
    late_spans,
    safe_url,
    trace_id,
    trace_of,
)
from switchhook.webhooks.http import HttpRequest
from tests.support.promises import DOWN, OCCURRED, attempt, delivery, mail
from tests.support.snapshots import MARY, MOBILE

HOOK = "https://key:pass@hooks.example/services/T0AB12CD34EF/calls/380671112233?token=secret"
BUSY = Cause(sip=486, q850=17, text="Busy Here")


def entry(seq: int, after: float, kind: EntryKind, text: str = "", /, **facts: str) -> JournalEntry:
    return JournalEntry(
        seq=seq, at=OCCURRED + after, kind=kind, text=text, facts=tuple(facts.items())
    )


CALL = CallRow(
    id="1760000000.000000000001",
    snapshot=("shop", 3),
    direction=Direction.INCOMING,
    caller="380671112233",
    caller_name="Ann Client",
    callee="380800111222",
    account="",
    arrived_at=OCCURRED,
    state=CallState.ENDED,
    scheme=1,
    legs=(
        Leg(id="caller", target=None, state=LegState.ENDED, started_at=OCCURRED),
        Leg(
            id="b1",
            target=MARY,
            state=LegState.ENDED,
            started_at=OCCURRED + 1,
            ended_at=OCCURRED + 1.5,
            end=AttemptEnd.BUSY,
            cause=BUSY,
        ),
        Leg(
            id="b2",
            target=MOBILE,
            state=LegState.ENDED,
            started_at=OCCURRED + 2,
            rang_at=OCCURRED + 3,
            answered_at=OCCURRED + 7,
            ended_at=OCCURRED + 17,
            end=AttemptEnd.ANSWERED,
        ),
    ),
    talking_to="b2",
    answered_at=OCCURRED + 7,
    ended_at=OCCURRED + 17,
    outcome=Outcome.ANSWERED,
    ended_by=EndedBy.CALLEE,
    cause=Cause(sip=200, q850=16),
)
JOURNAL = (
    entry(1, 0, EntryKind.ARRIVED, caller="380671112233", callee="380800111222"),
    entry(2, 0, EntryKind.STEP, "Main", step="ask"),
    entry(3, 0.1, EntryKind.ASKED, "crm", ask="a1"),
    entry(
        4,
        0.6,
        EntryKind.ANSWER,
        "rings mary, as Ann Client",
        webhook="crm",
        seconds="0.5",
        request=f"GET {HOOK}",
        address="192.0.2.7:443",
        seconds_connect="0.1000",
        seconds_total="0.5000",
        status="200",
        body='{"name":"Ann Client"}',
        read_as="strict JSON",
    ),
    entry(5, 0.7, EntryKind.ASKED, "spare", ask="a2"),
    entry(6, 0.9, EntryKind.ASK_FAILED, "nothing listens", webhook="spare", kind="refused"),
    entry(7, 1, EntryKind.KEYED, "4711", digit="4"),
    entry(8, 7, EntryKind.ANSWERED, target="380501112233"),
    entry(9, 17, EntryKind.RECORDED, "r1.wav", seconds="10"),
    entry(10, 17, EntryKind.ENDED, outcome="answered", ended_by="callee"),
)


def story(promised: Any, state: DeliveryState, *attempts: Any) -> DeliveryStory:
    latest = attempts[-1] if attempts else None
    row = DeliveryRow(number=1, delivery=promised, state=state, latest=latest)
    return DeliveryStory(row=row, attempts=attempts)


TOLD = delivery(CALL.id, 1, url=HOOK)
FAILED_ONCE = (
    replace(attempt(TOLD, failure=DOWN, is_last=False), at=OCCURRED + 18),
    replace(attempt(TOLD, number=2), at=OCCURRED + 20),
)


def told(*stories: DeliveryStory, masks_numbers: bool = True) -> list[TraceSpan]:
    return trace_of(CALL, JOURNAL, stories, at=OCCURRED + 30, masks_numbers=masks_numbers)


def tree(spans: list[TraceSpan]) -> list[str]:
    """Tell spans as lines: each below its parent, with its times, events and error."""

    def below(parent: int | None, depth: int) -> list[str]:
        return [line for span in spans if span.parent == parent for line in of(span, depth)]

    def of(span: TraceSpan, depth: int) -> list[str]:
        times = f"{round(span.start - OCCURRED, 3):g}-{round(span.end - OCCURRED, 3):g}"
        events = "".join(f" ({one.name} {one.at - OCCURRED:g})" for one in span.events)
        error = f" !{span.attributes['error.type']}" if span.is_error else ""
        return [f"{'  ' * depth}{span.name} {times}{events}{error}", *below(span.id, depth + 1)]

    roots = {span.parent for span in spans} - {span.id for span in spans}
    return [line for root in roots for line in below(root, 0)]


def test_a_call_is_one_trace() -> None:
    spans = told(
        story(TOLD, DeliveryState.DELIVERED, *FAILED_ONCE),
        story(mail(CALL.id, 2), DeliveryState.PENDING),
    )
    assert tree(spans) == [
        "incoming call 0-17 (step 0) (answered 7)",
        "  ask crm 0.1-0.6",
        "  ask spare 0.7-0.9 !refused",
        "  ring account 1-1.5",
        "  ring number 2-17 (ringing 3) (answered 7)",
        "  record 7-17",
        "  deliver incoming.after 1-20.25",
        "    POST 18-18.25 !status",
        "    POST 20-20.25",
        "  deliver incoming.after 2-30",
    ]
    assert {span.trace for span in spans} == {trace_id(CALL.id)}
    assert len({span.id for span in spans}) == len(spans)
    assert spans == told(
        story(TOLD, DeliveryState.DELIVERED, *FAILED_ONCE),
        story(mail(CALL.id, 2), DeliveryState.PENDING),
    )


def named(spans: list[TraceSpan], name: str) -> dict[str, Any]:
    return dict(next(span for span in spans if span.name == name).attributes)


def test_spans_are_described_in_the_words_of_the_conventions() -> None:
    spans = told(story(TOLD, DeliveryState.DELIVERED, *FAILED_ONCE), masks_numbers=False)
    assert named(spans, "incoming call") == {
        "switchhook.call.id": CALL.id,
        "switchhook.project": "shop",
        "switchhook.project.version": 3,
        "switchhook.call.direction": "incoming",
        "switchhook.call.caller": "380671112233",
        "switchhook.call.callee": "380800111222",
        "switchhook.call.scheme": 1,
        "switchhook.call.outcome": "answered",
        "switchhook.call.ended_by": "callee",
        "switchhook.call.talk_seconds": 10.0,
        "switchhook.sip.status": 200,
        "switchhook.q850.cause": 16,
    }
    assert named(spans, "ask crm") == {
        "switchhook.ask": "a1",
        "switchhook.webhook": "crm",
        "switchhook.ask.result": "answered",
        "switchhook.ask.read_as": "strict JSON",
        "http.request.method": "GET",
        "url.full": "https://hooks.example/services/****/calls/****",
        "server.address": "hooks.example",
        "server.port": 443,
        "network.peer.address": "192.0.2.7",
        "network.peer.port": 443,
        "http.response.status_code": 200,
        "switchhook.phase.connect": 0.1,
        "switchhook.phase.total": 0.5,
    }
    assert named(spans, "ring account") == {
        "switchhook.leg": "b1",
        "switchhook.leg.target": "mary",
        "switchhook.leg.end": "busy",
        "switchhook.leg.rang": False,
        "switchhook.leg.answered": False,
        "switchhook.sip.status": 486,
        "switchhook.q850.cause": 17,
        "switchhook.cause": "Busy Here",
    }
    assert named(spans, "ring number")["switchhook.leg.ring_seconds"] == 4.0
    first, second = (span.attributes for span in spans if span.name == "POST")
    assert (first["error.type"], first["http.response.status_code"]) == ("status", 503)
    assert "error.type" not in second
    assert second["http.request.resend_count"] == 1
    assert "http.request.resend_count" not in first
    assert named(spans, "deliver incoming.after")["switchhook.delivery.state"] == "delivered"


@pytest.mark.parametrize("masks_numbers", [True, False])
def test_nothing_private_goes_along(*, masks_numbers: bool) -> None:
    spans = told(
        story(TOLD, DeliveryState.DELIVERED, *FAILED_ONCE),
        story(mail(CALL.id, 2), DeliveryState.PENDING),
        masks_numbers=masks_numbers,
    )
    text = str([(span.name, span.attributes, span.events) for span in spans])
    for secret in ("pass", "secret", "T0AB12CD34EF", "Ann", "4711", "desk@", "thanks", "r1.wav"):
        assert secret not in text, secret
    numbers = ("380671112233", "380800111222", "380501112233")
    assert [number in text for number in numbers] == [not masks_numbers] * 3
    assert ("****33" in text) is masks_numbers


def test_an_ask_without_an_answer_was_given_up_at_the_end() -> None:
    spans = trace_of(CALL, JOURNAL[:3], (), at=OCCURRED + 30, masks_numbers=True)
    assert "  ask crm 0.1-17" in tree(spans)
    assert named(spans, "ask crm")["switchhook.ask.result"] == "given_up"


def test_a_delivery_that_was_given_up_says_why() -> None:
    old = Failure(kind=FailureKind.EXPIRED, detail="too old")
    (whole,) = late_spans(
        story(TOLD, DeliveryState.EXPIRED, attempt(TOLD, failure=old)),
        (attempt(TOLD, failure=old),),
        is_told=False,
        at=OCCURRED + 30,
        masks_numbers=True,
    )
    assert whole.attributes["error.type"] == "expired"
    assert whole.link is None


def test_what_is_settled_later_continues_in_the_same_trace() -> None:
    waits = story(TOLD, DeliveryState.PENDING, FAILED_ONCE[0])
    first = next(span for span in told(waits) if span.name.startswith("deliver"))
    root = told(waits)[0]
    done = story(TOLD, DeliveryState.DELIVERED, *FAILED_ONCE)
    later, post = late_spans(
        done, FAILED_ONCE[1:], is_told=True, at=OCCURRED + 99, masks_numbers=True
    )
    assert (later.trace, later.parent, later.link) == (root.trace, root.id, first.id)
    assert later.id != first.id
    assert (later.start - OCCURRED, later.end - OCCURRED) == (20, 20.25)
    assert post.parent == later.id
    assert post.id == next(one for one in told(done) if one.start == OCCURRED + 20).id


def test_a_subscribers_path_is_its_secret() -> None:
    promised = replace(TOLD, webhook="subscription 7")
    assert isinstance(promised.request, HttpRequest)
    spans = told(story(promised, DeliveryState.DELIVERED, attempt(promised)))
    assert named(spans, "POST")["url.full"] == "https://hooks.example/****"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+380671112233", "****33"),
        ("sip:380671112233@host", "sip:****33@host"),
        ("102", "102"),
        ("192.0.2.10:5060", "192.0.2.10:5060"),
    ],
)
def test_two_digits_of_a_number_stay(text: str, shown: str) -> None:
    assert hidden_numbers(text) == shown


@pytest.mark.parametrize(
    "url", ["http://[2001:db8::1]:8080/a", "https://crm.example/calls", "http://a/"]
)
def test_a_harmless_url_stays(url: str) -> None:
    assert safe_url(url, str) == url


def test_the_same_part_of_all_calls_is_sampled() -> None:
    traces = [trace_id(f"1760000000.{number:012}") for number in range(2000)]
    assert all(is_sampled(trace, 1.0) for trace in traces)
    assert not any(is_sampled(trace, 0.0) for trace in traces)
    tenth = {trace for trace in traces if is_sampled(trace, 0.1)}
    assert 130 < len(tenth) < 270
    assert tenth <= {trace for trace in traces if is_sampled(trace, 0.5)}
