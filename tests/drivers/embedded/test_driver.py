"""On a real network the built-in engine lets in whom it should, rings who is there, and survives a crash."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.call import CALLER, Call, LegState
from switchhook.domain.cause import Cause
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import ProjectSnapshot, Trunk
from switchhook.domain.screening import Screening
from switchhook.drivers.embedded import outbound
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.dialling import invite_to_destination
from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.routing.commands import EndLeg, RingLeg
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.transaction.overload import LoadLimits
from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.office import (
    DIALLED,
    PASSWORD,
    Memory,
    Office,
    account,
    address,
    number,
    open_office,
    ring,
    shop,
)
from tests.support.sip import SDP, read_request, read_response, request, response, start
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, MutableMapping, Sequence

    from switchhook.softphone.phone import PhoneCall

QUICK = Timing(t1=0.05, t2=0.2, t4=0.2)
ELSEWHERE = "127.0.0.2"
"""An address of this machine that no trunk's network holds."""
WAITS = PhoneBehaviour(answer_after=None)


def telephone(office: Office, login: str, *, transport: str = "UDP", **more: Any) -> Softphone:
    """Return a telephone of an account, which has to prove its password."""
    server = Peer(transport, "127.0.0.1", office.port)
    password = more.pop("password", PASSWORD)
    return Softphone(login, password, server=server, host=ELSEWHERE, **more)


def customer() -> Softphone:
    """Return a telephone of somebody behind the trunk."""
    return Softphone("380441112233")


async def dial(phone: Softphone, office: Office, callee: str = DIALLED) -> PhoneCall:
    return await phone.call(f"sip:{callee}@127.0.0.1:{office.port}")


async def refusal(call: PhoneCall) -> int:
    with pytest.raises(RefusedError) as caught:
        await call.answered()
    return caught.value.status


def play(scenario: Coroutine[Any, Any, None]) -> None:
    run(scenario, deadline=60)


def warned(logs: Sequence[MutableMapping[str, Any]]) -> list[str]:
    """Return what was logged as a warning or worse."""
    return [line["event"] for line in logs if line["log_level"] not in {"debug", "info"}]


def last_leg(call: Call) -> tuple[str, int, str]:
    leg = call.called_legs[-1]
    cause = leg.cause or Cause()
    return str(leg.end), cause.sip, cause.text


# Who is let in, and who rings


def test_an_account_registers_and_is_called() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office, customer() as caller:
            async with telephone(office, "mary") as mary:
                await mary.register()
                call = await dial(caller, office)
                await call.answered()
                came = await mary.next_call()
                assert came.invite is not None
                assert came.invite.from_.uri.username == "380441112233"
                call.end()
                assert await came.ended() == 200
            await office.quiet()
            assert office.ends == ["answered by caller"]

    play(scenario())


@pytest.mark.row("FA-04")
def test_a_call_in_sloppy_words_goes_on_and_its_timeline_says_so() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with telephone(office, "mary") as mary:
                await mary.register()
                with Udp(office.port) as caller:
                    via = f"SIP/2.0/UDP 127.0.0.1:{caller.port};branch=z9hG4bKs"
                    asked = bytes(request(uri=f"sip:{DIALLED}@127.0.0.1", via=via, body=SDP))
                    asked = asked.replace(b"<sip:alice@", b'""unknown"" <sip:380441112233@', 1)
                    caller.send(asked.replace(b"Max-Forwards: 70", b"Max-Forwards: 70\r\nnonsense"))
                    heard = [start(await caller.receive()) for _ in range(3)]
                    came = await mary.next_call()
                    assert came.invite is not None
                    assert str(came.invite.from_.uri).startswith("sip:380441112233@")
            assert heard[0] == "100"
            assert heard[-1] == "200"
            (note,) = [e for e in office.memory.journal if e.kind is EntryKind.NOTICE]
            assert (note.leg, note.text) == (CALLER, "SIP read in part: this is no header, From")

    play(scenario())


