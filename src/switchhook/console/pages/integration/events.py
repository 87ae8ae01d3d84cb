"""Integration → Webhooks: which events of calls a project tells, to whom, and how that goes (R2-16, R2-17, R2-06)."""

from typing import Any, Final

from litestar import Response

from switchhook.console.access import shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import READ_DELIVERIES
from switchhook.operations.history import list_deliveries
from switchhook.operations.project_events import event_rows
from switchhook.operations.project_versions import current_project
from switchhook.storage.records import DeliveryFilter
from switchhook.views.deliveries.lines import delivery_line
from switchhook.views.project_events import event_row

SIDE = SideEntry(
    title="Webhooks",
    icon="webhook",
    path="/events",
    section=Section.INTEGRATION,
    place=1,
    need=READ_DELIVERIES,
)
MOST_LOOKED_UP: Final = 100
"""Actions whose last delivery is looked up."""


@shows("/events", READ_DELIVERIES)
async def events(page: CurrentPage) -> Response[bytes]:
    """List the events, the built-in one first, each with its actions."""
    project = await current_project(page.store, page.project, page.api.snapshot_of)
    unchecked = await page.store.unchecked_by_webhook(page.project)
    rows = [event_row(one) for one in event_rows(project, unchecked)]
    actions = [action for row in rows for action in row["actions"]]
    for action in actions[:MOST_LOOKED_UP]:
        action["last"] = await _last(page, action["name"])
    return page.render("integration/events.html", title="Webhooks", events=rows)


async def _last(page: Page, name: str) -> dict[str, Any] | None:
    which = DeliveryFilter(project=page.project, webhook=name)
    found = await list_deliveries(page.store, which, limit=1)
    return delivery_line(found[0], now=page.now) if found else None
