"""Rehearsals: the stored calls run through a draft, another project file, or what is in force; which would go elsewhere?"""

from typing import Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.api.exchange.problems import WrongFieldError
from switchhook.console.access import acts, shows
from switchhook.console.navigation import Section, SideEntry
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import CHECK_PROJECT, READ_PROJECT, READ_REHEARSALS
from switchhook.operations.document.drafts import NoSuchDraftError, list_drafts, read_draft
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.operations.project_versions import export_project
from switchhook.operations.rehearsal.jobs import (
    NoSuchRehearsalError,
    OtherProjectError,
    Rehearsal,
    RehearsalJobs,
    RehearsalRunsError,
    RehearsalWanted,
)
from switchhook.operations.rehearsal.run import with_stored_paths
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.views import rehearsal as views
from switchhook.views.path import path_of

SIDE = SideEntry(
    title="Rehearse",
    icon="flask-conical",
    path="/rehearse",
    section=Section.ROUTING,
    place=5,
    need=READ_PROJECT,
)
PER_PAGE: Final = 50
USUAL_SINCE: Final = "7d"
FIELDS: Final = ("draft", "document", "since", "until")


@shows("/rehearse", READ_PROJECT)
async def rehearse(page: CurrentPage) -> Response[bytes]:
    """Show the form, and the latest rehearsals."""
    return await _form(page, {"since": USUAL_SINCE} | page.query())


@acts("/rehearse", CHECK_PROJECT)
async def begun(page: CurrentPage) -> Response[bytes]:
    """Begin one; it goes on by itself."""
    given = {name: text.strip() for name, text in (await page.form()).items() if name in FIELDS}
    try:
        wanted = await _wanted(page, given)
        async with page.api.reading:
            made = await _jobs(page).start(wanted)
    except WrongFieldError as error:
        return await _form(page, given, {error.field: str(error)})
    except RehearsalRunsError as error:
        return await _form(page, given, {"draft": str(error)}, status=409)
    except OtherProjectError as error:
        return await _form(page, given, {"document": str(error)})
    if isinstance(made, Mistakes):
        field = "document" if given.get("document") else "draft"
        return await _form(page, given, {field: str(made)})
    return page.redirect(f"{page.base}/rehearse/{made.number}")


@shows("/rehearse/{number:str}", READ_REHEARSALS)
async def rehearsal(page: CurrentPage, number: FromPath[str]) -> Response[bytes]:
    """Show how far it is, and the calls that would go elsewhere, both ways side by side."""
    one = _found(page, number)
    after = page.query().get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 8):
        raise NotFoundException("there is no such page of this rehearsal")
    diversions = one.count.diversions
    part = diversions[int(after) : int(after) + PER_PAGE]
    shown = await with_stored_paths(page.api.trails, page.project, part, path_of)
    following = int(after) + len(part)
    return page.render(
        "routing/rehearsal.html",
        title=f"Rehearsal {number}",
        one=views.as_json(one),
        reasons=[
            {"said": views.WHY[kind], "calls": count}
            for kind, count in one.count.unknown.most_common()
        ],
        calls=[
            views.diversion_as_json(found)
            | {"went": views.way(found.stored), "would": views.way(found.rehearsed, found.unknown)}
            for found in shown
        ],
        after="" if after == "0" else after,
        next=str(following) if following < len(diversions) else None,
        may_act=page.may(CHECK_PROJECT),
    )


@acts("/rehearse/{number:str}/stop", CHECK_PROJECT)
async def stopped(page: CurrentPage, number: FromPath[str]) -> Response[bytes]:
    """Stop it; what it found stays."""
    one = _found(page, number)
    _jobs(page).stop(page.project, one.number)
    return page.redirect(f"{page.base}/rehearse/{number}", told="The rehearsal is stopped.")


async def _form(
    page: Page, given: dict[str, str], wrong: dict[str, str] | None = None, *, status: int = 422
) -> Response[bytes]:
    drafts = await list_drafts(page.store, page.project)
    return page.render(
        "routing/rehearse.html",
        title="Rehearse",
        status=status if wrong else 200,
        given=dict.fromkeys(FIELDS, "") | given,
        problem=dict.fromkeys(FIELDS, "") | (wrong or {}),
        drafts=[one.name for one in drafts],
        rehearsals=[views.as_json(one) for one in _jobs(page).all(page.project)],
        may_act=page.may(CHECK_PROJECT),
    )


async def _wanted(page: Page, given: dict[str, str]) -> RehearsalWanted:
    document, draft = given.get("document", ""), given.get("draft", "")
    if document and draft:
        raise WrongFieldError("document", "choose a draft or paste a project file, not both")
    name = "a project file" if document else "what is in force"
    if draft:
        try:
            document = (await read_draft(page.store, page.project, draft)).document
        except NoSuchDraftError as error:
            raise WrongFieldError("draft", str(error)) from None
        name = f"draft {draft}"
    return RehearsalWanted(
        project=page.project,
        document=document or await export_project(page.store, page.project),
        name=name,
        since=_moment("since", given.get("since") or USUAL_SINCE, page.now),
        until=_moment("until", given["until"], page.now) if given.get("until") else None,
        by=page.by,
    )


def _moment(field: str, text: str, now: float) -> float:
    try:
        return parse_moment(text, now)
    except BadMomentError as error:
        raise WrongFieldError(field, str(error)) from None


def _jobs(page: Page) -> RehearsalJobs:
    if page.api.rehearsals is None:
        raise NotFoundException("nothing is rehearsed here")
    return page.api.rehearsals


def _found(page: Page, number: str) -> Rehearsal:
    try:
        return _jobs(page).show(page.project, int(number))
    except (NoSuchRehearsalError, ValueError):
        why = "there is no such rehearsal; they end with the server"
        raise NotFoundException(why) from None
