"""Telephones of others (SIPp) go through every kind of call, and nothing of any call is left behind."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import Trunk
from switchhook.domain.scheme import AskStep
from switchhook.sip.auth.digest import Ha1, digest
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
from tests.support.sipp import Sipp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from switchhook.domain.project import ProjectSnapshot

pytestmark = pytest.mark.slow

CUSTOMER = "380441112233"
TCP = ("-t", "t1")
ANSWERED = ["answered by caller"]


class Stage:
    """Callees that are there, and callers that come."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self.callees: list[Sipp] = []

    def callee(self, scenario: str, *arguments: str, **words: str) -> Sipp:
        """Put a telephone there that takes one call."""
        sipp = Sipp(self.directory, scenario, "-m", "1", *arguments, replace=words)
        self._stack.enter_context(sipp)
        self.callees.append(sipp)
        return sipp

    def person(
        self, *, answers: str = ".*", busy: str = "none", delay: int = 50, hold: int = 60_000
    ) -> Sipp:
        """Put somebody there who rings and then answers, is busy, or neither."""
        words = {"ANSWERS": answers, "BUSY": busy, "DELAY": str(delay), "HOLD": str(hold)}
        return self.callee("e2e_callee", **words)

    async def call(
        self, office: Office, scenario: str = "e2e_caller", *arguments: str, **words: str
    ) -> Sipp:
        """Let somebody call, and see all telephones through to their ends."""
        caller = await self.caller(office, scenario, *arguments, **words)
        for sipp in (caller, *self.callees):
            assert await asyncio.to_thread(sipp.wait, 30) == 0, sipp.complaints()
        await office.quiet()
        return caller

    async def caller(self, office: Office, scenario: str, *arguments: str, **words: str) -> Sipp:
        """Let somebody begin to call."""
        caller = Sipp(
            self.directory,
            scenario,
            *("-m", "1", "-d", "200", *arguments, f"127.0.0.1:{office.port}"),
            injection=f"SEQUENTIAL\n{DIALLED};{CUSTOMER};\n",
            replace=words,
        )
        self._stack.callback(caller.stop)
        await asyncio.to_thread(caller.start)
        return caller


