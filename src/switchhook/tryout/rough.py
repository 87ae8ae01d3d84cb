"""Treats a receiver roughly, as a network, a crash and strange callers do, and says what it survived."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.delivery.http.tls import usual_trust
from switchhook.delivery.http.wire import render
from switchhook.tryout.sending import SentEvent, sending_anywhere
from switchhook.tryout.triggering import events_of_example

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from switchhook.domain.event import EventKind, EventWebhook
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.tryout.examples import Example
    from switchhook.tryout.triggering import TriggeredEvent
    from switchhook.webhooks.http import HttpRequest

    Chosen = tuple[tuple[EventKind, EventWebhook], ...]
    Send = Callable[[HttpRequest], Awaitable[SentEvent]]

STRANGE_NAMES: Final = (
    "O'Brien; DROP TABLE calls;--",
    '"quoted" \\ back\\slash',
    "<script>alert(1)</script> & Söhne",
    "Київ 日本語 😀",
    "\u202edesrever\u202c",
    "{{caller_id}} %s ${x}",
    "n" * 300,
)
"""Names that callers give themselves."""
OTHER_DIGITS: Final = bytes.maketrans(b"0123456789", b"1234567890")
AT_ONCE: Final = 20
"""Calls that end at the same moment."""
PIECE, PAUSE = 16, 0.02
"""Bytes that a slow network carries at a time, and the seconds between; at most `SLOWEST` in all."""
SLOWEST: Final = 3.0
AN_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoughResult:
    """What one rough treatment showed."""

    case: str
    survived: bool
    said: str
    """What the receiver answered, or what to do about it."""


class RoughTreatment:
    """All treatments of one receiver, each with a call of its own."""

    def __init__(
        self,
        snapshot: ProjectSnapshot,
        chosen: Chosen,
        url: str,
        example: Example,
        *,
        product: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._snapshot = snapshot
        self._chosen = chosen
        self._url = url
        self._example = example
        self._product = product
        self._clock = clock
        self._calls = 0

    async def run(
        self, told: Callable[[RoughResult], None] = lambda _: None, *, deadline: float = 10.0
    ) -> tuple[RoughResult, ...]:
        """Treat the receiver; `told` hears of each result. A receiver that refuses plain events is spared the rest."""
        results: list[RoughResult] = []

        def note(result: RoughResult) -> None:
            results.append(result)
            told(result)

        async with sending_anywhere(deadline=deadline) as send:
            note(await self._taken("the events as they are", send, self._events()))
            if not results[0].survived:
                return tuple(results)
            for result in (
                self._twice,
                self._at_once_twice,
                self._other_order,
                self._amended,
                self._strange_names,
                self._withheld,
                self._many,
                self._slow_request,
                self._slow_reading,
                self._cut_off,
            ):
                note(await result(send))
            if self._is_signed:
                note(await self._old_signature(send))
                if self._events()[-1].request.body:
                    note(await self._wrong_body(send))
                note(await self._unsigned(send))
        return tuple(results)

    @property
    def _is_signed(self) -> bool:
        return any(
            webhook.credentials.signing_secrets or webhook.credentials.hmac is not None
            for _, webhook in self._chosen
        )

    def _events(
        self, *, first: int = 1, call: str = "", name: str | None = None, **changes: str
    ) -> tuple[TriggeredEvent, ...]:
        """Return the events of another call, or of the one named."""
        self._calls += not call
        example = replace_example(
            self._example, id=call or f"{self._example.id}{self._calls:03}", **changes
        )
        if name is not None:
            example = replace_example(example, caller_name=name)
        return events_of_example(
            self._snapshot,
            self._chosen,
            self._url,
            example,
            now=self._clock(),
            product=self._product,
            first=first,
        )

    async def _taken(
        self, case: str, send: Send, events: Sequence[TriggeredEvent], advice: str = ""
    ) -> RoughResult:
        """Send events in turn: each is to be taken."""
        sent = [await send(event.proved(self._clock())) for event in events]
        return _result(case, sent, advice)

    async def _twice(self, send: Send) -> RoughResult:
        *before, last = self._events()
        advice = "answer 200 to a webhook-id that is known, and do nothing else"
        return await self._taken("the same event twice", send, [*before, last, last], advice)

    async def _at_once_twice(self, send: Send) -> RoughResult:
        event = self._events()[-1]
        sent = await asyncio.gather(*(send(event.proved(self._clock())) for _ in range(2)))
        advice = "remember webhook-id in one step, such as an INSERT with a unique key"
        return _result("the same event twice at the same moment", sent, advice)

    async def _other_order(self, send: Send) -> RoughResult:
        advice = "take an event of a call whose beginning is not known yet"
        return await self._taken("events in reverse order", send, self._events()[::-1], advice)

    async def _amended(self, send: Send) -> RoughResult:
        events = self._events()
        call = events[-1].id.rpartition(f".{len(events)}.")[0]
        late = self._events(first=len(events) + 1, call=call)[-1]
        advice = "let a later event of the same call change what is stored of it"
        return await self._taken(
            "another event of a call that has ended", send, [*events, late], advice
        )

    async def _strange_names(self, send: Send) -> RoughResult:
        events = [self._events(name=name)[-1] for name in STRANGE_NAMES]
        advice = "escape what callers give as their name, and store it as UTF-8 of any length"
        return await self._taken("strange names of callers", send, events, advice)

    async def _withheld(self, send: Send) -> RoughResult:
        events = [self._events(caller=caller)[-1] for caller in ("", "anonymous")]
        advice = "take a call without a caller's number"
        return await self._taken("callers without a number", send, events, advice)

    async def _many(self, send: Send) -> RoughResult:
        events = [self._events()[-1] for _ in range(AT_ONCE)]
        sent = await asyncio.gather(*(send(event.proved(self._clock())) for event in events))
        advice = "answer first, and work on the event afterwards"
        return _result(f"{AT_ONCE} calls that end at once", sent, advice)

    async def _slow_request(self, _: Send) -> RoughResult:
        request = self._events()[-1].proved(self._clock())
        advice = "read a request to the end of its Content-Length, however slowly it comes"
        return _result("a request that comes slowly", [await exchange_raw(request)], advice)

    async def _slow_reading(self, _: Send) -> RoughResult:
        request = self._events()[-1].proved(self._clock())
        sent = await exchange_raw(request, piece=1 << 20, read=1)
        return _result("an answer that is read slowly", [sent], "keep answers short")

    async def _cut_off(self, send: Send) -> RoughResult:
        request = self._events()[-1].proved(self._clock())
        await exchange_raw(request, cut=True)
        advice = "a request that ends early must not stop the server"
        return await self._taken("a request that is cut off", send, self._events()[-1:], advice)

    async def _old_signature(self, send: Send) -> RoughResult:
        request = self._events()[-1].proved(self._clock() - AN_HOUR)
        return _refused("a signature of an hour ago", await send(request))

    async def _wrong_body(self, send: Send) -> RoughResult:
        request = self._events()[-1].proved(self._clock())
        changed = request.body.translate(OTHER_DIGITS)
        return _refused(
            "a body that was changed on its way", await send(replace(request, body=changed))
        )

    async def _unsigned(self, send: Send) -> RoughResult:
        return _refused("an event without a signature", await send(self._events()[-1].request))


def replace_example(example: Example, **changes: str) -> Example:
    """Return an example with changes."""
    return msgspec.structs.replace(example, **changes)


def _result(case: str, sent: Sequence[SentEvent], advice: str = "") -> RoughResult:
    bad = next((one for one in sent if not one.is_good), None)
    if bad is None:
        return RoughResult(case=case, survived=True, said=sent[-1].said)
    said = f"{bad.said}; {advice}" if advice else bad.said
    return RoughResult(case=case, survived=False, said=said)


def _refused(case: str, sent: SentEvent) -> RoughResult:
    """Return whether what somebody else could send was refused."""
    is_refused = 400 <= sent.status < 500
    advice = "" if is_refused else "; answer 401 to it: anybody could have sent this"
    return RoughResult(case=case, survived=is_refused, said=f"{sent.said}{advice}")


async def exchange_raw(
    request: HttpRequest,
    *,
    piece: int = PIECE,
    read: int = 65_536,
    cut: bool = False,
    deadline: float = 30.0,
) -> SentEvent:
    """Send a request in pieces and read its answer in others; with `cut`, to the middle of its body, and leave."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline):
            head = await _exchange(request, piece, read, cut=cut)
    except (OSError, ExchangeError, ssl.SSLError, TimeoutError) as error:
        said = error.failure.detail if isinstance(error, ExchangeError) else str(error)
        return SentEvent(
            request=request, status=0, said=said or "no answer in time", seconds=deadline
        )
    seconds = time.monotonic() - began
    parts = head.split(b" ", 2)
    status = int(parts[1]) if len(parts) > 1 and parts[1][:3].isdigit() else 0
    said = f"{status} in {seconds * 1000:.0f} ms" if status else "it answered no HTTP"
    return SentEvent(request=request, status=status, said=said, seconds=seconds)


async def _exchange(request: HttpRequest, piece: int, read: int, *, cut: bool) -> bytes:
    where, target = split(request.url)
    origin = Origin.parse(where)
    data = render(request, target)
    data = data[: len(data) - (len(request.body) + 1) // 2 - 1] if cut else data
    reader, writer = await asyncio.open_connection(
        origin.host,
        origin.port,
        limit=1024,
        ssl=usual_trust() if origin.scheme == "https" else None,
    )
    try:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        piece = max(piece, int(len(data) * PAUSE / SLOWEST))
        for place in range(0, len(data), piece):
            writer.write(data[place : place + piece])
            await writer.drain()
            if piece < len(data):
                await asyncio.sleep(PAUSE)
        answer = b""
        while not cut and b"\r\n\r\n" not in answer and len(answer) < 65_536:
            if not (more := await reader.read(read)):
                break
            answer += more
        return answer
    finally:
        writer.transport.abort()
