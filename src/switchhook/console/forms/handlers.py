"""The pages of a part, made of its form: a new one, one that is there, and its removal. Lists are pages of their own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from switchhook.console.access import acts, shows
from switchhook.console.forms.part import (
    PartForm,
    change_in,
    how_changed,
    meanwhile,
    shown_sections,
    take_over,
)
from switchhook.console.forms.sent import acted, plain, read_form, texts_of
from switchhook.console.page import CurrentPage, Page
from switchhook.console.rendering import path_part
from switchhook.domain.access.rights import CHANGE_PROJECT
from switchhook.operations.document.editing import EditedPart, part_for_editing
from switchhook.operations.document.resources import (
    ChangedMeanwhile,
    LockedResourceError,
    NoSuchResourceError,
    Precondition,
    ResourceError,
    ResourceInUse,
    patch_resource,
    put_resource,
    remove_resource,
)
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes
from switchhook.views.project_resources import in_use_as_json

ACT: Final = "row"
"""The name of the buttons that add, move and remove rows."""
NEW: Final = "new"
"""The path of the page of a new one; one that is called so is edited over the API."""
Beside = Callable[[Page, EditedPart, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Returns what a page shows beside its form, of the value in it."""


async def nothing_beside(page: Page, part: EditedPart, value: Mapping[str, Any]) -> dict[str, Any]:
    """Show the form alone."""
    del page, part, value
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPages:
    """Where the pages of a part are, and what they say."""

    form: PartForm
    path: str
    """Below the project's: `/accounts`."""
    what: str
    """What one is called: `account`."""
    template: str = "edit/part.html"
    beside: Beside = nothing_beside
    saved: str = ""
    """Where a person goes after saving, below the project's; the list where it is empty."""


def part_handlers(pages: PartPages) -> tuple[HTTPRouteHandler, ...]:
    """Return the handlers of a kind of many: new, made, one, changed, removal, removed. A module gives them names."""

    @shows(f"{pages.path}/{NEW}", CHANGE_PROJECT)
    async def new(page: CurrentPage) -> Response[bytes]:
        return await show_form(page, pages, "")

    @acts(f"{pages.path}/{NEW}", CHANGE_PROJECT)
    async def made(page: CurrentPage) -> Response[bytes]:
        return await take_form(page, pages, "")

    @shows(f"{pages.path}/{{name:str}}", CHANGE_PROJECT)
    async def one(page: CurrentPage, name: FromPath[str]) -> Response[bytes]:
        return await show_form(page, pages, name)

    @acts(f"{pages.path}/{{name:str}}", CHANGE_PROJECT)
    async def changed(page: CurrentPage, name: FromPath[str]) -> Response[bytes]:
        return await take_form(page, pages, name)

    @shows(f"{pages.path}/{{name:str}}/remove", CHANGE_PROJECT)
    async def removal(page: CurrentPage, name: FromPath[str]) -> Response[bytes]:
        return await show_removal(page, pages, name)

    @acts(f"{pages.path}/{{name:str}}/remove", CHANGE_PROJECT)
    async def removed(page: CurrentPage, name: FromPath[str]) -> Response[bytes]:
        return await take_removal(page, pages, name)

    return new, made, one, changed, removal, removed


async def show_form(page: Page, pages: PartPages, name: str) -> Response[bytes]:
    """Show the form of one, or of a new one; `?copy=NAME` begins with another's values."""
    copied = page.query().get("copy", "") if not name else ""
    part = await _part(page, pages, copied or name)
    value = {key: one for key, one in part.now.items() if not copied or key != pages.form.key}
    if copied:
        part = await _part(page, pages, "")
    given = {key: one for key, one in page.query().items() if key != "copy"} if not name else {}
    return await _shown(page, pages, name, part, value | given)


async def take_form(page: Page, pages: PartPages, name: str) -> Response[bytes]:
    """Save what a form says, or answer with the form: with one more row, with mistakes, with what others changed."""
    sent = texts_of((await page.request.form()).multi_items())
    since = sent.get("version", [""])[-1]
    part = await _part(page, pages, name, int(since) if since.isdecimal() and name else None)
    value = read_form(pages.form.table, sent, part.base)
    if act := sent.get(ACT, [""])[-1]:
        return await _shown(page, pages, name, part, acted(pages.form.table, value, act))
    if sent.get("look"):
        return await _shown(page, pages, name, part, value)
    when = Precondition(tags=tuple(sent.get("tag", [])[-1:])) if name and part.tag else None
    try:
        outcome = await _saved(page, pages, name, part, value, when)
    except ResourceError as error:
        outcome = Mistakes((Mistake(line=0, path=(), problem=str(error)),))
    except LockedResourceError as error:
        raise HTTPException(str(error), status_code=403) from error
    match outcome:
        case Mistakes():
            return await _shown(page, pages, name, part, value, mistakes=outcome.mistakes)
        case ChangedMeanwhile() if not name:
            there = Mistake(line=0, path=(*part.path, pages.form.key), problem=outcome.detail)
            return await _shown(page, pages, name, part, value, mistakes=(there,))
        case ChangedMeanwhile():
            return await _shown(page, pages, name, part, value, overtaken=outcome)
        case _:
            told = await take_over(page, outcome)
            return page.redirect(f"{page.base}{pages.saved or pages.path}", told=told)