@pytest.fixture(name="stage")
def staged(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


def play(
    stage: Stage,
    snapshot: ProjectSnapshot,
    scenario: str = "e2e_caller",
    *arguments: str,
    memory: Memory | None = None,
    words: Mapping[str, str] | None = None,
) -> list[str]:
    """Play one call and return how it ended."""

    async def main() -> list[str]:
        async with open_office(snapshot, memory=memory) as office:
            await stage.call(office, scenario, *arguments, **(words or {}))
            return office.ends

    return run(main(), deadline=60)


# Calls


def test_a_plain_call(stage: Stage) -> None:
    callee = stage.person()

    assert play(stage, shop(ring(address(callee.port)))) == ANSWERED
    invite = callee.received("INVITE")[0]
    assert invite.header("Max-Forwards") == "69"
    assert f"sip:{CUSTOMER}@127.0.0.1" in invite.header("From")


def test_the_callee_hangs_up(stage: Stage) -> None:
    callee = stage.person(hold=300)

    ends = play(stage, shop(ring(address(callee.port))), "e2e_caller_waits")

    assert ends == ["answered by callee"]


def test_a_delayed_offer(stage: Stage) -> None:
    callee = stage.callee("sip_callee_delayed")

    assert play(stage, shop(ring(address(callee.port))), "sip_caller_delayed") == ANSWERED


def test_both_sides_change_the_call(stage: Stage) -> None:
    callee = stage.callee("sip_callee_holds")

    assert play(stage, shop(ring(address(callee.port))), "sip_caller_holds") == ANSWERED


def test_early_media_reaches_the_caller(stage: Stage) -> None:
    callee = stage.callee("sip_callee_early")

    assert play(stage, shop(ring(address(callee.port))), "sip_caller_early") == ANSWERED


def test_all_ring_and_the_losers_learn_that_it_was_answered_elsewhere(stage: Stage) -> None:
    first, second = stage.person(answers="none"), stage.person(delay=300)
    third = stage.person(answers="none")
    snapshot = shop(ring(*(address(sipp.port) for sipp in (first, second, third))))

    assert play(stage, snapshot) == ANSWERED
    for loser in (first, third):
        (cancel,) = loser.received("CANCEL")
        assert cancel.header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_one_after_another(stage: Stage) -> None:
    busy, silent, answering = (
        stage.person(busy=".*"),
        stage.person(answers="none"),
        stage.person(),
    )
    targets = [address(sipp.port) for sipp in (busy, silent, answering)]

    assert play(stage, shop(ring(*targets, timeout=0.5, in_turn=True))) == ANSWERED
    (cancel,) = silent.received("CANCEL")
    assert "No answer in time" in cancel.header("Reason")


def test_everybody_is_busy(stage: Stage) -> None:
    callee = stage.person(busy=".*")
    snapshot = shop(ring(address(callee.port)))

    assert play(stage, snapshot, "e2e_caller_refused", words={"STATUS": "486"}) == [
        "busy by system"
    ]


def test_nobody_answers_in_time(stage: Stage) -> None:
    callee = stage.person(answers="none")
    snapshot = shop(ring(address(callee.port), timeout=0.5))

    assert play(stage, snapshot, "e2e_caller_refused", words={"STATUS": "480"}) == [
        "missed by system"
    ]


# Giving up


@pytest.mark.parametrize(("callee", "wait"), [("e2e_callee", "400"), ("sip_callee_silent", "300")])
def test_the_caller_gives_up(stage: Stage, callee: str, wait: str) -> None:
    words = {"ANSWERS": "none", "BUSY": "none", "DELAY": "0", "HOLD": "0"}
    phone = stage.callee(callee, **words)

    ends = play(stage, shop(ring(address(phone.port))), "sip_caller_cancels", words={"WAIT": wait})

    assert ends == ["cancelled by caller"]
    (cancel,) = phone.received("CANCEL")
    assert cancel.header("Reason") == 'SIP;cause=487;text="Caller hung up"'


def test_the_callee_picks_up_just_when_it_is_cancelled(stage: Stage) -> None:
    phone = stage.callee("sip_callee_crosses")
    snapshot = shop(ring(address(phone.port)))

    assert play(stage, snapshot, "sip_caller_cancels", words={"WAIT": "300"}) == [
        "cancelled by caller"
    ]


def test_the_caller_gives_up_while_the_webhook_is_asked(stage: Stage) -> None:
    memory = Memory(answers_after=5.0)
    snapshot = shop(AskStep(webhook="crm"))

    ends = play(stage, snapshot, "sip_caller_cancels", memory=memory, words={"WAIT": "300"})

    assert ends == ["cancelled by caller"]


# Trunks and accounts


@pytest.mark.parametrize(
    ("status", "asks", "answers"),
    [
        ("401", "WWW-Authenticate", "Authorization"),
        ("407", "Proxy-Authenticate", "Proxy-Authorization"),
    ],
)
def test_a_trunk_that_asks_for_a_password(
    stage: Stage, status: str, asks: str, answers: str
) -> None:
    callee = stage.callee("sip_callee_challenges", STATUS=status, ASKS=asks, ANSWERS=answers)
    trunk = Trunk(
        name="carrier",
        host="127.0.0.1",
        port=callee.port,
        username="us",
        password="trunk-secret",
        sources=("127.0.0.1/32",),
    )

    assert play(stage, shop(ring(number("+380501112233")), trunk=trunk)) == ANSWERED
    proven = callee.received("INVITE")[1]
    assert proven.dialled == "+380501112233"
    assert is_right(proven.header(answers))


def is_right(proof: str) -> bool:
    """Compute the digest once more (RFC 7616 §3.4.1)."""
    fields = {
        name.strip(): value.strip('"')
        for name, _, value in (part.partition("=") for part in proof[7:].split(","))
    }
    ha1 = Ha1.of("us", "carrier", "trunk-secret").md5
    return fields["response"] == digest(
        "MD5",
        ha1,
        method="INVITE",
        nonce=fields["nonce"],
        uri=fields["uri"],
        qop=fields["qop"],
        nc=fields["nc"],
        cnonce=fields["cnonce"],
    )


def test_a_trunk_that_asks_those_who_have_none(stage: Stage) -> None:
    callee = stage.person(busy="none", answers="none")
    trunk = Trunk(name="carrier", host="127.0.0.1", port=callee.port, sources=("127.0.0.1",))
    snapshot = shop(ring(number("380501112233"), timeout=0.3), trunk=trunk)

    assert play(stage, snapshot, "e2e_caller_refused", words={"STATUS": "480"}) == [
        "missed by system"
    ]


def test_every_telephone_of_an_account_rings_and_the_first_wins(stage: Stage) -> None:
    silent, answering = stage.person(answers="none"), stage.person(delay=300)

    async def main() -> list[str]:
        async with open_office(shop(ring(account("mary")))) as office:
            for phone in (silent, answering):
                words = {"LOGIN": "mary", "PASSWORD": PASSWORD, "PHONE": str(phone.port)}
                registering = await stage.caller(office, "e2e_register", **words)
                assert await asyncio.to_thread(registering.wait) == 0, registering.complaints()
            await stage.call(office)
            return office.ends

    assert run(main(), deadline=60) == ANSWERED
    (cancel,) = silent.received("CANCEL")
    assert "elsewhere" in cancel.header("Reason")
    assert len(answering.received("INVITE")) == 1


# The way


@pytest.mark.parametrize("caller", ["e2e_caller", "sip_caller_routes"])
def test_proxies_that_want_to_stay_in_the_way_do(stage: Stage, caller: str) -> None:
    hold = 300 if caller == "sip_caller_routes" else 60_000
    routes = caller == "e2e_caller"
    callee = stage.callee("sip_callee_routes") if routes else stage.person(hold=hold)

    ends = play(stage, shop(ring(address(callee.port))), caller)

    assert ends == (ANSWERED if routes else ["answered by callee"])


def test_a_caller_over_tcp(stage: Stage) -> None:
    callee = stage.person()

    assert play(stage, shop(ring(address(callee.port))), "e2e_caller", *TCP) == ANSWERED
    assert callee.received("INVITE")[0].header("Via").startswith("SIP/2.0/UDP")


def test_a_callee_over_tcp(stage: Stage) -> None:
    words = {"ANSWERS": ".*", "BUSY": "none", "DELAY": "50", "HOLD": "60000"}
    callee = stage.callee("e2e_callee", *TCP, **words)

    assert play(stage, shop(ring(address(callee.port, rest=";transport=tcp")))) == ANSWERED
    assert callee.received("INVITE")[0].header("Via").startswith("SIP/2.0/TCP")


# Registering


def registers(
    stage: Stage, scenario: str = "sip_registers", *, password: str = PASSWORD, **words: str
) -> None:
    given = {"LOGIN": "mary", "PASSWORD": password, "EXPIRES": "600", **words}
    play(stage, shop(), scenario, words=given)


def test_a_telephone_registers(stage: Stage) -> None:
    registers(stage, STATUS="200", EXPECT="Contact: &lt;sip:mary@.*expires=600")


def test_a_wrong_password_does_not_register(stage: Stage) -> None:
    registers(stage, password="wrong", STATUS="403", EXPECT="Forbidden")


def test_a_registration_too_short_is_told_the_least(stage: Stage) -> None:
    registers(stage, EXPIRES="5", STATUS="423", EXPECT="Min-Expires: 60")


def test_a_nonce_of_others_is_stale(stage: Stage) -> None:
    ha1 = Ha1.of("mary", "switchhook", PASSWORD).md5
    nonce = "0123456789abcdef"
    response = digest("MD5", ha1, nonce=nonce, method="REGISTER", uri="sip:x")

    registers(stage, "sip_registers_stale", NONCE=nonce, RESPONSE=response)


def test_all_registrations_of_an_account_are_removed(stage: Stage) -> None:
    registers(stage, "sip_unregisters")


# Requests that are not served


@pytest.mark.parametrize(
    ("method", "status", "changes"),
    [
        ("INVITE", "420", {"EXTRA": "Require: 100rel\n", "EXPECT": "Unsupported: 100rel"}),
        ("INVITE", "483", {"HOPS": "0"}),
        ("BYE", "481", {"TAG": ";tag=unknown"}),
        ("INFO", "481", {"TAG": ";tag=unknown"}),
        ("INVITE", "481", {"TAG": ";tag=unknown"}),
        ("SUBSCRIBE", "405", {"EXPECT": "Allow: INVITE"}),
        ("PUBLISH", "405", {}),
        ("BREW", "501", {"EXPECT": "Allow: INVITE"}),
        ("OPTIONS", "200", {"EXPECT": "Accept: application/sdp"}),
    ],
)
def test_what_cannot_be_served_is_refused(
    stage: Stage, method: str, status: str, changes: dict[str, str]
) -> None:
    words = {"METHOD": method, "STATUS": status, "TAG": "", "HOPS": "70", "EXTRA": ""}
    words |= {"EXPECT": "SIP/2.0"} | changes

    assert play(stage, shop(), "sip_asks_wrongly", words=words) == []


def test_a_call_that_comes_by_two_ways_is_merged(stage: Stage) -> None:
    callee = stage.person(answers="none")

    async def main() -> int:
        async with open_office(shop(ring(address(callee.port), timeout=1.0))) as office:
            caller = await stage.caller(office, "sip_asks_twice")
            assert await asyncio.to_thread(caller.wait) == 0, caller.complaints()
            return len(office.memory.calls)

    assert run(main()) == 1


# Overload


def test_a_call_too_many_is_told_when_to_come_again(stage: Stage) -> None:
    async def main() -> None:
        async with open_office(shop(), max_calls=0) as office:
            caller = await stage.caller(office, "e2e_caller_refused", STATUS="503")
            assert await asyncio.to_thread(caller.wait) == 0, caller.complaints()
            (refusal,) = caller.received("503")
            assert refusal.header("Retry-After") == "5"

    run(main())
