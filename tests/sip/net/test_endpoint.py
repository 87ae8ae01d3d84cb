"""On real sockets the endpoint answers what is well formed, and survives all else."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint
from switchhook.sip.transaction.overload import LoadLimits, MessageRate
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.ua.commands import Answer, EndSession, Invite, Respond
from switchhook.sip.ua.events import (
    AnswerReceived,
    FlowClosed,
    InviteFailed,
    InviteReceived,
    OutOfDialogRequestReceived,
    UserAgentEvent,
)
from switchhook.sip.ua.user_agent import UserAgent
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.loop import run
from tests.support.sip import read_request, read_response, request, response, start
from tests.support.sip_wire import Tcp, Udp, listening, options

if TYPE_CHECKING:
    from collections.abc import Callable


def invite_to(peer: Peer, leg: str = "out") -> Invite:
    return Invite(
        leg=leg,
        uri=Uri.parse(f"sip:bob@127.0.0.1:{peer.port}"),
        from_=NameAddress.parse("<sip:us@127.0.0.1>"),
        to=NameAddress.parse("<sip:bob@127.0.0.1>"),
        peer=peer,
    )


async def until(condition: Callable[[], object]) -> None:
    """Wait, in small steps and not for ever, until something holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- what is waited for is a plain value
            await asyncio.sleep(0.005)


# UDP


def test_options_are_answered_over_udp() -> None:
    async def scenario() -> None:
        async with listening() as endpoint:
            with Udp(endpoint.port) as phone:
                answer = read_response(await phone.ask(options("UDP", 9)))

                assert answer.status == 200
                assert answer.via.parameters["rport"] == str(phone.port)

    run(scenario())


def test_options_are_answered_over_ipv6() -> None:
    async def scenario() -> None:
        async with listening(binding=ListenAddress(host="::1", port=0)) as endpoint:
            with Udp(endpoint.port, "::1") as phone:
                answer = await phone.ask(options("UDP", phone.port, "[::1]"))

                assert start(answer) == "200"

    run(scenario())


HOSTILE = [
    b"",
    b"\0" * 100,
    b"\r\n\r\n",
    options("UDP", 99999),
    options("UDP", 0).replace(b";rport", b""),
    options("UDP", 5060).replace(b";rport", b";received=evil.example;rport=99999"),
    options("UDP", 5060).replace(b"127.0.0.1:5060", b"host.invalid:5060"),
    options("UDP", 5060).replace(b";rport", b";maddr=255.255.255.255"),
    options("UDP", 5060).replace(b"SIP/2.0/UDP", b"SIP/2.0/TLS"),
    options("UDP", 5060).replace(b"Content-Length: 0", b"Content-Length: 99999999999"),
    b"INVITE" + b" sip:x" * 10_000,
]


@pytest.mark.parametrize("packet", HOSTILE, ids=range(len(HOSTILE)))
def test_one_packet_cannot_stop_the_endpoint(packet: bytes) -> None:
    async def scenario() -> None:
        async with listening() as endpoint:
            with Udp(endpoint.port) as evil, Udp(endpoint.port) as phone, capture_logs() as logs:
                evil.send(packet)
                answer = await phone.ask(options("UDP", phone.port, branch="good"))

                assert start(answer) == "200"
                allowed = {"sip message not read", "sip message read in part"}
                assert {log["event"] for log in logs} <= allowed

    run(scenario())


def test_what_cannot_be_read_leaves_a_trace_and_not_one_for_each_packet() -> None:
    async def scenario() -> None:
        async with listening() as endpoint:
            with Udp(endpoint.port) as evil, Udp(endpoint.port) as phone, capture_logs() as logs:
                evil.send(b"\r\n\r\n")  # keeps a NAT open
                for _ in range(5):
                    evil.send(b"SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n")
                sloppy = options("UDP", phone.port).replace(b"<sip:t@", b'""T"" <sip:t@')
                assert start(await phone.ask(sloppy)) == "200"

                unread, in_part = logs
                assert (unread["log_level"], in_part["log_level"]) == ("info", "debug")
                assert unread["error"] == "Via: this is no Via: 'nonsense'"
                assert unread["peer"] == f"udp:127.0.0.1:{evil.port}"
                assert unread["messages"] == 1
                assert in_part["left_out"][0].startswith("From: all but the address of")

    run(scenario())


