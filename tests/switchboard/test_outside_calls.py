"""A stolen telephone password costs little: outside calls are screened, counted and limited (FD-10)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.call import CALLER, Call, CallState
from switchhook.domain.cause import Cause, Outcome
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.hours import WorkingHours, parse_spans
from switchhook.domain.journal import EntryKind
from switchhook.domain.outside import OutsideCalls
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot, Trunk
from switchhook.domain.scheme import RingStep, Scheme
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.routing.commands import EndLeg, PhoneCommand, RingLeg
from switchhook.routing.events import Event, LegAnswered, LegEnded, LegRedirected
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import OVERDRAWN_PAUSE, Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from switchhook.tracking.outside_limiter import OutsideCallLimiter
from switchhook.webhooks.e164 import dialling_of
from tests.support.loop import run
from tests.switchboard.test_switchboard import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from switchhook.drivers.ports import CallHandler
    from switchhook.storage.delivery import Delivery

DEAR = "380900123456"
FRIEND = "380501112233"
OWN = "380442223344"
MORNING = 1_772_436_600.0
"""Monday, 2 March 2026, 09:30 in Kyiv, where it is two hours later than in UTC."""
HOUR, DAY = 3_600.0, 86_400.0


def number(digits: str) -> Target:
    return Target(kind=TargetKind.NUMBER, value=digits)


def office(**more: Any) -> ProjectSnapshot:
    project = Project(
        id="shop",
        name="Shop",
        country="UA",
        dialling=dialling_of("UA"),
        time_zone="Europe/Kyiv",
        numbers=(Number(number=OWN, scheme=1),),
        accounts=(Account(login="101", password="x"), Account(login="102", password="x")),
        trunks=(Trunk(name="carrier", host="carrier.example"),),
        schemes=(Scheme(id=1, name="all", steps=(RingStep(targets=(number(FRIEND),)),)),),
    )
    return ProjectSnapshot(replace(project, **more))


@dataclass
class House:
    """A switchboard with a store, whose telephones do as they are told."""

    snapshot: ProjectSnapshot
    store: SqliteStore
    clock: ManualClock
    board: Switchboard = field(init=False)
    commands: list[tuple[str, PhoneCommand]] = field(default_factory=list)

    # The side and the dispatcher

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        del stack, handler, directory

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        self.commands.append((call.id, command))

    def recorded(self, _: Call) -> None:
        """Nothing is recorded."""

    async def stop(self) -> None:
        """Nothing rings."""

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        return {call.id: frozenset({CALLER, "b1"}) for call in calls}

    def dispatch(self, *deliveries: Delivery) -> None:
        del deliveries

    # What somebody does

    def dials(self, callee: str, account: str = "101") -> str:
        offered = OfferedCall(
            caller=account or "380671234567",
            caller_name="",
            callee=callee,
            account=account,
            trunk="" if account else "carrier",
            project="shop",
        )
        call = self.board.arrived(offered)
        assert not isinstance(call, Rejection)
        return call

    async def hears(self, call: str, *events: Event) -> None:
        for event in events:
            self.board.handle(call, event)
        await self.settled()

    async def talks(self, callee: str, seconds: float, account: str = "101") -> str:
        """Place a call and let it talk; return how it ended."""
        call = self.dials(callee, account)
        await self.settled()
        await self.hears(call, LegAnswered(leg="b1"))
        self.clock.time += seconds
        await self.hears(call, LegEnded(leg="b1", cause=Cause(sip=200)))
        return await self.end(call)

    async def settled(self) -> None:
        await self.store.check()
        for _ in range(3):
            await self.store.save_project("nobody", "")

    def rung(self) -> list[str]:
        return [str(command.target) for _, command in self.commands if isinstance(command, RingLeg)]

    def refused(self, call: str) -> int:
        """Return with which status a caller was refused; 0 where it was not."""
        statuses = [
            command.cause.sip
            for one, command in self.commands
            if one == call and isinstance(command, EndLeg) and command.leg == CALLER
        ]
        return statuses[0] if statuses else 0

    async def end(self, call: str) -> str:
        await self.settled()
        row = await self.store.call(call)
        assert row is not None
        return f"{row.outcome} {self.refused(call)}"

    async def said(self, call: str) -> list[str]:
        await self.settled()
        journal = await self.store.journal(call)
        return [entry.text for entry in journal if entry.kind is EntryKind.NOTICE]


async def open_house(
    stack: AsyncExitStack,
    snapshot: ProjectSnapshot,
    clock: ManualClock | None = None,
    path: Path | None = None,
) -> House:
    store = await SqliteStore.open(path)
    stack.push_async_callback(store.close)
    house = House(snapshot, store, clock or ManualClock(time=MORNING))
    ids = count(1)
    known = Memory()
    house.board = Switchboard(
        driver=house,
        store=store,
        dispatcher=house,
        webhook_asker=WebhookAsker(house, "test"),  # type: ignore[arg-type]
        clock=house.clock,
        directory=lambda: ProjectDirectory([house.snapshot]),
        new_id=lambda: f"{house.clock.time:.0f}-{next(ids)}",
        outbox=OutboxContext(product="test", facts_of=known.facts_of),
        tracking=known,
        outside=OutsideCallLimiter(await store.outside_use(since=house.clock.time - DAY)),
    )
    await house.board.start(stack, lambda *_: house.snapshot)
    await house.settled()
    return house


def play(scenario: Callable[[House], Any], snapshot: ProjectSnapshot) -> None:
    async def told() -> None:
        async with AsyncExitStack() as stack:
            await scenario(await open_house(stack, snapshot))

    run(told())


# Prefixes


@pytest.mark.row("FD-10")
@pytest.mark.parametrize(
    "dialled",
    [
        DEAR,
        f"+{DEAR}",
        f"00{DEAR}",
        "0900123456",
        "+380 (0) 900 123 456",
        "00 380 0900 123456",
        "900123456",
        "000380900123456",
    ],
)
def test_a_denied_number_is_not_called_in_any_spelling_and_the_caller_is_told(dialled: str) -> None:
    async def scenario(house: House) -> None:
        calls = [house.dials(dialled) for _ in range(60)]
        assert [await house.end(call) for call in calls] == ["blocked 403"] * 60
        assert house.rung() == []
        (said,) = await house.said(calls[0])
        assert said.startswith("this project does not call ")

    play(scenario, office(screening=Screening(denied_prefixes=("380900",))))


@pytest.mark.row("FD-10")
def test_an_account_calls_only_what_is_allowed_and_always_for_help() -> None:
    async def scenario(house: House) -> None:
        assert await house.end(house.dials("4930123456")) == "blocked 403"
        for _ in range(3):
            house.dials("112")
            house.dials(FRIEND)
        await house.settled()
        assert sorted(house.rung()) == sorted(["112", FRIEND] * 3)

    screening = Screening(allowed_prefixes=("380",), denied_prefixes=("380900", "112"))
    play(scenario, office(screening=screening))


@pytest.mark.row("FD-10")
@pytest.mark.parametrize(
    ("user", "is_called"),
    [
        ("380900123456", False),
        ("+380900123456", False),
        ("0900-123-456", False),
        ("%30900123456", False),
        ("380900123456&x", False),
        ("*31*380900123456", False),
        ("%2331%230900123456", False),
        ("*67380900123456", False),
        ("*380900123456", False),
        ("*31**67380900123456", False),
        ("*31*380501112233", True),
        ("*98", True),
        ("380501112233", True),
        ("desk", True),
    ],
)
def test_a_number_as_user_of_a_sip_address_is_held_to_the_prefixes(
    user: str, *, is_called: bool
) -> None:
    target = Target(kind=TargetKind.ADDRESS, value=f"sip:{user}@carrier.example")

    assert office(screening=Screening(denied_prefixes=("380900",))).permits(target) is is_called


# Hours


@pytest.mark.row("FD-10")
def test_outside_the_hours_an_account_calls_nobody_outside_but_for_help() -> None:
    week = WorkingHours(name="office", monday=parse_spans("09:00-18:00"))

    async def scenario(house: House) -> None:
        house.dials(FRIEND)
        await house.settled()
        house.clock.time += 12 * HOUR
        late = house.dials(FRIEND)
        assert await house.end(late) == "blocked 403"
        assert await house.said(late) == [
            f"this project does not call {FRIEND} outside the hours office"
        ]
        house.dials("112")
        house.dials("102")
        await house.settled()
        assert house.rung() == [FRIEND, "112", "102"]

    play(scenario, office(hours=(week,), outside=OutsideCalls(hours="office")))


# Limits


@pytest.mark.row("FD-10")
def test_an_account_makes_five_outside_calls_at_once_and_others_are_not_hindered() -> None:
    async def scenario(house: House) -> None:
        with capture_logs() as logs:
            calls = [house.dials(FRIEND) for _ in range(60)]
            await house.settled()
        assert house.rung() == [FRIEND] * 5
        assert [house.refused(call) for call in calls] == [0] * 5 + [480] * 55
        why = "account 101 has 5 outside calls at once, which is the limit"
        assert await house.said(calls[5]) == [why]
        assert await house.end(calls[5]) == "blocked 480"
        told = [line for line in logs if line["event"] == "outside calls limited"]
        assert [(line["log_level"], line["account"], line["why"]) for line in told] == [
            ("warning", "101", why)
        ]

        house.dials("102")
        house.dials("112")
        house.dials(FRIEND, account="102")
        house.dials(OWN, account="")
        await house.settled()
        assert house.rung()[5:] == ["102", "112", FRIEND, FRIEND]

        await house.hears(calls[0], LegEnded(leg="b1", cause=Cause(sip=486)))
        house.dials(FRIEND)
        await house.settled()
        assert house.rung()[9:] == [FRIEND]

    play(scenario, office())


@pytest.mark.row("FD-10")
def test_an_account_makes_200_outside_calls_a_day_also_over_a_restart(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = ManualClock(time=MORNING)
        path = tmp_path / "switchhook.db"
        async with AsyncExitStack() as stack:
            house = await open_house(stack, office(), clock, path)
            for _ in range(198):
                await house.hears(house.dials(FRIEND), LegEnded(leg="b1", cause=Cause(sip=486)))
        clock.time += HOUR
        async with AsyncExitStack() as stack:
            house = await open_house(stack, office(), clock, path)
            ends = []
            for _ in range(4):
                call = house.dials(FRIEND)
                await house.hears(call, LegEnded(leg="b1", cause=Cause(sip=486)))
                ends.append(await house.end(call))
            assert ends == ["busy 486"] * 2 + ["blocked 403"] * 2
            clock.time += 15 * HOUR  # another day in Kyiv
            await house.hears(house.dials(FRIEND), LegEnded(leg="b1", cause=Cause(sip=486)))
            assert len(house.rung()) == 3

    run(scenario())


@pytest.mark.row("FD-10")
def test_an_account_talks_600_minutes_a_day_and_who_talks_on_is_cut(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = ManualClock(time=MORNING)
        path = tmp_path / "switchhook.db"
        async with AsyncExitStack() as stack:
            house = await open_house(stack, office(), clock, path)
            assert await house.talks(FRIEND, 4 * HOUR) == "answered 200"
            talking, help_ = house.dials(FRIEND), house.dials("112")
            await house.settled()
            for call in (talking, help_):
                await house.hears(call, LegAnswered(leg="b1"))
            clock.time += 5 * HOUR
        async with AsyncExitStack() as stack:
            house = await open_house(stack, office(), clock, path)
            assert {call.id for call in house.board.calls} == {talking, help_}
            clock.advance(OVERDRAWN_PAUSE)
            await house.settled()
            assert {call.id for call in house.board.calls} == {talking, help_}
            clock.advance(HOUR)
            await house.settled()
            assert {call.id for call in house.board.calls} == {help_}
            row = await house.store.call(talking)
            assert row is not None
            assert (row.outcome, row.state) == (Outcome.ANSWERED, CallState.ENDED)
            said = (await house.store.journal(talking))[-1].text
            assert said == "ended by the limit of 600 outside minutes a day of account 101"
            assert await house.end(house.dials(FRIEND)) == "blocked 403"
            clock.time += 6 * HOUR  # midnight is over
            house.dials(FRIEND)
            await house.settled()
            assert house.rung() == [FRIEND]

    run(scenario())


@pytest.mark.row("FD-10")
@pytest.mark.parametrize("account", ["", "101"])
def test_forwards_count_for_the_project_and_for_the_account_that_calls(account: str) -> None:
    outside = OutsideCalls(concurrent_calls=3, account_concurrent_calls=2)

    async def scenario(house: House) -> None:
        calls = [house.dials(OWN, account=account) for _ in range(5)]
        await house.settled()
        most = 2 if account else 3
        assert house.rung() == [FRIEND] * most
        whose = "account 101" if account else "project shop"
        said = await house.said(calls[-1])
        assert said == [f"{whose} has {most} outside calls at once, which is the limit"]

    play(scenario, office(outside=outside))


@pytest.mark.row("FD-10")
@pytest.mark.parametrize("account", ["", "102"])
def test_what_a_telephone_forwards_outside_counts_for_its_account(account: str) -> None:
    """Whoever stole its password registers, and has all calls to it sent to numbers of their own."""
    scheme = Scheme(
        id=1, name="all", steps=(RingStep(targets=(Target(kind=TargetKind.ACCOUNT, value="101"),)),)
    )

    async def scenario(house: House) -> None:
        calls = [house.dials(OWN, account=account) for _ in range(8)]
        await house.settled()
        for call in calls:
            await house.hears(call, LegRedirected(leg="b1", users=(FRIEND,)))
        assert house.rung().count(FRIEND) == 5
        assert (await house.said(calls[-1]))[-1] == (
            "account 101 has 5 outside calls at once, which is the limit"
        )

    play(scenario, office(schemes=(scheme,)))


@pytest.mark.row("FD-10")
def test_a_forbidden_target_lets_the_next_one_have_its_turn() -> None:
    targets = (number(FRIEND), Target(kind=TargetKind.ACCOUNT, value="102"))
    scheme = Scheme(
        id=1, name="all", steps=(RingStep(targets=(number(FRIEND),)), RingStep(targets=targets))
    )

    async def scenario(house: House) -> None:
        call = house.dials(OWN, account="")
        await house.settled()
        assert house.rung() == ["102"]
        assert house.refused(call) == 0

    outside = OutsideCalls(calls_per_day=1, concurrent_calls=0)

    async def used_up(house: House) -> None:
        await house.hears(house.dials(FRIEND), LegEnded(leg="b1", cause=Cause(sip=486)))
        house.commands.clear()
        await scenario(house)

    play(used_up, office(outside=outside, schemes=(scheme,)))


@pytest.mark.row("FD-10")
def test_an_account_has_figures_of_its_own_and_nothing_is_no_limit() -> None:
    accounts = (
        Account(login="101", password="x", outside_concurrent_calls=7),
        Account(login="102", password="x", outside_concurrent_calls=0),
    )

    async def scenario(house: House) -> None:
        for _ in range(20):
            house.dials(FRIEND)
        await house.settled()
        assert len(house.rung()) == 7
        for _ in range(20):
            house.dials(FRIEND, account="102")
        await house.settled()
        assert len(house.rung()) == 27

    play(scenario, office(accounts=accounts))
