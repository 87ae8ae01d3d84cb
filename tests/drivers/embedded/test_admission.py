"""A call is ended and changed by its two ends alone, and the honest one is known wherever it speaks from."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Trunk
from switchhook.drivers.embedded.admission import SipAdmission
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.drivers.embedded.registrations import to_text
from switchhook.sip.auth.digest import answer_header, challenges
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.transaction.admission import Refusal
from switchhook.sip.transaction.trust import TrustLevel
from switchhook.sip.ua.registrar import Binding as SipBinding
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import Softphone
from tests.support.loop import run
from tests.support.office import (
    DIALLED,
    PASSWORD,
    Office,
    account,
    address,
    open_office,
    ring,
    shop,
)
from tests.support.sip import SDP, read_request, read_response, request, response, start
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from switchhook.routing.admission import OfferedCall, Rejection
    from switchhook.routing.events import Event
    from switchhook.sip.wire.message import Request

HOME, OUTSIDE = "127.0.0.2", "127.0.0.66"
"""Where telephones stand, and where somebody stands who has no part in the call."""
CARRIER = Trunk(name="carrier", host="127.0.0.1", sources=("127.0.0.1/32", "127.0.0.8/29"))


def telephone(office: Office, login: str) -> Softphone:
    return Softphone(login, PASSWORD, server=Peer("UDP", "127.0.0.1", office.port), host=HOME)


def within(phone: Softphone, wire: Udp, method: str, cseq: int = 900, *extra: str) -> Request:
    """Return what only the telephone should send, as somebody sends it who has overheard everything."""
    (session,) = phone._endpoint.agent._table.sessions.values()
    dialog = session.dialog
    assert dialog is not None
    return request(
        method,
        *extra,
        via=f"SIP/2.0/UDP {wire.host}:{wire.port};branch=z9hG4bK{method}{cseq};rport",
        from_=str(dialog.local),
        to=str(dialog.remote),
        call_id=dialog.call_id,
        cseq=cseq,
        contact=f"<sip:thief@{wire.host}:{wire.port}>",
        body=SDP if method in {"INVITE", "UPDATE"} else b"",
    )


def outsider(office: Office, host: str = OUTSIDE) -> Udp:
    return Udp(office.port, host, "127.0.0.1")


async def say(wire: Udp, message: Request) -> int:
    """Send it, and return the final status."""
    wire.send(bytes(message))
    while (status := read_response(await wire.receive()).status) < 200:
        pass
    return status


def proving(asked: Request, refusal: bytes, login: str, password: str = PASSWORD) -> list[str]:
    """Return the header line that answers a challenge."""
    challenge = read_response(refusal)
    value = challenges(challenge)[0].answer(asked, login, password, cnonce="c", nonce_count=1)
    return [f"{answer_header(challenge)}: {value}"]


@pytest.mark.row("FD-16")
@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO"])
@pytest.mark.parametrize("whose", ["the caller's", "the callee's"])
def test_a_third_address_is_challenged_within_a_telephones_call(method: str, whose: str) -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                call = await john.call(DIALLED)
                await call.answered()
                victim = john if whose == "the caller's" else mary
                with outsider(office) as thief, outsider(office, HOME) as neighbour:
                    for wire in (thief, neighbour):
                        assert await say(wire, within(victim, wire, method)) == 407
                await asyncio.sleep(0.05)
                assert not call.is_over
                call.end()
                await office.quiet()
            assert office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


@pytest.mark.row("FD-16")
def test_a_telephone_whose_address_changed_answers_the_challenge() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                call = await john.call(DIALLED)
                await call.answered()
                with outsider(office) as moved:
                    asked = within(john, moved, "INFO")
                    refusal = await moved.ask(bytes(asked))
                    proof = proving(asked, refusal, "john")
                    assert await say(moved, within(john, moved, "INFO", 901, *proof)) == 200
                    # It is known there from now on.
                    assert await say(moved, within(john, moved, "BYE", 902)) == 200
                await office.quiet()
            assert office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


@pytest.mark.row("FD-16")
def test_the_password_of_another_account_does_not_do() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:  # noqa: SIM117 -- as above
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                call = await john.call(DIALLED)
                await call.answered()
                with outsider(office) as thief:
                    asked = within(john, thief, "BYE")
                    proof = proving(asked, await thief.ask(bytes(asked)), "mary")
                    assert await say(thief, within(john, thief, "BYE", 901, *proof)) == 403
                assert not call.is_over
                call.end()
                await office.quiet()

    run(scenario(), deadline=20)


def from_trunk(
    wire: Udp, method: str, *, tag: str = "", cseq: int = 1, branch: str = "b"
) -> Request:
    to = f"<sip:{DIALLED}@127.0.0.1>" + (f";tag={tag}" if tag else "")
    return request(
        method,
        uri=f"sip:{DIALLED}@127.0.0.1",
        via=f"SIP/2.0/UDP {wire.host}:{wire.port};branch=z9hG4bK{branch};rport",
        from_="<sip:380441112233@127.0.0.1>;tag=carrier",
        to=to,
        call_id="over-the-trunk",
        cseq=cseq,
        contact=f"<sip:carrier@{wire.host}:{wire.port}>",
        body=SDP if method == "INVITE" else b"",
    )


@pytest.mark.row("FD-16")
def test_a_trunk_hangs_up_from_any_of_its_networks_and_nobody_else_does() -> None:
    async def scenario() -> None:
        async with (
            Softphone("bob") as bob,
            open_office(shop(ring(address(bob.port)), trunk=CARRIER)) as office,
        ):
            with outsider(office, "127.0.0.1") as carrier:
                carrier.send(bytes(from_trunk(carrier, "INVITE")))
                while (answer := read_response(await carrier.receive())).status != 200:
                    pass
                tag = answer.to.tag or ""
                carrier.send(bytes(from_trunk(carrier, "ACK", tag=tag, branch="ack")))
                with outsider(office) as thief, capture_logs() as logs:
                    bye = from_trunk(thief, "BYE", tag=tag, cseq=9, branch="x")
                    assert await say(thief, bye) == 403
                assert [(line["event"], line["trunk"]) for line in logs] == [
                    ("sip request rejected", "carrier")
                ]
                assert office.driver.calls == 1
                with outsider(office, "127.0.0.9") as other:
                    bye = from_trunk(other, "BYE", tag=tag, cseq=2, branch="y")
                    assert await say(other, bye) == 200
            await office.quiet()
            assert office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


@pytest.mark.row("FD-16")
def test_a_cancel_of_another_call_or_from_elsewhere_cancels_nothing() -> None:
    async def scenario() -> None:
        with Udp(0) as bob:
            snapshot = shop(ring(address(bob.port)), trunk=CARRIER)
            async with open_office(snapshot) as office:
                bob.aim(office.port)
                with outsider(office, "127.0.0.1") as carrier, outsider(office) as thief:
                    carrier.send(bytes(from_trunk(carrier, "INVITE")))
                    invite = read_request(await bob.receive())
                    bob.send(bytes(response(invite, 180)))
                    cancel = from_trunk(carrier, "CANCEL")
                    others = replace(cancel, headers=cancel.headers.put("Call-ID", "another"))
                    assert await final(carrier, others) == 481
                    assert await final(thief, cancel) == 481
                    assert office.driver.calls == 1
                    assert await final(carrier, cancel) == 200
                    assert start(await bob.receive()) == "CANCEL"

    run(scenario(), deadline=20)


async def final(wire: Udp, message: Request) -> int:
    """Send a CANCEL and return its status; what comes of the INVITE is passed over."""
    wire.send(bytes(message))
    while True:
        answer = read_response(await wire.receive())
        if answer.cseq.method == "CANCEL":
            return answer.status


@pytest.mark.row("FD-09")
def test_who_was_registered_before_a_restart_is_trusted_after_it() -> None:
    async def scenario() -> None:
        memory = Registered()
        async with AsyncExitStack() as stack:
            driver = EmbeddedDriver(binding=ListenAddress(port=0), registrations=memory)
            await driver.start(stack, NobodyListens(), lambda: ProjectDirectory([shop()]))
            trusted_peers, now = (
                driver.endpoint.agent.trusted_peers,
                asyncio.get_running_loop().time(),
            )
            assert trusted_peers.name(Peer("UDP", HOME, 5062), now) == "mary"
            assert trusted_peers.level(Peer("UDP", HOME, 5062), now) is TrustLevel.AUTHENTICATED
            assert trusted_peers.level(Peer("UDP", OUTSIDE, 5062), now) is TrustLevel.UNTRUSTED

    run(scenario(), deadline=20)


class Registered:
    """What a former process stored."""

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        raise NotImplementedError

    async def registrations(self) -> tuple[tuple[str, str, str], ...]:
        phone = SipBinding(
            contact=NameAddress.parse(f"<sip:mary@{HOME}:5062>"),
            source=Peer("UDP", HOME, 5062),
            expires_at=time.time() + 600,
            call_id="c",
            cseq=1,
        )
        return (("shop", "mary", to_text((phone,), 0.0)),)


class NobodyListens:
    """A call handler that does nothing."""

    def arrived(self, offered: OfferedCall, expect: object = None) -> str | Rejection:
        raise NotImplementedError

    def handle(self, call: str, event: Event, recorded: object = None) -> None:
        raise NotImplementedError


def challenged(admission: SipAdmission, source: Peer, who: str, *extra: str) -> list[str]:
    """Return what the log says of an INVITE that gets 407."""
    invite = request("INVITE", *extra, uri=f"sip:{DIALLED}@127.0.0.1", from_=f"<sip:{who}@h>;tag=a")
    with capture_logs() as logs:
        refused = admission.admit(invite, source, 0.0)
    assert isinstance(refused, Refusal)
    assert refused.status == 407
    return [f"{line['event']} {line['calls']} of {line['from']}: {line['why']}" for line in logs]


def test_the_log_says_why_a_carriers_calls_are_answered_407() -> None:
    """Who else would know? A telephone is asked for its password with every call, and of that nothing is said."""
    directory = ProjectDirectory([shop(ring(account("mary")))])
    admission = SipAdmission("test", b"k" * 32, lambda: directory)
    carrier = Peer("UDP", "203.0.113.9", 5060)
    (line,) = challenged(admission, carrier, "380441112233")
    assert line.startswith("sip call challenged 1 of 380441112233: no trunk has this address in `")
    assert challenged(admission, carrier, "380441112233") == []
    assert challenged(admission, Peer("UDP", "203.0.114.9", 5060), "mary") == []
    proof = 'Proxy-Authorization: Digest username="x", realm="old", nonce="n", response="r"'
    assert challenged(admission, Peer("UDP", "203.0.115.9", 5060), "380441112233", proof) == []
    signed_in = Peer("UDP", "203.0.116.9", 5060)
    admission.trusted_peers.add(signed_in, "carrier of shop", 0.0)
    assert challenged(admission, signed_in, "380441112233") == []


def test_the_log_says_that_the_sources_are_too_wide_for_a_call_to_a_number_of_nobody() -> None:
    wide = replace(CARRIER, sources=("203.0.0.0/16",))
    directory = ProjectDirectory([shop(ring(account("mary")), trunk=wide)])
    admission = SipAdmission("test", b"k" * 32, lambda: directory)
    invite = request("INVITE", uri="sip:380999999999@127.0.0.1")
    with capture_logs() as logs:
        admission.admit(invite, Peer("UDP", "203.0.113.9", 5060), 0.0)
    assert "the `sources` of trunk carrier of shop are too wide" in logs[0]["why"]
