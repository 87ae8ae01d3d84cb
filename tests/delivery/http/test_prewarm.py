"""An endpoint in use has a connection waiting for the next ask, at bounded cost, and one not in use has none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.http.errors import ExchangePhase, timed_out
from switchhook.delivery.http.prewarm import FAILURES, Prewarmer
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.limits import HttpLimits
from tests.delivery.http.test_pool import Bench
from tests.delivery.http.test_pool import play as play_bench
from tests.support.hostile import LOOPBACK, Hostile, get, keep_answering, send, sending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.delivery.http.pool import Site
    from tests.delivery.conftest import Play

    Scenario = Callable[["Warming"], Awaitable[None]]


class Warming:
    """Prewarmer over a bench, with a dial that works or not."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.dialled: list[str] = []
        self.works = True
        self.prewarmer = Prewarmer(bench.pool, bench.limits, bench.clock, self.dial)

    async def dial(self, site: Site, networks: AllowedNetworks) -> None:
        assert networks is LOOPBACK
        self.dialled.append(str(site.origin))
        if not self.works:
            raise timed_out(ExchangePhase.CONNECT, "h")
        self.bench.pool.give(site, await self.bench.connection())

    def use(self, name: str = "http://h") -> Site:
        site = self.bench.pool.site(name, LOOPBACK)
        site.is_keeping = True
        self.prewarmer.used(site, LOOPBACK, self.bench.now)
        return site

    async def look(self, seconds: float = 0.0) -> int:
        """Let time pass and look; return how many were opened by then."""
        self.bench.now += seconds
        self.prewarmer.look()
        for _ in range(10):
            await asyncio.sleep(0)
        return len(self.dialled)


def story_of(scenario: Scenario, **limits: float) -> None:
    async def story(bench: Bench) -> None:
        warming = Warming(bench)
        await scenario(warming)
        warming.prewarmer.close()
        assert warming.prewarmer.sites == 0

    play_bench(story, **({"idle_seconds": 4.0} | limits))


@pytest.mark.row("R3-25")
def test_a_successor_is_opened_before_the_waiting_one_is_let_go() -> None:
    async def scenario(warming: Warming) -> None:
        warming.use()
        assert await warming.look() == 1
        assert await warming.look(2.9) == 1
        assert await warming.look(0.2) == 2

    story_of(scenario)


def test_an_endpoint_that_is_asked_no_more_grows_cold() -> None:
    async def scenario(warming: Warming) -> None:
        warming.use()
        await warming.look()
        assert await warming.look(61.0) == 1
        assert warming.prewarmer.sites == 0

    story_of(scenario, prewarm_seconds=60.0)


def test_the_endpoint_asked_longest_ago_makes_room() -> None:
    async def scenario(warming: Warming) -> None:
        for name in ("http://a", "http://b", "http://a", "http://c"):
            warming.use(name)
        await warming.look()
        assert sorted(warming.dialled) == ["a:80", "c:80"]

    story_of(scenario, prewarm_sites=2)


@pytest.mark.parametrize("works", [True, False])
def test_an_endpoint_that_wants_none_is_left_until_it_is_asked_again(*, works: bool) -> None:
    async def scenario(warming: Warming) -> None:
        warming.works = works
        site = warming.use()
        for _ in range(10):
            await warming.look(0.5)
            for connection in site.idle:
                connection.abort()  # its server ended it at once
        tries = len(warming.dialled)
        assert FAILURES <= tries <= FAILURES + 1
        assert warming.prewarmer.sites == 0
        warming.use()
        assert await warming.look() == tries + 1

    story_of(scenario)


def test_an_endpoint_that_keeps_no_connection_is_not_warmed() -> None:
    async def scenario(warming: Warming) -> None:
        site = warming.use()
        warming.bench.pool.give(site, await warming.bench.connection("timeout=1"))
        assert await warming.look() == 0
        assert warming.prewarmer.sites == 0

    story_of(scenario)


@pytest.mark.row("FC-02")
@pytest.mark.parametrize(("keeps", "shown"), [(True, 0), (False, 1)])
def test_an_endpoint_that_has_not_shown_both_is_not_warmed(*, keeps: bool, shown: int) -> None:
    """A connection that waits there would hold up whoever else wants to be served."""

    async def scenario(warming: Warming) -> None:
        site = warming.use()
        site.is_keeping, site.served.shown = keeps, shown
        assert await warming.look() == 0
        site.is_keeping, site.served.shown = True, 1
        assert await warming.look() == 1

    story_of(scenario)


def test_after_the_end_nothing_is_warmed() -> None:
    async def scenario(warming: Warming) -> None:
        warming.prewarmer.close()
        warming.use()
        assert await warming.look() == 0

    story_of(scenario)


@pytest.mark.slow
@pytest.mark.row("R3-25")
@pytest.mark.parametrize("warm", [True, False])
def test_an_ask_after_a_while_finds_a_connection(play: Play, *, warm: bool) -> None:
    async def scenario() -> None:
        limits = HttpLimits(idle_seconds=1.2)
        async with Hostile(keep_answering) as server, sending(limits=limits) as sender:
            assert isinstance(sender, Sender)
            for _ in range(3):  # the second shows that the server serves two connections at once
                exchange = await send(sender, get(server.url), prewarm=warm)
                await asyncio.sleep(1.8)
            assert exchange.reused is warm
            assert (sender.prewarmed > 0, sender.reused) == (warm, 1 if warm else 0)
            assert sender.prewarmed_sites == (1 if warm else 0)
            assert sender.open <= 2

    play(scenario())
