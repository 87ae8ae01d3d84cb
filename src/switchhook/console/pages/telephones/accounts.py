"""The accounts of a project: who has a telephone, where it is registered from, and the form of each."""

from typing import Final

from litestar import Response

from switchhook.console.access import shows
from switchhook.console.forms.handlers import PartPages, part_handlers
from switchhook.console.forms.part import FormSection, PartForm
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import CHANGE_PROJECT, READ_PROJECT
from switchhook.operations.document.resources import list_resources
from switchhook.operations.phones import list_phones

SIDE = SideEntry(
    title="Accounts",
    icon="phone",
    path="/accounts",
    section=Section.TELEPHONES,
    place=1,
    need=READ_PROJECT,
)
PAGES: Final = PartPages(
    form=PartForm(
        kind="accounts",
        sections=(
            FormSection(title="", keys=("login", "password", "name", "department")),
            FormSection(
                title="Outside calls",
                keys=(
                    "outside_concurrent_calls",
                    "outside_calls_per_day",
                    "outside_minutes_per_day",
                ),
                is_folded=True,
            ),
        ),
    ),
    path="/accounts",
    what="account",
)
new, made, one, changed, removal, removed = part_handlers(PAGES)


@shows("/accounts", READ_PROJECT)
async def accounts(page: CurrentPage) -> Response[bytes]:
    """List them, with where each is registered from."""
    found = await list_resources(page.store, page.project, "accounts")
    groups = await list_resources(page.store, page.project, "groups")
    phones = await list_phones(page.store, now=page.now, project=page.project)
    rows = [
        {
            "login": account.name,
            "name": account.value.get("name", ""),
            "department": account.value.get("department", ""),
            "groups": [
                group.name for group in groups if account.name in group.value.get("accounts", [])
            ],
            "phones": [
                {"address": phone.address, "with": phone.user_agent, "until": phone.expires_at}
                for phone in phones
                if phone.account == account.name
            ],
        }
        for account in found
    ]
    return page.render(
        "telephones/accounts.html",
        title="Accounts",
        accounts=rows,
        may_change=page.may(CHANGE_PROJECT),
    )
