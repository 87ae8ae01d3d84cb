"""taskiq over a Redis stream, which acknowledges; aiohttp."""

import asyncio
import sys

import aiohttp
from benchmarks.peers.common import HEADERS, REDIS, TIMEOUT, tasks
from taskiq import TaskiqEvents
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(url=REDIS)
sessions = []


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(_state: object) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    connector = aiohttp.TCPConnector(limit=0)
    sessions.append(aiohttp.ClientSession(connector=connector, timeout=timeout))


@broker.task
async def send(url: str, body: str) -> None:
    async with sessions[0].post(url, data=body.encode(), headers=HEADERS) as response:
        await response.read()


async def fill(count: int) -> None:
    await broker.startup()
    waiting = [send.kiq(url, body) for url, body in tasks(count)]
    for begin in range(0, count, 200):
        await asyncio.gather(*waiting[begin : begin + 200])
    await broker.shutdown()


if __name__ == "__main__":
    from benchmarks.peers import taskiq_peer

    asyncio.run(taskiq_peer.fill(int(sys.argv[1])))
