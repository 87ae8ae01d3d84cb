"""An event is told to those who want it, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from switchhook.domain.call import Call, Leg, LegState, SchemePosition
from switchhook.domain.cause import Outcome
from switchhook.domain.event import NO_FILTER, EventFilter, EventKind, ProjectEvent
from switchhook.domain.project import Account
from switchhook.domain.target import Target, TargetKind
from switchhook.webhooks.listeners import actions_at
from tests.support.events import web_event
from tests.webhooks.samples import ARRIVED, make_call, make_event, make_mail, make_snapshot

PLAN = make_snapshot(
    accounts=(Account(login="101", password="-", department="Sales"),),
    events=(
        ProjectEvent(
            name="all",
            event=EventKind.INCOMING_AFTER,
            webhooks=(make_event(name="all"), make_event(name="all 2")),
            mails=(make_mail(name="mail"),),
        ),
        web_event(name="before", event=EventKind.INCOMING_BEFORE, url="http://target/"),
        ProjectEvent(
            name="missed",
            event=EventKind.INCOMING_AFTER,
            filter=EventFilter(outcomes=(Outcome.MISSED,)),
            webhooks=(make_event(name="missed"),),
            mails=(make_mail(name="missed mail"),),
        ),
    ),
)


def talked(*, target: str = "101", kind: TargetKind = TargetKind.ACCOUNT, seconds: float) -> Call:
    """Return a call that `target` answered."""
    leg = Leg(
        id="b1",
        target=Target(kind=kind, value=target),
        state=LegState.ENDED,
        started_at=ARRIVED,
        ended_at=ARRIVED + 5 + seconds,
    )
    return call(
        legs=(leg,),
        talking_to="b1",
        answered_at=ARRIVED + 5,
        ended_at=ARRIVED + 60,
        outcome=Outcome.ANSWERED,
    )


def call(**changes: Any) -> Call:
    return make_call(snapshot=PLAN, **changes)


def test_each_is_told_of_its_own_event_in_the_order_of_the_project() -> None:
    missed = call(outcome=Outcome.MISSED)

    def told(event: EventKind, call_: Call) -> list[str]:
        return [action.name for action in actions_at(call_, event)]

    assert told(EventKind.INCOMING_BEFORE, call()) == ["before"]
    assert told(EventKind.INCOMING_AFTER, missed) == [
        "all",
        "all 2",
        "mail",
        "missed",
        "missed mail",
    ]
    assert told(EventKind.INCOMING_AFTER, talked(seconds=12)) == ["all", "all 2", "mail"]
    assert told(EventKind.OUTGOING_AFTER, missed) == []


ANSWERED = talked(seconds=12)
FILTERS = [
    (NO_FILTER, call(), True),
    (EventFilter(outcomes=(Outcome.MISSED, Outcome.BUSY)), call(outcome=Outcome.BUSY), True),
    (EventFilter(outcomes=(Outcome.MISSED,)), call(), False),
    (EventFilter(numbers=("380442223344",)), call(), True),
    (EventFilter(numbers=("380442223344",)), call(callee="+380442223344"), True),
    (EventFilter(numbers=("380442223355",)), call(), False),
    (EventFilter(numbers=("380442223355",)), call(callee="0"), False),
    (EventFilter(schemes=(26076,)), call(position=SchemePosition(scheme=26076)), True),
    (EventFilter(schemes=(26076,)), call(), False),
    (EventFilter(accounts=("101",)), ANSWERED, True),
    (EventFilter(accounts=("102",)), ANSWERED, False),
    (EventFilter(accounts=("101",)), talked(kind=TargetKind.NUMBER, seconds=12), False),
    (EventFilter(departments=("Sales",)), ANSWERED, True),
    (EventFilter(departments=("Support",)), ANSWERED, False),
    (EventFilter(departments=("Sales",)), call(), False),
    (EventFilter(min_duration=12), ANSWERED, True),
    (EventFilter(min_duration=12.5), ANSWERED, False),
    (EventFilter(max_duration=12), ANSWERED, True),
    (EventFilter(max_duration=11.5), ANSWERED, False),
    (EventFilter(max_duration=0), call(outcome=Outcome.MISSED), True),
    (EventFilter(outcomes=(Outcome.ANSWERED,), departments=("Support",)), ANSWERED, False),
]


@pytest.mark.parametrize(("only", "call_", "expected"), FILTERS)
def test_a_filter_lets_a_call_pass_that_fits_in_every_respect(
    only: EventFilter,
    call_: Call,
    expected: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    assert call_.passes(only) is expected


@pytest.mark.row("T-29")
@pytest.mark.parametrize(
    ("withheld", "caller", "passes"),
    [
        (None, "", True),
        (None, "380441112233", True),
        (False, "", False),
        (False, "380441112233", True),
        (True, "", True),
        (True, "380441112233", False),
    ],
)
def test_calls_of_withheld_numbers_may_be_left_out(
    *, withheld: bool | None, caller: str, passes: bool
) -> None:
    assert call(caller=caller).passes(EventFilter(withheld=withheld)) is passes