@pytest.mark.row("FD-10")
def test_an_account_is_refused_what_is_denied_and_what_is_too_much_at_once() -> None:
    async def scenario() -> None:
        async with Softphone("carrier", behaviour=WAITS) as carrier:
            trunk = Trunk(name="carrier", host="127.0.0.1", port=carrier.port)
            screening = Screening(denied_prefixes=("380900",))
            snapshot = ProjectSnapshot(replace(shop(trunk=trunk).project, screening=screening))
            async with open_office(snapshot) as office, telephone(office, "john") as john:
                assert await refusal(await john.call("3809001234567")) == 403
                ringing = [await john.call("380501112233") for _ in range(5)]
                assert await refusal(await john.call("380501112233")) == 480
                assert len(carrier.calls) == 5
                for call in ringing:
                    call.end()
                await office.quiet()

    play(scenario())


def test_an_account_that_proves_its_password_calls_a_colleague() -> None:
    async def scenario() -> None:
        async with open_office(shop()) as office:
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                call = await john.call("mary")
                await call.answered()
                (came,) = mary.calls.values()
                assert came.invite is not None
                assert came.invite.from_.uri.username == "john"
                came.end()
                await call.ended()
            await office.quiet()

    play(scenario())


def test_an_untrusted_caller_and_a_wrong_password_get_nowhere() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(number("380501112233")))) as office:
            untrusted = Softphone("380441112233", host=ELSEWHERE)
            async with untrusted, telephone(office, "john", password="guess") as guesser:
                with capture_logs() as logs:
                    assert await refusal(await dial(untrusted, office)) == 403
                    assert await refusal(await guesser.call(DIALLED)) == 403
                    with pytest.raises(RefusedError, match="403"):
                        await guesser.register()
            assert office.memory.calls == {}
            challenged, *failed = [line["event"] for line in logs]
            assert (challenged, failed) == (
                "sip call challenged",
                ["sip authentication failed"] * 3,
            )
            assert logs[2]["user"] == "john"
            assert "guess" not in str(logs)

    play(scenario())


@pytest.mark.row("FA-02")
def test_an_old_password_holds_up_no_other_telephone_of_the_office() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with (
                telephone(office, "mary", password="old") as wrong,
                telephone(office, "john") as john,
            ):
                with capture_logs() as logs:
                    for _ in range(31):
                        with pytest.raises(RefusedError):
                            await wrong.register()
                await john.register()
                call = await dial(john, office)
                assert await refusal(call) == 480  # it was put to the scheme
            assert logs[0]["user"] == "mary"
            assert logs[0]["address"] == ELSEWHERE

    play(scenario())


@pytest.mark.row("FD-03")
def test_forged_mistakes_are_no_mistakes() -> None:
    async def scenario() -> None:
        proof = (
            'Proxy-Authorization: Digest username="john", realm="switchhook", nonce="0.0.0", '
            'uri="sip:x", response="0"'
        )
        async with open_office(shop(ring(account("mary")))) as office:
            with Udp(office.port, ELSEWHERE, "127.0.0.1") as victim, capture_logs() as logs:
                for number in range(31):
                    via = f"SIP/2.0/UDP {ELSEWHERE}:{victim.port};branch=z9hG4bK{number}"
                    victim.send(bytes(request("INVITE", proof, call_id=f"f{number}", via=via)))
                    assert start(await victim.receive()) in {"100", "407"}
            assert logs == []
            async with telephone(office, "john") as john:
                await john.register()

    play(scenario())


async def drained(wire: Udp) -> list[str]:
    """Return what came back, when nothing comes any more."""
    heard = []
    while True:
        try:
            heard.append(start(await wire.receive(0.3)))
        except TimeoutError:
            return heard


async def trickle(wire: Udp, flood: list[bytes]) -> None:
    """Send a flood, as fast as this process can while it does other things too."""
    for start_of_batch in range(0, len(flood), 100):
        for data in flood[start_of_batch : start_of_batch + 100]:
            wire.send(data)
        await asyncio.sleep(0.005)


async def flooding(wire: Udp, method: str) -> None:
    """Send as above, the same again and again, without end."""
    flood = invites(wire, 4_000, method)
    while True:
        await trickle(wire, flood)


