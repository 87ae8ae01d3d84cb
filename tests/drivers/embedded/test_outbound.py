"""A dead or failing trunk is left at once for the next, and the caller is told in kind what failed."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.cause import Cause
from switchhook.domain.project import DialledNumber, MayCall, ProjectSnapshot, Trunk
from switchhook.domain.screening import Screening
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.net.srv import SrvRecord
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from tests.sip.net.test_icmp import nobody
from tests.support.loop import run
from tests.support.office import (
    DIALLED,
    PASSWORD,
    Office,
    account,
    address,
    number,
    open_office,
    ring,
    shop,
)
from tests.support.sip import SDP, read_request, read_response, request, response
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.sip.wire.message import Request

QUICK = ListenAddress(port=0, timing=Timing(t1=0.05))
"""A trunk that says nothing is given up after 0.4 s."""
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier", nonce="n", qop="auth"'


def trunk(name: str, port: int, **more: Any) -> Trunk:
    return Trunk(name=name, host="127.0.0.1", port=port, sources=("127.0.0.1/32",), **more)


def with_trunks(*trunks: Trunk, screening: Screening | None = None) -> ProjectSnapshot:
    project = shop(ring(number("380501112233"))).project
    screening = screening or project.screening
    return ProjectSnapshot(replace(project, trunks=trunks, screening=screening))


class Carriers:
    """Several trunks, and a customer who calls the shop, whose number goes out over them."""

    def __init__(self, stack: ExitStack, office: Office, first: Udp, second: Udp) -> None:
        self.office = office
        self.first = first
        self.second = second
        self.stack = stack
        self.heard: set[bytes] = set()

    async def refuses(self, carrier: Udp, status: int, *headers: str, contact: str = "") -> Request:
        """Let a trunk refuse the next INVITE that it gets; return that."""
        invite = await self.invited(carrier)
        carrier.aim(self.office.port)
        carrier.send(bytes(response(invite, status, *headers, contact=contact)))
        assert (await self.next(carrier)).method == "ACK"
        return invite

    async def invited(self, carrier: Udp) -> Request:
        while True:
            request = await self.next(carrier)
            if request.method == "INVITE":
                return request

    async def next(self, carrier: Udp) -> Request:
        """Return the next request that is not sent again."""
        while (data := await carrier.receive()) in self.heard:
            pass
        self.heard.add(data)
        return read_request(data)

    @property
    def attempt(self) -> tuple[str, Cause]:
        leg = self.office.call.called_legs[-1]
        return str(leg.end), leg.cause or Cause()


def play(
    scenario: Callable[[Carriers, Softphone], Awaitable[None]],
    snapshot: Callable[[int, int], ProjectSnapshot] | None = None,
    binding: ListenAddress = QUICK,
) -> None:
    async def main() -> None:
        with ExitStack() as stack:
            first, second = (stack.enter_context(Udp(0)) for _ in range(2))
            made = snapshot or (lambda a, b: with_trunks(trunk("one", a), trunk("two", b)))
            async with (
                open_office(made(first.port, second.port), binding=binding) as office,
                Softphone("380441112233") as caller,
            ):
                await scenario(Carriers(stack, office, first, second), caller)

    run(main(), deadline=20)


async def dial(phone: Softphone, office: Office) -> Any:
    return await phone.call(f"sip:{DIALLED}@127.0.0.1:{office.port}")


async def refusal(call: Any) -> int:
    with pytest.raises(RefusedError) as caught:
        await call.answered()
    return caught.value.status


async def answers(carriers: Carriers, carrier: Udp) -> Request:
    invite = await carriers.invited(carrier)
    carrier.aim(carriers.office.port)
    contact = f"<sip:far@127.0.0.1:{carrier.port}>"
    carrier.send(bytes(response(invite, 200, contact=contact, body=SDP)))
    assert (await carriers.next(carrier)).method == "ACK"
    return invite


async def hangs_up(carriers: Carriers, carrier: Udp, call: Any) -> None:
    call.end()
    bye = await carriers.next(carrier)
    carrier.send(bytes(response(bye, 200)))
    await carriers.office.quiet()


# Failover


@pytest.mark.row("FI-06")
def test_a_closed_port_is_left_at_once_for_the_next_trunk() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        await asyncio.wait_for(answers(carriers, carriers.second), 10)  # of 16 s without ICMP
        await call.answered()
        await hangs_up(carriers, carriers.second, call)
        assert [str(leg.end) for leg in carriers.office.call.called_legs] == ["answered"]

    play(
        scenario,
        lambda _, b: with_trunks(trunk("one", nobody("127.0.0.1")), trunk("two", b)),
        ListenAddress(port=0, timing=Timing(t1=2.0)),
    )


@pytest.mark.row("FI-06")
def test_a_silent_trunk_is_left_for_the_next_and_tried_last_from_then_on() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        for _ in range(2):
            call = await dial(caller, carriers.office)
            await answers(carriers, carriers.second)
            await call.answered()
            call.end()
            bye = await carriers.next(carriers.second)
            carriers.second.send(bytes(response(bye, 200)))
        heard: list[Request] = []
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(read_request(await carriers.first.receive(0.3)))
        assert heard  # of the first call
        assert {(request.method, request.call_id) for request in heard} == {
            ("INVITE", heard[0].call_id)
        }

    play(scenario)


@pytest.mark.row("FI-06")
def test_trunks_that_say_nothing_make_the_target_unreachable() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        assert await refusal(await dial(caller, carriers.office)) == 503
        end, cause = carriers.attempt
        assert (end, cause.text) == ("unreachable", "trunk one: no response")
        assert carriers.office.call.outcome == "unreachable"

    play(scenario)


@pytest.mark.row("FI-05", "FI-06")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 421, 401])
def test_a_trunk_that_fails_is_left_for_the_next(status: int) -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        why = CHALLENGE if status == 401 else "Require: 100rel"
        first = await carriers.refuses(carriers.first, status, why)
        second = await answers(carriers, carriers.second)
        assert first.call_id != second.call_id
        await call.answered()
        await hangs_up(carriers, carriers.second, call)

    play(scenario)


@pytest.mark.row("FI-05", "FI-06")
@pytest.mark.parametrize(("status", "told"), [(486, 486), (603, 603), (404, 480), (480, 480)])
def test_what_a_trunk_says_of_the_callee_is_final(status: int, told: int) -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        await carriers.refuses(carriers.first, status)
        assert await refusal(call) == told
        assert await carriers.second.silent()
        await carriers.office.quiet()

    play(scenario)


@pytest.mark.row("FI-06")
def test_who_was_reached_by_one_trunk_is_not_rung_over_another() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        invite = await carriers.invited(carriers.first)
        carriers.first.aim(carriers.office.port)
        carriers.first.send(bytes(response(invite, 180)))
        carriers.first.send(bytes(response(invite, 503)))
        assert await refusal(call) == 503
        assert await carriers.second.silent()

    play(scenario)


@pytest.mark.row("FI-05")
@pytest.mark.parametrize(
    ("status", "told"), [(503, 503), (500, 500), (504, 504), (513, 500), (302, 480), (421, 500)]
)
def test_the_caller_is_refused_in_kind(status: int, told: int) -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        await carriers.refuses(carriers.first, status, *wanted)
        assert await refusal(call) == told
        await carriers.office.quiet()

    wanted = ("Require: 100rel",) if status == 421 else ()
    play(scenario, lambda a, _: with_trunks(trunk("one", a)))


@pytest.mark.row("FI-05")
def test_a_trunk_that_refuses_our_password_is_our_fault_and_said_so() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        with capture_logs() as logs:
            call = await dial(caller, carriers.office)
            await carriers.refuses(carriers.first, 401, CHALLENGE)
            again = await carriers.refuses(carriers.first, 401, CHALLENGE)
            assert "Authorization" in again.headers
            assert await refusal(call) == 503
        end, cause = carriers.attempt
        assert end == "failed"
        assert cause.text == "trunk one refuses our username and password (401)"
        (line,) = (line for line in logs if line["log_level"] == "error")
        assert line["error"] == cause.text
        assert "secret" not in str(logs)
        await carriers.office.quiet()

    play(scenario, lambda a, _: with_trunks(trunk("one", a, username="us", password="secret")))


# Redirection by a trunk


def redirects(first: int, second: int, **more: Any) -> ProjectSnapshot:
    """Return a project whose trunk may redirect; the second port is that of another host's."""
    del second
    one = trunk("one", first, username="us", password="secret", **more)
    return with_trunks(one, screening=Screening(allowed_prefixes=("38050",)))


