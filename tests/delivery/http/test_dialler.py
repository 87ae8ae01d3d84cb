"""Only vetted addresses are connected to, and over TLS only those who prove their name."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from switchhook.delivery.http.tls import default_tls
from switchhook.delivery.limits import HttpLimits
from switchhook.domain.failure import FailureKind
from switchhook.tasks import spawn
from tests.support.hostile import (
    Hostile,
    Names,
    Peer,
    get,
    keep_answering,
    rows,
    saying,
    send,
    sending,
    until,
)
from tests.support.pace import ends_after
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switchhook.domain.failure import Failure
    from switchhook.hostnames import AddressInfo
    from switchhook.webhooks.http import Exchange
    from tests.delivery.conftest import Play


def failure(exchange: Exchange) -> Failure:
    assert exchange.response is None
    assert exchange.failure is not None
    return exchange.failure


@pytest.mark.row("S-72")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "①②⑦.0.0.1",
        "inside.example", "both.example", "six.example",
    ],
)  # fmt: skip
def test_what_leads_inside_is_not_connected_to(play: Play, host: str) -> None:
    names = Names(
        inside_example=["10.1.2.3"],
        both_example=[["1.1.1.1", "10.1.2.3"]],
        six_example=[["2a00::1", "::1"]],
    )
    resolve = names if host.endswith("example") else None

    async def scenario() -> None:
        async with sending(resolve=resolve) as sender:
            exchange = await sender.exchange(get(f"http://{host}/secret?secret"), deadline=5.0)
            refused = failure(exchange)
            assert refused.kind is FailureKind.ADDRESS_REFUSED
            assert "secret" not in refused.detail
            assert exchange.address == ""
            assert [phase for phase, _ in exchange.seconds] == ["dns", "total"]
            assert sender.opened == 0

    play(scenario())


def test_where_a_name_points_inside_is_not_told(play: Play) -> None:
    async def scenario() -> None:
        async with sending(resolve=Names(inside_example=["10.1.2.3"])) as sender:
            refused = failure(await sender.exchange(get("http://inside.example/"), deadline=5.0))
            assert "10.1.2.3" not in refused.detail
            assert refused.detail.startswith("inside.example:80: ")
            assert "10.0.0.0/8 (private network)" in refused.detail
            assert "allowed_networks" in refused.detail

    play(scenario())


def test_a_name_that_turns_inside_is_caught_at_the_next_connection(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            # Granted loopback stands for the public address of the first answer.
            names = Names(turns_example=["127.0.0.1", "10.1.2.3"])
            limits = HttpLimits(dns_cache_seconds=1e-9)
            async with sending(resolve=names, limits=limits) as sender:
                url = f"http://turns.example:{server.port}/"
                assert (await send(sender, get(url), keep_alive=False)).failure is None
                again = failure(await send(sender, get(url), keep_alive=False))
                assert again.kind is FailureKind.ADDRESS_REFUSED
                assert server.accepted == 1

    play(scenario())


def test_a_redirect_is_vetted_like_any_other_url(play: Play) -> None:
    async def scenario() -> None:
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"
        async with Hostile(saying(moved)) as server, sending() as sender:
            exchange = await send(sender, get(server.url), follow=3)
            assert failure(exchange).kind is FailureKind.ADDRESS_REFUSED
            assert exchange.address == ""

    play(scenario())


@pytest.mark.row("A-50")
@pytest.mark.parametrize(
    ("hops", "follow", "arrives"), [(0, 3, True), (3, 3, True), (4, 3, False), (1, 1, True)]
)
def test_redirects_are_followed_as_far_as_was_asked(
    play: Play, hops: int, follow: int, *, arrives: bool
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            number = int(request.partition(b"/")[2].partition(b" ")[0])
            if number == hops:
                await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")
            else:
                await peer.say(
                    b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n"
                    % (number + 1)
                )

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            request = get(f"{server.url}/0")
            exchange = await send(sender, request, follow=follow)
            assert exchange.request is request
            if arrives:
                assert exchange.response is not None
                assert exchange.response.body == b"here"
            else:
                assert failure(exchange).kind is FailureKind.REDIRECT
            assert len(server.requests) == min(hops, follow) + 1
            assert server.accepted == 1

    play(scenario())


def test_a_deadline_holds_over_all_redirects(play: Play) -> None:
    """A busy machine may stall until a short one is over, before a request is out: the next is twice as long."""
    said = 0

    async def script(peer: Peer) -> None:
        nonlocal said
        while True:
            await peer.request()
            await asyncio.sleep(0.1)
            said += 1
            await peer.say(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    async def scenario() -> None:
        async with Hostile(script) as server, sending() as sender:
            for deadline in (0.3, 0.6, 1.2, 2.4, 4.8):
                async with ends_after(deadline):
                    exchange = await send(sender, get(server.url), follow=100, deadline=deadline)
                if len(server.requests) > said:
                    break
            assert failure(exchange).kind is FailureKind.HEADERS_TIMEOUT

    play(scenario())


def test_the_next_address_is_tried_where_one_refuses_and_then_comes_first(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            names = Names(two_example=[["127.0.0.9", "127.0.0.1"]])
            async with sending(resolve=names) as sender:
                url = f"http://two.example:{server.port}/"
                for _ in range(2):
                    exchange = await send(sender, get(url), keep_alive=False)
                    assert exchange.failure is None
                    assert exchange.address == f"127.0.0.1:{server.port}"
                assert names.asked == ["two.example"]

    play(scenario())


@contextmanager
def swallowing(host: str, port: int) -> Iterator[None]:
    """Let an address answer nothing at all: its queue of connections is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((host, port))
        full.listen(0)
        first.connect((host, port))
        second.settimeout(0)
        second.connect_ex((host, port))
        yield


