"""The numbers of a project that callers dial, each with the scheme that answers it, and their forms."""

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
    title="Numbers",
    icon="hash",
    path="/numbers",
    section=Section.ROUTING,
    place=1,
    need=READ_PROJECT,
)
PAGES: Final = PartPages(form=PartForm(kind="numbers"), path="/numbers", what="number")
new, made, one, changed, removal, removed = part_handlers(PAGES)


@shows("/numbers", READ_PROJECT)
async def numbers(page: CurrentPage) -> Response[bytes]:
    """List them."""
    found = await list_resources(page.store, page.project, "numbers")
    schemes = await list_resources(page.store, page.project, "schemes")
    names = {scheme.name: scheme.value.get("name", "") for scheme in schemes}
    rows = [
        {
            "number": number.value.get("number", ""),
            "canonical": number.name,
            "scheme": number.value.get("scheme", ""),
            "scheme_name": names.get(str(number.value.get("scheme", "")), ""),
            "pool": number.value.get("pool", ""),
            "insertion_type": number.value.get("insertion_type", ""),
        }
        for number in found
    ]
    return page.render(
        "routing/numbers.html",
        title="Numbers",
        numbers=rows,
        may_change=page.may(CHANGE_PROJECT),
    )
