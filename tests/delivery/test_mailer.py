"""A mail is handed over whole and once, or it is said whose fault it is; nothing hangs, nothing leaks."""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from switchhook.delivery.mail_failing import WORDS
from switchhook.delivery.mailer import NO_MAIL, Mailer
from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.mail import Mail, MailServer, Posting, Security
from tests.support.loop import run
from tests.support.post import OK, PostOffice, in_turn, saying, talking

if TYPE_CHECKING:
    from tests.support.post import Talk

PASSWORD = "s3cret-pass"
MAIL = Mail(
    sender="pbx@acme.example",
    recipient="desk@example.com",
    message=b"Subject: Missed call\r\n\r\n.\r\n..two\r\nFrom here\r\n" + b"x" * 70 + b"\r\n",
)
AFTER = 0.3
"""Seconds that a mail server gets which will not reply."""


def server(port: int, security: Security = Security.NONE, **more: Any) -> MailServer:
    return MailServer(host="127.0.0.1", port=port, security=security, **more)


def post(to: MailServer, tls: ssl.SSLContext | None = None, deadline: float = 10.0) -> Posting:
    return run(Mailer(to, tls=tls).post(MAIL, deadline=deadline))


def refused(made: Posting) -> Failure:
    assert made.failure is not None, made
    assert made.failure.detail.isprintable()
    assert PASSWORD not in repr(made)
    return made.failure


def talked(
    talk: Talk, security: Security = Security.NONE, deadline: float = 10.0, **more: Any
) -> Posting:
    """Hand the mail to a server that talks so."""

    async def scenario() -> Posting:
        async with talking(talk) as port:
            to = server(port, security, **more)
            return await Mailer(to, tls=ssl.create_default_context()).post(MAIL, deadline=deadline)

    return run(scenario())


class Trust:
    """A certificate for 127.0.0.1, and a client that trusts it."""

    def __init__(self, name: str = "127.0.0.1") -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Trust()


# What is accepted


def test_a_mail_arrives_byte_for_byte() -> None:
    with PostOffice() as office:
        made = post(server(office.port))

    assert (made.status, made.reply, made.failure) == (250, "OK", None)
    assert made.seconds > 0
    (posted,) = office.mails
    assert (posted.sender, posted.recipients) == ("pbx@acme.example", ("desk@example.com",))
    assert posted.content == MAIL.message
    assert not posted.over_tls


def test_a_mail_that_is_handed_over_twice_is_the_same_mail() -> None:
    with PostOffice() as office:
        for _ in range(2):
            post(server(office.port))

    assert [posted.content for posted in office.mails] == [MAIL.message] * 2


def test_starttls_comes_before_the_mail(trust: Trust) -> None:
    with PostOffice(starttls=trust.server) as office:
        made = post(server(office.port, Security.STARTTLS), trust.client)

    assert made.failure is None
    assert [posted.over_tls for posted in office.mails] == [True]


def test_tls_from_the_first_byte(trust: Trust) -> None:
    with PostOffice(implicit_tls=trust.server) as office:
        made = post(server(office.port, Security.TLS), trust.client)

    assert made.failure is None
    assert [posted.content for posted in office.mails] == [MAIL.message]


def test_a_login_opens_the_server(trust: Trust) -> None:
    with PostOffice(starttls=trust.server, login=("pbx", PASSWORD)) as office:
        to = server(office.port, Security.STARTTLS, username="pbx", password=PASSWORD)
        made = post(to, trust.client)

    assert made.failure is None
    assert [posted.user for posted in office.mails] == ["pbx"]


def test_a_mail_server_of_the_old_days_will_do() -> None:
    made = talked(answering({b"EHLO": b"502 what is that?\r\n", b"RCPT": b"251 will forward\r\n"}))

    assert (made.status, made.failure) == (250, None)


def test_what_was_accepted_is_accepted_even_if_nobody_says_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("switchhook.delivery.mailer.GOODBYE_SECONDS", 0.05)
    made = talked(answering({b"\r\n.\r\n": b"250 queued as 42\r\n", b"QUIT": b""}), deadline=5)

    assert (made.status, made.reply, made.failure) == (250, "queued as 42", None)


