"""The built-in telephone registers, calls, answers as its manners say, and sound passes both ways."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.sip.auth.digest import Challenge, Verified, Verifier
from switchhook.sip.ua.commands import Respond
from switchhook.sip.ua.events import OutOfDialogRequestReceived, UserAgentEvent
from switchhook.sip.ua.registrar import Registrar
from switchhook.sip.wire.message import Response
from switchhook.sip.wire.parser import parse_message
from switchhook.sip.wire.sdp import SessionDescription, build_audio
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import PhoneBehaviour, PhoneCall, RefusedError, Softphone
from tests.support.loop import run
from tests.support.sip_wire import Udp, listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from switchhook.sip.net.endpoint import SipEndpoint

PACKETS = 5
HOSTS = ["127.0.0.1", "::1"]
TRANSPORTS = ["UDP", "TCP"]


@asynccontextmanager
async def two(
    behaviour: PhoneBehaviour | None = None, *, host: str = "127.0.0.1", transport: str = "UDP"
) -> AsyncIterator[tuple[Softphone, Softphone]]:
    """Switch two telephones on that can reach each other."""
    async with (
        Softphone("alice", host=host, transport=transport) as alice,
        Softphone("bob", host=host, transport=transport, behaviour=behaviour) as bob,
    ):
        yield alice, bob


async def talk(alice: Softphone, bob: Softphone) -> tuple[PhoneCall, PhoneCall]:
    """Let Alice call Bob until sound passes both ways."""
    made = await alice.call(str(bob.uri))
    taken = await bob.next_call()
    await made.answered()
    await made.tone.hears(PACKETS)
    await taken.tone.hears(PACKETS)
    return made, taken


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("host", HOSTS)
def test_a_call_with_sound_both_ways(host: str, transport: str) -> None:
    async def scenario() -> None:
        async with two(host=host, transport=transport) as (alice, bob):
            made, taken = await talk(alice, bob)
            assert made.progress == [180]
            assert made.tone.received == made.tone.heard >= PACKETS
            made.end()
            assert await made.ended() == 200
            assert await taken.ended() == 200

    run(scenario())


def test_the_other_end_may_hang_up() -> None:
    async def scenario() -> None:
        async with two() as (alice, bob):
            made, taken = await talk(alice, bob)
            taken.end()
            assert await made.ended() == 200

    run(scenario())


def test_it_talks_as_long_as_its_manners_say() -> None:
    async def scenario() -> None:
        async with two(PhoneBehaviour(rings=False, hang_up_after=0.05)) as (alice, bob):
            made = await alice.call(str(bob.uri))
            await made.answered()
            assert await made.ended() == 200
            assert made.progress == []

    run(scenario())


def test_it_rings_for_a_while() -> None:
    async def scenario() -> None:
        async with two(PhoneBehaviour(answer_after=0.1)) as (alice, bob):
            began = asyncio.get_running_loop().time()
            made = await alice.call(str(bob.uri))
            taken = await bob.next_call()
            assert list(bob.ringing) == [taken]
            await made.answered()
            assert made.answered_at.result() - began >= 0.09
            assert not bob.ringing

    run(scenario())


def test_it_refuses() -> None:
    async def scenario() -> None:
        async with two(PhoneBehaviour(refuse_with=486)) as (alice, bob):
            made = await alice.call(str(bob.uri))
            with pytest.raises(RefusedError) as refused:
                await made.answered()
            assert refused.value.status == 486
            assert await made.ended() == 486

    run(scenario())


def test_it_can_be_left_ringing_and_told_what_to_do() -> None:
    async def scenario() -> None:
        async with two(PhoneBehaviour(answer_after=None)) as (alice, bob):
            first = await alice.call(str(bob.uri))
            (await bob.next_call()).answer()
            await first.answered()
            second = await alice.call(str(bob.uri))
            (await bob.next_call()).end(603)
            assert await second.ended() == 603

    run(scenario())


def test_a_caller_may_give_up() -> None:
    async def scenario() -> None:
        async with two(PhoneBehaviour(answer_after=None)) as (alice, bob):
            made = await alice.call(str(bob.uri))
            taken = await bob.next_call()
            made.end()
            assert await made.ended() == 487
            assert await taken.ended() == 487
            assert not bob.ringing
            taken.answer()
            assert not taken.answered_at.done()

    run(scenario())


def test_hold_silences_the_other_end_and_unhold_wakes_it() -> None:
    async def scenario() -> None:
        async with two() as (alice, bob):
            made, taken = await talk(alice, bob)
            await made.offer("sendonly")
            await taken.tone.hears(PACKETS)  # meanwhile what was on its way has come
            received = made.tone.received
            await taken.tone.hears(PACKETS)
            assert made.tone.received == received
            await made.offer("sendrecv")
            await made.tone.hears(PACKETS)

    run(scenario())


def test_switching_off_ends_its_calls() -> None:
    async def scenario() -> None:
        async with Softphone("alice") as alice:
            async with Softphone("bob") as bob:
                made, _ = await talk(alice, bob)
            assert await made.ended() == 200
            async with Softphone("bob", behaviour=PhoneBehaviour(answer_after=None)) as bob:
                ringing = await alice.call(str(bob.uri))
                await bob.next_call()
            assert await ringing.ended() == 487

    run(scenario())


def test_without_server_a_name_cannot_be_called() -> None:
    async def scenario() -> None:
        async with Softphone("alice") as alice:
            with pytest.raises(ValueError, match="numeric"):
                await alice.call("sip:bob@example.com")
            with pytest.raises(ValueError, match="nowhere to register"):
                await alice.register()

    run(scenario())


# Against a registrar.


class Office:
    """A registrar on real sockets, with what it was asked."""

    def __init__(self, seconds: float = 60) -> None:
        self.verifier = Verifier("office", b"0123456789abcdef", lifetime=seconds)
        self.registrar = Registrar()
        self.asked = 0
        self.endpoint: SipEndpoint

    def hear(self, event: UserAgentEvent) -> None:
        if not isinstance(event, OutOfDialogRequestReceived):
            return
        self.asked += 1
        now = asyncio.get_running_loop().time()
        verdict = self.verifier.check(event.request, {"alice": "secret"}.get, now)
        reply = Respond(ref=event.ref, status=403)
        if isinstance(verdict, Challenge):
            reply = Respond(ref=event.ref, status=401, headers=verdict.headers)
        elif isinstance(verdict, Verified):
            done = self.registrar.register(event.request, verdict.username, event.source, now)
            reply = Respond(ref=event.ref, status=done.status, headers=done.headers)
        self.endpoint.perform(reply)

    def registered(self) -> list[str]:
        now = asyncio.get_running_loop().time()
        return [str(binding.contact.uri) for binding in self.registrar.lookup("alice", now)]


def in_office(scenario: Callable[[Office], Coroutine[Any, Any, None]]) -> None:
    async def opened() -> None:
        office = Office()
        async with listening(office.hear) as office.endpoint:
            await scenario(office)

    run(opened())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_registers_and_says_goodbye(transport: str) -> None:
    async def scenario(office: Office) -> None:
        server = Peer(transport, "127.0.0.1", office.endpoint.port)
        async with Softphone("alice", "secret", server=server) as alice:
            await alice.register()
            assert office.registered() == [str(alice.uri)]
            await alice.register()
            assert len(office.registered()) == 1
        assert office.registered() == []

    in_office(scenario)


def test_a_wrong_password_is_refused() -> None:
    async def scenario(office: Office) -> None:
        server = Peer("UDP", "127.0.0.1", office.endpoint.port)
        async with Softphone("alice", "wrong", server=server) as alice:
            with pytest.raises(RefusedError) as refused:
                await alice.register()
            assert refused.value.status == 403

    in_office(scenario)


# Against another telephone, by hand.


OFFER = build_audio("127.0.0.1", 4000, session_id=1)
UNPLAYABLE = "v=0\r\nm=audio 4000 RTP/AVP 18\r\n"


class Caller:
    """A call to a telephone, message by message."""

    def __init__(self, peer: Udp) -> None:
        self.peer = peer
        self.to = "<sip:bob@127.0.0.1>"
        self.cseq = 0

    def say(self, method: str, body: str = "") -> None:
        self.cseq += method != "ACK"
        self.peer.send(
            (
                f"{method} sip:bob@127.0.0.1 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{self.peer.port};branch=z9hG4bK{method}{self.cseq};rport\r\n"
                f"From: <sip:x@127.0.0.1>;tag=1\r\nTo: {self.to}\r\nCall-ID: c1\r\n"
                f"CSeq: {self.cseq} {method}\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:x@127.0.0.1:{self.peer.port}>\r\n"
                f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    async def ask(self, method: str, body: str = "", *, ack: str = "") -> Response:
        """Send a request, return its final response, and acknowledge an INVITE."""
        self.say(method, body)
        while True:
            message = parse_message(await self.peer.receive())
            if isinstance(message, Response) and message.status >= 200:
                break
        if method == "INVITE":
            asked, self.to = self.to, str(message.to)
            self.say("ACK", ack)
            if message.status >= 300:
                self.to = asked
        return message


def by_hand(scenario: Callable[[Caller, Softphone], Coroutine[Any, Any, None]]) -> None:
    async def switched_on() -> None:
        async with Softphone("bob", behaviour=PhoneBehaviour(rings=False)) as bob:
            with Udp(bob.port) as peer:
                await scenario(Caller(peer), bob)

    run(switched_on())


def test_without_an_offer_it_makes_one_and_plays_to_the_answer_in_the_ack() -> None:
    async def scenario(caller: Caller, bob: Softphone) -> None:
        with Udp(0) as ear:
            answer = str(build_audio("127.0.0.1", ear.port, session_id=1))
            taken = await caller.ask("INVITE", ack=answer)
            assert SessionDescription.parse(taken.body).direction == "sendrecv"
            assert len(await ear.receive()) == 172
        assert (await caller.ask("BYE")).status == 200
        (call,) = bob.calls.values()
        assert await call.ended() == 200

    by_hand(scenario)


@pytest.mark.parametrize("body", ["hello", UNPLAYABLE, "v=0\r\nm=audio x RTP/AVP 0\r\n"])
def test_what_it_cannot_play_it_refuses(body: str) -> None:
    async def scenario(caller: Caller, bob: Softphone) -> None:
        assert (await caller.ask("INVITE", body)).status == 488
        (call,) = bob.calls.values()
        assert call.is_over

    by_hand(scenario)


def test_within_a_call_it_agrees_to_all_but_what_it_cannot_play() -> None:
    async def scenario(caller: Caller, _bob: Softphone) -> None:
        taken = await caller.ask("INVITE", str(OFFER))
        assert (await caller.ask("INFO")).status == 200
        assert (await caller.ask("UPDATE")).body == b""
        held = await caller.ask("UPDATE", str(OFFER.with_direction("sendonly")))
        sdp = SessionDescription.parse(held.body)
        assert sdp.direction == "recvonly"
        assert (sdp.version or 0) > (SessionDescription.parse(taken.body).version or 0)
        assert (await caller.ask("UPDATE", UNPLAYABLE)).status == 488
        assert (await caller.ask("BYE")).status == 200

    by_hand(scenario)


def test_nobody_can_register_with_it() -> None:
    async def scenario(caller: Caller, _bob: Softphone) -> None:
        assert (await caller.ask("REGISTER")).status == 405

    by_hand(scenario)
