"""People change their own password and one-time passwords by their password, and see and end where they are signed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyotp import TOTP

from tests.support.console import NOW, PASSWORD, Office, in_office, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

PROFILE = "/console/profile"
NEW = "seven loud mountains"


async def change(office: Office, **form: str) -> str:
    sent = {"password": PASSWORD, "new_password": NEW, "repeated": NEW} | form
    answer = await office.post(f"{PROFILE}/password", sent)
    return str(answer.status) + answer.body.decode()


def test_a_changed_password_ends_the_sessions_elsewhere() -> None:
    async def scenario(office: Office) -> None:
        here, elsewhere = office.as_user("owner"), Office(office.web)
        form = {"login": "owner", "password": PASSWORD, "next": ""}
        await elsewhere.post("/console/sign-in", form)
        assert (await change(here)).startswith("303")
        assert (await here.get(PROFILE)).status == 200
        assert (await elsewhere.get(PROFILE)).status == 303
        assert (await elsewhere.post("/console/sign-in", form)).status == 403
        assert (await elsewhere.post("/console/sign-in", form | {"password": NEW})).status == 303

    in_office(scenario, is_filled=False)


def test_what_is_wrong_with_a_new_password_is_said_at_its_field() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        for field, said, form in (
            ("password", "not your password", {"password": "a wrong guess"}),
            (
                "new_password",
                "10 to 256 characters",
                {"new_password": "short", "repeated": "short"},
            ),
            ("repeated", "not the same", {"repeated": "seven loud mountain"}),
        ):
            page = await change(owner, **form)
            assert page.startswith("400")
            assert re.search(rf'id="p-{field}">.*{said}', page)

    in_office(scenario, is_filled=False)


def test_who_found_an_open_session_cannot_guess_its_password_for_long() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        for _ in range(10):
            await change(owner, password="a wrong guess")
        assert "too many wrong passwords" in await change(owner)

    in_office(scenario, is_filled=False)


def test_one_time_passwords_begin_once_the_app_shows_one_and_end_by_the_password() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        page = (await owner.get(f"{PROFILE}/one-time")).body.decode()
        secret = page.split('name="secret" value="')[1].split('"')[0]
        assert "<svg" in page
        form = {"secret": secret, "password": PASSWORD}
        wrong = await owner.post(f"{PROFILE}/one-time", {**form, "code": "000000"})
        assert wrong.status == 400
        assert secret in wrong.body.decode()
        code = TOTP(secret).at(int(NOW))
        assert (await owner.post(f"{PROFILE}/one-time", {**form, "code": code})).status == 303
        assert "with a one-time password, too" in (await owner.get(PROFILE)).body.decode()
        known = await office.web.store.people.secrets_of("owner")
        assert known is not None
        assert known.totp == secret
        assert (await owner.post(f"{PROFILE}/one-time/off", {"password": "no"})).status == 400
        assert (await owner.post(f"{PROFILE}/one-time/off", {"password": PASSWORD})).status == 303
        assert "Set them up" in (await owner.get(PROFILE)).body.decode()

    in_office(scenario, is_filled=False)


def test_sessions_are_listed_and_ended_one_by_one_or_all_others() -> None:
    async def scenario(office: Office) -> None:
        here, there = office.as_user("owner"), Office(office.web)
        form = {"login": "owner", "password": PASSWORD, "next": ""}
        await there.post("/console/sign-in", form)
        page = (await here.get(PROFILE)).body.decode()
        (other,) = set(re.findall(r"sessions/([0-9a-f]+)/end", page))
        assert (await here.post(f"{PROFILE}/sessions/{other}/end", {})).status == 303
        assert (await there.get(PROFILE)).status == 303
        assert (await here.post(f"{PROFILE}/sessions/of-viewer/end", {})).status == 404
        await there.post("/console/sign-in", form)
        assert (await here.post(f"{PROFILE}/sessions/others/end", {})).status == 303
        assert (await there.get(PROFILE)).status == 303
        assert "1 session is ended." in (await here.get(PROFILE)).body.decode()
        assert here.cookies["switchhook_session"] == key_of("owner")

    in_office(scenario, is_filled=False)


def test_the_profile_and_the_door_are_read_by_everybody(look: Callable[..., Sight]) -> None:
    sight = look("owner")
    sight.open(PROFILE)
    sight.check("profile")
    sight.page.get_by_role("link", name="Set them up").click()
    sight.page.get_by_role("heading", name="One-time passwords").wait_for()
    sight.check("one-time")
    door = look("", is_narrow=True)
    door.open("/console/").get_by_label("Name").fill("owner")
    door.check("sign-in-narrow")
    door.page.get_by_label("Password").fill(PASSWORD)
    door.page.get_by_role("button", name="Sign in").click()
    door.page.get_by_role("heading", name="Acme").wait_for()
    door.check("home-narrow")
    door.page.get_by_role("button", name="owner").click()
    door.page.get_by_role("button", name="Sign out").click()
    door.page.get_by_text("You are signed out.").wait_for()
