"""Crashes and vanishing telephones under load: does every call end, once, and how soon?

    python -m benchmarks.soak [--seconds 1800] [--rate 4]

From the project's root, with SIPp. A server in a process of its own is killed at random moments and started again,
while callers call a trunk of SIPp through it, on loopback. Some callers are killed too, and now and then the trunk.
Nothing that was lost says so: whoever is left is found by probes, which come as often as in production. So a
run has a tail of up to 110 s. Then every call has exactly one terminal entry in its journal and one terminal event, and
none ended later than 100 s behind the loss of a side, however often the server was killed meanwhile. Else the exit
status is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.sipp import Sipp

DIALLED: Final = "380890000001"
BATCH: Final = 30
"""Calls of one SIPp."""
LONGEST_TALK: Final = 20_000
"""Milliseconds."""
GOAL: Final = 100.0
"""Seconds from the loss of a side to the end of a call at most."""
TAIL: Final = 110.0
VANISH: Final = 0.3
"""The part of the callers that are killed while they talk."""
LONGEST_LIFE: Final = 60.0
"""Seconds between two kills of the server at most."""
TRUNK_LIFE: Final = 45.0
"""Seconds between two kills of the trunk, on average."""


@dataclass(kw_only=True)
class Caller:
    """One SIPp that calls; `dies_at` is when it is killed."""

    sipp: Sipp
    numbers: frozenset[str]
    dies_at: float


@dataclass(kw_only=True)
class Soak:
    """What was done. Times are unix seconds."""

    house: House
    chance: random.Random
    rate: float
    callers: list[Caller] = field(default_factory=list)
    kills: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the server was dead."""
    vanished: dict[str, float] = field(default_factory=dict)
    """When each caller's number was killed."""
    trunk_lost: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Call, kill and let vanish for so long; then everybody who still calls vanishes."""
        end = time.time() + seconds
        calls_at = time.time()
        kill_at = self._soon(LONGEST_LIFE)
        trunk_at = self._soon(2 * TRUNK_LIFE)
        while time.time() < end:
            if time.time() >= calls_at:
                self._call()
                calls_at += BATCH / self.rate
            for caller in [one for one in self.callers if time.time() >= one.dies_at]:
                self._vanish(caller)
            if time.time() >= trunk_at:
                self._lose_trunk()
                trunk_at = self._soon(2 * TRUNK_LIFE)
            if time.time() >= kill_at:
                self.house.server.kill()
                killed_at = time.time()
                self.house.server.start(timeout=60.0)
                self.kills.append((killed_at, time.time()))
                kill_at = self._soon(LONGEST_LIFE)
            self.callers = [one for one in self.callers if one.sipp.is_running]
            time.sleep(0.05)
        for caller in list(self.callers):
            self._vanish(caller)

    def _soon(self, most: float) -> float:
        return time.time() + self.chance.uniform(0.2, most)

    def _call(self) -> None:
        numbers = [self.house.stranger() for _ in range(BATCH)]
        talk = int(self.chance.uniform(1_000, LONGEST_TALK))
        sipp = self.house.callers(
            *((DIALLED, who) for who in numbers),
            talk=talk,
            rate=max(1, int(self.rate)),
            trace=False,
        )
        sipp.start()
        dies = self.chance.random() < VANISH
        dies_at = self._soon(talk / 1_000 + BATCH / self.rate) if dies else time.time() + 120.0
        self.callers.append(Caller(sipp=sipp, numbers=frozenset(numbers), dies_at=dies_at))

    def _vanish(self, caller: Caller) -> None:
        caller.sipp.kill()
        self.vanished.update(dict.fromkeys(caller.numbers, time.time()))
        self.callers.remove(caller)

    def _lose_trunk(self) -> None:
        self.house.callee.kill()
        self.trunk_lost.append(time.time())
        self.house.callee.start()

    def settle(self) -> float:
        """Wait until no call runs, at most as long as the tail; return how long that took."""
        began = time.time()
        while self.running() and time.time() - began < TAIL:
            time.sleep(1.0)
        return time.time() - began

    def running(self) -> int:
        """Count the calls that have not ended."""
        return int(
            self.house.server.query("SELECT count(*) FROM calls WHERE state <> 'ended'")[0][0]
        )


CALLS: Final = """
SELECT call, json_extract(value, '$.caller'), json_extract(value, '$.arrived_at'), ended_at
FROM calls
"""


def judge(soak: Soak, console: Console) -> bool:
    """Print the figures; return whether the goal was met."""
    calls = soak.house.server.query(CALLS)
    entries = _times(
        soak.house.server.query("SELECT call FROM journal WHERE happening = 'ended'"), calls
    )
    told = "SELECT call FROM deliveries WHERE event = 'incoming.after'"
    events = _times(soak.house.server.query(told), calls)
    waits = [_wait(soak, *facts) for _, *facts in calls]
    longest = max(waits, default=0.0)
    dead = [end - begin for begin, end in soak.kills] or [0.0]
    console.print(
        f"calls {len(calls)}, kills of the server {len(soak.kills)}; it was dead for"
        f" {sum(dead) / len(dead):.1f} s each, {max(dead):.1f} s at most"
    )
    console.print(
        f"callers that vanished: {len(soak.vanished)} numbers; the trunk: {len(soak.trunk_lost)} times"
    )
    for name, found in (("terminal entries", entries), ("terminal events", events)):
        more = sum(count for times, count in found.items() if times > 1)
        console.print(f"{name} of a call: none {found[0]}, one {found[1]}, more {more}")
    console.print(f"calls that outlived the loss of a side: {sum(wait > 0.0 for wait in waits)}")
    console.print(
        f"longest wait from the loss of a side to the end: {longest:.1f} s, kills included"
    )
    late = sorted(round(wait) for wait in waits if wait > GOAL)
    if late:
        console.print(f"later than {GOAL:g} s: {len(late)} calls, of them {late[:20]} s")
        _tell_why(soak, calls[waits.index(longest)], console)
    once = entries[1] == events[1] == len(calls) > 0
    return once and longest <= GOAL


def _tell_why(soak: Soak, call: tuple[str, str, float, float | None], console: Console) -> None:
    """Print what happened to a call and beside it, in order; seconds from its beginning."""
    identity, who, arrived_at, ended_at = call
    query = "SELECT at, happening || ' ' || coalesce(leg, '') FROM journal WHERE call = ?"
    end = float("inf") if ended_at is None else ended_at
    story = [
        *soak.house.server.query(query, identity),
        *((at, "its caller was killed") for at in [soak.vanished.get(who)] if at is not None),
        *((at, "the trunk was killed") for at in soak.trunk_lost),
        *((at, "the server was killed") for at, _ in soak.kills),
        *((at, "the server was started") for _, at in soak.kills),
    ]
    for at, what in sorted(story):
        if arrived_at - 5.0 <= at <= end + 5.0:
            console.print(f"  {at - arrived_at:7.1f} s {what}")


def _times(rows: list[Any], calls: list[Any]) -> Counter[int]:
    found = Counter(str(row[0]) for row in rows)
    return Counter(found[str(call[0])] for call in calls)


def _wait(soak: Soak, who: str, arrived_at: float, ended_at: float | None) -> float:
    """Return for how many seconds a call outlived the loss of a side: infinite where it did not end."""
    if ended_at is None:
        return float("inf")
    lost_at = soak.vanished.get(who, float("inf"))
    lost_at = min([lost_at, *(at for at in soak.trunk_lost if arrived_at < at)])
    return max(0.0, ended_at - max(lost_at, arrived_at))


def main() -> int:
    """Run it, and say whether the goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--rate", type=float, default=4.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    console = Console()
    console.print(f"seed {seed}, {options.seconds:g} s at {options.rate:g} calls a second")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        lines = (Line(number=DIALLED, steps=(ring(NEXT),)),)
        house = stack.enter_context(
            open_house(directory, lines, callee=Callee(hold=LONGEST_TALK), trace=False)
        )
        soak = Soak(house=house, chance=random.Random(seed), rate=options.rate)
        soak.run(options.seconds)
        took = soak.settle()
        console.print(f"the last call ended {took:.0f} s behind the last caller")
        is_met = judge(soak, console)
        house.server.assert_no_traceback()
        if soak.running():
            console.print("calls still run")
            return 1
    console.print("the goal is met" if is_met else "the goal is missed")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
