"""Accounts are listed, added, changed and removed in the browser, and the document is the one that a program's patch makes."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from switchhook.operations.document.resources import Changing, patch_resource
from tests.support.console import Office, in_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

BASE = "/console/projects/acme/accounts"
DOCUMENT = """\
# The office.
[project]
id = "acme"
name = "Acme"

# People.
[[accounts]]
login = "101"
password = "eight-chars-101"  # until spring
name = "Olena"

[[groups]]
name = "sales"
accounts = ["101"]

[[schemes]]
id = 1
name = "Main"
[[schemes.steps]]
ring = ["sales"]
"""


def fields(page: str) -> dict[str, str]:
    """Return the hidden fields and texts of the form of a page."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page.split('id="part"')[1]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and 'type="checkbox"' not in tag:
            found[unescape(name[1])] = unescape(value[1])
    return {name: one for name, one in found.items() if name != "csrf_token"}


async def document(office: Office) -> str:
    stored = await office.web.store.latest_project("acme")
    assert stored is not None
    return stored.document


def test_a_change_keeps_comments_and_is_the_one_that_a_patch_makes() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        page = (await editor.get(f"{BASE}/101")).body.decode()
        assert "eight-chars-101" not in page
        form = fields(page) | {"name": "Olena K.", "outside_calls_per_day": "50"}
        answer = await editor.post(f"{BASE}/101", form)
        assert (answer.status, answer.headers["location"]) == (303, BASE)
        by_form = await document(office)
        assert 'password = "eight-chars-101"  # until spring' in by_form
        assert "# The office." in by_form
        (version, *_) = await office.web.store.project_history("acme", below=99, limit=1)
        assert version.saved_by == "editor in the console"
        assert "Olena K." in (await editor.get(BASE)).body.decode()

        async def by_patch(other: Office) -> None:
            patch = {"name": "Olena K.", "outside_calls_per_day": 50}
            await patch_resource(other.web.store, "acme", "accounts", "101", patch, how=Changing())
            assert await document(other) == by_form

        await again(by_patch)

    async def again(work: Callable[[Office], object]) -> None:
        from tests.support.console import furnish  # noqa: PLC0415 (a second office in the loop of the first)
        from tests.support.web import serving  # noqa: PLC0415

        async with serving(document=DOCUMENT) as web:
            await furnish(web)
            await work(Office(web))  # type: ignore[misc] # it is a coroutine

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_a_mistake_stands_at_its_field_and_what_was_typed_stays() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        form = {"login": "102", "password": "short", "name": "Ivan & Co", "email": "no mail"}
        answer = await editor.post(f"{BASE}/new", form)
        page = answer.body.decode()
        assert answer.status == 422
        assert re.search(r'id="p-password">.*characters are too few', page)
        assert 'id="p-email"' in page
        assert 'value="Ivan &amp; Co"' in page
        taken = await editor.post(
            f"{BASE}/new", form | {"login": "101", "password": "long-enough-1"}
        )
        assert re.search(r'id="p-login">.*there is 101 already', taken.body.decode())
        nameless = await editor.post(f"{BASE}/new", form | {"login": ""})
        assert re.search(r'id="p-login">.*login is missing', nameless.body.decode())
        good = form | {"password": "long-enough-1", "email": ""}
        assert (await editor.post(f"{BASE}/new", good)).status == 303
        assert "Ivan &amp; Co" in (await editor.get(BASE)).body.decode()

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_the_second_of_two_editors_sees_what_the_first_changed_and_loses_nothing() -> None:
    async def scenario(office: Office) -> None:
        editor, admin = office.as_user("editor"), office.as_user("admin")
        both = fields((await editor.get(f"{BASE}/101")).body.decode())
        await admin.post(f"{BASE}/101", both | {"name": "Olena Kovalenko"})
        answer = await editor.post(f"{BASE}/101", both | {"department": "Sales"})
        page = answer.body.decode()
        assert answer.status == 409
        assert "Somebody else changed this" in page
        assert "Olena Kovalenko" in page
        assert 'name="department" value="Sales"' in page
        assert (await editor.post(f"{BASE}/101", fields(page))).status == 303
        text = await document(office)
        assert 'name = "Olena Kovalenko"' in text
        assert 'department = "Sales"' in text

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_removing_says_what_depends_on_it_and_wants_the_name() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        page = (await editor.get(f"{BASE}/101/remove")).body.decode()
        assert "groups[0].accounts[0]" in page
        assert (await editor.post(f"{BASE}/101/remove", {"typed": "102"})).status == 422
        assert (await editor.post(f"{BASE}/101/remove", {"typed": "101"})).status == 422
        await editor.post(f"{BASE}/new", {"login": "102", "password": "long-enough-2"})
        answer = await editor.post(f"{BASE}/102/remove", {"typed": "102"})
        assert answer.status == 303
        assert "102" not in await document(office)
        assert (await editor.get(f"{BASE}/102")).status == 404

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_viewers_see_the_list_and_no_form() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        page = (await viewer.get(BASE)).body.decode()
        assert "Olena" in page
        assert "New account" not in page
        assert (await viewer.get(f"{BASE}/101")).status == 403
        assert (await viewer.post(f"{BASE}/101", {"name": "x"})).status == 403

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_an_account_is_made_and_changed_in_the_browser(look: Callable[..., Sight]) -> None:
    sight = look("editor")
    page = sight.open(BASE)
    sight.check("accounts")
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Login").fill("777")
    page.get_by_label("Password").fill("short")
    sight.expected += 1
    page.get_by_role("button", name="Save").last.click()
    page.get_by_text("characters are too few").wait_for()
    sight.check("account-wrong")
    page.get_by_label("Password").fill("long-enough-777")
    page.get_by_role("button", name="Save").last.click()
    page.get_by_text("Saved as version").wait_for()
    page.get_by_role("link", name="777").click()
    page.get_by_role("link", name="Remove").click()
    sight.check("account-remove")
    page.get_by_label("Type 777").fill("777")
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("777 is removed").wait_for()
    dark = look("editor", is_narrow=True, is_dark=True)
    dark.open(f"{BASE}/new")
    dark.check("account-narrow-dark")
