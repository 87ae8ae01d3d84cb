"""People come in by name, password and one-time password; the session is theirs alone, and ends when they say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyotp import TOTP

from tests.support.console import NOW, PASSWORD, Office, in_office

if TYPE_CHECKING:
    from tests.support.web import Answer

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def sign_in(office: Office, login: str = "owner", **form: str) -> Answer:
    return await office.post(
        "/console/sign-in", {"login": login, "password": PASSWORD, "next": "", **form}
    )


def test_a_right_password_begins_a_session_whose_cookie_no_script_reads() -> None:
    async def scenario(office: Office) -> None:
        answer = await sign_in(office)
        assert (answer.status, answer.headers["location"]) == (303, "/console/")
        (cookie,) = [one for one in answer.cookies if one.startswith("switchhook_session=")]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        assert (await office.get("/console/projects/acme/")).status == 200

    in_office(scenario)


def test_behind_tls_cookies_are_secure_and_of_this_host_alone() -> None:
    async def scenario(office: Office) -> None:
        answer = await office.get("/console/sign-in", X_Forwarded_Proto="https")
        (cookie,) = answer.cookies
        assert cookie.startswith("__Host-switchhook_form=")
        assert "Secure" in cookie

    in_office(scenario, is_filled=False, trusted_proxies="127.0.0.1")


def test_the_session_is_new_whatever_key_the_browser_brought() -> None:
    async def scenario(office: Office) -> None:
        office.cookies["switchhook_session"] = "planted"
        assert (await sign_in(office)).status == 303
        assert office.cookies["switchhook_session"] != "planted"
        intruder = Office(office.web, {"switchhook_session": "planted"})
        assert (await intruder.get("/console/projects/acme/")).status == 303

    in_office(scenario)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/console/projects/acme/calls?number=4930*", "/console/projects/acme/calls?number=4930*"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/console//evil.example", "/console/"),
        ("/console/\\evil.example", "/console/"),
        ("/consoleevil", "/console/"),
        ("javascript:alert(1)", "/console/"),
        ("/api/calls", "/console/"),
    ],
)
def test_signing_in_leads_to_pages_of_the_console_alone(wanted: str, got: str) -> None:
    async def scenario(office: Office) -> None:
        assert (await sign_in(office, next=wanted)).headers["location"] == got

    in_office(scenario, is_filled=False)


def test_a_wrong_password_says_nothing_of_whether_the_user_is_known() -> None:
    async def scenario(office: Office) -> None:
        wrong = await sign_in(office, password="wrong wrong")
        unknown = await sign_in(office, login="stranger", password="wrong wrong")
        assert wrong.status == unknown.status == 403
        told = "user, password or one-time password are wrong"
        assert told in wrong.body.decode()
        assert told in unknown.body.decode()
        assert "wrong wrong" not in wrong.body.decode()

    in_office(scenario, is_filled=False)


def test_guessing_is_slowed_and_somebody_who_was_here_before_comes_in() -> None:
    async def scenario(office: Office) -> None:
        at_home = Office(office.web)
        await sign_in(at_home)
        await at_home.post("/console/sign-out", {})
        for _ in range(5):
            assert (await sign_in(office, password="wrong wrong")).status == 403
        refused = await sign_in(office)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) > 0
        assert (await sign_in(at_home)).status == 303

    in_office(scenario, is_filled=False)


def test_a_one_time_password_is_asked_for_on_a_page_of_its_own() -> None:
    async def scenario(office: Office) -> None:
        await office.web.store.people.set_totp("id-owner", SECRET)
        asked = await sign_in(office, next="/console/projects/acme/calls")
        page = asked.body.decode()
        assert (asked.status, "One-time password" in page) == (200, True)
        assert PASSWORD not in page
        assert "switchhook_session" not in office.cookies
        ticket = page.split('name="ticket" value="')[1].split('"')[0]
        form = {"ticket": ticket, "next": "/console/projects/acme/calls"}
        wrong = await office.post("/console/sign-in/code", {**form, "code": "000000"})
        assert wrong.status == 403
        code = TOTP(SECRET).at(int(NOW))
        done = await office.post("/console/sign-in/code", {**form, "code": code})
        assert (done.status, done.headers["location"]) == (303, "/console/projects/acme/calls")
        again = await Office(office.web).post("/console/sign-in/code", {**form, "code": code})
        assert again.status == 403

    in_office(scenario, is_filled=False)


def test_a_ticket_is_good_for_five_codes_and_five_minutes() -> None:
    async def scenario(office: Office) -> None:
        await office.web.store.people.set_totp("id-owner", SECRET)

        async def ticket() -> dict[str, str]:
            page = (await sign_in(office)).body.decode()
            return {"ticket": page.split('name="ticket" value="')[1].split('"')[0]}

        good, form = TOTP(SECRET), await ticket()
        for _ in range(5):
            answer = await office.post("/console/sign-in/code", {**form, "code": "000000"})
            assert answer.status == 403
        code = good.at(int(NOW))
        tried = await office.post("/console/sign-in/code", {**form, "code": code})
        assert "sign in once more" in tried.body.decode()
        office.web.ticks += 1_000
        form = await ticket()
        office.web.now += 301
        late = good.at(int(office.web.now))
        tried = await office.post("/console/sign-in/code", {**form, "code": late})
        assert "sign in once more" in tried.body.decode()

    in_office(scenario, is_filled=False)


def test_signing_out_ends_the_session_and_not_only_the_cookie() -> None:
    async def scenario(office: Office) -> None:
        await sign_in(office)
        stolen = Office(office.web, dict(office.cookies))
        answer = await office.post("/console/sign-out", {})
        assert (answer.status, answer.headers["location"]) == (303, "/console/sign-in")
        assert (await stolen.get("/console/projects/acme/")).status == 303
        assert "You are signed out." in (await office.get("/console/sign-in")).body.decode()
        assert "You are signed out." not in (await office.get("/console/sign-in")).body.decode()

    in_office(scenario, is_filled=False)
