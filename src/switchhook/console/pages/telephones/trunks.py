"""The trunks of a project: where outside numbers are sent, what the server last saw of each, and their forms."""

from typing import Final

from litestar import Response

from switchhook.console.access import shows
from switchhook.console.forms.handlers import PartPages, part_handlers
from switchhook.console.forms.part import FormSection, PartForm
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import CHANGE_PROJECT, READ_PROJECT
from switchhook.operations.trunks import list_trunks

SIDE = SideEntry(
    title="Trunks",
    icon="network",
    path="/trunks",
    section=Section.TELEPHONES,
    place=3,
    need=READ_PROJECT,
)
PAGES: Final = PartPages(
    form=PartForm(
        kind="trunks",
        sections=(
            FormSection(
                title="", keys=("name", "host", "port", "transport", "username", "password")
            ),
            FormSection(title="Calls out", keys=("outgoing", "from_user", "trusted_identity")),
            FormSection(title="Calls in", keys=("sources", "register", "may_call")),
        ),
    ),
    path="/trunks",
    what="trunk",
)
new, made, one, changed, removal, removed = part_handlers(PAGES)


@shows("/trunks", READ_PROJECT)
async def trunks(page: CurrentPage) -> Response[bytes]:
    """List them, with whether they answer and are registered with."""
    found = await list_trunks(page.store, page.api.data_dir, project=page.project)
    return page.render(
        "telephones/trunks.html",
        title="Trunks",
        trunks=[
            {
                "name": trunk.trunk,
                "address": trunk.address,
                "answers": trunk.answers,
                "registers": trunk.registers,
                "until": trunk.registered_until if trunk.registered_until > page.now else 0,
                "trouble": trunk.trouble,
            }
            for trunk in found
        ],
        may_change=page.may(CHANGE_PROJECT),
    )
