"""Whatever becomes of a call, its subscribers are told one whole story: created, ringing, in progress, ended (T-31)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event import Subscription
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import (
    HangUpStep,
    MenuChoice,
    MenuStep,
    PlayStep,
    RateStep,
    Step,
    VoicemailStep,
)
from switchhook.domain.screening import Screening
from switchhook.domain.webhook import RingOrder
from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.drivers.simulator.driver import SimulatedDriver
from switchhook.drivers.simulator.script import (
    BUSY,
    SimulatedCaller,
    SimulatedPhone,
    answering,
    refusing,
    ringing_out,
)
from switchhook.routing.admission import OfferedCall
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory as TrackingMemory
from switchhook.webhooks.http import HttpRequest
from tests.conformance.drivers import Memory
from tests.support.loop import run
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    SALES,
    ask_crm,
    ask_pin,
    in_turn,
    ring,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.drivers.ports import Driver
    from switchhook.switchboard.clock import Timer

SUBSCRIPTION = Subscription(
    project="shop",
    number=1,
    user="u",
    target_url="https://hooks.target/",
    event="custom",
    created_at=1.0,
)
RINGS = ringing_out()
PICKS_UP = answering(2.0, talks=10.0)
IS_BUSY = refusing(BUSY)
DECLINES = refusing(BUSY, after=2.0, rings=True)
LEAVES_IT = answering(2.0)
CREATED = "created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Who calls, what the scheme does, what the telephones do; and what is told of it, a line each."""

    told: tuple[str, ...]
    """Status, targets, and why it is over."""
    steps: tuple[Step, ...] = ()
    phones: Mapping[str, SimulatedPhone] = field(default_factory=dict)
    answer: bytes = b"{}"
    """What webhooks return."""
    account: str = ""
    callee: str = DIALLED
    number: str = CUSTOMER
    gives_up_after: float | None = None
    hangs_up_after: float | None = None
    keys: tuple[tuple[float, str], ...] = ()
    blocked: tuple[str, ...] = ()
    fallback: bool = False
    """Whether Mary is the project's."""
    order: RingOrder = RingOrder.ALL_AT_ONCE
    restarts_after: float | None = None

    @property
    def snapshot(self) -> ProjectSnapshot:
        """Return the project."""
        made = snapshot(
            *self.steps,
            schemes={2: (ring(JOHN, timeout=10),)},
            screening=Screening(blocked_callers=self.blocked),
            fallback=MARY if self.fallback else None,
            ring_order=self.order,
        )
        return ProjectSnapshot(replace(made.project, country="UA"))

    @property
    def caller(self) -> SimulatedCaller:
        """Return who calls, as a script."""
        offered = OfferedCall(
            caller=self.account or self.number,
            caller_name="",
            callee=self.callee,
            account=self.account,
            trunk="" if self.account else "carrier",
            project="shop",
        )
        return SimulatedCaller(
            offered=offered,
            gives_up_after=self.gives_up_after,
            hangs_up_after=self.hangs_up_after,
            keys=self.keys,
        )


@dataclass(slots=True)
class Life:
    """The clock of one process: what it was to wake dies with it."""

    clock: VirtualClock
    is_over: bool = False

    def now(self) -> float:
        """Return the time."""
        return self.clock.now()

    def monotonic(self) -> Life:
        return self

    def call_at(self, when: float, call: Callable[[], None]) -> Timer:
        """Wake somebody, if this process still lives then."""
        return self.clock.call_at(when, lambda: None if self.is_over else call())


async def play(story: Story) -> list[dict[str, Any]]:
    """Play a story to its end, through a restart where it has one; return what was told, in order."""
    clock = VirtualClock(1_760_000_000.0)
    driver = SimulatedDriver(clock, story.phones)
    memory = Memory(story.answer)
    driver.place(story.caller)
    for seconds in (story.restarts_after, 1000.0):
        if seconds is None:
            continue
        life = Life(clock)
        async with AsyncExitStack() as stack:
            board = switchboard(story.snapshot, driver, memory, life)
            await board.start(stack, lambda _project, _version: story.snapshot)
            await clock.run(clock.now() + seconds)
        life.is_over = True
    await board.idle()
    assert len({delivery.id for delivery in memory.deliveries}) == len(memory.deliveries)
    requests = [delivery.request for delivery in memory.deliveries]
    return [json.loads(one.body) for one in requests if isinstance(one, HttpRequest)]


def switchboard(
    within: ProjectSnapshot, driver: Driver, memory: Memory, clock: Life
) -> Switchboard:
    """Put a switchboard together whose project has one subscriber."""
    ids = count(1)
    known = TrackingMemory()
    return Switchboard(
        driver=driver,
        store=memory,
        dispatcher=memory,
        webhook_asker=WebhookAsker(memory, "test"),
        clock=clock,
        directory=partial(ProjectDirectory, [within]),
        new_id=lambda: f"c{next(ids)}",
        outbox=OutboxContext(
            product="test", facts_of=known.facts_of, subscriptions_of=lambda _: (SUBSCRIPTION,)
        ),
        tracking=known,
    )


