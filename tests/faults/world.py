"""A world: a data directory with a project, its receivers, and the processes that live in it one after another."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final
from zlib import crc32

from switchhook.delivery.queues import DispatcherLimits
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import EventKind, ProjectEvent
from switchhook.domain.project import Number, Project, Trunk
from switchhook.domain.scheme import Scheme
from switchhook.domain.webhook import Field
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import list_deliveries
from switchhook.projectfile.file import write_project
from switchhook.projectfile.loading import load_directory
from switchhook.storage.records import EVERY_DELIVERY
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views import as_json
from tests.faults.ledger import OWED, Ledger
from tests.faults.phones import DIALLED, PROJECT, TRUNK
from tests.faults.process import Plan
from tests.faults.sinks import Sink, listening, polite
from tests.support.events import web_event
from tests.support.house import ring
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.ledger import Listed
    from tests.faults.windows import Window

ROOT: Final = Path(__file__).parents[2]
TOLD: Final = (
    EventKind.INCOMING_BEFORE,
    EventKind.INCOMING_FORWARDING,
    EventKind.INCOMING_PICKUP,
    EventKind.INCOMING_AFTER,
)
PAUSES: Final = (1.0, 1.0)
"""Between attempts, in seconds; the processes make them shorter."""
RANDOM: Final = "at a random moment"
PATIENT: Final = 5.0
"""Seconds in which a sink answers on any machine."""
PATIENCE: Final = 200.0 if "KILLS" in os.environ else 60.0
"""Seconds after which something that has to happen has not."""


class Nursery:
    """Bears processes that live by plans, one after another."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers: SimpleQueue[int] = SimpleQueue()
        self._alive: int | None = None
        self._reader = threading.Thread(target=self._read, args=(answers,), daemon=True)
        self._reader.start()

    def bear(self, plan: Plan) -> int:
        """Let a process live, and return its id."""
        self._orders.write(f"{plan.line()}\n")
        self._orders.flush()
        self._alive = self._answers.get(timeout=PATIENCE)
        return self._alive

    def ended(self) -> int:
        """Wait for the process's end, and return its code; a signal is negative."""
        code = self._answers.get(timeout=PATIENCE)
        self._alive = None
        return code

    def close(self) -> None:
        """End, and kill what lives still: a test failed."""
        if self._alive is not None:
            with suppress(ProcessLookupError):
                os.kill(self._alive, signal.SIGKILL)
        self._orders.close()
        self._reader.join(PATIENCE)

    def _read(self, answers: IO[str]) -> None:
        for line in answers:
            self._answers.put(int(line))


@contextmanager
def open_nursery() -> Iterator[Nursery]:
    """Warm one up."""
    command = [sys.executable, "-m", "tests.faults.process"]
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "warm\n"
        nursery = Nursery(process.stdin, process.stdout)
        try:
            yield nursery
        finally:
            nursery.close()