@pytest.mark.row("FI-05")
def test_a_trunk_may_redirect_where_it_is_allowed_to() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        expensive = f"<sip:1900555@127.0.0.1:{carriers.second.port}>"
        contact = f"<sip:380507770000@localhost:{carriers.second.port}>"
        await carriers.refuses(carriers.first, 302, contact=f"{expensive}, {contact}")
        invite = await carriers.invited(carriers.second)
        assert invite.uri.user == "380507770000"
        carriers.second.aim(carriers.office.port)
        carriers.second.send(bytes(response(invite, 401, CHALLENGE)))
        assert await refusal(call) == 503  # the password is the trunk's own, and goes nowhere else
        await carriers.office.quiet()

    play(
        scenario,
        lambda a, b: ProjectSnapshot(
            replace(
                redirects(a, b, follow_redirects=True).project, allowed_sip_hosts=("localhost",)
            )
        ),
    )


@pytest.mark.row("FI-05")
def test_a_trunk_that_may_not_redirect_is_not_followed() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        contact = f"<sip:380507770000@127.0.0.1:{carriers.second.port}>"
        await carriers.refuses(carriers.first, 302, contact=contact)
        assert await refusal(call) == 480
        assert carriers.attempt[1].text.endswith("which is not followed")
        assert await carriers.second.silent()

    play(scenario, redirects)


