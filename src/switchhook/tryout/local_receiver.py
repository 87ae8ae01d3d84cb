"""An HTTP endpoint on this machine: keeps what comes, verifies it, and answers by a script, good or bad."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.tryout.answer_script import PlannedAnswer
from switchhook.webhooks.verifying import Proof, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switchhook.domain.credentials import Credentials
    from switchhook.tryout.answer_script import AnswerScript

MOST_HEAD: Final = 64 * 1024
MOST_BODY: Final = 16 * 1024 * 1024
IDLE_SECONDS: Final = 75.0
"""Seconds that a connection may be silent between requests, or a request may take."""
_KNOWN: Final = 10_000
"""Ids that are kept to tell repeats."""
_REFUSED: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BadRequestError(ValueError):
    """Bytes that are no HTTP request; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRequest:
    """One request as it came."""

    at: float
    """Unix seconds of its last byte."""
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header's first value, the name in lower case; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """One request, what it proves, and what it gets."""

    request: HeardRequest
    verdicts: tuple[Proof, ...]
    answer: PlannedAnswer
    repeats: int = 0
    """How many times its `webhook-id` has come before."""

    @property
    def is_right(self) -> bool:
        """Whether nothing that it was to prove is wrong."""
        return all(verdict.is_right for verdict in self.verdicts)


class LocalReceiver:
    """Listens while it is entered; `heard` is called for each request, before its answer is sent."""

    def __init__(
        self,
        answers: AnswerScript,
        heard: Callable[[Reception], None],
        *,
        clock: Callable[[], float],
        credentials: Credentials = NO_CREDENTIALS,
        keys: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        misread: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Make a receiver; `misread` is told of bytes that are no request."""
        self._answers = answers
        self._heard = heard
        self._misread = misread
        self._clock = clock
        self._credentials = credentials
        self._keys = tuple(keys)
        self._where = (host, port)
        self._ids: dict[str, int] = {}
        self._answering: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        host, port = self._where
        self._server = await asyncio.start_server(self._serve, host, port, limit=MOST_HEAD)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def finish(self) -> None:
        """Wait until the answers that were begun are sent."""
        while self._answering:
            await asyncio.wait(self._answering)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None  # noqa: S101 (it is entered)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await self._read(reader, writer)) is not None:
                answer = self._answers.next()
                with self._under_way():
                    self._heard(self._reception(request, answer))
                    if not await _answer(answer, writer, head_alone=request.method == "HEAD"):
                        return
                if (request.header("connection") or "").lower() == "close":
                    return
        except BadRequestError as error:
            self._misread(str(error))
            writer.write(_REFUSED)
        except (OSError, TimeoutError):
            pass
        finally:
            with suppress(OSError):
                writer.close()

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        done = asyncio.get_running_loop().create_future()
        self._answering.add(done)
        try:
            yield
        finally:
            self._answering.discard(done)
            done.set_result(None)

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> HeardRequest | None:
        async with asyncio.timeout(IDLE_SECONDS):
            return await read_request(reader, writer, self._clock)

    def _reception(self, request: HeardRequest, answer: PlannedAnswer) -> Reception:
        id_ = request.header("webhook-id") or ""
        repeats = self._ids.pop(id_, 0)
        if id_:
            self._ids[id_] = repeats + 1
            if len(self._ids) > _KNOWN:
                del self._ids[next(iter(self._ids))]
        verdicts = verify(
            self._credentials,
            keys=self._keys,
            headers={name.lower(): value for name, value in reversed(request.headers)},
            target=request.target,
            body=request.body,
            now=self._clock(),
        )
        return Reception(request=request, verdicts=verdicts, answer=answer, repeats=repeats)


async def _answer(answer: PlannedAnswer, writer: asyncio.StreamWriter, *, head_alone: bool) -> bool:
    """Send an answer; say whether the connection may be used on."""
    if answer.delay:
        await asyncio.sleep(answer.delay)
    if answer.is_reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False
    data = answer.data
    if head_alone:
        data = data[: data.index(b"\r\n\r\n") + 4]
    step = 1 if answer.drip else max(len(data), 1)
    for place in range(0, len(data), step):
        writer.write(data[place : place + step])
        await writer.drain()
        if answer.drip:
            await asyncio.sleep(answer.drip)
    return True


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Callable[[], float]
) -> HeardRequest | None:
    """Read one request; None at the connection's end. Raises BadRequestError, OSError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise BadRequestError("the connection ended within the head of a request") from None
        return None
    except asyncio.LimitOverrunError:
        raise BadRequestError(f"the head is longer than {MOST_HEAD} bytes") from None
    first, *lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    found = re.fullmatch(r"([A-Za-z]+) (\S+) HTTP/1\.[01]", first)
    if found is None:
        why = "it speaks TLS" if head[:1] == b"\x16" else "it has no request line of HTTP/1.1"
        raise BadRequestError(f"this is no request: {why}")
    headers = tuple(_header(line) for line in lines if line)
    told = {name.lower(): value for name, value in headers}
    if told.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await _body(reader, told)
    except asyncio.IncompleteReadError:
        raise BadRequestError("the connection ended within the body of a request") from None
    return HeardRequest(at=clock(), method=found[1], target=found[2], headers=headers, body=body)


def _header(line: str) -> tuple[str, str]:
    name, is_, value = line.partition(":")
    if not is_ or not name or name != name.strip():
        raise BadRequestError("a line of the head is no header")
    return name, _text(value.strip(" \t"))


def _text(value: str) -> str:
    """Return a header's value as UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunked(reader)
    length = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MOST_BODY:
        raise BadRequestError(f"its Content-Length is no number up to {MOST_BODY}")
    return await reader.readexactly(int(length))


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = re.match(rb"[0-9A-Fa-f]{1,8}(?=[;\r])", line)
        if size is None or len(body) + int(size[0], 16) > MOST_BODY:
            raise BadRequestError("its body is not chunked as it says, or too long")
        if not int(size[0], 16):
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return body
        body += await reader.readexactly(int(size[0], 16))
        await reader.readexactly(2)
