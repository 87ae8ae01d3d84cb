"""The door: name and password, a one-time password where the user has them, and out again."""

from litestar import Response

from switchhook.console.access import Access, acts, shows
from switchhook.console.cookies import SESSION
from switchhook.console.next_page import safe_next
from switchhook.console.page import CurrentPage, Page
from switchhook.console.pages.people.letting_in import let_in, sign_in_request
from switchhook.operations.people.sessions import (
    CodeNeededError,
    SignInError,
    TicketOverError,
    TooManyTriesError,
    sign_out,
)


@shows("/sign-in", Access.ANYBODY)
async def sign_in(page: CurrentPage) -> Response[bytes]:
    """Ask for name and password."""
    wanted = safe_next(page.query().get("next", ""))
    if page.user is not None:
        return page.redirect(wanted)
    return _asked(page, next=wanted)


@acts("/sign-in", Access.ANYBODY)
async def signed_in(page: CurrentPage) -> Response[bytes]:
    """Begin a session, or ask for a one-time password, or say why not."""
    sent = await page.form()
    wanted = safe_next(sent.get("next", ""))
    login = sent.get("login", "")
    try:
        made = await page.deps.sign_in(
            sign_in_request(page, login=login, password=sent.get("password", ""))
        )
    except CodeNeededError as error:
        return _asked_code(page, ticket=error.ticket, next=wanted)
    except SignInError as error:
        return _asked(page, error, login=login, next=wanted)
    return let_in(page, made, wanted)


@acts("/sign-in/code", Access.ANYBODY)
async def signed_in_with_code(page: CurrentPage) -> Response[bytes]:
    """Begin a session by a one-time password, or say why not."""
    sent = await page.form()
    wanted, ticket = safe_next(sent.get("next", "")), sent.get("ticket", "")
    try:
        made = await page.deps.sign_in.finish(
            ticket, sign_in_request(page, code=sent.get("code", ""))
        )
    except TicketOverError as error:
        return _asked(page, error, next=wanted)
    except SignInError as error:
        return _asked_code(page, error, ticket=ticket, next=wanted)
    return let_in(page, made, wanted)


@acts("/sign-out", Access.SIGNED_IN)
async def signed_out(page: CurrentPage) -> Response[bytes]:
    """End the session."""
    await sign_out(page.api.people, page.session_key, now=page.now)
    page.set_cookie(SESSION, "")
    return page.redirect("/console/sign-in", told="You are signed out.")


def _asked(
    page: Page,
    error: SignInError | None = None,
    *,
    login: str = "",
    next: str,  # noqa: A002 (the field's name)
) -> Response[bytes]:
    status, headers = _said(error)
    return page.render(
        "people/sign_in.html",
        title="Sign in",
        status=status,
        headers=headers,
        problem=str(error or ""),
        login=login,
        next=next,
    )


def _asked_code(
    page: Page,
    error: SignInError | None = None,
    *,
    ticket: str,
    next: str,  # noqa: A002 (the field's name)
) -> Response[bytes]:
    status, headers = _said(error)
    return page.render(
        "people/sign_in_code.html",
        title="One-time password",
        status=status,
        headers=headers,
        problem=str(error or ""),
        ticket=ticket,
        next=next,
    )


def _said(error: SignInError | None) -> tuple[int, dict[str, str]]:
    """Return the status that an error is answered with, and its headers."""
    if isinstance(error, TooManyTriesError):
        return 429, {"Retry-After": str(int(error.wait) + 1)}
    return (200 if error is None else 403), {}
