"""An access token is fetched once for all who wait, kept while it holds, and renewed; what is new is stored first."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from switchhook.delivery.oauth import AccessTokens, read_token, token_request
from switchhook.domain.credentials import ClientAuthentication, OAuth2
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.http import Exchange, HttpResponse
from tests.support.hostile import LOOPBACK, Hostile, Peer, saying, sending
from tests.support.oauth import RefreshTokenNotes, TokenEndpoint
from tests.support.ports import free_port

if TYPE_CHECKING:
    from tests.delivery.conftest import Play


def oauth(**changes: Any) -> OAuth2:
    settings = {
        "token_url": "https://login.example/token",
        "client_id": "us@x",
        "client_secret": "s3cret",
    }
    return OAuth2(**(settings | changes))


def form(request: Any) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode()))


@pytest.mark.row("T-14")
def test_client_credentials_go_out_as_basic_or_in_the_form() -> None:
    request = token_request(oauth(client_secret="a:b/ü", scope="a b"), "", "UA")
    pair = b64encode(b"us%40x:a%3Ab%2F%C3%BC").decode()
    assert request.url == "https://login.example/token"
    assert dict(request.headers)["Authorization"] == f"Basic {pair}"
    assert form(request) == {"grant_type": "client_credentials", "scope": "a b"}
    in_body = oauth(client_authentication=ClientAuthentication.BODY, audience="crm")
    request = token_request(in_body, "", "UA")
    assert "Authorization" not in dict(request.headers)
    assert form(request) == {
        "grant_type": "client_credentials",
        "audience": "crm",
        "client_id": "us@x",
        "client_secret": "s3cret",
    }


def test_a_refresh_token_goes_before_client_credentials() -> None:
    request = token_request(oauth(client_secret="", refresh_token="first"), "latest", "UA")
    assert form(request) == {
        "grant_type": "refresh_token",
        "refresh_token": "latest",
        "client_id": "us@x",
    }


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (
            400,
            '{"error":"invalid_client","error_description":"no s3cret!"}',
            "answered 400 (invalid_client: no ****!). Check client_id, client_secret and client_authentication of oauth",
        ),
        (503, "<html>", "answered 503. The fault is its own, and it may work later"),
        (
            400,
            '{"error":"invalid_grant"}',
            "answered 400 (invalid_grant). What it gave before holds no longer: log in there anew, and write the new refresh_token",
        ),
        (302, "", "answered 302. Redirects are not followed: set token_url to where it leads"),
        (
            404,
            "no such page",
            "answered 404. Check token_url, client_id, client_secret and client_authentication of oauth",
        ),
        (
            400,
            '{"error":["invalid_client"]}',
            "answered 400. Check token_url, client_id, client_secret and client_authentication of oauth",
        ),
        (204, "", "answered 204"),
        (200, "<html>", "answered 200, but with no access_token in JSON"),
        (200, "[]", "answered 200, but with no access_token in JSON"),
        (200, '{"access_token":7}', "answered 200, but with no access_token in JSON"),
        (200, '{"access_token":"a b"}', "answered 200, but with no access_token in JSON"),
        (200, '{"access_token":"a\\r\\nX: y"}', "answered 200, but with no access_token in JSON"),
        (
            200,
            '{"access_token":"a","token_type":"mac"}',
            "gave a token of another type than Bearer",
        ),
        (200, "[" * 5000, "answered 200, but with no access_token in JSON"),
    ],
)
def test_what_is_no_token_is_a_failure_that_says_why(status: int, body: str, why: str) -> None:
    response = HttpResponse(status=status, reason="", headers=(), body=body.encode())
    request = token_request(oauth(), "", "UA")
    got = read_token(oauth(), Exchange(request=request, response=response, failure=None), "")
    assert got == Failure(
        kind=FailureKind.AUTHENTICATION, detail=f"The token endpoint login.example {why}."
    )


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("3600", 3600.0),
        ('"60"', 60.0),
        ("-1", None),
        ('"soon"', None),
        ("null", None),
        ("1e99", None),
        pytest.param("9" * 400, None, id="400 digits"),
    ],
)
def test_how_long_it_holds_is_read_as_servers_write_it(told: str, seconds: float | None) -> None:
    body = f'{{"access_token":"a","expires_in":{told}}}'
    response = HttpResponse(status=200, reason="", headers=(), body=body.encode())
    request = token_request(oauth(), "", "UA")
    got = read_token(oauth(), Exchange(request=request, response=response, failure=None), "")
    assert not isinstance(got, Failure)
    assert got.seconds == seconds


@pytest.mark.parametrize(
    "said",
    ["{plain}", "x{plain}", "client_secret={quoted}", "{basic}", "{cut}{plain}"],
    ids=["plain", "behind", "form", "basic", "cut"],
)
def test_a_refusal_repeats_no_secret_in_any_form_that_was_sent(said: str) -> None:
    source = oauth(client_id="a", client_secret="S3KRET 1&/=")
    forms = {
        "plain": "S3KRET 1&/=",
        "quoted": "S3KRET+1%26%2F%3D",
        "basic": b64encode(b"a:S3KRET+1%26%2F%3D").decode(),
        "cut": "x" * 193,
    }
    body = msgspec.json.encode({"error": said.format(**forms)})
    response = HttpResponse(status=400, reason="", headers=(), body=body)
    request = token_request(source, "", "UA")
    got = read_token(source, Exchange(request=request, response=response, failure=None), "")
    assert isinstance(got, Failure)
    assert "S3KRET" not in got.detail
    assert forms["basic"] not in got.detail


def test_an_interruption_stays_one() -> None:
    stopped = Failure(kind=FailureKind.INTERRUPTED, detail="x")
    exchange = Exchange(request=token_request(oauth(), "", "UA"), response=None, failure=stopped)
    assert read_token(oauth(), exchange, "") is stopped


@pytest.mark.row("T-14")
def test_those_who_wait_share_one_token_until_it_is_refused(play: Play) -> None:
    async def scenario() -> None:
        async with TokenEndpoint() as endpoint, sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            source = oauth(token_url=endpoint.url)

            async def token() -> str | Failure:
                return await tokens.token("acme", source, LOOPBACK, seconds=5)

            assert await asyncio.gather(*(token() for _ in range(20))) == ["token-1"] * 20
            assert await token() == "token-1"
            tokens.refuse("acme", source, "token-0")
            assert await token() == "token-1"
            tokens.refuse("acme", source, "token-1")
            assert await asyncio.gather(*(token() for _ in range(20))) == ["token-2"] * 20
            assert await tokens.token("other", source, LOOPBACK, seconds=5) == "token-3"

    play(scenario())


def test_another_client_secret_is_used_at_once_and_goes_on_with_the_refresh_token(
    play: Play,
) -> None:
    async def scenario() -> None:
        async with TokenEndpoint(rotates=True) as endpoint, sending() as sender:
            notes = RefreshTokenNotes()
            tokens = AccessTokens(sender.exchange, "UA", notes)
            in_body = ClientAuthentication.BODY
            for secret in ("old", "old", "new"):
                source = oauth(
                    token_url=endpoint.url,
                    refresh_token="first",
                    client_secret=secret,
                    client_authentication=in_body,
                )
                await tokens.token("acme", source, LOOPBACK, seconds=5)
            assert endpoint.given("client_secret") == ["old", "new"]
            assert endpoint.given("refresh_token") == ["first", "refresh-1"]

    play(scenario())


def test_what_is_wrong_with_the_token_endpoint_is_not_said_of_the_webhook(play: Play) -> None:
    async def scenario() -> None:
        async with sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            for url in (f"http://127.0.0.1:{free_port()}/token", "https://[bad/"):
                got = await tokens.token("acme", oauth(token_url=url), LOOPBACK, seconds=5)
                assert isinstance(got, Failure)
                assert "token_url" in got.detail
                assert "webhook" not in got.detail

    play(scenario())


def test_a_token_that_holds_no_longer_is_fetched_anew(play: Play) -> None:
    async def scenario() -> None:
        async with TokenEndpoint(expires_in=0.02) as endpoint, sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            source = oauth(token_url=endpoint.url)
            assert await tokens.token("acme", source, LOOPBACK, seconds=5) == "token-1"
            await asyncio.sleep(0.05)
            assert await tokens.token("acme", source, LOOPBACK, seconds=5) == "token-2"

    play(scenario())


@pytest.mark.row("T-14")
def test_a_new_refresh_token_is_stored_before_the_access_token_is_used(play: Play) -> None:
    async def scenario() -> None:
        async with TokenEndpoint(rotates=True) as endpoint, sending() as sender:
            notes = RefreshTokenNotes()
            source = oauth(token_url=endpoint.url, refresh_token="first")
            tokens = AccessTokens(sender.exchange, "UA", notes)
            assert await tokens.token("acme", source, LOOPBACK, seconds=5) == "token-1"
            assert list(notes.kept.values()) == ["refresh-1"]
            again = AccessTokens(sender.exchange, "UA", notes)  # after a restart
            assert await again.token("acme", source, LOOPBACK, seconds=5) == "token-2"
            assert endpoint.given("refresh_token") == ["first", "refresh-1"]
            other = oauth(token_url=endpoint.url, refresh_token="anew")
            await again.token("acme", other, LOOPBACK, seconds=5)
            assert endpoint.given("refresh_token")[-1] == "anew"

    play(scenario())


def test_a_try_out_leaves_refresh_tokens_alone(play: Play) -> None:
    async def scenario() -> None:
        async with TokenEndpoint(rotates=True) as endpoint, sending() as sender:
            source = oauth(token_url=endpoint.url, refresh_token="first")
            got = await AccessTokens(sender.exchange, "UA").token(
                "acme", source, LOOPBACK, seconds=5
            )
            assert isinstance(got, Failure)
            assert "it would use up the refresh token" in got.detail
            assert endpoint.forms == []

    play(scenario())


def test_the_address_guard_holds_for_token_endpoints(play: Play) -> None:
    async def scenario() -> None:
        async with TokenEndpoint() as endpoint, sending() as sender:
            from switchhook.delivery.allowed_networks import AllowedNetworks  # noqa: PLC0415

            source = oauth(token_url=endpoint.url)
            tokens = AccessTokens(sender.exchange, "UA")
            got = await tokens.token("acme", source, AllowedNetworks(), seconds=5)
            assert isinstance(got, Failure)
            assert "was not connected to" in got.detail
            assert endpoint.forms == []

    play(scenario())


def test_a_silent_token_endpoint_costs_who_waits_no_more_than_their_time(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.freeze) as server, sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            source = oauth(token_url=f"{server.url}/token")
            got = await tokens.token("acme", source, LOOPBACK, seconds=0.05)
            assert isinstance(got, Failure)
            assert got.detail.endswith("gave no access token in time.")

    play(scenario())


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Gone"])
def test_a_token_endpoint_that_redirects_sends_our_secret_nowhere(play: Play, status: str) -> None:
    async def scenario() -> None:
        async with TokenEndpoint() as other, sending() as sender:
            away = f"HTTP/1.1 {status}\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
            async with Hostile(saying(away.encode())) as server:
                tokens = AccessTokens(sender.exchange, "UA")
                source = oauth(token_url=f"{server.url}/token")
                got = await tokens.token("acme", source, LOOPBACK, seconds=5)
            assert isinstance(got, Failure)
            assert "Redirects are not followed" in got.detail
            assert other.forms == []

    play(scenario())


def test_a_token_endpoint_without_end_fills_no_memory(play: Play) -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n{")
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.say(b" " * 65_536)

    async def scenario() -> None:
        async with Hostile(talk) as server, sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            got = await tokens.token(
                "acme", oauth(token_url=f"{server.url}/token"), LOOPBACK, seconds=5
            )
            assert isinstance(got, Failure)
            assert got.kind is FailureKind.AUTHENTICATION

    play(scenario())


def test_a_token_endpoint_that_drips_costs_who_waits_no_more_than_their_time(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(_dripping) as server, sending() as sender:
            tokens = AccessTokens(sender.exchange, "UA")
            source = oauth(token_url=f"{server.url}/token")
            got = await tokens.token("acme", source, LOOPBACK, seconds=0.1)
            assert isinstance(got, Failure)
            assert got.detail.endswith("gave no access token in time.")

    play(scenario())


async def _dripping(peer: Peer) -> None:
    await peer.request()
    await peer.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b" " * 99, every=0.05)


@pytest.mark.parametrize("broken", ["reads", "writes"])
def test_a_store_that_fails_is_told_and_crashes_nothing(play: Play, broken: str) -> None:
    async def scenario() -> None:
        async with TokenEndpoint(rotates=True) as endpoint, sending() as sender:
            source = oauth(token_url=endpoint.url, refresh_token="first")
            tokens = AccessTokens(sender.exchange, "UA", RefreshTokenNotes(broken=broken))
            got = await tokens.token("acme", source, LOOPBACK, seconds=5)
            if broken == "writes":
                assert got == "token-1"
            else:
                assert isinstance(got, Failure)
                assert "the refresh token cannot be read (disk full)" in got.detail

    play(scenario())
