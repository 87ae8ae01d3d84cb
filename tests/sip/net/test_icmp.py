"""Who does not listen is known at once, and nobody can forge that."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import TYPE_CHECKING, cast

import pytest

from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.net.icmp import transaction_of
from switchhook.sip.ua.commands import Invite
from switchhook.sip.ua.events import InviteFailed, UserAgentEvent
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip import SDP, read_request
from tests.support.sip_wire import Udp, listening

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:5060;branch=z9hG4bKa1f;rport\r\nMax"


def nobody(host: str) -> int:
    """Return a port at which nothing listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as closed:
        closed.bind((host, 0))
        port: int = closed.getsockname()[1]
        return port


def fast_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of the extra `fast`, which watches sockets in its own way."""
    return cast("asyncio.AbstractEventLoop", pytest.importorskip("uvloop").new_event_loop())


def invite(host: str, port: int, leg: str = "out") -> Invite:
    uri = Uri.parse("sip:a@b.example")
    us = NameAddress(uri=uri)
    return Invite(leg=leg, uri=uri, from_=us, to=us, peer=Peer("UDP", host, port), body=SDP)


@pytest.mark.row("FI-06")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a socket of ICMP errors")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, fast_loop])
def test_a_call_to_where_nothing_listens_fails_at_once_and_no_other_does(
    host: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def scenario() -> None:
        heard: list[UserAgentEvent] = []
        failed = asyncio.Event()

        def hear(event: UserAgentEvent) -> None:
            heard.append(event)
            failed.set()

        async with listening(hear, ListenAddress(host=host, port=0)) as endpoint:
            with Udp(0, host) as bob:
                begun = time.monotonic()
                endpoint.perform(invite(host, nobody(host)))
                endpoint.perform(invite(host, bob.port, "bob"))
                assert read_request(await bob.receive()).method == "INVITE"
                await failed.wait()
                assert time.monotonic() - begun < 0.4  # before anything is sent again
                assert heard == [InviteFailed(leg="out", status=503, response=None)]
                bob.aim(endpoint.port)
                bob.send(b"OPTIONS sip:x@y SIP/2.0\r\n\r\n")  # it still hears
                endpoint.perform(invite(host, bob.port, "again"))
                assert read_request(await bob.receive()).method == "INVITE"
                assert len(heard) == 1

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(scenario(), 10))


def test_an_error_is_of_the_request_whose_branch_it_repeats() -> None:
    assert transaction_of(REQUEST) == ("z9hG4bKa1f", "INVITE")
    assert transaction_of(REQUEST[:-11]) is None  # it may be cut within the branch


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa;rport\r\n",
        REQUEST.replace(b"z9hG4bK", b"other"),
        REQUEST[:8],
        b"\xff" * 2000,
    ],
)
def test_other_errors_are_of_no_request_of_ours(data: bytes) -> None:
    assert transaction_of(data) is None
