"""A tiny process that promises and dispatches deliveries until it is killed: store, sender and dispatcher.

`python -m tests.support.dispatching <database> <port> promise|resume`. With `promise` it makes ever new
calls and prints the ids of a call's deliveries as soon as their commit has returned; with `resume` it
dispatches what is pending and ends.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.dispatcher import Dispatcher
from switchhook.delivery.http.sender import Sender
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.promises import call, delivery, record

if TYPE_CHECKING:
    from switchhook.storage.delivery import Delivery

WEBHOOKS = ("crm", "erp", "bi")
AT_ONCE = 40
"""Calls that are promised at the same time."""


async def main(database: Path, port: int, *, promises: bool) -> None:
    """Carry what is pending, and promise more if asked."""
    async with AsyncExitStack() as stack:
        store = await SqliteStore.open(database)
        stack.push_async_callback(store.close)
        sender = Sender()
        stack.push_async_callback(sender.close)
        networks = AllowedNetworks.parse(["127.0.0.0/8"])
        dispatcher = Dispatcher(sender, store, clock=time.time, networks_of=lambda _: networks)
        await dispatcher.start(
            stack, await store.pending_deliveries(), await store.attempts_of_pending()
        )
        if promises:
            await asyncio.gather(*(promise(store, dispatcher, port) for _ in range(AT_ONCE)))
        await dispatcher.drain()


async def promise(store: SqliteStore, dispatcher: Dispatcher, port: int) -> None:
    """Make calls for ever, each with three events, told to three webhooks."""
    while True:
        name = f"{time.time_ns()}"
        for seq in (1, 2, 3):
            made = tuple(promised(name, seq, webhook, port) for webhook in WEBHOOKS)
            await store.commit(record(call(name), *made))
            sys.stdout.write("".join(f"{one.id}\n" for one in made))
            sys.stdout.flush()
            dispatcher.dispatch(*made)


def promised(call_id: str, seq: int, webhook: str, port: int) -> Delivery:
    """Return a delivery to the sink at `port`, with a body that no other has."""
    body = f'{{"id": "{call_id}.{seq}.{webhook}", "made": {time.time_ns()}}}'.encode()
    return delivery(
        call_id, seq, webhook=webhook, url=f"http://127.0.0.1:{port}/{webhook}", body=body
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), promises=sys.argv[3] == "promise"))
