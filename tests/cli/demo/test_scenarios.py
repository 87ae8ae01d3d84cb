"""The demo notices when a call did not do what it should: wrong answer, wrong telephone, lost event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from switchhook.cli.demo.programs import ReceivedEvent
from switchhook.cli.demo.scenarios import (
    DYNAMIC,
    GUEST,
    RECEPTION,
    SALES,
    SCENARIOS,
    STATIC,
    problems,
)
from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import CallStory, show_call
from switchhook.storage.records import DeliveryState
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.told import AFTER, BEFORE, CALL, example_snapshot, remember

if TYPE_CHECKING:
    from pathlib import Path

NUMBER, SCHEME, DOWN = SCENARIOS


def told(*ids: str) -> list[ReceivedEvent]:
    return [ReceivedEvent(at=0.0, path="/", id=one, event={"call_id": CALL}) for one in ids]


@pytest.fixture
def story(tmp_path: Path) -> CallStory:
    """Return the story of a call that did what it should."""

    async def scenario() -> CallStory:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        found = await show_call(store, CALL)
        await store.close()
        return found

    found = run(scenario())
    delivered = (replace(row, state=DeliveryState.DELIVERED) for row in found.deliveries)
    return replace(found, deliveries=tuple(delivered))


def test_a_call_that_did_what_it_should_has_no_problems(story: CallStory) -> None:
    assert list(problems(NUMBER, story, told(BEFORE, AFTER))) == []


def test_a_wrong_answer_is_noticed(story: CallStory) -> None:
    found = list(problems(SCHEME, story, told(BEFORE, AFTER)))

    assert found == [
        "the endpoint should have answered scheme 26076, not 380443334455",
        "101 should have got the call, not 380443334455",
    ]


def test_an_endpoint_that_should_have_failed_is_noticed(story: CallStory) -> None:
    journal = tuple(e for e in story.journal if e.kind is not EntryKind.ANSWER)
    silent = replace(story, journal=journal)

    assert "the endpoint should have failed" in list(problems(DOWN, story, ()))
    assert "the endpoint should have answered 380443334455, not nothing" in list(
        problems(NUMBER, silent, ())
    )


@pytest.mark.parametrize("outcome", [Outcome.MISSED, None])
def test_an_unanswered_call_is_noticed(story: CallStory, outcome: Outcome | None) -> None:
    missed = replace(story, call=msgspec.structs.replace(story.call, outcome=outcome))
    said = outcome or "left running"

    assert list(problems(NUMBER, missed, told(BEFORE, AFTER))) == [
        f"the call should have been answered, not {said}"
    ]


def test_a_lost_event_is_noticed(story: CallStory) -> None:
    before, after = story.deliveries
    undelivered = replace(story, deliveries=(before,))
    failed = replace(story, deliveries=(before, replace(after, state=DeliveryState.FAILED)))

    for worse in (undelivered, failed):
        assert list(problems(NUMBER, worse, told(BEFORE, AFTER))) == [
            "incoming.after should have been delivered once"
        ]
    for heard in (told(BEFORE), told(BEFORE, AFTER, AFTER)):
        assert list(problems(NUMBER, story, heard)) == [
            "incoming.after should have reached the receiver once, with the call's id"
        ]


def test_the_acts_fit_the_example_project() -> None:
    project = example_snapshot().project

    assert {number.number for number in project.numbers} == {DYNAMIC, STATIC}
    assert [account.login for account in project.accounts] == [RECEPTION, GUEST]
    assert SALES not in {number.number for number in project.numbers}
