"""arq over Redis, polled every 20 ms; aiohttp."""

import asyncio
import sys
from typing import Any

import aiohttp
from arq import create_pool
from arq.connections import RedisSettings
from benchmarks.peers.common import HEADERS, REDIS, TIMEOUT, tasks


async def start(context: dict[str, Any]) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    context["session"] = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=timeout
    )


async def send(context: dict[str, Any], url: str, body: str) -> None:
    async with context["session"].post(url, data=body.encode(), headers=HEADERS) as response:
        await response.read()


class Worker:
    functions = (send,)
    redis_settings = RedisSettings.from_dsn(REDIS)
    on_startup = start
    max_jobs = 100
    max_tries = 1
    keep_result = 0
    poll_delay = 0.02
    queue_read_limit = 1000


async def fill(count: int) -> None:
    pool = await create_pool(Worker.redis_settings)
    waiting = [pool.enqueue_job("send", *task) for task in tasks(count)]
    for begin in range(0, count, 200):
        await asyncio.gather(*waiting[begin : begin + 200])
    await pool.aclose()


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[1])))
