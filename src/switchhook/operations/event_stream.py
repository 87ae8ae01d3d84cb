"""Operations on the event stream of a project: read on from a place in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from switchhook.domain.event_stream import StreamEventType

if TYPE_CHECKING:
    from switchhook.storage.ports import StreamEvents
    from switchhook.storage.stream import StreamPage

OLDEST: Final = "oldest"
"""The place before everything that is kept."""
NEWEST: Final = "newest"
"""The place behind everything that is there by now."""
MAX_EVENTS: Final = 500
"""Events that are read at once."""
_PLACE = re.compile(r"0|[1-9][0-9]{0,17}")


class BadPlaceError(ValueError):
    """A place in a stream is none that was given out."""


class StreamGapError(Exception):
    """Whoever goes on from a place would miss events without a sign of it. The message says why, and what to do."""


class UnknownTypeError(ValueError):
    """A type of events is none. The message lists those that there are."""


def parse_types(written: str) -> frozenset[StreamEventType]:
    """Read names of types between commas; without any it is all of them. Raises UnknownTypeError."""
    names = [name.strip() for name in written.split(",") if name.strip()]
    if any(name not in set(StreamEventType) for name in names):
        raise UnknownTypeError(
            f"there is no such type of event: choose of {', '.join(StreamEventType)}"
        )
    return frozenset(map(StreamEventType, names or StreamEventType))


async def find_place(store: StreamEvents, project: str, written: str) -> int:
    """Return the number behind which a reader goes on. Raises BadPlaceError, StreamGapError, StoreError.

    A place is what was read last, as the stream gave it out, or one of the two words.
    """
    if written == OLDEST:
        return 0
    if written == NEWEST:
        return (await store.stream_events(project, after=0, limit=1)).last
    if not _PLACE.fullmatch(written):
        raise BadPlaceError(
            f"this is no place in the stream: send what `next` or an event's id said, {OLDEST} or {NEWEST}"
        )
    place = int(written)
    check_place(await store.stream_events(project, after=place, limit=1), place)
    return place


def check_place(page: StreamPage, place: int) -> None:
    """Raise StreamGapError where the events behind a place are not all there; 0 is before what is kept."""
    if 0 < place < page.deleted:
        raise StreamGapError(
            f"events behind this place were deleted, as the time of their calls was over: go on from {OLDEST}"
        )
    if place > page.last:
        raise StreamGapError(
            "the stream does not reach this place, so a backup was restored meanwhile:"
            f" go on from {OLDEST}"
        )
