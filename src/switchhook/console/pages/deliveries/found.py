"""The two lists of deliveries, and what is done to those in them: to some that are ticked, or to all that fit."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException

from switchhook.console.page import Page
from switchhook.console.rendering import query
from switchhook.domain.access.rights import ACT_ON_DELIVERIES
from switchhook.operations.bulk_jobs import TooManyJobsError, start_job
from switchhook.operations.calls.finding import WrongFilterError
from switchhook.operations.deliveries.finding import (
    DELIVERY_FILTER_KEYS,
    DELIVERY_LISTS,
    read_delivery_filter,
)
from switchhook.operations.error_check import (
    MOST_NAMED,
    Acted,
    check_deliveries,
    send_again,
    uncheck_deliveries,
)
from switchhook.operations.history import DeliveryStory, NoSuchDeliveryError
from switchhook.storage.records import (
    BulkAct,
    DeliveriesFound,
    DeliveryFilter,
    DeliveryList,
    DeliveryRow,
)
from switchhook.views.deliveries.lines import delivery_line, exchange_of

PER_PAGE: Final = 50
IN_FULL: Final = 10
"""Deliveries on a page that shows each with its bytes."""
ACTS: Final = {"all": [("send", "Send")], "unchecked": [("check", "Checked"), ("send", "Send")]}
"""The buttons of each list: what they do, and what they say."""
DONE: Final = {
    BulkAct.CHECK: "checked",
    BulkAct.UNCHECK: "on the list again",
    BulkAct.SEND: "being sent again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPages:
    """One of the lists."""

    path: str
    title: str
    template: str
    usual: DeliveryList
    """The state that it lists where none is chosen."""


async def show_list(page: Page, pages: DeliveryPages) -> Response[bytes]:
    """List deliveries that fit, newest first."""
    given = page.query()
    after, is_full = given.pop("after", ""), given.pop("full", "") == "true"
    problem = dict.fromkeys((*DELIVERY_FILTER_KEYS, "after"), "")
    which: DeliveryFilter | None = None
    found, count = DeliveriesFound(rows=()), None
    try:
        which = read_delivery_filter(given, project=page.project, now=page.now, state=pages.usual)
        before = _place(after)
        found = await page.store.find_deliveries(
            which, limit=IN_FULL if is_full else PER_PAGE, before=before
        )
        count = None if after else await page.store.count_deliveries(which)
    except WrongFilterError as error:
        which = None
        problem[error.field] = str(error).removeprefix(f"{error.field}: ")
    rows = [line_of(page, row) for row in found.rows]
    if is_full:
        for line, row in zip(rows, found.rows, strict=True):
            tried = await page.store.attempts(row.delivery.id)
            line["exchange"] = exchange_of(DeliveryStory(row=row, attempts=tried))
    with_error = await page.store.unchecked_by_webhook(page.project)
    shown = {name: given.get(name, "") for name in DELIVERY_FILTER_KEYS}
    return page.render(
        pages.template,
        title=pages.title,
        status=200 if which is not None else 400,
        path=f"{page.base}{pages.path}",
        rows=rows,
        next=None if found.next is None else str(found.next),
        searched_to_at=found.searched_to,
        count=None if count is None else {"number": count.number, "is_more": count.is_more},
        given=shown,
        sent_with=query(shown, full="true" if is_full else "", after=after),
        after=after,
        is_full=is_full,
        is_narrowed=any(shown.values()),
        is_understood=which is not None,
        problem=problem,
        states=DELIVERY_LISTS,
        usual=pages.usual,
        state_of=pages.usual if which is None else which.state,
        acts_here=ACTS[pages.usual],
        with_error=[
            {"webhook": name, "count": one.number, "is_more": one.is_more}
            for name, one in with_error.items()
        ],
        webhooks=sorted({*_told(page), *with_error, *filter(None, (shown["webhook"],))}),
        may_act=page.may(ACT_ON_DELIVERIES),
    )


def line_of(page: Page, row: DeliveryRow) -> dict[str, Any]:
    """Return a delivery as a row, with when it is tried next."""
    sender = page.api.sender
    next_in = None if sender is None else sender.next_in(row.delivery.id)
    return delivery_line(row, now=page.now, next_in=next_in)


def _told(page: Page) -> Iterable[str]:
    """Return the names of the webhooks that the project tells now."""
    if page.snapshot is None:
        return ()
    return (one.name for one in page.snapshot.project.event_webhooks)


def _place(after: str) -> int | None:
    if not after:
        return None
    if not after.isdecimal() or len(after) > 18:
        raise WrongFilterError("after", "it is no place in this list")
    return int(after)


async def act_on_list(page: Page, pages: DeliveryPages) -> Response[bytes]:
    """Do what a button of a list says: `act` to those that are ticked, `one` to one, `all` to all that fit."""
    items = (await page.request.form()).multi_items()
    sent = {name: text for name, text in items if isinstance(text, str)}
    back = f"{page.base}{pages.path}{query(page.query())}"
    if word := sent.get("all", ""):
        return await _begin(page, pages, _act(word), sent.get("count", ""))
    word, _, named = sent.get("one", "").partition(" ")
    ids = [named] if named else [str(text) for name, text in items if name == "id"]
    act = _act(word or sent.get("act", ""))
    if not ids:
        return page.redirect(back, told="Nothing was done: tick what it is for.")
    return page.redirect(back, told=told_of(act, await act_on(page, act, ids)))


def _act(word: str) -> BulkAct:
    try:
        return BulkAct(word)
    except ValueError:
        raise HTTPException("there is no such act", status_code=400) from None


async def act_on(page: Page, act: BulkAct, ids: list[str]) -> tuple[Acted, ...]:
    """Check deliveries of the project, uncheck them, or send them again."""
    if len(ids) > MOST_NAMED:
        raise HTTPException(f"at most {MOST_NAMED} at once", status_code=400)
    try:
        match act:
            case BulkAct.CHECK:
                return await check_deliveries(
                    page.store, ids, by=page.by, now=page.now, project=page.project
                )
            case BulkAct.UNCHECK:
                return await uncheck_deliveries(page.store, ids, project=page.project)
            case BulkAct.SEND:
                return await send_again(
                    page.store,
                    ids,
                    by=page.by,
                    sender=page.api.sender,
                    project=page.project,
                    at_hand=page.api.snapshot_of,
                )
    except NoSuchDeliveryError:
        raise NotFoundException(
            "there is no such delivery here: its time may be over, or it is another project's"
        ) from None


def told_of(act: BulkAct, acted: tuple[Acted, ...]) -> str:
    """Return in a sentence what became of them."""
    done = sum(one.is_done for one in acted)
    notes = list(dict.fromkeys(one.note for one in acted if one.note))
    said = [f"{done} {'is' if done == 1 else 'are'} {DONE[act]}."] if done else []
    if left := len(acted) - done:
        said.append(
            f"{left} {'was' if left == 1 else 'were'} left as {'it is' if left == 1 else 'they are'}."
        )
    return " ".join((*said, *(f"{note[:1].upper()}{note[1:]}." for note in notes[:3])))


async def _begin(page: Page, pages: DeliveryPages, act: BulkAct, count: str) -> Response[bytes]:
    """Begin a job on all that fit."""
    given = page.query()
    for name in ("after", "full"):
        given.pop(name, None)
    try:
        which = read_delivery_filter(given, project=page.project, now=page.now, state=pages.usual)
    except WrongFilterError as error:
        raise HTTPException(str(error), status_code=400) from None
    which = replace(which, project=page.project)
    try:
        job = await start_job(
            page.store, act, which, project=page.project, by=page.by, now=page.now
        )
    except TooManyJobsError as error:
        raise HTTPException(str(error), status_code=409) from None
    page.api.go_on(job)
    of: dict[str, Any] = {"of": count if count.isdecimal() else ""}
    return page.redirect(f"{page.base}/deliveries/jobs/{job.number}{query(of)}")
