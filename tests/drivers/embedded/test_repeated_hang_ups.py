"""Whoever was in the calls that ended last is hung up on again after a start."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.drivers.embedded.repeated_hang_ups import hang_up_again
from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint
from switchhook.sip.ua.commands import Answer
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.parser import parse_message
from tests.support.loop import run
from tests.support.sip import SDP
from tests.support.sip_agent import Phone
from tests.support.sip_wire import Udp

pytestmark = pytest.mark.row("FD-01")


@dataclass
class Memory:
    handles: tuple[str, ...]

    async def legs_of_last_ends(self, since: float) -> tuple[tuple[str, str, str, str], ...]:
        assert since > 0.0
        return tuple(("acme", "c", f"b{n}", handle) for n, handle in enumerate(self.handles))


def handle(port: int, *, acknowledged: bool = True, age: float = 0.0) -> str:
    former = Phone()
    if acknowledged:
        leg, _ = former.answered()
    else:
        leg = former.called()
        former.do(Answer(leg=leg, status=200, body=SDP))
    stored: dict[str, Any] | None = former.agent.store(leg, now=former.now)
    assert stored is not None
    stored |= {"peer": ["UDP", "127.0.0.1", port], "direct": True, "behind_nat": True}
    stored["dialog"]["target"] = f"sip:alice@127.0.0.1:{port}"
    if not acknowledged:
        stored["answered"]["peer"] = stored["peer"]
    return json.dumps({"sip": stored, "trunk": "", "stored_at": time.time() - age})


async def first_request(memory: Memory, udp: Udp, *, live: str = "", within: float = 0.3) -> str:
    """Return the method of what comes after a start, "" for nothing; `live` is the handle of a live call."""
    async with AsyncExitStack() as stack:
        endpoint = SipEndpoint(ListenAddress(port=0), lambda _: None)
        if live:
            now = asyncio.get_running_loop().time()
            endpoint.agent.restore("live", json.loads(live)["sip"], now=now)
        await endpoint.start(stack)
        await hang_up_again(memory, endpoint, ProjectDirectory([]))
        try:
            while not isinstance(message := parse_message(await udp.receive(within)), Request):
                pass  # our 200 of before
        except TimeoutError:
            return ""
        return message.method


def test_a_dialog_of_an_ended_call_gets_a_bye_whatever_else_is_stored() -> None:
    async def scenario() -> None:
        with Udp(0) as udp:
            memory = Memory(("nonsense", "[]", '{"sip": {}, "trunk": ""}', handle(udp.port)))
            assert await first_request(memory, udp) == "BYE"

    run(scenario())


def test_who_had_our_200_long_ago_gets_the_bye_without_another_32_seconds() -> None:
    """The ACK went to the node that is gone, and no other comes: its time ran from the 200 on (RFC 3261 §15)."""

    async def scenario() -> None:
        with Udp(0) as udp:
            known = handle(udp.port, acknowledged=False, age=60.0)
            assert await first_request(Memory((known,)), udp, within=20.0) == "BYE"

    run(scenario(), deadline=30)


def test_a_dialog_that_is_in_another_call_by_now_gets_none() -> None:
    async def scenario() -> None:
        with Udp(0) as udp:
            known = handle(udp.port)
            first = await first_request(Memory((known,)), udp, live=known)
            assert first in {"", "OPTIONS"}  # a probe may come first

    run(scenario())
