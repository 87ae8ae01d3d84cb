"""Through an outbound proxy endpoints get what they get without it, and the address guard judges all the same."""

from __future__ import annotations

import ssl
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
import trustme

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.proxy import Proxy
from switchhook.delivery.http.resolver import ResolvedAddress
from switchhook.delivery.http.tls import default_tls
from switchhook.domain.failure import FailureKind
from tests.support.hostile import Hostile, Names, Peer, get, keep_answering, post, send, sending
from tests.support.proxies import proxying

if TYPE_CHECKING:
    from tests.delivery.conftest import Play

BASIC = "Basic " + b64encode("büro:p:w".encode()).decode()


def test_an_https_endpoint_is_reached_through_a_tunnel_that_sees_nothing(play: Play) -> None:
    ca = trustme.CA()
    trust = default_tls()
    ca.configure_trust(trust)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("crm.example").configure_cert(tls)

    async def scenario() -> None:
        async with proxying(wants=BASIC) as proxy, Hostile(keep_answering, tls=tls) as server:
            ours = Proxy.parse(proxy.url.replace("//", "//b%C3%BCro:p%3Aw@"))
            names = Names(crm_example=["127.0.0.1"])
            async with sending(tls=trust, resolve=names, proxy=ours) as sender:
                url = f"https://crm.example:{server.port}/calls?key=s3cret"
                first = await send(sender, post(url, b"{}"))
                again = await send(sender, post(url, b"{}"))
            assert first.failure is None
            assert again.failure is None
            assert again.reused
            assert [phase for phase, _ in first.seconds][:3] == ["dns", "connect", "tls"]
            where = f"crm.example:{server.port}"
            assert proxy.heads == [
                f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\nProxy-Authorization: {BASIC}\r\n\r\n".encode()
            ]
            assert server.requests[0].startswith(b"POST /calls?key=s3cret HTTP/1.1\r\n")
            assert b"Proxy-Authorization" not in server.requests[0]

    play(scenario())


def test_a_plain_http_endpoint_is_asked_for_by_its_whole_url(play: Play) -> None:
    async def scenario() -> None:
        async with (
            proxying(wants=BASIC) as proxy,
            Hostile(keep_answering) as server,
            sending(proxy=Proxy.parse(proxy.url.replace("//", "//b%C3%BCro:p%3Aw@"))) as sender,
        ):
            done = await send(sender, get(f"{server.url}/a#part", ("X-Key", "k")))
            assert done.failure is None
            assert done.request.headers == (("Host", server.url[7:]), ("X-Key", "k"))
            assert proxy.heads == [
                f"GET {server.url}/a HTTP/1.1\r\nHost: {server.url[7:]}\r\nX-Key: k\r\n"
                f"Proxy-Authorization: {BASIC}\r\n\r\n".encode()
            ]

    play(scenario())


@pytest.mark.row("T-15")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_the_guard_refuses_is_not_asked_of_the_proxy(play: Play, scheme: str) -> None:
    async def scenario() -> None:
        names = Names(inside_example=[["93.184.215.14", "10.0.0.1"]])
        async with (
            proxying() as proxy,
            sending(proxy=Proxy.parse(proxy.url), resolve=names) as sender,
        ):
            for host in ("169.254.169.254", "127.0.0.1", "inside.example"):
                done = await send(sender, get(f"{scheme}://{host}/"), networks=AllowedNetworks())
                assert done.failure is not None
                assert done.failure.kind is FailureKind.ADDRESS_REFUSED
            assert proxy.heads == []

    play(scenario())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_let_us_in_is_told_from_the_endpoint(play: Play, scheme: str) -> None:
    async def scenario() -> None:
        async with (
            proxying(wants="Basic x") as proxy,
            Hostile(keep_answering) as server,
            sending(proxy=Proxy.parse(proxy.url.replace("//", "//me:s3cret@"))) as sender,
        ):
            done = await send(sender, get(f"{scheme}://127.0.0.1:{server.port}/"))
            assert done.response is None
            assert done.failure is not None
            assert done.failure.kind is FailureKind.PROXY
            assert done.failure.detail == (
                f"127.0.0.1:{server.port}: the outbound proxy 127.0.0.1:{proxy.port} wants another user name or"
                " password (407). Check the setting http_proxy, and the proxy's own log."
            )
            assert server.accepted == 0

    play(scenario())


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "made no connection, and answered 503"),
        (
            b"HTTP/1.0 302 Found\r\nLocation: http://x/\r\n\r\n",
            "made no connection, and answered 302",
        ),
        (b"220 smtp\r\n\r\n", "cannot be used: it speaks no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, "cannot be used: it gave no answer to CONNECT"),
        (b"HTTP/1.1 200", "cannot be used: it gave no answer to CONNECT"),
    ],
)
def test_an_answer_to_connect_that_makes_no_tunnel(play: Play, says: bytes, why: str) -> None:
    async def scenario() -> None:
        async with proxying(says=says) as proxy, sending(proxy=Proxy.parse(proxy.url)) as sender:
            done = await send(sender, get("https://127.0.0.1:8443/"))
            assert done.failure is not None
            assert done.failure.kind is FailureKind.PROXY
            assert f" {why}. Check" in done.failure.detail

    play(scenario())