def invites(wire: Udp, count: int, method: str = "INVITE") -> list[bytes]:
    """Return requests of a flood."""
    via = f"SIP/2.0/UDP {wire.host}:{wire.port};branch=z9hG4bK"
    return [bytes(request(method, call_id=f"f{n}", via=f"{via}{n}")) for n in range(count)]


@pytest.mark.row("FD-08")
@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_an_untrusted_source_is_asked_once_for_each_request_and_leaves_nothing_behind(
    method: str,
) -> None:
    async def scenario() -> None:
        async with open_office(shop(), binding=ListenAddress(port=0, timing=QUICK)) as office:
            with Udp(office.port, ELSEWHERE, "127.0.0.1") as untrusted:
                (asked,) = invites(untrusted, 1, method)
                untrusted.send(asked)
                heard = [await untrusted.receive()]
                assert office.driver.endpoint.agent.load.transactions == 0
                with contextlib.suppress(TimeoutError):
                    while True:
                        heard.append(await untrusted.receive(0.3))
                assert [start(data) for data in heard] == ["407" if method == "INVITE" else "401"]
                assert sum(map(len, heard)) < 2 * len(asked)
                untrusted.send(asked)
                assert start(await untrusted.receive()) in {"401", "407"}

    play(scenario())


@pytest.mark.row("FD-08")
@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_the_smallest_request_is_not_echoed_many_times_its_size(method: str) -> None:
    async def scenario() -> None:
        async with open_office(shop()) as office:
            with Udp(office.port, ELSEWHERE, "127.0.0.1") as untrusted:
                small = (
                    f"{method} sip:a SIP/2.0\r\nv:SIP/2.0/UDP h;rport;branch=z9hG4bK1\r\nf:<sip:a>;tag=a\r\n"
                    f"t:<sip:a>\r\ni:a\r\nCSeq:1 {method}\r\nm:<sip:a@h>\r\n\r\n"
                ).encode()
                answer = await untrusted.ask(small)
                assert start(answer) in {"401", "407"}
                assert len(answer) < 3 * len(small)

    play(scenario())


@pytest.mark.row("FD-09")
def test_an_untrusted_flood_keeps_no_telephone_from_calling() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                await john.register()
                with Udp(office.port, "127.0.0.3", "127.0.0.1") as untrusted:
                    began = asyncio.get_running_loop().time()
                    flood = spawn(flooding(untrusted, "INVITE"), name="flood")
                    for _ in range(3):
                        call = await john.call("mary")
                        await call.answered()  # the flood outlasts any wait
                        call.end()
                    assert not flood.done()
                    flood.cancel()
                    answers = await drained(untrusted)
                    lasted = asyncio.get_running_loop().time() - began
            assert set(answers) <= {"407", "503"}
            share = LoadLimits().untrusted
            assert len(answers) <= share.burst + share.rate * lasted

    play(scenario())


@pytest.mark.row("FI-07")
def test_a_telephones_flood_keeps_no_other_from_calling() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:  # noqa: SIM117 -- telephones need it
            async with telephone(office, "mary") as mary, telephone(office, "john") as john:
                await mary.register()
                await john.register()
                wire = Udp(office.port, ELSEWHERE, "127.0.0.1", shares=mary._endpoint._udp)
                flood = spawn(flooding(wire, "SUBSCRIBE"), name="flood")
                for _ in range(3):
                    call = await dial(john, office)
                    await call.answered()  # the flood outlasts any wait
                    call.end()
                assert not flood.done()
                flood.cancel()

    play(scenario())


@pytest.mark.row("FA-02")
def test_a_call_for_help_is_taken_whatever_the_limit_of_calls_is() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary"))), max_calls=1) as office:
            async with telephone(office, "mary", behaviour=WAITS) as mary:
                await mary.register()
                async with telephone(office, "john") as john:
                    first = await john.call("mary")
                    await mary.next_call()
                    assert await refusal(await john.call("mary")) == 503
                    await john.call("112")
                    async with asyncio.timeout(5):
                        while "c2" not in office.memory.calls:  # noqa: ASYNC110 -- a plain dict
                            await asyncio.sleep(0.01)
                    first.end()
            assert office.memory.calls["c2"].callee == "112"

    play(scenario())