@dataclass(kw_only=True)
class World:
    """What lives, and what came of it."""

    directory: Path
    data_dir: Path
    nursery: Nursery
    crm: Sink
    """Kept connections; told of each event."""
    erp: Sink
    """A new connection for each request; told of each event, and tried again."""
    ledger: Ledger
    chance: random.Random
    hits: list[str] = field(default_factory=list)
    """The windows in which it was killed."""
    pid: int = 0
    _before: int = 0
    """How many lines the processes before wrote."""

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    @property
    def plan(self) -> Plan:
        """Return the plan of a usual life."""
        return Plan(
            data_dir=str(self.data_dir),
            ledger=str(self.directory / "accepted"),
            log=str(self._log),
        )

    def start(self, plan: Plan) -> None:
        """Let a process live by a plan."""
        self._before = len(self._lines())
        self._log.unlink(missing_ok=True)
        self.pid = self.nursery.bear(plan)

    def kill_in(self, window: Window | None) -> None:
        """Live until killed in a window; None: at a random moment."""
        if window is None:
            self._kill_at_random()
            return
        left = self.chance.randint(1, window.most)
        stops_after = self.chance.uniform(0.1, 0.4) if window.stops else None
        self.start(replace(self.plan, window=window.name, left=left, stops_after=stops_after))
        self._killed(window.name)

    def _kill_at_random(self) -> None:
        self.start(self.plan)
        self.wait_for("accepted")
        time.sleep(self.chance.uniform(0.0, 0.6))
        self.signal(signal.SIGKILL)
        self._killed(RANDOM)

    def kill(self) -> None:
        """Kill what lives now."""
        self.signal(signal.SIGKILL)
        self._killed("")

    def _killed(self, window: str) -> None:
        code = self._ended()
        assert code == -signal.SIGKILL, f"{window}: it ended with {code}\n{self.log()}"
        self.hits.append(window)
        for sink in (self.crm, self.erp):
            sink.wait_until_quiet()
        self._take_accepted()
        self.ledger.killed(self.listed())

    def signal(self, number: signal.Signals) -> None:
        """Send what lives now a signal."""
        os.kill(self.pid, number)

    def settle(self) -> None:
        """Live once more, without new calls, until everything is settled; then judge."""
        self.start(replace(self.plan, calls=0))
        self.end()

    def end(self) -> None:
        """Wait until what lives has settled everything and ended by itself; then judge."""
        code = self._ended()
        assert code == 0, f"it ended with {code}\n{self.log()}"
        self._take_accepted()
        self.ledger.settled(self.listed())
        assert not self.ledger.problems, self.ledger.problems[:20]

    def _ended(self) -> int:
        try:
            return self.nursery.ended()
        except Empty:
            raise AssertionError(f"it does not end\n{self.log()}") from None

    def wait_for(self, *words: str, count: int = 1) -> None:
        """Wait until what lives has written so many lines that begin with these words."""
        end = time.monotonic() + PATIENCE
        while (
            sum(line[: len(words)] == list(words) for line in self._lines()[self._before :]) < count
        ):
            assert time.monotonic() < end, self.log()
            time.sleep(0.01)

    def wait_for_log(self, words: str) -> None:
        """Wait until the log of what lives says something."""
        end = time.monotonic() + PATIENCE
        while words not in self.log(10**6):
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def _lines(self) -> list[list[str]]:
        """Return what the processes wrote, in words."""
        file = self.directory / "accepted"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [line.split(" ") for line in text.split("\n")[:-1]]

    def _take_accepted(self) -> None:
        for words in self._lines():
            if words[0] == "accepted":
                self.ledger.accepted.add((words[1], words[2]))

    async def change_policy(self, policy: DeliveryPolicy) -> None:
        """Let all deliveries be made by this policy."""
        project = project_of(
            self.crm, self.erp, policy.response_timeout, at_most_once=policy.at_most_once
        )
        events = tuple(
            replace(event, webhooks=tuple(replace(one, policy=policy) for one in event.webhooks))
            for event in project.events
        )
        store = await SqliteStore.open(self.data_dir / DATABASE)
        await store.save_project(project.id, write_project(replace(project, events=events)))
        await store.close()

    def listed(self) -> list[Listed]:
        """Return all deliveries, as the product lists them."""

        async def look() -> list[dict[str, Any]]:
            store = await SqliteStore.open(self.data_dir / DATABASE, read_only=True)
            rows = await list_deliveries(store, EVERY_DELIVERY, limit=10**7)
            await store.close()
            return [as_json.delivery(row) for row in rows]

        return list(run(look(), deadline=PATIENCE))

    def pending(self) -> set[str]:
        """Return the ids of what is not settled."""
        return {row["id"] for row in self.listed() if row["state"] in OWED}

    def wait_until(self, is_so: Callable[[set[str]], bool]) -> None:
        """Wait until what is not settled is as wanted."""
        end = time.monotonic() + PATIENCE
        while not is_so(self.pending()):
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    def log(self, lines: int = 30) -> str:
        """Return the last lines of the log of what lived last."""
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        return "\n".join(text.split("\n")[-lines:])


def project_of(crm: Sink, erp: Sink, response_timeout: float, *, at_most_once: bool) -> Project:
    """Return a project that tells both receivers of each event."""

    def webhook(sink: Sink, event: EventKind) -> ProjectEvent:
        return web_event(
            name=f"{sink.name} {event}",
            event=event,
            url=sink.url(event),
            keep_alive=sink is crm,
            policy=DeliveryPolicy(
                response_timeout=response_timeout,
                pauses=PAUSES if sink is erp else (),
                breaker_pause=1.0,
                at_most_once=at_most_once and sink is crm,
            ),
            fields=tuple(Field(name=name, parameter=name) for name in ("call_id", "status")),
        )

    return Project(
        id=PROJECT,
        name="Shop",
        country="UA",
        numbers=(Number(number=DIALLED, scheme=1),),
        trunks=(Trunk(name=TRUNK, host="127.0.0.1", sources=("127.0.0.1/32",)),),
        schemes=(Scheme(id=1, name="all", steps=(ring("380500000009"),)),),
        events=tuple(webhook(sink, event) for event in TOLD for sink in (crm, erp)),
        allowed_networks=("127.0.0.0/8",),
    )


@contextmanager
def open_world(
    directory: Path,
    nursery: Nursery,
    *,
    seed: int,
    data_dir: Path | None = None,
    response_timeout: float = 15.0,
    at_most_once: bool = False,
) -> Iterator[World]:
    """Make a world, in which an exchange may take so many seconds; `at_most_once` is the policy of the CRM."""
    directory.mkdir(parents=True, exist_ok=True)
    data_dir = data_dir or directory / "data"
    data_dir.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(
        in_flight=DispatcherLimits().in_flight,
        events={event.value: 2 for event in TOLD},
        is_patient=response_timeout >= PATIENT and not at_most_once,
    )
    with ExitStack() as stack:
        crm, erp = (
            stack.enter_context(listening(name, ledger.receipts.append)) for name in ("crm", "erp")
        )
        erp.manners = now_and_then_busy
        run(_apply(data_dir, project_of(crm, erp, response_timeout, at_most_once=at_most_once)))
        yield World(
            directory=directory,
            data_dir=data_dir,
            nursery=nursery,
            crm=crm,
            erp=erp,
            ledger=ledger,
            chance=random.Random(seed),
        )


async def _apply(data_dir: Path, project: Project) -> None:
    store = await SqliteStore.open(data_dir / DATABASE)
    await store.save_project(project.id, write_project(project))
    directory = await load_directory(store, [])
    await store.close()
    assert project.id in directory.snapshots, "the project cannot be read"


def now_and_then_busy(name: str, times: int) -> str:
    """Answer one delivery in eight with 503 the first time."""
    return "503" if times == 1 and crc32(name.encode()) % 8 == 0 else polite(name, times)
