"""A delivery that waits for another attempt is sent with the secret of then, and with the same bytes and id."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from switchhook.delivery.authenticating import AuthenticatingSender
from switchhook.delivery.dispatcher import Dispatcher
from switchhook.delivery.oauth import AccessTokens
from switchhook.domain.credentials import Credentials
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.signatures import signer, symmetric_key
from tests.support.delivering import Store
from tests.support.hostile import LOOPBACK, OK, Hostile, Peer, sending
from tests.support.promises import delivery

if TYPE_CHECKING:
    from switchhook.storage.delivery import Delivery
    from tests.delivery.conftest import Play

OLD, NEW = symmetric_key(b"o" * 32), symmetric_key(b"n" * 32)


def dispatching(send: object, store: Store, now: list[Credentials | Failure]) -> Dispatcher:
    """Make a dispatcher whose deliveries have each of these credentials in turn, the last for ever."""

    def credentials_of(_delivery: Delivery) -> Credentials | Failure:
        return now.pop(0) if len(now) > 1 else now[0]

    exchange = send.exchange  # type: ignore[attr-defined]
    return Dispatcher(
        send,  # type: ignore[arg-type]
        store,
        clock=time.time,
        networks_of=lambda _: LOOPBACK,
        policy_of=lambda _: DeliveryPolicy(pauses=(0.05,)),
        credentials_of=credentials_of,
        authenticating=AuthenticatingSender(
            exchange, AccessTokens(exchange, "UA"), clock=time.time
        ),
    )


@pytest.mark.row("T-14")
def test_after_a_rotation_the_next_attempt_is_signed_by_the_new_key(play: Play) -> None:
    async def busy_once(peer: Peer) -> None:
        status = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        await peer.answer(status if peer.number == 1 else OK)

    async def scenario() -> None:
        async with Hostile(busy_once) as server, sending() as sender, AsyncExitStack() as stack:
            store = Store()
            keys = [Credentials(signing_secrets=(key,)) for key in (OLD, NEW)]
            dispatcher = dispatching(sender, store, [*keys])
            await dispatcher.start(stack, (), {})
            dispatcher.dispatch(delivery(url=f"{server.url}/calls"))
            await dispatcher.drain()
            assert [made.status for made in store.recorded] == [503, 200]
            first, second = server.requests
            assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]
            for request, key in ((first, OLD), (second, NEW)):
                head, _, body = request.partition(b"\r\n\r\n")
                lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
                signed = f"{lines['webhook-id']}.{lines['webhook-timestamp']}.".encode() + body
                assert lines["webhook-signature"] == signer(key)(signed)
                assert lines["webhook-id"] == "c1.1.crm"

    play(scenario())


def test_what_an_endpoint_repeats_of_a_secret_is_not_recorded(play: Play) -> None:
    async def repeats(peer: Peer) -> None:
        request = await peer.request()
        await peer.say(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n" % len(request) + request)

    async def scenario() -> None:
        async with Hostile(repeats) as server, sending() as sender, AsyncExitStack() as stack:
            store = Store()
            dispatcher = dispatching(sender, store, [Credentials(token="s3cret-token")])
            await dispatcher.start(stack, (), {})
            dispatcher.dispatch(delivery(url=f"{server.url}/calls"))
            await dispatcher.drain()
            assert b"Bearer s3cret-token" in server.requests[0]
            assert all(b"Bearer ****" in made.answer for made in store.recorded)
            assert all(b"s3cret" not in made.answer for made in store.recorded)

    play(scenario())


def test_a_delivery_that_may_not_have_them_is_recorded_as_not_sent(play: Play) -> None:
    refused = Failure(kind=FailureKind.NOT_SET_UP, detail="The webhook leads elsewhere now.")

    async def scenario() -> None:
        async with Hostile(Peer.freeze) as server, sending() as sender, AsyncExitStack() as stack:
            store = Store()
            dispatcher = dispatching(sender, store, [refused])
            await dispatcher.start(stack, (), {})
            dispatcher.dispatch(delivery(url=f"{server.url}/calls"))
            await dispatcher.drain()
            assert {made.failure for made in store.recorded} == {refused}
            assert server.accepted == 0

    play(scenario())
