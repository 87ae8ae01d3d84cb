"""The first page: which project, and how it goes there."""

from dataclasses import replace

from litestar import Response

from switchhook.console.access import Access, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import READ_CALLS
from switchhook.operations.history import UNCHECKED, list_deliveries
from switchhook.operations.people.links import claim_projects
from switchhook.storage.call_search import CallFilter
from switchhook.views.as_json import delivery
from switchhook.views.call_table import call_line

SIDE = SideEntry(
    title="Home", icon="house", path="/", section=Section.OVERVIEW, place=1, need=READ_CALLS
)
PROBLEMS = 10
CALLS = 8


@shows("/", Access.SIGNED_IN)
async def first(page: CurrentPage) -> Response[bytes]:
    """Go to the only project of somebody who has one; else let them choose."""
    user = page.user
    if (
        user is not None
        and not user.roles
        and await claim_projects(page.store, page.api.people, user, now=page.now)
    ):
        user = page.user = await page.api.people.user(user.id)
    projects = [] if user is None else [one.project for one in user.roles]
    if len(projects) == 1:
        return page.redirect(f"/console/projects/{projects[0]}/")
    return page.render("projects.html", title="Projects")


@shows("/", READ_CALLS)
async def home(page: CurrentPage) -> Response[bytes]:
    """Show what needs somebody, and the latest calls."""
    which = replace(UNCHECKED, project=page.project)
    running = await page.store.find_calls(
        project=page.project, wanted=CallFilter(is_running=True), limit=CALLS, count=True
    )
    latest = await page.store.find_calls(project=page.project, limit=CALLS)
    problems = await list_deliveries(page.store, which, limit=PROBLEMS)
    return page.render(
        "home.html",
        title="Home",
        running={"count": running.count, "is_more": running.has_more},
        calls=[call_line(one, page.snapshot) for one in latest.calls],
        problems=[delivery(one) for one in problems],
    )
