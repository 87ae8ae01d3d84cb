"""One call: what is known of it, and its timeline."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.console.access import shows
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import READ_CALLS
from switchhook.operations.history import NoSuchCallError, show_call
from switchhook.views import as_json
from switchhook.views.call_table import call_line
from switchhook.views.timeline import call_lines


@shows("/calls/{call:str}", READ_CALLS)
async def call(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """Show a call with its journal."""
    try:
        story = await show_call(page.store, call, only=page.project)
    except NoSuchCallError:
        raise NotFoundException(
            "there is no such call here: its time may be over, or it is another project's"
        ) from None
    lines = call_lines(story.journal, story.deliveries, is_full=True)
    return page.render(
        "calls/call.html",
        title=f"Call {call}",
        call=as_json.call(story.call),
        line=call_line(story.call, page.snapshot),
        lines=[
            {
                "at": one.at,
                "after": max(0.0, one.at - story.call.arrived_at),
                "sign": one.sign,
                "style": one.style,
                "text": one.text,
                "below": list(one.below),
            }
            for one in lines
        ],
    )
