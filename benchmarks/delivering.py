"""A Switchhook that makes deliveries for a few seconds: the process that `benchmarks.deliver` measures.

    python -m benchmarks.delivering '{"data_dir": …, "ports": […], …}'

It is the whole application on its own database, with telephones that call by themselves; each call is told to every
endpoint four times, durably, and each result is recorded. It uses nothing that an earlier version has not, so that
two versions can be compared: PYTHONPATH says whose code runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from tests.faults.phones import DIALLED, PROJECT, TRUNK, Phones

from switchhook.app import application
from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.sender import Sender
from switchhook.logs import GATHERED, configure_logs
from switchhook.operations.data_dir import DATABASE
from switchhook.settings import load_settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    from switchhook.app.application import Application

EVENTS = ("incoming.before", "incoming.forwarding", "incoming.pickup", "incoming.after")
CALLS_AT_ONCE = 16
MOST_WAITING = 2_000
"""Deliveries to healthy endpoints that may wait before the next call comes."""
ASK_EVERY = 0.01
"""Seconds."""
PARAMETERS = ", ".join(
    f'{{ name = "{name}", value = "{name}" }}'
    for name in ("call_id", "caller_id", "destination_id", "status")
)
PAD = "x" * 400
"""Makes requests as long as usual ones; stands in the path, which every version has."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be done."""

    data_dir: str
    ports: list[int]
    """Of the endpoints, on loopback."""
    hung: list[int]
    """Of those that never answer."""
    warm_up: float
    seconds: float
    rate: float | None = None
    """Deliveries a second; None: as many as it can."""
    ask: int | None = None
    """The port that is asked every 10 ms meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of it."""

    deliveries: int
    """Recorded as delivered."""
    wall: float
    cpu: float
    """Seconds of all its threads."""
    ask_p50: float = 0.0
    ask_p90: float = 0.0


class PacedPhones(Phones):
    """Telephones that call no faster than deliveries are made, or than they are wanted."""

    app: Application
    healthy: int
    """Deliveries of a call that succeed."""
    rate: float | None

    def _call(self) -> None:
        emitted = self.calls_made * self.healthy
        is_early = self.rate is not None and emitted > self.rate * (time.monotonic() - self.began)
        if is_early or emitted - self.app.dispatcher.delivered > MOST_WAITING:
            asyncio.get_running_loop().call_later(0.001, self._call)
            return
        self.calls_made += 1
        super()._call()

    calls_made = 0
    began = 0.0


async def main(work: Work) -> Done:
    """Deliver, and say how much."""
    store = await SqliteStore.open(Path(work.data_dir, DATABASE))
    await store.save_project(PROJECT, project(work.ports, work.hung))
    await store.close()
    phones = PacedPhones(accepted=lambda _call, _event: None, at_once=CALLS_AT_ONCE, most=None)
    phones.healthy = len(EVENTS) * (len(work.ports) - len(work.hung))
    phones.rate, phones.began = work.rate, time.monotonic()
    build = application.build

    def build_with_phones(*args: object, **kwargs: object) -> Application:
        phones.app = build(*args, **kwargs, make_driver=lambda *_: phones)  # type: ignore[arg-type]
        return phones.app

    setattr(application, "build", build_with_phones)  # noqa: B010 - a replaced function is none to mypy
    environ = {"SWITCHHOOK_DATA_DIR": work.data_dir, "SWITCHHOOK_WEB_HOST": ""}
    settings = load_settings(file=None, environ=environ, flags={})
    results = os.dup(1)
    for stream in (1, 2):  # the log is written as in production, and to nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    configure_logs(settings.log_level, as_json=True, gather=GATHERED)
    async with application.open_application(settings) as app:
        application.settle()
        if PROJECT not in app.directory.snapshots:
            raise RuntimeError("the project cannot be read by this version")
        await asyncio.sleep(work.warm_up)
        before, wall, cpu = app.dispatcher.delivered, time.perf_counter(), time.process_time()
        asked = await _ask_for(work.seconds, work.ask)
        done = Done(
            deliveries=app.dispatcher.delivered - before,
            wall=time.perf_counter() - wall,
            cpu=time.process_time() - cpu,
            ask_p50=statistics.median(asked) if asked else 0.0,
            ask_p90=statistics.quantiles(asked, n=10)[8] if len(asked) > 10 else 0.0,
        )
        os.write(results, json.dumps(asdict(done)).encode())
        os._exit(0)  # what waits need not be sent


async def _ask_for(seconds: float, port: int | None) -> list[float]:
    """Ask an endpoint again and again, as a call would, and return how long each took."""
    if port is None:
        await asyncio.sleep(seconds)
        return []
    sender, took = Sender(), []
    body = json.dumps({"caller_id": "380441112233", "pad": PAD}).encode()
    headers = (("Host", f"127.0.0.1:{port}"), ("Content-Length", str(len(body))))
    url = f"http://127.0.0.1:{port}/"
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)
    exchange = partial(
        sender.exchange, request, deadline=5.0, networks=AllowedNetworks.parse(["127.0.0.0/8"])
    )
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        done = await exchange()
        took.append(time.perf_counter() - began)
        if done.response is None:
            raise RuntimeError(f"an ask failed: {done.failure}")
        await asyncio.sleep(ASK_EVERY)
    return took


def project(ports: list[int], hung: list[int]) -> str:
    """Write a project that tells every endpoint of each event, in the words of version 0.1.0."""
    lines = [
        "[project]",
        f'id = "{PROJECT}"',
        'name = "Shop"',
        'country = "UA"',
        'allowed_networks = ["127.0.0.0/8"]',
        "[[numbers]]",
        f'number = "{DIALLED}"',
        "scheme = 1",
        "[[trunks]]",
        f'name = "{TRUNK}"',
        'host = "127.0.0.1"',
        'sources = ["127.0.0.1/32"]',
        "[[schemes]]",
        "id = 1",
        'name = "all"',
        "[[schemes.steps]]",
        'ring = ["380500000009"]',
    ]
    for event in EVENTS:
        for place, port in enumerate([*hung, *ports[len(hung) :]]):
            lines += [
                "[[event_webhooks]]",
                f'name = "{event} {place}"',
                f'event = "{event}"',
                f'url = "http://127.0.0.1:{port}/{PAD}"',
                "response_timeout = 10",
                f"parameters = [{PARAMETERS}]",
            ]
    return "\n".join(lines)


if __name__ == "__main__":
    uvloop.run(main(Work(**json.loads(sys.argv[1]))))
