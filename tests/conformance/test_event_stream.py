"""Whatever becomes of a call, the stream tells it whole: no gap, one end, each target's end, and every event as published."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from switchhook.domain.event_stream import EventStream, StreamEventType, StreamWebhook
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import CallerName, NameChoice
from switchhook.routing.commands import EmitEvent, PublishEvent
from switchhook.webhooks.dialects.event_stream import StreamFacts, schema, write
from tests.conformance.test_notifications import (
    OUTGOING,
    STORIES,
    Story,
    play,
)
from tests.support.loop import run
from tests.support.snapshots import DIALLED, MARY, MOBILE, ask_crm, ring
from tests.support.strategies import Walk, talking, walks

VALIDATOR = jsonschema.Draft202012Validator(schema())
Event = dict[str, Any]


class StreamStory(Story):
    """A story whose project has a stream, and one webhook that is told of all of it."""

    __slots__ = ()

    @property
    def snapshot(self) -> ProjectSnapshot:
        """Return the project."""
        webhook = StreamWebhook(name="erp", url="https://erp.example/events")
        project = super().snapshot.project
        return ProjectSnapshot(
            replace(project, event_stream=EventStream(keep=True), stream_webhooks=(webhook,))
        )


def streamed(story: Story) -> list[Event]:
    """Play a story; return what its stream had."""
    values = {name: getattr(story, name) for name in Story.__dataclass_fields__}
    told = run(play(StreamStory(**values)))
    return [one for one in told if "sequence" in one]


def check(events: list[Event]) -> None:
    """Look at a whole stream of one call as a strict receiver does."""
    for event in events:
        VALIDATOR.validate(event)
    assert [one["sequence"] for one in events] == list(range(1, len(events) + 1))
    assert [one["id"] for one in events] == [
        f"{one['call']['id']}.{one['sequence']}" for one in events
    ]
    assert [one["occurred_at"] for one in events] == sorted(one["occurred_at"] for one in events)
    types = [one["type"] for one in events]
    assert types[0] == "call.created"
    assert types.count("call.created") == 1
    assert types.count("call.ended") == 1
    assert set(types[types.index("call.ended") + 1 :]) <= {"call.amended"}
    ends = Counter(one["attempt"]["id"] for one in events if one["type"] == "attempt.ended")
    assert not ends or max(ends.values()) == 1
    rung = {one["attempt"]["id"] for one in events if "attempt" in one}
    rung |= {leg["id"] for one in events for leg in one.get("attempts", ())}
    assert rung == set(ends)
    last = events[types.index("call.ended")]["call"]
    assert None not in (last["outcome"], last["ended_by"], last["ended_at"])
    assert last["waiting_seconds"] is not None
    assert (last["answered_at"] is not None) == ("call.answered" in types)


@pytest.mark.parametrize("name", STORIES)
def test_a_call_that_comes_in(name: str) -> None:
    check(streamed(STORIES[name]))


@pytest.mark.parametrize("name", OUTGOING)
def test_a_call_that_goes_out(name: str) -> None:
    story = replace(OUTGOING[name], account="john")
    callee = MOBILE.value if story.callee == DIALLED else story.callee
    events = streamed(replace(story, callee=callee))

    check(events)
    assert {one["call"]["direction"] for one in events} == {"outgoing"}
    assert {one["call"]["caller"]["account"] for one in events} == {"john"}


def line(event: Event) -> str:
    """Return an event as one line."""
    attempt = event.get("attempt", {})
    rung = [one["target"]["number"] for one in event.get("attempts", ())]
    changes = [f"{one['field']}={one['after']}" for one in event.get("changes", ())]
    words = (
        event["type"],
        ",".join(rung),
        attempt.get("target", {}).get("number"),
        attempt.get("end"),
        ",".join(changes),
        event.get("recording", {}).get("id"),
    )
    return " ".join(filter(None, words))


def test_every_target_of_a_group_has_its_end() -> None:
    events = streamed(STORIES["a group rings, one answers"])

    assert [line(one) for one in events] == [
        "call.created",
        "call.forwarding mary,olga",
        "call.ringing mary",
        "call.ringing olga",
        "call.answered olga",
        "attempt.ended mary answered_elsewhere",
        "attempt.ended olga answered",
        "call.ended",
    ]
    assert events[-1]["call"]["answered_by"]["account"] == "olga"
    assert events[-1]["call"]["talk_seconds"] == 10.0


def test_busy_declined_silent_and_unreachable_targets_are_told_apart() -> None:
    assert [
        line(one) for one in streamed(STORIES["a group rings, all are busy"]) if "attempt" in one
    ] == ["attempt.ended mary busy", "call.ringing olga", "attempt.ended olga busy"]
    ends = [
        one["attempt"]["end"] for one in streamed(STORIES["nobody is there"]) if "attempt" in one
    ]
    assert ends == ["unreachable"]
    silent = streamed(STORIES["one after another, then a second step does it anew"])
    assert {one["attempt"]["end"] for one in silent if one["type"] == "attempt.ended"} == {
        "timeout"
    }


@pytest.mark.row("N-19")
def test_a_name_that_an_answer_brings_amends_the_caller() -> None:
    events = streamed(STORIES["a dial-plan webhook accepts"])
    assert "call.amended" not in {one["type"] for one in events}  # the step does not take the name

    named = replace(ring(MARY), caller_name=CallerName(choice=NameChoice.WEBHOOK))
    story = replace(STORIES["a dial-plan webhook accepts"], steps=(ask_crm(named),))
    events = streamed(story)

    check(events)
    amended = next(one for one in events if one["type"] == "call.amended")
    assert amended["changes"] == [{"field": "caller.name", "before": None, "after": "Zoe"}]
    assert amended["call"]["caller"]["name"] == "Zoe"
    assert events[-1]["call"]["caller"]["name"] == "Zoe"


def test_a_message_and_a_rating_are_told() -> None:
    left = streamed(STORIES["nobody answers, a message is left"])
    assert [line(one) for one in left][-3:] == [
        "recording.ready r1",
        "voicemail.left r1",
        "call.ended",
    ]
    assert left[-1]["call"]["outcome"] == "voicemail"
    assert [one["id"] for one in left[-1]["call"]["recordings"]] == ["r1"]
    rated = streamed(STORIES["a mark is given after the conversation"])
    assert "call.amended rating=4" in [line(one) for one in rated]
    assert rated[-1]["call"]["rating"] == 4


def test_a_project_without_a_stream_issues_no_command_for_it() -> None:
    story = STORIES["a group rings, one answers"]

    assert not story.snapshot.has_stream
    assert all("sequence" not in one for one in run(play(story)))


def test_a_webhook_is_told_of_the_types_that_it_wants() -> None:
    wanted = StreamWebhook(name="a", url="https://a.example/", types=(StreamEventType.CALL_ENDED,))

    assert [one for one in StreamEventType if wanted.wants(one)] == [StreamEventType.CALL_ENDED]


def check_walk(walk: Walk) -> None:
    """Hold what a random call publishes to what the schema and the docs say."""
    published = [one for one in walk.commands if isinstance(one, PublishEvent)]
    events = []
    for one in published:
        told = StreamFacts(
            type=one.type,
            seq=one.seq,
            at=one.at,
            call=one.call,
            leg=one.leg,
            recording=one.recording,
            changes=one.changes,
            facts={"custom:city": "Київ", "source": "\ud800"},
        )
        events.append(json.loads(write(told)))
        VALIDATOR.validate(events[-1])
    assert [one.seq for one in published] == list(range(1, len(published) + 1))
    ends = Counter(one.leg for one in published if one.type is StreamEventType.ATTEMPT_ENDED)
    assert not ends or max(ends.values()) == 1
    types = [one.type for one in published]
    if StreamEventType.CALL_ENDED in types:
        rest = types[types.index(StreamEventType.CALL_ENDED) + 1 :]
        assert not set(rest) - {StreamEventType.CALL_AMENDED}
        assert set(ends) == {leg.id for leg in walk.call.called_legs}
    emitted = sum(isinstance(one, EmitEvent) for one in walk.commands)
    assert emitted <= len(published)


@settings(max_examples=60, deadline=None)
@given(walks() | walks(from_=talking()))
def test_a_few_walks_publish_whole_streams(walk: Walk) -> None:
    check_walk(walk)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(walks(max_steps=25) | walks(max_steps=25, from_=talking()))
def test_many_walks_publish_whole_streams(walk: Walk) -> None:
    check_walk(walk)


def test_the_schema_is_one_of_draft_2020_12_and_refuses_what_is_no_event() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    event = streamed(STORIES["nobody is there"])[0]
    VALIDATOR.validate(event)
    VALIDATOR.validate({**event, "later": "a member of a later release"})
    for wrong in (
        {**event, "type": "call.vanished"},
        {**event, "sequence": 0},
        {**event, "occurred_at": "2026-12-01 09:30:00"},
        {**event, "call": {**event["call"], "direction": "sideways"}},
        {name: value for name, value in event.items() if name != "project"},
    ):
        assert not VALIDATOR.is_valid(wrong)
