"""A telephone behind a NAT or a proxy is rung where it can be reached, on a real network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.sip.auth.proof import DigestCredentials, NonceCounts, prove
from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import parse_message
from switchhook.softphone.phone import Softphone
from tests.support.loop import run
from tests.support.office import DIALLED, PASSWORD, Office, account, open_office, ring, shop
from tests.support.sip import read_request, read_response
from tests.support.sip_wire import Tcp, Udp, options

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

TELEPHONE = "127.0.0.2"
"""An address that no trunk's network holds."""


def play(scenario: Coroutine[Any, Any, None]) -> None:
    run(scenario, deadline=20)


async def registered(wire: Udp, via: str, *lines: str) -> Response:
    """Register mary with her password; return the answer to it."""

    def asked(cseq: int, *more: str) -> Request:
        text = [
            "REGISTER sip:127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {via};branch=z9hG4bK{cseq};rport",
            "From: <sip:mary@127.0.0.1>;tag=1",
            "To: <sip:mary@127.0.0.1>",
            "Call-ID: reached",
            f"CSeq: {cseq} REGISTER",
            *lines,
            *more,
            "Content-Length: 0\r\n\r\n",
        ]
        message = parse_message("\r\n".join(text).encode())
        assert isinstance(message, Request)
        return message

    first = asked(1)
    challenge = read_response(await wire.ask(bytes(first)))
    mary = DigestCredentials(username="mary", password=PASSWORD)
    proof = prove(first, challenge, mary, (), NonceCounts(lambda: "c"))
    assert proof is not None
    return read_response(await wire.ask(bytes(asked(2, *(f"{n}: {v}" for n, v in proof)))))


async def rung(office: Office, wire: Udp) -> Request:
    """Let a customer call; return the INVITE that mary's telephone gets."""
    async with Softphone("380441112233") as caller:
        call = await caller.call(f"sip:{DIALLED}@127.0.0.1:{office.port}")
        invite = read_request(await wire.receive())
        assert invite.method == "INVITE"
        busy = bytes(invite.response(486, to_tag="m"))
        wire.send(busy)
        assert read_request(await wire.receive()).method == "ACK"
        assert await call.ended()
        return invite


@pytest.mark.row("FA-05")
def test_a_nat_that_changes_the_port_alone_is_seen() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            with Udp(office.port, TELEPHONE, "127.0.0.1") as wire:
                inside = f"{TELEPHONE}:9"
                done = await registered(wire, inside, f"Contact: <sip:mary@{inside}>")
                assert done.status == 200
                assert str((await rung(office, wire)).uri) == f"sip:mary@{inside}"

    play(scenario())


@pytest.mark.row("FI-09")
def test_a_telephone_behind_a_proxy_is_rung_by_its_path() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            with Udp(office.port, TELEPHONE, "127.0.0.1") as proxy:
                here = f"{TELEPHONE}:{proxy.port}"
                path = (f"<sip:token@{here};lr>", "<sip:10.9.9.1;lr>")
                contact = "Contact: <sip:mary@10.9.9.9>"
                done = await registered(proxy, here, contact, f"Path: {', '.join(path)}")
                assert (done.status, done.headers.all("Path")) == (200, path)
                invite = await rung(office, proxy)
                assert str(invite.uri) == "sip:mary@10.9.9.9"
                assert invite.headers.all("Route") == path

    play(scenario())


@pytest.mark.row("FA-06")
def test_what_stands_between_two_messages_of_a_connection_is_skipped() -> None:
    async def scenario() -> None:
        async with open_office(shop()) as office, Tcp.to(office.port) as wire:
            one, two = (options("TCP", wire.port, branch=branch) for branch in ("one", "two"))
            wrong = options("TCP", wire.port, branch="bad").replace(b"CSeq: 1 ", b"CSeq: x ")
            await wire.send(one + b"\r\n\0" + two + b"\n\0\r" + wrong + b"\r\n" + one)
            statuses = [(await wire.receive())[8:11] for _ in range(4)]
            assert statuses == [b"200", b"200", b"400", b"200"]

    play(scenario())