def line(told: dict[str, Any]) -> str:
    """Return a notification as one line."""
    targets = ",".join(party["number"] for party in told["destination"]["targets"])
    return " ".join(filter(None, (told["status"], targets, told["reason"])))


def assert_whole(told: list[dict[str, Any]], direction: str) -> None:
    """A strict client's view: the order, one end, the same call throughout, and nobody unheard of."""
    statuses = [one["status"] for one in told]
    rank = {"created": 0, "ringing": 1, "in-progress": 2, "ended": 3}
    assert statuses == sorted(statuses, key=rank.__getitem__)
    assert statuses.count("created") == (direction == "inbound")
    assert statuses.count("in-progress") <= 1
    assert statuses.count("ended") == 1
    for member in ("call_id", "version", "direction", "caller"):
        assert len({json.dumps(one[member]) for one in told}) == 1
    assert {one["direction"] for one in told} == {direction}
    assert [one["timestamp"] for one in told] == sorted(one["timestamp"] for one in told)
    assert [bool(one["reason"]) for one in told] == [one["status"] == "ended" for one in told]
    rung = [party for one in told[:-1] for party in one["destination"]["targets"]]
    answered = [one for one in told if one["status"] == "in-progress"]
    assert all(party in rung for party in told[-1]["destination"]["targets"])
    assert (told[-1]["reason"] == "completed") == bool(answered)
    if answered:
        (one,) = answered
        assert [one["destination"]["target"]] == one["destination"]["targets"]
        assert told[-1]["destination"]["targets"] == one["destination"]["targets"]


MENU = MenuStep(
    sounds=("choose",),
    choices=(MenuChoice(key="1", steps=(ring(MARY),)),),
    on_timeout=(HangUpStep(),),
)
DIRECTED = b'{"returned_code":"OK","dst_phone":["mary","380501112233"]}'
VOICEMAIL = VoicemailStep(sounds=("welcome",), max_duration=20.0)

