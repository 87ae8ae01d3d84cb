"""Load through a whole server: SIPp on both sides, an endpoint that answers at once, and a probe."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.scheme import AskStep, RingStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from tests.support.answering import answering
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.server import Server

DYNAMIC, STATIC = "380900000001", "380900000002"
"""Numbers that run a scheme with and without an ask; both ring the same."""
PROBED_DYNAMIC, PROBED_STATIC = "380900000003", "380900000004"
"""The same, ringing the probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of a run."""

    calls: int
    failed: int
    retransmissions: int
    """Of the caller and the callee together."""
    seconds: float
    cpu_per_call: float
    """Processor seconds of the server, user and system."""
    memory: int
    """Bytes that the server held afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Post-dial delays in seconds, in the order they were measured; taken in turns."""

    dynamic: tuple[float, ...]
    static: tuple[float, ...]


class Bench:
    """A house made for measuring."""

    def __init__(self, house: House, probe: Probe) -> None:
        self.house = house
        self._probe = probe

    def load(
        self, number: str, *, rate: int, seconds: float, arguments: tuple[str, ...] = ()
    ) -> Load:
        """Make `rate` calls a second to a number for so long; each talks for half a second."""
        house = self.house
        count = int(rate * seconds)
        before, cpu, began = self._callee_retransmissions(), house.server.cpu_seconds(), time.time()
        pairs = ((number, house.stranger()) for _ in range(count))
        with house.callers(
            *pairs, rate=rate, talk=500, trace=False, arguments=("-l", str(count), *arguments)
        ) as callers:
            callers.wait(seconds + 60.0)
            told = callers.statistics()
        took = time.time() - began
        cpu = house.server.cpu_seconds() - cpu
        time.sleep(1.1)  # until the callee has written its statistics
        again = int(told["Retransmissions(C)"]) + self._callee_retransmissions() - before
        return Load(
            calls=count,
            failed=count - int(told["SuccessfulCall(C)"]),
            retransmissions=again,
            seconds=took,
            cpu_per_call=cpu / count,
            memory=house.server.memory(),
        )

    def _callee_retransmissions(self) -> int:
        return int(self.house.callee.statistics()["Retransmissions(C)"])

    def measure(self, number: str) -> float:
        """Dial one of the probed numbers; return the post-dial delay in seconds."""
        return self._probe.measure(number, self.house.server.port)

    def delays(self, rounds: int, pause: float = 0.0) -> Delays:
        """Measure the post-dial delay of both kinds of scheme, one after the other, many times."""
        dynamic, static = [], []
        for _ in range(rounds):
            static.append(self.measure(PROBED_STATIC))
            dynamic.append(self.measure(PROBED_DYNAMIC))
            time.sleep(pause)
        return Delays(dynamic=tuple(dynamic), static=tuple(static))


@contextlib.contextmanager
def open_bench(
    directory: Path, *, callee: tuple[str, ...] = (), server: Server | None = None
) -> Iterator[Bench]:
    """Start a server to be measured. `callee` are further arguments of the SIPp behind the trunk.

    `server` is another than `switchhook serve`.
    """
    with (
        Probe() as probe,
        answering(f'{{"dst_phone":{NEXT}}}') as numbers,
        answering(f'{{"dst_phone":"{probe.address}"}}') as addresses,
    ):
        target = Target(kind=TargetKind.ADDRESS, value=probe.address)
        lines = (
            _asking(DYNAMIC, numbers),
            Line(number=STATIC, steps=(ring(NEXT),)),
            _asking(PROBED_DYNAMIC, addresses),
            Line(number=PROBED_STATIC, steps=(RingStep(targets=(target,)),)),
        )
        with open_house(
            directory,
            lines,
            callee=Callee(delay=100),
            arguments=callee,
            trace=False,
            server=server,
        ) as house:
            yield Bench(house, probe)


def _asking(number: str, port: int) -> Line:
    webhook = ForwardingNumber(name=number, url=f"http://127.0.0.1:{port}/")
    return Line(number=number, steps=(AskStep(webhook=number),), webhooks=(webhook,))


def percentile(values: tuple[float, ...], share: float) -> float:
    """Return the value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
