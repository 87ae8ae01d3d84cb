"""One-time links: the first owner comes in, a password is set, somebody signs in. Opening one changes nothing yet."""

from litestar import Response

from switchhook.console.access import Access, acts, shows
from switchhook.console.next_page import HOME
from switchhook.console.page import CurrentPage, Page
from switchhook.console.pages.people.letting_in import let_in, sign_in_request
from switchhook.domain.access.people import LinkKind
from switchhook.operations.people.links import (
    LinkOverError,
    find_link,
    make_first_owner,
    set_password_by_link,
)
from switchhook.operations.people.passwords import PasswordError
from switchhook.operations.people.sessions import SignInError
from switchhook.operations.people.users import UserError

TITLES = {
    LinkKind.FIRST_OWNER: "Welcome",
    LinkKind.PASSWORD: "Set your password",
    LinkKind.SIGN_IN: "Sign in",
}


@shows("/link", Access.ANYBODY)
async def link(page: CurrentPage) -> Response[bytes]:
    """Show what a link is good for: programs that look at the links of mails do not use it up."""
    return await _link(page, page.query().get("key", ""))


@acts("/link", Access.ANYBODY)
async def used_link(page: CurrentPage) -> Response[bytes]:
    """Do what a link is good for, and let its user in."""
    sent = await page.form()
    key, login, password = (sent.get(name, "") for name in ("key", "login", "password"))
    people, sign_in, now = page.api.people, page.deps.sign_in, page.now
    try:
        kind, _ = await find_link(people, key, now=now)
        if kind is LinkKind.SIGN_IN:
            return let_in(page, await sign_in.by_link(key, sign_in_request(page)), HOME)
        if password != sent.get("repeated"):
            return await _link(page, key, login=login, repeated="this is not the same once more")
        if kind is LinkKind.FIRST_OWNER:
            user = await make_first_owner(
                page.store, people, key, login=login, password=password, now=now
            )
        else:
            user = await set_password_by_link(people, key, password, now=now)
        return let_in(page, await sign_in.of_new_user(user, sign_in_request(page)), HOME)
    except LinkOverError as error:
        return _over(page, error)
    except UserError as error:
        return await _link(page, key, login=login, name_problem=str(error))
    except PasswordError as error:
        return await _link(page, key, login=login, password=str(error))
    except SignInError as error:
        return page.redirect("/console/sign-in", told=f"Your password is set: {error}.")


async def _link(page: Page, key: str, *, login: str = "", **problems: str) -> Response[bytes]:
    try:
        kind, user = await find_link(page.api.people, key, now=page.now)
    except LinkOverError as error:
        return _over(page, error)
    return page.render(
        "people/link.html",
        title=TITLES[kind],
        status=400 if problems else 200,
        kind=kind,
        key=key,
        login=login if user is None else user.login,
        problem={"name_problem": "", "password": "", "repeated": ""} | problems,
    )


def _over(page: Page, error: LinkOverError) -> Response[bytes]:
    return page.render("people/link_over.html", title="Link", status=403, problem=str(error))
