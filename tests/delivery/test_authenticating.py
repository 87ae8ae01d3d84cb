"""Each attempt is sent with the credentials of its webhook, and nothing else ever holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchhook.delivery.authenticating import AuthenticatingSender
from switchhook.delivery.oauth import AccessTokens
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials, OAuth2
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.signatures import symmetric_key
from tests.support.hostile import LOOPBACK, OK, Hostile, keep_answering, post, saying, sending
from tests.support.oauth import TokenEndpoint

if TYPE_CHECKING:
    from switchhook.delivery.http.sender import Sender
    from switchhook.webhooks.http import Exchange
    from tests.delivery.conftest import Play

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


async def told(
    sender: Sender, url: str, credentials: Credentials, at: float = 1_700_000_000.0, **more: Any
) -> Exchange:
    authenticating = AuthenticatingSender(
        sender.exchange, more.pop("tokens", AccessTokens(sender.exchange, "UA")), clock=lambda: at
    )
    return await authenticating.exchange(
        post(url, b'{"a":1}'),
        credentials,
        project="acme",
        id_="d1",
        deadline=more.pop("deadline", 5.0),
        networks=LOOPBACK,
        keep_alive=False,
        idempotent=True,
    )


def lines(request: bytes) -> dict[str, str]:
    head = request.partition(b"\r\n\r\n")[0].decode()
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:])


@pytest.mark.row("T-14")
def test_another_attempt_has_the_same_body_and_id_and_a_signature_of_its_own(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            credentials = Credentials(signing_secrets=(symmetric_key(b"k" * 32),))
            for at in (1_700_000_000.0, 1_700_000_030.0):
                assert (await told(sender, server.url, credentials, at)).failure is None
            first, second = (lines(request) for request in server.requests)
            assert [one["webhook-id"] for one in (first, second)] == ["d1", "d1"]
            assert first["webhook-timestamp"] == "1700000000"
            assert second["webhook-timestamp"] == "1700000030"
            assert first["webhook-signature"] != second["webhook-signature"]
            bodies = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
            assert bodies == {b'{"a":1}'}

    play(scenario())


def test_the_exchange_holds_the_request_without_credentials(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            url = f"{server.url}/{{secret}}"
            done = await told(sender, url, Credentials(token="t0ken", url_secret="s3cret"))
            assert server.requests[0].startswith(b"POST /s3cret HTTP/1.1\r\n")
            assert done.request == post(url, b'{"a":1}')
            assert {"t0ken", "s3cret"} <= set(done.request.secrets)
            assert "t0ken" not in repr(done)

    play(scenario())


def test_a_place_for_a_secret_that_is_not_there_is_not_sent_to(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            done = await told(sender, f"{server.url}/{{secret}}", NO_CREDENTIALS)
            assert done.failure is not None
            assert done.failure.kind is FailureKind.NOT_SET_UP
            assert server.accepted == 0

    play(scenario())


@pytest.mark.row("T-14")
def test_a_refused_access_token_is_replaced_once(play: Play) -> None:
    async def scenario() -> None:
        async with (
            TokenEndpoint() as endpoint,
            Hostile(saying(REFUSED)) as strict,
            sending() as sender,
        ):
            oauth = OAuth2(token_url=endpoint.url, client_id="us", client_secret="s3cret")
            credentials = Credentials(oauth=oauth)
            tokens = AccessTokens(sender.exchange, "UA")
            done = await told(sender, strict.url, credentials, tokens=tokens)
            assert done.response is not None
            assert done.response.status == 401
            sent = [lines(request)["Authorization"] for request in strict.requests]
            assert sent == ["Bearer token-1", "Bearer token-2"]
            async with Hostile(keep_answering) as server:
                assert (await told(sender, server.url, credentials, tokens=tokens)).failure is None
                assert lines(server.requests[0])["Authorization"] == "Bearer token-2"
            assert len(endpoint.forms) == 2

    play(scenario())


def test_a_401_without_oauth_is_an_answer_like_others(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(saying(REFUSED, OK)) as server, sending() as sender:
            done = await told(sender, server.url, Credentials(token="t"))
            assert done.response is not None
            assert done.response.status == 401
            assert len(server.requests) == 1

    play(scenario())


def test_without_a_token_nothing_is_sent(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server, sending() as sender:
            oauth = OAuth2(token_url="http://127.0.0.1:1/", client_id="us", client_secret="s")
            done = await told(sender, server.url, Credentials(oauth=oauth))
            assert done.failure is not None
            assert done.failure.kind is FailureKind.AUTHENTICATION
            assert server.accepted == 0

    play(scenario())
