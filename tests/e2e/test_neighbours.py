"""Whom deliveries cannot reach delays no ask (S-46, in a whole server)."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchhook.app.application import open_application
from switchhook.domain.project import ProjectSnapshot
from switchhook.settings import Settings
from switchhook.webhooks.http import HttpRequest
from tests.support.loop import run
from tests.support.promises import delivery, ended, record
from tests.support.snapshots import snapshot
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from switchhook.webhooks.http import Exchange

HUNG = 60
"""Endpoints whose names no DNS server ever answers for; more than are looked up at once."""


def test_names_that_nobody_resolves_delay_no_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    resolve = socket.getaddrinfo

    def slowly(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host.startswith("hung"):
            gate.wait(20)
        return resolve("127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    made = [
        delivery("c1", 1, webhook=f"hook {number}", url=f"http://hung{number}.example/")
        for number in range(HUNG)
    ]
    within = ProjectSnapshot(replace(snapshot().project, allowed_networks=("127.0.0.0/8",)))

    async def scenario(endpoint: Endpoint) -> Exchange:
        settings = Settings(data_dir=tmp_path, sip_port=0, web_host="")
        async with open_application(settings) as app:
            call = ended(within=within)
            await app.store.commit(record(call, *made))
            app.dispatcher.dispatch(*made)
            await asyncio.sleep(0.1)  # they hold what they can hold
            url = endpoint.url("/ask").replace("127.0.0.1", "crm.example")
            request = HttpRequest(
                method="GET", url=url, headers=(("Host", "crm.example"),), body=b""
            )
            try:
                return await app.asks.ask(call, request, deadline=5.0)
            finally:
                gate.set()

    with Endpoint(lambda _: reply("here")) as endpoint:
        done = run(scenario(endpoint))

    assert done.failure is None
    assert done.response is not None
    assert done.response.body == b"here"
