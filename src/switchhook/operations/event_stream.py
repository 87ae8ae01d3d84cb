"""Operations on the event stream of a project: read on from a place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
_PLACE = re.compile(r"(0|[1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")


class BadPlaceError(ValueError):
    """A place in a stream is none that was given out."""


class StreamGapError(Exception):
    """Whoever goes on from a place would miss events without a sign of it. The message says why, and what to do."""


class UnknownTypeError(ValueError):
    """A type of events is none. The message lists those that there are."""


def no_events(project: str) -> str:
    """Say that a project has no event stream, and how it gets one."""
    return (
        f"project {project} keeps no events: write [event_stream] with keep = true into its file,"
        " and apply it"
    )


def parse_types(written: str) -> frozenset[StreamEventType]:
    """Read names of types between commas; without any it is all of them. Raises UnknownTypeError."""
    names = [name.strip() for name in written.split(",") if name.strip()]
    if any(name not in set(StreamEventType) for name in names):
        raise UnknownTypeError(
            f"there is no such type of event: choose of {', '.join(StreamEventType)}"
        )
    return frozenset(map(StreamEventType, names or StreamEventType))


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """How far a reader has got in a stream."""

    number: int
    """That of the event that was read last; 0 before all that is kept."""
    deleted: int = 0
    """Up to which number events were deleted, of what the reader knows: behind its place some may be kept."""

    def __str__(self) -> str:
        return f"{self.number}-{self.deleted}" if self.deleted > self.number else f"{self.number}"

    def moved(self, page: StreamPage) -> StreamPlace:
        """Return the place behind the page that was read from here. Raises StreamGapError."""
        self.check(page)
        number = page.events[-1].number if page.events else self.number
        return StreamPlace(number, page.deleted)

    def check(self, page: StreamPage) -> None:
        """Raise StreamGapError where events behind this place went without the reader's knowledge."""
        if page.deleted > max(self.number, self.deleted) and self.number:
            raise StreamGapError(
                f"events behind this place were deleted, as the time of their calls was over: go on from {OLDEST}"
            )
        if self.number > page.last:
            raise StreamGapError(
                "the stream does not reach this place, so a backup was restored meanwhile:"
                f" go on from {OLDEST}"
            )


async def find_place(store: StreamEvents, project: str, written: str) -> StreamPlace:
    """Return the place behind which a reader goes on. Raises BadPlaceError, StreamGapError, StoreError.

    A place is what the stream gave out, or one of the two words.
    """
    if written == OLDEST:
        return StreamPlace(0)
    if written == NEWEST:
        return StreamPlace((await store.stream_events(project, after=0, limit=1)).last)
    found = _PLACE.fullmatch(written)
    if found is None:
        raise BadPlaceError(
            f"this is no place in the stream: send what `next` or an event's id said, {OLDEST} or {NEWEST}"
        )
    place = StreamPlace(int(found[1]), int(found[2] or 0))
    place.check(await store.stream_events(project, after=place.number, limit=1))
    return place
