"""All that is kept of one call: its journal, its deliveries with each attempt, and its SIP messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from switchhook.operations.calls.sip_messages import (
    CapturedCalls,
    NoSipMessagesError,
    sip_messages_of,
)
from switchhook.operations.history import CallStory, DeliveryStory, show_call
from switchhook.storage.captures import SipCapture
from switchhook.storage.ports import Records

if TYPE_CHECKING:
    from switchhook.storage.records import DeliveryRow


class WholeCalls(Records, CapturedCalls, Protocol):
    """Keeps calls, what was told of them, and their SIP messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeCall:
    """One call."""

    story: CallStory
    deliveries: tuple[DeliveryStory, ...]
    capture: SipCapture | None
    """None where no SIP messages are kept."""


async def with_attempts(store: Records, rows: tuple[DeliveryRow, ...]) -> tuple[DeliveryStory, ...]:
    """Return deliveries with their attempts, in the same order."""
    return tuple(
        [DeliveryStory(row=row, attempts=await store.attempts(row.delivery.id)) for row in rows]
    )


async def show_whole_call(store: WholeCalls, call: str, *, only: str | None = None) -> WholeCall:
    """Return all of one call; with `only`, another project's call is not there. Raises NoSuchCallError."""
    story = await show_call(store, call, only=only)
    try:
        _, capture = await sip_messages_of(store, call, only=only)
    except NoSipMessagesError:
        found = None
    else:
        found = capture
    return WholeCall(
        story=story, deliveries=await with_attempts(store, story.deliveries), capture=found
    )
