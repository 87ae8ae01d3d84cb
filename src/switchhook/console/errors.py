"""Errors as pages: what failed, whose fault it is, and what to do; no traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from switchhook.api.exchange.problems import phrase
from switchhook.api.exchange.request_ids import request_id
from switchhook.console.guard import SAFE
from switchhook.console.next_page import HOME, sign_in_url
from switchhook.console.page import HTML, KEY, Page
from switchhook.console.rendering import render
from switchhook.domain.access.people import Role
from switchhook.domain.access.rights import Need
from switchhook.operations.calls.finding import WrongFilterError
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from litestar.types import ExceptionHandlersMap

    from switchhook.api.responses import AnyRequest

log = structlog.get_logger(__name__)

ADVICE: Final = {
    404: "The address may be mistyped, or what it names was removed, or its time is over.",
    413: "Send less at once.",
    500: "This is a mistake in Switchhook. Its log has more, under the request's id below.",
    503: "Try again in a moment.",
}
"""What to do about a status, where its error does not say."""


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer a refusal; who has not signed in gets the page to do so."""
    if error.status_code == 401:
        return _to_sign_in(request)
    if error.status_code >= 500 and error.status_code != 503:
        return crashed(request, error)
    detail = "" if error.detail == phrase(error.status_code) else error.detail
    return error_page(request, error.status_code, detail, headers=error.headers)


def crashed(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer a mistake of ours."""
    log.error(
        "console page crashed",
        exc_info=error,
        path=request.url.path,
        request_id=request_id(request.scope),
    )
    return error_page(request, 500, "")


def _store_failed(request: AnyRequest, error: StoreError) -> Response[bytes]:
    log.error("console page failed", error=str(error), path=request.url.path)
    return error_page(request, 503, "the database cannot be used now")


def _wrong_filter(request: AnyRequest, error: WrongFilterError) -> Response[bytes]:
    return error_page(request, 400, str(error))


HANDLERS: Final[ExceptionHandlersMap] = {
    HTTPException: http_error,
    WrongFilterError: _wrong_filter,
    StoreError: _store_failed,
    Exception: crashed,
}


def _to_sign_in(request: AnyRequest) -> Response[bytes]:
    is_read = str(request.scope["method"]) in SAFE
    query = request.scope["query_string"].decode("latin-1")
    where = sign_in_url(request.url.path, query) if is_read else sign_in_url(HOME)
    if "hx-request" in request.headers:  # htmx would put the page to sign in into this one
        return Response(b"", status_code=401, headers={"HX-Redirect": where})
    return Response(b"", status_code=303, headers={"Location": where})


def error_page(
    request: AnyRequest,
    status: int,
    detail: str,
    *,
    headers: Any = None,  # noqa: ANN401 (Litestar's own)
) -> Response[bytes]:
    """Answer with the page of a status: around it the layout, where the reader was let in."""
    page = cast("dict[str, Any]", request.scope).get(KEY)
    values: dict[str, Any] = {
        "code": status,
        "detail": detail,
        "advice": ADVICE.get(status, ""),
        "request_id": request_id(request.scope),
        "holders": _holders(page) if status == 403 else [],
    }
    if isinstance(page, Page) and status < 500:
        return page.render(
            "error.html", title=phrase(status), status=status, headers=headers, **values
        )
    text = render("bare_error.html", values | {"title": phrase(status)})
    return Response(text.encode(), status_code=status, media_type=HTML, headers=headers)


def _holders(page: object) -> list[Role]:
    """Return the roles that have the right to a page which its reader's role has not."""
    if not isinstance(page, Page) or not isinstance(page.need, Need) or page.role is None:
        return []
    if page.role.includes(page.need.role):
        return []
    return [role for role in Role if role.includes(page.need.role)]
