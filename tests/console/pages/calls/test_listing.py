"""The list of calls is a page that can be read without scripts, shared by its URL, and taken along as a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.console import STRANGE, Office, in_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

CALLS = "/console/projects/acme/calls"


def test_calls_stand_there_newest_first_and_strange_names_are_text() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(CALLS)).body.decode()
        assert re.findall(r'/calls/(c\d)"', page) == ["c3", "c2", "c1", "c0"]
        assert STRANGE not in page
        assert "&lt;img src=x" in page

    in_office(scenario)


def test_filters_come_from_the_url_and_a_wrong_one_is_said_at_its_field() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        page = (await viewer.get(f"{CALLS}?outcome=missed&direction=")).body.decode()
        assert re.findall(r'/calls/(c\d)"', page) == ["c1"]
        assert '<option value="missed" selected>' in page
        wrong = await viewer.get(f"{CALLS}?since=yesterdayish")
        assert wrong.status == 400
        assert re.search(r'id="f-since"[^>]*aria-invalid="true"', wrong.body.decode())
        unknown = await viewer.get(f"{CALLS}?colour=red")
        assert unknown.status == 400

    in_office(scenario)


def test_filters_that_are_often_looked_for_are_links_and_each_is_understood() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        page = (await viewer.get(CALLS)).body.decode()
        links = re.findall(rf'<li><a href="({CALLS}\?[^"]+)"', page)
        assert len(links) == 5
        for link in links:
            there = await viewer.get(link.replace("&amp;", "&"))
            assert there.status == 200
            assert f'href="{link}" aria-current="true"' in there.body.decode()

    in_office(scenario)


def test_no_call_and_no_call_that_fits_are_said_in_other_words() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        assert "No calls yet." in (await viewer.get(CALLS)).body.decode()
        assert "No call fits." in (await viewer.get(f"{CALLS}?outcome=busy")).body.decode()

    in_office(scenario, is_filled=False)


def test_an_export_has_what_the_list_is_narrowed_to() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(f"{CALLS}?outcome=missed")).body.decode()
        assert f'href="{CALLS}/export?outcome=missed&amp;format=csv"' in page
        head = await office.as_user("viewer").get(f"{CALLS}/export?format=xml")
        assert head.status == 400

    in_office(scenario)


def test_the_search_box_finds_a_call_a_number_and_an_account() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        for text, where in (("c1", "/c1"), ("2233", "?number=2233"), ("mary", "?account=mary")):
            answer = await viewer.get(f"/console/projects/acme/search?q={text}")
            assert answer.headers["location"] == f"{CALLS}{where}"

    in_office(scenario)


def test_finding_by_a_filter_swaps_the_list_and_keeps_it_in_the_url(
    look: Callable[..., Sight],
) -> None:
    sight = look("viewer")
    page = sight.open(CALLS)
    sight.check("calls")
    page.get_by_label("Outcome").select_option("missed")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("1 call, newest first").wait_for()
    assert "outcome=missed" in page.url
    page.get_by_role("table").get_by_role("link").click()
    page.get_by_role("heading", name="Timeline").wait_for()
    sight.check("call")


def test_calls_are_read_on_a_narrow_screen_in_the_dark_without_scripts(
    look: Callable[..., Sight],
) -> None:
    sight = look("viewer", is_narrow=True, is_dark=True)
    sight.open(CALLS)
    sight.check("calls-narrow-dark")
    plain = look("viewer", has_scripts=False)
    plain.open(CALLS).get_by_label("Outcome").select_option("missed")
    plain.page.get_by_role("button", name="Find").click()
    plain.page.get_by_text("1 call, newest first").wait_for()