@pytest.mark.row("FI-05")
def test_redirections_that_go_in_circles_end() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        for _ in range(10):
            contact = f"<sip:380501112233@127.0.0.1:{carriers.first.port}>"
            await carriers.refuses(carriers.first, 302, contact=contact)
        assert await refusal(call) == 480
        assert await carriers.first.silent()

    play(scenario, lambda a, b: redirects(a, b, follow_redirects=True))


# Where trunks are


@pytest.mark.row("FI-03")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_trunk_may_have_an_ipv6_address(host: str) -> None:
    async def scenario() -> None:
        with Udp(0, "::1") as far:
            one = replace(trunk("one", far.port), host=host, sources=("::1/128",))
            binding = ListenAddress(host="::1", port=0)
            async with (
                open_office(with_trunks(one), binding=binding) as office,
                Softphone("380441112233", host="::1") as caller,
            ):
                call = await caller.call(f"sip:{DIALLED}@[::1]:{office.port}")
                invite = read_request(await far.receive())
                assert str(invite.uri) == f"sip:380501112233@[::1]:{far.port}"
                assert invite.from_.uri.host == "[::1]"
                far.aim(office.port)
                far.send(bytes(response(invite, 486)))
                assert await refusal(call) == 486

    run(scenario(), deadline=20)


@pytest.mark.row("FI-03")
def test_a_trunk_of_the_other_family_cannot_be_reached() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        assert await refusal(await dial(caller, carriers.office)) == 503
        assert carriers.attempt[0] == "unreachable"

    play(scenario, lambda *_: with_trunks(replace(trunk("one", 5060), host="::1")))


@pytest.mark.row("FI-06")
def test_srv_records_say_where_a_trunk_is() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        async def services(name: str, transport: str) -> tuple[SrvRecord, ...]:
            assert (name, transport) == ("carrier.localhost", "UDP")
            return (
                SrvRecord(host="localhost", port=carriers.second.port, priority=20),
                SrvRecord(host="localhost", port=carriers.first.port, priority=10),
            )

        carriers.office.driver.endpoint._resolver._services = services
        call = await dial(caller, carriers.office)
        await carriers.refuses(carriers.first, 503)
        invite = await carriers.refuses(carriers.second, 486)
        assert str(invite.uri) == "sip:380501112233@carrier.localhost"
        assert await refusal(call) == 486

    named = replace(trunk("one", 0), host="carrier.localhost")
    networks = ("127.0.0.1/32",)
    play(
        scenario,
        lambda *_: ProjectSnapshot(replace(with_trunks(named).project, allowed_networks=networks)),
    )


@pytest.mark.row("FI-06")
def test_a_trunk_that_takes_no_outside_numbers_gets_none() -> None:
    async def scenario(carriers: Carriers, caller: Softphone) -> None:
        call = await dial(caller, carriers.office)
        await carriers.refuses(carriers.second, 486)
        assert await refusal(call) == 486
        assert await carriers.first.silent()

    play(
        scenario,
        lambda a, b: with_trunks(trunk("one", a, outgoing=False), trunk("two", b)),
    )


# Accounts


@pytest.mark.row("FI-15")
def test_an_extension_of_a_pbx_calls_an_account_over_the_trunk() -> None:
    async def scenario() -> None:
        pbx = trunk("pbx", 5060, may_call=MayCall.ACCOUNTS)
        async with open_office(with_trunks(pbx)) as office, Softphone("150") as extension:
            server = Peer("UDP", "127.0.0.1", office.port)
            async with Softphone("mary", PASSWORD, server=server, host="127.0.0.2") as mary:
                await mary.register()
                call = await extension.call(f"sip:mary@127.0.0.1:{office.port}")
                await call.answered()
                came = (await mary.next_call()).invite
                assert came is not None
                assert came.from_.uri.username == "150"
                call.end()
                await office.quiet()

    run(scenario(), deadline=20)


