"""What a person sees and changes of themselves: roles, password, one-time passwords, sessions."""

from typing import Final

import segno
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from markupsafe import Markup

from switchhook.api.access.auditing import note_facts
from switchhook.console.access import Access, acts, shows
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.people import User, UserSession
from switchhook.operations.people.one_time import link, new_secret
from switchhook.operations.people.own import begin_one_time, change_password, end_one_time
from switchhook.operations.people.passwords import PasswordError
from switchhook.operations.people.sessions import SignInError
from switchhook.views import people

PROFILE: Final = "/console/profile"


@shows("/profile", Access.SIGNED_IN)
async def profile(page: CurrentPage) -> Response[bytes]:
    """Show it."""
    return await _profile(page)


@acts("/profile/password", Access.SIGNED_IN)
async def changed_password(page: CurrentPage) -> Response[bytes]:
    """Set another password, and end the sessions elsewhere."""
    user, session = _reader(page)
    sent = await page.form()
    try:
        await page.deps.sign_in.confirm(user, sent.get("password", ""), session=session.id)
    except SignInError as error:
        return await _profile(page, password=str(error))
    if sent.get("new_password") != sent.get("repeated"):
        return await _profile(page, repeated="this is not the same once more")
    try:
        await change_password(
            page.api.people, user, sent.get("new_password", ""), session=session.id
        )
    except PasswordError as error:
        return await _profile(page, new_password=str(error))
    return page.redirect(PROFILE, told="Your password is changed; sessions elsewhere are ended.")


@shows("/profile/one-time", Access.SIGNED_IN)
async def one_time(page: CurrentPage) -> Response[bytes]:
    """Show a new secret as a QR code for an app."""
    return _one_time(page, new_secret())


@acts("/profile/one-time", Access.SIGNED_IN)
async def began_one_time(page: CurrentPage) -> Response[bytes]:
    """Ask for one-time passwords from now on."""
    user, session = _reader(page)
    sent = await page.form()
    secret = sent.get("secret", "")
    try:
        await page.deps.sign_in.confirm(user, sent.get("password", ""), session=session.id)
    except SignInError as error:
        return _one_time(page, secret, password=str(error))
    try:
        await begin_one_time(page.api.people, user, secret, sent.get("code", ""), now=page.now)
    except SignInError as error:
        return _one_time(page, secret, code=str(error))
    return page.redirect(PROFILE, told="You sign in with a one-time password from now on.")


@acts("/profile/one-time/off", Access.SIGNED_IN)
async def ended_one_time(page: CurrentPage) -> Response[bytes]:
    """Ask for none any more."""
    user, session = _reader(page)
    sent = await page.form()
    try:
        await page.deps.sign_in.confirm(user, sent.get("password", ""), session=session.id)
    except SignInError as error:
        return await _profile(page, off_password=str(error))
    await end_one_time(page.api.people, user)
    return page.redirect(PROFILE, told="You sign in without one-time passwords.")


@acts("/profile/sessions/{session:str}/end", Access.SIGNED_IN)
async def ended_session(page: CurrentPage, session: FromPath[str]) -> Response[bytes]:
    """End a session of one's own; `others` are all but this one."""
    user, here = _reader(page)
    if session == "others":
        ended = await page.api.people.delete_sessions(user.id, but=here.id)
    else:
        ended = await page.api.people.delete_sessions(user.id, session)
    if not ended and session != "others":
        raise NotFoundException("you have no such session: it may have ended")
    note_facts(ended=ended)
    told = "1 session is ended." if ended == 1 else f"{ended} sessions are ended."
    return page.redirect(PROFILE, told=told)


def _reader(page: Page) -> tuple[User, UserSession]:
    """Return who asks: the guard let nobody else in."""
    if page.user is None or page.session is None:
        raise NotFoundException
    return page.user, page.session


async def _profile(page: Page, **problems: str) -> Response[bytes]:
    """Show it, with what is wrong with the fields of its forms."""
    user, session = _reader(page)
    fields = ("password", "new_password", "repeated", "off_password")
    return page.render(
        "people/profile.html",
        title="Profile",
        status=400 if problems else 200,
        user=people.user(user),
        here=session.id,
        sessions=[people.session(one) for one in await page.api.people.sessions(user.id)],
        problem=dict.fromkeys(fields, "") | problems,
    )


def _one_time(page: Page, secret: str, **problems: str) -> Response[bytes]:
    user, _ = _reader(page)
    drawn = segno.make(link(secret, login=user.login), micro=False)
    svg = drawn.svg_inline(
        scale=5, border=4, light="#fff", dark="#000", title="QR code", omitsize=True
    )
    return page.render(
        "people/one_time.html",
        title="One-time passwords",
        status=400 if problems else 200,
        secret=secret,
        problem={"password": "", "code": ""} | problems,
        markup={"qr": Markup(svg)},  # noqa: S704 (drawn of our own link)
    )
