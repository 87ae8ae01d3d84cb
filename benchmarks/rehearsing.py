"""What a rehearsal costs beside `step` itself.

    python -m benchmarks.rehearsing [--calls 100000] [--pieces 5]

From the project's root. A store is filled with ended calls of one project over a week: a webhook that names one of 400
people is asked first, then a group rings, then voicemail; answered, missed, busy and given up as unevenly as in life, and a
twentieth over a menu. A draft that rings another group in the second step is rehearsed on all of them, as `switchhook
rehearse` does it: read from the database, replayed, compared, and the new path written of those that go elsewhere; the old
path is read for those alone that somebody looks at. In turns with
it, a piece at a time and by one clock, the very `step` calls of the same replays are made alone, with the same calls and
events. Printed are both sums of processor time, which is what a busy machine leaves alone, and their ratio.

A ratio above 1.5 ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import track

from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot, Trunk
from switchhook.domain.scheme import AskStep, MenuChoice, MenuStep, RingStep, Scheme, VoicemailStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from switchhook.logs import configure_logs
from switchhook.operations.rehearsal import replay as replaying
from switchhook.operations.rehearsal.draft import Draft
from switchhook.operations.rehearsal.run import BATCH, RehearsalRun
from switchhook.routing.engine import step
from switchhook.storage.records import CallRecord
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.views.path import path_of

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.tryout.simulation import CallSimulation

GOAL: Final = 1.5
PEOPLE: Final = 400
NUMBER, MENU_NUMBER = "4930500100", "4930500200"
BEGAN: Final = 1_796_000_000.0
WEEK: Final = 7 * 86_400.0
SEED: Final = 11
KINDS: Final = ("answered", "rings", "busy", "gives up", "menu")
WEIGHTS: Final = (0.62, 0.13, 0.05, 0.15, 0.05)


def house(group: str) -> ProjectSnapshot:
    """Return the project; `group` rings where the person does not answer."""

    def account(login: str) -> Target:
        return Target(kind=TargetKind.ACCOUNT, value=login)

    def team(name: str) -> Target:
        return Target(kind=TargetKind.GROUP, value=name)

    logins = [str(1_000 + number) for number in range(PEOPLE)]
    office = (
        AskStep(webhook="crm"),
        RingStep(targets=(team(group),), timeout=20.0),
        VoicemailStep(sounds=("away",)),
    )
    menu = MenuStep(
        sounds=("menu",),
        choices=tuple(
            MenuChoice(key=str(key), steps=(RingStep(targets=(account(logins[key]),)),))
            for key in range(1, 5)
        ),
    )
    return ProjectSnapshot(
        Project(
            id="shop",
            name="Shop",
            country="DE",
            numbers=(Number(number=NUMBER, scheme=1), Number(number=MENU_NUMBER, scheme=2)),
            accounts=tuple(Account(login=login, password="secret") for login in logins),
            groups=(
                Group(name="desk", accounts=tuple(logins[:3])),
                Group(name="night", accounts=tuple(logins[3:5])),
            ),
            trunks=(Trunk(name="carrier", host="192.0.2.9"),),
            schemes=(
                Scheme(id=1, name="office", steps=office),
                Scheme(id=2, name="menu", steps=(menu,)),
            ),
            forwarding_numbers=(
                ForwardingNumber(name="crm", url="https://crm.example/route", ring_timeout=25.0),
            ),
        )
    )


async def simulate(within: ProjectSnapshot, kind: str, person: str) -> CallSimulation:
    """Simulate one call in which the CRM names a person."""
    script: dict[str, Any] = {"answers": {"crm": (f'{{"dst_phone":"{person}"}}'.encode(),)}}
    match kind:
        case "rings":
            script |= {"phones": {person: "rings"}}
        case "busy":
            script |= {"phones": {person: "busy"}}
        case "gives up":
            script |= {"phones": {person: "rings"}, "patience": 17.0}
        case "menu":
            script |= {"callee": MENU_NUMBER, "digits": ("2",)}
        case _:
            pass
    told = Script(**({"caller": "493012345678", "callee": NUMBER} | script))
    return await simulate_call(within, told, now=0.0, product="bench")


async def fill(store: SqliteStore, within: ProjectSnapshot, calls: int, console: Console) -> None:
    """Store calls: each is one of several hundred simulated ones, at its own time and under its own name."""
    chance = random.Random(SEED)
    people = [str(1_000 + number) for number in range(5, PEOPLE)]
    models = [
        (await simulate(within, kind, person))
        for kind in KINDS
        for person in chance.sample(people, 60 if kind != "menu" else 1)
    ]
    by_kind = {kind: models[60 * at : 60 * at + 60] for at, kind in enumerate(KINDS)}
    waiting = []
    for number in track(range(calls), "filling", console=console, transient=True):
        kind = chance.choices(KINDS, WEIGHTS)[0]
        at = BEGAN + number * WEEK / calls
        waiting.append(store.commit(moved(chance.choice(by_kind[kind]), f"{at:.0f}.{number}", at)))
        if len(waiting) == 500:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


def moved(made: CallSimulation, name: str, at: float) -> CallRecord:
    """Return a simulated call under another name, at another time."""
    call = made.call
    assert call is not None, "the call was refused"

    def later(moment: float | None) -> float | None:
        return None if moment is None else moment + at

    legs = tuple(
        leg.changed(
            started_at=leg.started_at + at,
            rang_at=later(leg.rang_at),
            answered_at=later(leg.answered_at),
            ended_at=later(leg.ended_at),
        )
        for leg in call.legs
    )
    call = call.changed(
        id=name,
        arrived_at=at,
        answered_at=later(call.answered_at),
        ended_at=later(call.ended_at),
        legs=legs,
    )
    return CallRecord(
        call=call, entries=tuple(replace(entry, at=entry.at + at) for entry in made.journal)
    )


Steps = list[tuple["Call", Any, float]]


def steps_of(draft: Draft, trails: Any) -> Steps:  # noqa: ANN401 (what a page has)
    """Return each `step` of the replays of some calls."""
    made: Steps = []

    def noted(call: Call, event: Any, now: float) -> Any:  # noqa: ANN401 (an event of the engine)
        made.append((call, event, now))
        return step(call, event, now)

    setattr(replaying, "step", noted)  # noqa: B010 (it exports none)
    try:
        for trail in trails:
            replaying.replay(trail, draft)
    finally:
        setattr(replaying, "step", step)  # noqa: B010 (it exports none)
    return made


async def measure(
    store: SqliteStore, draft: ProjectSnapshot, pieces: int, console: Console
) -> tuple[RehearsalRun, float, float, int]:
    """Rehearse in pieces, each beside the steps that it makes; return the seconds of both, and how many steps."""
    work = RehearsalRun(store.trails, Draft(draft), since=None, until=None, path_of=path_of)
    beside = Draft(draft)
    rehearsing = stepping = 0.0
    count, has_more, behind = 0, True, None
    with console.status("rehearsing"):
        while has_more:
            made: Steps = []
            batches = 0
            while batches < pieces:
                page = await store.trails.page(
                    "shop", since=None, until=None, behind=behind, limit=BATCH
                )
                made += steps_of(beside, page.trails)
                batches, behind = batches + 1, page.next
                if behind is None:
                    break
            gc.collect()
            began = time.process_time()
            for call, event, now in made:
                step(call, event, now)
            stepping += time.process_time() - began
            count += len(made)
            made.clear()
            gc.collect()
            began = time.process_time()
            for _ in range(batches):
                has_more = await work.next_batch()
            rehearsing += time.process_time() - began
    return work, rehearsing, stepping, count


async def bench(calls: int, pieces: int, console: Console) -> bool:
    """Fill, measure and print; return whether the goal was met."""
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore.open(Path(folder, "store.db"))
        try:
            await fill(store, house("desk"), calls, console)
            work, rehearsing, stepping, steps = await measure(
                store, house("night"), pieces, console
            )
        finally:
            await store.close()
    count, ratio = work.count, rehearsing / stepping
    console.print(
        f"{count.rehearsed:,} calls, {count.elsewhere:,} elsewhere, {count.unknown.total():,} unknown;"
        f" {steps / count.rehearsed:.1f} steps a call"
    )
    console.print(f"step alone: {stepping:.2f} s, {1e6 * stepping / count.rehearsed:.0f} µs a call")
    console.print(
        f"rehearsal:  {rehearsing:.2f} s, {1e6 * rehearsing / count.rehearsed:.0f} µs a call"
    )
    console.print(f"ratio: {ratio:.2f} (goal: at most {GOAL})")
    return ratio <= GOAL


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--calls", type=int, default=100_000)
    options.add_argument("--pieces", type=int, default=5, help="batches between two looks")
    given = options.parse_args()
    configure_logs("warning", as_json=False)
    is_met = asyncio.run(bench(given.calls, given.pieces, Console()))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
