"""A forgotten password: another one by a link that is mailed."""

from litestar import Response

from switchhook.console.access import Access, acts, shows
from switchhook.console.page import CurrentPage


@shows("/forgotten", Access.ANYBODY)
async def forgotten(page: CurrentPage) -> Response[bytes]:
    """Ask for the name, or say whom to ask where no mail can be sent."""
    return page.render(
        "people/forgotten.html",
        title="Forgotten password",
        may_mail=page.deps.reset.is_possible,
        is_sent=False,
    )


@acts("/forgotten", Access.ANYBODY)
async def mailed(page: CurrentPage) -> Response[bytes]:
    """Mail a link, and answer the same whether there is such a user or not."""
    sent = await page.form()
    client = page.request.client
    await page.deps.reset(sent.get("login", ""), source=client.host if client else "")
    return page.render(
        "people/forgotten.html",
        title="Forgotten password",
        may_mail=page.deps.reset.is_possible,
        is_sent=True,
    )
