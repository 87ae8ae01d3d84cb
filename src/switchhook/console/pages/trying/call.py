"""A pretend call: who calls whom, what telephones do and what webhooks answer; nothing rings, and nobody is told."""

from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response

from switchhook.console.access import acts, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import CHECK_PROJECT
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.project_versions import current_snapshot
from switchhook.tryout.script import PHONES, Script, as_dialled
from switchhook.tryout.simulation import CallSimulation, simulate_call
from switchhook.views.path import path_of
from switchhook.views.timeline import call_lines, would_be_told

SIDE = SideEntry(
    title="Try a call", icon="play", path="/try", section=Section.TRY, place=1, need=CHECK_PROJECT
)
FIELDS: Final = ("from", "to", "name", "digits")
MOST_PHONES: Final = 50
"""Accounts whose telephone has a field; others answer."""


@shows("/try", CHECK_PROJECT)
async def form(page: CurrentPage) -> Response[bytes]:
    """Show the form, filled from the query: so a call can be shared as a link."""
    snapshot = await _snapshot(page)
    return _render(page, snapshot, page.query())


@acts("/try", CHECK_PROJECT)
async def tried(page: CurrentPage) -> Response[bytes]:
    """Place the call, and show what became of it. A webhook without a typed answer is not asked: its answer is empty."""
    snapshot = await _snapshot(page)
    given = await page.form()
    try:
        script = _script(snapshot, given)
    except ValueError as error:
        return _render(page, snapshot, given, problem={"digits": str(error)})
    made = await simulate_call(snapshot, script, now=page.now, product=page.api.product)
    return _render(page, snapshot, given, made=made, began=page.now)


def _script(snapshot: ProjectSnapshot, given: dict[str, str]) -> Script:
    """Read the form. Raises ValueError for keys that no telephone has."""
    webhooks = (*snapshot.webhooks, *snapshot.dial_plan_webhooks)
    return Script(
        caller=as_dialled(given.get("from", "").strip(), snapshot),
        callee=as_dialled(given.get("to", "").strip(), snapshot),
        caller_name=given.get("name", "").strip(),
        digits=tuple(given.get("digits", "").split()),
        phones={
            login: does
            for login in snapshot.accounts
            if (does := given.get(f"phone:{login}", "")) in PHONES
        },
        answers={name: (given.get(f"answer:{name}", "").encode(),) for name in webhooks},
    )


def _render(
    page: Page,
    snapshot: ProjectSnapshot,
    given: dict[str, str],
    *,
    problem: dict[str, str] | None = None,
    made: CallSimulation | None = None,
    began: float = 0.0,
) -> Response[bytes]:
    names = (*snapshot.webhooks, *snapshot.dial_plan_webhooks)
    shared = {name: text for name, text in given.items() if text}
    return page.render(
        "trying/call.html",
        title="Try a call",
        status=422 if problem else 200,
        given=dict.fromkeys(FIELDS, "") | given,
        problem=dict.fromkeys(FIELDS, "") | (problem or {}),
        numbers=[one.number for one in snapshot.project.numbers[:MOST_PHONES]],
        phones=[
            {"login": login, "does": given.get(f"phone:{login}", "")}
            for login in list(snapshot.accounts)[:MOST_PHONES]
        ],
        behaviours=list(PHONES),
        webhooks=[{"name": name, "answer": given.get(f"answer:{name}", "")} for name in names],
        link=f"{page.base}/try?{urlencode(shared)}" if made else "",
        result=None if made is None else _result(made, began),
    )


def _result(made: CallSimulation, began: float) -> dict[str, Any]:
    lines = [*call_lines(made.journal, is_full=True), *map(would_be_told, made.deliveries)]
    lines.sort(key=lambda line: line.at)
    refused = "" if made.refused is None else f"{made.refused.cause.sip} {made.refused.cause.text}"
    return {
        "refused": refused,
        "path": path_of(made.journal),
        "outcome": None if made.call is None else made.call.outcome,
        "lines": [asdict(one) | {"after": max(0.0, one.at - began)} for one in lines],
        "left_over": made.left_over,
    }


async def _snapshot(page: Page) -> ProjectSnapshot:
    return page.snapshot or await current_snapshot(page.store, page.project)