async def _saved(  # noqa: PLR0917 (what was sent, and to where)
    page: Page,
    pages: PartPages,
    name: str,
    part: EditedPart,
    value: Mapping[str, Any],
    when: Precondition | None,
) -> Any:  # noqa: ANN401 (a ChangeOutcome)
    form = pages.form
    async with page.api.reading:
        if name or not form.key:
            return await patch_resource(
                page.store,
                page.project,
                form.kind,
                name,
                change_in(form, part, value),
                how=how_changed(page, when),
            )
        after = plain(form.table, value)
        called = str(after.get(form.key, ""))
        if not called:
            missing = Mistake(line=0, path=part.path, problem=f"{form.key} is missing")
            return Mistakes((missing,))
        how = how_changed(page, Precondition(is_absent=True))
        return await put_resource(page.store, page.project, form.kind, called, after, how=how)


async def _part(page: Page, pages: PartPages, name: str, since: int | None = None) -> EditedPart:
    try:
        return await part_for_editing(page.store, page.project, pages.form.kind, name, since=since)
    except NoSuchResourceError as error:
        raise NotFoundException(str(error)) from error


async def _shown(
    page: Page,
    pages: PartPages,
    name: str,
    part: EditedPart,
    value: Mapping[str, Any],
    *,
    mistakes: tuple[Mistake, ...] = (),
    overtaken: ChangedMeanwhile | None = None,
) -> Response[bytes]:
    sections, others = shown_sections(pages.form, value, part, mistakes)
    has_key = bool(pages.form.key)
    here = f"{page.base}{pages.path}" + (f"/{path_part(name) if name else NEW}" if has_key else "")
    beside = await pages.beside(page, part, plain(pages.form.table, value))
    return page.render(
        pages.template,
        title=(name or f"New {pages.what}") if has_key else pages.what,
        status=409 if overtaken else 422 if mistakes else 200,
        what=pages.what,
        name=name,
        has_key=has_key,
        sections=sections,
        others=others,
        is_wrong=bool(mistakes),
        meanwhile=meanwhile(pages.form, part) if overtaken else [],
        is_overtaken=overtaken is not None,
        tag=part.tag,
        version=part.version,
        here=here,
        list_path=f"{page.base}{pages.path}",
        **beside,
    )


async def show_removal(
    page: Page, pages: PartPages, name: str, *, problem: str = ""
) -> Response[bytes]:
    """Show what would go with one, and ask for its name."""
    await _part(page, pages, name)
    trial = how_changed(page, is_trial=True)
    async with page.api.reading:
        tried = await remove_resource(page.store, page.project, pages.form.kind, name, how=trial)
    used = in_use_as_json(tried)["uses"] if isinstance(tried, ResourceInUse) else []
    return page.render(
        "edit/remove.html",
        title=f"Remove {pages.what} {name}",
        status=422 if problem else 200,
        what=pages.what,
        name=name,
        uses=used,
        problem=problem or (str(tried) if isinstance(tried, Mistakes) else ""),
        here=f"{page.base}{pages.path}/{path_part(name)}",
    )


async def take_removal(page: Page, pages: PartPages, name: str) -> Response[bytes]:
    """Remove one whose name was typed."""
    sent = await page.form()
    if sent.get("typed", "").strip() != name:
        return await show_removal(page, pages, name, problem=f"type {name} to remove it")
    try:
        async with page.api.reading:
            outcome = await remove_resource(
                page.store,
                page.project,
                pages.form.kind,
                name,
                how=how_changed(page),
                cascade=bool(sent.get("cascade")),
            )
    except NoSuchResourceError as error:
        raise NotFoundException(str(error)) from error
    except LockedResourceError as error:
        raise HTTPException(str(error), status_code=403) from error
    if isinstance(outcome, ResourceInUse):
        return await show_removal(page, pages, name, problem=outcome.detail)
    if isinstance(outcome, Mistakes):
        return await show_removal(page, pages, name, problem=str(outcome))
    told = await take_over(page, outcome)
    return page.redirect(f"{page.base}{pages.path}", told=f"{name} is removed. {told}")
