"""The list of all deliveries, whatever became of them."""

from typing import Final

from litestar import Response

from switchhook.console.access import acts, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.console.pages.deliveries.found import DeliveryPages, act_on_list, show_list
from switchhook.domain.access.rights import ACT_ON_DELIVERIES, READ_DELIVERIES

SIDE = SideEntry(
    title="Deliveries",
    icon="send",
    path="/deliveries",
    section=Section.OVERVIEW,
    place=5,
    need=READ_DELIVERIES,
)
PAGES: Final = DeliveryPages(
    path="/deliveries", title="Deliveries", template="deliveries/list.html", usual="all"
)


@shows("/deliveries", READ_DELIVERIES)
async def deliveries(page: CurrentPage) -> Response[bytes]:
    """List them, newest first."""
    return await show_list(page, PAGES)


@acts("/deliveries", ACT_ON_DELIVERIES)
async def acted(page: CurrentPage) -> Response[bytes]:
    """Send some again, or all that fit."""
    return await act_on_list(page, PAGES)
