"""Names are looked up within a deadline, once for all who ask, and remembered for a while."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.net import resolver as module
from switchhook.sip.net.resolver import SipResolver, UnknownHostError
from switchhook.tasks import spawn
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Answer = list[tuple[int, int, int, str, tuple[str, int]]]


def with_resolver(
    monkeypatch: pytest.MonkeyPatch,
    getaddrinfo: Callable[..., Answer],
    scenario: Callable[[SipResolver], Coroutine[object, object, None]],
) -> None:
    async def main() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        resolver = SipResolver(family=socket.AF_INET)
        try:
            await scenario(resolver)
        finally:
            resolver.close()
            monkeypatch.undo()

    run(main())


def test_addresses_need_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> Answer:
        raise AssertionError("nothing is to be looked up")

    async def scenario(resolver: SipResolver) -> None:
        assert await resolver.addresses("192.0.2.1") == ("192.0.2.1",)
        assert await resolver.addresses("[2001:db8::1]") == ("2001:db8::1",)

    with_resolver(monkeypatch, refuses, scenario)


def test_a_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def finds(host: str, *_: object, **__: object) -> Answer:
        asked.append(host)
        return [(2, 2, 17, "", ("192.0.2.7", 0))]

    async def scenario(resolver: SipResolver) -> None:
        both = await asyncio.gather(
            resolver.addresses("trunk.test"), resolver.addresses("trunk.test")
        )
        assert set(both) == {("192.0.2.7",)}
        assert await resolver.addresses("trunk.test") == ("192.0.2.7",)

    with_resolver(monkeypatch, finds, scenario)
    assert asked == ["trunk.test"]


def test_a_name_without_address_is_refused_and_that_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def finds_nothing(host: str, *_: object, **__: object) -> Answer:
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    async def scenario(resolver: SipResolver) -> None:
        for _ in range(2):
            with pytest.raises(UnknownHostError, match=r"'nowhere\.test' has no address"):
                await resolver.addresses("nowhere.test")

    with_resolver(monkeypatch, finds_nothing, scenario)
    assert asked == ["nowhere.test"]


def test_a_name_server_that_hangs_does_not_keep_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    def hangs(*_: object, **__: object) -> Answer:
        released.wait(5)
        return [(2, 2, 17, "", ("192.0.2.7", 0))]

    async def scenario(resolver: SipResolver) -> None:
        with pytest.raises(UnknownHostError, match="no name server answered"):
            await resolver.addresses("slow.test")
        released.set()

    monkeypatch.setattr(module, "DEADLINE", 0.02)
    with_resolver(monkeypatch, hangs, scenario)


@pytest.mark.row("FD-13")
def test_names_that_hang_hold_up_neither_proven_ones_nor_the_end_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    def hangs(host: str, *_: object, **__: object) -> Answer:
        if host.startswith("hung"):
            released.wait(5)
        return [(2, 2, 17, "", ("192.0.2.7", 0))]

    async def scenario(resolver: SipResolver) -> None:
        assert await resolver.addresses("trunk.test") == ("192.0.2.7",)
        names = [f"hung{number}.test" for number in range(3 * module.AT_ONCE)]
        hung = [spawn(resolver.addresses(name), name=name) for name in names]
        await asyncio.sleep(0.01)  # they hold what they can hold
        assert await resolver.addresses("trunk.test") == ("192.0.2.7",)
        waiting = [one for one in threading.enumerate() if one.name.startswith("resolve hung")]
        assert [one.daemon for one in waiting] == [True] * module.AT_ONCE
        released.set()
        await asyncio.gather(*hung)

    monkeypatch.setattr(module, "KEEP", 0.0)
    with_resolver(monkeypatch, hangs, scenario)


def test_few_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds(*_: object, **__: object) -> Answer:
        return [(2, 2, 17, "", ("192.0.2.7", 0))]

    async def scenario(resolver: SipResolver) -> None:
        monkeypatch.setattr(module, "MOST", 2)
        for name in ("a.test", "b.test", "c.test"):
            await resolver.addresses(name)
        assert list(resolver._known) == ["b.test", "c.test"]

    with_resolver(monkeypatch, finds, scenario)
