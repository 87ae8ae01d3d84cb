"""Mail servers: a real one that keeps what it is given, and one that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as LINES
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

OK = "250 OK"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One mail, as it was taken over."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    over_tls: bool
    user: str = ""
    """Who had logged in."""
    at: float = field(default_factory=time.time, compare=False)
    """When, in unix seconds."""

    @property
    def message(self) -> EmailMessage:
        """Return it as its reader sees it."""
        return message_from_bytes(self.content, _class=EmailMessage, policy=LINES)


@dataclass(kw_only=True)
class PostOffice:
    """aiosmtpd on a free port of 127.0.0.1, in a thread of its own; a context manager.

    `rcpt` and `data` reply to a recipient and to a mail; a mail is kept where the reply is a 250.
    """

    implicit_tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    """User and password, without which it takes nothing; goes with `starttls`."""
    rcpt: Callable[[str], str] = lambda _: OK
    data: Callable[[Posted], str] = lambda _: OK
    is_stuck: bool = False
    """Whether it takes mails and never replies."""
    port: int = 0
    mails: list[Posted] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def settings(self) -> dict[str, str]:
        """Return what a server is told, to hand its mail over here in clear."""
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": str(self.port),
            "smtp_security": "none",
            "mail_from": "pbx@acme.example",
        }

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _listen(self) -> asyncio.Server:
        server = await self._loop.create_server(
            self._session, "127.0.0.1", self.port, ssl=self.implicit_tls
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.test",
            loop=self._loop,
            tls_context=self.starttls,
            require_starttls=self.starttls is not None,
            auth_required=self.login is not None,
            auth_require_tls=True,
            authenticator=self._authenticate,
        )

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _how: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False, auth_data=given[0])

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        reply = self.rcpt(address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        posted = Posted(
            sender=envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.content,
            over_tls=session.ssl is not None or self.implicit_tls is not None,
            user=session.auth_data or "",
        )
        reply = self.data(posted)
        if reply.startswith("250"):
            with self._news:
                self.mails.append(posted)
                self._news.notify_all()
        if self.is_stuck:
            await asyncio.sleep(600)
        return reply

    def wait_for(self, count: int = 1, timeout: float = 10.0) -> list[Posted]:
        """Wait until so many mails are here, and return them."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.mails) >= count, timeout):
                raise AssertionError(f"{len(self.mails)} of {count} mails came")
            return list(self.mails)


def in_turn(*replies: str) -> Callable[[object], str]:
    """Reply one after another; the last one from then on."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[int]:
    """Let `talk` hold each connection, on the loop that runs; yields the port."""
    held: set[asyncio.Task[None] | None] = set()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError):
                await talk(reader, writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        except asyncio.CancelledError:
            pass  # the test is over; Python 3.11 would log a task that ends so
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks = [task for task in held if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports' own good-bye


class Script:
    """A talk that may fall silent: what a client waits for then does not come."""

    def __init__(self, talk: Callable[[Script], Talk]) -> None:
        self.is_silent = False
        """Whether it was reached that nothing more is said."""
        self._talk = talk(self)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_silent = False
        await self._talk(reader, writer)


def saying(*replies: bytes) -> Script:
    """Say each reply to one line, the first of them at once, and hang up; an empty one waits for ever."""

    def script(it: Script) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for place, reply in enumerate(replies):
                it.is_silent = not reply
                line = await reader.readline() if place else b""
                writer.write(reply.replace(b"{line}", line.strip()))
                if not reply:
                    await reader.read()  # until the other side hangs up

        return talk

    return Script(script)
