"""dramatiq over Redis; aiohttp in its event loop."""

import sys

import aiohttp
import dramatiq
from benchmarks.peers.common import HEADERS, REDIS, TIMEOUT, tasks
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware.asyncio import AsyncIO

broker = RedisBroker(url=REDIS)
broker.add_middleware(AsyncIO())
dramatiq.set_broker(broker)
sessions = []


@dramatiq.actor(max_retries=0)
async def send(url: str, body: str) -> None:
    if not sessions:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        connector = aiohttp.TCPConnector(limit=0)
        sessions.append(aiohttp.ClientSession(connector=connector, timeout=timeout))
    async with sessions[0].post(url, data=body.encode(), headers=HEADERS) as response:
        await response.read()


if __name__ == "__main__":
    from benchmarks.peers import dramatiq_peer

    for task in tasks(int(sys.argv[1])):
        dramatiq_peer.send.send(*task)
