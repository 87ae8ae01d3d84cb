"""Names are looked up once for all who ask, for as long as they may, and not again for a while."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.resolver import ResolvedAddress, Resolver, look_up
from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind
from switchhook.tasks import spawn
from tests.support.hostile import Names, rows
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.hostnames import AddressInfo


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def shown(resolver: Resolver, host: str, port: int = 80) -> list[str]:
    return [str(place) for place in await resolver.places(host, port, seconds=5.0)]


async def fault(resolver: Resolver, host: str, *, seconds: float = 5.0) -> tuple[FailureKind, str]:
    with pytest.raises(ExchangeError) as caught:
        await resolver.places(host, 80, seconds=seconds)
    return caught.value.failure.kind, caught.value.failure.detail


def test_a_numeric_address_is_not_looked_up() -> None:
    async def scenario() -> None:
        names = Names()
        resolver = Resolver(HttpLimits(), Clock(), names)
        assert await shown(resolver, "203.0.113.9", 8080) == ["203.0.113.9:8080"]
        assert await shown(resolver, "2001:db8::1") == ["[2001:db8::1]:80"]
        assert names.asked == []

    run(scenario())


def test_families_take_turns_and_doubles_are_dropped() -> None:
    async def resolve(_host: str, port: int) -> list[AddressInfo]:
        await asyncio.sleep(0)
        return rows(port, "2a00::1", "2a00::2", "2a00::1", "2a00::3", "192.0.2.1", "192.0.2.2")

    async def scenario() -> None:
        places = await shown(Resolver(HttpLimits(), Clock(), resolve), "h")
        assert [place[:-3] for place in places] == ["[2a00::1]", "192.0.2.1", "[2a00::2]", "192.0.2.2", "[2a00::3]"]  # fmt: skip

    run(scenario())


def test_what_was_found_is_remembered_for_a_while() -> None:
    async def scenario() -> None:
        clock = Clock()
        names = Names(h=["192.0.2.1", "192.0.2.2"])
        resolver = Resolver(HttpLimits(dns_cache_seconds=30), clock, names)
        assert await shown(resolver, "h") == ["192.0.2.1:80"]
        clock.now += 29
        assert await shown(resolver, "h") == ["192.0.2.1:80"]
        clock.now += 1
        assert await shown(resolver, "h") == ["192.0.2.2:80"]
        assert names.asked == ["h", "h"]

    run(scenario())


def test_what_was_not_found_is_remembered_for_less() -> None:
    async def scenario() -> None:
        clock = Clock()
        names = Names()
        resolver = Resolver(HttpLimits(dns_failure_seconds=3), clock, names)
        for seconds in (0, 2, 1):
            clock.now += seconds
            kind, detail = await fault(resolver, "nowhere.example")
            assert kind is FailureKind.DNS
            assert detail.startswith("nowhere.example: ")
        assert len(names.asked) == 2

    run(scenario())


def test_a_place_that_let_us_in_comes_first_and_a_forgotten_name_is_asked_again() -> None:
    async def scenario() -> None:
        names = Names(h=[["192.0.2.1", "192.0.2.2"]])
        resolver = Resolver(HttpLimits(), Clock(), names)
        _, second = await resolver.places("h", 80, seconds=5.0)
        resolver.prefer("h", 80, second)
        assert await shown(resolver, "h") == ["192.0.2.2:80", "192.0.2.1:80"]
        resolver.forget("h", 80)
        assert await shown(resolver, "h") == ["192.0.2.1:80", "192.0.2.2:80"]
        assert len(names.asked) == 2
        resolver.prefer("unknown", 80, second)
        resolver.forget("unknown", 80)

    run(scenario())


def test_many_who_ask_for_a_name_cause_one_look_up() -> None:
    async def scenario() -> None:
        names = Names(h=["192.0.2.1"])
        resolver = Resolver(HttpLimits(), Clock(), names)
        await asyncio.gather(*(shown(resolver, "h") for _ in range(50)))
        assert names.asked == ["h"]

    run(scenario())


@pytest.mark.alone
def test_a_name_that_hangs_ends_in_time_and_holds_up_no_other() -> None:
    stuck = asyncio.Event()

    async def resolve(host: str, port: int) -> Sequence[AddressInfo]:
        if host == "hangs":
            await stuck.wait()
        return rows(port, "192.0.2.1")

    async def scenario() -> None:
        resolver = Resolver(HttpLimits(dns_seconds=0.05, dns_threads=2), Clock(), resolve)
        began = time.monotonic()
        hung = asyncio.gather(*(fault(resolver, "hangs") for _ in range(20)))
        assert await shown(resolver, "h") == ["192.0.2.1:80"]
        assert {kind for kind, _ in await hung} == {FailureKind.DNS_TIMEOUT}
        assert (await fault(resolver, "hangs", seconds=0.01))[0] is FailureKind.DNS_TIMEOUT
        assert time.monotonic() - began < 0.25
        stuck.set()
        assert await shown(resolver, "hangs") == ["192.0.2.1:80"]

    run(scenario())


@pytest.mark.row("FD-13")
def test_names_that_hang_hold_up_none_that_had_an_address_last_time() -> None:
    stuck = asyncio.Event()

    async def resolve(host: str, port: int) -> Sequence[AddressInfo]:
        if host.startswith("hangs"):
            await stuck.wait()
        return rows(port, "192.0.2.1")

    async def scenario() -> None:
        clock = Clock()
        resolver = Resolver(HttpLimits(dns_threads=2), clock, resolve)
        assert await shown(resolver, "h") == ["192.0.2.1:80"]
        for number in range(5):
            spawn(fault(resolver, f"hangs{number}"), name="hangs")
        await asyncio.sleep(0)
        clock.now += 3_600.0
        assert await shown(resolver, "h") == ["192.0.2.1:80"]
        stuck.set()
        resolver.close()

    run(scenario(), deadline=4)


def test_one_who_gives_up_takes_the_answer_from_nobody_else() -> None:
    async def scenario() -> None:
        resolver = Resolver(HttpLimits(), Clock(), Names(h=["192.0.2.1"]))
        hasty = spawn(shown(resolver, "h"), name="hasty")
        patient = spawn(shown(resolver, "h"), name="patient")
        await asyncio.sleep(0)
        hasty.cancel()
        assert await patient == ["192.0.2.1:80"]
        assert hasty.cancelled()

    run(scenario())


def test_closing_ends_the_waiting() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[AddressInfo]:
        await asyncio.Event().wait()
        raise AssertionError

    async def scenario() -> None:
        resolver = Resolver(HttpLimits(), Clock(), resolve)
        waiting = spawn(fault(resolver, "h"), name="waits")
        await asyncio.sleep(0.01)
        resolver.close()
        assert (await waiting)[0] is FailureKind.DNS_TIMEOUT

    run(scenario())


def test_a_resolver_without_rows_found_nothing() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[AddressInfo]:
        await asyncio.sleep(0)
        return ()

    async def scenario() -> None:
        assert (await fault(Resolver(HttpLimits(), Clock(), resolve), "h"))[0] is FailureKind.DNS

    run(scenario())


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001"])
def test_the_system_reads_other_spellings_of_an_address(host: str) -> None:
    async def scenario() -> None:
        places = await Resolver(HttpLimits(), time.monotonic, None).places(host, 80, seconds=5.0)
        assert [place.ip for place in places] == ["127.0.0.1"]

    run(scenario())


def test_the_system_s_refusal_is_a_value_too() -> None:
    async def scenario() -> None:
        resolver = Resolver(HttpLimits(), time.monotonic, None)
        assert (await fault(resolver, f"{'a' * 64}.example"))[0] is FailureKind.DNS

    run(scenario())


def test_a_thread_that_hangs_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_: object, **__: object) -> list[AddressInfo]:
        release.wait(10)
        return rows(80, "192.0.2.1")

    async def scenario() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", hang)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await look_up("h", 80)

    run(scenario())
    hanging = [thread for thread in threading.enumerate() if thread.name == "resolve h"]
    assert [thread.daemon for thread in hanging] == [True]
    release.set()
    hanging[0].join(5)


def test_a_zone_is_no_part_of_the_address_that_is_judged() -> None:
    place = ResolvedAddress(family=socket.AF_INET6, sockaddr=("fe80::1%lo", 80, 0, 1))
    assert (place.ip, str(place)) == ("fe80::1", "[fe80::1]:80")


def test_an_address_that_was_chosen_stays_first_while_the_name_has_it() -> None:
    async def scenario() -> None:
        clock = Clock()
        names = Names(
            two_example=[["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"], ["192.0.2.3"]]
        )
        resolver = Resolver(HttpLimits(), clock, names)
        _, second = await resolver.places("two.example", 80, seconds=5.0)
        resolver.prefer("two.example", 80, second)
        assert await shown(resolver, "two.example") == ["192.0.2.2:80", "192.0.2.1:80"]
        clock.now += 1000
        assert await shown(resolver, "two.example") == ["192.0.2.2:80", "192.0.2.1:80"]
        clock.now += 1000
        assert await shown(resolver, "two.example") == ["192.0.2.3:80"]
        assert len(names.asked) == 3

    run(scenario())