def test_an_address_that_swallows_everything_holds_up_nobody(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            names = Names(two_example=[["127.0.0.9", "127.0.0.1"]])
            limits = HttpLimits(next_address_seconds=0.1)
            with swallowing("127.0.0.9", server.port):
                async with sending(resolve=names, limits=limits) as sender:
                    url = f"http://two.example:{server.port}/"
                    async with ends_after(0.1):
                        exchange = await send(sender, get(url))
                    assert exchange.failure is None
                    assert exchange.address == f"127.0.0.1:{server.port}"

    play(scenario())


def test_an_address_that_is_slow_alone_is_waited_for(play: Play) -> None:
    """The one before stays in the race when the next is refused."""

    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            names = Names(two_example=[["127.0.0.1", "127.0.0.9"]])
            async with sending(
                resolve=names, limits=HttpLimits(next_address_seconds=1e-9)
            ) as sender:
                exchange = await send(sender, get(f"http://two.example:{server.port}/"))
                assert exchange.address == f"127.0.0.1:{server.port}"

    play(scenario())


def test_a_stop_ends_a_race(play: Play) -> None:
    async def scenario() -> None:
        port = free_port()
        names = Names(two_example=[["127.0.0.9", "127.0.0.10"]])
        with swallowing("127.0.0.9", port):
            async with sending(resolve=names, limits=HttpLimits(next_address_seconds=60)) as sender:
                asking = spawn(send(sender, get(f"http://two.example:{port}/")), name="ask")
                await until(lambda: names.asked == ["two.example"])
                await asyncio.sleep(0.05)
                await sender.close()
                assert failure(await asking).kind is FailureKind.INTERRUPTED

    play(scenario())


def test_where_no_address_answers_the_name_is_looked_up_afresh(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            names = Names(two_example=[["127.0.0.8", "127.0.0.9"], "127.0.0.1"])
            async with sending(resolve=names) as sender:
                url = f"http://two.example:{server.port}/"
                exchange = await send(sender, get(url))
                assert failure(exchange).kind is FailureKind.REFUSED
                assert [phase for phase, _ in exchange.seconds] == ["dns", "connect", "total"]
                assert (await send(sender, get(url))).failure is None

    play(scenario())


def test_over_ipv6_too(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering, host="::1") as server, sending() as sender:
            exchange = await send(sender, get(server.url))
            assert exchange.address == f"[::1]:{server.port}"

    play(scenario())


def test_names_that_are_unknown_or_hang_are_told_apart(play: Play) -> None:
    async def hangs(_host: str, _port: int) -> Sequence[AddressInfo]:
        await asyncio.Event().wait()
        return rows(80, "1.1.1.1")

    async def scenario() -> None:
        async with sending(resolve=Names()) as sender:
            assert failure(await send(sender, get("http://no.example/"))).kind is FailureKind.DNS
        async with sending(resolve=hangs) as sender:
            async with ends_after(0.2):
                exchange = await send(sender, get("http://hangs.example/"), deadline=0.2)
            assert failure(exchange).kind is FailureKind.DNS_TIMEOUT
            assert [phase for phase, _ in exchange.seconds] == ["dns", "total"]
            waiting = spawn(send(sender, get("http://hangs.example/")), name="ask")
            await asyncio.sleep(0.02)
            await sender.close()
            assert failure(await waiting).kind is FailureKind.INTERRUPTED

    play(scenario())


def test_ports_of_our_own_are_not_connected_to(play: Play) -> None:
    async def scenario() -> None:
        async with Hostile(keep_answering) as server:
            async with sending(own_ports=frozenset({server.port})) as sender:
                exchange = await send(sender, get(server.url))
                assert failure(exchange).kind is FailureKind.ADDRESS_REFUSED
            assert server.accepted == 0

    play(scenario())


@dataclass(frozen=True, kw_only=True)
class Certificates:
    ca: trustme.CA
    trust: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    ca = trustme.CA()
    trust = default_tls()
    ca.configure_trust(trust)
    return Certificates(ca=ca, trust=trust)


def served(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def test_a_certificate_for_the_name_or_the_address_is_trusted(
    play: Play, certificates: Certificates
) -> None:
    tls = served(certificates.ca.issue_cert("crm.example", "127.0.0.1"))

    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=tls) as server,
            sending(tls=certificates.trust, resolve=Names(crm_example=["127.0.0.1"])) as sender,
        ):
            for host in ("crm.example", "CRM.example", "127.0.0.1"):
                first = await send(sender, get(f"https://{host}:{server.port}/"))
                again = await send(sender, get(f"https://{host}:{server.port}/"))
                assert first.failure is None
                assert [phase for phase, _ in first.seconds] == ["dns", "connect", "tls", "write", "headers", "body", "total"]  # fmt: skip
                assert again.reused

    play(scenario())


def test_the_name_is_told_in_the_handshake(play: Play, certificates: Certificates) -> None:
    asked: list[str | None] = []
    tls = served(certificates.ca.issue_cert("crm.example"))

    def note(_socket: object, name: str | None, _context: object) -> None:
        asked.append(name)

    tls.sni_callback = note

    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=tls) as server,
            sending(tls=certificates.trust, resolve=Names(crm_example=["127.0.0.1"])) as sender,
        ):
            await send(sender, get(f"https://crm.example:{server.port}/"))
            assert asked == ["crm.example"]

    play(scenario())


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("wrong name", "certificate is not valid"),
        ("self-signed", "SSL_CERT_FILE names the file of a private authority"),
        ("not yet valid", "this machine's clock is slow"),
        ("expired", "certificate has expired"),
        ("old TLS", "TLS"),
        ("plain http", "plain http"),
        ("cut", "cut the connection"),
    ],
)
def test_anybody_else_is_not_spoken_to(
    play: Play, certificates: Certificates, trouble: str, words: str
) -> None:
    server_options: dict[str, Any] = {}
    if trouble == "wrong name":
        server_options["tls"] = served(certificates.ca.issue_cert("other.example"))
    elif trouble == "self-signed":
        server_options["tls"] = served(trustme.CA().issue_cert("127.0.0.1"))
    elif trouble == "expired":
        past = datetime.now(UTC) - timedelta(days=1)
        leaf = certificates.ca.issue_cert(
            "127.0.0.1", not_before=past - timedelta(days=9), not_after=past
        )
        server_options["tls"] = served(leaf)
    elif trouble == "not yet valid":
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        leaf = certificates.ca.issue_cert("127.0.0.1", not_before=tomorrow)
        server_options["tls"] = served(leaf)
    elif trouble == "old TLS":
        server_options["tls"] = served(certificates.ca.issue_cert("127.0.0.1"))
        with pytest.deprecated_call():
            server_options["tls"].maximum_version = ssl.TLSVersion.TLSv1_1

    async def cut(peer: Peer) -> None:
        await peer.glance()
        peer.reset()

    script = cut if trouble == "cut" else saying(b"HTTP/1.1 400 Bad\r\n\r\n")
    if trouble == "plain http":

        async def script(peer: Peer) -> None:
            await peer.glance()
            await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def scenario() -> None:
        async with (
            Hostile(script, **server_options) as server,
            sending(tls=certificates.trust) as sender,
        ):
            exchange = await send(sender, get(f"https://127.0.0.1:{server.port}/secret"))
            refused = failure(exchange)
            assert refused.kind is FailureKind.TLS
            assert words in refused.detail
            assert "secret" not in refused.detail
            assert server.requests == []

    play(scenario())


