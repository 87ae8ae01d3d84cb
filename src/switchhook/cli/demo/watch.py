"""Drawing calls while they happen, from what is stored of them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from switchhook.cli.timeline import draw
from switchhook.operations.history import CallStory, show_call
from switchhook.storage.records import DeliveryState
from switchhook.views.timeline import delivery_lines, entry_line, would_be_told

if TYPE_CHECKING:
    from rich.console import Console

    from switchhook.storage.ports import Records

POLL_INTERVAL = 0.05
"""Seconds between two looks into the store."""


async def new_call(store: Records, seen: set[str], *, within: float) -> str | None:
    """Wait for a call that is not in `seen`, and add it there; None when there is none in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        for row in reversed(await store.calls(limit=20)):
            if row.id not in seen:
                seen.add(row.id)
                return row.id
        await asyncio.sleep(POLL_INTERVAL)
    return None


async def follow(
    store: Records, call: str, console: Console, *, within: float, sends: bool = True
) -> CallStory:
    """Draw a call until it has ended and everybody was told, or time is over; return its story.

    Where nothing `sends` deliveries, whoever would be told is drawn as such.
    """
    end = time.monotonic() + within
    drawn: set[str] = set()
    while True:
        story = await show_call(store, call)
        _draw_news(story, drawn, console, sends=sends)
        if _is_done(story, sends=sends) or time.monotonic() > end:
            return story
        await asyncio.sleep(POLL_INTERVAL)


def _is_done(story: CallStory, *, sends: bool) -> bool:
    told = not sends or all(row.state is not DeliveryState.PENDING for row in story.deliveries)
    return story.call.ended_at is not None and told


def _draw_news(story: CallStory, drawn: set[str], console: Console, *, sends: bool) -> None:
    """Draw what was not there at the last look, in the order of time."""
    lines = []
    for entry in story.journal:
        if f"{entry.seq}" not in drawn:
            drawn.add(f"{entry.seq}")
            lines.append(entry_line(entry))
    for row in story.deliveries:
        if row.delivery.id in drawn:
            continue
        if not sends:
            drawn.add(row.delivery.id)
            lines.append(would_be_told(row.delivery))
        elif row.state is not DeliveryState.PENDING:
            drawn.add(row.delivery.id)
            lines += delivery_lines(row)
    for line in sorted(lines, key=lambda line: line.at):
        console.print(draw(line, began=story.call.arrived_at))