STORIES = {
    "a group rings, one answers": Story(
        steps=(ring(SALES),),
        phones={"mary": RINGS, "olga": PICKS_UP},
        told=(CREATED, "ringing mary,olga", "in-progress olga", "ended olga completed"),
    ),
    "a group rings, all are busy": Story(
        steps=(ring(SALES),),
        phones={"mary": IS_BUSY, "olga": DECLINES},
        told=(CREATED, "ringing mary,olga", "ended busy"),
    ),
    "one after another, then a second step does it anew": Story(
        steps=(in_turn(MARY, JOHN, timeout=10), in_turn(MARY, JOHN, timeout=10)),
        phones={"mary": RINGS, "john": RINGS},
        told=(
            CREATED,
            *("ringing mary", "ringing john", "ringing mary", "ringing john"),
            "ended no-answer",
        ),
    ),
    "one after another, the second answers": Story(
        steps=(in_turn(MARY, JOHN, timeout=10),),
        phones={"mary": DECLINES, "john": PICKS_UP},
        told=(CREATED, "ringing mary", "ringing john", "in-progress john", "ended john completed"),
    ),
    "a webhook answers several, all at once": Story(
        steps=(ASK,),
        answer=DIRECTED,
        phones={"mary": RINGS, MOBILE.value: PICKS_UP},
        told=(
            CREATED,
            f"ringing mary,+{MOBILE.value}",
            f"in-progress +{MOBILE.value}",
            f"ended +{MOBILE.value} completed",
        ),
    ),
    "a webhook answers several, one after another": Story(
        steps=(ASK,),
        answer=DIRECTED,
        order=RingOrder.ONE_AFTER_ANOTHER,
        phones={"mary": RINGS, MOBILE.value: PICKS_UP},
        told=(
            CREATED,
            "ringing mary",
            f"ringing +{MOBILE.value}",
            f"in-progress +{MOBILE.value}",
            f"ended +{MOBILE.value} completed",
        ),
    ),
    "a webhook's answer cannot be followed, the next step rings": Story(
        steps=(ASK, ring(JOHN)),
        answer=b"<html>",
        phones={"john": PICKS_UP},
        told=(CREATED, "ringing john", "in-progress john", "ended john completed"),
    ),
    "a dial-plan webhook accepts": Story(
        steps=(ask_crm(ring(MARY), failed=(ring(JOHN),)),),
        answer=b"status=ACK&callername=Zoe",
        phones={"mary": PICKS_UP},
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "a dial-plan webhook declines": Story(
        steps=(ask_crm(ring(MARY), failed=(HangUpStep(),)),),
        answer=b"status=NAK",
        told=(CREATED, "ended failed"),
    ),
    "the caller hangs up while a code is waited for": Story(
        steps=(ask_pin(ring(MARY)),),
        gives_up_after=3.0,
        told=(CREATED, "ended no-answer"),
    ),
    "nobody answers, a message is left": Story(
        steps=(ring(MARY, timeout=10), VOICEMAIL),
        phones={"mary": RINGS},
        hangs_up_after=5.0,
        told=(CREATED, "ringing mary", "ended no-answer"),
    ),
    "a mark is given after the conversation": Story(
        steps=(RateStep(sounds=("choose",), thanks=("thanks",)), ring(MARY)),
        phones={"mary": PICKS_UP},
        keys=((16.0, "4"),),
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "no mark is given": Story(
        steps=(RateStep(sounds=("choose",)), ring(MARY)),
        phones={"mary": PICKS_UP},
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "a key of a menu rings": Story(
        steps=(MENU,),
        phones={"mary": PICKS_UP},
        keys=((3.0, "1"),),
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "a menu is left alone": Story(steps=(MENU,), told=(CREATED, "ended failed")),
    "the caller is blocked": Story(
        steps=(ring(MARY),), blocked=(CUSTOMER,), told=(CREATED, "ended failed")
    ),
    "the caller withholds the number": Story(
        steps=(ring(MARY),),
        number="",
        phones={"mary": PICKS_UP},
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "the caller hangs up while it rings": Story(
        steps=(ring(SALES),),
        phones={"mary": RINGS, "olga": RINGS},
        gives_up_after=4.0,
        told=(CREATED, "ringing mary,olga", "ended no-answer"),
    ),
    "the caller hangs up while a prompt is played": Story(
        steps=(PlayStep(sounds=("welcome",)), ring(MARY)),
        gives_up_after=1.0,
        told=(CREATED, "ended no-answer"),
    ),
    "the caller hangs up after the conversation began": Story(
        steps=(ring(SALES),),
        phones={"mary": LEAVES_IT, "olga": RINGS},
        hangs_up_after=7.0,
        told=(CREATED, "ringing mary,olga", "in-progress mary", "ended mary completed"),
    ),
    "the scheme rings nobody, the fallback does": Story(
        steps=(ask_crm(),),
        answer=b"status=ACK",
        fallback=True,
        phones={"mary": PICKS_UP},
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "nobody is there": Story(steps=(ring(MARY),), told=(CREATED, "ringing mary", "ended failed")),
    "a restart during the conversation": Story(
        steps=(ring(MARY),),
        phones={"mary": PICKS_UP},
        restarts_after=6.0,
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "a restart while it rings": Story(
        steps=(ring(MARY),),
        phones={"mary": answering(8.0, talks=10.0)},
        restarts_after=4.0,
        told=(CREATED, "ringing mary", "in-progress mary", "ended mary completed"),
    ),
    "a colleague calls the number": Story(
        steps=(ring(SALES),),
        account="mary",
        phones={"olga": PICKS_UP},
        told=(CREATED, "ringing olga", "in-progress olga", "ended olga completed"),
    ),
}

OUTSIDE = "+380501112233"
OUTGOING = {
    "it is answered": Story(
        phones={MOBILE.value: PICKS_UP},
        told=(f"ringing {OUTSIDE}", f"in-progress {OUTSIDE}", f"ended {OUTSIDE} completed"),
    ),
    "it is busy": Story(phones={MOBILE.value: IS_BUSY}, told=(f"ringing {OUTSIDE}", "ended busy")),
    "nobody answers": Story(
        phones={MOBILE.value: RINGS}, told=(f"ringing {OUTSIDE}", "ended no-answer")
    ),
    "the account hangs up while it rings": Story(
        phones={MOBILE.value: RINGS},
        gives_up_after=3.0,
        told=(f"ringing {OUTSIDE}", "ended no-answer"),
    ),
    "the account hangs up at once": Story(
        phones={MOBILE.value: RINGS},
        gives_up_after=0.0,
        told=(f"ringing {OUTSIDE}", "ended no-answer"),
    ),
    "an emergency number": Story(
        callee="112",
        phones={"112": PICKS_UP},
        told=("ringing 112", "in-progress 112", "ended 112 completed"),
    ),
    "a restart during the conversation": Story(
        phones={MOBILE.value: PICKS_UP},
        restarts_after=6.0,
        told=(f"ringing {OUTSIDE}", f"in-progress {OUTSIDE}", f"ended {OUTSIDE} completed"),
    ),
}


@pytest.mark.row("T-31")
@pytest.mark.parametrize("name", STORIES)
def test_a_call_that_comes_in(name: str) -> None:
    story = STORIES[name]
    told = run(play(story))

    assert tuple(map(line, told)) == story.told
    assert_whole(told, "inbound")


@pytest.mark.row("T-31")
@pytest.mark.parametrize("name", OUTGOING)
def test_a_call_that_goes_out(name: str) -> None:
    story = replace(OUTGOING[name], account="john")
    callee = MOBILE.value if story.callee == DIALLED else story.callee
    told = run(play(replace(story, callee=callee)))

    assert tuple(map(line, told)) == story.told
    assert_whole(told, "outbound")


@pytest.mark.row("FB-15", "N-02")
@pytest.mark.parametrize("callee", ["mary", "200"])
def test_calls_between_accounts_are_told_without_a_created(callee: str) -> None:
    phones = {"mary": PICKS_UP, "olga": RINGS}
    told = run(play(Story(account="john", callee=callee, phones=phones, told=())))

    assert [one["status"] for one in told] == ["ringing", "in-progress", "ended"]
    assert {one["caller"]["account_number"] for one in told} == {"john"}
    assert {one["direction"] for one in told} == {"inbound"}