@pytest.mark.row("FE-09")
def test_the_log_has_one_line_for_a_calls_begin_and_one_for_its_end() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office, customer() as caller:
            async with telephone(office, "mary") as mary:
                with capture_logs() as logs:
                    await mary.register()
                    call = await dial(caller, office)
                    await call.answered()
                    call.end()
                    await office.quiet()
            told = [line for line in logs if line["log_level"] == "info"]
            assert [line["event"] for line in told] == [
                "registration added",
                "call started",
                "call ended",
            ]
            began, ended = told[1:]
            assert (began["call"], began["from"], began["to"]) == ("c1", "380441112233", DIALLED)
            assert (ended["call"], ended["outcome"], ended["ended_by"]) == (
                "c1",
                "answered",
                "caller",
            )
            assert 0 <= ended["talked"] <= ended["seconds"] < 20

    play(scenario())


def test_an_account_without_telephone_cannot_be_reached() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office, customer() as caller:
            assert await refusal(await dial(caller, office)) == 480
            assert last_leg(office.call)[1:] == (480, "no telephone of account mary is registered")

    play(scenario())


def test_a_telephone_whose_connection_is_gone_is_no_longer_there() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office, customer() as caller:
            async with telephone(office, "mary", transport="TCP") as mary:
                await mary.register()
                call = await dial(caller, office)
                await call.answered()
                call.end()
                await office.quiet()
                mary._refresher = None  # it does not take its registration back
            async with asyncio.timeout(5):
                while office.driver.endpoint.connections:  # noqa: ASYNC110 -- a plain number
                    await asyncio.sleep(0.01)
            assert await refusal(await dial(caller, office)) == 480

    play(scenario())


def test_a_withheld_number_is_withheld_from_the_callee_too() -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(account("mary")))) as office:
            async with telephone(office, "mary") as mary, Softphone("anonymous") as caller:
                await mary.register()
                await (await dial(caller, office)).answered()
                (came,) = mary.calls.values()
                assert came.invite is not None
                assert came.invite.headers.get("Privacy") == "id"
                assert str(came.invite.from_.uri) == "sip:anonymous@anonymous.invalid"
            await office.quiet()

    play(scenario())


# Names


def test_a_name_that_a_decision_dials_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 2, 17, "", ("127.0.0.1", 0))]

    async def scenario() -> None:
        async with Softphone("bob") as bob, customer() as caller:
            target = replace(address(bob.port), value=f"sip:bob@desk.test:{bob.port}")
            snapshot = shop(ring(target))
            opened = ProjectSnapshot(replace(snapshot.project, allowed_networks=("127.0.0.0/8",)))
            async with open_office(opened) as office:
                monkeypatch.setattr(socket, "getaddrinfo", finds)
                call = await dial(caller, office)
                await call.answered()
                assert str(next(iter(bob.calls.values())).invite).count("desk.test")
                call.end()
                await office.quiet()

    play(scenario())


@pytest.mark.row("FD-06")
@pytest.mark.parametrize("is_trunk", [True, False], ids=["trunk", "sip host"])
def test_a_name_that_leads_inside_is_not_called_and_the_timeline_says_why(
    monkeypatch: pytest.MonkeyPatch, *, is_trunk: bool
) -> None:
    """The name may have been public a call ago: what it means now is judged."""

    async def scenario() -> None:
        async with Softphone("internal") as internal, customer() as caller:
            trunk = Trunk(
                name="carrier",
                host="inside.test",
                port=internal.port,
                sources=("127.0.0.1/32",),
            )
            listed = replace(address(1), value=f"sip:bob@inside.test:{internal.port}")
            target = number("380501112233") if is_trunk else listed
            project = shop(ring(target), trunk=trunk).project
            snapshot = ProjectSnapshot(replace(project, allowed_sip_hosts=("inside.test",)))
            async with open_office(snapshot) as office:
                found = [(2, 2, 17, "", ("127.0.0.1", 0))]
                monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
                with capture_logs() as logs:
                    await refusal(await dial(caller, office))
                end, status, text = last_leg(office.call)
                assert (end, status) == ("rejected", 403)
                assert "inside.test was not called, because it lies in 127.0.0.0/8" in text
                assert not internal.calls
                assert warned(logs) == ["address blocked"]

    play(scenario())


