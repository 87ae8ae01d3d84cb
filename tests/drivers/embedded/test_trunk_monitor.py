"""A trunk that wants a registration gets one, kept up over failures, and its calls are known by it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.numbering import dialling_of
from switchhook.domain.project import Number, Project, ProjectSnapshot, Trunk
from switchhook.drivers.embedded import trunk_monitor
from switchhook.drivers.embedded.trunk_registration import (
    EXPIRES,
    caller_trunk,
    granted,
    least_wanted,
    line_of,
    pause_after,
)
from switchhook.drivers.embedded.trunk_states import TrunkStates
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.net.srv import SrvRecord
from switchhook.sip.transaction.transaction import Timing
from switchhook.softphone.phone import Softphone
from tests.support.loop import run
from tests.support.office import DIALLED, address, open_office, ring, shop
from tests.support.sip import SDP, read, read_request, read_response, request, response
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request, Response

pytestmark = pytest.mark.row("FI-08")

BINDING = ListenAddress(port=0, timing=Timing(t1=0.02))
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier", nonce="n", qop="auth"'
CARRIER = Trunk(name="carrier", host="127.0.0.1", username="us", password="secret", register=True)
ELSEWHERE = "127.0.0.2"
"""From where a carrier calls that has more addresses than the one that it registers at."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_monitor, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(trunk_monitor, "PATIENCE", 2.0)


async def registration(carrier: Udp) -> Request:
    """Return the next REGISTER that is not sent again."""
    asked = read_request(await carrier.receive())
    assert asked.method == "REGISTER"
    return asked


def office_with(trunk: Trunk, *steps: Any) -> ProjectSnapshot:
    return shop(*(steps or (ring(address(9)),)), trunk=trunk)


def accepted(asked: Request, expires: int = 3600) -> Response:
    contact = f"<{asked.contacts[0].uri}>;expires={expires}, <sip:other@192.0.2.1>;expires=5"
    return response(asked, 200, contact=contact)


def test_it_registers_by_digest_and_keeps_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_monitor, "granted", lambda *_: 0.1)

    async def main() -> None:
        with Udp(0) as carrier:
            snapshot = office_with(replace(CARRIER, port=carrier.port))
            with capture_logs() as logs:
                async with open_office(snapshot, binding=BINDING) as office:
                    carrier.aim(office.port)
                    first = await registration(carrier)
                    assert str(first.uri) == f"sip:127.0.0.1:{carrier.port}"
                    assert str(first.to) == "<sip:us@127.0.0.1>"
                    assert first.headers.get("Expires") == str(EXPIRES)
                    carrier.send(bytes(response(first, 401, CHALLENGE)))
                    second = await registration(carrier)
                    assert "nc=00000001" in (second.headers.get("Authorization") or "")
                    carrier.send(bytes(accepted(second)))
                    third = await registration(carrier)
                    assert third.call_id == first.call_id
                    assert third.cseq.number == second.cseq.number + 1
                    assert third.contacts[0].uri == first.contacts[0].uri
                    state = office.driver._states.known["shop", "carrier"]
                    assert state.registered_until > 0
            assert [line["event"] for line in logs].count("sip trunk registered") == 1
            assert "secret" not in str(logs)

    run(main(), deadline=20)


def test_a_registrar_that_says_nothing_makes_way_for_the_next_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trunk_monitor, "PATIENCE", 0.2)

    async def main() -> None:
        with Udp(0) as dead, Udp(0) as alive:

            async def services(*_: str) -> tuple[SrvRecord, ...]:
                return (
                    SrvRecord(host="localhost", port=dead.port, priority=1),
                    SrvRecord(host="localhost", port=alive.port, priority=2),
                )

            trunk = replace(CARRIER, host="carrier.localhost")
            project = replace(office_with(trunk).project, allowed_networks=("127.0.0.1/32",))
            async with open_office(shop(ring(address(9))), binding=BINDING) as office:
                office.driver.endpoint._resolver._services = services
                directory = ProjectDirectory([ProjectSnapshot(project)])
                office.driver._directory = lambda: directory
                alive.aim(office.port)
                asked = await registration(alive)
                assert str(asked.uri) == "sip:carrier.localhost"
                alive.send(bytes(accepted(asked)))
                assert read_request(await dead.receive()).call_id == asked.call_id

    run(main(), deadline=20)


