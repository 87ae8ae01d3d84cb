"""The error check: deliveries that were given up and that nobody has checked (R2-05 to R2-07)."""

from typing import Final

from litestar import Response

from switchhook.console.access import acts, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.console.pages.deliveries.found import DeliveryPages, act_on_list, show_list
from switchhook.domain.access.rights import ACT_ON_DELIVERIES, READ_DELIVERIES

SIDE = SideEntry(
    title="Error check",
    icon="triangle-alert",
    path="/error-check",
    section=Section.OVERVIEW,
    place=4,
    need=READ_DELIVERIES,
)
PAGES: Final = DeliveryPages(
    path="/error-check",
    title="Webhook error check",
    template="deliveries/error_check.html",
    usual="unchecked",
)


@shows("/error-check", READ_DELIVERIES)
async def error_check(page: CurrentPage) -> Response[bytes]:
    """List what needs somebody."""
    return await show_list(page, PAGES)


@acts("/error-check", ACT_ON_DELIVERIES)
async def acted(page: CurrentPage) -> Response[bytes]:
    """Check some, or send them again."""
    return await act_on_list(page, PAGES)
