"""What changes among a project's calls, as server-sent events for open pages, which then get the part anew that they show.

The events hold no call: a page that is got anew asks for rights and masks numbers as at any time.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from switchhook.operations.event_stream import NEWEST, StreamGapError, find_place
from switchhook.operations.people.sessions import SessionOverError, check_session
from switchhook.storage.call_search import CallFilter
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from switchhook.api.dependencies import ApiStore
    from switchhook.console.page import Page

EVENTS_TYPE: Final = "text/event-stream"
LOOK: Final = 1.0
"""Seconds between two looks, and so the most between two events: what comes meanwhile is told together."""
ALIVE: Final = 2.0
"""Seconds without news after which a page hears that the server is there; pages miss it after five."""
CHECK: Final = 15.0
"""Seconds after which the session is looked at again."""
MOST_RUNNING: Final = 200
MOST_NEW: Final = 30
"""Calls that are counted as new at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsSeen:
    """What was there at one look."""

    running: tuple[Any, ...]
    """Of each running call all that a list shows."""
    newest: dict[str, int]
    """The places in the store of the newest calls, by id."""

    def new_since(self, before: CallsSeen) -> int:
        """Return how many calls came since."""
        last = max(before.newest.values(), default=-1)
        return sum(
            place > last and call not in before.newest for call, place in self.newest.items()
        )


async def see_calls(store: ApiStore, project: str) -> CallsSeen:
    """Look at a project's calls."""
    running = await store.find_calls(
        project=project, wanted=CallFilter(is_running=True), limit=MOST_RUNNING
    )
    newest = await store.find_calls(project=project, limit=MOST_NEW)
    return CallsSeen(
        running=tuple(
            (one.id, one.state, one.scheme, one.talking_to, tuple(leg.state for leg in one.legs))
            for one in running.calls
        ),
        newest={one.id: one.number for one in newest.calls},
    )


def reader_key(project: str) -> str:
    """Return what open pages of a project are counted as: they take no place of a program's."""
    return f"console:{project}"


async def call_news(page: Page, progress: Callable[[], None]) -> AsyncGenerator[bytes, None]:
    """Yield an event `news` for each change, `alive` else, while the session is good."""
    readers, key = page.api.readers, reader_key(page.project)
    if not readers.has_room_for(key):  # others that came at the same moment took it
        return
    readers.of_project[key] += 1
    try:
        seen = await see_calls(page.store, page.project)
        yield b"retry: 2000\n\n" + _event("alive", 0)
        told = checked = time.monotonic()
        wait = _Wait(page)
        while not readers.is_stopping:
            await wait.a_while()
            now = time.monotonic()
            if now - checked >= CHECK:
                if not await _is_good(page):
                    return
                checked = now
            found = await see_calls(page.store, page.project)
            if found != seen:
                yield _event("news", found.new_since(seen))
            elif now - told >= ALIVE:
                yield _event("alive", 0)
            else:
                continue
            seen, told = found, now
            progress()
    except StoreError:
        return  # the page comes again
    finally:
        readers.of_project[key] -= 1


def _event(name: str, new: int) -> bytes:
    return f"event: {name}\ndata: {new}\n\n".encode()


class _Wait:
    """Waits for the event stream, where the project keeps one; it tells of most changes at once. Else for the next look."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._place: int | None = None

    async def a_while(self) -> None:
        """Wait for an event or for a second, and in any case long enough that a busy project costs no more."""
        project, store = self._page.project, self._page.store
        if not self._page.api.keeps_events(project):
            await asyncio.sleep(LOOK)
            return
        try:
            if self._place is None:
                self._place = (await find_place(store, project, NEWEST)).number
            found = await store.stream_events(project, after=self._place, limit=100, wait=LOOK)
        except StreamGapError:
            self._place = None
            return
        self._place = max(self._place, *(one.number for one in found.events), 0)
        if found.events:
            await asyncio.sleep(LOOK / 4)


async def _is_good(page: Page) -> bool:
    """Say whether the reader is still signed in, and somebody in the project."""
    try:
        _, user = await check_session(page.api.people, page.session_key, now=page.now)
    except SessionOverError:
        return False
    return user.role_in(page.project) is not None