@pytest.mark.parametrize("status", [403, 503])
def test_a_registration_that_is_refused_is_said_and_tried_later(status: int) -> None:
    async def main() -> None:
        with Udp(0) as carrier:
            snapshot = office_with(replace(CARRIER, port=carrier.port))
            with capture_logs() as logs:
                async with open_office(snapshot, binding=BINDING) as office:
                    carrier.aim(office.port)
                    asked = await registration(carrier)
                    carrier.send(bytes(response(asked, status)))
                    assert await carrier.silent(0.2)
            (line,) = (line for line in logs if line["event"] == "sip trunk registration failed")
            assert str(status) in line["why"]
            assert line["again_in"] == (300.0 if status == 403 else 30.0)

    run(main(), deadline=20)


def test_a_longer_time_that_the_carrier_wants_is_asked_for() -> None:
    async def main() -> None:
        with Udp(0) as carrier:
            snapshot = office_with(replace(CARRIER, port=carrier.port))
            async with open_office(snapshot, binding=BINDING) as office:
                carrier.aim(office.port)
                asked = await registration(carrier)
                carrier.send(bytes(response(asked, 423, "Min-Expires: 1800")))
                again = await registration(carrier)
                assert again.headers.get("Expires") == "1800"

    run(main(), deadline=20)


def test_a_trunk_that_is_taken_out_of_the_project_is_unregistered() -> None:
    async def main() -> None:
        with Udp(0) as carrier:
            snapshot = office_with(replace(CARRIER, port=carrier.port))
            async with open_office(snapshot, binding=BINDING) as office:
                carrier.aim(office.port)
                asked = await registration(carrier)
                carrier.send(bytes(accepted(asked)))
                while not office.driver._states.known:  # noqa: ASYNC110 -- a plain value
                    await asyncio.sleep(0.01)
                directory = ProjectDirectory(
                    [ProjectSnapshot(replace(snapshot.project, version=2, trunks=()))]
                )
                office.driver._directory = lambda: directory
                last = await registration(carrier)
                assert last.headers.get("Expires") == "0"
                carrier.send(bytes(response(last, 200)))
                assert office.driver._states.known == {}

    run(main(), deadline=20)


# Calls by the registration


@pytest.mark.parametrize("dialled", ["P-Called-Party-ID", "To"])
def test_a_call_to_our_contact_is_the_trunks_wherever_it_comes_from(dialled: str) -> None:
    async def main() -> None:
        with Udp(0) as carrier, Udp(0, ELSEWHERE) as other:
            async with Softphone("bob") as bob:
                listed = replace(CARRIER, port=carrier.port, sources=("127.0.0.9/32",))
                snapshot = office_with(listed, ring(address(bob.port)))
                async with open_office(snapshot, binding=BINDING) as office:
                    carrier.aim(office.port)
                    asked = await registration(carrier)
                    carrier.send(bytes(accepted(asked)))
                    other._target = ("127.0.0.1", office.port)
                    to = DIALLED if dialled == "To" else "us"
                    more = () if dialled == "To" else (f"{dialled}: <sip:+{DIALLED}@carrier>",)
                    invite = request(
                        "INVITE",
                        *more,
                        uri=str(asked.contacts[0].uri),
                        via=f"SIP/2.0/UDP {ELSEWHERE}:{other.port};branch=z9hG4bKx1",
                        from_="<sip:380441112233@carrier>;tag=a",
                        to=f"<sip:{to}@carrier>",
                        body=SDP,
                    )
                    other.send(bytes(invite))
                    came = (await bob.next_call()).invite
                    assert came is not None
                    assert came.from_.uri.username == "380441112233"
                    while (answer := read_response(await other.receive())).status < 200:
                        pass
                    via = f"SIP/2.0/UDP {ELSEWHERE}:{other.port};branch=z9hG4bK"
                    from_ = "<sip:380441112233@carrier>;tag=a"
                    to = str(answer.to)
                    uri = str(asked.contacts[0].uri)
                    other.send(bytes(request("ACK", uri=uri, via=f"{via}x2", from_=from_, to=to)))
                    bye = request("BYE", uri=uri, via=f"{via}x3", cseq=2, from_=from_, to=to)
                    while (answer := read_response(await other.ask(bytes(bye)))).status != 200:
                        pass
                    assert answer.cseq.method in {"INVITE", "BYE"}
                    await office.quiet()

    run(main(), deadline=20)