def test_a_name_without_address_fails_the_leg_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def finds_nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    async def scenario() -> None:
        trunk = Trunk(name="carrier", host="nowhere.test", sources=("127.0.0.1/32",))
        snapshot = shop(ring(number("380501112233")), trunk=trunk)
        async with open_office(snapshot) as office, customer() as caller:
            monkeypatch.setattr(socket, "getaddrinfo", finds_nothing)
            with capture_logs() as logs:
                assert await refusal(await dial(caller, office)) == 503
            end, status, text = last_leg(office.call)
            assert (end, status) == ("failed", 503)
            assert "'nowhere.test' has no address" in text
            assert warned(logs) == ["sip host not resolved"]

    play(scenario())


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (replace(address(1), value="sips:bob@pbx.example"), "TLS is not spoken here"),
        (replace(address(1), value="sip:bob@127.0.0.1;transport=ws"), "transport ws"),
    ],
)
def test_what_cannot_be_dialled_fails_the_leg(target: Any, text: str) -> None:
    async def scenario() -> None:
        async with open_office(shop(ring(target))) as office, customer() as caller:
            await refusal(await dial(caller, office))
            assert text in last_leg(office.call)[2]

    play(scenario())


# Commands


class Second:
    """Makes the first INVITE to a place, and does something else for the second."""

    def __init__(self, does: Callable[..., None]) -> None:
        self.calls: list[Callable[..., object]] = [invite_to_destination, does]

    def __call__(self, *args: Any, **more: Any) -> object:
        return self.calls.pop(0)(*args, **more)


def _closed() -> int:
    """Return a port where nothing listens."""
    with Udp(0) as gone:
        return gone.port


