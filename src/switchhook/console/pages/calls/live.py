"""The calls that run: what each waits for, and hanging up; renewed while the page is open."""

from typing import Any, cast

from litestar import Response
from litestar.response import Stream

from switchhook.api.protocol import PROGRESS
from switchhook.api.responses import IS_HEAD
from switchhook.console.access import shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.news import EVENTS_TYPE, call_news, reader_key
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import ACT_ON_CALLS, READ_CALLS
from switchhook.storage.call_search import CallFilter
from switchhook.views.running_calls import running_line

SIDE = SideEntry(
    title="Live", icon="activity", path="/live", section=Section.OVERVIEW, place=3, need=READ_CALLS
)
MOST = 100
"""Calls that are shown."""


@shows("/live", READ_CALLS)
async def live(page: CurrentPage) -> Response[bytes]:
    """List the calls that run, newest first."""
    found = await page.store.find_calls(
        project=page.project, wanted=CallFilter(is_running=True), limit=MOST
    )
    lines = [
        running_line(row, await page.store.journal(row.id), page.snapshot) for row in found.calls
    ]
    return page.render(
        "calls/live.html",
        title="Live",
        calls=[
            one | {"since": max(0.0, page.now - row.arrived_at)}
            for one, row in zip(lines, found.calls, strict=True)
        ],
        is_more=found.next is not None,
        seen_at=page.now,
        may_hang_up=page.may(ACT_ON_CALLS),
    )


@shows("/calls/news", READ_CALLS)
async def news(page: CurrentPage) -> Response[bytes] | Stream:
    """Tell an open page of changes as they come; 204, which browsers do not ask again after, where too many are open."""
    if not page.api.readers.has_room_for(reader_key(page.project)):
        return Response(b"", status_code=204, media_type="text/plain")
    scope = cast("dict[str, Any]", page.request.scope)
    sent: Any = iter(()) if IS_HEAD in scope else call_news(page, scope.get(PROGRESS, _nothing))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(sent, media_type=EVENTS_TYPE, headers=headers)


def _nothing() -> None:
    """Do nothing: there is no deadline."""
