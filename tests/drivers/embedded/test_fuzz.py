"""Thirty thousand spoilt messages bring no error, no hang and no leak; a good one is served at once after."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.call import CALLER
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.ua.user_agent import UserAgentLoad
from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import parse_message
from tests.support.loop import run
from tests.support.office import Office, address, open_office, ring, shop
from tests.support.sip import SDP, request, response
from tests.support.sip_fuzz import Mutator
from tests.support.sip_wire import Tcp, Udp, options

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PACKETS = 30_000
BATCH = 25
OVER_TCP = 8
"""Every eighth batch goes over TCP."""
MOST_GROWTH = 200 << 20
"""Bytes that the process may have grown by in the end; what ran in it before is not the engine's."""
QUICK = Timing(t1=0.02, t2=0.1, t4=0.1, ring=0.5)
"""So that what lingers is gone in a second or two."""
NOTHING = UserAgentLoad(transactions=0, sessions=0, dialogs=0, pending_requests=0)
DIALLED = "380800111222"
CHALLENGED = "sip trunk authentication failed"
"""What the 401 and 407 of the fuzzer mean to an operator; no error of ours."""


@dataclass
class Fuzzer:
    """Calls, is called, and talks nonsense all along."""

    chance: Random
    udp: Udp
    heard: list[bytes] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.mutator = Mutator(self.chance)

    def batch(self, transport: str) -> Iterator[bytes]:
        for _ in range(BATCH):
            yield self.mutator.spoil(bytes(self.message(transport)))

    def message(self, transport: str) -> Any:
        """Make a message that could be served: new ones, and answers to what was heard."""
        self.count += 1
        if self.heard and self.chance.random() < 0.5:
            answer = self.answer(self.chance.choice(self.heard[-20:]))
            if answer is not None:
                return answer
        kind = self.chance.choice(
            ["INVITE", "INVITE", "REGISTER", "OPTIONS", "CANCEL", "ACK", "BYE", "BREW"]
        )
        return self.asked(kind, transport, self.chance.choice(["", ";tag=x"]))

    def asked(self, method: str, transport: str, tag: str) -> Request:
        number = self.count if method not in {"CANCEL", "ACK"} else max(1, self.count - 5)
        return request(
            method,
            "P-Asserted-Identity: <tel:+380441112233>",
            uri=f"sip:{DIALLED}@127.0.0.1",
            via=f"SIP/2.0/{transport} 127.0.0.1:{self.udp.port};branch=z9hG4bKf{number};rport",
            from_=f"<sip:f@127.0.0.1>;tag=f{number}",
            to=f"<sip:{DIALLED}@127.0.0.1>{tag}",
            call_id=f"fuzz{number}",
            contact=f"<sip:f@127.0.0.1:{self.udp.port}>",
            body=SDP if method == "INVITE" else b"",
        )

    def answer(self, data: bytes) -> object:
        """Answer a request of the engine, or go on within the dialog that a response opened."""
        try:
            return self.continued(parse_message(data))
        except ParseError:
            return None  # an error answer repeats what was wrong

    def continued(self, heard: Request | Response) -> object:
        if isinstance(heard, Request):
            if heard.method == "ACK":
                return None
            status = self.chance.choice([100, 180, 183, 200, 200, 302, 401, 407, 486, 503, 603])
            return response(heard, status, body=SDP if status in {183, 200} else b"")
        method = self.chance.choice(["ACK", "BYE", "INFO", "INVITE", "UPDATE", "MESSAGE", "REFER"])
        return request(
            method,
            via=f"SIP/2.0/UDP 127.0.0.1:{self.udp.port};branch=z9hG4bKw{self.count};rport",
            from_=heard.headers.get("From") or "",
            to=heard.headers.get("To") or "",
            call_id=heard.call_id,
            cseq=heard.cseq.number if method == "ACK" else self.chance.randrange(1, 9),
            contact=f"<sip:f@127.0.0.1:{self.udp.port}>",
        )

    async def listen(self) -> None:
        while True:
            self.heard.append(await self.udp.receive(within=100))
            del self.heard[:-200]


async def attack(office: Office, fuzzer: Fuzzer) -> None:
    for number in range(PACKETS // BATCH):
        if number % OVER_TCP == 0:
            await over_tcp(office, fuzzer)
        else:
            for packet in fuzzer.batch("UDP"):
                fuzzer.udp.send(packet[:65000])
        await asyncio.sleep(0)


async def over_tcp(office: Office, fuzzer: Fuzzer) -> None:
    """Send a batch over as many connections as the engine closes on us."""
    packets = list(fuzzer.batch("TCP"))
    while packets:
        async with Tcp.to(office.port) as connection:
            try:
                while packets and not connection.reader.at_eof():
                    await connection.send(packets.pop())
                    await asyncio.sleep(0)
            except ConnectionError:
                continue


async def nothing_left(office: Office) -> None:
    """End the calls that talk, and wait until the engine holds nothing."""
    for call in office.board.calls:
        office.board.hang_up(call.id, by="the test")
    await office.quiet(within=20)
    async with asyncio.timeout(20):
        while True:
            endpoint = office.driver.endpoint
            if endpoint.agent.load == NOTHING and not endpoint.connections:
                return
            await asyncio.sleep(0.02)


def resident() -> int:
    """Return how many bytes of memory the process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


@pytest.mark.parametrize("seed", [20261121])
def test_spoilt_messages_do_no_harm(seed: int) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        before = resident()
        complaints: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        with Udp(0) as udp, capture_logs() as logs:
            snapshot = shop(ring(address(udp.port), timeout=0.3))
            async with open_office(snapshot, binding=ListenAddress(port=0, timing=QUICK)) as office:
                udp.aim(office.port)
                fuzzer = Fuzzer(Random(seed), udp)
                listening = loop.create_task(fuzzer.listen())
                await attack(office, fuzzer)
                listening.cancel()

                with Udp(office.port) as phone:
                    began = loop.time()
                    answer = await phone.ask(options("UDP", phone.port, branch="good"))
                    took = loop.time() - began
                assert answer.startswith(b"SIP/2.0 200 ")
                assert took < 0.1
                assert office.memory.calls
                await asyncio.sleep(1)  # what rings has stopped
                await nothing_left(office)
                assert all(call.leg(CALLER) for call in office.memory.calls.values())
        errors = [
            line
            for line in logs
            if line["log_level"] in {"error", "critical"} and line["event"] != CHALLENGED
        ]
        assert not errors, "\n".join(map(str, errors))
        assert complaints == []
        assert resident() - before < MOST_GROWTH

    run(scenario(), deadline=110)
