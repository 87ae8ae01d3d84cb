"""One delivery: what is sent, and what came of each attempt, with the bytes of both directions."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.console.access import acts, shows
from switchhook.console.page import CurrentPage
from switchhook.console.pages.deliveries.found import act_on, line_of, told_of
from switchhook.console.rendering import path_part
from switchhook.domain.access.rights import ACT_ON_DELIVERIES, READ_DELIVERIES
from switchhook.operations.history import NoSuchDeliveryError, show_delivery
from switchhook.storage.records import BulkAct
from switchhook.views.deliveries.lines import exchange_of


@shows("/deliveries/{delivery:str}", READ_DELIVERIES)
async def one(page: CurrentPage, delivery: FromPath[str]) -> Response[bytes]:
    """Show a delivery of the project."""
    try:
        story = await show_delivery(page.store, delivery, project=page.project)
    except NoSuchDeliveryError:
        raise NotFoundException(
            "there is no such delivery here: its time may be over, or it is another project's"
        ) from None
    return page.render(
        "deliveries/delivery.html",
        title=f"Delivery to {story.row.delivery.webhook}",
        line=line_of(page, story.row),
        exchange=exchange_of(story),
        may_act=page.may(ACT_ON_DELIVERIES),
    )


@acts("/deliveries/{delivery:str}/{act:str}", ACT_ON_DELIVERIES)
async def acted(page: CurrentPage, delivery: FromPath[str], act: FromPath[str]) -> Response[bytes]:
    """Check it, uncheck it, or send it again."""
    if act not in set(BulkAct):
        raise NotFoundException("there is no such act")
    done = await act_on(page, BulkAct(act), [delivery])
    back = f"{page.base}/deliveries/{path_part(delivery)}"
    return page.redirect(back, told=told_of(BulkAct(act), done))
