"""Measures what goes up and down in a running server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from switchhook.metrics import Gauge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.delivery.breakers import Breakers
    from switchhook.delivery.dispatcher import Dispatcher
    from switchhook.metrics import Metrics
    from switchhook.switchboard.switchboard import Switchboard

EVERY: Final = 0.5
"""Seconds between two looks at how late the event loop is."""


def gauges(switchboard: Switchboard, dispatcher: Dispatcher, breakers: Breakers) -> Iterator[Gauge]:
    """Yield them."""
    failing = dispatcher.failing
    parked = sum(incident.parked_until is not None for incident in failing)
    held = sum(breaker.is_open for breaker in breakers.failing.values())
    yield Gauge("calls_running", "Calls under way.", len(switchboard.calls))
    yield Gauge("deliveries_waiting", "Deliveries that wait for their turn or another attempt.", dispatcher.waiting)  # fmt: skip
    yield Gauge("deliveries_in_flight", "Deliveries that are being sent or recorded.", dispatcher.in_flight)  # fmt: skip
    yield Gauge("attempts_unrecorded", "Attempts that the database has refused so far.", dispatcher.unrecorded)  # fmt: skip
    yield Gauge("oldest_delivery_age_seconds", "Age of the event that has waited longest.", dispatcher.oldest_age)  # fmt: skip
    yield Gauge("webhooks_failing", "Event webhooks that fail again and again.", len(failing))
    yield Gauge("webhooks_parked", "Those of them whose deliveries are parked.", parked)
    yield Gauge("ask_endpoints_open", "Asked endpoints whose circuit breaker is open.", held)


async def watch_loop(metrics: Metrics) -> None:
    """Measure how late the event loop runs a timer, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        metrics.loop_delay.observe(max(0.0, loop.time() - due))