def test_a_handshake_that_hangs_ends_in_time(play: Play, certificates: Certificates) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.hold) as server, sending(tls=certificates.trust) as sender:
            async with ends_after(0.3):
                url = f"https://127.0.0.1:{server.port}/"
                exchange = await send(sender, get(url), deadline=0.3)
            assert failure(exchange).kind is FailureKind.TLS_TIMEOUT
            waiting = spawn(send(sender, get(url)), name="ask")
            await until(lambda: server.accepted == 2)
            await sender.close()
            assert failure(await waiting).kind is FailureKind.INTERRUPTED

    play(scenario())


def test_a_handshake_that_came_while_this_process_stood_still_counts(
    play: Play, certificates: Certificates
) -> None:
    tls = served(certificates.ca.issue_cert("127.0.0.1"))

    def serve(listener: socket.socket, stand_still: Callable[[], object]) -> None:
        raw, _ = listener.accept()
        with raw:
            raw.recv(1, socket.MSG_PEEK)  # the client's hello is here: nothing else is to be sent
            stand_still()
            with tls.wrap_socket(raw, server_side=True) as secure:
                secure.recv(1)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        asleep = threading.Event()

        def sleep() -> None:
            asleep.set()
            time.sleep(0.6)

        def stand_still() -> None:
            loop.call_soon_threadsafe(sleep)
            asleep.wait()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = spawn(asyncio.to_thread(serve, listener, stand_still), name="serve")
            async with sending(tls=certificates.trust) as sender:
                url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
                exchange = await send(sender, get(url), deadline=0.4)
                assert dict(exchange.seconds)["tls"] > 0.4
                assert failure(exchange).kind is not FailureKind.TLS_TIMEOUT  # of what follows
            await serving

    play(scenario())