def test_an_answer_cannot_be_sent_to_somebody_else() -> None:
    async def scenario() -> None:
        async with listening() as endpoint:
            with Udp(endpoint.port) as evil, Udp(endpoint.port) as victim:
                lie = options("UDP", victim.port)
                lie = lie.replace(b"rport", b"rport=%d;received=127.0.0.1" % victim.port)

                assert start(await evil.ask(lie)) == "200"
                assert await victim.silent()

    run(scenario())


def test_a_call_over_udp_is_retransmitted_and_answered() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        timing = Timing(t1=0.02)
        async with listening(events.append, ListenAddress(port=0, timing=timing)) as endpoint:
            with Udp(endpoint.port) as phone:
                endpoint.perform(invite_to(Peer("UDP", "127.0.0.1", phone.port)))
                first, second = await phone.receive(), await phone.receive()
                assert first == second
                phone.send(bytes(response(read_request(first), 200)))
                await until(lambda: events)

                assert [type(event) for event in events] == [AnswerReceived]
                contact = read_request(first).contacts[0].uri
                assert (contact.host, contact.port) == ("127.0.0.1", endpoint.port)

    run(scenario())


@pytest.mark.parametrize("host", ["2001:db8::1", "255.255.255.255"])
def test_a_packet_that_the_kernel_refuses_fails_the_call(host: str) -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        async with listening(events.append) as endpoint:
            endpoint.perform(invite_to(Peer("UDP", host, 5060)))

            assert events == [InviteFailed(leg="out", status=503, response=None)]

    run(scenario())


def test_an_unknown_transport_fails_the_call() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        async with listening(events.append) as endpoint:
            endpoint.perform(invite_to(Peer("SCTP", "127.0.0.1", 5060)))

            assert events == [InviteFailed(leg="out", status=503, response=None)]

    run(scenario())


# TCP


def test_options_are_answered_over_tcp_however_they_are_cut() -> None:
    async def scenario() -> None:
        async with listening() as endpoint, Tcp.to(endpoint.port) as phone:
            first, second = (options("TCP", phone.port, branch=b) for b in "12")
            await phone.send(first[:40])
            await asyncio.sleep(0.01)
            await phone.send(first[40:] + second + b"\r\n\r\n" + options("TCP", 9, branch="3")[:9])

            assert start(await phone.receive()) == "200"
            assert start(await phone.receive()) == "200"
            assert await phone.reader.readexactly(2) == b"\r\n"

    run(scenario())


def test_a_broken_stream_is_answered_and_closed() -> None:
    async def scenario() -> None:
        async with listening() as endpoint, Tcp.to(endpoint.port) as phone:
            broken = options("TCP", phone.port).replace(b"Content-Length: 0\r\n", b"")
            await phone.send(broken)

            assert start(await phone.receive()) == "400"
            assert await phone.receive() == b""
            await until(lambda: endpoint.connections == 0)

    run(scenario())


def test_a_call_goes_back_over_the_connection_that_the_phone_opened() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        async with listening(events.append) as endpoint, Tcp.to(endpoint.port) as phone:
            register = options("TCP", 5060).replace(b"OPTIONS", b"REGISTER")
            await phone.send(register)
            await until(lambda: events)
            (event,) = events
            assert isinstance(event, OutOfDialogRequestReceived)

            endpoint.perform(invite_to(event.source))

            invite = read_request(await phone.receive())
            assert str(invite.via).startswith("SIP/2.0/TCP 127.0.0.1:")
            assert invite.contacts[0].uri.parameters["transport"] == "tcp"

    run(scenario())


