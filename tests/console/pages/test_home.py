"""The first page says what needs somebody and what goes on, on wide and narrow screens, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.console import Office, in_office, running_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

HOME = "/console/projects/acme/"


def test_who_has_one_project_comes_to_its_first_page_and_who_has_none_is_told_what_to_do() -> None:
    async def scenario(office: Office) -> None:
        assert (await office.as_user("viewer").get("/console/")).headers["location"] == HOME
        page = (await office.as_user("nobody").get("/console/")).body.decode()
        assert "You have no role in any project." in page

    in_office(scenario, is_filled=False)


def test_problems_and_running_calls_are_counted() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(HOME)).body.decode()
        assert "<strong>1</strong> <span>call now" in page
        assert "<strong>2</strong> <span>deliveries need somebody" in page
        assert "answered 503" in page

    in_office(scenario)


@pytest.mark.parametrize(("is_narrow", "is_dark"), [(False, True), (True, False)])
def test_the_first_page_is_read_by_everybody(
    look: Callable[..., Sight], *, is_narrow: bool, is_dark: bool
) -> None:
    sight = look("owner", is_narrow=is_narrow, is_dark=is_dark)
    sight.open(HOME)
    sight.check(f"home{'-narrow' * is_narrow}{'-dark' * is_dark}")


def test_a_new_project_says_what_will_stand_there(look: Callable[..., Sight]) -> None:
    with running_office(is_filled=False) as fresh:
        sight = look("owner", at=fresh)
        sight.open(HOME).get_by_text("No calls yet.").wait_for()
        sight.check("home-empty")


def test_refusals_are_pages_too(look: Callable[..., Sight]) -> None:
    sight = look("nobody")
    sight.open(HOME, status=404)
    sight.check("error-404")
    sight.open("/console/nothing", status=404)
    sight.check("error-404-bare")
