"""Lets requests in: finds their session, and refuses what their reader has no right to, or another site sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from litestar.exceptions import (
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
    TooManyRequestsException,
)

from switchhook.api.access.masking import NO_SEARCH, finds_numbers
from switchhook.console.access import ACCESS, Access
from switchhook.console.cookies import DEVICE, FLASH, FORM, SESSION, name_of
from switchhook.console.form_tokens import FIELD, HEADER, is_form_token, new_form_key
from switchhook.console.page import KEY, Page
from switchhook.domain.access.rights import Need, ShownNumbers
from switchhook.domain.access.token import Scope
from switchhook.operations.history import UNCHECKED
from switchhook.operations.people.sessions import SessionOverError, check_session

if TYPE_CHECKING:
    from litestar import Request
    from litestar.connection import ASGIConnection
    from litestar.handlers.base import BaseRouteHandler

    from switchhook.console.dependencies import ConsoleDependencies

SAFE: Final = frozenset({"GET", "HEAD"})
_SAME: Final = frozenset({"same-origin", "none"})
"""What a browser says of a request (Fetch Metadata) that no other site caused."""


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Make the page of a request. Raises what is answered with 401, 403, 404 or 429."""
    need = handler.opt.get(ACCESS)
    if need is Access.ASSET:
        return
    if not isinstance(need, Access | Need):
        raise PermissionDeniedException("nobody has a right to this; please report it")
    request = cast("Request[Any, Any, Any]", connection)
    deps: ConsoleDependencies = connection.app.state["deps"]
    page = Page(request=request, deps=deps, need=need)
    cast("dict[str, Any]", connection.scope)[KEY] = page
    page.flash, page.form_key = kept(page, FLASH), kept(page, FORM)
    if not page.form_key:
        page.form_key = new_form_key()
        page.set_cookie(FORM, page.form_key)
    await _find_session(page)
    if need is not Access.ANYBODY and page.user is None:
        raise NotAuthorizedException("sign in")
    if page.session is not None:
        _count(page, page.session.id)
    if isinstance(need, Need):
        await _enter_project(page)
        _check_need(page, need)
    if str(request.method) not in SAFE:
        await _check_sender(page)


def kept(page: Page, kind: str) -> str:
    """Return the value of one of our cookies; "" where there is none."""
    return page.request.cookies.get(name_of(kind, is_secure=page.is_secure), "")


def device_of(page: Page) -> str:
    """Return the key of the latest session of this browser, over or not."""
    return kept(page, DEVICE)


async def _find_session(page: Page) -> None:
    key = kept(page, SESSION)
    if not key:
        return
    try:
        page.session, page.user = await check_session(page.api.people, key, now=page.now)
    except SessionOverError:
        return
    page.session_key = key


def _count(page: Page, session: str) -> None:
    """Raise TooManyRequestsException where a session has used up what it may ask for."""
    allowance = page.deps.requests.take(session)
    if allowance.wait:
        raise TooManyRequestsException(
            f"this session has sent {allowance.limit} requests within a minute; wait",
            headers={"Retry-After": str(allowance.wait)},
        )


async def _enter_project(page: Page) -> None:
    """Find the reader's role in the project of the path, and what the top bar says of it."""
    project = str(page.request.path_params["project"])
    role = None if page.user is None else page.user.role_in(project)
    if role is None:
        raise NotFoundException("there is no such project, or you have no role in it")
    page.project, page.role = project, role
    page.snapshot = page.api.snapshot_of(project)
    page.problems = await page.store.count_deliveries(replace(UNCHECKED, project=project))


def _check_need(page: Page, need: Need) -> None:
    """Raise PermissionDeniedException for what the reader's role is not good for."""
    if why := need.refusal(page.role, Scope.ADMIN):
        raise PermissionDeniedException(why)
    if not page.masks:
        return
    given = page.request.query_params.multi_items()
    if need.numbers is ShownNumbers.MASKABLE and any(finds_numbers(*one) for one in given):
        raise PermissionDeniedException(NO_SEARCH)
    if need.numbers is ShownNumbers.FULL:
        raise PermissionDeniedException(
            "your role sees numbers masked, and this has them in full; ask an owner for the role editor"
        )


async def _check_sender(page: Page) -> None:
    """Raise PermissionDeniedException for a form that is not one of our own pages'."""
    site = page.request.headers.get("sec-fetch-site", "same-origin")
    token = page.request.headers.get(HEADER, "")
    if site in _SAME and not token:
        sent = await page.request.form()
        token = str(sent.get(FIELD, ""))
    if site not in _SAME or not is_form_token(token, page.form_key, page.session_key):
        raise PermissionDeniedException(
            "this form was open for too long, or came from elsewhere; open its page again, and send it once more"
        )
