"""The list of calls: what is searched by stands in the URL; export as CSV and JSON lines."""

from typing import Any, cast

from litestar import Response
from litestar.response import Stream

from switchhook.api.protocol import PROGRESS
from switchhook.api.responses import IS_HEAD
from switchhook.console.access import shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import EXPORT_CALLS, READ_CALLS
from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.operations.calls.finding import (
    FILTER_KEYS,
    WrongFilterError,
    export_calls,
    read_call_filter,
    read_place,
)
from switchhook.views.call_export import EXPORTS, export_headers, export_parts
from switchhook.views.call_table import call_line

SIDE = SideEntry(
    title="Calls", icon="phone", path="/calls", section=Section.OVERVIEW, place=2, need=READ_CALLS
)
PER_PAGE = 50
SAVED = (
    ("Missed in 24 hours", {"outcome": "missed", "since": "24h"}),
    ("Voicemail in 7 days", {"outcome": "voicemail", "since": "7d"}),
    ("Failed", {"outcome": "failed", "since": "7d"}),
    ("Webhook failures", {"failed": "true", "since": "7d"}),
    ("Running", {"running": "true"}),
)
"""Filters that people look for often, as links; one's own are bookmarks, for the URL has all of a filter."""


@shows("/calls", READ_CALLS)
async def calls(page: CurrentPage) -> Response[bytes]:
    """List calls that fit, newest first."""
    given = page.query()
    after = given.pop("after", "")
    problem = dict.fromkeys(FILTER_KEYS, "") | {"after": ""}
    found, count = None, None
    try:
        found = await page.store.find_calls(
            project=page.project,
            wanted=read_call_filter(given, now=page.now),
            limit=PER_PAGE,
            behind=read_place(after),
            count=not after,
        )
        count = {"number": found.count, "is_more": found.has_more}
    except WrongFilterError as error:
        problem[error.field] = str(error).removeprefix(f"{error.field}: ")
    return page.render(
        "calls/list.html",
        title="Calls",
        status=200 if found else 400,
        calls=[call_line(one, page.snapshot) for one in found.calls] if found else [],
        next=str(found.next) if found and found.next else None,
        searched_to_at=found.searched_to if found else None,
        count=count,
        given={name: given.get(name, "") for name in FILTER_KEYS},
        after=after,
        saved=SAVED,
        narrowed=given,
        is_narrowed=any(name in FILTER_KEYS for name in given),
        is_understood=found is not None,
        problem=problem,
        outcomes=list(Outcome),
        directions=list(Direction),
        scheme_choices=[
            (one.id, f"{one.id} {one.name}")
            for one in (page.snapshot.project.schemes if page.snapshot else ())
        ],
        may_export=page.may(EXPORT_CALLS) and not page.masks,
    )


@shows("/calls/export", EXPORT_CALLS)
async def export(page: CurrentPage) -> Stream:
    """Send all calls that fit as a file."""
    given = page.query()
    form = given.pop("format", "csv")
    if form not in EXPORTS:
        raise WrongFilterError("format", f"choose of {', '.join(EXPORTS)}")
    given.pop("after", "")
    wanted = read_call_filter(given, now=page.now)
    scope = cast("dict[str, Any]", page.request.scope)
    progress = scope.get(PROGRESS, lambda: None)
    found = export_calls(page.store, project=page.project, wanted=wanted)
    sent: Any = iter(()) if IS_HEAD in scope else export_parts(form, found, progress)
    return Stream(sent, media_type=EXPORTS[form].media_type, headers=export_headers(form))
