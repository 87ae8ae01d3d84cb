"""One connection to one endpoint: writes a request, waits for its response, keeps the deadline."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, cast

from switchhook.delivery.http.deadline import (
    LAST_LOOK_SECONDS,
    STOOD_STILL_SECONDS,
    given_back,
)
from switchhook.delivery.http.errors import ExchangeError, ExchangePhase, interrupted, timed_out
from switchhook.domain.failure import FailureKind

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from switchhook.delivery.http.proxy import Proxy
    from switchhook.delivery.http.reader import ResponseReader

SETTLED_SECONDS = 0.5
"""Silence after which a connection is looked at before it is written to: the server may be about
to end it, or may have done so since the loop last looked."""

_NOT_YET = -1.0


class Connection(asyncio.Protocol):
    """Exchanges one request at a time. `send`, await, then read `reader`; or `abort`.

    The timer is armed once and looked at when it fires, since arming one for each exchange would
    cost more than parsing the answer does; so it always keeps the running exchange's deadline.
    """

    __slots__ = (
        "_clock",
        "_is_last_look",
        "_loop",
        "_on_lost",
        "_timer",
        "_timer_at",
        "_transport",
        "_until",
        "_waiter",
        "address",
        "head_at",
        "idle_until",
        "is_lost",
        "made_at",
        "over_at",
        "proxy",
        "reader",
        "sent_at",
        "where",
        "written_at",
    )

    def __init__(
        self,
        reader: ResponseReader,
        *,
        where: str,
        address: str,
        clock: Callable[[], float],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self.reader = reader
        self.where = where
        self.address = address
        self.proxy: Proxy | None = None
        """The proxy at its other end, where that reads the requests itself (plain http)."""
        self.is_lost = False
        self.idle_until = 0.0
        self.made_at = 0.0
        self.sent_at = self.written_at = self.over_at = 0.0
        self.head_at = _NOT_YET
        self._clock = clock
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = self._until = 0.0
        self._is_last_look = False

    def send(
        self, data: bytes, method: str, cap: int, *, now: float, until: float
    ) -> asyncio.Future[None]:
        """Write `data` now; the future is done when the reader is over, at `until` at the latest.

        It never holds an exception: a failure is the reader's.
        """
        self.reader.expect(method, cap)
        self.sent_at = self.written_at = now
        self.head_at = _NOT_YET
        self._until = until
        self._is_last_look = False
        waiter = self._waiter = self._loop.create_future()
        if self._timer is None or until < self._timer_at:
            self._arm(until - now)
            self._timer_at = until
        self._transport.write(data)
        return waiter

    def is_fit(self, now: float) -> bool:
        """Whether a request may be written to this idle connection."""
        if self.is_lost or now >= self.idle_until:
            return False
        if now - self.over_at < SETTLED_SECONDS:
            return True
        return not self._has_news()

    @property
    def ssl_object(self) -> ssl.SSLObject | None:
        """The TLS side of it; None for plain http."""
        secure: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return secure

    @property
    def can_be_kept(self) -> bool:
        """Whether another exchange may follow the one that is over."""
        return (
            self.reader.is_reusable
            and not self.is_lost
            and not self._transport.get_write_buffer_size()
        )

    def seconds(self, total: float) -> tuple[tuple[str, float], ...]:
        """Return the phases of the exchange that is over, as far as it came, and `total`.

        A short request counts as written once the kernel has it.
        """
        sent, written, head = self.sent_at, self.written_at, self.head_at
        if head != _NOT_YET:
            return (
                ("write", written - sent),
                ("headers", head - written),
                ("body", self.over_at - head),
                ("total", total),
            )
        if (
            self.reader.failure is not None
            and self.reader.failure.failure.kind is FailureKind.WRITE_TIMEOUT
        ):
            return (("write", self.over_at - sent), ("total", total))
        return (("write", written - sent), ("headers", self.over_at - written), ("total", total))

    def abort(self) -> None:
        """Close at once, whatever is under way; nothing is flushed, and no TLS farewell awaited."""
        self.is_lost = True
        self._transport.abort()

    def interrupt(self) -> None:
        """Close because Switchhook stops."""
        self._give_up(interrupted(self.where))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)
        self.made_at = self._clock()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        reader = self.reader
        if self._waiter is None or reader.is_over:
            self.abort()  # unexpected bytes
            return
        reader.feed(data)
        if reader.is_over:
            self.over_at = now = self._clock()
            if self.head_at == _NOT_YET:
                self.head_at = now
            self._wake()
        elif reader.has_head and self.head_at == _NOT_YET:
            self.head_at = self._clock()

    def eof_received(self) -> None:
        """Called by the loop. A half-closed connection is of no use; the loop closes it."""
        self.is_lost = True

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop, once."""
        self.is_lost = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.over_at = self._clock()
        self.reader.end(error)
        self.reader.close()
        self._wake()
        self._on_lost(self)

    def resume_writing(self) -> None:
        """Called by the loop when a long request has gone out at last."""
        self.written_at = self._clock()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _give_up(self, error: ExchangeError) -> None:
        if not self.reader.is_over:
            self.reader.failure = error
            self.reader.is_over = True
        self.over_at = self._clock()
        self.abort()
        self._wake()

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(seconds, 0.0), self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        now = self._clock()
        left = self._until - now
        missed = now - max(self._until, self.sent_at)
        if left > 0:
            self._arm(left)
            self._timer_at = self._until
        elif not self._is_last_look and self._has_news():
            # uvloop runs timers before it reads: a process that stood still has not read what came in time.
            self._is_last_look = True
            self._arm(LAST_LOOK_SECONDS)
        elif not self._is_last_look and missed > STOOD_STILL_SECONDS:
            # Perhaps it stood still before it wrote, and the endpoint has had no time at all.
            self._is_last_look = True
            self._arm(given_back(missed))
        elif self._transport.get_write_buffer_size():
            self._give_up(timed_out(ExchangePhase.WRITE, self.where))
        else:
            phase = ExchangePhase.BODY if self.reader.has_head else ExchangePhase.HEADERS
            self._give_up(timed_out(phase, self.where))

    def _has_news(self) -> bool:
        """Whether the kernel holds bytes or an end that the loop has not seen yet."""
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))
