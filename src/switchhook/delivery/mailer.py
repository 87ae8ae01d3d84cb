"""The mailer: sends one mail to the operator's mail server, within one deadline.

The server is a setting, not a project's, so the address guard of webhooks does not stand in its way.
"""

from __future__ import annotations

import asyncio
import socket
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException

from switchhook.delivery.http.deadline import within
from switchhook.delivery.http.resolver import look_up
from switchhook.delivery.http.tls import usual_trust
from switchhook.delivery.mail_errors import (
    NOT_SET_UP,
    REPLIES,
    MailPhase,
    connection_failed,
    refused,
    timed_out,
)
from switchhook.domain.masking import MASK
from switchhook.webhooks.mail import MailResult, MailServer, Security, domain, with_attachment

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from switchhook.domain.failure import Failure
    from switchhook.webhooks.mail import Mail

CONNECT_SECONDS: Final = 15.0
"""For each address of the server, so that one that is dead leaves time for the next."""
QUIT_SECONDS: Final = 2.0
"""For QUIT, when all that matters is done."""


def no_sound(_: str) -> bytes | None:
    """Return no recording: there are none."""
    return None


class Mailer:
    """Sends mails, each on a connection of its own."""

    def __init__(
        self,
        server: MailServer,
        *,
        tls: ssl.SSLContext | None = None,
        sound_of: Callable[[str], bytes | None] = no_sound,
    ) -> None:
        """Make a mailer; `tls` stands in place of this machine's trust. `sound_of` reads what is attached."""
        self._sound_of = sound_of
        self._server = server
        is_private = bool(server.host) and server.security is not Security.NONE
        self._tls = tls or (usual_trust() if is_private else None)

    async def post(self, mail: Mail, *, deadline: float) -> MailResult:
        """Hand `mail` over within `deadline` seconds. Raises nothing but CancelledError."""
        if not self._server.host:
            return MailResult(status=0, reply="", failure=NOT_SET_UP, seconds=0.0)
        began = time.monotonic()
        if mail.attachment:
            mail = await asyncio.to_thread(self._attached, mail)
        code, words, failure = await self._send(mail, deadline)
        return MailResult(
            status=code, reply=words, failure=failure, seconds=time.monotonic() - began
        )

    def _attached(self, mail: Mail) -> Mail:
        return replace(mail, message=with_attachment(mail, self._sound_of(mail.attachment)))

    async def greet(self, sender: str, *, deadline: float) -> Failure | None:
        """Connect and log in as for a mail from `sender`, and send none; return what went wrong."""
        if not self._server.host:
            return NOT_SET_UP

        async def open_alone(session: _SmtpSession) -> tuple[int, str]:
            await session.open(sender)
            return 0, ""

        _, _, failure = await self._within(deadline, open_alone)
        return failure

    async def _send(self, mail: Mail, deadline: float) -> tuple[int, str, Failure | None]:
        return await self._within(deadline, lambda session: session.send(mail))

    async def _within(
        self, deadline: float, work: Callable[[_SmtpSession], Awaitable[tuple[int, str]]]
    ) -> tuple[int, str, Failure | None]:
        """Return the server's last code and words, and what went wrong."""
        where = self._server.where
        session = _SmtpSession(self._server, self._tls)
        try:
            async with within(deadline):
                code, words = await work(session)
        except SMTPResponseException as error:
            code = error.code if error.code in REPLIES else 0
            words = self._without_secrets(error.message)
            return code, words, refused(code, words, session.phase, where, session.who)
        except TimeoutError:
            return 0, "", timed_out(session.phase, where)
        except (OSError, SMTPException) as error:
            return 0, "", connection_failed(error, session.phase, where)
        else:
            await session.quit()
            return code, words, None
        finally:
            session.leave()

    def _without_secrets(self, words: str) -> str:
        """A server that repeats what it was told may repeat the password."""
        words = words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        username, password = self._server.username, self._server.password
        if not password:
            return words
        plain = f"\0{username}\0{password}"
        for secret in (password, _base64(password), _base64(plain)):
            words = words.replace(secret, MASK)
        return words


NO_MAIL: Final = Mailer(MailServer())
"""Hands nothing over, and says what to set."""


class _SmtpSession:
    """One SMTP session, from the look-up of the server's name on."""

    def __init__(self, server: MailServer, tls: ssl.SSLContext | None) -> None:
        self.phase = MailPhase.DNS
        self.who = ""
        """The subject of the phase: the login, the sender or the recipient."""
        self._server = server
        self._tls = tls
        self._smtp: SMTP | None = None

    async def send(self, mail: Mail) -> tuple[int, str]:
        """Return the server's reply to the whole mail. Raises what `mail_failing` explains."""
        smtp = await self.open(mail.sender)
        self.phase, self.who = MailPhase.SENDER, mail.sender
        await smtp.mail(mail.sender)
        self.phase, self.who = MailPhase.RECIPIENT, mail.recipient
        await smtp.rcpt(mail.recipient)
        self.phase = MailPhase.MESSAGE
        code, words = await smtp.data(mail.message)
        return code, words

    async def open(self, sender: str) -> SMTP:
        """Connect, greet, and log in where there is a user name."""
        server = self._server
        self._smtp = smtp = SMTP(
            hostname=server.host,
            sock=await self._connected(),
            local_hostname=domain(sender),
            timeout=None,
            use_tls=server.security is Security.TLS,
            start_tls=False,
            tls_context=self._tls,
        )
        self.phase = MailPhase.GREETING
        await smtp.connect()
        try:
            await smtp.ehlo()
        except SMTPHeloError:  # of before 1995
            await smtp.helo()
        if server.security is Security.STARTTLS:
            self.phase = MailPhase.TLS
            await smtp.starttls()
        if server.username:
            self.phase, self.who = MailPhase.LOGIN, server.username
            await smtp.login(server.username, server.password)
        return smtp

    async def _connected(self) -> socket.socket:
        """Return a connection to the first of the server's addresses that takes one."""
        loop = asyncio.get_running_loop()
        host, port = self._server.host, self._server.port
        try:
            found = await look_up(host, port)
        except UnicodeError as error:  # a name that no DNS holds, such as one with `..`
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
        self.phase = MailPhase.CONNECT
        failure: OSError | None = None
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(0)
            try:
                async with within(CONNECT_SECONDS):
                    await loop.sock_connect(connection, address)
            except OSError as error:  # a TimeoutError is one
                connection.close()
                failure = failure or error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failure or socket.gaierror(socket.EAI_NONAME, "no address")

    async def quit(self) -> None:
        """End politely; the mail is accepted, whatever comes of it."""
        if self._smtp is not None:
            with suppress(OSError, SMTPException):
                async with within(QUIT_SECONDS):
                    # Its own `quit` lets go of the transport, which would wait for a TLS good-bye.
                    await self._smtp.execute_command(b"QUIT")

    def leave(self) -> None:
        """Let go of the connection, at once."""
        if self._smtp is None:
            return
        transport = self._smtp.transport
        self._smtp.close()
        # uvloop's transports are of no class of asyncio's.
        abort = getattr(transport, "abort", None)
        if abort is not None:
            abort()


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