def answering(said: dict[bytes, bytes]) -> Talk:
    """Greet, and reply to each command with `said` or as a mail server would; hang up for None."""
    usual = {
        b"EHLO": b"250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
        b"DATA": b"354 go on\r\n",
        b"QUIT": b"221 bye\r\n",
    }
    replies = usual | said

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            verb = line.strip()[:4].upper()
            writer.write(replies.get(verb, b"250 fine\r\n").replace(b"{line}", line.strip()))
            if verb == b"DATA" and replies[verb].startswith(b"354"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(replies.get(b"\r\n.\r\n", b"250 fine\r\n"))

    return talk


# What is refused


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (
            "550 5.1.1 No such user",
            550,
            "refused mail to desk@example.com: 550 5.1.1 No such user. Check the address",
        ),
        (
            "450 4.2.0 Greylisted, come again",
            450,
            "refused mail to desk@example.com for now: 450 4.2.0 Greylisted, come again. Where this lasts, check",
        ),
        ("421 4.3.2 Too many connections", 421, "for now: 421 4.3.2 Too many connections."),
    ],
)
def test_a_recipient_that_is_refused(reply: str, status: int, said: str) -> None:
    with PostOffice(rcpt=lambda _: reply) as office:
        made = post(server(office.port))

    assert made.status == status
    assert made.reply == reply[4:]
    assert refused(made).kind is FailureKind.STATUS
    assert said in refused(made).detail
    assert refused(made).detail.startswith(f"127.0.0.1:{office.port} ")
    assert office.mails == []


def test_what_was_refused_for_now_is_accepted_later() -> None:
    with PostOffice(rcpt=in_turn("450 Greylisted", OK)) as office:
        first, second = post(server(office.port)), post(server(office.port))

    assert (first.status, second.status, second.failure) == (450, 250, None)
    assert [posted.content for posted in office.mails] == [MAIL.message]


def test_a_mail_that_is_refused_after_it_was_read() -> None:
    with PostOffice(data=lambda _: "554 5.7.1 Looks like spam") as office:
        made = post(server(office.port))

    assert made.status == 554
    assert (
        "refused the mail to desk@example.com: 554 5.7.1 Looks like spam." in refused(made).detail
    )


def test_a_sender_that_is_refused_is_the_operators_setting() -> None:
    made = talked(answering({b"MAIL": b"553 5.7.1 not yours\r\n"}))

    assert (made.status, refused(made).kind) == (553, FailureKind.STATUS)
    assert "refused the sender pbx@acme.example: 553 5.7.1 not yours. Set mail_from" in (
        refused(made).detail
    )


def test_a_wrong_password_is_told_of_without_it(trust: Trust) -> None:
    with PostOffice(starttls=trust.server, login=("pbx", "another")) as office:
        to = server(office.port, Security.STARTTLS, username="pbx", password=PASSWORD)
        made = post(to, trust.client)

    assert (made.status, refused(made).kind) == (535, FailureKind.AUTHENTICATION)
    assert "refused the login pbx: 535" in refused(made).detail
    assert refused(made).detail.endswith("Check smtp_username and smtp_password.")


def test_a_server_that_wants_a_login_says_so() -> None:
    made = talked(answering({b"MAIL": b"530 5.7.0 Authentication required\r\n"}))

    assert (made.status, refused(made).kind) == (530, FailureKind.AUTHENTICATION)


def test_a_server_without_a_login_is_told_of() -> None:
    made = talked(answering({b"EHLO": b"250 mail.test\r\n"}), username="pbx", password=PASSWORD)

    assert (made.status, refused(made).kind) == (0, FailureKind.AUTHENTICATION)
    assert "offers no login" in refused(made).detail


@pytest.mark.parametrize("form", [PASSWORD, "{line}"])
def test_a_server_that_repeats_the_password_is_not_repeated(form: str) -> None:
    said = f"535 you said {form}\r\n".encode()
    made = talked(answering({b"AUTH": said}), username="pbx", password=PASSWORD)

    assert made.status == 535
    for secret in (PASSWORD, b64encode(PASSWORD.encode()).decode(), _plain()):
        assert secret not in repr(made)


def _plain() -> str:
    return b64encode(f"\0pbx\0{PASSWORD}".encode()).decode()


def test_words_without_end_are_cut_and_stay_on_their_line() -> None:
    long = b"550-" + b"a\x1b[2Jb " * 50 + b"\r\n550 \xff\xfe end\r\n"
    made = talked(answering({b"RCPT": long}))

    assert made.status == 550
    assert len(refused(made).detail) < WORDS + 200
    assert made.reply.encode()


# What does not come about


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


def test_the_second_address_is_tried_where_the_first_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        dead = taken.getsockname()
    with PostOffice() as office:

        async def scenario() -> Posting:
            loop = asyncio.get_running_loop()
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

            async def found(*_: object, **__: object) -> list[Any]:
                return [(*kind, dead), (*kind, ("127.0.0.1", office.port))]

            monkeypatch.setattr(loop, "getaddrinfo", found)
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
    async def scenario() -> Posting:
        async def found(*_: object, **__: object) -> list[Any]:
            raise error

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
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
    talk: Talk, security: Security, kind: FailureKind, said: str
) -> None:
    made = talked(talk, security, deadline=AFTER)

    assert (made.status, refused(made).kind) == (0, kind)
    assert said in refused(made).detail
    assert made.seconds >= AFTER * 0.9


def test_an_address_that_swallows_everything_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> Posting:
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