@pytest.mark.row("FI-15")
def test_a_dead_telephone_does_not_hold_the_round_of_one_that_rejects() -> None:
    async def scenario() -> None:
        with Udp(0, "127.0.0.2") as dead:
            snapshot = shop(ring(account("mary")))
            async with open_office(snapshot, binding=QUICK) as office, Softphone("1") as caller:
                server = Peer("UDP", "127.0.0.1", office.port)
                mary = Softphone("mary", PASSWORD, server=server, host="127.0.0.2")
                mary.behaviour = PhoneBehaviour(refuse_with=486)
                async with mary:
                    await mary.register()
                    there = office.driver._registrar.lookup("mary", 0.0)
                    contact = NameAddress.parse(f"<sip:mary@127.0.0.2:{dead.port}>")
                    gone = replace(
                        there[0],
                        contact=contact,
                        source=Peer("UDP", "127.0.0.2", dead.port),
                        call_id="gone",
                    )
                    office.driver._registrar.restore("mary", (*there, gone))
                    call = await dial(caller, office)
                    async with asyncio.timeout(2):
                        assert await refusal(call) == 486
                    assert read_request(await dead.receive()).method == "INVITE"

    run(scenario(), deadline=20)


@pytest.mark.row("FI-05")
def test_a_desk_phone_that_forwards_all_calls_is_followed() -> None:
    async def scenario() -> None:
        with Udp(0, "127.0.0.2") as desk:
            snapshot = shop(ring(account("mary")))
            async with open_office(snapshot, binding=QUICK) as office, Softphone("1") as caller:
                server = Peer("UDP", "127.0.0.1", office.port)
                async with Softphone("john", PASSWORD, server=server, host="127.0.0.3") as john:
                    await john.register()
                    there = office.driver._registrar.lookup("john", 0.0)
                    contact = NameAddress.parse(f"<sip:mary@127.0.0.2:{desk.port}>")
                    peer = Peer("UDP", "127.0.0.2", desk.port)
                    marys = replace(there[0], contact=contact, source=peer)
                    office.driver._registrar.restore("mary", (marys,))
                    call = await dial(caller, office)
                    invite = read_request(await desk.receive())
                    desk.aim(office.port)
                    desk._target = ("127.0.0.1", office.port)
                    desk.send(bytes(response(invite, 302, contact="<sip:john@pbx.example>")))
                    await call.answered()
                    call.end()
                    await office.quiet()
                    ends = [str(leg.end) for leg in office.call.called_legs]
                    assert ends == ["failed", "answered"]

    run(scenario(), deadline=20)


@pytest.mark.row("FI-08")
@pytest.mark.parametrize("where", [DialledNumber.TO, DialledNumber.REQUEST_URI])
def test_a_pbx_that_registers_as_an_account_is_told_the_number(where: DialledNumber) -> None:
    async def scenario() -> None:
        project = shop(ring(account("mary"))).project
        accounts = tuple(replace(one, dialled_number=where) for one in project.accounts)
        snapshot = ProjectSnapshot(replace(project, accounts=accounts))
        async with open_office(snapshot) as office, Softphone("380441112233") as caller:
            server = Peer("UDP", "127.0.0.1", office.port)
            async with Softphone("mary", PASSWORD, server=server, host="127.0.0.2") as pbx:
                await pbx.register()
                call = await dial(caller, office)
                invite = (await pbx.next_call()).invite
                assert invite is not None
                assert invite.to.uri.user == DIALLED
                user = "mary" if where is DialledNumber.TO else DIALLED
                assert invite.uri.user == user
                told = invite.headers.get("P-Asserted-Identity") or ""
                assert told.startswith("<sip:380441112233@")
                await call.answered()
                call.end()
                await office.quiet()

    run(scenario(), deadline=20)


# A stop


@pytest.mark.row("FI-05")
def test_a_stop_while_it_rings_tells_the_caller_to_try_again() -> None:
    async def scenario() -> None:
        bob = Softphone("bob", behaviour=PhoneBehaviour(answer_after=None))
        async with bob, open_office(shop(ring(address(bob.port)))) as office:
            with Udp(office.port) as caller:
                via = f"SIP/2.0/UDP 127.0.0.1:{caller.port};branch=z9hG4bKx1"
                uri = f"sip:{DIALLED}@127.0.0.1"
                caller.send(bytes(request("INVITE", uri=uri, via=via, body=SDP)))
                await bob.next_call()
                await office.board.stop()
                while (answer := read_response(await caller.receive())).status < 200:
                    pass
                assert answer.status == 503
                assert answer.headers.get("Retry-After") == "5"

    run(scenario(), deadline=20)