def test_a_caller_who_gives_up_while_dialling_leaves_nothing(
    play: Play, certificates: Certificates
) -> None:
    async def scenario() -> None:
        async with Hostile(Peer.hold) as server, sending(tls=certificates.trust) as sender:
            waiting = spawn(send(sender, get(f"https://127.0.0.1:{server.port}/")), name="ask")
            await until(lambda: server.accepted == 1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    play(scenario())


def test_an_authority_of_the_house_is_trusted_by_any_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python makes it from 3.13 on
    monkeypatch.setattr(ssl, "create_default_context", lambda: context)
    assert not default_tls().verify_flags & ssl.VERIFY_X509_STRICT


def test_our_own_trust_is_this_machine_s_and_verifies() -> None:
    context = default_tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.row("R3-25")
def test_a_later_connection_resumes_the_tls_session_of_an_earlier(play: Play) -> None:
    async def scenario() -> None:
        ca = trustme.CA()
        trust = ssl.create_default_context()
        ca.configure_trust(trust)
        server_side = served(ca.issue_cert("127.0.0.1"))
        async with Hostile(keep_answering, tls=server_side) as server, sending(tls=trust) as sender:
            for _ in range(3):
                exchange = await send(sender, get(server.url), keep_alive=False)
                assert exchange.failure is None
            assert (sender.opened, sender.resumed) == (3, 2)

    play(scenario())
