"""The groups of a project: accounts that ring together, and the form of each."""

from typing import Final

from litestar import Response

from switchhook.console.access import shows
from switchhook.console.forms.handlers import PartPages, part_handlers
from switchhook.console.forms.part import PartForm
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import CHANGE_PROJECT, READ_PROJECT
from switchhook.operations.document.resources import list_resources

SIDE = SideEntry(
    title="Groups",
    icon="users",
    path="/groups",
    section=Section.TELEPHONES,
    place=2,
    need=READ_PROJECT,
)
PAGES: Final = PartPages(form=PartForm(kind="groups"), path="/groups", what="group")
new, made, one, changed, removal, removed = part_handlers(PAGES)


@shows("/groups", READ_PROJECT)
async def groups(page: CurrentPage) -> Response[bytes]:
    """List them, with who rings."""
    found = await list_resources(page.store, page.project, "groups")
    accounts = await list_resources(page.store, page.project, "accounts")
    names = {account.name: account.value.get("name", "") for account in accounts}
    rows = [
        {
            "name": group.name,
            "accounts": [
                {"login": login, "name": names.get(login, "")}
                for login in group.value.get("accounts", [])
            ],
        }
        for group in found
    ]
    return page.render(
        "telephones/groups.html",
        title="Groups",
        groups=rows,
        may_change=page.may(CHANGE_PROJECT),
    )