@pytest.mark.row("FI-03")
@pytest.mark.parametrize("where", ["peers", "local", "perform", "next", "account"])
def test_a_mistake_of_ours_ends_the_attempt_at_once(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ValueError("a mistake of ours")

    async def scenario() -> None:
        host = "switch.test" if where == "peers" else "127.0.0.1"
        trunk = Trunk(name="carrier", host=host, port=_closed(), sources=("127.0.0.1/32",))
        target = account("mary") if where == "account" else number("380501112233")
        project = shop(ring(target), trunk=trunk).project
        snapshot = ProjectSnapshot(replace(project, trunks=(trunk, replace(trunk, name="other"))))
        async with open_office(snapshot) as office, customer() as caller:
            if where == "perform":
                monkeypatch.setattr(outbound, "invite_to_destination", breaks)
            elif where == "next":  # behind a trunk where nothing listens
                monkeypatch.setattr(outbound, "invite_to_destination", Second(breaks))
            elif where == "account":
                monkeypatch.setattr(office.driver._registrar, "lookup", breaks)
            else:
                monkeypatch.setattr(office.driver.endpoint, where, breaks)
            with capture_logs() as logs:
                async with asyncio.timeout(15):  # it would ring for 20 s
                    assert await refusal(await dial(caller, office)) >= 480
            assert "leg failed" in [line["event"] for line in logs]
            await office.quiet()
            assert last_leg(office.call)[:2] == ("failed", 500)

    play(scenario())


@pytest.mark.row("FI-03")
def test_a_mistake_in_hearing_a_telephone_ends_its_leg_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("a mistake of ours")

    async def scenario() -> None:
        async with (
            Softphone("bob") as bob,
            customer() as caller,
            open_office(shop(ring(address(bob.port)))) as office,
        ):
            monkeypatch.setattr(Bridge, "_answered", breaks)
            with capture_logs() as logs:
                assert await refusal(await dial(caller, office)) >= 480
            assert "sip event failed" in [line["event"] for line in logs]
            assert await (await bob.next_call()).ended() == 200
            await office.quiet()
            assert last_leg(office.call)[:2] == ("failed", 500)

    play(scenario())


def test_what_is_ordered_twice_is_done_once_and_for_unknown_calls_never() -> None:
    async def scenario() -> None:
        async with Softphone("bob", behaviour=WAITS) as bob, customer() as caller:
            target = address(bob.port)
            async with open_office(shop(ring(target))) as office:
                call = await dial(caller, office)
                await bob.next_call()
                again = RingLeg(leg="b1", target=target, caller="1", caller_name="")
                office.driver.carry_out(office.call, again)
                untrusted = replace(office.call, id="unknown")
                office.driver.carry_out(untrusted, EndLeg(leg=CALLER, cause=Cause(sip=486)))
                await asyncio.sleep(0.05)
                assert len(bob.calls) == 1
                call.end()
                await office.quiet()

    play(scenario())


# Restart


class Crash:
    """A talking call whose switch is killed, and its successor on the same port."""

    def __init__(self, target: Softphone, caller: Softphone) -> None:
        self.snapshot = shop(ring(address(target.port)))
        self.caller = caller
        self.memory = Memory()
        self.port = 0

    async def talk(self, target: Softphone) -> tuple[PhoneCall, PhoneCall]:
        """Let them talk, then kill the switch: nobody is told anything."""
        async with open_office(self.snapshot, memory=self.memory) as office:
            self.port = office.port
            made = await dial(self.caller, office)
            came = await target.next_call()
            await made.answered()
            await self.until_both_talk()
        return made, came

    async def until_both_talk(self) -> None:
        """Wait until the caller's leg is stored as talking, too."""
        async with asyncio.timeout(5):
            while True:
                (call,) = self.memory.calls.values()
                states = {leg.state for leg in call.legs}
                if states == {LegState.TALKING}:
                    return
                await asyncio.sleep(0.005)

    def spoil(self, leg_id: str, handle: str) -> None:
        (call,) = self.memory.calls.values()
        legs = tuple(
            replace(leg, handle=handle if leg.id == leg_id else leg.handle) for leg in call.legs
        )
        self.memory.calls[call.id] = replace(call, legs=legs)


def crash_scenario(who_hangs_up: str) -> None:
    async def scenario() -> None:
        async with Softphone("bob") as bob, customer() as caller:
            crash = Crash(bob, caller)
            made, came = await crash.talk(bob)
            binding = ListenAddress(port=crash.port)
            async with open_office(crash.snapshot, memory=crash.memory, binding=binding) as office:
                await made.offer("sendonly")
                await came.offer("sendrecv")
                first, second = (made, came) if who_hangs_up == "caller" else (came, made)
                first.end()
                assert await second.ended() == 200
                await office.quiet()
                assert office.ends == [f"answered by {who_hangs_up}"]

    play(scenario())


@pytest.mark.parametrize("who_hangs_up", ["caller", "callee"])
def test_a_talking_call_goes_on_after_a_crash(who_hangs_up: str) -> None:
    crash_scenario(who_hangs_up)


@pytest.mark.parametrize("lost", [CALLER, "b1"])
@pytest.mark.parametrize("handle", ["", "{}", "[]", '{"trunk":"","sip":{"dialog":{}}}'])
def test_half_a_call_is_ended_after_a_crash(lost: str, handle: str) -> None:
    async def scenario() -> None:
        async with Softphone("bob") as bob, customer() as caller:
            crash = Crash(bob, caller)
            made, came = await crash.talk(bob)
            crash.spoil(lost, handle)
            binding = ListenAddress(port=crash.port)
            with capture_logs() as logs:
                async with open_office(
                    crash.snapshot, memory=crash.memory, binding=binding
                ) as office:
                    left, other = (came, made) if lost == CALLER else (made, came)
                    assert await left.ended() == 200
                    other.end()  # nobody there knows its call any more
                    await asyncio.sleep(0.01)
                    await office.quiet()
            warned = [line for line in logs if line["event"] == "sip leg not resumed"]
            assert len(warned) == (1 if handle else 0)

    play(scenario())


def test_a_trunks_credentials_are_known_after_a_crash() -> None:
    async def scenario() -> None:
        async with customer() as caller:
            challenge = 'Proxy-Authenticate: Digest realm="carrier", nonce="n", qop="auth"'
            with Udp(0) as carrier:
                trunk = Trunk(
                    name="carrier",
                    host="127.0.0.1",
                    port=carrier.port,
                    username="us",
                    password="s",
                    sources=("127.0.0.1/32",),
                )
                snapshot = shop(ring(number("380501112233")), trunk=trunk)
                memory = Memory()
                async with open_office(snapshot, memory=memory) as office:
                    made = await dial(caller, office)
                    carrier.aim(office.port)
                    invite = read_request(await carrier.receive())
                    contact = f"<sip:trunk@127.0.0.1:{carrier.port}>"
                    answer = response(invite, 200, contact=contact, body=SDP)
                    carrier.send(bytes(answer))
                    assert start(await carrier.receive()) == "ACK"
                    await made.answered()
                    await office_stores(memory)
                    port = office.port
                async with open_office(
                    snapshot, memory=memory, binding=ListenAddress(port=port)
                ) as office:
                    made.end()
                    bye = read_request(await carrier.receive())
                    assert bye.method == "BYE"
                    carrier.send(bytes(response(bye, 407, challenge)))
                    again = read_request(await carrier.receive())
                    assert "Proxy-Authorization" in again.headers
                    carrier.send(bytes(response(again, 200)))
                    await office.quiet()

    play(scenario())


async def office_stores(memory: Memory) -> None:
    async with asyncio.timeout(5):
        while True:
            if all(leg.handle for call in memory.calls.values() for leg in call.legs):
                return
            await asyncio.sleep(0.005)


# Whoever vanishes

QUICK = Timing(t1=0.01, t2=0.04, t4=0.05, probe=0.3)
"""Probes every 0.3 s, and 0.64 s of silence until somebody is given up."""


async def vanish(*phones: Softphone) -> None:
    """Cut the power: nothing more is sent or heard."""
    for phone in phones:
        await phone._exit.aclose()
        for call in phone.calls.values():
            call.over(200)
        phone._endpoint.agent._table.sessions.clear()


@pytest.mark.row("FD-02")
@pytest.mark.parametrize("who", ["caller", "callee", "both"])
def test_a_call_whose_telephone_vanishes_ends(who: str) -> None:
    async def scenario() -> None:
        async with Softphone("bob") as bob, customer() as caller:
            snapshot = shop(ring(address(bob.port)))
            binding = ListenAddress(port=0, timing=QUICK)
            async with open_office(snapshot, binding=binding, max_calls=1) as office:
                made = await dial(caller, office)
                came = await bob.next_call()
                await made.answered()
                await asyncio.sleep(1.0)
                assert not made.is_over  # whoever answers probes is there
                gone = {"caller": [caller], "callee": [bob], "both": [caller, bob]}[who]
                await vanish(*gone)
                await office.quiet()
                assert office.ends == ["answered by system"]
                cause = office.call.cause
                assert cause is not None
                assert cause.text == "lost: the other end no longer answers"
                if who != "both":
                    assert await (made if who == "callee" else came).ended() == 200

    play(scenario())


@pytest.mark.row("FD-02")
def test_a_call_whose_telephone_vanished_during_a_restart_ends() -> None:
    async def scenario() -> None:
        async with Softphone("bob") as bob, customer() as caller:
            crash = Crash(bob, caller)
            made, _ = await crash.talk(bob)
            await vanish(bob)
            binding = ListenAddress(port=crash.port, timing=QUICK)
            async with open_office(crash.snapshot, memory=crash.memory, binding=binding) as office:
                assert await made.ended() == 200
                await office.quiet()
                assert office.ends == ["answered by system"]

    play(scenario())


@pytest.mark.row("FD-02")
@pytest.mark.parametrize("who", ["caller", "b1", "ringing"])
def test_a_leg_that_goes_without_a_word_keeps_no_call(
    who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("switchhook.drivers.embedded.driver.FORGET_EVERY", 0.05)
    behaviour = WAITS if who == "ringing" else None

    async def scenario() -> None:
        async with (
            Softphone("bob", behaviour=behaviour) as bob,
            customer() as caller,
            open_office(shop(ring(address(bob.port)))) as office,
        ):
            made = await dial(caller, office)
            await bob.next_call()
            if who != "ringing":
                await made.answered()
            await asyncio.sleep(0.2)
            (bridge,) = office.driver._bridges.values()
            leg = bridge.sip_legs["caller" if who == "caller" else "b1"]
            table = office.driver.endpoint.agent._table
            with capture_logs() as logs:
                table.forget(table.sessions[leg])
                await office.quiet()
            assert logs[0]["event"] == "sip leg lost"
            wanted = "unreachable by system" if who == "ringing" else "answered by system"
            assert office.ends == [wanted]
            await vanish(bob, caller)

    play(scenario())


# Session timers


@pytest.mark.row("FI-01", "FI-10")
def test_a_caller_refreshes_by_update_whatever_the_callee_can() -> None:
    async def scenario() -> None:
        async with Softphone("bob") as bob:
            snapshot = shop(ring(address(bob.port)))
            with Udp(0) as carrier:
                async with open_office(snapshot) as office:
                    carrier.aim(office.port)
                    peer = f"127.0.0.1:{carrier.port}"
                    timer = ("Require: timer", "Session-Expires: 90;refresher=uac")
                    common: dict[str, Any] = {
                        "uri": f"sip:{DIALLED}@127.0.0.1",
                        "from_": f"<sip:380441112233@{peer}>;tag=a",
                        "contact": f"<sip:carrier@{peer}>",
                    }
                    via = f"SIP/2.0/UDP {peer};branch=z9hG4bK"
                    invite = request("INVITE", *timer, via=f"{via}1", body=SDP, **common)
                    carrier.send(bytes(invite))
                    answer = read_response(await carrier.receive())
                    while answer.status < 200:
                        answer = read_response(await carrier.receive())
                    assert answer.status == 200
                    assert answer.headers.get("Session-Expires") == "90;refresher=uac"
                    to = str(answer.to)
                    carrier.send(bytes(request("ACK", via=f"{via}2", to=to, **common)))
                    update = request("UPDATE", *timer, via=f"{via}3", to=to, cseq=2, **common)
                    carrier.send(bytes(update))
                    refreshed = read_response(await carrier.receive())
                    assert (refreshed.status, refreshed.cseq.method) == (200, "UPDATE")
                    assert refreshed.headers.get("Session-Expires") == "90;refresher=uac"
                    (came,) = bob.calls.values()
                    assert not came.is_over
                    bye = request("BYE", via=f"{via}4", to=to, cseq=1, **common)
                    carrier.send(bytes(bye))
                    assert start(await carrier.receive()) == "200"
                    assert await came.ended() == 200
                    await office.quiet()
                    assert office.ends == ["answered by caller"]

    play(scenario())


# Set-up


def test_a_port_in_use_is_told() -> None:
    async def scenario() -> None:
        async with open_office(shop()) as office:
            with pytest.raises(OSError, match=r".+"):
                async with open_office(shop(), binding=ListenAddress(port=office.port)):
                    pass

    play(scenario())


def test_it_listens_to_this_machine_alone_unless_told_otherwise() -> None:
    driver = EmbeddedDriver()

    assert (driver._binding.host, driver.port) == ("127.0.0.1", 5060)


def test_old_registrations_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.drivers.embedded.driver.FORGET_EVERY", 0.01)

    async def scenario() -> None:
        async with open_office(shop()) as office, telephone(office, "mary") as mary:
            await mary.register()
            await asyncio.sleep(0.05)
            assert len(office.driver._registrar.lookup("mary", 0.0)) == 1

    play(scenario())


def test_a_bad_request_is_answered_and_changes_nothing() -> None:
    async def scenario() -> None:
        async with open_office(shop()) as office:
            with Udp(office.port) as phone:
                via = f"SIP/2.0/UDP 127.0.0.1:{phone.port};branch=z9hG4bKx"
                bad = bytes(request(via=via)).replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
                assert read_response(await phone.ask(bad)).status == 400
            assert office.driver.calls == 0

    play(scenario())