def test_a_call_with_a_wrong_line_is_untrusted() -> None:
    async def main() -> None:
        with Udp(0) as carrier, Udp(0, ELSEWHERE) as other:
            snapshot = office_with(replace(CARRIER, port=carrier.port))
            async with open_office(snapshot, binding=BINDING) as office:
                other._target = ("127.0.0.1", office.port)
                via = f"SIP/2.0/UDP {ELSEWHERE}:{other.port};branch=z9hG4bKx1"
                uri = "sip:us@127.0.0.1;line=0123456789abcdef0123"
                other.send(bytes(request("INVITE", uri=uri, via=via, body=SDP)))
                while (answer := read(await other.receive())).status < 200:  # type: ignore[union-attr]
                    pass
                assert answer.status == 407  # type: ignore[union-attr]

    run(main(), deadline=20)


def test_calls_from_the_registrar_are_told_apart_by_user_or_number() -> None:
    one = replace(CARRIER, name="one", username="u1")
    two = replace(CARRIER, name="two", username="u2")
    snapshot = ProjectSnapshot(replace(shop(ring(address(9))).project, trunks=(one, two)))
    directory = ProjectDirectory([snapshot])
    both = {"192.0.2.9": frozenset({("shop", "one"), ("shop", "two")})}
    alone = {"192.0.2.9": frozenset({("shop", "two")})}

    def trunk(user: str, registrars: Any, host: str = "192.0.2.9") -> str:
        found = caller_trunk(request(uri=f"sip:{user}@192.0.2.1"), host, directory, registrars)
        return "" if found is None else found[1].name

    assert trunk("u2", both) == "two"
    assert trunk("nobody", both) == ""
    assert trunk(DIALLED, alone) == "two"
    assert trunk(DIALLED, alone, host="192.0.2.10") == ""
    assert trunk("u1;x", {}) == ""
    line = f"x;line={line_of('shop', one)}"
    found = caller_trunk(request(uri=f"sip:a@h;{line[2:]}"), "1.1.1.1", directory, {})
    assert found == (snapshot, one)


@pytest.mark.row("FD-05")
def test_who_registers_with_a_carrier_takes_no_calls_of_its_other_customers() -> None:
    greedy = Project(id="greedy", name="Greedy", trunks=(CARRIER,))
    directory = ProjectDirectory([ProjectSnapshot(greedy), shop(ring(address(9)))])
    registrars = {"192.0.2.9": frozenset({("greedy", "carrier")})}

    def trunk(user: str, caller: str = "380671112233") -> str:
        asked = request(uri=f"sip:{user}@192.0.2.1", from_=f"<sip:{caller}@192.0.2.9>;tag=a")
        found = caller_trunk(asked, "192.0.2.9", directory, registrars)
        return "" if found is None else found[0].project.id

    assert trunk(DIALLED) == ""
    assert trunk("john", caller="mary") == ""
    assert trunk("us", caller="mary") == ""
    assert trunk("us") == "greedy"


