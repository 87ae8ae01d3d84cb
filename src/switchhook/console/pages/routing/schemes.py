"""The schemes of a project, and one of them: its steps as a nested list, and as a graph of all that its calls come to."""

from typing import Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.console.access import shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import READ_PROJECT
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.project_versions import current_snapshot, list_versions
from switchhook.views.masked_numbers import mask_numbers
from switchhook.views.schemes.graph import draw_graph, graph_of, plain
from switchhook.views.schemes.outline import outline, walk
from switchhook.views.text import iso

SIDE = SideEntry(
    title="Schemes",
    icon="git-branch",
    path="/schemes",
    section=Section.ROUTING,
    place=2,
    need=READ_PROJECT,
)
MOST_NUMBERS: Final = 5
"""Numbers of a scheme that its row shows."""


@shows("/schemes", READ_PROJECT)
async def schemes(page: CurrentPage) -> Response[bytes]:
    """List the schemes of the version that is in force."""
    snapshot = await _snapshot(page)
    found = [outline(one, snapshot) for one in snapshot.project.schemes]
    return page.render(
        "routing/schemes.html",
        title="Schemes",
        version=await _version(page),
        schemes=[
            {
                "id": one.id,
                "name": one.name,
                "steps": len(list(walk(one.steps))),
                "numbers": one.numbers[:MOST_NUMBERS],
                "more_numbers": max(0, len(one.numbers) - MOST_NUMBERS),
                "problems": one.problems,
            }
            for one in found
        ],
    )


@shows("/schemes/{scheme:str}", READ_PROJECT)
async def scheme(page: CurrentPage, scheme: FromPath[str]) -> Response[bytes]:
    """Show one scheme."""
    snapshot = await _snapshot(page)
    found = next((one for one in snapshot.project.schemes if str(one.id) == scheme), None)
    if found is None:
        raise NotFoundException(f"there is no scheme {scheme} in this project")
    shown = outline(found, snapshot)
    graph = graph_of(found, snapshot)

    def href(box: str) -> str:
        """Lead to a step in the list of its scheme."""
        own = box.partition("-")[0]
        there = "" if own == f"s{scheme}" else f"{page.base}/schemes/{own[1:]}"
        return "" if box.endswith("-end") else f"{there}#{box}"

    title = f"Graph of scheme {found.id} {found.name}"
    mask = mask_numbers if page.masks else plain
    return page.render(
        "routing/scheme.html",
        title=f"Scheme {found.id}: {found.name}",
        version=await _version(page),
        scheme=shown,
        ways=graph.ways(),
        before=[
            {"id": one.id, "name": one.name}
            for one in snapshot.project.schemes
            if one.id in shown.before
        ],
        markup={"graph": draw_graph(graph, title, href=href, mask=mask)},
    )


async def _snapshot(page: Page) -> ProjectSnapshot:
    return page.snapshot or await current_snapshot(page.store, page.project)


async def _version(page: Page) -> dict[str, object]:
    _, kept = await list_versions(page.store, page.project, limit=1)
    return {"number": kept[0].version, "by": kept[0].saved_by, "saved_at": iso(kept[0].saved_at)}
