"""The scenarios of the demo, and how each is checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind
from switchhook.storage.records import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchhook.cli.demo.programs import ReceivedEvent
    from switchhook.operations.history import CallStory

CALLER = "380441112233"
"""The outside caller."""
DYNAMIC = "380442223344"
STATIC = "380442223355"
SALES = "380443334455"
"""The outside number that the processor names."""
RECEPTION = "101"
"""The account of the built-in telephone."""
GUEST = "102"
"""The account that is left for the visitor's own telephone."""
EVENTS = (EventKind.INCOMING_BEFORE, EventKind.INCOMING_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCall:
    """One call, and what has to come of it."""

    title: str
    dialled: str
    processor_runs: bool = True
    answer: str
    """The expected answer of the processor; empty when it has to be down."""
    talks_to: str
    """The expected callee."""


SCENARIOS = (
    DemoCall(
        title="A number that one visitor saw: the endpoint names a telephone number",
        dialled=DYNAMIC,
        answer=SALES,
        talks_to=SALES,
    ),
    DemoCall(
        title="A number in print: the endpoint names a scheme",
        dialled=STATIC,
        answer="scheme 26076",
        talks_to=RECEPTION,
    ),
    DemoCall(
        title="The endpoint is down: the call goes to the next location",
        dialled=DYNAMIC,
        processor_runs=False,
        answer="",
        talks_to=RECEPTION,
    ),
)


def problems(scenario: DemoCall, story: CallStory, told: Sequence[ReceivedEvent]) -> Iterator[str]:
    """Yield what did not come out as it should; nothing is a success."""
    yield from _answer_problems(scenario, story)
    yield from _call_problems(scenario, story)
    for event in EVENTS:
        yield from _event_problems(event, story, told)


def _answer_problems(scenario: DemoCall, story: CallStory) -> Iterator[str]:
    said = [entry.text for entry in story.journal if entry.kind is EntryKind.ANSWER]
    failed = any(entry.kind is EntryKind.ASK_FAILED for entry in story.journal)
    if scenario.answer and said != [scenario.answer]:
        yield f"the endpoint should have answered {scenario.answer}, not {', '.join(said) or 'nothing'}"
    if not scenario.answer and not failed:
        yield "the endpoint should have failed"


def _call_problems(scenario: DemoCall, story: CallStory) -> Iterator[str]:
    call = story.call
    if call.outcome is not Outcome.ANSWERED:
        yield f"the call should have been answered, not {call.outcome or 'left running'}"
        return
    leg = next((leg for leg in call.legs if leg.id == call.talking_to), None)
    if leg is None or str(leg.target) != scenario.talks_to:
        yield f"{scenario.talks_to} should have got the call, not {leg and leg.target}"


def _event_problems(
    event: EventKind, story: CallStory, told: Sequence[ReceivedEvent]
) -> Iterator[str]:
    rows = [row for row in story.deliveries if row.delivery.event is event]
    if len(rows) != 1 or rows[0].state is not DeliveryState.DELIVERED:
        yield f"{event} should have been delivered once"
        return
    ids = [one.event.get("call_id") for one in told if one.id == rows[0].delivery.id]
    if ids != [story.call.id]:
        yield f"{event} should have reached the receiver once, with the call's id"