@pytest.mark.row("FD-05")
def test_who_registers_and_claims_a_spelling_of_anothers_number_gets_none_of_its_calls() -> None:
    kyiv = replace(shop(ring(address(9))).project, country="UA", dialling=dialling_of("UA"))
    local = DIALLED.removeprefix("380")
    numbers = (Number(number=local, scheme=1),)
    greedy = Project(id="greedy", name="Greedy", trunks=(CARRIER,), numbers=numbers)
    registrars = {"127.0.0.1": frozenset({("greedy", "carrier")})}
    asked = request(uri=f"sip:{local}@192.0.2.1", from_="<sip:380671112233@h>;tag=a")

    assert (
        caller_trunk(
            asked,
            "127.0.0.1",
            ProjectDirectory([ProjectSnapshot(greedy), ProjectSnapshot(kyiv)]),
            registrars,
        )
        is None
    )
    alone = caller_trunk(
        asked, "127.0.0.1", ProjectDirectory([ProjectSnapshot(greedy)]), registrars
    )
    assert alone is not None


# Times


def answer(status: int, *headers: str, contact: str = "") -> Response:
    return response(request("REGISTER"), status, *headers, contact=contact)


def test_what_the_carrier_grants_is_read_from_our_own_contact() -> None:
    ours = f"<sip:us@h;line={line_of('shop', CARRIER)}>"

    def seconds(contact: str, *headers: str) -> int:
        return granted(answer(200, *headers, contact=contact), "shop", CARRIER)

    assert seconds(f"<sip:x@h>;expires=9, {ours};expires=120") == 120
    assert seconds(f"{ours}", "Expires: 90") == 90
    assert seconds("<sip:x@h>") == EXPIRES
    # Written anew by the carrier, beside that of an earlier address of ours.
    assert seconds("<sip:x@h>;expires=120", "Expires: 600") == 120
    assert seconds("<sip:old@h>;expires=0, <sip:x@h>;expires=60") == 60
    assert seconds(f"{ours};expires=1") == 30
    assert seconds(f"{ours};expires=99999999999") == 7200
    assert seconds("<broken") == EXPIRES


def test_pauses_grow_and_heed_what_the_carrier_says() -> None:
    assert [pause_after(n, 503, None) for n in (1, 2, 3, 99)] == [30.0, 60.0, 120.0, 1800.0]
    assert pause_after(1, 403, None) == 300.0
    assert pause_after(1, 503, answer(503, "Retry-After: 120 (soon);duration=5")) == 120.0
    assert pause_after(1, 503, answer(503, "Retry-After: 999999")) == 1800.0
    assert least_wanted(answer(423, "Min-Expires: 1800")) == 1800
    assert least_wanted(answer(423, "Min-Expires: 999999")) == 0
    assert least_wanted(answer(200, "Min-Expires: 1800")) == 0


# Probes


@pytest.mark.row("FI-06")
def test_a_trunk_that_stops_answering_probes_is_down_until_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trunk_monitor, "PROBE_EVERY", 0.02)
    monkeypatch.setattr(trunk_monitor, "PATIENCE", 0.2)

    async def main() -> None:
        with Udp(0) as carrier:
            snapshot = office_with(replace(CARRIER, port=carrier.port, register=False))
            async with open_office(snapshot, binding=BINDING) as office:
                carrier.aim(office.port)
                states = office.driver._states
                for is_up in (True, False, True):
                    while (("shop", "carrier") not in states.down) is not is_up or not states.known:
                        asked = read_request(await carrier.receive())
                        assert asked.method == "OPTIONS"
                        if is_up:
                            carrier.send(bytes(response(asked, 405)))
                            await asyncio.sleep(0.01)

    run(main(), deadline=20)


@pytest.mark.row("FI-06")
def test_silence_says_nothing_of_a_trunk_that_never_answers_probes() -> None:
    states = TrunkStates(lambda: 0.0)
    key = ("shop", "carrier")

    states.probed(key, answers=False)
    assert states.down == frozenset()
    states.probed(key, answers=True)
    states.probed(key, answers=False)
    assert states.down == {key}
    states.called(*key, answers=True)
    assert states.down == frozenset()
