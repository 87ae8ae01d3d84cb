"""Idle connections are used last in, first out, and let go before their server lets them go."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.connection import Connection
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.pool import Pool
from switchhook.delivery.http.reader import ResponseReader
from switchhook.delivery.limits import HttpLimits
from tests.support.hostile import LOOPBACK, ManyAtOnce, until
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HERE = "http://h"


class Bench:
    """A pool, a clock that is set by hand, and connections over socket pairs."""

    def __init__(self, **limits: float) -> None:
        self.now = 0.0
        self.limits = HttpLimits(**limits)  # type: ignore[arg-type]  # some are whole numbers
        self.pool = Pool(self.limits, self.clock, ManyAtOnce())
        self.others: list[socket.socket] = []

    def clock(self) -> float:
        return self.now

    async def connection(self, keep_alive: str = "") -> Connection:
        """Make a connection whose exchange is over."""
        ours, other = socket.socketpair()
        self.others.append(other)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(
                ResponseReader(self.limits, "h:80"),
                where="h:80",
                address="",
                clock=self.clock,
                on_lost=lambda _: None,
            ),
            sock=ours,
        )
        connection.over_at = self.now
        connection.reader.keep_alive = keep_alive
        return connection


def play(scenario: Callable[[Bench], Awaitable[None]], **limits: float) -> None:
    async def whole() -> None:
        bench = Bench(**limits)
        await scenario(bench)
        bench.pool.close()
        assert bench.pool.idle == 0
        for other in bench.others:
            other.close()
        await asyncio.sleep(0.01)  # every connection sees its end

    run(whole())


def test_the_one_used_last_is_used_first() -> None:
    async def scenario(bench: Bench) -> None:
        site = bench.pool.site(HERE, LOOPBACK)
        first, second = await bench.connection(), await bench.connection()
        bench.pool.give(site, first)
        bench.pool.give(site, second)
        assert bench.pool.idle == 2
        taken = [bench.pool.take(site, 0.0) for _ in range(3)]
        assert taken == [second, first, None]
        assert bench.pool.idle == 0

    play(scenario)


def test_origins_and_allowed_networks_are_kept_apart() -> None:
    async def scenario(bench: Bench) -> None:
        pool = bench.pool
        site = pool.site(HERE, LOOPBACK)
        pool.give(site, await bench.connection())
        assert pool.site(HERE, LOOPBACK) is site
        for other in (pool.site(HERE, AllowedNetworks()), pool.site("https://h", LOOPBACK)):
            assert pool.take(other, 0.0) is None

    play(scenario)


@pytest.mark.parametrize(
    ("keep_alive", "seconds"),
    [
        ("", 4),
        ("timeout=15, max=100", 14),
        ("max=100; Timeout=15", 14),
        ('timeout="15"', 14),
        ("timeout=5", 4),
        ("timeout=2", 1),
        ("timeout=1", 0),
        ("timeout=0", 0),
        ("timeout=999999", 60),
        ("timeout=x", 4),
        ("max=3", 4),
    ],
)
def test_a_connection_waits_as_long_as_its_server_does_less_a_second(
    keep_alive: str, seconds: int
) -> None:
    async def scenario(bench: Bench) -> None:
        site = bench.pool.site(HERE, LOOPBACK)
        bench.now = 100.0
        connection = await bench.connection(keep_alive)
        bench.pool.give(site, connection)
        if not seconds:
            assert connection.is_lost
        elif seconds > 1:
            bench.pool.give(site, await bench.connection(keep_alive))
            assert bench.pool.take(site, 100.0 + seconds - 0.01) is not None
        assert bench.pool.take(site, 100.0 + seconds) is None
        assert bench.pool.idle == 0

    play(scenario)


def test_a_sweep_ends_what_waited_too_long_and_forgets_what_is_lost() -> None:
    async def scenario(bench: Bench) -> None:
        site = bench.pool.site(HERE, LOOPBACK)
        old, lost = await bench.connection(), await bench.connection()
        bench.pool.give(site, old)
        bench.now = 3.0
        bench.pool.give(site, lost)
        young = await bench.connection()
        bench.pool.give(site, young)
        lost.abort()
        bench.now = 4.0
        bench.pool.sweep()
        assert bench.pool.idle == 1
        assert old.is_lost
        assert bench.pool.take(site, bench.now) is young

    play(scenario)


def test_a_silent_connection_is_looked_at_before_it_is_used() -> None:
    async def scenario(bench: Bench) -> None:
        site = bench.pool.site(HERE, LOOPBACK)
        ended, speaking, well = [await bench.connection() for _ in range(3)]
        for connection in (well, ended, speaking):
            bench.pool.give(site, connection)
        bench.others[0].close()
        bench.others[1].send(b"unasked")
        # The loop has not turned since, so only a look tells.
        assert bench.pool.take(site, 1.0) is well
        assert ended.is_lost
        assert speaking.is_lost

    play(scenario)


def test_bounds_hold_per_origin_and_in_all() -> None:
    async def scenario(bench: Bench) -> None:
        pool = bench.pool
        for text in (HERE, "http://other", "http://third"):
            site = pool.site(text, LOOPBACK)
            for _ in range(3):
                pool.give(site, await bench.connection())
        assert pool.idle == 3

    play(scenario, idle_per_origin=2, idle_total=3)


def test_what_is_given_back_after_the_end_is_not_kept() -> None:
    async def scenario(bench: Bench) -> None:
        site = bench.pool.site(HERE, LOOPBACK)
        bench.pool.close()
        connection = await bench.connection()
        bench.pool.give(site, connection)
        assert connection.is_lost

    play(scenario)


def test_sites_without_connections_are_forgotten_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("switchhook.delivery.http.pool._SITES_KEPT", 3)

    async def scenario(bench: Bench) -> None:
        pool = bench.pool
        used = pool.site(HERE, LOOPBACK)
        pool.give(used, await bench.connection())
        unused = pool.site("http://unused", LOOPBACK)
        for number in range(5):
            pool.site(f"http://h{number}", LOOPBACK)
        assert pool.site(HERE, LOOPBACK) is used
        assert unused.is_dropped

    play(scenario)


def test_a_url_that_cannot_be_used_has_no_site() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(ExchangeError):
            bench.pool.site("ftp://h", LOOPBACK)

    play(scenario)


def test_it_sweeps_by_itself_while_anything_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.delivery.http.pool._SWEEP_SECONDS", 0.01)

    async def scenario(bench: Bench) -> None:
        connection = await bench.connection()
        bench.pool.give(bench.pool.site(HERE, LOOPBACK), connection)
        await asyncio.sleep(0.03)
        assert not connection.is_lost
        bench.now = 5.0
        await until(lambda: connection.is_lost)
        assert bench.pool.idle == 0

    play(scenario)
