"""What every way in has in common: who asks, and the cookies of a session that began."""

from litestar import Response

from switchhook.console.cookies import DEVICE, FORM, SESSION
from switchhook.console.form_tokens import new_form_key
from switchhook.console.guard import device_of
from switchhook.console.page import Page
from switchhook.operations.people.sessions import NewSession, SignInRequest


def sign_in_request(
    page: Page, *, login: str = "", password: str = "", code: str = ""
) -> SignInRequest:
    """Return what somebody sent to sign in."""
    client = page.request.client
    return SignInRequest(
        login=login,
        password=password,
        code=code,
        device=device_of(page),
        source=client.host if client else "",
        agent=page.request.headers.get("user-agent", ""),
    )


def let_in(page: Page, made: NewSession, wanted: str) -> Response[bytes]:
    """Set the cookies of a session: its key is new, whatever the browser brought along (session fixation)."""
    page.set_cookie(SESSION, made.key)
    page.set_cookie(DEVICE, made.key)
    page.set_cookie(FORM, new_form_key())
    return page.redirect(wanted)
