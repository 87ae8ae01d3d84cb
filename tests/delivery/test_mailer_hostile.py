"""Whatever a mail server does, the end comes in time, is explained, and leaks neither mail nor password."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.delivery import mailer
from switchhook.delivery.mailer import NO_MAIL, Mailer
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.mail import MailResult, MailServer, Security
from tests.support.handing import (
    AFTER,
    MAIL,
    PASSWORD,
    Trust,
    answering,
    left_at_the_deadline,
    post,
    refused,
    server,
    talked,
)
from tests.support.loop import run
from tests.support.post import PostOffice, Script, saying, talking

if TYPE_CHECKING:
    from tests.support.post import Talk


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Trust()


def test_without_a_mail_server_it_is_said_what_to_set() -> None:
    made = run(NO_MAIL.post(MAIL, deadline=1.0))

    assert (made.status, made.seconds) == (0, 0.0)
    assert refused(made).kind is FailureKind.NOT_SET_UP
    assert "smtp_host" in refused(made).detail


def test_nothing_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    made = post(server(port))

    assert refused(made).kind is FailureKind.REFUSED
    assert refused(made).detail.startswith(f"127.0.0.1:{port}: refused the connection.")


def test_a_look_up_that_hangs_holds_up_neither_the_mail_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        gate.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    made = run(Mailer(MailServer(host="mail.example")).post(MAIL, deadline=0.05))

    assert not gate.is_set()
    assert refused(made).kind is FailureKind.DNS_TIMEOUT
    asking = [thread for thread in threading.enumerate() if thread.name == "resolve mail.example"]
    assert [thread.daemon for thread in asking] == [True]
    gate.set()
    asking[0].join()


def test_the_second_address_is_tried_where_the_first_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        dead = taken.getsockname()
    with PostOffice() as office:

        async def scenario() -> MailResult:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

            async def found(*_: object, **__: object) -> list[Any]:
                return [(*kind, dead), (*kind, ("127.0.0.1", office.port))]

            monkeypatch.setattr(mailer, "look_up", found)
            return await Mailer(server(office.port)).post(MAIL, deadline=5)

        made = run(scenario())
    assert made.failure is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "none"), "no address for this name; check smtp_host"),
        (socket.gaierror(socket.EAI_AGAIN, "again"), "the DNS server could not be asked"),
        (UnicodeError("label empty or too long"), "no address for this name; check smtp_host"),
    ],
)
def test_a_name_that_is_not_found(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> MailResult:
        async def found(*_: object, **__: object) -> list[Any]:
            raise error

        monkeypatch.setattr(mailer, "look_up", found)
        return await Mailer(MailServer(host="mail..example", security=Security.NONE)).post(
            MAIL, deadline=5
        )

    made = run(scenario())
    assert refused(made).kind is FailureKind.DNS
    assert said in refused(made).detail


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_trusts_ends_it(trust: Trust, security: Security) -> None:
    own: dict[str, Any] = {
        "starttls" if security is Security.STARTTLS else "implicit_tls": trust.server
    }
    with PostOffice(**own) as office:
        to = server(office.port, security, username="pbx", password=PASSWORD)
        made = post(to, ssl.create_default_context())

    assert refused(made).kind is FailureKind.TLS
    assert "its certificate is not valid" in refused(made).detail
    assert office.mails == []


def test_a_certificate_for_another_name_ends_it() -> None:
    other = Trust("mail.example.com")
    with PostOffice(implicit_tls=other.server) as office:
        made = post(server(office.port, Security.TLS), other.client)

    assert refused(made).kind is FailureKind.TLS


def test_tls_on_a_port_that_begins_in_clear() -> None:
    with PostOffice() as office:
        made = post(server(office.port, Security.TLS))

    assert refused(made).kind is FailureKind.TLS
    assert 'smtp_security = "starttls" may fit it' in refused(made).detail


def test_a_server_that_offers_no_starttls_gets_no_mail_and_no_password() -> None:
    lines: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            lines.append(line)
            writer.write(b"250-mail.test\r\n250 AUTH PLAIN\r\n")

    made = talked(talk, Security.STARTTLS, username="pbx", password=PASSWORD)

    assert refused(made).kind is FailureKind.TLS
    assert "offers no STARTTLS" in refused(made).detail
    assert lines == [b"EHLO acme.example\r\n"]


@pytest.mark.parametrize(
    ("talk", "security", "kind", "said"),
    [
        (saying(b""), Security.NONE, FailureKind.HEADERS_TIMEOUT, "did not greet in time"),
        (saying(b""), Security.TLS, FailureKind.HEADERS_TIMEOUT, "did not greet in time"),
        (answering({b"EHLO": b""}), Security.NONE, FailureKind.HEADERS_TIMEOUT, "did not greet"),
        (answering({b"RCPT": b""}), Security.NONE, FailureKind.HEADERS_TIMEOUT, "did not reply"),
        (
            saying(b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n", b""),
            Security.STARTTLS,
            FailureKind.TLS_TIMEOUT,
            "TLS handshake",
        ),
        (
            answering({b"\r\n.\r\n": b""}),
            Security.NONE,
            FailureKind.HEADERS_TIMEOUT,
            "comes twice, with the same Message-ID",
        ),
    ],
)
def test_a_server_that_hangs_is_left_at_the_deadline(
    talk: Script, security: Security, kind: FailureKind, said: str
) -> None:
    made, deadline = left_at_the_deadline(talk, security)

    assert (made.status, refused(made).kind) == (0, kind)
    assert said in refused(made).detail
    assert made.seconds >= deadline * 0.9


def test_an_address_that_swallows_everything_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> MailResult:
        async def never(*_: object) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
        return await Mailer(server(25)).post(MAIL, deadline=AFTER)

    assert refused(run(scenario())).kind is FailureKind.CONNECT_TIMEOUT


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\x00\x01\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"999 odd\r\n",
        b"0 odd\r\n",
        b"a" * 100_000,
        b"220-never\r\n" * 10_000,
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_what_is_not_smtp_is_told_of(garbage: bytes, place: int) -> None:
    replies = [b"220 mail.test\r\n", *(b"250 fine\r\n",) * 3]
    made = talked(saying(*replies[:place], garbage, b""), deadline=AFTER)

    assert refused(made).kind in {
        FailureKind.BAD_RESPONSE,
        FailureKind.HEADERS_TIMEOUT,
        FailureKind.RESET,
    }
    assert made.status == 0


def test_a_port_of_another_kind_is_named() -> None:
    made = talked(saying(b"SSH-2.0-OpenSSH_9.2\r\n"))

    assert refused(made).kind is FailureKind.BAD_RESPONSE
    assert "is not SMTP; check smtp_host and smtp_port" in refused(made).detail


def hanging_up_in_the_mail() -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            writer.write(b"354 go on\r\n" if line == b"DATA\r\n" else b"250 fine\r\n")
            if line == b"DATA\r\n":
                await reader.readline()
                writer.transport.abort()
                return

    return talk


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (saying(), "before it greeted"),
        (saying(b"220 mail.test\r\n"), "before it greeted"),
        (saying(b"220 mail.test\r\n", b"250 fine\r\n"), "before it had accepted the mail"),
        (hanging_up_in_the_mail(), "before it had accepted the mail"),
    ],
)
def test_a_connection_that_breaks_is_a_failure_at_every_moment(talk: Talk, said: str) -> None:
    made = talked(talk)

    assert (made.status, refused(made).kind) == (0, FailureKind.RESET)
    assert said in refused(made).detail


def test_a_greeting_that_refuses_us() -> None:
    made = talked(saying(b"554 5.7.1 your address sends no mail\r\n", b"221 bye\r\n"))

    assert (made.status, refused(made).kind) == (554, FailureKind.STATUS)
    assert "refused us: 554 5.7.1 your address sends no mail." in refused(made).detail


def test_whoever_stops_waiting_leaves_no_connection() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()
        here = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            here.set()
            try:
                await reader.read()
            finally:
                gone.set()

        async with talking(talk) as port, asyncio.TaskGroup() as group:
            task = group.create_task(Mailer(server(port)).post(MAIL, deadline=60))
            await here.wait()
            task.cancel()
            await gone.wait()

    run(scenario())
