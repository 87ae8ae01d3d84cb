"""A one-time link lets its person in, once: the first owner, who sets a password, who signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyotp import TOTP

from switchhook.domain.access.people import LinkKind, Role
from switchhook.operations.people.links import PATH, new_link
from tests.support.console import NOW, Office, in_office, running_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight
    from tests.support.web import Answer

NEW = "seven loud mountains"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def key_for(office: Office, kind: LinkKind, login: str = "") -> str:
    return (await new_link(office.web.store.people, kind, login, now=NOW)).key


async def send(office: Office, key: str, **form: str) -> Answer:
    return await office.post("/console/link", {"key": key, "password": NEW, "repeated": NEW} | form)


async def remove_everybody(office: Office) -> None:
    for user in await office.web.store.people.users():
        await office.web.store.people.remove_user(user.id)


def test_the_first_owner_owns_every_project_and_comes_in_once() -> None:
    async def scenario(office: Office) -> None:
        await remove_everybody(office)
        key = await key_for(office, LinkKind.FIRST_OWNER)
        assert "You are the first here" in (await office.get(PATH + key)).body.decode()
        refused = await send(office, key, login="a b")
        assert (refused.status, "no colon, slash or blank" in refused.body.decode()) == (400, True)
        weak = await send(office, key, login="olena", password="short", repeated="short")
        assert (weak.status, "10 to 256 characters" in weak.body.decode()) == (400, True)
        other = await send(office, key, login="olena", repeated="another one")
        assert (other.status, "not the same" in other.body.decode()) == (400, True)
        assert (await send(office, key, login="olena")).status == 303
        (user,) = await office.web.store.people.users()
        assert {one.project: one.role for one in user.roles} == {
            "acme": Role.OWNER,
            "other": Role.OWNER,
        }
        assert (await office.get("/console/projects/acme/")).status == 200
        again = await send(Office(office.web), key, login="mallory")
        assert again.status == 403
        assert len(await office.web.store.people.users()) == 1

    in_office(scenario, is_filled=False)


def test_the_only_user_owns_a_project_that_was_applied_later() -> None:
    async def scenario(office: Office) -> None:
        people = office.web.store.people
        await remove_everybody(office)
        await send(office, await key_for(office, LinkKind.FIRST_OWNER), login="olena")
        (user,) = await people.users()
        for project in ("acme", "other"):  # as if nobody had had a role there
            await people.set_role(project, user.id, None, at=0.0)
        await office.get("/console/")
        (user,) = await people.users()
        assert len(user.roles) == 2

    in_office(scenario, is_filled=False)


def test_a_password_is_set_by_a_link_and_its_user_let_in_but_past_no_one_time_password() -> None:
    async def scenario(office: Office) -> None:
        key = await key_for(office, LinkKind.PASSWORD, "viewer")
        page = await office.get(PATH + key)
        assert (page.status, "For <strong>viewer" in page.body.decode()) == (200, True)
        assert (await send(office, key)).headers["location"] == "/console/"
        assert (await office.get("/console/projects/acme/calls")).status == 200
        assert (await office.as_user("viewer").get("/console/profile")).status == 303
        assert (await Office(office.web).get(PATH + key)).status == 403

        await office.web.store.people.set_totp("id-editor", SECRET)
        key = await key_for(office, LinkKind.PASSWORD, "editor")
        fresh = Office(office.web)
        assert (await send(fresh, key)).headers["location"] == "/console/sign-in"
        assert "switchhook_session" not in fresh.cookies
        assert TOTP(SECRET).secret == SECRET

    in_office(scenario, is_filled=False)


def test_a_link_signs_in_once_and_not_when_its_time_is_over() -> None:
    async def scenario(office: Office) -> None:
        key = await key_for(office, LinkKind.SIGN_IN, "owner")
        assert (await office.get(PATH + key)).status == 200  # as a scanner of mails does
        assert (await send(office, key)).status == 303
        assert (await office.get("/console/projects/acme/")).status == 200
        assert (await send(Office(office.web), key)).status == 403
        late = await key_for(office, LinkKind.SIGN_IN, "owner")
        office.web.now += 3_601
        assert (await send(Office(office.web), late)).status == 403
        (entry, *_) = await office.web.store.audit.entries(limit=1)
        assert (entry.operation, entry.actor, entry.via) == ("sign-in", "owner", "link")

    in_office(scenario, is_filled=False)


def test_the_first_owner_comes_in_with_a_browser(look: Callable[..., Sight]) -> None:
    with running_office() as fresh:
        fresh.do(remove_everybody(fresh.office))
        key = fresh.do(key_for(fresh.office, LinkKind.FIRST_OWNER))
        sight = look("", at=fresh)
        page = sight.open(PATH + key)
        sight.check("first-owner")
        page.get_by_label("Name").fill("olena@example.com")
        page.get_by_label("Password", exact=True).fill(NEW)
        page.get_by_label("Password once more").fill(NEW)
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("heading", name="Projects").wait_for()
        sight.check("projects")
        sight.open(PATH + key, status=403)
        sight.check("link-over")