def test_a_dead_proxy_is_named(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            port = server.port
        async with sending(proxy=Proxy.parse(f"http://127.0.0.1:{port}")) as sender:
            done = await send(sender, get("http://127.0.0.1:8080/"))
        assert done.failure is not None
        assert done.failure.kind is FailureKind.PROXY
        assert f"the outbound proxy 127.0.0.1:{port} cannot be used: refused" in done.failure.detail

    play(scenario())


def test_a_silent_proxy_costs_the_deadline_and_no_more(play: Play) -> None:
    async def scenario() -> None:
        async with (
            Hostile(Peer.freeze) as server,
            sending(proxy=Proxy.parse(server.url)) as sender,
        ):
            done = await send(sender, get("https://127.0.0.1:8443/"), deadline=0.2)
            assert done.failure is not None
            assert done.failure.kind is FailureKind.PROXY

    play(scenario())


@pytest.mark.parametrize(
    ("exceptions", "host", "carried"),
    [
        ("", "127.0.0.1", True),
        ("crm.lan", "crm.lan", False),
        ("crm.lan", "CRM.lan.", False),
        ("crm.lan", "x.crm.lan", True),
        (".crm.lan", "x.crm.lan", False),
        (".crm.lan", "crm.lan", False),
        (".lan", "vlan", True),
        ("a.example, 127.0.0.0/8", "127.0.0.1", False),
        ("10.0.0.0/8,::1", "127.0.0.1", True),
        ("127.0.0.1", "other.example", False),
    ],
)
def test_exceptions_are_reached_without_it(exceptions: str, host: str, *, carried: bool) -> None:
    place = ResolvedAddress(family=2, sockaddr=("127.0.0.1", 80))
    assert Proxy.parse("http://p:3128", exceptions).carries(host, [place]) is carried


@pytest.mark.parametrize(
    ("url", "exceptions", "why"),
    [
        ("proxy:3128", "", "it is not a URL such as http://proxy.example.com:3128"),
        ("https://proxy:3128", "", "it is not a URL such as http://proxy.example.com:3128"),
        ("socks5://proxy:3128", "", "it is not a URL such as http://proxy.example.com:3128"),
        ("http://:s3cret@:3128", "", "it is not a URL such as http://proxy.example.com:3128"),
        ("http://proxy:99999", "", "it is not a URL such as http://proxy.example.com:3128"),
        ("http://proxy", "", "a proxy's URL names its port, such as :3128"),
        ("http://proxy:3128/s3cret", "", "a proxy's URL ends after its port"),
        ("http://pro xy:3128", "", "its host is not a name and not an address"),
        ("http://proxy:3128", "10.0.0.1/8", "'10.0.0.1/8' is not a host name, and not a network"),
        ("http://proxy:3128", "*.lan", "'*.lan' is not a host name, and not a network"),
    ],
)
def test_what_is_no_proxy_is_refused(url: str, exceptions: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Proxy.parse(url, exceptions)
    assert str(refused.value) == why


def test_its_password_is_shown_nowhere() -> None:
    assert "czNjcmV0" not in repr(Proxy.parse("http://:s3cret@p:3128"))
