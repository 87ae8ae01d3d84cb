"""The call-tracking scenario, "Step 5": two addresses, a draft, *Activate scenario*, and a test (R4-42 to R4-48)."""

from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException

from switchhook.api.access.auditing import note_facts
from switchhook.console.access import acts, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import CHANGE_PROJECT, READ_DELIVERIES
from switchhook.domain.tracking.call_tracking import CALL_TRACKING
from switchhook.operations.history import list_deliveries
from switchhook.operations.scenario import (
    NoDraftError,
    NothingToTestError,
    OutdatedDraftError,
    UnchangedDraftError,
    activate_scenario,
    discard_draft,
    draft_scenario,
    show_scenario,
    try_scenario,
)
from switchhook.projectfile.toml.mistakes import Mistakes, written
from switchhook.storage.records import DeliveryFilter
from switchhook.views.as_json import masked_url
from switchhook.views.deliveries.lines import delivery_line
from switchhook.views.scenario import sample_as_json, scenario_as_json

SIDE = SideEntry(
    title="Call tracking",
    icon="activity",
    path="/scenario",
    section=Section.INTEGRATION,
    place=2,
    need=READ_DELIVERIES,
)
SLOTS: Final = ("moment_url", "after_url")
LAST: Final = 10
"""Posts that are shown below."""


@shows("/scenario", READ_DELIVERIES)
async def scenario(page: CurrentPage) -> Response[bytes]:
    """Show the addresses of the draft, without one those that are active."""
    return await _shown(page)


async def _shown(
    page: Page,
    *,
    typed: dict[str, str] | None = None,
    problem: dict[str, str] | None = None,
    refusal: str = "",
    samples: list[dict[str, Any]] | None = None,
) -> Response[bytes]:
    state = scenario_as_json(
        await show_scenario(page.store, page.project, at_hand=page.api.snapshot_of)
    )
    may_change = page.may(CHANGE_PROJECT)
    if not may_change:
        for side in filter(None, (state["active"], state["draft"])):
            side |= {slot: masked_url(side[slot]) for slot in SLOTS}
    which = DeliveryFilter(project=page.project, webhook=CALL_TRACKING)
    posts = await list_deliveries(page.store, which, limit=LAST)
    return page.render(
        "integration/scenario.html",
        title="Call tracking",
        status=422 if problem else 409 if refusal else 200,
        active=state["active"],
        activated=state["activated"],
        draft=state["draft"],
        notes=state["notes"],
        value=typed or {slot: (state["draft"] or state["active"])[slot] for slot in SLOTS},
        problem=dict.fromkeys((*SLOTS, ""), "") | (problem or {}),
        refusal=refusal,
        samples=samples,
        posts=[delivery_line(one, now=page.now) for one in posts],
        webhook=CALL_TRACKING,
        may_change=may_change,
    )


@acts("/scenario", CHANGE_PROJECT)
async def changed(page: CurrentPage) -> Response[bytes]:
    """Keep the addresses as a draft, and activate it where that button was pressed; an empty one switches off."""
    sent = await page.form()
    typed = {slot: sent.get(slot, "").strip() for slot in SLOTS}
    drafted = await draft_scenario(
        page.store,
        page.project,
        {slot: text or None for slot, text in typed.items()},
        by=page.by,
        now=page.now,
        at_hand=page.api.snapshot_of,
    )
    if isinstance(drafted, Mistakes):
        problem = {
            path if (path := written(one.path)) in SLOTS else "": one.problem
            for one in drafted.mistakes
        }
        return await _shown(page, typed=typed, problem=problem)
    here = f"{page.base}/scenario"
    if sent.get("act") != "activate":
        return page.redirect(
            here, told="The draft is kept. Nothing is sent by it until you activate it."
        )
    before = scenario_as_json(drafted)["active"]
    try:
        done = await activate_scenario(
            page.store, page.project, by=page.by, at_hand=page.api.snapshot_of
        )
    except UnchangedDraftError:
        await discard_draft(
            page.store, page.project, by=page.by, now=page.now, at_hand=page.api.snapshot_of
        )
        return page.redirect(here, told="These addresses are active already: nothing was changed.")
    except (NoDraftError, OutdatedDraftError) as error:
        return await _shown(page, refusal=str(error))
    await page.api.applied()
    now = scenario_as_json(done)["active"]
    note_facts(
        before={slot: masked_url(before[slot]) for slot in SLOTS},
        after={slot: masked_url(now[slot]) for slot in SLOTS},
    )
    is_on = any(now[slot] for slot in SLOTS)
    told = (
        "The scenario is active: the next call follows it."
        if is_on
        else "Call tracking is switched off."
    )
    return page.redirect(here, told=told)


@acts("/scenario/discard", CHANGE_PROJECT)
async def discarded(page: CurrentPage) -> Response[bytes]:
    """Drop the draft."""
    here = f"{page.base}/scenario"
    try:
        await discard_draft(
            page.store, page.project, by=page.by, now=page.now, at_hand=page.api.snapshot_of
        )
    except NoDraftError:
        return page.redirect(here, told="There is no draft.")
    return page.redirect(here, told="The draft is dropped; what was active stays so.")


@acts("/scenario/test", CHANGE_PROJECT)
async def tested(page: CurrentPage) -> Response[bytes]:
    """Send a sample to each address, and show what went both ways (R4-46)."""
    if page.api.send is None:
        raise HTTPException("nothing is sent from here", status_code=503)
    try:
        results = await try_scenario(
            page.api.send,
            page.store,
            page.project,
            product=page.api.product,
            now=page.now,
            at_hand=page.api.snapshot_of,
        )
    except NothingToTestError as error:
        return await _shown(page, refusal=str(error))
    return await _shown(page, samples=[sample_as_json(one) for one in results])
