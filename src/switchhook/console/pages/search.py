"""The search box of the top bar: goes to the call of an id, or to the calls of a number or an account."""

from litestar import Response

from switchhook.console.access import shows
from switchhook.console.page import CurrentPage
from switchhook.console.rendering import path_part, query
from switchhook.domain.access.rights import READ_CALLS

LONGEST = 100


@shows("/search", READ_CALLS)
async def search(page: CurrentPage) -> Response[bytes]:
    """Go to what was typed."""
    text = page.query().get("q", "").strip()[:LONGEST]
    if not text:
        return page.redirect(f"{page.base}/calls")
    found = await page.store.call(text)
    if found is not None and found.project == page.project:
        return page.redirect(f"{page.base}/calls/{path_part(found.id)}")
    looks_like_number = sum(map(str.isdigit, text)) > len(text) / 2 and len(text) > 3
    wanted = {"number" if looks_like_number else "account": text}
    return page.redirect(f"{page.base}/calls{query(wanted)}")