def test_one_connection_is_dialled_and_used_again() -> None:
    async def scenario() -> None:
        accepted: list[asyncio.StreamWriter] = []

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.append(writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with listening() as endpoint:
            for leg in ("one", "two"):
                endpoint.perform(invite_to(Peer("TCP", "127.0.0.1", port), leg))
            await until(lambda: endpoint.connections)
            endpoint.perform(invite_to(Peer("TCP", "127.0.0.1", port), "three"))
            await asyncio.sleep(0.02)

            assert (len(accepted), endpoint.connections) == (1, 1)
        for writer in accepted:
            writer.transport.abort()
        server.close()
        await server.wait_closed()

    run(scenario())


def test_a_connection_that_cannot_be_made_fails_the_call() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            peer = Peer("TCP", "127.0.0.1", closed.getsockname()[1])
            async with listening(events.append) as endpoint:
                endpoint.perform(invite_to(peer))
                await until(lambda: events)

                assert events == [InviteFailed(leg="out", status=503, response=None)]

    run(scenario())


def test_a_connection_that_breaks_fails_the_call_over_it() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        async with listening(events.append) as endpoint:
            async with Tcp.to(endpoint.port) as phone:
                await phone.send(options("TCP", 5060).replace(b"OPTIONS", b"REGISTER"))
                await until(lambda: events)
                (event,) = events
                assert isinstance(event, OutOfDialogRequestReceived)
                endpoint.perform(invite_to(event.source))
                await phone.receive()
            await until(lambda: len(events) == 3)

            assert events[1:] == [
                InviteFailed(leg="out", status=503, response=None),
                FlowClosed(peer=event.source),
            ]

    run(scenario())


@pytest.mark.row("FA-08")
def test_a_call_is_taken_while_many_telephones_register_at_once() -> None:
    async def scenario() -> None:
        def take(event: UserAgentEvent) -> None:
            if isinstance(event, OutOfDialogRequestReceived):
                endpoint.perform(Respond(ref=event.ref, status=200))
            else:
                invited.append(event)

        invited: list[UserAgentEvent] = []
        async with listening(take) as endpoint:
            with Udp(endpoint.port) as telephones, Udp(endpoint.port) as phone:
                for number in range(2_000):
                    via = f"SIP/2.0/UDP 127.0.0.1:{telephones.port};branch=z9hG4bKr{number}"
                    register = request("REGISTER", via=via, call_id=f"r{number}")
                    telephones.send(bytes(register))
                via = f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKcall"
                assert start(await phone.ask(bytes(request(via=via, call_id="call")))) == "100"
                assert len(invited) == 1
                answers = [start(await telephones.receive()) for _ in range(2_000)]
                assert set(answers) == {"200", "503"}

    run(scenario())


def test_new_calls_are_refused_while_more_comes_in_than_can_be_served() -> None:
    async def scenario() -> None:
        invited: list[UserAgentEvent] = []
        wide = MessageRate(rate=10_000, burst=10_000)
        binding = ListenAddress(port=0, limits=LoadLimits(network=wide))
        async with listening(invited.append, binding) as endpoint:
            with Udp(endpoint.port) as crowd, Udp(endpoint.port) as phone:
                for number in range(800):
                    crowd.send(options("UDP", crowd.port, branch=f"o{number}"))
                    via = f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKi{number}"
                    phone.send(bytes(request(via=via, call_id=f"i{number}")))
                answers = {start(await phone.receive()) for _ in range(800)}
                assert answers == {"100", "503"}

                # Nobody waits any more, so a call is taken again.
                before = len(invited)
                via = f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKlast"
                assert start(await phone.ask(bytes(request(via=via, call_id="last")))) == "100"
                assert len(invited) == before + 1

    run(scenario())


# Errors of ours


def test_an_error_in_the_handler_is_one_line_and_a_500() -> None:
    def fails(event: UserAgentEvent) -> None:
        raise RuntimeError(f"cannot do {type(event).__name__}")

    async def scenario() -> None:
        async with listening(fails) as endpoint:
            with Udp(endpoint.port) as phone, capture_logs() as logs:
                invite = request(via=f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKi")
                phone.send(bytes(invite))
                answers = [start(await phone.receive()) for _ in range(2)]
                assert answers == ["100", "500"]

                register = options("UDP", phone.port).replace(b"OPTIONS", b"REGISTER")
                assert start(await phone.ask(register)) == "500"

        assert [(line["event"], line["log_level"]) for line in logs] == [
            ("sip event failed", "error")
        ] * 2
        assert "test_endpoint.py" in logs[0]["at"]
        assert "cannot do InviteReceived" in logs[0]["error"]
        assert "exc_info" not in logs[0]

    run(scenario())


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_an_error_of_the_engine_is_one_line_and_a_500(
    transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        async with listening() as endpoint, Tcp.to(endpoint.port) as tcp:
            with Udp(endpoint.port) as udp, capture_logs() as logs:
                monkeypatch.setattr(UserAgent, "_handle_request", fails)
                if transport == "UDP":
                    answer = await udp.ask(options("UDP", udp.port))
                else:
                    await tcp.send(options("TCP", tcp.port))
                    answer = await tcp.receive()
                assert start(answer) == "500"
                monkeypatch.undo()

                assert start(await udp.ask(options("UDP", udp.port, branch="2"))) == "200"
                assert [line["event"] for line in logs] == ["sip message failed"]

    run(scenario())


def test_an_error_of_a_timer_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        async with listening(binding=ListenAddress(port=0, timing=Timing(t1=0.01))) as endpoint:
            with Udp(endpoint.port) as phone, capture_logs() as logs:
                monkeypatch.setattr(UserAgent, "handle_timer", fails)
                endpoint.perform(invite_to(Peer("UDP", "127.0.0.1", phone.port)))
                await phone.receive()
                await until(lambda: logs)
                monkeypatch.undo()

                assert start(await phone.receive()) == "INVITE"
                assert logs[0]["event"] == "sip timer failed"

    run(scenario())


# Set-up


def test_a_timer_that_is_due_already_is_armed_once_on_uvloop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There, `call_at` with a time gone by returns a handle that does not know its time."""
    uvloop = pytest.importorskip("uvloop")

    async def scenario() -> None:
        async with listening() as endpoint:
            monkeypatch.setattr(UserAgent, "wake_at", 0.0)
            endpoint._arm()
            armed = endpoint._timer
            endpoint._arm()
            monkeypatch.undo()

            assert endpoint._timer is armed

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


def test_a_port_in_use_is_refused_and_nothing_stays_open() -> None:
    async def scenario() -> None:
        async with listening() as endpoint, AsyncExitStack() as stack:
            with pytest.raises(OSError, match=r".+"):
                await SipEndpoint(ListenAddress(port=endpoint.port), lambda _: None).start(stack)

    run(scenario())


def test_a_port_whose_tcp_side_is_taken_is_refused() -> None:
    async def scenario() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            endpoint = SipEndpoint(ListenAddress(port=taken.getsockname()[1]), lambda _: None)
            async with AsyncExitStack() as stack:
                with pytest.raises(OSError, match=r".+"):
                    await endpoint.start(stack)

    run(scenario())


@pytest.mark.parametrize(
    ("advertised", "expected"), [("", "127.0.0.1"), ("198.51.100.1", "198.51.100.1")]
)
def test_an_endpoint_on_all_addresses_tells_the_right_one(advertised: str, expected: str) -> None:
    async def scenario() -> None:
        binding = ListenAddress(host="0.0.0.0", port=0, advertised=advertised)
        async with listening(binding=binding) as endpoint:
            with Udp(endpoint.port) as phone:
                endpoint.perform(invite_to(Peer("UDP", "127.0.0.1", phone.port)))
                invite = read_request(await phone.receive())

                assert invite.contacts[0].uri.host == invite.via.host == expected

    run(scenario())


def test_a_call_is_received_answered_and_ended_over_sockets() -> None:
    async def scenario() -> None:
        events: list[UserAgentEvent] = []
        async with listening(events.append) as endpoint:
            with Udp(endpoint.port) as phone:
                via = f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKi"
                contact = f"<sip:alice@127.0.0.1:{phone.port}>"
                invite = request(via=via, contact=contact)
                assert start(await phone.ask(bytes(invite))) == "100"
                (event,) = events
                assert isinstance(event, InviteReceived)
                endpoint.perform(Answer(leg=event.leg, status=200))
                answer = read_response(await phone.receive())
                ack = request("ACK", via=via + "a", to=str(answer.to), contact="")
                phone.send(bytes(ack))
                await until(lambda: len(events) == 2)
                endpoint.perform(EndSession(leg=event.leg))
                bye = read_request(await phone.receive())
                phone.send(bytes(response(bye, 200)))
                await until(lambda: endpoint.agent.load.sessions == 0)

                assert isinstance(bye, Request)
                assert bye.method == "BYE"

    run(scenario())
