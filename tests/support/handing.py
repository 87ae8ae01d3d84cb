"""One mail, and servers to hand it to: real ones, and those that say what a test wants."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import trustme

from switchhook.delivery.mailer import Mailer
from switchhook.webhooks.mail import Mail, MailResult, MailServer, Security
from tests.support.loop import run
from tests.support.post import Script, talking

if TYPE_CHECKING:
    import asyncio

    from switchhook.domain.failure import Failure
    from tests.support.post import Talk

PASSWORD = "s3cret-pass"
MAIL = Mail(
    sender="pbx@acme.example",
    recipient="desk@example.com",
    message=b"Subject: Missed call\r\n\r\n.\r\n..two\r\nFrom here\r\n" + b"x" * 70 + b"\r\n",
)
AFTER, LONGEST = 0.3, 10.0
"""Seconds that a mail server gets which will not reply, and at most."""


def server(port: int, security: Security = Security.NONE, **more: Any) -> MailServer:
    return MailServer(host="127.0.0.1", port=port, security=security, **more)


def post(to: MailServer, tls: ssl.SSLContext | None = None, deadline: float = 10.0) -> MailResult:
    return run(Mailer(to, tls=tls).post(MAIL, deadline=deadline))


def refused(made: MailResult) -> Failure:
    assert made.failure is not None, made
    assert made.failure.detail.isprintable()
    assert PASSWORD not in repr(made)
    return made.failure


def talked(
    talk: Talk, security: Security = Security.NONE, deadline: float = 10.0, **more: Any
) -> MailResult:
    """Hand the mail to a server that talks so."""

    async def scenario() -> MailResult:
        async with talking(talk) as port:
            to = server(port, security, **more)
            return await Mailer(to, tls=ssl.create_default_context()).post(MAIL, deadline=deadline)

    return run(scenario())


def left_at_the_deadline(script: Script, security: Security) -> tuple[MailResult, float]:
    """Hand the mail to a server that falls silent; return what came of it, and the deadline.

    A busy machine may need more than a short one to get as far: the next is twice as long.
    """
    deadline = AFTER
    while True:
        made = talked(script, security, deadline=deadline)
        if script.is_silent or deadline > LONGEST:
            return made, deadline
        deadline *= 2


class Trust:
    """A certificate for 127.0.0.1, and a client that trusts it."""

    def __init__(self, name: str = "127.0.0.1") -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


def answering(said: dict[bytes, bytes]) -> Script:
    """Greet, and reply to each command with `said` or as a mail server would; an empty reply is none."""
    usual = {
        b"EHLO": b"250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
        b"DATA": b"354 go on\r\n",
        b"QUIT": b"221 bye\r\n",
    }
    replies = usual | said

    def script(it: Script) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            def reply(command: bytes, line: bytes = b"") -> None:
                text = replies.get(command, b"250 fine\r\n").replace(b"{line}", line)
                it.is_silent = not text
                writer.write(text)

            writer.write(b"220 mail.test\r\n")
            while line := await reader.readline():
                verb = line.strip()[:4].upper()
                reply(verb, line.strip())
                if verb == b"DATA" and replies[verb].startswith(b"354"):
                    await reader.readuntil(b"\r\n.\r\n")
                    reply(b"\r\n.\r\n")

        return talk

    return Script(script)
