"""The processes under test: the whole application with telephones that call by themselves, forked from one that is warm.

`python -m tests.faults.process` reads a plan a line, forks a process that lives by it, and prints how it ended. So a
life costs no start of an interpreter.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from switchhook.app import application
from switchhook.app.policies import Policies
from switchhook.cli.serving import run_on_loop, stop_on_signal
from switchhook.logs import configure_logs
from switchhook.settings import LogLevel, load_settings
from switchhook.tasks import spawn
from tests.faults.phones import Phones
from tests.faults.windows import WINDOWS, Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.app.application import Application
    from switchhook.domain.delivery_policy import DeliveryPolicy
    from switchhook.domain.event import EventKind
    from switchhook.storage.delivery import Delivery
    from switchhook.storage.sqlite.writer import Writer

LATE = (
    "switchhook.api.control",
    "switchhook.api.server",
    "uvicorn.protocols.http.httptools_impl",
)
"""What a start loads late, and each life would load anew."""
SOON = 0.05
"""What a pause between two attempts is multiplied by; a project's is a second at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a process lives."""

    data_dir: str
    ledger: str
    """The file that it writes what it accepted to, a line for each."""
    log: str
    """The file of its log."""
    calls: int | None = None
    """Calls that come; None: as long as it lives. With a number it ends by itself once all is settled."""
    at_once: int = 8
    """Calls."""
    pause: float = 0.0
    """Seconds between two steps of a call."""
    window: str = ""
    """The point at which it kills itself; "" for none."""
    left: int = 1
    """How often it passes that point up to then."""
    stops_after: float | None = None
    """Seconds until it begins to stop by itself."""
    clock: float = 0.0
    """Seconds by which the system's clock is wrong, from the first SIGUSR1 on."""
    disk: tuple[str, str] = ("", "")
    """What SQLite executes at the first SIGUSR2, and what at the second: a disk that breaks, and is mended."""
    node: str = "main"
    renew_every: float = 3.0
    """Seconds between two renewals of its lease."""
    looks: int = 5

    def line(self) -> str:
        """Write it as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Plan:
        """Read what `line` wrote."""
        values = json.loads(line)
        return cls(**values | {"disk": tuple(values["disk"])})


def live(plan: Plan) -> None:
    """Live by a plan."""
    ledger = os.open(plan.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    log = os.open(plan.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)

    def write(*words: str) -> None:
        os.write(ledger, f"{' '.join(words)}\n".encode())

    for window in WINDOWS:
        if window.name == plan.window:
            window.arm(Point(left=plan.left, note=lambda: write("killed", plan.window)))
    _retry_soon()
    _set_clock(plan.clock)
    configure_logs(LogLevel.INFO, as_json=True)
    run_on_loop(_live(plan, write))


def _retry_soon() -> None:
    policy_of = Policies.policy_of

    def soon(self: Policies, delivery: Delivery) -> DeliveryPolicy:
        policy = policy_of(self, delivery)
        return replace(policy, pauses=tuple(pause * SOON for pause in policy.pauses))

    setattr(Policies, "policy_of", soon)  # noqa: B010 - a wrapped method is no method to mypy


def _set_clock(seconds: float) -> None:
    """Let SIGUSR1 put the system's clock forward, or back, as this process sees it."""
    right, wrong = time.time, [0.0]
    time.time = lambda: right() + wrong[0]
    signal.signal(signal.SIGUSR1, lambda *_: wrong.__setitem__(0, seconds))


async def _live(plan: Plan, write: Callable[..., None]) -> None:
    def accepted(call: str, event: EventKind) -> None:
        write("accepted", call, event.value)

    phones = Phones(accepted=accepted, at_once=plan.at_once, most=plan.calls, pause=plan.pause)
    application.build = partial(application.build, make_driver=lambda *_: phones)
    environ = {
        "SWITCHHOOK_DATA_DIR": plan.data_dir,
        "SWITCHHOOK_WEB_HOST": "",
        "SWITCHHOOK_SIP_HOST": "127.0.0.1",
    }
    settings = load_settings(file=None, environ=environ, flags={})
    async with application.open_application(
        settings, node=plan.node, renew_every=plan.renew_every, looks=plan.looks
    ) as app:
        write("ready")
        stop = stop_on_signal()
        _break_disk(app, plan.disk)
        over = [
            spawn(stop.wait(), name="stop"),
            spawn(app.lease.lost.wait(), name="lost"),
            spawn(_settled(app, phones), name="settled"),
        ]
        await asyncio.wait(over, timeout=plan.stops_after, return_when=asyncio.FIRST_COMPLETED)
        phones.is_stopping = True
        if app.lease.lost.is_set():
            write("lost")
    write("stopped")


def _break_disk(app: Application, disk: tuple[str, str]) -> None:
    """Let each SIGUSR2 execute the next of two statements on the connection that writes."""
    statements = iter(disk)

    def execute() -> None:
        statement = next(statements)
        writer: Writer = app.store._writer  # type: ignore[attr-defined]
        spawn(writer.run(lambda to: to.execute(statement).fetchall()), name="break the disk")

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, execute)


async def _settled(app: Application, phones: Phones) -> None:
    await phones.done.wait()
    await app.switchboard.idle()
    await app.dispatcher.drain()


def main() -> None:
    """Fork a process for each plan, and say how each ended."""
    for name in LATE:
        import_module(name)
    print("warm", flush=True)  # noqa: T201 - that is how it speaks
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _be(Plan.read(line))
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _be(plan: Plan) -> None:
    code = 1
    try:
        live(plan)
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing of the parent's goes on here
        os.write(2, f"{error!r}\n".encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
